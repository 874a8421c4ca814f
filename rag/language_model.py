"""The bundled language model (Gemma 3 270M) as a scorer: how likely is a text after another?

The forward pass is our own, over the weights in the model's folder: no library is imported but torch, no weight is
initialised twice, and on a processor it takes half the time of the general implementation, since scales of
norms are folded into the weights behind them and padding stands on the right, where causal attention never looks.
Architecture: Gemma Team, Gemma 3 Technical Report, 2025 (arXiv 2503.19786).
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index import models
from index.encoder import best_dtype
from index.errors import ModelError
from index.language import one_script

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

__all__ = ["LanguageModel", "language_model"]

_BEGIN = 2  # the mark of a text's beginning
_WINDOW = 512  # tokens that most layers look back on; beyond, plain causal attention would not be the model's own
_BATCH_TOKENS = 2048  # of one pass: fewer leave the processor waiting, more only take memory
_HEAD_ROWS = (
    128  # tokens weighed against the whole vocabulary at once: 44 MiB of scores in bfloat16, twice that in float32
)
_LEAST = 1e-37  # the smallest probability that is told from none


@dataclass(frozen=True, slots=True)
class _Layer:
    """One layer's weights, all of one type; those behind a norm hold its scale."""

    qkv: torch.Tensor
    query_key_scale: torch.Tensor  # (heads + 1, head dimension)
    output: torch.Tensor
    output_scale: torch.Tensor
    gate_up: torch.Tensor
    down: torch.Tensor
    down_scale: torch.Tensor
    theta: float


