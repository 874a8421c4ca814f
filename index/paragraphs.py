"""Plain text to paragraphs: which lines belong together, which are headings or list items, where footnotes go."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import pairwise

from index.lines import (
    ADDRESS_END,
    ADDRESS_PART,
    ends_sentence,
    heading_level,
    is_caption,
    is_footnote,
    is_note_number,
    join,
    opens,
    width,
    words_of,
)
from index.types import Block

__all__ = ["paragraphs"]

_BULLET = re.compile(r"[-*+·]\s+(?=\S)|[•●○▪■◆]\s*(?=\S)")
_FIRST_NUMBER = re.compile(r"一、|第一[章篇部編编]|1\.?\s")
_QUESTION = re.compile(r"(问|問|Q)\s*[:：]\s*\S")
_TIGHT_MARK = re.compile(r"\d{1,2}\.(?=\d?[A-Z])")  # "2.3D transistors": only where the line before is finished
_FUNCTION_WORD = re.compile(r" (of|the|an?|and|or|to|in|on|at|by|for|from|with|as|that|than|is|are|its)$")
# A heading without a number is at most this wide, in columns; the first line of a text may be twice as wide.
_HEADING_COLUMNS = 75
# From this many numbered headings on, the others are taken to stand below them.
_MANY_NUMBERED = 3


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


def paragraphs(text: str) -> list[Block]:
    """The paragraphs and headings of a plain text, in order.

    Finds out whether lines were wrapped (and whether every line was followed by an empty one), so that a wrapped
    paragraph becomes whole and a text with one paragraph a line keeps its paragraphs.
    """
    lines = _drop_page_numbers(_split(text))
    layout = _layout(lines)
    groups: list[_Group] = []
    for line in lines:
        if groups and _belongs(groups[-1][1], line, layout):
            groups[-1][1].append(line.text)
        else:
            groups.append((line.gap, [line.text]))
    return _blocks(_float_notes(groups, layout), layout)


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


def _belongs(group: list[str], line: _Line, layout: _Layout) -> bool:
    """Whether a line goes on with the paragraph that the lines of ``group`` form."""
    previous = group[-1]
    text = line.text
    if is_footnote(previous) or ADDRESS_END.search(previous):
        return _goes_on_address(previous, text)
    if is_note_number(previous):
        return text.startswith("http")
    if opens(text):
        return False
    if _BULLET.match(group[0]) and line.gap == layout.gap and layout.columns:
        return width(previous) >= 16 and not ends_sentence(previous)
    if line.gap > layout.gap or (_TIGHT_MARK.match(text) and ends_sentence(previous)):
        return False
    return layout.is_full(previous) and not (heading_level(previous) and ends_sentence(previous))


def _goes_on_address(previous: str, text: str) -> bool:
    """Whether a line is the rest of an address that the line before it broke off."""
    if is_footnote(text) or not ADDRESS_END.search(previous) or text.isdigit():
        return False
    word = text.split(maxsplit=1)[0]
    if not ADDRESS_PART.fullmatch(word) or (word != text and not (previous[-1] in "/-_" and re.search(r"\d|\.", word))):
        return False
    if previous[-1] in "-/_=&?%":
        return width(previous) >= 30
    return width(previous) >= 60 and bool(re.search(r"[-/_=&?\d]", text))


def _float_notes(groups: list[_Group], layout: _Layout) -> list[_Group]:
    """With the footnotes that cut a sentence in two moved behind the paragraph they stood in."""
    moved: list[_Group] = []
    notes: list[_Group] = []
    for gap, lines in groups:
        before = moved[-1][1] if moved else []
        if _is_source(lines) and before and not ends_sentence(before[-1]):
            notes.append((gap, lines))
        elif before and not _is_source(lines) and _resumes(before, lines[0], layout, across_notes=bool(notes)):
            moved[-1][1].extend(lines)
        else:
            moved += [*notes, (gap, lines)]
            notes = []
    return moved + notes


def _is_source(lines: list[str]) -> bool:
    """Whether a paragraph is a footnote: told by its number or, where that is lost, by the address it ends with."""
    return _is_note(lines[0]) or bool(ADDRESS_END.search(lines[-1].rstrip(".。")))


def _is_note(line: str) -> bool:
    return is_footnote(line) or is_note_number(line)


def _resumes(before: list[str], after: str, layout: _Layout, *, across_notes: bool) -> bool:
    if _continues(before[-1], after):
        return True
    if not across_notes or opens(after) or _is_note(before[0]) or heading_level(before[-1]):
        return False
    long = layout.is_full(before[-1]) or sum(map(width, before)) >= 100
    return long and not ends_sentence(before[-1])


def _continues(before: str, after: str) -> bool:
    """Whether ``after`` plainly goes on with the sentence that ``before`` broke off."""
    if ends_sentence(before) or width(before) < 40 or is_footnote(before) or heading_level(before):
        return False
    if _FUNCTION_WORD.search(before[-20:]) and not opens(after):
        return True
    first = after[0]
    return first.islower() or first in ",，、)）；;”" or (before[-1] in "-–—,，、（(" and not is_footnote(after))


def _blocks(groups: list[_Group], layout: _Layout) -> list[Block]:
    words = words_of("\n".join(line for _, lines in groups for line in lines))
    texts = [join(lines, words) for _, lines in groups]
    numbered = [i for i, text in enumerate(texts) if heading_level(text) == 2]
    blocks: list[Block] = []
    for i, text in enumerate(texts):
        level = heading_level(text)
        if not level:
            following = texts[i + 1] if i + 1 < len(texts) else ""
            level = _plain_heading_level(text, following, first=i == 0, apart=_stands_apart(groups, i, layout))
        if level == 2 and len(numbered) >= _MANY_NUMBERED and i not in numbered:
            level = _level_among_numbered(texts, numbered, i)
        _append(blocks, text, level)
    return blocks


def _stands_apart(groups: list[_Group], index: int, layout: _Layout) -> bool:
    """Whether a paragraph is set off from the one before it: by a gap, or because that one is plainly finished."""
    if index == 0 or groups[index][0] > layout.gap:
        return True
    before, own = groups[index - 1][1][-1], groups[index][1]
    if not layout.columns:
        return ends_sentence(before)
    return (
        len(own) == 1
        and width(own[0]) >= 8
        and not layout.is_full(own[0])
        and (ends_sentence(before) or not layout.is_full(before))
    )


def _level_among_numbered(texts: list[str], numbered: list[int], index: int) -> int:
    """A heading without a number stands above the numbered ones where their count starts anew after it, else below."""
    following = next((i for i in numbered if i > index), None)
    if following is None:
        starts = [i for i in numbered if _FIRST_NUMBER.match(texts[i])]
        return 1 if len(starts) > 1 else 4
    return 1 if _FIRST_NUMBER.match(texts[following]) else 4


def _append(blocks: list[Block], text: str, level: int) -> None:
    """Add a heading, a paragraph, or a list item, which goes into the list before it."""
    bullet = None if level else _BULLET.match(text)
    if bullet is None:
        blocks.append(Block("heading" if level else "paragraph", text, level))
        return
    item = text[bullet.end() :]
    if blocks and blocks[-1].kind == "list":
        item = f"{blocks.pop().text}\n{item}"
    blocks.append(Block("list", item))


def _plain_heading_level(text: str, following: str, *, first: bool, apart: bool) -> int:
    """A short line without a full stop before a long paragraph is a heading: 1 for the first line of the text."""
    if _QUESTION.match(text) and following and width(text) <= 160:
        return 5
    if not following or not apart or width(text) > (2 * _HEADING_COLUMNS if first else _HEADING_COLUMNS):
        return 0
    if (
        is_caption(text)
        or is_footnote(text)
        or text[0].islower()
        or unicodedata.category(text[0]) in ("Pe", "Pf", "Po", "Pd")
    ):
        return 0
    if first:
        return 1
    enough = 30 if ends_sentence(following) else 60
    return 2 if width(following) >= enough and width(following) > 1.5 * width(text) else 0
