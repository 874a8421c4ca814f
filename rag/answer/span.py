"""The short span of a sentence that answers by itself: the figure, the date or the name asked for.

Of several figures, the one that measures what is asked is meant; of several such, the one whose clause, or whose column
head in a table, says most of what the question says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from index.numbers import Quantity
from index.words import words
from rag.answer.measures import figures, likeliest, read_quantities
from rag.answer.people import new_names
from rag.answer.question import answer_kind

__all__ = ["answer_quantity", "answer_span"]

# Where one statement of a sentence ends and the next begins.
_CLAUSE = re.compile(
    r"[，；;：:]|,(?!\d{3})|\s\|\s|(?<=\s)(?:and|from|to|while|but|compared with|against|versus)\s(?!\d+ (?:and|to)\s)"
)
_PART = re.compile(r"^\s*(?:其中|of (?:which|whom|these)\b)")
_BESIDE = 14  # characters behind a figure, in its clause, that say what it counts
_ASIDE = re.compile(r"[（(]\s*$")  # what opens a bracket explains the figure before it
_TIMES = frozenset(("date", "year"))


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
    """The one figure or date of a sentence that a question asks for; None as in ``answer_span``, and where none
    measures what is asked."""
    kind = answer_kind(question)
    if kind not in ("number", "date"):
        return None
    found = figures(question, sentence, dates=kind == "date")
    if kind == "number":
        found = likeliest(question, sentence, [q for q in found if q.kind != "ordinal"])
    if len({(q.kind, q.value, q.unit) for q in found}) > 1:
        found = _nearest(question, sentence, found, lead)
    return _widest(found) if len({(q.kind, q.value, q.unit) for q in found}) == 1 else None


def _nearest(question: str, sentence: str, found: Sequence[Quantity], lead: str) -> list[Quantity]:
    """Those whose own clause says most of what the question says, and its time; more than one where none stands out."""
    years = _years(read_quantities(question))  # counted apart: a clause may go on in the time of the one before
    asked = frozenset(word for word in words(question) if word not in years and not word.startswith(("y:", "d:")))
    heads = _cells(lead.rsplit("\n", 1)[-1]) if " | " in sentence else []
    said = [_said(asked, years, sentence, one, heads) for one in found]
    return [one for one, count in zip(found, said, strict=True) if count == max(said)]


def _said(asked: frozenset[str], years: frozenset[str], sentence: str, one: Quantity, heads: Sequence[str]) -> int:
    """How much of a question stands about a figure: words of its clause, what it counts, and the year beside it."""
    place = sentence[: one.start].count(" | ")
    if place < len(heads):
        head = frozenset(words(heads[place]))
        return len(asked & head) + 3 * bool(years & _years(read_quantities(heads[place])))
    start, end = _clause(sentence, one)
    clause = frozenset(words(f"{sentence[start : one.start]} {sentence[one.end : end]}"))
    counted = frozenset(words(sentence[one.end : min(end, one.end + _BESIDE)]))
    own = _years(_times_of(sentence, start, end))
    timely = (bool(years & own) - bool(own - years)) if years else 0
    part = bool(_PART.search(sentence[start : one.start]))
    aside = bool(_ASIDE.search(sentence[: one.start]))
    return len(asked & clause) + len(asked & counted) + 3 * timely - 2 * part - 2 * aside


def _times_of(sentence: str, start: int, end: int) -> list[Quantity]:
    """The times that a clause names, or, where it names none, the last one before it, which still holds."""
    times = [q for q in read_quantities(sentence) if q.kind in _TIMES and q.end <= end]
    return [q for q in times if q.start >= start] or times[-1:]


def _years(found: Iterable[Quantity]) -> frozenset[str]:
    return frozenset(str(q.value)[:4] for q in found if q.kind in _TIMES)


def _cells(line: str) -> list[str]:
    return line.split(" | ") if " | " in line else []


def _clause(sentence: str, found: Quantity) -> tuple[int, int]:
    """The bounds of the clause a figure stands in."""
    cuts = [match.span() for match in _CLAUSE.finditer(sentence)]
    start = max((end for begin, end in cuts if end <= found.start), default=0)
    return start, min((begin for begin, _ in cuts if begin >= found.end), default=len(sentence))


def _widest(found: Sequence[Quantity]) -> Quantity:
    return max(found, key=lambda q: q.end - q.start)
