"""Word files: headings by style, paragraphs, lists and tables in reading order, then the footnotes.

What the file points to outside itself is never fetched; what was deleted or hidden in it is no text.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from index.errors import DocumentError
from index.lines import join
from index.loaders.limits import LoadLimits
from index.loaders.text import check_characters
from index.types import Block, Extracted

if TYPE_CHECKING:
    from docx.document import Document as WordDocument

__all__ = ["extract"]

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_MOST_ENTRIES = 10_000
_READ_AT_ONCE = 2**20
_HEADING_STYLE = re.compile(r"(?:heading|标题|標題)\s*([1-9])", re.IGNORECASE)
_LIST_STYLE = re.compile(r"list|列表|清單", re.IGNORECASE)


def extract(data: bytes, limits: LoadLimits) -> Extracted:
    """The blocks of a Word file; its title is the one in its properties. Raises DocumentError where it is damaged or
    unpacks to more than allowed."""
    check_zip(data, limits)
    import docx

    word = docx.Document(io.BytesIO(data))
    blocks = _merge_lists(_blocks(word))
    blocks += _footnotes(word)
    check_characters(sum(len(block.text) for block in blocks), limits)
    return Extracted(word.core_properties.title or "", tuple(blocks))


def check_zip(data: bytes, limits: LoadLimits) -> None:
    """Unpack everything once and count the bytes that really come out. Raises DocumentError over the limits."""
    left = limits.file_mb * 2**20
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > _MOST_ENTRIES:
                raise DocumentError(f"it holds more than {_MOST_ENTRIES:,} parts")
            for entry in entries:
                with archive.open(entry) as part:
                    while piece := part.read(_READ_AT_ONCE):
                        left -= len(piece)
                        if left < 0:
                            raise DocumentError(f"it unpacks to more than {limits.file_mb} MB")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise DocumentError("it is a damaged or encrypted Word file") from error


def _blocks(word: WordDocument) -> Iterator[Block]:
    styles = _style_levels(word)
    for element in _body_elements(word.element.body):
        if element.tag == f"{_W}tbl":
            rows = _rows(element)
            if rows:
                yield Block("table" if any(" | " in row for row in rows) else "paragraph", "\n".join(rows))
        else:
            yield from _paragraph(element, styles)


def _body_elements(parent: Any) -> Iterator[Any]:
    """Paragraphs and tables in reading order, also those inside content controls and text boxes."""
    pending = list(reversed(parent))
    while pending:
        element = pending.pop()
        if element.tag in (f"{_W}p", f"{_W}tbl"):
            yield element
            if element.tag == f"{_W}p":
                boxes = [box for box in element.iter(f"{_W}txbxContent") if not _inside(box, _FALLBACK, element)]
                pending.extend(child for box in reversed(boxes) for child in reversed(box))
        elif element.tag in (f"{_W}sdt", f"{_W}sdtContent", f"{_W}customXml", f"{_W}smartTag", f"{_W}ins"):
            pending.extend(reversed(element))


def _inside(element: Any, tag: str, limit: Any) -> bool:
    parent = element.getparent()
    while parent is not None and parent is not limit:
        if parent.tag == tag:
            return True
        parent = parent.getparent()
    return False


def _style_levels(word: WordDocument) -> dict[str, int]:
    """Style id to what it means: 1 to 6 a heading of that level, -1 a list."""
    levels: dict[str, int] = {}
    titled = _has_title(word)
    for style in word.styles.element.iter(f"{_W}style"):
        identity = style.get(f"{_W}styleId") or ""
        name = next((n.get(f"{_W}val") or "" for n in style.iter(f"{_W}name")), "")
        if heading := _HEADING_STYLE.search(name):
            levels[identity] = min(6, int(heading.group(1)) + titled)
        elif name.lower() == "title":
            levels[identity] = 1
        elif (outline := next(style.iter(f"{_W}outlineLvl"), None)) is not None:
            levels[identity] = _outline_level(outline)
        elif _LIST_STYLE.search(name):
            levels[identity] = -1
    return levels


def _has_title(word: WordDocument) -> bool:
    """Whether a paragraph is set as the document's title, so that its headings stand one level below."""
    titles = {s.style_id for s in word.styles if (s.name or "").lower() == "title"}
    return any(style.get(f"{_W}val") in titles for style in word.element.body.iter(f"{_W}pStyle"))


