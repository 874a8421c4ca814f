"""Quantities said as phrases rather than as one numeral: shares, ordinals, scores, orders of magnitude.

All read plain text (see ``numerals.plain``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from index.numbers.numerals import CHINESE, DIGITS, ENGLISH, ORDINALS, canonical, numeral_value
from index.numbers.quantity import Quantity
from index.numbers.units import PERCENT_AFTER, unit_after

__all__ = [
    "ABOUT_AFTER", "ABOUT_BEFORE", "and_parts", "halves", "is_approximate", "ordinals", "parts_of", "ratios", "scores",
    "vague",
]  # fmt: skip

ABOUT_BEFORE = re.compile(
    r"(?:(?<![签合条节公契])约|近|将近|接近|大概|超过|逾|至少|不到|不足|不少于|不低于|高达|多达|~|\b(?:about|around|approximately|roughly|"
    r"nearly|almost|some|over|(?:more|less|fewer|greater) than|at least|up to|under|circa|ca?\.|estimated(?: at)?|"
    r"no less than))\s*$",
    re.ASCII | re.IGNORECASE,
)
ABOUT_AFTER = re.compile(r"\s?(?:左右|上下|以上|以下|余|多(?![少数样种方])|\+|\s?or so\b|-odd\b|or more\b)", re.ASCII)
_HAN_PERCENT = re.compile(rf"百分之\s?(?P<n>负?(?:{DIGITS}|{CHINESE}|百))", re.ASCII)
_TENTHS = re.compile(
    r"(?P<n>[一二两三四五六七八九十]|\d)成(?P<rest>[半一二三四五六七八九](?![十百千万手]))?(?![为立功员就本交长年都分因果])",
    re.ASCII,
)
# 八折 is 20% off; 八五折 and 8.5折 15%.
_DISCOUNT = re.compile(
    r"(?<![\d第三四五六七八九])(?P<n>[一二三四五六七八九]{1,2}|[1-9](?:\.\d|\d)?)折(?![页叠射线断磨腰扇合返旧子纸腾])",
    re.ASCII,
)
_FOLD = re.compile(r"翻了?(?P<n>[一两二三四五]|[1-5])番", re.ASCII)
_PER_MILLE = re.compile(rf"(?P<n>{DIGITS})\s?(?:‰|per\smille\b)", re.ASCII)
_HAN_FRACTION = re.compile(rf"(?P<m>{DIGITS}|{CHINESE})\s?分之\s?(?P<n>{DIGITS}|{CHINESE})", re.ASCII)
_PARTS = {"half": 2, "halves": 2, "quarter": 4, "fourth": 4} | {word: n for word, n in ORDINALS.items() if 3 <= n <= 12}
_PARTS |= {"hundredth": 100, "thousandth": 1000, "ten-thousandth": 10**4, "millionth": 10**6, "billionth": 10**9}
_ENGLISH_FRACTION = re.compile(
    rf"\b(?P<n>an?|one|two|three|four|five|six|seven|eight|nine)[\s-](?P<m>{'|'.join(_PARTS)})s?\b(?!\s(?:of\s)?(?:\d|centur|time))",
    re.ASCII | re.IGNORECASE,
)
_SHARE_AFTER = re.compile(r"\s?(?:of\b|less\b|more\b|[.,;:)。，；]|$)", re.ASCII)
# One in five, 1 in 100,000: below such round figures "in" means a place or a time.
_ENGLISH_SHARE = re.compile(
    r"\b(?P<n>one|two|three|four|five|six|seven|eight|nine|[1-9])\s(?:in|out\sof)\s(?:every\s)?"
    r"(?P<m>(?:three|four|five|six|seven|eight|nine|ten|twenty|fifty)(?!\s(?:hundred|thousand|million|billion))|(?:(?:an?|one|two|five|ten|a\shundred)\s)?(?:hundred|thousand|million|billion)|10{1,2}(?:,?000)*)\b"
    r"(?![\s-]?(?:%|percent|hour|day|week|month|year|second|minute))",
    re.ASCII | re.IGNORECASE,
)
_SLASH_FRACTION = re.compile(r"(?<![\w./-])(?P<n>\d{1,2})/(?P<m>\d{1,2})(?![\w./-])", re.ASCII)
_ORDINAL_WORD = "|".join(sorted(ORDINALS, key=len, reverse=True))
_HAN_ORDINAL = re.compile(rf"第\s?(?P<n>{DIGITS}|{CHINESE})", re.ASCII)
_ENGLISH_ORDINAL = re.compile(
    rf"(?<![\w.,])(?P<n>\d{{1,3}}(?:,\d{{3}})*(?=st|nd|rd|th)|{_ORDINAL_WORD})(?:st|nd|rd|th)?\b",
    re.ASCII | re.IGNORECASE,
)
# 前三季度 counts quarters; 第三季 without 度 may be a season unless a year stands before it.
_HAN_QUARTER = re.compile(
    r"(?<![第前首个上两几续\d一二三四五六七八九十])(?P<n>[一二三四1-4])季度|"
    r"(?<=年)第?\s?(?P<of_year>[一二三四1-4])季(?![度节])",
    re.ASCII,
)
_QUARTER = re.compile(r"(?<![A-Za-z\d])(?:Q(?P<n>[1-4])(?![A-Za-z\d]))", re.ASCII)
_HAN_SCORE = re.compile(r"(?<!\d)(?P<a>\d{1,3})\s?比\s?(?P<b>\d{1,3})(?![\d%])", re.ASCII)
_LATIN_SCORE = re.compile(
    r"(?<![\d.,/:A-Za-z-])(?P<a>\d{1,3})-(?P<b>\d{1,3})"
    r"(?![\d/:%A-Za-z-]|[.,]\d|\s?(?:%|percent|per cent|年|月|日|岁|万|亿))",
    re.ASCII,
)
_VAGUE = re.compile(
    r"\b(?:(?:tens|hundreds|thousands|millions) of )?"
    r"(?:dozens|hundreds|thousands|millions|billions|trillions)\b"
    r"|\bseveral (?:dozen|hundred|thousand|million|billion)\b"
    r"|[数几上][十百千万亿]+|[十百千万]几[十百千万亿]*|成[百千]上[千万]",
    re.ASCII | re.IGNORECASE,
)
_VAGUE_VALUES = {
    "ten": 10,
    "dozen": 12,
    "hundred": 100,
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
}
_HAN_HALF = re.compile(
    rf"(?:(?P<n>{DIGITS}|{CHINESE})\s?个)?(?<![上下])半\s?个?\s?(?=小时|钟头|世纪|月|年|天|百万|百分点|公?斤)|"
    rf"(?P<m>{DIGITS}|{CHINESE})\s?(?P<u>年|天|小时|倍|公?斤|公里)半(?!导)",
    re.ASCII,
)
_HALVED = (
    r"(?:hour|centur|decade|month|year|day|mile|million|billion|hectare|acre|times|"
    r"per\s?cent|(?:percentage[\s-])?point)"
)
_ENGLISH_PART = re.compile(
    rf"\b(?:(?P<n>{DIGITS}|{ENGLISH})[\s-]and[\s-](?=a[\s-]|one|three))?"
    r"(?:(?:an?[\s-]|one[\s-])?half|(?:an?|one|(?P<three>three))[\s-]quarters?|quarter(?=[\s-](?:percentage|point|mile)))"
    rf"(?:\sof)?(?:[\s-]an?)?[\s-](?={_HALVED}s?)",
    re.ASCII | re.IGNORECASE,
)
_UNIT_AND_PART = re.compile(
    rf"\b(?P<n>an?|{DIGITS}|{ENGLISH})[\s-](?P<u>hour|year|month|century|decade|day|mile)s?\sand\s(?:a|one)\s(?:half|quarter)\b",
    re.ASCII | re.IGNORECASE,
)
# A height: 一米八, 1米75.
_METRES_AND = re.compile(
    r"(?<![\d一二三四五六七八九十百千万.])(?P<a>[12一两])\s?米(?P<b>[\d一二三四五六七八九]{1,2})(?=[高的左长宽深，。、；）),]|\s|$)",
    re.ASCII,
)
_POINT = re.compile(r"points?\b")
_SCALE = {"百万": 10**6, "million": 10**6, "billion": 10**9}
_HALF = re.compile(r"\bhalf\b|一半|过半|半数", re.ASCII | re.IGNORECASE)


def parts_of(text: str) -> Iterator[Quantity]:
    """Halves and quarters of a unit or scale in English (half a million, a quarter of an hour, an hour and a half)."""
    for match in _UNIT_AND_PART.finditer(text):
        whole = Decimal(1) if match["n"].lower() in ("a", "an") else numeral_value(match["n"])
        if whole is not None:
            part = Decimal("0.25" if match.group().lower().endswith("quarter") else "0.5")
            yield Quantity(whole + part, "number", unit_after(text, match.start("u"))[0], *match.span())
    for match in _ENGLISH_PART.finditer(text):
        whole = numeral_value(match["n"] or "zero")
        if whole is not None:
            quarters = 2 if "half" in match.group().lower() else 3 if match["three"] else 1
            yield _part(text, match, whole + quarters * Decimal("0.25"), match.end())


def and_parts(text: str) -> Iterator[Quantity]:
    """Halves with their unit or scale in Chinese (两个半小时, 半百万), and heights (一米八)."""
    for match in _METRES_AND.finditer(text):
        value = (numeral_value(match["a"]) or 0) + Decimal(f"0.{_digits(match['b'])}")
        yield Quantity(value, "number", "m", *match.span())
    for match in _HAN_HALF.finditer(text):
        whole = numeral_value(match["n"] or match["m"] or "0")
        if whole is not None:
            yield _part(text, match, whole + Decimal("0.5"), match.start("u") if match["u"] else match.end())


def _part(text: str, match: re.Match[str], value: Decimal, unit_start: int) -> Quantity:
    """A part with what it is of; weak where it is half a unit, which evidence may say otherwise or leave unsaid."""
    start, end = match.span()
    if percent := PERCENT_AFTER.match(text, end):
        return Quantity(value, "percent", "", start, percent.end())
    scale = next((name for name in _SCALE if text.lower().startswith(name, end)), "")
    if scale:
        return Quantity(value * _SCALE[scale], "number", "", start, end + len(scale))
    if point := _POINT.match(text, end):  # of a rate, or of a score
        return Quantity(value, "percent", "", start, point.end(), weak=value == Decimal("0.5"))
    unit, unit_end = unit_after(text, unit_start)
    return Quantity(value, "number", unit, start, max(end, unit_end), weak=value == Decimal("0.5"))


def _digits(numerals: str) -> str:
    """Single numerals of either script, one behind the other, as plain digits."""
    return "".join(canonical(numeral_value(digit) or Decimal(0)) for digit in numerals)


def halves(text: str) -> Iterator[Quantity]:
    """Every lone half; always weak, for as a part of words it says little (half-life, the first half)."""
    yield from (Quantity(Decimal("0.5"), "fraction", "", *match.span(), weak=True) for match in _HALF.finditer(text))


def ratios(text: str) -> Iterator[Quantity]:
    """Percents and fractions that are said in words or as a quotient."""
    for match in _HAN_PERCENT.finditer(text):
        value = numeral_value(match["n"].lstrip("负"))
        if value is not None:
            yield Quantity(
                -value if match["n"][0] == "负" else value, "percent", "", *match.span(), is_approximate(text, match)
            )
    for match in _TENTHS.finditer(text):
        value = numeral_value(match["n"])
        if value is not None and (match.start() == 0 or text[match.start() - 1] not in "分组构合形制完变建长"):
            yield Quantity(
                value * 10 + _rest(match["rest"] or ""), "percent", "", *match.span(), is_approximate(text, match)
            )
    yield from _discounts_and_folds(text)
    for pattern in (_HAN_FRACTION, _SLASH_FRACTION, _ENGLISH_FRACTION, _ENGLISH_SHARE):
        for match in pattern.finditer(text):
            if quantity := _fraction(text, match):
                yield quantity


def _rest(digit: str) -> Decimal:
    """What 半 or a digit behind 成 adds: 三成半 and 三成五 are 35%."""
    return Decimal(5) if digit == "半" else numeral_value(digit or "〇") or Decimal(0)


def _discounts_and_folds(text: str) -> Iterator[Quantity]:
    for match in _DISCOUNT.finditer(text):
        kept = _digits(match["n"].replace(".", "")).ljust(2, "0")
        yield Quantity(100 - Decimal(kept), "percent", "", *match.span())
    for match in _FOLD.finditer(text):
        yield Quantity(2 ** (numeral_value(match["n"]) or Decimal(1)), "number", "times", *match.span())
    for match in _PER_MILLE.finditer(text):
        value = (numeral_value(match["n"]) or Decimal(0)) / 1000
        yield Quantity(value, "fraction", "", *match.span(), is_approximate(text, match))


def _fraction(text: str, match: re.Match[str]) -> Quantity | None:
    above = Decimal(1) if match["n"].lower() in ("a", "an") else numeral_value(match["n"])
    below = Decimal(_PARTS[match["m"].lower()]) if match["m"].lower() in _PARTS else numeral_value(match["m"])
    if not above or not below or above >= below:
        return None
    if match.group() == "9/11" or (match.re is _SLASH_FRACTION and unit_after(text, match.end())[0]):
        return None  # a day, and "55/65 nm" names two sizes
    if (
        match["n"].lower() in ("a", "an") or match["m"].lower() in ORDINALS and below >= 100
    ) and not _SHARE_AFTER.match(text, match.end()):
        return None  # "a third type" and "one hundredth anniversary" are ordinals
    value = (above / below).quantize(Decimal("1e-6"))
    return Quantity(value, "fraction", "", *match.span(), is_approximate(text, match), weak=value == Decimal("0.5"))


def vague(text: str) -> Iterator[Quantity]:
    """Orders of magnitude: 十几, 数百, hundreds of thousands."""
    for match in _VAGUE.finditer(text):
        words = re.findall(r"ten|dozen|hundred|thousand|million|billion|trillion", match.group().lower())
        value = Decimal(1)
        for word in words:
            value *= _VAGUE_VALUES[word]
        if not words:
            value = numeral_value(re.sub("[数几上成]", "", match.group())) or value
        # 十几 and 二十几 say a figure; 数百 and hundreds of say an order of magnitude at most.
        counted = match.group()[0] in "十百千万"
        yield Quantity(value, "number", "", *match.span(), approximate=True, weak=not counted)


def ordinals(text: str) -> Iterator[Quantity]:
    """Ordinals, with their unit where they count quarters or years (第一季度, Q1)."""
    for match in _HAN_QUARTER.finditer(text):
        yield Quantity(numeral_value(match["n"] or match["of_year"]) or Decimal(0), "ordinal", "quarter", *match.span())
    for match in _HAN_ORDINAL.finditer(text):
        if (value := numeral_value(match["n"])) is not None:
            unit, end = unit_after(text, match.end())
            kept = unit if unit in ("quarter", "year") else ""
            yield Quantity(
                value, "ordinal", kept, match.start(), end if kept else match.end(), weak=value == 1 and not kept
            )
    for match in _QUARTER.finditer(text):
        yield Quantity(Decimal(match["n"]), "ordinal", "quarter", *match.span())
    for match in _ENGLISH_ORDINAL.finditer(text):
        word = match["n"].lower()
        value = Decimal(ORDINALS[word]) if word in ORDINALS else numeral_value(match["n"])
        if value is not None:
            quarter = re.match(r"[\s-](?:fiscal\s)?quarter\b", text[match.end() : match.end() + 16])
            weak = value == 1 and not quarter
            yield Quantity(value, "ordinal", "quarter" if quarter else "", *match.span(), weak=weak)


def scores(text: str) -> Iterator[list[Quantity]]:
    """Both figures of each score (24-10, 24比10)."""
    for pattern in (_HAN_SCORE, _LATIN_SCORE):
        for match in pattern.finditer(text):
            if pattern is _HAN_SCORE or int(match["a"]) >= int(match["b"]):
                yield [Quantity(Decimal(match[part]), "score", "", *match.span(part)) for part in "ab"]


def is_approximate(text: str, match: re.Match[str]) -> bool:
    """Whether the words beside a match call it rough, or a bound (about, 约, over, 以上)."""
    return bool(
        ABOUT_BEFORE.search(text[max(0, match.start() - 24) : match.start()]) or ABOUT_AFTER.match(text, match.end())
    )
