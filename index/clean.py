"""Extracted blocks to a document: text repaired without moving its meaning, and where each block and page stands in it.

The cleaned text is the document's text: every offset, quote and highlight refers to it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from index.errors import DocumentError
from index.furniture import drop_furniture
from index.language import detect
from index.lines import breaks_off, is_caption, is_footnote, join, opens, width, words_of
from index.types import Block, Document, Extracted, Section

__all__ = ["clean"]

_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U000e0000-\U000e0fff]|[\ud800-\udfff]"
)
_LINE_END = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_BLANK = re.compile(r"[^\S\n]+")
# Characters that stand for others: radicals and ligatures that PDFs hold in place of the letters themselves.
_STAND_IN = re.compile("[\u2e80-\u2fd5\ufb00-\ufb06]")
_BULLETS = str.maketrans(dict.fromkeys("\uf0b7\uf0a7\uf06c\uf06e\uf0d8\uf076", "•"))
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_SPACED_HAN = re.compile(f"(?<=[{_HAN}，。、：；！？]) (?=[{_HAN}，。、：；！？])")
_NO_TITLE = re.compile(
    r"^(untitled|无标题|未命名|無標題|document ?\d*|microsoft (word|powerpoint)\b.*|.*\.(docx?|pdf|indd|tmp|html?))$",
    re.IGNORECASE,
)
_CLOSE_UP_SAMPLE = 2000  # characters of a line that show whether its letters are set apart
_TITLE_LENGTH = 200
# Languages are told from this much of a document's beginning, middle and end.
_LANGUAGE_SAMPLE = 40_000


@dataclass(slots=True)
class _Piece:
    """A block being cleaned; ``breaks`` are the offsets in its text at which a later page begins."""

    block: Block
    breaks: list[tuple[int, int]]


def clean(extracted: Extracted, *, source: str, digest: str) -> Document:
    """The document of one file: ``source`` its path, ``digest`` the SHA-256 of its bytes in hex.

    Lines broken inside a paragraph are joined, running headers, footers and page numbers dropped, hidden and control
    characters removed, and blocks set apart by an empty line (table rows and list items stay one a line).
    Raises DocumentError where no text is left.
    """
    blocks = drop_furniture([_tidy(block) for block in extracted.blocks])
    words = words_of("\n".join(block.text for block in blocks if block.kind == "paragraph"))
    pieces = [_Piece(block, []) for block in (_reflow(block, words) for block in blocks) if block.text]
    pieces = _join_across_pages(pieces, words)
    if not pieces:
        raise DocumentError("it holds no text")
    text, sections, pages = _assemble(pieces)
    return Document(
        id=digest[:16],
        title=_title(extracted.title, [piece.block for piece in pieces], source),
        source=source,
        text=text,
        language=_language(text),
        digest=digest,
        sections=sections,
        pages=pages,
    )


def _tidy(block: Block) -> Block:
    """The block without hidden characters, its line ends ``\\n`` and its stand-in characters replaced."""
    text = _LINE_END.sub("\n", block.text)
    if "\u00ad" in text:
        text = re.sub("\u00ad[ \t]*\n[ \t]*", "", text)
    text = _HIDDEN.sub("", text).translate(_BULLETS)
    text = _STAND_IN.sub(lambda match: unicodedata.normalize("NFKC", match.group()), text)
    text = unicodedata.normalize("NFC", text)
    return Block(block.kind, text, block.level, block.page)


def _reflow(block: Block, words: Collection[str]) -> Block:
    if block.kind == "code":
        lines = [line.replace("\u00a0", " ").replace("\u3000", "  ").rstrip() for line in block.text.split("\n")]
        text = "\n".join(lines).strip("\n")
    else:
        lines = [_BLANK.sub(" ", line).strip() for line in block.text.split("\n")]
        kept = [_close_up(line) for line in lines if line]
        text = join(kept, words) if block.kind in ("paragraph", "heading") else "\n".join(kept)
    return Block(block.kind, text, block.level, block.page)


def _close_up(line: str) -> str:
    """Han text without the spaces some PDFs put between any two characters; single spaces of meaning stay."""
    sample = line[:_CLOSE_UP_SAMPLE]
    gaps = len(_SPACED_HAN.findall(sample))
    return _SPACED_HAN.sub("", line) if gaps >= 4 and gaps > 0.5 * (width(sample) - len(sample)) else line


def _join_across_pages(pieces: list[_Piece], words: Collection[str]) -> list[_Piece]:
    """With paragraphs that a page end cut in two made whole; footnotes between the halves go before them, so that
    they stay on their page."""
    joined: list[_Piece] = []
    for piece in pieces:
        cut = _cut_paragraph(joined, piece.block)
        if cut is None:
            joined.append(piece)
            continue
        first = joined.pop(cut)
        text = join([first.block.text, piece.block.text], words)
        offset = len(text) - len(piece.block.text)
        breaks = [*first.breaks, (offset, piece.block.page or 1)]
        joined.append(_Piece(Block("paragraph", text, 0, first.block.page), breaks))
    return joined


def _cut_paragraph(joined: Sequence[_Piece], after: Block) -> int | None:
    """The index of the paragraph that ``after`` goes on with, or None."""
    if after.page is None or after.kind != "paragraph" or opens(after.text):
        return None
    index = len(joined) - 1
    while index >= 0 and joined[index].block.page == after.page - 1 and is_footnote(joined[index].block.text):
        index -= 1
    if index < 0:
        return None
    before = joined[index]
    last_page = before.breaks[-1][1] if before.breaks else before.block.page
    cut = before.block.kind == "paragraph" and last_page == after.page - 1 and breaks_off(before.block.text)
    return index if cut else None


def _assemble(pieces: Sequence[_Piece]) -> tuple[str, tuple[Section, ...], tuple[int, ...]]:
    sections: list[Section] = []
    starts: list[tuple[int, int]] = []
    offset = 0
    for piece in pieces:
        block = piece.block
        sections.append(Section(block.kind, offset, offset + len(block.text), block.level))
        if block.page is not None:
            starts.append((block.page, offset))
            starts.extend((page, offset + inside) for inside, page in piece.breaks)
        offset += len(block.text) + 2
    return "\n\n".join(piece.block.text for piece in pieces), tuple(sections), _page_starts(starts)


def _page_starts(starts: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    """The offset at which each page begins; a page without text begins where the next one does."""
    if not starts:
        return ()
    first: dict[int, int] = {}
    for page, offset in starts:
        first.setdefault(page, offset)
    offsets: list[int] = []
    following = max(offset for _, offset in starts)
    for page in range(max(first), 0, -1):
        following = min(following, first.get(page, following))
        offsets.append(following)
    offsets.reverse()
    return (0, *offsets[1:])


def _title(stated: str, blocks: Sequence[Block], source: str) -> str:
    """The stated title, else the first heading near the top, else a short first line, else the file's name."""
    stated = " ".join(_HIDDEN.sub("", stated).split())
    if stated and not _NO_TITLE.match(stated):
        return stated[:_TITLE_LENGTH]
    before = 0
    for block in blocks:
        if block.kind == "heading":
            return block.text[:_TITLE_LENGTH]
        before += len(block.text)
        if before > 300:
            break
    first = blocks[0]
    if first.kind == "paragraph" and width(first.text) <= 60 and not is_caption(first.text):
        return first.text
    return PurePath(source.replace("\\", "/")).stem or source


def _language(text: str) -> str:
    if len(text) > 3 * _LANGUAGE_SAMPLE:
        middle = len(text) // 2
        text = text[:_LANGUAGE_SAMPLE] + text[middle : middle + _LANGUAGE_SAMPLE] + text[-_LANGUAGE_SAMPLE:]
    tag = detect(text)
    return "zh-Hans" if tag == "zh" else tag
