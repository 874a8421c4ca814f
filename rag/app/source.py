"""A document's text around a citation, as HTML with the exact span marked.

Everything is cut in Python, in Unicode code points, so the browser never counts. The text inside all ``<mark>``
elements, joined, is the citation's quote: separators that the eye needs not see are hidden, not left out.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from index.types import Document, Section

__all__ = ["excerpt", "safe"]

# Characters shown before and after a citation: some pages of context, yet light enough for a phone.
_MARGIN = 4000
_SEPARATOR = " | "


def safe(text: str) -> str:
    """Any text as HTML text or attribute value; what UTF-8 cannot carry (lone surrogates) becomes ``?``."""
    return escape(text.encode("utf-8", "replace").decode("utf-8"))


@dataclass(frozen=True, slots=True)
class _Marked:
    """A document and the span to mark in it; ``start == end`` marks nothing."""

    document: Document
    start: int
    end: int

    def text(self, low: int, high: int) -> str:
        """``document.text[low:high]`` escaped, with its part of the mark and the page breaks that fall inside."""
        pages = self.document.pages
        breaks = pages[bisect_left(pages, low) : bisect_left(pages, high)]
        cuts = sorted({low, high, *breaks, *(cut for cut in (self.start, self.end) if low < cut < high)})
        parts = []
        for left, right in itertools.pairwise(cuts):
            if left in breaks:
                parts.append(f'<span class="page-break" data-page="{self.document.page_at(left)}"></span>')
            piece = safe(self.document.text[left:right])
            parts.append(f"<mark>{piece}</mark>" if self.start <= left < self.end else piece)
        return "".join(parts)

    def gap(self, low: int, high: int) -> str:
        """What stands between two blocks: hidden when it is white space, for the layout sets the distance."""
        if low >= high:
            return ""
        between = self.document.text[low:high]
        hidden = between.isspace() or between == _SEPARATOR
        return f'<span class="{"gap" if hidden else "block"}">{self.text(low, high)}</span>'

    def table(self, low: int, high: int) -> str:
        """Rows and cells of a table block; the separators stay in the text, out of sight."""
        rows, position = [], low
        for row in self.document.text[low:high].splitlines(keepends=True):
            cells, cell_start = [], position
            for cell in re.split(r"(?<=\s\|\s)", row):
                content = cell.removesuffix("\n").removesuffix(_SEPARATOR)
                middle, cell_end = cell_start + len(content), cell_start + len(cell)
                cells.append(f'<span class="cell">{self.text(cell_start, middle)}{self.gap(middle, cell_end)}</span>')
                cell_start = cell_end
            rows.append(f'<div class="row">{"".join(cells)}</div>')
            position += len(row)
        return "".join(rows)


def _window(text: str, start: int, end: int) -> tuple[int, int]:
    """The part to show: some pages around the span, cut at line ends where there are any."""
    low, high = max(0, start - _MARGIN), min(len(text), end + _MARGIN)
    if low > 0:
        low = max(low, text.find("\n", low, start) + 1)
    if high < len(text):
        line_end = text.rfind("\n", end, high)
        high = high if line_end < 0 else line_end
    return low, high


def _sections(document: Document, low: int, high: int) -> Iterator[tuple[Section, int, int]]:
    """The sections that reach into a window, cut to it, in order and without overlap."""
    position = low
    for section in document.sections:
        left, right = max(section.start, position), min(section.end, high)
        if left < right:
            yield section, left, right
            position = right


def excerpt(document: Document, start: int, end: int) -> tuple[str, bool]:
    """HTML of the text around ``document.text[start:end]`` with that span marked, and whether it is only a part.

    ``start == end`` shows the text from there with nothing marked. A span outside the text marks what lies inside.
    """
    length = len(document.text)
    marked = _Marked(document, min(start, length), min(end, length))
    low, high = _window(document.text, marked.start, marked.end)
    parts, position = [], low
    for section, left, right in _sections(document, low, high):
        parts.append(marked.gap(position, left))
        inner = marked.table(left, right) if section.kind == "table" else marked.text(left, right)
        parts.append(f'<div class="block {section.kind} level-{section.level}">{inner}</div>')
        position = right
    parts.append(marked.gap(position, high))
    return "".join(parts), low > 0 or high < length
