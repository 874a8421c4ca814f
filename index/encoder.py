"""Encoders, from texts to vectors: the bundled model by itself, and any other through sentence-transformers.

The bundled one is BERT (Devlin et al. 2019) with mean pooling. It is computed here, from its folder, because the
libraries that could do it take longer to import than the model takes to answer; a test holds both to the same vectors.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch
    from sentence_transformers import SentenceTransformer

    Matrix = npt.NDArray[np.float32]

__all__ = ["Bert", "Encoder", "SentenceTransformerEncoder", "best_dtype", "read_tokenizer"]

_WORDS = "embeddings.word_embeddings.weight"


class Encoder(Protocol):
    """A model that makes vectors of texts; not safe to call from several threads at once."""

    @property
    def dimension(self) -> int:
        """How long its vectors are."""

    @property
    def tokenizer(self) -> Any:
        """Its ``tokenizers.Tokenizer``."""

    def encode(self, texts: Sequence[str]) -> Matrix:
        """Vectors of one batch of texts, float32 of shape (len(texts), dimension)."""


class SentenceTransformerEncoder:
    """Any model that sentence-transformers loads, by name or folder."""

    def __init__(self, folder: str, revision: str, precision: str) -> None:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()
        options: dict[str, Any] = {"model_kwargs": {"dtype": best_dtype(precision)}}
        if revision:
            options["revision"] = revision
        self._model: SentenceTransformer = SentenceTransformer(folder, **options)

    @property
    def dimension(self) -> int:
        """See ``Encoder``."""
        return int(self._model.get_embedding_dimension() or 0)

    @property
    def tokenizer(self) -> Any:
        """See ``Encoder``."""
        return self._model.tokenizer.backend_tokenizer

    def encode(self, texts: Sequence[str]) -> Matrix:
        """See ``Encoder``."""
        vectors = self._model.encode(
            list(texts), batch_size=len(texts), show_progress_bar=False, convert_to_tensor=True
        )
        found: Matrix = vectors.float().cpu().numpy()
        return found


class Bert:
    """The bundled model, from its folder: BERT, the mean of the last layer over the tokens, unit length.

    Raises ``OSError``, ``KeyError`` or ``ValueError`` when the folder does not hold such a model.
    """

    def __init__(self, folder: str, precision: str) -> None:
        import torch
        from safetensors import safe_open

        config = json.loads((Path(folder) / "config.json").read_text(encoding="utf-8"))
        self._folder = Path(folder)
        self._device = _device()
        self._dtype = best_dtype(precision)
        self._layers, self._heads = int(config["num_hidden_layers"]), int(config["num_attention_heads"])
        self._epsilon, self._longest = float(config["layer_norm_eps"]), int(config["max_position_embeddings"])
        self.dimension = int(config["hidden_size"])
        with safe_open(self._folder / "model.safetensors", "pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no mapping
        # Of the 250,000 words a question needs a few: on a processor they stay in the mapped file until they are used.
        words = tensors.pop(_WORDS)
        self._words = words if self._device == torch.device("cpu") else words.to(self._device)
        self._weights = {name: tensor.to(self._device, self._dtype) for name, tensor in tensors.items()}

    @property
    def tokenizer(self) -> Any:
        """See ``Encoder``."""
        return read_tokenizer(self._folder)

    def encode(self, texts: Sequence[str]) -> Matrix:
        """See ``Encoder``. Of a text that is too long, the beginning counts."""
        import torch

        start, end, pad = (self.tokenizer.token_to_id(token) for token in ("<s>", "</s>", "<pad>"))
        encodings = self.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        rows = [[start, *encoding.ids[: self._longest - 2], end] for encoding in encodings]
        widest = max(map(len, rows))
        ids = torch.tensor([row + [pad] * (widest - len(row)) for row in rows], device=self._device)
        lengths = torch.tensor([len(row) for row in rows], device=self._device)
        with torch.inference_mode():
            mask = torch.arange(widest, device=self._device) < lengths[:, None]
            vectors = _mean(self._hidden(ids, mask), mask)
            found: Matrix = torch.nn.functional.normalize(vectors, dim=1).float().cpu().numpy()
        return found

    def _hidden(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """The last layer, shape (texts, tokens, dimension); ``mask`` is true where a token stands."""
        from torch.nn.functional import embedding

        weights, place = self._weights, "embeddings."
        hidden = embedding(ids, self._words).to(self._dtype) + weights[f"{place}token_type_embeddings.weight"][0]
        hidden = hidden + weights[f"{place}position_embeddings.weight"][: ids.shape[1]]
        hidden = self._normed(hidden, f"{place}LayerNorm")
        seen = None if bool(mask.all()) else mask[:, None, None, :]  # without padding there is a faster way
        for number in range(self._layers):
            hidden = self._layer(hidden, seen, f"encoder.layer.{number}.")
        return hidden

    def _layer(self, hidden: torch.Tensor, seen: torch.Tensor | None, place: str) -> torch.Tensor:
        from torch.nn.functional import gelu, scaled_dot_product_attention

        shape = (*hidden.shape[:2], self._heads, -1)
        query, key, value = (
            self._linear(hidden, f"{place}attention.self.{name}").view(shape).transpose(1, 2)
            for name in ("query", "key", "value")
        )
        found = scaled_dot_product_attention(query, key, value, attn_mask=seen)
        found = found.transpose(1, 2).reshape(hidden.shape)
        attended = self._linear(found, f"{place}attention.output.dense")
        hidden = self._normed(attended + hidden, f"{place}attention.output.LayerNorm")
        wide = gelu(self._linear(hidden, f"{place}intermediate.dense"))
        return self._normed(self._linear(wide, f"{place}output.dense") + hidden, f"{place}output.LayerNorm")

    def _linear(self, values: torch.Tensor, name: str) -> torch.Tensor:
        from torch.nn.functional import linear

        return linear(values, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"])

    def _normed(self, values: torch.Tensor, name: str) -> torch.Tensor:
        from torch.nn.functional import layer_norm

        weight, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        return layer_norm(values, (self.dimension,), weight, bias, self._epsilon)


@cache
def read_tokenizer(folder: Path) -> Any:
    """The ``tokenizers.Tokenizer`` in a folder: one in a process, for it takes its time to read."""
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def _mean(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """The mean over the tokens of each text, summed in float32."""
    import torch

    seen = mask[..., None].to(hidden.dtype)
    total = (hidden * seen).sum(1, dtype=torch.float32)
    return (total / seen.sum(1, dtype=torch.float32)).to(hidden.dtype)


def _device() -> torch.device:
    import torch

    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def best_dtype(precision: str) -> torch.dtype:
    """What to compute in: what ``precision`` names, or for ``auto`` bfloat16 where the processor multiplies it."""
    import torch

    fast = torch.backends.cpu.get_cpu_capability().startswith("AVX512") and _has_bfloat16()
    if precision == "bfloat16" or (precision == "auto" and fast):
        return torch.bfloat16
    return torch.float32


def _has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 itself; emulated, it is slower than float32."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="ignore")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags
