"""Small files made on the spot, and short ways to load them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import pypdf
import pytest

from index.errors import DocumentError
from index.loaders import LoadLimits, load_bytes
from index.types import Extracted

HANS = "公司表示，将在今年扩大成熟制程的产能，以满足客户的需求。价格还会上涨吗？目前没有结论。"
HANT = "公司表示，將在今年擴大先進製程的產能，以滿足客戶的需求。價格還會上漲嗎？目前沒有結論。"
ENGLISH = "The company will expand its capacity this year. Will prices rise? Nobody knows."
MIXED = HANS + ENGLISH
BODY = ["The company opened a second plant in Ohio last year and hired", "two hundred engineers. Its output doubled."]

PAGE = """<!DOCTYPE html><html><head><meta charset="{charset}"><title>{title} - 网站</title><style>p{{}}</style></head>
<body><nav>菜单</nav><header><a href="/">首页</a> <a href="/b">关于</a></header>
<h1>{title}</h1><p>{text}</p><script>var secret = 1;</script><!-- comment -->
<p hidden>invisible</p><p style="display: none">invisible</p><p aria-hidden="true">invisible</p>
<ul><li>one <b>bold</b></li><li>two<ol><li>inner</li></ol></li></ul>
<table><tr><th>芯片</th><th>显存</th></tr><tr><td>H20</td><td>96<br>GB</td></tr></table>
<pre>a
  b</pre><footer>版权所有</footer></body></html>"""


def read(data: bytes, name: str = "a.txt", limits: LoadLimits | None = None) -> Extracted:
    return load_bytes(data, Path(name), limits or LoadLimits())


def texts(extracted: Extracted) -> list[str]:
    return [block.text for block in extracted.blocks]


def kinds(extracted: Extracted) -> list[tuple[str, str]]:
    return [(block.kind, block.text) for block in extracted.blocks]


def reason(data: bytes, name: str = "a.txt", limits: LoadLimits | None = None) -> str:
    with pytest.raises(DocumentError) as caught:
        read(data, name, limits)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def word(change: Callable[[bytes], bytes] = lambda xml: xml) -> bytes:
    document = docx.Document()
    document.core_properties.title = "报告"
    document.add_heading("年度报告", 0)
    document.add_heading("概况", 1)
    document.add_paragraph(HANS)
    document.add_paragraph("甲", style="List Bullet")
    document.add_paragraph("乙", style="List Bullet")
    table = document.add_table(2, 2)
    for cell, text in zip((c for row in table.rows for c in row.cells), ("芯片", "显存", "H20", "96 GB"), strict=True):
        cell.text = text
    document.add_paragraph(ENGLISH)
    plain, packed = io.BytesIO(), io.BytesIO()
    document.save(plain)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = source.read(name)
            target.writestr(name, change(data) if name == "word/document.xml" else data)
    return packed.getvalue()


def pdf(*pages: list[tuple[int, int, int, str]], title: str = "") -> bytes:
    """A PDF whose pages hold lines of text: size, x, y, Latin text."""
    writer = pypdf.PdfWriter()
    font = pypdf.generic.DictionaryObject(
        {
            pypdf.generic.NameObject("/Type"): pypdf.generic.NameObject("/Font"),
            pypdf.generic.NameObject("/Subtype"): pypdf.generic.NameObject("/Type1"),
            pypdf.generic.NameObject("/BaseFont"): pypdf.generic.NameObject("/Helvetica"),
        }
    )
    for lines in pages:
        page = writer.add_blank_page(600, 800)
        content = pypdf.generic.DecodedStreamObject()
        marks = "".join(f"BT /F1 {size} Tf {x} {y} Td ({text}) Tj ET\n" for size, x, y, text in lines)
        content.set_data(marks.encode("latin-1"))
        fonts = pypdf.generic.DictionaryObject({pypdf.generic.NameObject("/F1"): writer._add_object(font)})
        resources = pypdf.generic.DictionaryObject({pypdf.generic.NameObject("/Font"): fonts})
        page[pypdf.generic.NameObject("/Resources")] = resources
        page[pypdf.generic.NameObject("/Contents")] = writer._add_object(content)
    if title:
        writer.add_metadata({"/Title": title})
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def body(y: int) -> list[tuple[int, int, int, str]]:
    return [(11, 60, y - 14 * i, line) for i, line in enumerate(BODY)]
