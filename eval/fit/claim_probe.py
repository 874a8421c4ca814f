"""The probe of ``rag.verify.probe``: a logistic regression on what the language model holds of labelled claims.

A few thousand claims fit 1,280 numbers too well to be judged by them: the other signals are weighed against scores that
a claim gets from a probe fitted without its evidence (``crossed``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eval.fit.linear import fit_linear
from rag.linear_probe import LinearProbe

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    States = npt.NDArray[np.float32]

__all__ = ["ClaimProbeSettings", "LabelledStates", "crossed", "fit_claims"]

_ROUNDS = 100


@dataclass(frozen=True, slots=True)
class ClaimProbeSettings:
    """After how many of the model's layers, of 18, its states are read; how the weights are held down; in how many
    parts the claims are divided, by their evidence, to score each by the others."""

    depth: int = 7
    penalty: float = 0.1
    folds: int = 5


@dataclass(frozen=True, slots=True)
class LabelledStates:
    """The states of claims, (claims, k), whether each is supported, what it weighs, and its evidence."""

    states: States
    supported: npt.NDArray[np.bool_]
    weights: npt.NDArray[np.float64]
    evidence: Sequence[str]

    def of(self, kept: npt.NDArray[np.bool_]) -> LabelledStates:
        """Those of some of the claims."""
        evidence = [text for text, own in zip(self.evidence, kept, strict=True) if own]
        return LabelledStates(self.states[kept], self.supported[kept], self.weights[kept], evidence)


def crossed(claims: LabelledStates, settings: ClaimProbeSettings) -> list[float]:
    """The logit of each claim by a probe fitted on the claims of other evidence."""
    import numpy as np

    part = np.array([int(hashlib.sha256(text.encode()).hexdigest(), 16) % settings.folds for text in claims.evidence])
    if len(set(part.tolist())) < settings.folds:
        raise ValueError(f"evidence must be of {settings.folds} texts or many more, was of {len(set(claims.evidence))}")
    found = np.zeros(len(part))
    for number in range(settings.folds):
        out = part == number
        found[out] = fit_claims(claims.of(~out), settings).logits(claims.states[out])
    return [float(logit) for logit in found]


def fit_claims(claims: LabelledStates, settings: ClaimProbeSettings) -> LinearProbe:
    """L2-penalised logistic regression on standardised states; deterministic."""
    import numpy as np
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    labels = torch.from_numpy(claims.supported.astype(np.float32))
    shares = torch.from_numpy((claims.weights / claims.weights.sum()).astype(np.float32))

    def loss(scores: torch.Tensor) -> torch.Tensor:
        return (binary_cross_entropy_with_logits(scores, labels, reduction="none") * shares).sum()

    weights, bias, _ = fit_linear(claims.states, loss, settings.penalty, _ROUNDS)
    return LinearProbe(settings.depth, tuple(weights.tolist()), bias)
