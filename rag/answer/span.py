"""The short span of a sentence that answers by itself: the figure, the date or the name asked for.

Of several figures, the one that measures what is asked is meant; of several such, the one whose clause, or whose column
head in a table, says most of what the question says.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.numbers import Quantity
from index.words import words
from rag.answer.measures import figures, likeliest
from rag.answer.people import new_names
from rag.answer.question import answer_kind

__all__ = ["answer_quantity", "answer_span"]

# Where one statement of a sentence ends and the next begins.
_CLAUSE = re.compile(
    r"[，；;：:（）()]|,(?!\d{3})|\s\|\s|(?<=\s)(?:and|from|while|but|compared with|of which|against|versus)\s"
)


def answer_span(question: str, sentence: str, lead: str = "") -> tuple[int, int] | None:
    """Where the figure, date or name that a question asks for stands in a sentence; None where there is none, or
    several that could be meant. ``lead`` is what is read before the sentence, such as column heads."""
    kind = answer_kind(question)
    if kind == "person":
        names = new_names(question, sentence)
        return names[0] if len({sentence[start:end] for start, end in names}) == 1 else None
    found = answer_quantity(question, sentence, lead)
    return None if found is None else (found.start, found.end)


def answer_quantity(question: str, sentence: str, lead: str = "") -> Quantity | None:
    """The one figure or date of a sentence that a question asks for; None as in ``answer_span``."""
    kind = answer_kind(question)
    if kind not in ("number", "date"):
        return None
    found = figures(question, sentence, dates=kind == "date")
    if kind == "number":
        found = likeliest(question, sentence, found)
    if len({(q.kind, q.value, q.unit) for q in found}) > 1:
        found = _nearest(question, sentence, found, lead)
    return _widest(found) if len({(q.kind, q.value, q.unit) for q in found}) == 1 else None


def _nearest(question: str, sentence: str, found: Sequence[Quantity], lead: str) -> list[Quantity]:
    """Those whose own clause shares most words with the question; more than one where none stands out."""
    asked = frozenset(words(question))
    heads = _cells(lead.rsplit("\n", 1)[-1]) if " | " in sentence else []
    shared = []
    for one in found:
        start, end = _clause(sentence, one)
        place = sentence[: one.start].count(" | ")
        around = sentence[start : one.start] + " " + sentence[one.end : end]
        if place < len(heads):
            around = heads[place]
        shared.append(len(asked & frozenset(words(around))))
    return [one for one, count in zip(found, shared, strict=True) if count == max(shared)]


def _cells(line: str) -> list[str]:
    return line.split(" | ") if " | " in line else []


def _clause(sentence: str, found: Quantity) -> tuple[int, int]:
    """The bounds of the clause a figure stands in."""
    cuts = [match.span() for match in _CLAUSE.finditer(sentence)]
    start = max((end for begin, end in cuts if end <= found.start), default=0)
    return start, min((begin for begin, _ in cuts if begin >= found.end), default=len(sentence))


def _widest(found: Sequence[Quantity]) -> Quantity:
    return max(found, key=lambda q: q.end - q.start)
