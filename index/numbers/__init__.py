"""Quantities in Chinese and English text, brought to one value whatever their notation.

``2.5%``, ``２.５％``, ``百分之二点五`` and ``2.5 percent`` are one quantity; so are ``500亿``, ``50 billion`` and
``五百亿``, and ``2024年3月5日``, ``March 5, 2024`` and ``2024-03-05``. Identifiers (``910B``, ``H20``, ``GPT-4``) are
no quantities. Lone numerals inside words (``一些``, ``三星``, ``万一``) are left out; mentions that state next to
nothing (``一个``, ``one``, ``hundreds of``) are marked weak.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from index.numbers.agreement import unsupported
from index.numbers.amounts import AMOUNT, amount, spread_ranges
from index.numbers.clock import clock_times
from index.numbers.dates import calendar_mentions, date_parts
from index.numbers.numerals import canonical, plain
from index.numbers.phrases import and_parts, halves, ordinals, parts_of, ratios, scores, vague
from index.numbers.quantity import Quantity, QuantityKind
from index.numbers.units import is_hard

__all__ = ["Quantity", "QuantityKind", "quantities", "search_terms", "unsupported_quantities"]

# Words of two or more numerals that name no amount.
_HAN_WORD = re.compile(
    r"万一|千万(?=[不别要记])|(?<![一二三四五六七八九时])十分(?![钟之])|百万富翁|(?<!九)一一|万千|千百|十足|十全|千万(?=富翁)|万万|亿万|三位一体|四处|四周|四面|四肢|三番|百万(?=雄师)",
    re.ASCII,
)
_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s\u3000-\u9fff，。；）]+")  # what stands in a link counts nothing


def quantities(text: str) -> list[Quantity]:
    """Every quantity of a text in either language, in order; none overlap but the ends of a span of dates or years."""
    written = plain(text)
    found: list[Quantity] = []
    taken = bytearray(len(written))
    for group in _candidates(written, taken):
        start, end = group[0].start, group[-1].end
        if not any(taken[start:end]):
            taken[start:end] = b"\x01" * (end - start)
            found += group
    return spread_ranges(written, sorted(found, key=lambda quantity: quantity.start))


def _candidates(text: str, taken: bytearray) -> Iterator[list[Quantity]]:
    for pattern in (_HAN_WORD, _ADDRESS):
        for match in pattern.finditer(text):
            taken[match.start() : match.end()] = b"\x01" * (match.end() - match.start())
    yield from ([quantity] for quantity in parts_of(text))
    yield from ([quantity] for quantity in ratios(text))
    spans: dict[tuple[int, int], list[Quantity]] = {}
    for mention in calendar_mentions(text):
        quantity = Quantity(mention.value, mention.kind, "", mention.start, mention.end)
        spans.setdefault((mention.start, mention.end), []).append(quantity)
    yield from spans.values()
    yield from ([quantity] for quantity in clock_times(text))
    yield from ([quantity] for quantity in vague(text))
    yield from ([quantity] for quantity in and_parts(text))
    yield from ([quantity] for quantity in ordinals(text))
    yield from scores(text)
    for match in AMOUNT.finditer(text):
        if not any(taken[match.start() : match.end()]) and (found := amount(text, match)):
            yield [found]
    yield from ([quantity] for quantity in halves(text))


def search_terms(text: str) -> list[str]:
    """Canonical search words of the quantities of a text, in order: the same for every notation and both languages.

    ``n:`` a number, also with its unit when that is one of measure (``n:7``, ``n:7nm``); ``p:`` percents; ``d:`` a
    date, followed by ``y:`` its year; ``c:`` a century, ``s:`` a decade (``s:1990``), ``t:`` a time of day, ``o:`` an
    ordinal, ``f:`` a fraction. Weak mentions give none.
    """
    terms: list[str] = []
    for quantity in quantities(text):
        if not quantity.weak:
            terms += _terms_of(quantity)
    return terms


_PREFIXES = {"percent": "p", "decade": "s", "century": "c", "ordinal": "o", "year": "y", "fraction": "f"}


def _terms_of(quantity: Quantity) -> list[str]:
    if isinstance(quantity.value, str):
        if quantity.kind == "time":
            return [f"t:{quantity.value}"]
        parts = date_parts(quantity.value)
        return [f"d:{quantity.value}"] + ([f"y:{parts['y']}"] if "y" in parts else [])
    value = canonical(quantity.value)
    if quantity.kind in _PREFIXES:
        return [f"{_PREFIXES[quantity.kind]}:{value}{quantity.unit if quantity.kind == 'ordinal' else ''}"]
    measured = quantity.kind == "number" and is_hard(quantity.unit)
    return [f"n:{value}", f"n:{value}{quantity.unit}"] if measured else [f"n:{value}"]


def unsupported_quantities(claim: str, evidence: str) -> list[Quantity]:
    """The quantities of a claim that no quantity of the evidence matches, in order; weak ones are never among them.

    Values must be equal after conversion; units of different measures never agree (5 km, 5 years). A rounder claim
    stands where either side calls its figure approximate, ``over 250`` where the evidence says at most a quarter more.
    A year, decade or century stands where a date lies in it; a date stands where all it states is stated. Identifiers
    with digits (``H20``, ``MPEG-4``) are checked too and come back with kind ``identifier`` and their name as value.
    """
    return unsupported(claim, quantities(claim), evidence, quantities(evidence))
