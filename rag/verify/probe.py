"""Does the evidence say what a claim says? A linear probe of what the language model holds of it.

The model reads the claim after the evidence sentences nearest to it, and alone, by its first few layers: what it holds
of the claim there, less what it holds of it without evidence, is weighed. It tells what the evidence states from what
it refutes somewhat better than how likely the evidence makes the claim's words, and costs a third of that. The weights
are fitted on public claims with their evidence (see ``eval.fit.verify``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from rag.linear_probe import stored_probe
from rag.verify.features import Case, Signals
from rag.verify.overlap import WINDOW
from rag.verify.text import read

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["ClaimReader", "claim_states", "probe_signal"]

_CLAIM_TOKENS = 200  # of a long claim, its beginning; the evidence needs the rest of what the model looks back on


class ClaimReader(Protocol):
    """What the probe needs of a language model: see ``rag.language_model.LanguageModel``."""

    def encode(self, text: str) -> list[int]:
        """The tokens of a text."""

    def states(
        self, contexts: Sequence[Sequence[int]], continuation: Sequence[int], depth: int
    ) -> npt.NDArray[np.float32]:
        """What it holds of the continuation after each context, shape (contexts, k)."""


def claim_states(case: Case, signals: Signals, model: ClaimReader, depth: int) -> npt.NDArray[np.float32]:
    """What the model holds of a claim after its evidence, less what it holds of it alone, by ``depth`` of its layers:
    float32, shape (k,); see ``LanguageModel.states``."""
    evidence = read(case.text).sentences
    first = max(0, min(signals.window[0], len(evidence) - WINDOW))
    context = model.encode("\n".join(evidence[first : max(first + WINDOW, signals.window[1])]))
    claim = model.encode("\n" + case.claim)[:_CLAIM_TOKENS]
    # Two calls: what is read together decides the last digits, and a claim's own do not depend on its evidence.
    without, given = model.states([[]], claim, depth)[0], model.states([context], claim, depth)[0]
    less: npt.NDArray[np.float32] = given - without
    return less


def probe_signal(case: Case, signals: Signals, model: ClaimReader) -> dict[str, float]:
    """``probe``: how sure it is that the evidence states the claim, in logits."""
    probe = stored_probe("support")
    return {"probe": float(probe.logits(claim_states(case, signals, model, probe.depth)[None])[0])}
