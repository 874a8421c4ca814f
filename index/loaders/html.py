"""Web pages: what a reader sees, as headings, paragraphs, lists, tables and code. Nothing is fetched."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from index.errors import DocumentError
from index.lines import join
from index.loaders.encodings import decode
from index.loaders.limits import LoadLimits
from index.loaders.text import check_characters
from index.types import Block, BlockKind, Extracted

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["extract"]

_UNSEEN = frozenset(
    re.findall(
        r"\w+",
        """script style template head svg math nav iframe object embed canvas audio video noscript noframes button
        select input textarea option datalist map dialog""",
    )
)
_INLINE = frozenset(
    re.findall(
        r"\w+",
        """a abbr acronym b bdi bdo big cite code data del dfn em font i img ins kbd label mark q s samp small span
        strike strong sub sup time tt u var wbr ruby rb""",
    )
)
_HIDING_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(\.0*)?\s*(;|$)|font-size\s*:\s*0(\.0*)?\s*(px|em|pt|%)?\s*(;|$)",
    re.IGNORECASE,
)
_HIDING_CLASS = re.compile(r"(^|\s)(sr-only|visually-?hidden|screen-reader-text|hidden)(\s|$)", re.IGNORECASE)
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")
_UNSEEN_PART = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style|head|template|nav)\b.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL
)
_TAG = re.compile(r"<[^<>]*>")
_SPACES = re.compile(r"[ \t\f\v\xa0]+")


def extract(data: bytes, limits: LoadLimits) -> Extracted:
    """The visible text of a page; its title is the one the page states. The encoding is told from the content, not
    from what the page declares. Raises DocumentError where there is no page in it."""
    import lxml.html

    text = _DECLARATION.sub("", decode(data).replace("\x00", ""), count=1)
    check_characters(len(text), LoadLimits(characters=5 * limits.characters))
    parser = lxml.html.HTMLParser(
        encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True, no_network=True
    )
    root = lxml.html.document_fromstring(text.encode("utf-8", errors="replace"), parser=parser, ensure_head_body=False)
    if root is None:
        raise DocumentError("it holds no text")
    if any("depth" in entry.message.lower() for entry in parser.error_log):
        return Extracted("", tuple(_flat(text)))
    walker = _Walker()
    walker.walk(_main_part(root))
    check_characters(sum(len(block.text) for block in walker.blocks), limits)
    return Extracted(_title(root), tuple(walker.blocks))


def _flat(text: str) -> Iterator[Block]:
    """The lines between the tags of a page that is nested too deeply to be parsed."""
    for line in _TAG.sub("\n", _UNSEEN_PART.sub("\n", text)).split("\n"):
        if line.strip():
            yield Block("paragraph", html.unescape(_SPACES.sub(" ", line)).strip())


def _title(root: _Element) -> str:
    """The page's title, or its only first-level heading where the title is that with the site's name added."""
    title = " ".join("".join(element.text or "" for element in islice(root.iter("title"), 1)).split())
    headings = [" ".join("".join(map(str, element.itertext())).split()) for element in islice(root.iter("h1"), 2)]
    return headings[0] if len(headings) == 1 and headings[0] and headings[0] in title else title


def _main_part(root: _Element) -> _Element:
    """The one ``main`` or ``article`` element that holds most of the page's text, else the whole page."""
    for tag in ("main", "article"):
        found = list(islice(root.iter(tag), 2))
        if len(found) == 1 and 3 * _length(found[0]) > _length(root):
            return found[0]
    return root


def _length(element: _Element) -> int:
    return sum(len(str(text)) for text in element.itertext())


def _is_furniture(element: _Element) -> bool:
    """Whether a header or footer belongs to the site rather than to an article."""
    if element.tag not in ("header", "footer"):
        return False
    in_article = next(element.iterancestors("article", "main", "section"), None) is not None
    return not in_article and next(element.iter("h1", "h2", "table"), None) is None


def _is_unseen(element: _Element) -> bool:
    if element.tag in _UNSEEN or not isinstance(element.tag, str):
        return True
    get = element.get
    return (
        _is_furniture(element)
        or get("hidden") is not None
        or get("aria-hidden") == "true"
        or get("role") in ("navigation", "search", "menu", "menubar")
        or bool(_HIDING_STYLE.search(get("style") or ""))
        or bool(_HIDING_CLASS.search(get("class") or ""))
    )


