"""Area under the ROC curve: how often a true case scores above a false one, whatever the threshold."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

__all__ = ["auroc"]


def auroc(labels: Sequence[bool], scores: Sequence[float]) -> float:
    """The share of (true, false) pairs in which the true one scores higher, ties counting half (Hanley & McNeil 1982).

    Raises ``ValueError`` when one of the two labels does not occur.
    """
    ordered = sorted(zip(scores, labels, strict=True))
    true = sum(labels)
    false = len(labels) - true
    if not true or not false:
        raise ValueError(f"labels must hold both kinds, was: {true} true, {false} false")
    below, won = 0, 0.0
    for _, tied in groupby(ordered, key=lambda pair: pair[0]):
        kinds = [label for _, label in tied]
        won += sum(kinds) * (below + (len(kinds) - sum(kinds)) / 2.0)
        below += len(kinds) - sum(kinds)
    return won / (true * false)
