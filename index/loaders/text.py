"""Plain text: the encoding is found, wrapped lines are made paragraphs, numbered and short lone lines headings."""

from __future__ import annotations

import re

from index.errors import DocumentError
from index.loaders.encodings import decode
from index.loaders.limits import LoadLimits
from index.paragraphs import paragraphs
from index.types import Block, Extracted

__all__ = ["blocks", "check_characters", "extract"]

# Marks that a converter to text left behind: pictures, bold type, underlining.
_PICTURE = re.compile(r"!\[[^\]\n]{0,200}\]\([^)\n]{0,2000}\)")
_STRONG = re.compile(r"\*\*(?=\S)([^*\n]{1,2000}?)(?<=\S)\*\*")
_EMPHASIS = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]{1,80}?)(?<=[^\s*])\*(?![\w*])")
_ESCAPE = re.compile(r"\\(?=[$%&#])")
_QUOTE_MARK = re.compile(r"^(?:>[ \t]+)+", re.MULTILINE)
_UNDERLINE = re.compile(r"</?[ubi]>")
_HEADING_MARK = re.compile(r"#{1,6}\s+")


def extract(data: bytes, limits: LoadLimits) -> Extracted:
    """The paragraphs of a text file. Raises DocumentError where it is binary or over the limit of characters."""
    text = decode(data)
    check_characters(len(text), limits)
    return Extracted("", blocks(text))


def blocks(text: str) -> tuple[Block, ...]:
    """The paragraphs and headings of a text, without the marks that a converter left in it."""
    text = _QUOTE_MARK.sub("", text)
    text = _PICTURE.sub("", text) if "![" in text else text
    text = _STRONG.sub(r"\1", text) if "**" in text else text
    text = _EMPHASIS.sub(r"\1", text) if "*" in text else text
    text = _ESCAPE.sub("", text) if "\\" in text else text
    text = _UNDERLINE.sub("", text) if "</" in text else text
    return tuple(
        Block("heading", _HEADING_MARK.sub("", block.text, count=1), block.level) if block.kind == "heading" else block
        for block in paragraphs(text)
    )


def check_characters(count: int, limits: LoadLimits) -> None:
    """Raises DocumentError where a file holds more characters than allowed."""
    if count > limits.characters:
        raise DocumentError(f"it holds more than {limits.characters:,} characters; split it into smaller files")
