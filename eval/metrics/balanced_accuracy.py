"""Balanced accuracy: accuracy that a majority cannot buy (chance is .5)."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["balanced_accuracy"]


def balanced_accuracy(labels: Sequence[bool], predictions: Sequence[bool]) -> float:
    """The mean of the share of true labels predicted true and that of false labels predicted false.

    Raises ``ValueError`` when one of the two labels does not occur.
    """
    pairs = list(zip(labels, predictions, strict=True))
    right = [[predicted == label for label, predicted in pairs if label == kind] for kind in (True, False)]
    if not all(right):
        raise ValueError(f"labels must hold both kinds, was: {len(right[0])} true, {len(right[1])} false")
    return sum(sum(kind) / len(kind) for kind in right) / 2.0
