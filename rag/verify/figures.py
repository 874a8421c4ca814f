"""Numbers, dates and names with digits that a claim states and its evidence does not: which veto, which only count.

In one language any such figure but a small ordinal in words is a veto. Across languages a small number is often part
of a word (both, 双方), so that only years, dates, percents, money, identifiers and numbers above twelve are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from index.numbers import Quantity, quantities, unsupported_quantities

__all__ = ["Figures", "figures"]

_SMALL = 12
_DATES = ("date", "year", "decade", "century", "time")


@dataclass(frozen=True, slots=True)
class Figures:
    """How many quantities a claim states, how many of them its evidence does not, and the veto that follows, if any:
    ``number`` or ``date``."""

    stated: int
    missing: int
    veto: str


def figures(claim: str, evidence: Sequence[str], crosses: bool) -> Figures:
    """The quantities of a claim against all its evidence together."""
    stated = [quantity for quantity in quantities(claim) if not quantity.weak]
    if not stated and not any(character.isdigit() for character in claim):
        return Figures(0, 0, "")
    missing = unsupported_quantities(claim, "\n".join(evidence))
    hard = [quantity for quantity in missing if not _is_small(quantity, claim, crosses)]
    veto = "" if not hard else "date" if hard[0].kind in _DATES else "number"
    return Figures(max(len(stated), len(missing)), len(missing), veto)


def _is_small(quantity: Quantity, claim: str, crosses: bool) -> bool:
    """Whether a quantity is a small one in words, which the evidence may write otherwise or leave to be counted: an
    ordinal (third), and across languages any."""
    if quantity.kind not in (("number", "ordinal", "fraction") if crosses else ("ordinal",)) or not isinstance(
        quantity.value, Decimal
    ):
        return False
    spelled = not any(character.isdigit() for character in claim[quantity.start : quantity.end])
    return spelled and abs(quantity.value) <= _SMALL
