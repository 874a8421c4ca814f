"""Expected calibration error: does .8 mean eight in ten? (Guo et al. 2017, bins of equal width)."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["calibration_error"]


def calibration_error(labels: Sequence[bool], probabilities: Sequence[float], bins: int = 10) -> float:
    """The mean distance between a bin's mean probability and its share of true labels, weighted by the bin's cases.

    Raises ``ValueError`` for a probability outside 0 to 1, and without cases.
    """
    if not labels:
        raise ValueError("labels must hold a case, was: none")
    groups: dict[int, list[tuple[bool, float]]] = {}
    for label, probability in zip(labels, probabilities, strict=True):
        if not 0.0 <= probability <= 1.0:
            raise ValueError(f"probability must be 0 to 1, was: {probability}")
        groups.setdefault(min(int(probability * bins), bins - 1), []).append((label, probability))
    distance = sum(abs(sum(label - probability for label, probability in group)) for group in groups.values())
    return distance / len(labels)
