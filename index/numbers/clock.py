"""Times of day of both languages, as they stand in plain text (see ``numerals.plain``), written ``15:30``.

A time that does not say which half of the day it is in (``quarter past three``) is marked approximate.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from index.numbers.numerals import numeral_value
from index.numbers.quantity import Quantity

__all__ = ["clock_times"]

_HAN_HOUR = r"(?<![\d.一二三四五六七八九十百千万几数第])(?P<h>\d{1,2}|[一二两三四五六七八九十]{1,3})"
# No single digit: 三点五分 may be three and a half points.
_HAN_MINUTES = r"[零〇][一二三四五六七八九]|[二三四五]?十[一二三四五六七八九]?"
_HAN_PERIOD = (
    r"(?P<p>凌晨|清晨|清早|早晨|早上|上午|中午|下午|午后|傍晚|晚上|晚间|今晚|当晚|深夜|半夜|夜里|夜间|"
    r"[早晚](?=[\d一二两三四五六七八九十]))"
)
_HOUR = r"(?P<h>1[0-2]|[1-9]|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
_PERIOD = r"\s?(?P<p>[ap]\.?m\b|(?<=\s)(?:in\sthe\s(?:morning|afternoon|evening)|at\snight)\b)"
_BEFORE_HOUR = (
    "(?:"
    + "|".join(
        rf"(?<=\b{word}\s)" for word in ("at", "by", "to", "about", "around", "until", "from", "before", "after")
    )
    + ")"
)
_PATTERNS = [
    re.compile(rf"(?<![\d:.])(?P<h>[01]?\d|2[0-4]):(?P<n>[0-5]\d)(?![\d:])(?:{_PERIOD})?", re.ASCII | re.IGNORECASE),
    re.compile(r"(?<![\d:.])(?P<h>1?\d)\s?(?P<p>[ap]\.?m\b)", re.ASCII | re.IGNORECASE),
    re.compile(
        rf"\b(?:(?P<past>half|(?:a\s)?quarter|five|ten|twenty|twenty-five|\d{{1,2}})(?:\sminutes)?\spast|"
        rf"(?P<to>(?:a\s)?quarter|(?:five|ten|twenty|twenty-five|\d{{1,2}})(?=\sminutes))(?:\sminutes)?\sto)\s"
        rf"{_HOUR}\b(?!\s?%|[\s-](?:percent|per\scent|quarters))(?:{_PERIOD})?",
        re.ASCII | re.IGNORECASE,
    ),
    re.compile(rf"\b{_HOUR}\so'?\s?clock\b(?:{_PERIOD})?", re.ASCII | re.IGNORECASE),
    re.compile(rf"{_BEFORE_HOUR}{_HOUR}{_PERIOD}", re.ASCII | re.IGNORECASE),
    re.compile(
        rf"{_HAN_PERIOD}\s?(?P<h>\d{{1,2}}|[一二两三四五六七八九十]{{1,3}})\s?[时点]"
        rf"(?:(?P<past>[一三]刻|半(?![个数]))|\s?(?P<n>\d{{1,2}}|{_HAN_MINUTES}|[一二三四五六七八九](?=分))\s?分?)?",
        re.ASCII,
    ),
    re.compile(
        rf"{_HAN_HOUR}\s?[时点](?:(?P<past>[一三]刻|半(?![个数点导]))|\s?(?P<n>\d{{1,2}}|{_HAN_MINUTES})\s?分(?!之)|钟|整)",
        re.ASCII,
    ),
    re.compile(
        r"(?<![\d.一二三四五六七八九百千几数])(?P<h>\d{1,2}|二?十[一二三四五六七八九]?)\s?时(?![代间候期区刻速])",
        re.ASCII,
    ),
]
_PAST = {"half": 30, "半": 30, "quarter": 15, "a quarter": 15, "一刻": 15, "三刻": 45}
_MORNING = ("am", "morning", "凌晨", "清晨", "清早", "早晨", "早上", "上午", "早")
_NIGHT = ("night", "今晚", "当晚", "晚", "深夜", "半夜", "夜里", "夜间")  # before and after midnight
# Said without a figure: weak, for 零点 and noon are parts of words and phrases.
_NAMED = re.compile(
    r"\b(?:midnight|noon)\b|午夜|子夜|正午|零点(?![\d一二三四五六七八九几能])", re.ASCII | re.IGNORECASE
)


def clock_times(text: str) -> Iterator[Quantity]:
    """Every time of day of a plain text, pattern by pattern; they may overlap, and the first is meant."""
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            if time := _time(match):
                yield time
    for match in _NAMED.finditer(text):
        value = "12:00" if match.group().lower() in ("noon", "正午") else "00:00"
        yield Quantity(value, "time", "", *match.span(), weak=True)


def _time(match: re.Match[str]) -> Quantity | None:
    groups = match.groupdict()
    hour, after, before = (
        _number(part or "0") for part in (groups["h"], groups.get("n") or groups.get("past"), groups.get("to"))
    )
    if hour is None or after is None or before is None or hour > 24 or max(after, before) >= 60:
        return None
    period = (groups.get("p") or "").lower().replace(".", "").rpartition(" ")[2]
    if hour == 12 and period in (*_MORNING, *_NIGHT, "晚上", "晚间"):
        hour = 0
    elif hour < 12 and _is_late(period, hour):
        hour += 12
    hours, minutes = divmod((hour * 60 + after - before) % 1440, 60)
    unclear = not period and 0 < hour <= 12
    return Quantity(f"{hours:02d}:{minutes:02d}", "time", "", *match.span(), approximate=unclear)


def _is_late(period: str, hour: int) -> bool:
    """Whether an hour is of the second half of the day: 中午 lasts from eleven to three, a night beyond midnight."""
    if period == "中午":
        return hour < 4
    return period != "" and period not in _MORNING and not (period in _NIGHT and hour < 6)


def _number(part: str) -> int | None:
    low = part.lower().replace("零", "〇")
    value = _PAST[low] if low in _PAST else numeral_value(low)
    return None if value is None else int(value)