@dataclass(frozen=True, slots=True)
class _Network:
    """The whole model: what is multiplied in which shape."""

    embedding: torch.Tensor
    layers: tuple[_Layer, ...]
    final_scale: torch.Tensor
    heads: int
    dimension: int  # of a head
    epsilon: float

    def hidden(self, ids: torch.Tensor) -> torch.Tensor:
        """The last layer's states, of shape (rows, tokens, width), before the last norm."""
        import torch

        rows, length = ids.shape
        width = self.embedding.shape[1]
        states = torch.nn.functional.embedding(ids, self.embedding).view(rows * length, width)
        # The factor is rounded as it was in training.
        states = states * torch.tensor(math.sqrt(width), dtype=torch.bfloat16).to(states.dtype)
        thetas = {layer.theta for layer in self.layers}
        turns = {theta: _turns(length, self.dimension, theta, states.dtype) for theta in thetas}
        unseen = _unseen(length, states.dtype)
        for layer in self.layers:
            states = self._attend(states, layer, turns[layer.theta], unseen, rows)
            states = self._transform(states, layer)
        return states.view(rows, length, width)

    def _attend(
        self,
        states: torch.Tensor,
        layer: _Layer,
        turns: tuple[torch.Tensor, torch.Tensor],
        unseen: torch.Tensor,
        rows: int,
    ) -> torch.Tensor:
        import torch
        from torch.nn.functional import linear

        size, heads = self.dimension, self.heads
        projected = linear(states * self._inverse_norm(states), layer.qkv).view(rows, -1, (heads + 2) * size)
        both = projected[..., : (heads + 1) * size].unflatten(-1, (heads + 1, size))
        both = both * self._inverse_norm(both) * layer.query_key_scale
        cosines, sines = turns
        both = torch.addcmul(both * cosines, torch.roll(both, size // 2, -1), sines)
        queries, keys, values = both[..., :heads, :], both[..., heads, :], projected[..., (heads + 1) * size :]
        # All heads share their keys and values, so one product a text serves them all: half the time of the library's.
        likeness = torch.bmm(queries.reshape(rows, -1, size), keys.transpose(1, 2)).view(rows, -1, heads, keys.shape[1])
        likeness.mul_(size**-0.5).add_(unseen)
        shares = likeness.softmax(-1, torch.float32).to(keys.dtype)
        mixed = torch.bmm(shares.view(rows, -1, keys.shape[1]), values)
        added = linear(mixed.view(states.shape[0], heads * size), layer.output)
        return torch.addcmul(states, added.mul_(self._inverse_norm(added)), layer.output_scale)

    def _transform(self, states: torch.Tensor, layer: _Layer) -> torch.Tensor:
        import torch
        from torch.nn.functional import gelu, linear

        gate, up = linear(states * self._inverse_norm(states), layer.gate_up).chunk(2, dim=-1)
        # The exact function, not the model's own approximation by tanh: four times as fast, within .0005 of it.
        added = linear(gelu(gate).mul_(up), layer.down)
        return torch.addcmul(states, added.mul_(self._inverse_norm(added)), layer.down_scale)

    def _inverse_norm(self, states: torch.Tensor) -> torch.Tensor:
        """What makes the root mean square of the last axis one (Zhang & Sennrich 2019)."""
        import torch

        norms = torch.linalg.vector_norm(states, dim=-1, keepdim=True, dtype=torch.float32)
        inverse: torch.Tensor = norms.square_().div_(states.shape[-1]).add_(self.epsilon).rsqrt_()
        return inverse.to(states.dtype)

    def log_probabilities(self, states: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """log P of each target token after its state, float32; ``states`` are (n, width), ``targets`` (n,)."""
        import torch

        wide = states.float()
        inverse = wide.square().mean(-1, keepdim=True).add_(self.epsilon).rsqrt_()
        normed = (wide * inverse * self.final_scale).to(self.embedding.dtype)
        found = []
        for first in range(0, len(targets), _HEAD_ROWS):
            part, own = normed[first : first + _HEAD_ROWS], targets[first : first + _HEAD_ROWS, None]
            scores = torch.nn.functional.linear(part, self.embedding)
            rounded = scores.gather(-1, own)[:, 0].float()
            shares = scores.softmax(-1).gather(-1, own)[:, 0].float().clamp_min_(_LEAST)
            exact = (part.float() * self.embedding[own[:, 0]].float()).sum(-1)
            # The sum over the vocabulary is what rounding hardly touches; a token's own score is taken unrounded.
            found.append(exact - (rounded - shares.log()))
        return torch.cat(found)


def _turns(length: int, size: int, theta: float, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    """Cosines and sines of rotary positions (Su et al. 2021), (length, 1, size), the sines' first half negated."""
    cosines, sines = _turn_table(-(-length // _WINDOW) * _WINDOW, size, theta, dtype)
    return cosines[:length], sines[:length]


def _unseen(length: int, dtype: torch.dtype) -> torch.Tensor:
    """What is added to a token's likeness to others, (length, 1, length): nothing, or minus infinity for later ones."""
    import torch

    return torch.full((length, length), -math.inf, dtype=dtype).triu_(1)[:, None]


@cache
def _turn_table(length: int, size: int, theta: float, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    import torch

    steps = torch.arange(0, size, 2, dtype=torch.float32) / size
    angles = torch.outer(torch.arange(length, dtype=torch.float32), theta**-steps)
    sines = torch.cat([-angles.sin(), angles.sin()], dim=-1)
    cosines = torch.cat([angles.cos(), angles.cos()], dim=-1)
    return cosines[:, None].to(dtype), sines[:, None].to(dtype)


def _read(folder: Path, dtype: torch.dtype) -> _Network:
    """The network from a transformers folder of Gemma 3's text model, to be computed in ``dtype``."""
    from safetensors.torch import load_file

    config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    weights = {name.removeprefix("model."): value for name, value in load_file(folder / "model.safetensors").items()}
    thetas = {kind: float(rope["rope_theta"]) for kind, rope in config["rope_parameters"].items()}
    heads = int(config["num_attention_heads"])
    return _Network(
        embedding=weights["embed_tokens.weight"].to(dtype),
        layers=tuple(
            _read_layer(weights, f"layers.{number}.", heads, thetas[kind], dtype)
            for number, kind in enumerate(config["layer_types"])
        ),
        final_scale=_scale(weights["norm.weight"]),
        heads=heads,
        dimension=int(config["head_dim"]),
        epsilon=float(config["rms_norm_eps"]),
    )


def _read_layer(weights: dict[str, torch.Tensor], prefix: str, heads: int, theta: float, dtype: torch.dtype) -> _Layer:
    import torch

    def named(name: str) -> torch.Tensor:
        return weights[f"{prefix}{name}.weight"].to(dtype)

    def behind(norm: str, *names: str) -> torch.Tensor:
        joined = torch.cat([named(name) for name in names]).float()
        return (joined * _scale(named(norm))).to(dtype)

    query, key = _scale(named("self_attn.q_norm")), _scale(named("self_attn.k_norm"))
    return _Layer(
        qkv=behind("input_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
        query_key_scale=torch.cat([query.expand(heads, -1), key[None]]).to(dtype),
        output=named("self_attn.o_proj"),
        output_scale=_scale(named("post_attention_layernorm")).to(dtype),
        gate_up=behind("pre_feedforward_layernorm", "mlp.gate_proj", "mlp.up_proj"),
        down=named("mlp.down_proj"),
        down_scale=_scale(named("post_feedforward_layernorm")).to(dtype),
        theta=theta,
    )


def _scale(weight: torch.Tensor) -> torch.Tensor:
    """A norm's scale: Gemma keeps what it differs from one by."""
    return 1.0 + weight.float()


class LanguageModel:
    """The bundled language model as a scorer of texts given texts. Safe to use from several threads.

    ``precision`` is ``bfloat16``, ``float32``, or ``auto``: the first where the processor multiplies it."""

    def __init__(self, precision: str = "auto") -> None:
        self._precision = precision
        self._lock = threading.Lock()
        self.announce: Callable[[str], None] | None = None

    @cached_property
    def _parts(self) -> tuple[Any, _Network]:
        from tokenizers import Tokenizer

        folder = models.prepare(models.LANGUAGE_MODEL, self.announce)
        try:
            return Tokenizer.from_file(str(folder / "tokenizer.json")), _read(folder, best_dtype(self._precision))
        except Exception as error:  # a damaged file fails in its reader's own way
            remedy = "remove that folder to have it made again"
            raise ModelError(f"cannot load the language model in {folder}: {remedy}") from error

    def load(self) -> None:
        """Load it now; otherwise its first use does."""
        with self._lock:
            _ = self._parts

    def encode(self, text: str) -> list[int]:
        """The tokens of a text, Traditional as Simplified characters: a question is as likely after a passage in the
        other script as after one in its own. The mark of a text's beginning is not among them."""
        with self._lock:
            tokenizer = self._parts[0]
        tokens: list[int] = tokenizer.encode(one_script(text), add_special_tokens=False).ids
        return tokens

    def log_likelihoods(
        self,
        contexts: Sequence[Sequence[int]],
        continuation: Sequence[int],
        batch_tokens: int = _BATCH_TOKENS,
        seconds: float = math.inf,
    ) -> npt.NDArray[np.float32]:
        """log P of each token of the continuation after each context, float32, shape (contexts, len(continuation)).

        Of a longer context the end is read, as much as the model's layers look back on together with the continuation.
        Raises ``TimeoutError`` when the contexts were not all read within so many seconds.
        """
        import numpy as np
        import torch

        length = len(continuation)
        if not contexts or not length:
            return np.zeros((len(contexts), length), dtype=np.float32)
        kept = max(1, _WINDOW - 1 - length)
        rows = [[_BEGIN, *context[-kept:], *continuation] for context in contexts]
        with self._lock, torch.inference_mode():
            network = self._parts[1]
            ends = time.monotonic() + seconds  # waiting for another question is not this one's time
            states: list[torch.Tensor] = [torch.empty(0)] * len(rows)
            for batch in _batches([len(row) for row in rows], batch_tokens):
                if time.monotonic() > ends:
                    raise TimeoutError(f"the language model did not read {len(rows)} texts in {seconds:g} s")
                widest = max(len(rows[i]) for i in batch)
                hidden = network.hidden(torch.tensor([rows[i] + [0] * (widest - len(rows[i])) for i in batch]))
                for place, i in enumerate(batch):
                    states[i] = hidden[place, len(rows[i]) - length - 1 : len(rows[i]) - 1]
            targets = torch.tensor(list(continuation) * len(rows))
            found: npt.NDArray[np.float32] = network.log_probabilities(torch.cat(states), targets).numpy()
        return found.reshape(len(rows), length)


def _batches(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Indexes of like lengths together, padded lengths within the budget."""
    batches: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lambda i: (lengths[i], i)):
        if batches and (len(batches[-1]) + 1) * lengths[index] <= budget:
            batches[-1].append(index)
        else:
            batches.append([index])
    return batches


@cache
def language_model() -> LanguageModel:
    """The one language model of this process."""
    return LanguageModel()
