"""Markdown: headings, paragraphs, lists, pipe tables and code, with the marks of emphasis and links taken away."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from index.lines import join
from index.loaders import text as plain
from index.loaders.encodings import decode
from index.loaders.limits import LoadLimits
from index.types import Block, Extracted

if TYPE_CHECKING:
    from markdown_it.token import Token

__all__ = ["extract"]

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FRONT_TITLE = re.compile(r"^title:[ \t]*(.+?)[ \t]*$", re.MULTILINE | re.IGNORECASE)
# What is opened again before it is closed is not looked for to the end: thousands of openings would take minutes.
_TAG = re.compile(
    r"<(script|style)\b(?:(?!<(?:script|style)\b).)*?</\1\s*>|<!--(?:(?!<!--).)*?-->|</?[a-zA-Z][^<>]*>",
    re.DOTALL | re.IGNORECASE,
)
# Emphasis that CommonMark does not see because Han text or full-width marks stand right beside it.
_LEFT_OVER_STRONG = re.compile(r"\*\*(?=\S)([^*\n]{1,500}?)(?<=\S)\*\*")
_FILE_NAME = re.compile(r"[\w .()-]+\.(png|jpe?g|gif|webp|svg|bmp)", re.IGNORECASE)
# The parser takes seconds a megabyte and more where brackets are nested; a larger file is read as plain text.
_LARGEST_PARSED = 2_000_000
_BRACKETS = re.compile(r"[\[\]<>`*_]")
_MOST_MARKS = 50_000
_DEEPEST = 60
_WHOLE = ("heading_open", "paragraph_open", "bullet_list_open", "ordered_list_open", "table_open")


def extract(data: bytes, limits: LoadLimits) -> Extracted:
    """The blocks of a Markdown file; its title is the one its front matter states.

    Raises DocumentError where it is binary or over the limit of characters.
    """
    text = decode(data).replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    plain.check_characters(len(text), limits)
    title = ""
    if front := _FRONT_MATTER.match(text):
        stated = _FRONT_TITLE.search(front.group(1))
        title = stated.group(1).strip("\"'") if stated else ""
        text = text[front.end() :]
    if len(text) > _LARGEST_PARSED or len(_BRACKETS.findall(text)) > _MOST_MARKS:
        return Extracted(title, plain.blocks(text))
    blocks = tuple(block for block in _blocks(_parse(text)) if block.text.strip())
    return Extracted(title, blocks or plain.blocks(text))  # nothing: all of it was nested too deeply


def _parse(text: str) -> list[Token]:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"maxNesting": _DEEPEST}).enable(["table", "strikethrough"]).parse(text)


def _blocks(tokens: Sequence[Token]) -> Iterator[Block]:
    position = 0
    while position < len(tokens):
        token = tokens[position]
        inside = _inside(tokens, position)
        if token.type == "heading_open":
            yield Block("heading", join(_lines(inside)), int(token.tag[1:]))
        elif token.type == "paragraph_open":
            yield from (Block("paragraph", line) for line in _lines(inside))
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            yield Block("list", "\n".join(_items(inside)))
        elif token.type == "table_open":
            yield Block("table", "\n".join(_rows(inside)))
        elif token.type in ("fence", "code_block"):
            yield Block("code", token.content.rstrip("\n"))
        elif token.type == "html_block":
            yield from (Block("paragraph", line) for line in _html_lines(token.content))
        position += len(inside) + 1


def _inside(tokens: Sequence[Token], position: int) -> list[Token]:
    """The tokens between one that opens a block and the one that closes it; none for a token of another type."""
    token = tokens[position]
    if token.type not in _WHOLE:
        return []
    closing = token.type.replace("_open", "_close")
    return list(takewhile(lambda t: t.type != closing or t.level != token.level, islice(tokens, position + 1, None)))


def _lines(tokens: Sequence[Token]) -> list[str]:
    """The lines of the inline text among tokens; soft breaks are mended, hard breaks start a line."""
    return [line for token in tokens if token.type == "inline" for line in _inline(token).split("\x00") if line]


def _inline(token: Token) -> str:
    parts: list[str] = []
    for child in token.children or ():
        if child.type in ("text", "code_inline"):
            parts.append(child.content)
        elif child.type == "softbreak":
            parts.append("\n")
        elif child.type == "hardbreak" or (child.type == "html_inline" and child.content.lower().startswith("<br")):
            parts.append("\x00")
        elif child.type == "image" and not _FILE_NAME.fullmatch(child.content):
            parts.append(child.content)
    pieces = "".join(parts).split("\x00")
    return "\x00".join(_LEFT_OVER_STRONG.sub(r"\1", join(piece.split("\n"))) for piece in pieces)


def _items(tokens: Sequence[Token]) -> Iterator[str]:
    """The items of a list and of the lists in it, one a line; numbered ones keep their number."""
    number = ""
    for token in tokens:
        if token.type == "list_item_open":
            number = f"{token.info}{token.markup} " if token.info else ""
        elif token.type == "inline":
            line = _inline(token).replace("\x00", " ")
            if line.strip():
                yield number + line
                number = ""
        elif token.type in ("fence", "code_block"):
            yield from token.content.rstrip("\n").split("\n")


def _rows(tokens: Sequence[Token]) -> Iterator[str]:
    cells: list[str] = []
    for token in tokens:
        if token.type == "tr_open":
            cells = []
        elif token.type == "inline":
            cells.append(_inline(token).replace("\x00", " ").strip())
        elif token.type == "tr_close" and any(cells):
            yield " | ".join(cells)


def _html_lines(markup: str) -> list[str]:
    import html

    return [line.strip() for line in html.unescape(_TAG.sub(" ", markup)).split("\n") if line.strip()]
