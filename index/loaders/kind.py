"""What a file is, told from its first bytes: the ending only decides between plain text and Markdown."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

from index.errors import DocumentError

__all__ = ["SUFFIXES", "kind_of"]

SUFFIXES = (".txt", ".text", ".md", ".markdown", ".html", ".htm", ".xhtml", ".pdf", ".docx")
_MARKDOWN = (".md", ".markdown")
_FOREIGN = (
    (b"\x89PNG\r\n", "it is an image: pictures of text need OCR first"),
    (b"\xff\xd8\xff", "it is an image: pictures of text need OCR first"),
    (b"GIF8", "it is an image: pictures of text need OCR first"),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "it is an old Office file (.doc, .xls) or an encrypted one: save it as .docx without a password",
    ),
    (b"{\\rtf", "it is RTF: save it as .docx"),
    (b"\x1f\x8b", "it is a compressed archive: unpack it first"),
    (b"7z\xbc\xaf", "it is a compressed archive: unpack it first"),
    (b"Rar!", "it is a compressed archive: unpack it first"),
    (b"\x7fELF", "it is a program, not a document"),
    (b"MZ\x90", "it is a program, not a document"),
    (b"SQLite format 3\x00", "it is a database, not a document"),
)
# Comments are passed over for good: taken back one by one, twenty of them would take a second.
_HTML_START = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?><!--.*?-->\s*)*+<(!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)


def kind_of(data: bytes, path: Path) -> str:
    """One of ``pdf``, ``docx``, ``html``, ``md``, ``txt``. Raises DocumentError for what is none of them."""
    for magic, reason in _FOREIGN:
        if data.startswith(magic):
            raise DocumentError(reason)
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if data.startswith(b"PK\x03\x04"):
        return _zip_kind(data)
    head = data[:4096].replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe")
    if _HTML_START.match(head) or (
        path.suffix.lower() in (".html", ".htm", ".xhtml") and re.search(rb"<[a-zA-Z!/]", head)
    ):
        return "html"
    return "md" if path.suffix.lower() in _MARKDOWN else "txt"


def _zip_kind(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if "word/document.xml" in archive.NameToInfo:
                return "docx"
    except (zipfile.BadZipFile, ValueError, NotImplementedError, RecursionError) as error:
        raise DocumentError("it is a damaged zip or Office file") from error
    raise DocumentError("it is a zip archive or another Office file, not a .docx: unpack it or save it as one")
