"""The short span of a sentence that answers by itself: the figure or the date asked for."""

from __future__ import annotations

from index.numbers import Quantity, quantities
from rag.answer.question import answer_kind

__all__ = ["answer_span"]

_DATES = frozenset(("date", "year", "century", "decade", "time"))


def answer_span(question: str, sentence: str) -> tuple[int, int] | None:
    """Where the one figure or date that a question asks for stands in a sentence; None where there is none, or several
    that could be meant."""
    kind = answer_kind(question)
    if kind not in ("number", "date"):
        return None
    asked = {(q.kind, q.value) for q in quantities(question)}
    found = [
        q
        for q in quantities(sentence)
        if not q.weak and (q.kind, q.value) not in asked and (q.kind in _DATES) == (kind == "date")
    ]
    return _widest(found) if len({(q.kind, q.value, q.unit) for q in found}) == 1 else None


def _widest(found: list[Quantity]) -> tuple[int, int]:
    best = max(found, key=lambda q: q.end - q.start)
    return best.start, best.end
