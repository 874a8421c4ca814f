"""Which quantities of a claim its evidence does not state, in one language or across the two."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from index.numbers.dates import date_parts
from index.numbers.evidence import Evidence, identifiers, read
from index.numbers.numerals import plain
from index.numbers.quantity import Quantity
from index.numbers.readings import durations, readings
from index.numbers.units import CURRENCIES, convert, is_hard

__all__ = ["unsupported"]

_LOWER_BOUND = re.compile(
    r"(?:超过|超過|逾|至少|不少于|不低于|高达|\b(?:over|(?:more|greater) than|at least|no (?:less|fewer) than))\s*$",
    re.ASCII | re.IGNORECASE,
)
_UPPER_BOUND = re.compile(
    r"(?:不到|不足|低于|少于|近|将近|接近|(?<!no )\b(?:under|below|(?:less|fewer) than|nearly|almost))\s*$",
    re.ASCII | re.IGNORECASE,
)
_BOUND_REACH = Decimal("1.12")
_DOLLARS = {"USD", "AUD", "CAD"}  # at home all three write a bare $
_CONVERSION_TOLERANCE = Decimal("0.02")
# Degrees Celsius in one degree, and where the scale's zero of Celsius stands.
_CELSIUS = {
    "celsius": (Decimal(1), Decimal(0)),
    "fahrenheit": (Decimal(5) / 9, Decimal(32)),
    "kelvin": (Decimal(1), Decimal("273.15")),
}
_DEGREES_TOLERANCE = Decimal("0.6")
# 三维 for 3D, 第五代 for 5G.
_AS_SYMBOL = re.compile(r"[\s-]?(?:(维|-?dimension)|代|-?generation)", re.ASCII | re.IGNORECASE)


def unsupported(claim: str, claimed: Sequence[Quantity], evidence: str, stated: Sequence[Quantity]) -> list[Quantity]:
    """What ``index.numbers.unsupported_quantities`` returns, for texts whose quantities are already read."""
    written = plain(claim)
    found = read(plain(evidence), stated)
    missing = [
        quantity
        for quantity in claimed
        if not (
            quantity.weak
            or _is_supported(quantity, found)
            or _is_read_otherwise(written, quantity, found)
            or _is_within_bound(written, quantity, found)
        )
    ]
    for whole in durations(written, claimed) if missing else ():
        parts = [one for one in missing if whole.start <= one.start and one.end <= whole.end]
        if parts and _is_supported(whole, found):
            missing = [one for one in missing if one not in parts]
    return sorted(missing + _unknown_identifiers(written, claimed, found), key=lambda quantity: quantity.start)


def _unknown_identifiers(text: str, claimed: Sequence[Quantity], evidence: Evidence) -> list[Quantity]:
    return [
        Quantity(name, "identifier", "", start, end)
        for name, start, end in identifiers(text, claimed)
        if name not in evidence.identifiers and not _is_translated(name, "-" in text[start:end], evidence)
    ]


def _is_translated(name: str, hyphened: bool, evidence: Evidence) -> bool:
    """Whether a name's figure alone may stand for it: 猎鹰9号 for Falcon-9, 三维 for 3D, but never H200 for H20."""
    letters = re.sub(r"\d", "", name)
    if any(re.sub(r"\d", "", other) == letters for other in evidence.identifiers):
        return False
    symbol = len(letters) <= 2 and not hyphened
    figures = [int(run) for run in re.findall(r"\d+", name)]
    return all((n in evidence.small and n < 10) or (n in evidence.numbers and not symbol) for n in figures)


def _is_read_otherwise(text: str, claim: Quantity, evidence: Evidence) -> bool:
    """Whether a claim agrees with another reading of a figure of the evidence, or the other way round."""
    symbol = _AS_SYMBOL.match(text, claim.end)
    if symbol and f"{claim.value}{'d' if symbol[1] else 'g'}" in evidence.identifiers:
        return True
    others = list(readings(text, claim))
    pairs = [(claim, other) for other in evidence.others]
    pairs += [(reading, other) for reading in others for other in evidence.quantities]
    return any(
        _same_amount(one, two) and (one.unit == two.unit or "times" not in (one.unit, two.unit)) for one, two in pairs
    ) or (claim.unit == "times" and any(other.value in evidence.small for other in others))


def _is_supported(claim: Quantity, evidence: Evidence) -> bool:
    if claim.kind == "date":
        return _date_is_stated(date_parts(str(claim.value)), evidence)
    if isinstance(claim.value, str):
        return _time_is_stated(claim, evidence)
    if claim.kind in ("year", "decade", "century"):
        return any(_same_period(claim, other) for other in evidence.quantities)
    if claim.kind not in ("percent", "money") and (claim.value in evidence.small or claim.value in evidence.hidden):
        return True
    if claim.kind == "fraction" and round(1 / claim.value) in evidence.small:  # "a third"
        return abs(1 / claim.value - round(1 / claim.value)) < Decimal("0.001")
    if claim.kind == "fraction" and any(claim.value * scale in evidence.numbers for scale in _per(evidence)):
        return True
    return any(_same_amount(claim, other) or _is_part_of_time(claim, other) for other in evidence.quantities)


def _per(evidence: Evidence) -> frozenset[Decimal]:
    """The round numbers that a rate may be given in: 3 per thousand, 每百万人中3例."""
    return frozenset(map(Decimal, (10**3, 10**4, 10**5, 10**6))) & (evidence.hidden | evidence.numbers)


def _is_part_of_time(claim: Quantity, other: Quantity) -> bool:
    """Whether a number is the full hour of a time (at seven, 19:00), or a score is written like a time (21:17)."""
    if other.kind != "time" or claim.unit:
        return False
    hour, minute = map(int, str(other.value).split(":"))
    if claim.kind == "score":
        return claim.value in (hour, minute)
    return claim.kind == "number" and minute == 0 and claim.value == (hour % 12 or 12)


def _is_within_bound(text: str, claim: Quantity, evidence: Evidence) -> bool:
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


def _date_is_stated(parts: dict[str, int], evidence: Evidence) -> bool:
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


def _time_is_stated(claim: Quantity, evidence: Evidence) -> bool:
    hour, minute = map(int, str(claim.value).split(":"))
    if minute == 0 and {Decimal(hour), Decimal(hour % 12)} & evidence.numbers:  # "at seven"
        return True
    if {hour, minute} <= {other.value for other in evidence.quantities if other.kind == "score"}:
        return True
    other_half = f"{(hour + 12) % 24:02d}:{minute:02d}"
    return any(
        other.kind == "time"
        and (other.value == claim.value or (other.value == other_half and (claim.approximate or other.approximate)))
        for other in evidence.quantities
    )


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
    if {claim.unit, other.unit} <= _CELSIUS.keys():
        (one_scale, one_zero), (two_scale, two_zero) = _CELSIUS[claim.unit], _CELSIUS[other.unit]
        return abs((claim.value - one_zero) * one_scale - (other.value - two_zero) * two_scale) <= _DEGREES_TOLERANCE
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
