"""The sentences of a passage as they can be quoted, and what a reader knows before reading each of them.

A row of a table is one sentence however it is punctuated, and is read under its column heads; a date or label that a
line opens with (``16 May 2019. Huawei is added …``) belongs to the sentence behind it; an answer is read after its
question, an item of a list after the line that introduces the list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from index.language import Side, sentences, side
from index.numbers import quantities
from index.types import Passage

__all__ = ["Shape", "Span", "is_row", "spans_of"]

Shape = Literal["prose", "row", "head", "title", "question", "reference"]

_CELLS = " | "
_END = re.compile(r"[。！？；…!?.;][\s”’」』）)\"'\]\d⁰-⁹]*$")
_QUESTION = re.compile(r"[?？][\s”’」』）)\"']*$|^(?:问|問|Q)\s*[:：.]")
_LEAD = re.compile(r"[:：]\s*$")
_ITEM = re.compile(r"^\s*(?:[-*•·‧●○]|[(（]?(?:\d{1,2}|[一二三四五六七八九十]{1,2}|[a-z])[)）.、．])")
# A label and its value (``Rating: Hold.``) belong to what follows on the line; so does a date alone.
_LABELLED = re.compile(r"^(?!答|A:)[^:：\n]{1,20}[:：]\s*[^:：\n]{1,20}[.。]$")
_BESIDE_DATE = 4  # characters
_TITLE = 30.0  # longer than this, in Han characters (a Latin letter counts a third), it is no title


@dataclass(frozen=True, slots=True)
class Span:
    """One sentence of a passage; ``start`` and ``end`` are offsets into its passage's text.

    ``lead`` is what is read before it within the passage: column heads, the question it answers, the line that
    introduces its list. ``head`` is where the column heads of a row stand in the passage, to be quoted with it.
    """

    passage: int
    start: int
    end: int
    text: str
    side: Side
    shape: Shape = "prose"
    lead: str = ""
    head: tuple[int, int] | None = None


def is_row(line: str) -> bool:
    """Whether a line is a row of a table: a loader joins the cells of one by `` | ``."""
    return _CELLS in line


def spans_of(number: int, passage: Passage) -> list[Span]:
    """The sentences of a passage in order; ``number`` is the passage's place."""
    own, text = side(passage.language), passage.text
    state = _Reading(passage.headings[-1] if passage.headings and is_row(passage.headings[-1]) else "")
    return [state.read(number, text, piece, own) for piece in _pieces(text)]


@dataclass(slots=True)
class _Reading:
    """What has been read so far of a passage; ``heads`` are column heads that stand outside it."""

    heads: str
    head: tuple[int, int] | None = None
    in_table: bool = False
    caption: str = ""
    question: str = ""
    lead: str = ""
    introduced: bool = False  # by the sentence just before

    def read(self, number: int, text: str, piece: tuple[int, int], own: Side) -> Span:
        start, end = piece
        written = text[start:end]
        if is_row(written):
            return self._row(number, text, piece, own)
        self.in_table, self.head = False, None
        line = text[text.rfind("\n", 0, start) + 1 :].split("\n", 1)[0]
        shape: Shape = "reference" if _SOURCE_LINE.fullmatch(line) else _shape(written)
        if shape == "question":
            self.question, self.lead = written, ""
            return Span(number, start, end, written, own, shape)
        if not self.introduced and not _ITEM.match(line):
            self.lead = ""
        above = "\n".join(part for part in (self.question, self.lead) if part)
        self.introduced = bool(_LEAD.search(written))
        if self.introduced:
            self.lead = written
        self.caption = written
        return Span(number, start, end, written, own, shape, above)

    def _row(self, number: int, text: str, piece: tuple[int, int], own: Side) -> Span:
        start, end = piece
        first = not self.in_table
        self.in_table = True
        shape: Shape = "row"
        if first and not self.heads and is_row(text[end:].lstrip("\n").split("\n", 1)[0]):
            self.head, shape = piece, "head"
        heads = self.heads or (text[self.head[0] : self.head[1]] if self.head and shape == "row" else "")
        above = "\n".join(part for part in (self.caption, heads) if part)
        return Span(number, start, end, text[start:end], own, shape, above, self.head if shape == "row" else None)


# A footnote: its raised mark and a quoted title behind at most an author; a number and a text that ends in a link.
_REFERENCE = re.compile(
    r"^\s*(?:[¹²³⁴⁵⁶⁷⁸⁹⁰]{1,3}\s?|\d{1,3}\s(?=[\"“《]))(?:[^\n\"“《]{0,80})[\"“《][^\n]*[\"”》]|"
    r"^\s*[¹²³⁴⁵⁶⁷⁸⁹⁰\d]{1,3}\s[^\n。]*https?://\S+\W*$"
)
# A line of a list of sources: number, title, publisher and, last, the date.
_SOURCE_LINE = re.compile(r"\s*(?:[①-⑳]|\[\d{1,3}\])[^。]*[.．][^。]*(?:19|20)\d\d(?:[-./年]\d{1,2}){0,2}[日号號]?\W*")
_LINK = re.compile(r"https?://[^\s，。；）]+")
_MOSTLY = 0.5  # of a text, from where it is a link with a few words about it


def _shape(piece: str) -> Shape:
    if _QUESTION.search(piece):
        return "question"
    if _REFERENCE.search(piece) or sum(len(link) for link in _LINK.findall(piece)) >= _MOSTLY * len(piece):
        return "reference"
    return "prose" if _END.search(piece) or _LEAD.search(piece) or _size(piece) > _TITLE else "title"


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """The spans of sentences; those of one table row are one, and a fragment is one with what follows on its line."""
    pending: tuple[int, int] | None = None
    for start, end in sentences(text):
        begin = start
        if pending is not None:
            if "\n" in text[pending[1] : start]:
                yield pending
            else:
                begin = pending[0]
            pending = None
        if _leans_on_next(text, start, end):
            pending = (begin, end)
        else:
            yield begin, end
    if pending is not None:
        yield pending


def _leans_on_next(text: str, start: int, end: int) -> bool:
    line = text[text.rfind("\n", 0, start) + 1 :].split("\n", 1)[0]
    if is_row(line):
        return True
    piece = text[start:end]
    if _LABELLED.match(piece):
        return True
    if len(piece) > 30:
        return False
    dated = [q.end - q.start for q in quantities(piece) if q.kind in ("date", "year")]
    return bool(dated) and len(piece) - max(dated) <= _BESIDE_DATE


def _size(text: str) -> float:
    return sum(1.0 if character > "\u2e7f" else 0.34 for character in text)
