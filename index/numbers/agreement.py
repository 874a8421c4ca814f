"""Which quantities of a claim its evidence does not state, in one language or across the two."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from index.numbers.dates import MONTH_NAME, date_parts, month_number
from index.numbers.numerals import CHINESE, DIGITS, ORDINALS, chinese_value, english_value, numeral_value, plain
from index.numbers.quantity import Quantity
from index.numbers.units import CURRENCIES, convert, is_hard

__all__ = ["unsupported"]

# Small numbers hide in words (both, 双方, Henry VIII, trio); evidence is read generously for them, claims are not.
_SMALL_LIMIT = 12
_HIDDEN = {
    "both": 2, "twice": 2, "twin": 2, "pair": 2, "couple": 2, "double": 2, "dual": 2, "half": 2, "triple": 3, "trio": 3,
    "doubled": 2, "twofold": 2, "tripled": 3, "threefold": 3, "thrice": 3, "quartet": 4, "quadruple": 4,
    "quadrupled": 4, "fourfold": 4, "fivefold": 5, "tenfold": 10, "once": 1, "single": 1, "sole": 1,
    "双": 2, "俩": 2, "半": 2, "单": 1, "首": 1,
}  # fmt: skip
_SPANS_OF_YEARS = {"decade": 10, "centur": 100, "millenni": 1000}
_HIDDEN_WORD = re.compile(r"[A-Za-z]+|[双俩单首半]", re.ASCII)
_SMALL_NUMERAL = re.compile(r"[一二三四五六七八九两]?十[一二三四五六七八九]?|[一二三四五六七八九两]", re.ASCII)
# The rank of kings, wars and chapters; C, D and M are letters.
_ROMAN = re.compile(r"\b(?=[IVXL])(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})(?<=[IVXLC])\b", re.ASCII)
_ROMAN_DIGITS = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
# A scale with no numeral before it: per thousand, 每千名, 近百万.
_BARE_SCALE = re.compile(
    r"(?<![\d一二三四五六七八九十百千万亿两几数半.])(?:[百千]?[万亿]|[百千])(?![分瓦克米万亿一二三四五六七八九])|"
    r"\b(?:hundred|thousand|million|billion)\b",
    re.ASCII | re.IGNORECASE,
)
_GROUP_NAME = re.compile(r"g(\d{1,2})")
_IDENTIFIER = re.compile(
    r"(?<![A-Za-z0-9])(?=[A-Za-z0-9-]*[A-Za-z])(?=[A-Za-z0-9-]*\d)[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*", re.ASCII
)
_GROUP_OF_NATIONS = re.compile(rf"({DIGITS}|{CHINESE})国(?:集团|峰会)", re.ASCII)
_LOWER_BOUND = re.compile(
    r"(?:超过|超過|逾|至少|不少于|不低于|高达|\b(?:over|(?:more|greater) than|at least|no (?:less|fewer) than))\s*$",
    re.ASCII | re.IGNORECASE,
)
_UPPER_BOUND = re.compile(
    r"(?:不到|不足|低于|少于|近|将近|接近|(?<!no )\b(?:under|below|(?:less|fewer) than|nearly|almost))\s*$",
    re.ASCII | re.IGNORECASE,
)
_BOUND_REACH = Decimal("1.12")
_BROKEN_FORMULA = re.compile(r"(?<![A-Za-z])(H|N|O|CO|SO|NO|CH|NH|SiO|TiO)\s(\d)(?!\d)", re.ASCII)
_COVID = re.compile(r"covid|coronavirus|新冠", re.IGNORECASE)
_DOLLARS = {"USD", "AUD", "CAD"}  # at home all three write a bare $
_CONVERSION_TOLERANCE = Decimal("0.02")


@dataclass(frozen=True, slots=True)
class _Evidence:
    quantities: tuple[Quantity, ...]
    small: frozenset[int]
    identifiers: frozenset[str]
    numbers: frozenset[Decimal]
    hidden: frozenset[Decimal]
    months: frozenset[int]


def unsupported(claim: str, claimed: Sequence[Quantity], evidence: str, stated: Sequence[Quantity]) -> list[Quantity]:
    """What ``index.numbers.unsupported_quantities`` returns, for texts whose quantities are already read."""
    written = plain(claim)
    found = _read(plain(evidence), stated)
    missing = [
        quantity
        for quantity in claimed
        if not (quantity.weak or _is_supported(quantity, found) or _is_within_bound(written, quantity, found))
    ]
    return sorted(missing + _unknown_identifiers(written, claimed, found), key=lambda quantity: quantity.start)


def _read(text: str, stated: Sequence[Quantity]) -> _Evidence:
    numbers = frozenset(abs(q.value) for q in stated if isinstance(q.value, Decimal))
    names = {name for name, _, _ in _identifiers(text, stated)}
    names |= {f"g{numeral_value(count)}" for count in _GROUP_OF_NATIONS.findall(text)}
    names |= {"".join(parts).lower() for parts in _BROKEN_FORMULA.findall(text)}
    if _COVID.search(text):
        names.add("covid19")
    hidden = {Decimal(group[1]) for name in names if (group := _GROUP_NAME.fullmatch(name))}
    hidden |= {Decimal(_roman_value(numeral)) for numeral in _ROMAN.findall(text)}
    hidden |= {
        value
        for match in _BARE_SCALE.finditer(text)
        if not any(one.start < match.end() and match.start() < one.end for one in stated)  # 5 million states no million
        and (value := numeral_value(match.group())) is not None
    }
    months = frozenset(month_number(word) for word in MONTH_NAME.findall(text))
    return _Evidence(tuple(stated), _small_numbers(text), frozenset(names), numbers, frozenset(hidden), months)


def _roman_value(numeral: str) -> int:
    values = [_ROMAN_DIGITS[digit] for digit in numeral]
    return sum(-one if one < following else one for one, following in zip(values, [*values[1:], 0], strict=True))


def _small_numbers(text: str) -> frozenset[int]:
    values = [chinese_value(run) for run in _SMALL_NUMERAL.findall(text)]
    small = {int(value) for value in values if value is not None}
    small |= {_roman_value(numeral) for numeral in _ROMAN.findall(text)}
    for word in map(str.lower, _HIDDEN_WORD.findall(text)):
        spelled = english_value(word)
        small |= {_HIDDEN.get(word, 0), ORDINALS.get(word, 0), int(spelled or 0)}
    small = {value for value in small if 0 < value <= _SMALL_LIMIT}
    if "年代" in text or re.search(r"\ds\b", text):
        small.add(10)
    return frozenset(small | {years for stem, years in _SPANS_OF_YEARS.items() if stem in text.lower()})


def _identifiers(text: str, known: Sequence[Quantity]) -> list[tuple[str, int, int]]:
    free = [
        match
        for match in _IDENTIFIER.finditer(text)
        if not any(quantity.start < match.end() and match.start() < quantity.end for quantity in known)
    ]
    return [(match.group().replace("-", "").lower(), match.start(), match.end()) for match in free]


def _unknown_identifiers(text: str, claimed: Sequence[Quantity], evidence: _Evidence) -> list[Quantity]:
    return [
        Quantity(name, "identifier", "", start, end)
        for name, start, end in _identifiers(text, claimed)
        if name not in evidence.identifiers and not _is_translated(name, "-" in text[start:end], evidence)
    ]


def _is_translated(name: str, hyphened: bool, evidence: _Evidence) -> bool:
    """Whether a name's figure alone may stand for it: 猎鹰9号 for Falcon-9, 三维 for 3D, but never H200 for H20."""
    letters = re.sub(r"\d", "", name)
    if any(re.sub(r"\d", "", other) == letters for other in evidence.identifiers):
        return False
    symbol = len(letters) <= 2 and not hyphened
    figures = [int(run) for run in re.findall(r"\d+", name)]
    return all((n in evidence.small and n < 10) or (n in evidence.numbers and not symbol) for n in figures)


