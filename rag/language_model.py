"""The bundled language model (Gemma 3 270M) as a reader: how likely is a text after another, what is held of it?"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from index import models
from index.encoder import best_dtype
from index.errors import ModelError
from index.language import one_script

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

    from rag.gemma import Network

__all__ = ["LanguageModel", "language_model"]

_BEGIN = 2  # the mark of a text's beginning
_WINDOW = 512  # tokens that most layers look back on; beyond, plain causal attention would not be the model's own
_BATCH_TOKENS = 2048  # of one pass: fewer leave the processor waiting, more only take memory


class LanguageModel:
    """The bundled language model as a reader of texts after texts. Safe to use from several threads.

    ``precision`` is ``bfloat16``, ``float32``, or ``auto``: the first where the processor multiplies it."""

    def __init__(self, precision: str = "auto") -> None:
        self._precision = precision
        self._lock = threading.Lock()
        self.announce: Callable[[str], None] | None = None

    @cached_property
    def _parts(self) -> tuple[Any, Network]:
        from tokenizers import Tokenizer

        from rag.gemma import read_network

        folder = models.prepare(models.LANGUAGE_MODEL, self.announce)
        try:
            network = read_network(folder, best_dtype(self._precision))
            return Tokenizer.from_file(str(folder / "tokenizer.json")), network
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
        # Nothing is asked of what follows the continuation's last token, so that one is not read.
        rows = _rows(contexts, continuation[:-1])
        with self._lock, torch.inference_mode():
            states = self._read(rows, length, None, batch_tokens, seconds)
            targets = torch.tensor(list(continuation) * len(rows))
            found: npt.NDArray[np.float32] = self._parts[1].log_probabilities(torch.cat(states), targets).numpy()
        return found.reshape(len(rows), length)

    def states(
        self,
        contexts: Sequence[Sequence[int]],
        continuation: Sequence[int],
        depth: int,
        batch_tokens: int = _BATCH_TOKENS,
    ) -> npt.NDArray[np.float32]:
        """What the model holds of the continuation after each context when so many of its layers have read both: the
        mean over the continuation's tokens and the last one's state, each state scaled to a root mean square of 1;
        float32, shape (contexts, 2 * width).

        Contexts as for ``log_likelihoods``. Raises ``ValueError`` for a depth that the model does not have.
        """
        import numpy as np
        import torch

        rows = _rows(contexts, continuation)
        with self._lock, torch.inference_mode():
            network = self._parts[1]
            if not 1 <= depth <= len(network.layers):
                raise ValueError(f"depth must be 1 to {len(network.layers)}, was: {depth}")
            if not rows or not continuation:
                return np.zeros((len(rows), 2 * network.embedding.shape[1]), dtype=np.float32)
            read = torch.stack(self._read(rows, len(continuation), depth, batch_tokens, math.inf)).float()
            read /= read.square().mean(-1, keepdim=True).sqrt()
            found: npt.NDArray[np.float32] = torch.cat([read.mean(1), read[:, -1]], dim=-1).numpy()
        return found

    def _read(
        self, rows: Sequence[Sequence[int]], length: int, depth: int | None, batch_tokens: int, seconds: float
    ) -> list[torch.Tensor]:
        """The states of the last ``length`` tokens of each row after so many layers; called with the lock held."""
        import torch

        from rag.gemma import lay_out

        network = self._parts[1]
        ends = time.monotonic() + seconds  # waiting for another question is not this one's time
        states: list[torch.Tensor] = [torch.empty(0)] * len(rows)
        for batch in _batches([len(row) for row in rows], batch_tokens):
            if time.monotonic() > ends:
                raise TimeoutError(f"the language model did not read {len(rows)} texts in {seconds:g} s")
            hidden = network.hidden(lay_out([rows[i] for i in batch], length), depth)
            for i, own in zip(batch, hidden.split(length), strict=True):
                states[i] = own
        return states


def _rows(contexts: Sequence[Sequence[int]], continuation: Sequence[int]) -> list[list[int]]:
    """Each context behind the mark of a text's beginning, cut to its end where it is long, and the continuation."""
    kept = max(1, _WINDOW - 2 - len(continuation))
    return [[_BEGIN, *context[-kept:], *continuation] for context in contexts]


def _batches(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Indexes, shortest first, the sum of each batch's lengths within the budget."""
    batches: list[list[int]] = []
    total = 0
    for index in sorted(range(len(lengths)), key=lambda i: (lengths[i], i)):
        total += lengths[index]
        if batches and total <= budget:
            batches[-1].append(index)
        else:
            batches.append([index])
            total = lengths[index]
    return batches


@cache
def language_model() -> LanguageModel:
    """The one language model of this process."""
    return LanguageModel()
