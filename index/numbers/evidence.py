"""What evidence states: its quantities, and the numbers that hide in its words, which are read generously.

All read plain text (see ``numerals.plain``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from index.numbers.dates import MONTH_NAME, month_number
from index.numbers.numerals import CHINESE, DIGITS, ORDINALS, chinese_value, english_value, numeral_value
from index.numbers.quantity import Quantity
from index.numbers.readings import durations, readings

__all__ = ["Evidence", "identifiers", "read"]

# Small numbers hide in words (both, 双方, Henry VIII, trio); evidence is read generously for them, claims are not.
_SMALL_LIMIT = 12
_HIDDEN = {
    "both": 2, "twice": 2, "twin": 2, "pair": 2, "couple": 2, "double": 2, "dual": 2, "half": 2, "triple": 3, "trio": 3,
    "doubled": 2, "twofold": 2, "tripled": 3, "threefold": 3, "thrice": 3, "quartet": 4, "quadruple": 4,
    "quadrupled": 4, "fourfold": 4, "quintupled": 5, "fivefold": 5, "sixfold": 6, "sevenfold": 7, "eightfold": 8,
    "ninefold": 9, "tenfold": 10, "fortnight": 2, "once": 1, "single": 1, "sole": 1,
    "双": 2, "俩": 2, "半": 2, "单": 1, "首": 1,
}  # fmt: skip
# Numbers in parts of words and in phrases.
_STEMS = {
    "decade": 10, "centur": 100, "millenni": 1000, "bienni": 2, "trienni": 3, "quadrenni": 4, "every other": 2,
    "centen": 100, "bicenten": 200, "tricenten": 300, "tercenten": 300, "sesquicenten": 150, "fortnight": 14,
}  # fmt: skip
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
_A_DOZEN_OR_SO = re.compile(r"(?<![一二三四五六七八九百千])十[几多余来](?![万亿])", re.ASCII)
_GROUP_NAME = re.compile(r"g(\d{1,2})")
_IDENTIFIER = re.compile(
    r"(?<![A-Za-z0-9])(?=[A-Za-z0-9-]*[A-Za-z])(?=[A-Za-z0-9-]*\d)[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*", re.ASCII
)
_GROUP_OF_NATIONS = re.compile(rf"({DIGITS}|{CHINESE})国(?:集团|峰会)", re.ASCII)
_BROKEN_FORMULA = re.compile(r"(?<![A-Za-z])(H|N|O|CO|SO|NO|CH|NH|SiO|TiO)\s(\d)(?!\d)", re.ASCII)
_COVID = re.compile(r"covid|coronavirus|新冠", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Evidence:
    """``quantities`` are those stated, and what they make together (4 minutes and 11 seconds); ``others`` are their
    other readings. ``small`` and ``hidden`` are numbers in words, ``numbers`` the sizes of all figures, ``identifiers``
    names with digits in lower case, ``months`` those named."""

    quantities: tuple[Quantity, ...]
    others: tuple[Quantity, ...]
    small: frozenset[int]
    identifiers: frozenset[str]
    numbers: frozenset[Decimal]
    hidden: frozenset[Decimal]
    months: frozenset[int]


def read(text: str, stated: Sequence[Quantity]) -> Evidence:
    """What a plain text states, whose quantities are ``stated``."""
    numbers = frozenset(abs(q.value) for q in stated if isinstance(q.value, Decimal))
    names = {name for name, _, _ in identifiers(text, stated)}
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
    if _A_DOZEN_OR_SO.search(text):
        hidden.add(Decimal(12))
    months = frozenset(month_number(word) for word in MONTH_NAME.findall(text))
    others = tuple(other for quantity in stated for other in readings(text, quantity))
    stated = (*stated, *durations(text, stated))
    return Evidence(stated, others, _small_numbers(text), frozenset(names), numbers, frozenset(hidden), months)


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
    return frozenset(small | {value for stem, value in _STEMS.items() if stem in text.lower()})


def identifiers(text: str, known: Sequence[Quantity]) -> list[tuple[str, int, int]]:
    """The names with digits of a plain text that are no part of its known quantities: lower-case without hyphens, and
    their offsets."""
    free = [
        match
        for match in _IDENTIFIER.finditer(text)
        if not any(quantity.start < match.end() and match.start() < quantity.end for quantity in known)
    ]
    return [(match.group().replace("-", "").lower(), match.start(), match.end()) for match in free]
