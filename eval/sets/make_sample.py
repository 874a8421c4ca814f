"""Rebuild the sample knowledge base's PDF, Word and legacy-encoded files from their sources.

Plain UTF-8 txt, md and html documents are written by hand in ``sample/`` and are their own source. The others are made
here from ``sample_sources/`` and committed, because a user who opens the sample needs neither Chromium nor this script.

    python eval/sets/make_sample.py                 # everything
    python eval/sets/make_sample.py chips-act.pdf   # some files by name

Needs ``markdown-it-py``, ``python-docx``, ``fonttools`` and, for PDF, Debian's ``chromium`` with ``fonts-noto-cjk``.
"""

from __future__ import annotations

import argparse
import base64
import html
import io
import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from markdown_it.token import Token

SETS = Path(__file__).resolve().parent
SOURCES = SETS / "sample_sources"
OUTPUT = SETS / "sample"
BROWSER = "/usr/bin/chromium"
BROWSER_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--no-pdf-header-footer",
)
FONT_FOLDER = Path("/usr/share/fonts/opentype/noto")
# The place of each language's face in the Noto Sans CJK collections, and its name in Word.
PRINT_FACES = {"zh-Hans": 2, "zh-Hant": 3, "en": 2}
WORD_FONTS = {
    "zh-Hans": "Microsoft YaHei",
    "zh-Hant": "Microsoft JhengHei",
    "en": "Calibri",
}
# A fixed date, so that a rebuilt Word file differs only where its source does.
BUILT = datetime(2025, 7, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Entry:
    """One document of the sample: a row of ``sample_sources/manifest.json``.

    ``source`` is a file name in ``sample_sources/``, or None for a document that is its own source. ``mixed`` marks a
    document with paragraphs in two languages; ``language`` is then the side it is counted on.
    """

    file: str
    language: str
    source: str | None = None
    encoding: str = "utf-8"
    mixed: bool = False


def entries() -> list[Entry]:
    """Every document of the sample, in the manifest's order."""
    rows: list[dict[str, Any]] = json.loads((SOURCES / "manifest.json").read_text(encoding="utf-8"))
    return [Entry(**row) for row in rows]


def build(entry: Entry) -> None:
    """Write one document from its source; a document that is its own source is left alone."""
    if entry.source is None:
        return
    source = (SOURCES / entry.source).read_text(encoding="utf-8")
    target = OUTPUT / entry.file
    if target.suffix == ".pdf":
        print_pdf(page(source, entry.language), target)
    elif target.suffix == ".docx":
        write_word(source, entry.language, target)
    else:
        target.write_bytes(source.encode(entry.encoding))


def page(source: str, language: str) -> str:
    """The source as one HTML page with a running header and page numbers, ready to print."""
    title = source.partition("\n")[0].removeprefix("# ")
    style = (SOURCES / "print.css").read_text(encoding="utf-8")
    style = style.replace("RUNNING", json.dumps(title, ensure_ascii=False))
    style += "".join(font_face(source, PRINT_FACES[language], weight) for weight in ("Regular", "Bold"))
    body: str = _markdown().render(source)
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{style}</style></head><body>{body}</body></html>"
    )