def _is_supported(claim: Quantity, evidence: _Evidence) -> bool:
    if claim.kind == "date":
        return _date_is_stated(date_parts(str(claim.value)), evidence)
    if isinstance(claim.value, str):
        return _time_is_stated(claim.value, evidence)
    if claim.kind in ("year", "decade", "century"):
        return any(_same_period(claim, other) for other in evidence.quantities)
    if claim.kind not in ("percent", "money") and (claim.value in evidence.small or claim.value in evidence.hidden):
        return True
    if claim.kind == "fraction" and round(1 / claim.value) in evidence.small:  # "a third"
        return abs(1 / claim.value - round(1 / claim.value)) < Decimal("0.001")
    return any(_same_amount(claim, other) for other in evidence.quantities)


def _is_within_bound(text: str, claim: Quantity, evidence: _Evidence) -> bool:
    """Whether a claim of ``over 250`` or ``under 12%`` has a figure near that bound, on its true side."""
    before, after = text[max(0, claim.start - 20) : claim.start], text[claim.end : claim.end + 4]
    mention = text[claim.start : claim.end]
    lower = _LOWER_BOUND.search(before) or re.match(r"\s?(?:以上|\+|[多余])", after) or re.search("[多余几]", mention)
    upper = _UPPER_BOUND.search(before) or re.match(r"\s?以下", after)
    if not (lower or upper) or not isinstance(claim.value, Decimal) or claim.kind in ("year", "decade", "century"):
        return False
    if _significant(claim.value)[0] > 2:
        return False  # nobody says "over 719" of 740
    reach = Decimal(2) if "几" in mention and claim.value == 10 else _BOUND_REACH  # 十几: 11 to 19
    least, most = (Decimal(1), reach) if lower else (1 / reach, Decimal(1))
    return any(
        isinstance(other.value, Decimal)
        and other.kind in ("number", "percent", "money")
        and _comparable(claim, other)
        and not (claim.unit != other.unit and is_hard(claim.unit) and is_hard(other.unit))
        and least * claim.value <= other.value <= most * claim.value
        for other in evidence.quantities
    )


