"""Which of the passages found hold the gold passages, by where both stand in their document."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from eval.metrics import hit_rate, ndcg, reciprocal_rank
from index.types import Passage

__all__ = ["DEPTH", "GoldSpans", "Relevance", "file_name", "ranking_measures", "relevance"]

DEPTH = 10  # passages looked at


@dataclass(frozen=True, slots=True)
class GoldSpans:
    """A gold passage: its document's id, and every place it stands at, as offsets into that document's text."""

    document_id: str
    spans: tuple[tuple[int, int], ...]

    def held_by(self, passage: Passage) -> bool:
        """Whether a passage shares at least half of the gold passage, or of itself, with one of its places."""
        return passage.document_id == self.document_id and any(
            2 * _shared(passage, span) >= max(1, min(passage.end - passage.start, span[1] - span[0]))
            for span in self.spans
        )


@dataclass(frozen=True, slots=True)
class Relevance:
    """A ranking as the ranking measures take it: ids (``gold…`` for passages that hold gold not seen before), and the
    ids that a perfect ranking would begin with."""

    ranking: tuple[str, ...]
    gold: tuple[str, ...]
    holds: tuple[bool, ...]

    @property
    def first_hit(self) -> int | None:
        """The rank, from 1, of the first passage that holds gold."""
        return next((rank for rank, holds in enumerate(self.holds, 1) if holds), None)


def relevance(passages: Sequence[Passage], gold: Sequence[GoldSpans]) -> Relevance:
    """Mark which of the first ten passages hold gold.

    Two gold passages that one passage holds count as one, and gold found a second time does not count again.
    """
    ranking: list[str] = []
    holds: list[bool] = []
    seen: set[int] = set()
    wanted = len(gold)
    for rank, passage in enumerate(passages[:DEPTH], 1):
        held = {i for i, item in enumerate(gold) if item.held_by(passage)}
        new = held - seen
        seen |= held
        wanted -= max(0, len(new) - 1)
        ranking.append(f"gold{rank}" if new else f"other{rank}")
        holds.append(bool(held))
    found = tuple(name for name in ranking if name.startswith("gold"))
    missed = tuple(f"missed{i}" for i in range(wanted - len(found)))
    return Relevance(tuple(ranking), found + missed, tuple(holds))


def ranking_measures(found: Relevance) -> dict[str, float]:
    """hit@1, hit@5, MRR@10 and nDCG@10 of one question."""
    return {
        "hit@1": hit_rate(found.ranking, found.gold, 1),
        "hit@5": hit_rate(found.ranking, found.gold, 5),
        "mrr@10": reciprocal_rank(found.ranking, found.gold, 10),
        "ndcg@10": ndcg(found.ranking, found.gold, 10),
    }


def file_name(source: str) -> str:
    """The last part of a path of any system, in the form names are compared in; the path is never opened."""
    return unicodedata.normalize("NFC", source.replace("\\", "/").rstrip("/").rpartition("/")[2])


def _shared(passage: Passage, span: tuple[int, int]) -> int:
    return max(0, min(passage.end, span[1]) - max(passage.start, span[0]))
