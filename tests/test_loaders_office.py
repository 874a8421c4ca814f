"""Word and PDF files: what they yield, and what a hostile one costs (itself only)."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pypdf
from loading import BODY, ENGLISH, HANS, body, kinds, pdf, read, reason, texts, word

from index.loaders import LoadLimits

# --- Word -----------------------------------------------------------------------------------------------------------


def test_word() -> None:
    extracted = read(word(), "a.docx")
    assert extracted.title == "报告"
    assert kinds(extracted) == [
        ("heading", "年度报告"),
        ("heading", "概况"),
        ("paragraph", HANS),
        ("list", "甲\n乙"),
        ("table", "芯片 | 显存\nH20 | 96 GB"),
        ("paragraph", ENGLISH),
    ]
    assert [b.level for b in extracted.blocks[:2]] == [1, 2]


def test_word_shows_insertions_and_leaves_out_deletions_and_hidden_text() -> None:
    def change(xml: bytes) -> bytes:
        runs = (
            "<w:ins><w:r><w:t>new </w:t></w:r></w:ins><w:del><w:r><w:delText>old </w:delText></w:r></w:del>"
            "<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden </w:t></w:r>"
        )
        return xml.replace(b"<w:r><w:t>The company", runs.encode() + b"<w:r><w:t>The company")

    assert texts(read(word(change), "a.docx"))[-1] == "new " + ENGLISH


def test_zip_bombs_are_counted_by_what_really_comes_out() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"\0" * (30 * 2**20))
    assert reason(packed.getvalue(), "a.docx", LoadLimits(file_mb=20)) == "it unpacks to more than 20 MB"


def test_a_zip_of_very_many_parts() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("word/document.xml", "")
        for i in range(10_001):
            archive.writestr(str(i), "")
    assert reason(packed.getvalue(), "a.docx") == "it holds more than 10,000 parts"


def test_xml_entities_neither_explode_nor_read_files(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("TOP SECRET")

    def external(xml: bytes) -> bytes:
        declared = f'<!DOCTYPE d [<!ENTITY e SYSTEM "{secret.as_uri()}">]><w:document'.encode()
        return xml.replace(b"<w:document", declared, 1).replace(b"The company", b"&e;The company")

    def laughs(xml: bytes) -> bytes:
        lines = ['<!ENTITY l0 "lol">'] + [f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10)]
        declared = f"<!DOCTYPE d [{''.join(lines)}]><w:document".encode()
        return xml.replace(b"<w:document", declared, 1).replace(b"The company", b"&l9;")

    assert "TOP SECRET" not in " ".join(texts(read(word(external), "a.docx")))
    assert "damaged" in reason(word(laughs), "a.docx")


# --- PDF ------------------------------------------------------------------------------------------------------------


def test_pdf() -> None:
    first = [(20, 60, 740, "Annual Report"), *body(700), (14, 60, 640, "Capacity"), *body(610)]
    table = [
        (11, x, y, text)
        for y, row in ((560, ("Chip", "Memory")), (546, ("H20", "96 GB")))
        for x, text in zip((60, 300), row, strict=True)
    ]
    extracted = read(pdf(first + table, body(740), title="The Report"), "a.pdf")
    assert extracted.title == "The Report"
    assert [(b.kind, b.level, b.page, b.text) for b in extracted.blocks] == [
        ("heading", 1, 1, "Annual Report"),
        ("paragraph", 0, 1, "\n".join(BODY)),
        ("heading", 2, 1, "Capacity"),
        ("paragraph", 0, 1, "\n".join(BODY)),
        ("table", 0, 1, "Chip | Memory\nH20 | 96 GB"),
        ("paragraph", 0, 2, "\n".join(BODY)),
    ]


def test_pdf_without_text_or_with_a_password_says_so() -> None:
    assert reason(pdf([]), "a.pdf") == "it has no text layer: scanned pages need OCR first"
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf(body(700))))
    writer.encrypt("secret", algorithm="RC4-128")
    written = io.BytesIO()
    writer.write(written)
    assert reason(written.getvalue(), "a.pdf") == "it is encrypted: save a copy without a password"
    assert reason(b"%PDF-1.7\n" + b"junk " * 1000, "a.pdf") == "it is a damaged PDF"
    assert "more than 2" in reason(pdf(*[body(700)] * 3), "a.pdf", LoadLimits(pages=2))