def _date_is_stated(parts: dict[str, int], evidence: _Evidence) -> bool:
    dates = [date_parts(str(q.value)) for q in evidence.quantities if q.kind == "date"]
    dates += [{"y": int(q.value)} for q in evidence.quantities if q.kind == "year" and isinstance(q.value, Decimal)]
    stated = {(name, value) for date in dates for name, value in date.items()}
    stated |= {("m", month) for month in evidence.months}
    for quantity in evidence.quantities:
        if isinstance(quantity.value, Decimal):  # "the 5th"; and 30日, 6月 are spans of time as well
            counts_days = quantity.kind == "ordinal" or (len(parts) == 1 and quantity.unit == "day")
            stated |= {("d", int(quantity.value))} if counts_days else set()
            stated |= {("m", int(quantity.value))} if len(parts) == 1 and quantity.unit == "month" else set()
    if not all(part in stated for part in parts.items()):
        return False
    # The parts may stand apart (2002年……5月), but one date must agree in all it shares with the claim.
    return (
        any(
            parts.keys() & date.keys() and all(parts[name] == date[name] for name in parts.keys() & date.keys())
            for date in dates
        )
        or len(parts) == 1
    )


def _time_is_stated(value: str, evidence: _Evidence) -> bool:
    hour, minute = map(int, value.split(":"))
    full_hour = minute == 0 and bool({Decimal(hour), Decimal(hour % 12)} & evidence.numbers)  # "at seven"
    return full_hour or any(value == other.value for other in evidence.quantities)


