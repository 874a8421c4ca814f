"""Reciprocal rank: how far down the first right document stands (its mean over questions is MRR)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

__all__ = ["reciprocal_rank"]


def reciprocal_rank(ranking: Sequence[str], gold: Collection[str], k: int = 10) -> float:
    """1 / rank of the first gold document among the first ``k`` of a ranking (no document twice), else 0.0."""
    return next((1.0 / rank for rank, document in enumerate(ranking[:k], 1) if document in gold), 0.0)
