"""PDF: the text of each page as lines with their place and size, and from those paragraphs, headings and tables."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from ctypes import c_double
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any

from index.errors import DocumentError
from index.lines import ends_sentence, heading_level, opens, width
from index.loaders.limits import LoadLimits
from index.loaders.text import check_characters
from index.types import Block, Extracted

if TYPE_CHECKING:
    import pypdfium2

__all__ = ["extract"]

_LIST_MARK = re.compile(r"[-*+•·●○▪■◆–]|\d{1,2}[.)）、]|[a-zA-Z][.)）]|[（(]\w{1,2}[)）]|[①-⑳]")
# A heading is this much larger than the body's type, and at most this wide in columns.
_HEADING_SIZE = 1.15
_HEADING_COLUMNS = 160
# Cells stand apart by more than this many times the size of the type.
_CELL_GAP = 1.2
# A file's pages hold at least this many characters each on average, or they are pictures.
_FEWEST_CHARACTERS = 5

# Left, bottom, right and top in points, counted from the page's lower left corner.
_Rect = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a page: its text, its cells where it has several, its edges and the size of its type in points."""

    text: str
    cells: tuple[str, ...]
    left: float
    right: float
    bottom: float
    size: float


def extract(data: bytes, limits: LoadLimits) -> Extracted:
    """The text of a PDF with page numbers. Raises DocumentError where it is encrypted, damaged, over the limits or
    holds pictures of text only."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        encrypted = "password" in str(error).lower()
        reason = "it is encrypted: save a copy without a password" if encrypted else "it is a damaged PDF"
        raise DocumentError(reason) from error
    if len(document) > limits.pages:
        raise DocumentError(f"it has {len(document):,} pages, more than {limits.pages:,}; split it")
    pages = list(_pages(document, limits))
    characters = sum(len(line.text) for lines in pages for line in lines)
    if characters < _FEWEST_CHARACTERS * max(1, len(pages)):
        raise DocumentError("it has no text layer: scanned pages need OCR first")
    sizes = _heading_sizes(pages)
    blocks = [block for number, lines in enumerate(pages, 1) for block in _page_blocks(lines, number, sizes)]
    return Extracted((document.get_metadata_value("Title") or "").strip(), tuple(blocks))


def _pages(document: pypdfium2.PdfDocument, limits: LoadLimits) -> Iterator[list[_Line]]:
    characters = 0
    for index in range(len(document)):
        page = document[index]
        text = page.get_textpage()
        lines = list(_lines(text))
        characters += sum(len(line.text) for line in lines)
        check_characters(characters, limits)
        text.close()
        page.close()
        yield lines


def _lines(page: Any) -> Iterator[_Line]:
    """The lines of a page in the order PDFium reads them."""
    count = page.count_chars()
    if count <= 0:
        return
    text = page.get_text_range(0, count)
    start = 0
    for raw in _split(text):
        stripped = raw.rstrip("\r\n\x02\ufffe")
        lead = len(stripped) - len(stripped.lstrip())
        if stripped.strip():
            hyphen = "-" if raw[len(stripped) :].startswith(("\x02", "\ufffe")) else ""
            yield _measure(page, start + lead, stripped.strip(), hyphen)
        start += len(raw)


def _split(text: str) -> list[str]:
    """The text in lines with their ends; PDFium's mark for a broken word ends a line too."""
    return re.findall("[^\r\n\x02\ufffe]*(?:[\x02\ufffe]?(?:\r\n|[\r\n])|[\x02\ufffe])|[^\r\n\x02\ufffe]+$", text)


def _measure(page: Any, start: int, text: str, hyphen: str) -> _Line:
    from pypdfium2 import raw

    rects = []
    for i in range(min(200, raw.FPDFText_CountRects(page, start, len(text)))):
        left, top, right, bottom = c_double(), c_double(), c_double(), c_double()
        raw.FPDFText_GetRect(page, i, left, top, right, bottom)
        rects.append((left.value, bottom.value, right.value, top.value))
    size = float(raw.FPDFText_GetFontSize(page, start))
    if not rects:
        return _Line(text + hyphen, (), 0.0, 0.0, 0.0, size)
    # A scaled font may claim a size of 1 point: the height of the line then says more.
    height = median(top - bottom for _, bottom, _, top in rects)
    size = size if 0.5 * height <= size <= 3 * height else height
    cells = _cells(page, rects, size)
    first, last = min(rect[0] for rect in rects), max(rect[2] for rect in rects)
    return _Line(text + hyphen, cells, first, last, min(rect[1] for rect in rects), round(size, 1))