def print_pdf(text: str, target: Path) -> None:
    """Print HTML to PDF with Chromium, which embeds only the glyphs that occur."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "page.html"
        source.write_text(text, encoding="utf-8")
        command = [
            BROWSER,
            *BROWSER_FLAGS,
            f"--user-data-dir={folder}/profile",
            f"--print-to-pdf={target}",
        ]
        subprocess.run(
            [*command, source.as_uri()],
            check=True,
            capture_output=True,
            timeout=120,
            env={**os.environ},
        )


def font_face(text: str, face: int, weight: str) -> str:
    """A CSS rule with the glyphs of ``text`` as an embedded TrueType font.

    Chromium writes the OpenType outlines of Noto Sans CJK as hundreds of Type 3 fonts, which triples the file; TrueType
    outlines it embeds as one subset with a clean map back to the text.
    """
    from fontTools.subset import Options, Subsetter  # type: ignore[import-untyped]
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    font = TTFont(FONT_FOLDER / f"NotoSansCJK-{weight}.ttc", fontNumber=face)
    subsetter = Subsetter(Options(layout_features=[], notdef_outline=True, hinting=False))
    subsetter.populate(text=text + "0123456789 /•◦.")
    subsetter.subset(font)
    _to_truetype(font)
    with io.BytesIO() as buffer:
        font.save(buffer)
        data = base64.b64encode(buffer.getvalue()).decode("ascii")
    number = {"Regular": 400, "Bold": 700}[weight]
    return f'@font-face {{ font-family: "Print"; font-weight: {number}; src: url(data:font/ttf;base64,{data}); }}\n'


def _to_truetype(font: Any) -> None:
    """Replace a font's cubic outlines by quadratic ones, as fontTools' own otf2ttf example does."""
    from fontTools.pens.cu2quPen import Cu2QuPen  # type: ignore[import-untyped]
    from fontTools.pens.ttGlyphPen import TTGlyphPen  # type: ignore[import-untyped]
    from fontTools.ttLib import newTable

    order, shapes = font.getGlyphOrder(), font.getGlyphSet()
    glyphs = {}
    for name in order:
        pen = TTGlyphPen(shapes)
        shapes[name].draw(Cu2QuPen(pen, max_err=1.0, reverse_direction=True))
        glyphs[name] = pen.glyph()
    font["loca"], font["glyf"] = newTable("loca"), newTable("glyf")
    font["glyf"].glyphOrder, font["glyf"].glyphs = order, glyphs
    for name in ("CFF ", "VORG"):
        if name in font:
            del font[name]
    font["glyf"].compile(font)
    font["hmtx"].metrics.update(
        {name: (font["hmtx"][name][0], glyphs[name].xMin) for name in order if glyphs[name].numberOfContours}
    )
    maxp = font["maxp"]
    maxp.tableVersion, maxp.maxZones, maxp.maxTwilightPoints, maxp.maxStorage = (
        0x00010000,
        1,
        0,
        0,
    )
    maxp.maxFunctionDefs = maxp.maxInstructionDefs = maxp.maxStackElements = maxp.maxSizeOfInstructions = 0
    maxp.maxComponentElements = 0
    maxp.compile(font)
    (
        font["post"].formatType,
        font["post"].extraNames,
        font["post"].mapping,
        font["post"].glyphOrder,
    ) = 2.0, [], {}, order
    font.sfntVersion = "\000\001\000\000"


def write_word(source: str, language: str, target: Path) -> None:
    """Write Markdown as a Word file with real heading styles, lists and tables."""
    import docx

    document = docx.Document()
    _set_fonts(document, language)
    document.core_properties.title = source.partition("\n")[0].removeprefix("# ")
    document.core_properties.author = ""
    document.core_properties.created = document.core_properties.modified = BUILT
    tokens = _markdown().parse(source)
    position = 0
    while position < len(tokens):
        position = _write_block(document, tokens, position)
    document.save(str(target))


def _set_fonts(document: WordDocument, language: str) -> None:
    from docx.oxml.ns import qn

    name = WORD_FONTS[language]
    for style in document.styles:
        properties = getattr(style.element, "rPr", None)
        if properties is not None and properties.rFonts is not None:
            properties.rFonts.set(qn("w:eastAsia"), name)


def _write_block(document: WordDocument, tokens: list[Token], position: int) -> int:
    """Write the block that opens at ``position``; return the position after what was read."""
    token = tokens[position]
    if token.type == "table_open":
        return _write_table(document, tokens, position)
    if token.type == "heading_open":
        level = int(token.tag[1:])
        document.add_heading(tokens[position + 1].content, level=0 if level == 1 else level - 1)
        return position + 3
    if token.type == "paragraph_open":
        _write_paragraph(document, tokens, position)
        return position + 3
    return position + 1


def _write_paragraph(document: WordDocument, tokens: list[Token], position: int) -> None:
    listed = next(
        (t.type for t in reversed(tokens[:position]) if t.level < tokens[position].level),
        "",
    )
    lists = [t.type for t in tokens[:position] if t.type in ("bullet_list_open", "ordered_list_open")]
    style = {"bullet_list_open": "List Bullet", "ordered_list_open": "List Number"}[lists[-1]] if listed else None
    paragraph = document.add_paragraph(style=style)
    bold = False
    for child in tokens[position + 1].children or []:
        if child.type in ("strong_open", "strong_close"):
            bold = child.type == "strong_open"
        elif child.content or child.type == "softbreak":
            paragraph.add_run(child.content or " ").bold = bold


def _write_table(document: WordDocument, tokens: list[Token], position: int) -> int:
    rows: list[list[str]] = []
    while tokens[position].type != "table_close":
        if tokens[position].type == "tr_open":
            rows.append([])
        elif tokens[position].type == "inline":
            rows[-1].append(tokens[position].content)
        position += 1
    table = document.add_table(rows=len(rows), cols=len(rows[0]), style="Table Grid")
    for row, cells in zip(table.rows, rows, strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    return position + 1


def _markdown() -> Any:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable("table")


def main() -> None:
    """Rebuild the files named on the command line, or all of them."""
    parser = argparse.ArgumentParser(description="Rebuild the sample knowledge base from its sources.")
    parser.add_argument("files", nargs="*", help="names in eval/sets/sample; default: every built file")
    wanted = set(parser.parse_args().files)
    for entry in entries():
        if not wanted or entry.file in wanted:
            build(entry)


if __name__ == "__main__":
    main()
