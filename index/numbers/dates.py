"""Dates, years, decades and centuries of both languages, as they stand in plain text (see ``numerals.plain``).

A date is written ``2024-03-05``; parts that are missing are left out from the right (``2024-03``) or dashes on the
left (``--03-05``, ``---05``). Years are numbers, before Christ negative; a decade is its first year (``1990``, or
``90`` where the century is not said); a century is its number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from index.numbers.numerals import ORDINALS, numeral_value

__all__ = ["MONTH_NAME", "CalendarMention", "calendar_mentions", "date_parts", "month_number"]

CalendarKind = Literal["date", "year", "decade", "century"]


@dataclass(frozen=True, slots=True)
class CalendarMention:
    """One mention: its kind, its value (see the module) and its offsets."""

    kind: CalendarKind
    value: Decimal | str
    start: int
    end: int


_MONTHS = "january february march april may june july august september october november december".split()
_MONTH = (
    r"(?:Jan(?:uary|\.)?|Feb(?:ruary|\.)?|March|Mar\.?|Apr(?:il|\.)?|May|June?|Jun\.|July?|Jul\.|Aug(?:ust|\.)?|"
    r"Sept?(?:ember|\.)?|Oct(?:ober|\.)?|Nov(?:ember|\.)?|Dec(?:ember|\.)?)(?![a-z])"
)
# Any month named, read generously: a reader of dates asks for more around it ("may march on").
MONTH_NAME = re.compile(rf"\b{_MONTH}", re.ASCII)
_DAY = r"\d{1,2}(?:st|nd|rd|th)?(?!\d|[,.]\d|\s?%)"
_YEAR = r"\d{4}(?!\d|,\d|\.\d)"
_HAN_DAY = r"(?:\d{1,2}|[一二三四五六七八九十廿]{1,3})"
_HAN_YEAR = r"(?:(?<!\d)(?:\d{4}|[一二三四五六七八九][〇零一二三四五六七八九]{3}))"
_ORDINAL_WORD = "|".join(sorted(ORDINALS, key=len, reverse=True))
_NOT_NUMBER = r"(?<![\w.,])"

# Each pattern names its parts y, m, d (and d2 for the last day of a span); the first that matches a place wins.
_PATTERNS = [
    re.compile(r"(?<!\d)(?P<y>\d{4})([-/.])(?P<m>\d{1,2})\2(?P<d>\d{1,2})(?!\d)", re.ASCII),
    # Day first with dots; with slashes where only one reading gives a month, or both the same; else the year is sure.
    re.compile(
        r"(?<![\d./])(?P<d>0?[1-9]|[12]\d|3[01])\.(?P<m>0?[1-9]|1[0-2])\.(?P<y>[12]\d{3})(?![\d/.]\d|\d)", re.ASCII
    ),
    re.compile(r"(?<![\d./])(?P<d>1[3-9]|2\d|3[01])/(?P<m>0?[1-9]|1[0-2])/(?P<y>[12]\d{3})(?![\d/])", re.ASCII),
    re.compile(
        r"(?<![\d./])(?:(?P<m>0?[1-9]|1[0-2])/(?P<d>1[3-9]|2\d|3[01]|(?P=m)))/(?P<y>[12]\d{3})(?![\d/])", re.ASCII
    ),
    re.compile(r"(?<![\d./])\d{1,2}/\d{1,2}/(?P<y>[12]\d{3})(?![\d/])", re.ASCII),
    re.compile(
        rf"(?:(?P<bc>公元前|西元前|前)|公元|西元)?\s?(?P<y>{_HAN_YEAR})\s?年(?!代)(?:\s?(?P<m>{_HAN_DAY})\s?月(?:份)?(?:\s?(?P<d>{_HAN_DAY})\s?[日号](?!线))?)?",
        re.ASCII,
    ),
    re.compile(
        r"(?:(?P<bc>公元前|西元前)|公元|西元)\s?(?P<y>\d{1,4}|[一二三四五六七八九十百〇]{1,4})\s?年(?!代)",
        re.ASCII,
    ),
    re.compile(
        rf"(?<!\d)(?P<m>{_HAN_DAY})\s?月(?:份)?\s?(?P<d>{_HAN_DAY})\s?[日号](?:\s?[-~至到]\s?(?P<d2>{_HAN_DAY})\s?[日号])?",
        re.ASCII,
    ),
    re.compile(rf"(?<![\d点])(?P<m>{_HAN_DAY})\s?月(?![亮球饼光色])", re.ASCII),
    re.compile(rf"(?<![\d.点])(?P<d>{_HAN_DAY})\s?日(?![元本圆])", re.ASCII),
    re.compile(
        rf"{_NOT_NUMBER}(?P<d>{_DAY})(?:\s?(?:-|to|and)\s?(?P<d2>{_DAY}))?\s(?:of\s)?(?P<m>{_MONTH})(?:,?\s(?P<y>{_YEAR}))?",
        re.ASCII,
    ),
    re.compile(
        rf"\b(?P<m>{_MONTH})\s(?P<d>{_DAY})(?:\s?(?:-|to|and)\s?(?P<d2>{_DAY}))?(?:,?\s(?P<y>{_YEAR}))?", re.ASCII
    ),
    re.compile(rf"\b(?P<m>{_MONTH}),?\s(?:of\s)?(?P<y>{_YEAR})", re.ASCII),
    re.compile(
        rf"(?i:\b(?:in|of|by|since|until|till|during|early|late|mid|last|next|from|to|for|between|and|before|after|through|this)[\s-])(?P<m>{_MONTH})(?!\s[A-Z])",
        re.ASCII,
    ),
    re.compile(rf"{_NOT_NUMBER}(?P<y>\d{{1,3}}(?:,\d{{3}})?|\d{{4}})\s?(?P<bc>BCE?\b|B\.C\.?)", re.ASCII),
    re.compile(rf"{_NOT_NUMBER}(?P<y>\d{{1,4}})\s?(?:AD|CE)\b|\bAD\s(?P<y2>\d{{1,4}})\b", re.ASCII),
]
_NINE_ELEVEN = re.compile(r"(?<![\d./])9[/·]11(?![\d/·])|九[·]?一一(?=事件|袭击|恐怖)|911(?=事件|袭击|恐怖)", re.ASCII)
_YEAR_SPAN = re.compile(r"(?<![\d,.A-Za-z])(?P<y>1\d{3}|20\d{2})\s?[-/]\s?(?P<y2>\d{2})(?![\d%]|,\d|-\d)", re.ASCII)
_DECADES = [
    re.compile(
        r"(?P<c>\d{1,2}|[一二三四五六七八九十]{1,3})\s?世纪\s?(?P<x>\d{2}|[一二三四五六七八九]十)\s?年代", re.ASCII
    ),
    re.compile(r"(?<!\d)(?P<x>\d{2,4}|[一二三四五六七八九]十|[一二三四五六七八九〇零]{4})\s?年代", re.ASCII),
    re.compile(r"(?<![\w,.])(?P<x>\d{3,4})['’]?s\b", re.ASCII),
    re.compile(r"(?<!\w)['’]?(?P<x>\d0)'?s\b", re.ASCII),
    re.compile(r"(?<![\d.])(?P<x>[06-9]0)后(?![来续面方卫])", re.ASCII),  # who was born then
]
_WORD_DECADE = re.compile(r"\b(twent|thirt|fort|fift|sixt|sevent|eight|ninet)ies\b", re.ASCII | re.IGNORECASE)
_WORD_TENS = ["twent", "thirt", "fort", "fift", "sixt", "sevent", "eight", "ninet"]
_CENTURIES = [
    re.compile(
        r"(?P<bc>公元前|西元前|前)?\s?(?:(?P<c2>\d{1,2}|[一二三四五六七八九十廿]{1,3})\s?(?:世纪)?[、和与及至到~-]\s?)?"
        r"(?P<c>\d{1,2}|[一二三四五六七八九十廿]{1,3})\s?世纪",
        re.ASCII,
    ),
    re.compile(
        rf"\b(?P<c>\d{{1,2}}(?=st|nd|rd|th)|(?i:{_ORDINAL_WORD}))(?:st|nd|rd|th)?\]?(?:(?:\s|-)(?:and|to|or|through)(?:\s|-)(?:the\s)?(?P<c2>\d{{1,2}}(?=st|nd|rd|th)|(?i:{_ORDINAL_WORD}))(?:st|nd|rd|th)?)?(?:\s|-)[Cc]entur(?:y|ies)\b(?P<bc>\s(?:BCE?\b|B\.C\.?))?",
        re.ASCII,
    ),
]


def calendar_mentions(text: str) -> list[CalendarMention]:
    """Every date, year with its mark, decade and century of a plain text, none overlapping, in order."""
    found: list[CalendarMention] = []
    taken = bytearray(len(text))
    for mention_group in _scan(text):
        start, end = mention_group[0].start, mention_group[0].end
        end -= len(text[start:end]) - len(text[start:end].rstrip())
        start += len(text[start:end]) - len(text[start:end].lstrip())
        if not any(taken[start:end]):
            taken[start:end] = b"\x01" * (end - start)
            found += [replace(mention, start=start, end=end) for mention in mention_group]
    return sorted(found, key=lambda mention: mention.start)


def _scan(text: str) -> Iterator[list[CalendarMention]]:
    for index, pattern in enumerate(_DECADES):
        yield from ([_decade(match, index)] for match in pattern.finditer(text))
    for match in _WORD_DECADE.finditer(text):
        value = Decimal(10 * (2 + _WORD_TENS.index(match[1].lower())))
        yield [CalendarMention("decade", value, *match.span())]
    for pattern in _CENTURIES:
        yield from (_centuries(match) for match in pattern.finditer(text))
    yield from ([CalendarMention("date", "--09-11", *match.span())] for match in _NINE_ELEVEN.finditer(text))
    for pattern in _PATTERNS:
        yield from (_dates(match) for match in pattern.finditer(text))
    for match in _YEAR_SPAN.finditer(text):
        if span := _year_span(match):
            yield span


def _number(part: str) -> int:
    low = part.lower()
    if low in ORDINALS:
        return ORDINALS[low]
    digits = re.match(r"\d+", low.replace(",", ""))
    return int(digits.group()) if digits else int(numeral_value(low) or 0)


def _decade(match: re.Match[str], index: int) -> CalendarMention:
    value = _number(match["x"])
    if index == 0:
        value += 100 * (_number(match["c"]) - 1)
    return CalendarMention("decade", Decimal(value), *match.span())


def _centuries(match: re.Match[str]) -> list[CalendarMention]:
    groups = match.groupdict()
    sign = -1 if groups.get("bc") else 1
    parts = [groups["c"], groups.get("c2")]
    return [CalendarMention("century", Decimal(sign * _number(part)), *match.span()) for part in parts if part]


def _dates(match: re.Match[str]) -> list[CalendarMention]:
    groups = match.groupdict()
    year, month = groups.get("y") or groups.get("y2"), groups.get("m")
    if month is None and groups.get("d") is None:
        value = Decimal(_number(year or "0"))
        return [CalendarMention("year", -value if groups.get("bc") else value, *match.span())]
    days = [day for day in (groups.get("d"), groups.get("d2")) if day] or [None]
    return [CalendarMention("date", _date_text(year, month, day), *match.span()) for day in days]


def _date_text(year: str | None, month: str | None, day: str | None) -> str:
    text = f"{_number(year):04d}" if year else "-"
    if month:
        low = month.lower()
        text += f"-{month_number(low) if low[0].isascii() and low[0].isalpha() else _number(low):02d}"
    else:
        text += "-"
    return text + (f"-{_number(day):02d}" if day else "")


def month_number(word: str) -> int:
    """The number of a month from its English name or abbreviation, in any case."""
    word = word.lower()
    return next(number for number, month in enumerate(_MONTHS, 1) if month.startswith(word[:3]))


def date_parts(value: str) -> dict[str, int]:
    """The parts a date states: ``2024-03`` gives ``{"y": 2024, "m": 3}``, ``---05`` gives ``{"d": 5}``."""
    match = re.fullmatch(r"(\d{4}|-)-(\d+)?(?:-(\d+))?", value)
    if match is None:
        raise ValueError(f"date must be written like 2024-03-05, 2024-03, --03-05 or ---05, was: {value}")
    return {name: int(part) for name, part in zip("ymd", match.groups(), strict=True) if part and part != "-"}


def _year_span(match: re.Match[str]) -> list[CalendarMention] | None:
    first, last = int(match["y"]), int(match["y2"])
    if last <= first % 100 and 1 <= last <= 12:  # 2024-03 is a month, 2001-02 a span
        return [CalendarMention("date", f"{first:04d}-{last:02d}", *match.span())]
    years = (Decimal(first), Decimal(first // 100 * 100 + last))
    return [CalendarMention("year", year, *match.span()) for year in years]