def _cells(page: Any, rects: Sequence[_Rect], size: float) -> tuple[str, ...]:
    """The texts that wide gaps part a line into; none where there is no such gap."""
    groups: list[list[_Rect]] = []
    for rect in sorted(rects):
        if groups and rect[0] - max(r[2] for r in groups[-1]) <= _CELL_GAP * size:
            groups[-1].append(rect)
        else:
            groups.append([rect])
    if len(groups) < 2:
        return ()
    texts = [" ".join(page.get_text_bounded(*_around(group)).split()) for group in groups]
    return () if _LIST_MARK.fullmatch(texts[0]) and len(texts) == 2 else tuple(text.replace("|", "/") for text in texts)


def _around(rects: Sequence[_Rect]) -> _Rect:
    return (min(r[0] for r in rects), min(r[1] for r in rects), max(r[2] for r in rects), max(r[3] for r in rects))


def _heading_sizes(pages: Sequence[Sequence[_Line]]) -> dict[float, int]:
    """Sizes of type that headings are set in, with their level: the largest is 1."""
    amounts: Counter[float] = Counter()
    for lines in pages:
        for line in lines:
            amounts[line.size] += width(line.text)
    body = amounts.most_common(1)[0][0] if amounts else 0.0
    total = sum(amounts.values())
    larger = sorted(
        (size for size in amounts if size >= _HEADING_SIZE * body and amounts[size] < 0.3 * total), reverse=True
    )
    return {size: min(rank, 4) for rank, size in enumerate(larger, 1)}


def _page_blocks(lines: Sequence[_Line], number: int, sizes: dict[float, int]) -> Iterator[Block]:
    margin = max((line.right for line in lines), default=0.0)
    steps = [a.bottom - b.bottom for a, b in pairwise(lines) if 0 < a.bottom - b.bottom < 4 * a.size]
    step = median(steps) if steps else 0.0
    group: list[_Line] = []
    for line in lines:
        if group and not _belongs(group, line, sizes, margin, step):
            yield _block(group, number, sizes)
            group = []
        group.append(line)
    if group:
        yield _block(group, number, sizes)


def _belongs(group: Sequence[_Line], line: _Line, sizes: dict[float, int], margin: float, step: float) -> bool:
    """Whether a line goes on with the paragraph, heading or table that the lines before it form."""
    last = group[-1]
    if last.cells or line.cells:
        return bool(last.cells and line.cells) and abs(last.bottom - line.bottom) < 4 * line.size
    if abs(last.size - line.size) > 0.12 * max(last.size, line.size):
        return False
    down = last.bottom - line.bottom
    if sizes.get(last.size):
        return 0 < down < 2 * line.size and len(group) < 4
    if down > max(1.45 * step, 1.2 * line.size) and step:
        return False
    if opens(line.text) or heading_level(last.text):
        return False
    if down < -line.size:  # the next column, or back up the page
        return not ends_sentence(last.text) and width(last.text) >= 20
    indented = line.left - last.left > 1.2 * line.size and len(group) > 1
    short = last.right < margin - 3 * line.size - (line.right - line.left) * 0.02
    return not (ends_sentence(last.text) and (indented or short)) and not (indented and short)


def _block(group: Sequence[_Line], number: int, sizes: dict[float, int]) -> Block:
    text = "\n".join(line.text for line in group)
    if len(group) > 1 and group[0].cells:
        return Block("table", "\n".join(" | ".join(line.cells) for line in group), 0, number)
    level = sizes.get(group[0].size, 0) or (heading_level(text) if len(group) == 1 else 0)
    if (
        level
        and width(text) <= _HEADING_COLUMNS
        and not text.endswith(("。", "，", "；", ",", ";"))
        and re.search(r"[^\W\d]", text)
    ):
        return Block("heading", text, level, number)
    return Block("paragraph", text, 0, number)