def _same_period(claim: Quantity, other: Quantity) -> bool:
    assert isinstance(claim.value, Decimal)
    years = _years(other)
    if years is None:
        return False
    low, high = years
    if claim.kind == "decade" and (claim.value < 100 or claim.value % 10 or other.kind == "decade"):
        # 90s says no century; 1975s is no decade that a year could lie in.
        shared = 100 if claim.value < 100 or low < 100 else 10**4
        return (low - int(claim.value)) % shared in (range(10) if low == high and claim.value % 10 == 0 else (0,))
    wanted = _years(claim)
    return wanted is not None and wanted[0] <= low and high <= wanted[1]


def _years(quantity: Quantity) -> tuple[int, int] | None:
    """The first and last year that a mention of time covers; None where it covers none."""
    if quantity.kind == "date":
        year = date_parts(str(quantity.value)).get("y")
        return None if year is None else (year, year)
    if not isinstance(quantity.value, Decimal) or quantity.value != quantity.value.to_integral_value():
        return None
    value = int(quantity.value)
    if quantity.kind in ("century", "ordinal") and quantity.unit == "":
        return (100 * (value - 1), 100 * value - 1) if value > 0 else (100 * value, 100 * value + 99)
    if quantity.kind == "decade":
        width = 99 if value >= 1000 and value % 100 == 0 else 9
        return (value, value + width)
    bare = quantity.kind in ("year", "number") and (quantity.unit == "year" or not is_hard(quantity.unit))
    return (value, value) if bare else None


def _same_amount(claim: Quantity, other: Quantity) -> bool:
    if not isinstance(claim.value, Decimal) or not isinstance(other.value, Decimal) or not _comparable(claim, other):
        return False
    if claim.unit != other.unit and is_hard(claim.unit) and is_hard(other.unit):
        return _converts(claim, other)
    wanted, stated = _on_one_scale(claim, other)
    return wanted == stated or _rounds_to(claim, wanted, stated, other.approximate)


def _comparable(claim: Quantity, other: Quantity) -> bool:
    kinds = {claim.kind, other.kind}
    if "percent" in kinds and len(kinds) > 1:
        return "fraction" in kinds or (not claim.unit and not other.unit and kinds <= {"percent", "number", "score"})
    if "date" in kinds or "time" in kinds:
        return False
    if "money" in kinds and len(kinds) > 1:
        return not other.unit or not claim.unit or {claim.unit, other.unit} & {"pound", "people"} != set()
    return True


def _converts(claim: Quantity, other: Quantity) -> bool:
    assert isinstance(claim.value, Decimal) and isinstance(other.value, Decimal)
    if {claim.unit, other.unit} <= CURRENCIES:
        return {claim.unit, other.unit} <= _DOLLARS and claim.value == other.value
    one, two = convert(claim.value, claim.unit), convert(other.value, other.unit)
    return (
        one is not None
        and two is not None
        and one[0] == two[0]
        and abs(one[1] - two[1]) <= _CONVERSION_TOLERANCE * abs(two[1])
    )


def _on_one_scale(claim: Quantity, other: Quantity) -> tuple[Decimal, Decimal]:
    def scaled(quantity: Quantity, partner: Quantity) -> Decimal:
        value = Decimal(quantity.value)
        return value * 100 if quantity.kind == "fraction" and partner.kind == "percent" else value

    return scaled(claim, other), scaled(other, claim)


def _rounds_to(claim: Quantity, wanted: Decimal, stated: Decimal, stated_roughly: bool) -> bool:
    """Whether a claim is a rounding of what the evidence states, and one of them says so."""
    if not (claim.approximate or stated_roughly) or wanted == 0:
        return False
    digits, place = _significant(wanted)
    if digits >= _significant(stated)[0]:
        return False
    return abs(wanted - stated) <= min(place / 2, abs(stated) * Decimal("0.05"))


def _significant(value: Decimal) -> tuple[int, Decimal]:
    """How many significant digits a value shows, and the worth of its last one."""
    _, digits, exponent = value.normalize().as_tuple()
    return len(digits), Decimal(1).scaleb(int(exponent))
