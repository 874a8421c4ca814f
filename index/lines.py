"""What a line of text is (a heading, a footnote, a page number…), and what stands between two lines when joined."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

__all__ = [
    "ADDRESS_END",
    "ADDRESS_PART",
    "LIST_MARK",
    "breaks_off",
    "ends_sentence",
    "heading_level",
    "is_caption",
    "is_footnote",
    "is_note_number",
    "is_page_number",
    "join",
    "opens",
    "width",
    "words_of",
]

_WIDE = re.compile(r"[\u2e80-\u312f\u3190-\ua4cf\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\U00020000-\U0003134f“”‘’…—]")
ADDRESS_END = re.compile(r"https?://\S+$")
ADDRESS_PART = re.compile(r"[\w/%&=.?#~+:;,@!-]+", re.ASCII)
_HYPHENATED = re.compile(r"([^\W\d_]{2,})-$")
_FIRST_WORD = re.compile(r"[^\W\d_]+")
_SCREENS = 5000
_FINAL = "。！？!?.…；;:："
_CLOSERS = "”’」』）】》〉\"')]}»*"
_SUPERSCRIPT = "⁰¹²³⁴-⁹"
_NOTE = re.compile(
    rf"[{_SUPERSCRIPT}]+\s*\S|(\[?\d{{1,3}}\]?\s+)?(<u>)?https?://\S+$|\[?\d{{1,3}}\]?\s+(<u>)?https?://"
)
_NOTE_MARK = re.compile(
    rf"[{_SUPERSCRIPT}]+$|(?<=[^\d\s][.。!?！？”\"’)）])\s?\d{{1,2}}$|(?<=(?:19|20)\d\d\.)\d{{1,2}}$|\[\d{{1,3}}\]$"
)
_NOTE_NUMBER = re.compile(rf"\d{{1,3}}|[{_SUPERSCRIPT}]+")
LIST_MARK = re.compile(r"[-*+·]\s+|[•●○▪■◆]|[（(]?(\d{1,2}|[a-z])[)）]\s*|[①-⑳]|\d{1,2}[.、](?=\D)")
_NUMBERED_HEADINGS = (
    (re.compile(r"第[一二三四五六七八九十百\d]+[章篇部編编]"), 2),
    (re.compile(r"第[一二三四五六七八九十百\d]+[节節]"), 3),
    (re.compile(r"[一二三四五六七八九十]+、"), 2),
    (re.compile(r"[（(][一二三四五六七八九十]+[)）]"), 3),
    (re.compile(r"\d{1,2}\.\d{1,2}(\.\d{1,2})*\.?\s+(?=[^\W\d_])"), 3),
    (re.compile(r"\d{1,2}\.?\s+(?=[A-Z])"), 2),
)
_NO_HEADING = re.compile(
    r"https?://|www\.|@|\||/\s*文$|^[文图圖]\s*[/／]|[圖图]源|^[图表圖]\s*\d|^[（(][^）)]*[）)]$|^[-*+•·●\[【]|^\d(?!\d{3}\s*[年全])|^\W*$|[,，、;；:：.。]$"
)
_PAGE_NUMBER = re.compile(
    r"[-–—·\s]*\d{1,4}[-–—·\s]*|\d{1,4}\s*[/／]\s*\d{1,4}|第\s*\d+\s*[页頁](\s*[,，/]?\s*共\s*\d+\s*[页頁])?|(page|p\.)\s*\d+(\s*(of|/)\s*\d+)?",
    re.IGNORECASE,
)
_HEADING_STARTS = frozenset("#第（(一二三四五六七八九十0123456789")
# A heading is at most this wide, in columns (a Han character takes two).
_HEADING_COLUMNS = 75


def width(text: str) -> int:
    """Columns a text takes where a Han character is two Latin ones wide; what is beyond a few screens counts once."""
    return len(text) + len(_WIDE.findall(text[:_SCREENS]))


def ends_sentence(text: str) -> bool:
    """Whether a text ends as a sentence or a lead-in does, closing quotes and brackets aside."""
    return _NOTE_MARK.sub("", text[-200:]).rstrip(_CLOSERS + " ").endswith(tuple(_FINAL))


def is_footnote(text: str) -> bool:
    """Whether a paragraph is a footnote: a raised number and text, or a number and an address."""
    return bool(_NOTE.match(text))


def is_note_number(text: str) -> bool:
    """Whether a line is the number of a footnote and nothing else."""
    return bool(_NOTE_NUMBER.fullmatch(text))


def is_page_number(text: str) -> bool:
    """Whether a line is a page number and nothing else."""
    return bool(_PAGE_NUMBER.fullmatch(text.strip()))


def heading_level(text: str) -> int:
    """The level of a numbered heading (``一、``, ``（一）``, ``第二章``, ``1.2 Scope``), 0 for any other line."""
    if not text or text[0] not in _HEADING_STARTS:
        return 0
    if text.startswith("#"):
        marks = re.match(r"(#{1,6})\s+\S", text)
        return len(marks.group(1)) if marks else 0
    if width(text) > _HEADING_COLUMNS or re.search(r"[。；;，,：:.]$|。.", text):
        return 0
    return next((level for pattern, level in _NUMBERED_HEADINGS if pattern.match(text)), 0)


def is_caption(text: str) -> bool:
    """Whether a short line is a by-line, a credit, an address or a list item rather than a title."""
    return bool(_NO_HEADING.search(text))


def opens(line: str) -> bool:
    """Whether a line begins something of its own, whatever stood before it: a heading, a list item, a footnote."""
    return bool(is_footnote(line) or is_note_number(line) or LIST_MARK.match(line) or heading_level(line))


def breaks_off(text: str) -> bool:
    """Whether a paragraph stops in the middle of a sentence, so that the next page goes on with it."""
    return not ends_sentence(text) and width(text) >= 40 and not is_footnote(text) and not heading_level(text)


def join(lines: Iterable[str], words: Collection[str] = ()) -> str:
    """Lines as one: nothing between Han text, one space between words, broken words and addresses made whole.

    ``words`` are the lower-case words of the document: they tell a hyphen that a line break made from a real one.
    """
    parts: list[str] = []
    for line in lines:
        after = line.strip()
        if not after:
            continue
        if parts:
            tail = "".join(parts[-5:])[-300:]
            kept, glue = _seam(tail, after, words)
            if not kept:
                parts[-1] = parts[-1][:-1]
            parts.append(glue)
        parts.append(after)
    return "".join(parts)


def _seam(before: str, after: str, words: Collection[str]) -> tuple[bool, str]:
    """Whether the last character of ``before`` stays, and what goes between."""
    if before[-1] == "\u00ad":
        return False, ""
    word = after.split(maxsplit=1)[0]
    if ADDRESS_END.search(before) and ADDRESS_PART.fullmatch(word) and not after.startswith("http"):
        return True, "" if word == after or before[-1] in "-/_=&" else " "
    if before[-1] in "-‐" and before[-2:-1].isalnum():
        return _keeps_hyphen(before, after, words), ""
    if not _WIDE.match(before[-1]) and not _WIDE.match(after[0]):
        return True, " "
    # Quotes and dashes are as wide as Han text only beside it.
    latin = (not _WIDE.match(before[-1]) and after[0] in "“‘—") or (before[-1] in "”’—" and not _WIDE.match(after[0]))
    return True, " " if latin else ""


def _keeps_hyphen(before: str, after: str, words: Collection[str]) -> bool:
    """A hyphen goes where it parts one word, and stays where the document knows both halves as words."""
    broken, rest = _HYPHENATED.search(before[-40:]), _FIRST_WORD.match(after)
    if broken is None or rest is None or not rest.group()[0].islower():
        return True
    first, second = broken.group(1).lower(), rest.group().lower()
    return f"{first}-{second}" in words or (first + second not in words and first in words and second in words)


def words_of(text: str) -> frozenset[str]:
    """The words of a text in Latin letters, lower-case, compounds whole; none where no line of it ends in a hyphen."""
    if not re.search(r"[-‐]\s*\n", text):
        return frozenset()
    return frozenset(re.findall(r"(?<![^\W\d_])[^\W\d_]+(?:-[^\W\d_]+)*(?![-‐]?\s*\n|[^\W\d_])", text.lower()))
