"""Lines to paragraphs: which lines of a plain text belong together, and what stands between them when joined."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import pairwise

from index.types import Block

__all__ = [
    "breaks_off",
    "ends_sentence",
    "heading_level",
    "is_caption",
    "is_footnote",
    "is_page_number",
    "join",
    "opens",
    "paragraphs",
    "width",
    "words_of",
]

_WIDE = re.compile(r"[\u2e80-\u312f\u3190-\ua4cf\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\U00020000-\U0003134f“”‘’…—]")
_URL_TAIL = re.compile(r"https?://\S+$")
_URL_PART = re.compile(r"[\w/%&=.?#~+:;,@!-]+", re.ASCII)
_HYPHENATED = re.compile(r"([^\W\d_]{2,})-$")
_FIRST_WORD = re.compile(r"[^\W\d_]+")
_FINAL = "。！？!?.…；;:："
_CLOSERS = "”’」』）】》〉\"')]}»*"
_SUPERSCRIPT = "⁰¹²³⁴-⁹"
_NOTE = re.compile(
    rf"[{_SUPERSCRIPT}]+\s*\S|(\[?\d{{1,3}}\]?\s+)?(<u>)?https?://\S+$|\[?\d{{1,3}}\]?\s+(<u>)?https?://"
)
_NOTE_NUMBER = re.compile(rf"\d{{1,3}}|[{_SUPERSCRIPT}]+")
_LIST_MARK = re.compile(r"[-*+•·●○▪■◆]\s+|[（(]?(\d{1,2}|[a-z])[)）]\s*|[①-⑳]|\d{1,2}[.、](?=\D)")
_TIGHT_MARK = re.compile(r"\d{1,2}\.(?=\d?[A-Z])")  # "2.3D transistors": only where the line before is finished
_NUMBERED_HEADINGS = (
    (re.compile(r"第[一二三四五六七八九十百\d]+[章篇部編编]"), 2),
    (re.compile(r"第[一二三四五六七八九十百\d]+[节節]"), 3),
    (re.compile(r"[一二三四五六七八九十]+、"), 2),
    (re.compile(r"[（(][一二三四五六七八九十]+[)）]"), 3),
    (re.compile(r"\d{1,2}\.\d{1,2}(\.\d{1,2})*\.?\s+(?=[^\W\d_])"), 3),
    (re.compile(r"\d{1,2}\.?\s+(?=[A-Z])"), 2),
)
_NO_HEADING = re.compile(
    r"https?://|www\.|@|\||/\s*文$|^[文图圖]\s*[/／]|[圖图]源|^[-*+•·●\[【]|^\d(?!\d{3}\s*[年全])|^\W*$|[,，、;；:：.。]$"
)
_PAGE_NUMBER = re.compile(
    r"[-–—·\s]*\d{1,4}[-–—·\s]*|第\s*\d+\s*[页頁](\s*[,，/]?\s*共\s*\d+\s*[页頁])?|(page|p\.)\s*\d+(\s*(of|/)\s*\d+)?",
    re.IGNORECASE,
)
_FUNCTION_WORD = re.compile(r" (of|the|an?|and|or|to|in|on|at|by|for|from|with|as|that|than|is|are|its)$")
# A heading is at most this wide, in columns (a Han character takes two).
_HEADING_COLUMNS = 75


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    gap: int  # empty lines before it


# The lines of one paragraph and the empty lines before it.
_Group = tuple[int, list[str]]


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a text was broken: the columns at which its lines were wrapped (0: not at all) and the gap between lines."""

    columns: int
    gap: int

    def is_full(self, line: str) -> bool:
        return bool(self.columns) and width(line) >= 0.8 * self.columns


def width(text: str) -> int:
    """Columns a text takes where a Han character is two Latin ones wide."""
    return len(text) + len(_WIDE.findall(text))


def ends_sentence(text: str) -> bool:
    """Whether a text ends as a sentence or a lead-in does, closing quotes and brackets aside."""
    return text.rstrip(_CLOSERS + " ").endswith(tuple(_FINAL))


def is_footnote(text: str) -> bool:
    """Whether a paragraph is a footnote: a raised number and text, or a number and an address."""
    return bool(_NOTE.match(text))


def is_page_number(text: str) -> bool:
    """Whether a line is a page number and nothing else."""
    return bool(_PAGE_NUMBER.fullmatch(text.strip()))


def join(lines: Iterable[str], words: Collection[str] = ()) -> str:
    """Lines as one: nothing between Han text, one space between words, broken words and addresses made whole.

    ``words`` are the lower-case words of the document: they tell a hyphen that a line break made from a real one.
    """
    joined = ""
    for line in lines:
        line = line.strip()
        if joined and line:
            joined = _join_two(joined, line, words)
        else:
            joined = joined or line
    return joined


