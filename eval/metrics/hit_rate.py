"""Hit rate: is any right document among the first k?"""

from __future__ import annotations

from collections.abc import Collection, Sequence

__all__ = ["hit_rate"]


def hit_rate(ranking: Sequence[str], gold: Collection[str], k: int) -> float:
    """1.0 where one of the first ``k`` documents of a ranking (no document twice) is gold, else 0.0."""
    return float(any(document in gold for document in ranking[:k]))
