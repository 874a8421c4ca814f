"""The values that travel through the offline line: file → Extracted → Document → Chunk → Passage.

All offsets count Unicode code points of the cleaned text of a document, half-open: ``text[start:end]``.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Literal

BlockKind = Literal["heading", "paragraph", "list", "table", "code"]

__all__ = ["Block", "BlockKind", "Chunk", "Document", "Extracted", "Passage", "Section"]


def _check_span(owner: str, start: int, end: int) -> None:
    if not 0 <= start <= end:
        raise ValueError(f"{owner} span must be 0 <= start <= end, was: {start}, {end}")


@dataclass(frozen=True, slots=True)
class Block:
    """One structural piece of a file as a loader found it.

    ``level`` is 1 to 6 for a heading and 0 otherwise; ``page`` is 1-based where the format has pages, else None.
    A table is text with one row a line, its cells joined by `` | ``.
    """

    kind: BlockKind
    text: str
    level: int = 0
    page: int | None = None

    def __post_init__(self) -> None:
        if self.page is not None and self.page < 1:
            raise ValueError(f"page must be 1 or more, was: {self.page}")
        if not 0 <= self.level <= 6:
            raise ValueError(f"level must be 0 to 6, was: {self.level}")


@dataclass(frozen=True, slots=True)
class Extracted:
    """What a loader returns: the title the file states (may be empty) and its blocks in reading order."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Where one block stands in the text of its document; a page may change inside it (see ``Document.pages``)."""

    kind: BlockKind
    start: int
    end: int
    level: int = 0

    def __post_init__(self) -> None:
        _check_span("section", self.start, self.end)


@dataclass(frozen=True, slots=True)
class Document:
    """A cleaned document.

    ``id`` is made from the file's content; ``source`` is the path it was read from; ``digest`` is the SHA-256 of
    the file's bytes, in hex; ``pages[i]`` is the offset at which page ``i + 1`` begins (empty without pages).
    """

    id: str
    title: str
    source: str
    text: str
    language: str
    digest: str
    sections: tuple[Section, ...] = ()
    pages: tuple[int, ...] = ()

    def page_at(self, offset: int) -> int | None:
        """The 1-based page on which the character at ``offset`` stands, or None for a format without pages."""
        return max(1, bisect_right(self.pages, offset)) if self.pages else None


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of whole sentences of one document: ``text == document.text[start:end]``.

    ``headings`` is the path of headings it stands under, outermost first: searched, never quoted.
    """

    id: str
    document_id: str
    start: int
    end: int
    text: str
    language: str
    page: int | None = None
    headings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_span("chunk", self.start, self.end)
        if len(self.text) != self.end - self.start:
            raise ValueError(f"chunk text must be {self.end - self.start} characters, was: {len(self.text)}")


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk as search returns it: where it stands, what it says, and how well it matches (higher is better)."""

    chunk_id: str
    document_id: str
    title: str
    source: str
    page: int | None
    start: int
    end: int
    text: str
    language: str
    score: float
    headings: tuple[str, ...] = ()

    @property
    def whole(self) -> str:
        """Its text with what stands above it: its document's title and its headings."""
        return "\n".join((self.title, *self.headings, self.text))