def _join_two(before: str, after: str, words: Collection[str]) -> str:
    tail = before[-200:]
    if before[-1] == "\u00ad":
        return before[:-1] + after
    if _URL_TAIL.search(tail) and _URL_PART.fullmatch(after) and not after.startswith("http"):
        return before + after
    if before[-1] in "-‐" and before[-2:-1].isalnum():
        return _mend_hyphen(before, after, words)
    if _WIDE.match(before[-1]) or _WIDE.match(after[0]):
        straight = (
            not _WIDE.match(before[-1]) and after[0] in "“‘—" or before[-1] in "”’—" and not _WIDE.match(after[0])
        )
        return f"{before} {after}" if straight else before + after
    return f"{before} {after}"


def _mend_hyphen(before: str, after: str, words: Collection[str]) -> str:
    """The hyphen goes where it parts one word, and stays where the document knows both halves as words."""
    broken, rest = _HYPHENATED.search(before[-40:]), _FIRST_WORD.match(after)
    if broken is None or rest is None or not rest.group()[0].islower():
        return before + after
    first, second = broken.group(1).lower(), rest.group().lower()
    real = f"{first}-{second}" in words or (first + second not in words and first in words and second in words)
    return before + after if real else before[:-1] + after


def words_of(text: str) -> frozenset[str]:
    """The words of a text in Latin letters, lower-case, compounds whole; none where no line of it ends in a hyphen."""
    if not re.search(r"[-‐]\s*\n", text):
        return frozenset()
    return frozenset(re.findall(r"(?<![^\W\d_])[^\W\d_]+(?:-[^\W\d_]+)*(?![-‐]?\s*\n|[^\W\d_])", text.lower()))


def _continues(before: str, after: str) -> bool:
    """Whether ``after`` plainly goes on with the sentence that ``before`` broke off."""
    if ends_sentence(before) or width(before) < 40 or is_footnote(before) or heading_level(before):
        return False
    if _FUNCTION_WORD.search(before[-20:]) and not opens(after):
        return True
    first = after[0]
    return first.islower() or first in ",，、)）；;”" or (before[-1] in "-–—,，、（(" and not is_footnote(after))


def paragraphs(text: str) -> list[Block]:
    """The paragraphs and headings of a plain text, in order.

    Finds out whether lines were wrapped (and whether every line was followed by an empty one), so that a wrapped
    paragraph becomes whole and a text with one paragraph a line keeps its paragraphs.
    """
    lines = _drop_page_numbers(_split(text))
    layout = _layout(lines)
    groups: list[_Group] = []
    for line in lines:
        if groups and _belongs(groups[-1][1][-1], line, layout):
            groups[-1][1].append(line.text)
        else:
            groups.append((line.gap, [line.text]))
    return _blocks(_float_notes(groups, layout), layout)


def _float_notes(groups: list[_Group], layout: _Layout) -> list[_Group]:
    """With the footnotes that cut a sentence in two moved behind the paragraph they stood in."""
    moved: list[_Group] = []
    notes: list[_Group] = []
    for gap, lines in groups:
        before = moved[-1][1] if moved else []
        if _is_note(lines[0]) and before and not ends_sentence(before[-1]):
            notes.append((gap, lines))
        elif before and _resumes(before, lines[0], layout, across_notes=bool(notes)):
            moved[-1][1].extend(lines)
        else:
            moved += [*notes, (gap, lines)]
            notes = []
    return moved + notes


def _is_note(line: str) -> bool:
    return is_footnote(line) or bool(_NOTE_NUMBER.fullmatch(line))


def _resumes(before: list[str], after: str, layout: _Layout, *, across_notes: bool) -> bool:
    if _continues(before[-1], after):
        return True
    if not across_notes or opens(after) or _is_note(before[0]) or heading_level(before[-1]):
        return False
    long = layout.is_full(before[-1]) or sum(map(width, before)) >= 100
    return long and not ends_sentence(before[-1])


def opens(line: str) -> bool:
    """Whether a line begins something of its own, whatever stood before it: a heading, a list item, a footnote."""
    return bool(_is_note(line) or _LIST_MARK.match(line) or heading_level(line))


def breaks_off(text: str) -> bool:
    """Whether a paragraph stops in the middle of a sentence, so that the next page goes on with it."""
    return not ends_sentence(text) and width(text) >= 40 and not is_footnote(text) and not heading_level(text)


def _split(text: str) -> list[_Line]:
    lines: list[_Line] = []
    gap = 0
    for raw in re.split(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]", text):
        stripped = raw.strip("\ufeff \t\u3000\xa0\u200b\x00")
        if stripped:
            lines.append(_Line(stripped, gap))
            gap = 0
        else:
            gap += 1
    return lines


