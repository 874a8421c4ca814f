"""What a claim gives away of its own label, and how far its words alone reach: baselines for a faithfulness scorer.

A set whose labels can be told from the claims, without the evidence, says nothing about a scorer.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from eval.data import Claim
from eval.metrics import balanced_accuracy, tokens
from index.words import words

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]

__all__ = ["best_threshold", "claim_only", "word_overlap"]

_ROUNDS = 25
_PENALTY = 1.0


def word_overlap(claim: Claim) -> float:
    """The share of a claim's distinct search words that occur in its evidence, 0 to 1."""
    own = _words(claim.claim)
    return len(own & _words(claim.evidence)) / len(own) if own else 0.0


@lru_cache(maxsize=16384)  # one evidence text stands behind several claims
def _words(text: str) -> frozenset[str]:
    return frozenset(words(text))


def best_threshold(labels: Sequence[bool], scores: Sequence[float]) -> float:
    """The threshold, halfway between two scores, with the best balanced accuracy; the lowest of equals.

    Raises ``ValueError`` when one of the two labels does not occur.
    """
    levels = sorted(set(scores))
    cuts = [levels[0] - 1.0, *((low + high) / 2.0 for low, high in pairwise(levels))]
    return max(cuts, key=lambda cut: (balanced_accuracy(labels, [score >= cut for score in scores]), -cut))


def claim_only(fit: Sequence[Claim], claims: Sequence[Claim]) -> list[float]:
    """The probability that each claim is supported, from its length, its final stop and its words alone.

    L2-penalised logistic regression, both labels weighing the same, fitted on ``fit`` by Newton's method in its dual
    (Zhu & Hastie 2005). Raises ``ValueError`` when one of the two labels does not occur in ``fit``.
    """
    import numpy as np

    features = _features([*fit, *claims], len(fit))
    kernel = features @ features[: len(fit)].T
    labels = np.array([claim.supported for claim in fit], dtype=np.float64)
    if not 0 < labels.sum() < len(labels):
        raise ValueError(f"fit must hold both labels, was: {int(labels.sum())} of {len(labels)} supported")
    weights = np.where(labels > 0, 0.5 / labels.mean(), 0.5 / (1.0 - labels.mean()))
    values = kernel @ _dual(kernel[: len(fit)], labels, weights)
    return [float(value) for value in _logistic(values[len(fit) :])]


def _dual(kernel: Matrix, labels: Matrix, weights: Matrix) -> Matrix:
    import numpy as np

    dual: Matrix = np.zeros(len(labels))
    for _ in range(_ROUNDS):
        values = kernel @ dual
        chance = _logistic(values)
        spread = np.maximum(chance * (1.0 - chance), 1e-6)
        target = values + (labels - chance) / spread
        dual = np.asarray(np.linalg.solve(kernel + np.diag(_PENALTY / (weights * spread)), target), dtype=np.float64)
    return dual


def _logistic(values: Matrix) -> Matrix:
    import numpy as np

    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(values, -30.0, 30.0))))


def _features(claims: Sequence[Claim], fitted: int) -> Matrix:
    """A row a claim: a constant, the standardised logarithm of its length, its final stop, and its words (single and in
    pairs, those of two or more of the first ``fitted`` claims) as a unit vector."""
    import numpy as np

    terms = [_terms(claim.claim) for claim in claims]
    seen = Counter(term for found in terms[:fitted] for term in found)
    # What only one fitted claim says tells nothing of another, and long claims have very many such pairs.
    columns = {term: i for i, term in enumerate(sorted(term for term, count in seen.items() if count > 1))}
    rows = np.zeros((len(claims), 3 + len(columns)))
    lengths = np.array([math.log(len(claim.claim)) for claim in claims])
    rows[:, 0] = 1.0
    rows[:, 1] = (lengths - lengths[:fitted].mean()) / max(float(lengths[:fitted].std()), 1e-6)
    rows[:, 2] = [claim.claim.rstrip().endswith((".", "。", "!", "！", "?", "？")) for claim in claims]
    for row, found in zip(rows, terms, strict=True):
        known = [3 + columns[term] for term in found if term in columns]
        row[known] = 1.0 / math.sqrt(max(1, len(known)))
    return rows


def _terms(text: str) -> set[str]:
    found = tokens(text)
    return {*found, *(" ".join(pair) for pair in pairwise(found))}
