"""Other readings of a quantity, from the words beside it: a fall as a negative (下降3% and -3%), growth by three times
as fourfold, 300% as three times, and what is said in parts as one duration (4分11秒 and 4:11).

All read plain text (see ``numerals.plain``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

from index.numbers.quantity import Quantity
from index.numbers.units import convert

__all__ = ["durations", "readings"]

_FALL = re.compile(
    r"(?:下降|下跌|下滑|下調|下调|减少|减|降低|跌|降|亏损|负增长|\b(?:f[ae]ll|fallen|falls|falling|drop|dropped|drops|decline[ds]?|"
    r"decreased?|down|shrank|losse?s?))[^，。；,;]{0,12}$",
    re.ASCII | re.IGNORECASE,
)
_GROWTH_BEFORE = re.compile(
    r"(?:增长|成长|增加|提高|扩大|上升|上涨|提升|高出|增|涨|多)了?[近约超过逾达]{0,2}\s?$|\bby\s(?:about\s|over\s|nearly\s)?$",
    re.ASCII | re.IGNORECASE,
)
_GROWTH_AFTER = re.compile(r"\s(?:more|higher|larger|bigger|greater|increase|rise|growth)\b", re.ASCII | re.IGNORECASE)
_BETWEEN_PARTS = re.compile(r"\s?(?:and|,|又|零|〇)?\s?", re.ASCII | re.IGNORECASE)
_BASES = {"time": "s", "months": "month"}


def readings(text: str, quantity: Quantity) -> Iterator[Quantity]:
    """What else a figure may be, by the words before and after it."""
    value = quantity.value
    if not isinstance(value, Decimal) or quantity.kind not in ("number", "percent", "money", "fraction"):
        return
    before = text[max(0, quantity.start - 24) : quantity.start]
    if _FALL.search(before):
        yield replace(quantity, value=-value)
    times = value if quantity.unit == "times" else value / 100 if quantity.kind == "percent" and value >= 100 else None
    if times is None:
        return
    if quantity.kind == "percent":
        yield replace(quantity, value=times, kind="number", unit="times")
    if _GROWTH_BEFORE.search(before) or _GROWTH_AFTER.match(text, quantity.end):
        yield replace(quantity, value=times + 1, kind="number", unit="times")


def durations(text: str, found: Sequence[Quantity]) -> Iterator[Quantity]:
    """What a text says in parts, or as ``4:11``, as one span of seconds or months each."""
    whole: Quantity | None = None
    for last, following in pairwise(found):
        before = whole if whole and whole.end == last.end else last
        if whole := _joined(text, last, before, following):
            yield whole
    for quantity in found:
        if quantity.kind == "time" and re.fullmatch(r"\d+:\d+", text[quantity.start : quantity.end]):
            first, second = map(Decimal, str(quantity.value).split(":"))
            for unit in (60, 3600):  # minutes and seconds, or hours and minutes
                seconds = first * unit + second * unit / 60
                yield replace(quantity, value=seconds, kind="number", unit="s", approximate=False)


def _joined(text: str, last: Quantity, before: Quantity, after: Quantity) -> Quantity | None:
    one, two = (
        convert(quantity.value, quantity.unit) if isinstance(quantity.value, Decimal) else None
        for quantity in (before, after)
    )
    unit = convert(Decimal(1), last.unit)
    if one is None or two is None or unit is None or one[0] != two[0] or one[0] not in _BASES or two[1] >= unit[1]:
        return None
    if not _BETWEEN_PARTS.fullmatch(text[before.end : after.start]):
        return None
    return Quantity(one[1] + two[1], "number", _BASES[one[0]], before.start, after.end)
