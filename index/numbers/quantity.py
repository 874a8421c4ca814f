"""One quantity of a text: the value that the readers of numbers and dates return."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

__all__ = ["Quantity", "QuantityKind"]

QuantityKind = Literal[
    "number",
    "percent",
    "date",
    "year",
    "decade",
    "century",
    "time",
    "ordinal",
    "money",
    "fraction",
    "score",
    "identifier",
]


@dataclass(frozen=True, slots=True)
class Quantity:
    """One quantity of a text; ``text[start:end]`` is its mention, in Unicode code points.

    ``value`` is a number, or for a date or time of day its normal writing (``2024-03-05``, ``--03-05``, ``15:30``; see
    ``index.dates``). A percentage counts percents (``2.5``); a fraction is its quotient. ``unit`` is a canonical name
    (``km``, ``nm``, ``people``, ``USD``, ``year``…) or empty. ``weak`` marks mentions that state too little to check.
    """

    value: Decimal | str
    kind: QuantityKind
    unit: str
    start: int
    end: int
    approximate: bool = False
    weak: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"quantity span must be 0 <= start <= end, was: {self.start}, {self.end}")