def _drop_page_numbers(lines: list[_Line]) -> list[_Line]:
    """Without the lines that number pages: at least three, each one more than the one before it."""
    numbers = {i: int(re.sub(r"\D", "", line.text)) for i, line in enumerate(lines) if _is_bare_number(lines, i)}
    pages = set()
    for (i, number), (j, following) in pairwise(numbers.items()):
        if following == number + 1:
            pages |= {i, j}
    if len(pages) < 3:
        return lines
    return [line for i, line in enumerate(lines) if i not in pages]


def _is_bare_number(lines: list[_Line], index: int) -> bool:
    text = lines[index].text
    if len(re.sub(r"\D", "", text)) > 4 or not re.fullmatch(r"[-–—·\s]*\d{1,4}[-–—·\s]*", text):
        return False
    return index + 1 == len(lines) or not lines[index + 1].text.startswith("http")


def _layout(lines: list[_Line]) -> _Layout:
    widths = sorted(width(line.text) for line in lines if not is_footnote(line.text))
    if len(widths) < 6:
        return _Layout(0, 0)
    columns = widths[int(0.9 * (len(widths) - 1))]
    full = [i for i, line in enumerate(lines) if 0.8 * columns <= width(line.text) <= 1.1 * columns]
    broken = [i for i in full if not ends_sentence(lines[i].text)]
    wrapped = 24 <= columns <= 160 and len(full) >= 0.4 * len(widths) and len(broken) >= 0.4 * len(full)
    if not wrapped:
        return _Layout(0, 0)
    gaps = sorted(lines[i + 1].gap for i in broken if i + 1 < len(lines))
    return _Layout(columns, gaps[len(gaps) // 2] if gaps else 0)


def _belongs(previous: str, line: _Line, layout: _Layout) -> bool:
    """Whether a line goes on with the paragraph whose last line is ``previous``."""
    text = line.text
    if is_footnote(previous) or _URL_TAIL.search(previous):
        return _goes_on_address(previous, text)
    if _NOTE_NUMBER.fullmatch(previous):
        return text.startswith("http")
    if is_footnote(text) or _NOTE_NUMBER.fullmatch(text) or _LIST_MARK.match(text) or heading_level(text):
        return False
    if line.gap > layout.gap or (_TIGHT_MARK.match(text) and ends_sentence(previous)):
        return False
    return layout.is_full(previous) and not (heading_level(previous) and ends_sentence(previous))


def _goes_on_address(previous: str, text: str) -> bool:
    """Whether a line is the rest of an address that the line before it broke off."""
    if is_footnote(text) or not _URL_TAIL.search(previous) or not _URL_PART.fullmatch(text) or text.isdigit():
        return False
    return width(previous) >= 60 and (previous[-1] in "-/_=&?.%" or bool(re.search(r"[-/_=&?\d]", text)))


def _blocks(groups: list[_Group], layout: _Layout) -> list[Block]:
    words = words_of("\n".join(line for _, lines in groups for line in lines))
    texts = [join(lines, words) for _, lines in groups]
    gaps = [gap > layout.gap for gap, _ in groups]
    blocks = []
    for i, text in enumerate(texts):
        following = texts[i + 1] if i + 1 < len(texts) else ""
        level = heading_level(text) or _plain_heading_level(text, following, first=i == 0, apart=gaps[i] or i == 0)
        if level == 0 and i and ends_sentence(texts[i - 1]) and not layout.columns:
            level = _plain_heading_level(text, following, first=False, apart=True)
        blocks.append(Block("heading" if level else "paragraph", text, level))
    return blocks


def heading_level(text: str) -> int:
    """The level of a numbered heading (``一、``, ``（一）``, ``第二章``, ``1.2 Scope``), 0 for any other line."""
    if text.startswith("#"):
        marks = re.match(r"(#{1,6})\s+\S", text)
        return len(marks.group(1)) if marks else 0
    if width(text) > _HEADING_COLUMNS or re.search(r"[。；;，,：:.]$|。.", text):
        return 0
    return next((level for pattern, level in _NUMBERED_HEADINGS if pattern.match(text)), 0)


def is_caption(text: str) -> bool:
    """Whether a short line is a by-line, a credit, an address or a list item rather than a title."""
    return bool(_NO_HEADING.search(text))


def _plain_heading_level(text: str, following: str, *, first: bool, apart: bool) -> int:
    """A short line without a full stop before a long paragraph is a heading: 1 for the first line of the text."""
    if not following or not apart or width(text) > (2 * _HEADING_COLUMNS if first else _HEADING_COLUMNS):
        return 0
    if is_caption(text) or text[0].islower() or unicodedata.category(text[0]) in ("Pe", "Pf", "Po", "Pd"):
        return 0
    if first:
        return 1
    return 2 if width(following) >= 60 and width(following) > 1.5 * width(text) else 0
