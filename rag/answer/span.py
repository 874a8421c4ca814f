"""The short span of a sentence that answers by itself: the figure, the date or the name asked for.

Of several figures, the one that measures what is asked is meant; of several such, the one whose clause, or whose column
head in a table, says most of what the question says.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.language import detect, fold, is_chinese
from index.numbers import Quantity
from index.words import cut_han, is_listed, words
from rag.answer.measures import figures, likeliest
from rag.answer.question import SURNAMES, answer_kind

__all__ = ["answer_quantity", "answer_span"]

# Where one statement of a sentence ends and the next begins.
_CLAUSE = re.compile(
    r"[，；;：:（）()]|,(?!\d{3})|\s\|\s|(?<=\s)(?:and|from|while|but|compared with|of which|against|versus)\s"
)
_ENGLISH_NAME = re.compile(
    r"\b[A-Z][a-z]+(?:[-’'][A-Z][a-z]+)?(?: (?:[A-Z]\.|de|van|von|der|la|[A-Z][a-zA-Z’'-]+)){1,3}"
)
# A run of capitalised words with one of these is an office, a firm or a place.
_NO_PERSON = re.compile(
    r"\b(?:Chief|Officer|President|Director|Minister|Secretary|Chair\w*|Head|Board|Committee|Company|Corporation|Inc|Ltd|"
    r"University|Institute|Research|Lab|Technology|Semiconductor|Street|County|City|State|States|Kingdom|Republic|Act|The|"
    r"Department|Union|January|February|March|April|June|July|August|September|October|November|December)\b"
)
_HAN_RUN = re.compile(r"[\u4e00-\u9fff]+(?:·[\u4e00-\u9fff]+)*")


def answer_span(question: str, sentence: str, lead: str = "") -> tuple[int, int] | None:
    """Where the figure, date or name that a question asks for stands in a sentence; None where there is none, or
    several that could be meant. ``lead`` is what is read before the sentence, such as column heads."""
    kind = answer_kind(question)
    if kind == "person":
        return _name(question, sentence)
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


def _name(question: str, sentence: str) -> tuple[int, int] | None:
    """The one personal name of a sentence that the question does not hold."""
    asked = fold(question)
    found = _chinese_names(sentence) if is_chinese(detect(sentence)) else []
    latin = _ENGLISH_NAME.finditer(sentence)
    found += [match.span() for match in latin if not _NO_PERSON.search(match.group())]
    new = [span for span in found if fold(sentence[span[0] : span[1]]) not in asked]
    return new[0] if len({sentence[start:end] for start, end in new}) == 1 else None


def _chinese_names(sentence: str) -> list[tuple[int, int]]:
    """The spans of what jieba guesses to be a word, begins with a surname and is as long as a name; and of foreign
    names with their dot."""
    spans: list[tuple[int, int]] = []
    for run in _HAN_RUN.finditer(sentence):
        if "·" in run.group():
            spans.append(run.span())
            continue
        position = run.start()
        for word in cut_han(fold(run.group())):
            if len(word) in (2, 3) and word[0] in SURNAMES and not is_listed(word):
                spans.append((position, position + len(word)))
            position += len(word)
    return spans
