"""Latency as people feel it: the middle and the slow end, not the mean."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["latency", "percentile"]


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` (0 to 1) of the values lie, between neighbours by straight line.

    Raises ``ValueError`` without values.
    """
    if not values or not 0.0 <= share <= 1.0:
        raise ValueError(f"values must not be empty and share 0 to 1, was: {len(values)} values, {share}")
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    low = math.floor(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)


def latency(milliseconds: Sequence[float]) -> dict[str, float]:
    """``median`` and ``p95`` of times in milliseconds. Raises ``ValueError`` without times."""
    return {"median": percentile(milliseconds, 0.5), "p95": percentile(milliseconds, 0.95)}
