"""Amounts: a numeral with the sign, scale, currency and unit around it, and the ranges that share them.

All read plain text (see ``numerals.plain``).
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

from index.numbers.numerals import DIGITS, NUMERAL, numeral_value
from index.numbers.phrases import ABOUT_AFTER, ABOUT_BEFORE
from index.numbers.quantity import Quantity, QuantityKind
from index.numbers.units import (
    CURRENCIES,
    CURRENCY_BEFORE,
    MEASURE_WORD,
    PERCENT_AFTER,
    currency_name,
    is_hard,
    unit_after,
)

__all__ = ["AMOUNT", "amount", "spread_ranges"]

AMOUNT = re.compile(NUMERAL, re.ASCII | re.IGNORECASE)
_ONE = re.compile(r"[一二两1]|an?|one|two", re.ASCII | re.IGNORECASE)
_MINUS_BEFORE = re.compile(r"(?:(?:^|(?<=[\s(:为至到]))-|零下\s?|负|\bminus\s)$", re.ASCII | re.IGNORECASE)
_MORE = re.compile(r"\s?[多余](?=[\s万亿个名位人年元美欧英家倍岁种部座次条项天吨公平米页所只])", re.ASCII)
# PDF and HTML text often breaks a formula before its index: "O\n2", "CO 2".
_SUBSCRIPT_BEFORE = re.compile(r"(?<![A-Za-z])(?:H|N|O|CO|SO|NO|CH|NH|SiO|TiO)\s$", re.ASCII)
_YEAR_BEFORE = re.compile(r"\b(?:in|since|by|from|until|of|to|the|year)\s$", re.ASCII | re.IGNORECASE)
_SCALE_OF_DEGREES = re.compile(r"([摄华])氏$")
_SCALE_AFTER_MORE = re.compile(r"\s?(万亿|[万亿])", re.ASCII)
_SUFFIX_SCALE = re.compile(r"\s?(k|m|b|t|bn|mn|tn)\b", re.ASCII | re.IGNORECASE)
# Without a currency m and b may be metres and bytes, and 4k names a size of screen.
_BARE_SUFFIX = re.compile(r"(?<=[\d.]\d)(k)\b|\s?(打)(?![开击工架破造算赢败电听断官仗着得了不白])", re.ASCII)
_SCALE_VALUE = {"打": 12, "k": 10**3, "m": 10**6, "b": 10**9, "t": 10**12, "bn": 10**9, "mn": 10**6, "tn": 10**12}
_RANGE_GAP = re.compile(r"\s?(?:-|~|到|至|to|and|or|或|、)\s?", re.ASCII | re.IGNORECASE)


def amount(text: str, match: re.Match[str]) -> Quantity | None:
    """The quantity of one match of ``AMOUNT`` with its sign, scale, currency and unit; None where it is no amount."""
    start, end = match.start(), match.start() + len(match.group().rstrip())
    value = numeral_value(match.group())
    left = text[max(0, start - 24) : start]
    sign = CURRENCY_BEFORE.search(left)
    if value is None or not (sign or _stands_alone(text, start)) or not _is_amount(text, start, end):
        return None
    left = left[: sign.start()] if sign else left
    if minus := _MINUS_BEFORE.search(left):
        value, left = -value, left[: minus.start()]
    start = max(0, match.start() - 24) + len(left)
    approximate = bool(ABOUT_BEFORE.search(left))
    if more := _MORE.match(text, end):
        approximate, end = True, more.end()
        if scale := _SCALE_AFTER_MORE.match(text, end):  # 20多万
            value, end = value * (numeral_value("一" + scale[1]) or 1), scale.end()
    if suffix := (_SUFFIX_SCALE if sign else _BARE_SUFFIX).match(text, end):
        value, end = value * _SCALE_VALUE[suffix.group().strip().lower()], suffix.end()
    bare = Quantity(value, "number", "", start, end, approximate)
    return _with_unit(text, bare, match.group(), currency_name(sign.group()) if sign else "")


def _stands_alone(text: str, start: int) -> bool:
    """Whether a numeral is no tail of an identifier (``H20``, ``GPT-4``, ``1.2.3``)."""
    before = text[max(0, start - 2) : start]
    if not text[start].isascii() or not text[start].isdigit() or not before:
        return True
    if _SUBSCRIPT_BEFORE.search(text[max(0, start - 4) : start]) and not text[start + 1 : start + 2].isdigit():
        return False
    if before[-1].isascii() and (before[-1].isalnum() or before[-1] == "_"):
        return False
    return not (before[-1] == "-" and before[0].isascii() and before[0].isupper()) and not re.fullmatch(
        r"\d[.,]", before
    )


def _is_amount(text: str, start: int, end: int) -> bool:
    """Whether Chinese numerals stand for an amount: several of them, or one with a measure word; others always do."""
    run = text[start:end]
    if run[0].isascii():
        return True
    measured = bool(MEASURE_WORD.match(text, end) or PERCENT_AFTER.match(text, end) or _MORE.match(text, end))
    if run[0] in "百千万亿零〇":
        return len(run) > 1 and measured
    return len(run) > 1 or measured


def _with_unit(text: str, bare: Quantity, numeral: str, currency: str) -> Quantity | None:
    if percent := PERCENT_AFTER.match(text, bare.end):
        approximate = bare.approximate or bool(ABOUT_AFTER.match(text, percent.end()))
        value = bare.value / 100 if percent["basis"] and isinstance(bare.value, Decimal) else bare.value
        return replace(bare, value=value, kind="percent", end=percent.end(), approximate=approximate)
    unit, end = unit_after(text, bare.end)
    if unit == "degree" and (scale := _SCALE_OF_DEGREES.search(text, max(0, bare.start - 2), bare.start)):
        unit = "celsius" if scale[1] == "摄" else "fahrenheit"
    letter_follows = text[end : end + 1].isascii() and text[end : end + 1].isalpha()
    if end == bare.end == bare.start + len(numeral) and letter_follows and numeral[-1].isdigit():
        return None  # the head of an identifier: 910B, 5G
    if currency and unit in CURRENCIES and text[bare.end] == " ":
        unit, end = "", bare.end  # the next amount's: "NT$5,000 新台幣5千元"
    if unit in ("", "year", "people") and not currency and _is_year(text, bare, numeral):
        return replace(bare, kind="year", approximate=False)
    approximate = bare.approximate or bool(ABOUT_AFTER.match(text, bare.end) or ABOUT_AFTER.match(text, end))
    weak = bool(_ONE.fullmatch(numeral)) and numeral not in "12" and (bare.value == 1 or not is_hard(unit))
    money = currency or (unit if unit in CURRENCIES else "")
    kind: QuantityKind = "money" if money else "number"
    return replace(bare, kind=kind, unit=money or unit, end=end, approximate=approximate, weak=weak)


def _is_year(text: str, bare: Quantity, numeral: str) -> bool:
    if not re.fullmatch(r"1\d{3}|20\d\d", numeral) or Decimal(bare.value) < 0:
        return False
    if MEASURE_WORD.match(text, bare.end):
        return False
    counted = re.match(r"[\s-]years?\b|\s(?!was|is|has)[a-z]{3,}s\b", text[bare.end : bare.end + 24])
    dated = _YEAR_BEFORE.search(text[max(0, bare.start - 10) : bare.start]) and "year" not in (counted or [""])[0]
    return not counted or bool(dated)


def spread_ranges(text: str, found: list[Quantity]) -> list[Quantity]:
    """Give the first end of a range the percent sign, unit, currency and scale that stand at its last end only."""
    spread = list(found)
    for index in range(len(spread) - 2, -1, -1):
        first, last = spread[index], spread[index + 1]
        gap = text[first.end : last.start] if first.end <= last.start else "?"
        if _RANGE_GAP.fullmatch(gap) and first.unit == "" and first.kind in ("number", "year", "score"):
            spread[index] = _as_range_start(text, first, last, gap)
    return spread


def _as_range_start(text: str, first: Quantity, last: Quantity, gap: str) -> Quantity:
    if last.kind == "year" and isinstance(first.value, Decimal) and Decimal(last.value) < 0:
        return replace(first, value=-first.value, kind="year")
    if last.kind not in ("number", "percent", "money") or not isinstance(last.value, Decimal):
        return first
    if last.kind == "number" and not last.unit and first.kind == "year":
        return first
    between = re.search(
        r"between\s$|从\s?$|from\s$|在\s?$", text[max(0, first.start - 8) : first.start], re.ASCII | re.IGNORECASE
    )
    scale = _scale_of(text[last.start : last.end], last.value)
    value = first.value
    joined = bool(between) or gap.strip().lower() in ("-", "~", "到", "至", "to")
    if isinstance(value, Decimal) and joined and _scale_of(text[first.start : first.end], value) == 1:
        value = value * scale if value * scale < last.value or _counts_down(text, last) else value
    return replace(first, value=value, kind=last.kind, unit=last.unit)


def _counts_down(text: str, last: Quantity) -> bool:
    """Whether a range runs back in time: from 250 to 65 million years ago."""
    return last.unit == "year" and bool(re.match(r"\s?(?:ago\b|before\b|old\b|之?前)", text[last.end : last.end + 9]))


def _scale_of(mention: str, value: Decimal) -> Decimal:
    mantissa = re.search(DIGITS, mention)
    if mantissa:
        number = Decimal(mantissa.group().replace(",", ""))
    else:
        numeral = AMOUNT.search(mention)
        bare = (
            re.sub(r"[\s-]*(?:[万亿兆]+|thousand|million|billion|trillion)$", "", numeral.group().strip())
            if numeral
            else ""
        )
        number = numeral_value(bare) if bare else None  # type: ignore[assignment]
    return value / number if number and value > number else Decimal(1)