def _outline_level(element: Any) -> int:
    value = element.get(f"{_W}val") or "9"
    return int(value) + 1 if value.isdigit() and int(value) < 6 else 0


def _paragraph(element: Any, styles: dict[str, int]) -> Iterator[Block]:
    properties = element.find(f"{_W}pPr")
    level = 0
    if properties is not None:
        style = properties.find(f"{_W}pStyle")
        level = styles.get(style.get(f"{_W}val") or "", 0) if style is not None else 0
        outline = properties.find(f"{_W}outlineLvl")
        level = _outline_level(outline) if outline is not None else level
        if level == 0 and properties.find(f"{_W}numPr") is not None:
            level = -1
    lines = [line for line in _text(element).split("\n") if line.strip()]
    if not lines:
        return
    if level > 0:
        yield Block("heading", join(lines), level)
    elif level < 0:
        yield Block("list", " ".join(lines))
    else:
        yield from (Block("paragraph", line) for line in lines)


def _text(paragraph: Any) -> str:
    """The text of a paragraph as shown: insertions in, deletions, hidden runs and text boxes out."""
    parts: list[str] = []
    pending = list(reversed(paragraph))
    while pending:
        element = pending.pop()
        tag = element.tag
        if tag == f"{_W}t":
            parts.append(element.text or "")
        elif tag == f"{_W}tab":
            parts.append("\t")
        elif tag in (f"{_W}br", f"{_W}cr"):
            parts.append("\n")
        elif tag == f"{_W}noBreakHyphen":
            parts.append("-")
        elif tag not in _NOT_SHOWN and not _is_hidden(element):
            pending.extend(reversed(element))
    return "".join(parts)


_NOT_SHOWN = frozenset(
    [f"{_W}{name}" for name in ("del", "moveFrom", "pPr", "rPr", "txbxContent", "instrText", "delText")] + [_FALLBACK]
)


def _is_hidden(element: Any) -> bool:
    vanish = element.find(f"{_W}rPr/{_W}vanish") if element.tag == f"{_W}r" else None
    return vanish is not None and vanish.get(f"{_W}val") not in ("0", "false")


def _rows(table: Any) -> list[str]:
    """One line a row; what a merged cell covers is there once, tables inside a cell are text of the cell."""
    rows: list[str] = []
    for row in table.iterchildren(f"{_W}tr", f"{_W}sdt"):
        cells = [cell for cell in row.iter(f"{_W}tc") if not _inside(cell, f"{_W}tbl", row)]
        texts = [
            join(line for p in cell.iter(f"{_W}p") for line in _text(p).split("\n")).replace("|", "/") for cell in cells
        ]
        if any(text.strip() for text in texts):
            rows.append(" | ".join(text.strip() for text in texts))
    return rows


def _merge_lists(blocks: Iterator[Block]) -> list[Block]:
    merged: list[Block] = []
    items: list[str] = []
    for block in blocks:
        if block.kind == "list":
            items.append(block.text)
            continue
        if items:
            merged.append(Block("list", "\n".join(items)))
            items = []
        merged.append(block)
    return [*merged, Block("list", "\n".join(items))] if items else merged


def _footnotes(word: WordDocument) -> list[Block]:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    blocks: list[Block] = []
    for part in word.part.package.iter_parts():
        if str(part.partname) in ("/word/footnotes.xml", "/word/endnotes.xml"):
            root = etree.fromstring(part.blob, parser)
            blocks += [Block("paragraph", text) for p in root.iter(f"{_W}p") if (text := _text(p).strip())]
    return blocks
