"""nDCG: every right document counts, the higher it stands the more (Järvelin & Kekäläinen 2002, gains of 0 and 1)."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

__all__ = ["ndcg"]


def ndcg(ranking: Sequence[str], gold: Collection[str], k: int = 10) -> float:
    """Sum of ``1 / log2(rank + 1)`` over the gold documents among the first ``k`` of a ranking (no document twice),
    over that of the best possible ranking. 0.0 where gold is empty."""
    gained = sum(_gain(rank) for rank, document in enumerate(ranking[:k], 1) if document in gold)
    possible = sum(_gain(rank) for rank in range(1, min(len(set(gold)), k) + 1))
    return gained / possible if possible else 0.0


def _gain(rank: int) -> float:
    return 1.0 / math.log2(rank + 1)