def _is_data_table(table: _Element) -> bool:
    """Whether a table holds data rather than the layout of a page: no table inside, some row with two cells."""
    if next(islice(table.iter("table"), 1, 2), None) is not None:
        return False
    return any(len(row) >= 2 for row in table.iter("tr"))


class _Walker:
    """Turns the elements of a page, in document order, into blocks; a loop, so that no depth of nesting breaks it."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._text: list[str] = []
        self._items: list[str] = []
        self._cells: list[str] = []
        self._rows: list[str] = []
        self._lists: list[int] = []  # the next number of each open list; 0 for one without numbers
        self._mark = ""
        self._links = 0
        self._unlinked = 0  # characters of the open text that stand in no link
        self._table: Any = None

    def walk(self, root: _Element) -> None:
        """Visit every element once, skipping what a reader does not see."""
        element: Any = root
        while element is not None:
            if _is_unseen(element):
                descend = False
            else:
                self._open(element)
                self._add(element.text, linked=element.tag == "a")
                descend = len(element) > 0
            if descend:
                element = element[0]
                continue
            element = self._leave(element, root)
        self._flush()

    def _leave(self, element: Any, root: _Element) -> Any:
        """Close an element and those it was the last in; the next element to visit, or None at the end."""
        while True:
            if not _is_unseen(element):
                self._close(element)
            if element is root:
                return None
            self._add(element.tail)
            following = element.getnext()
            if following is not None:
                return following
            element = element.getparent()

    def _add(self, text: str | None, *, linked: bool = False) -> None:
        if text:
            self._text.append(text)
            self._links += linked
            self._unlinked += 0 if linked else sum(character.isalnum() for character in text)

    def _open(self, element: Any) -> None:
        tag = element.tag
        if tag in _INLINE:
            return
        if self._table is not None:
            self._text.append(" ")
            if tag in ("td", "th"):
                self._text = []
            return
        self._flush()
        if tag == "table" and _is_data_table(element):
            self._table = element
            self._rows = []
        elif tag in ("ul", "ol"):
            self._lists.append(1 if tag == "ol" else 0)
        elif tag == "li" and self._lists:
            self._mark = f"{self._lists[-1]}. " if self._lists[-1] else ""
            self._lists[-1] += bool(self._lists[-1])

    def _close(self, element: Any) -> None:
        tag = element.tag
        if tag in _INLINE:
            return
        if self._table is not None:
            self._close_in_table(element)
        elif re.fullmatch("h[1-6]", tag):
            self._flush("heading", int(tag[1]))
        elif tag == "pre":
            self._flush("code")
        else:
            self._flush()
            if tag in ("ul", "ol") and self._lists:
                self._lists.pop()
                if not self._lists and self._items:
                    self.blocks.append(Block("list", "\n".join(self._items)))
                    self._items = []

    def _close_in_table(self, element: Any) -> None:
        if element.tag in ("td", "th"):
            self._cells.append(self._take().replace("|", "/"))
        elif element.tag == "tr":
            if any(self._cells):
                self._rows.append(" | ".join(self._cells))
            self._cells = []
        elif element.tag == "caption":
            if caption := self._take():
                self.blocks.append(Block("paragraph", caption))
        elif element is self._table:
            self._table = None
            if self._rows:
                self.blocks.append(Block("table", "\n".join(self._rows)))

    def _take(self) -> str:
        text = "".join(self._text)
        self._text = []
        return join(_SPACES.sub(" ", line) for line in re.split(r"\r\n|[\r\n]", text))

    def _flush(self, kind: BlockKind = "paragraph", level: int = 0) -> None:
        if kind == "code":
            text = "".join(self._text).replace("\r\n", "\n").strip("\n")
            self._text = []
        else:
            text = self._take()
        menu = self._links >= 2 and self._unlinked == 0 and kind == "paragraph" and not self._lists
        self._links = self._unlinked = 0
        if not text.strip() or menu:
            return
        if self._lists and kind == "paragraph":
            self._items.append(self._mark + text)
            self._mark = ""
        else:
            self.blocks.append(Block(kind, text, level))
