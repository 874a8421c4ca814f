"""Two documents that give different values for the one figure or date that is asked for.

They disagree where both speak of what the question names, at the same time, in the same measure, and neither value
could be the other rounded. Values far apart are taken to be of different things: a figure that two sources dispute is
of one size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from index.numbers import Quantity, unsupported_quantities
from index.numbers.dates import date_parts
from index.numbers.units import convert
from index.types import Passage
from rag.answer.measures import asked_measure, fits
from rag.answer.sentences import ScoredSentence
from rag.answer.span import answer_quantity

__all__ = ["DisagreementSettings", "disagreement"]


@dataclass(frozen=True, slots=True)
class DisagreementSettings:
    """How far behind the best sentence, in score, the two may stand; how much of the question's words that one holds
    the other must hold; and how many times the smaller value the larger may be, or years apart two dates."""

    behind: float = 3.0
    margin: float = 4.0
    share: float = 0.7
    most_times: float = 2.0
    most_years: float = 3.0


def disagreement(
    question: str, scored: Sequence[ScoredSentence], passages: Sequence[Passage], settings: DisagreementSettings
) -> tuple[ScoredSentence, ScoredSentence] | None:
    """The best two sentences of different documents that answer a question for one figure differently, or None."""
    ranked = sorted(scored, key=lambda s: (-s.score, s.passage, s.start))
    stated: list[tuple[ScoredSentence, Quantity]] = []
    for sentence in ranked:
        if sentence.score < ranked[0].score - settings.behind - settings.margin:
            break
        value = answer_quantity(question, sentence.text, sentence.lead)
        if value is not None and _speaks_of_it(question, sentence, value):
            stated.append((sentence, value))
    if not stated or stated[0][0].score < ranked[0].score - settings.behind:
        return None
    first, value = stated[0]
    for other, differing in stated[1:]:
        near = other.score >= first.score - settings.margin and other.share >= settings.share * first.share
        apart = passages[other.passage].document_id != passages[first.passage].document_id
        if near and apart and _disagree(first, value, other, differing, settings):
            return first, other
    return None


def _speaks_of_it(question: str, sentence: ScoredSentence, value: Quantity) -> bool:
    measured = fits(asked_measure(question), value, sentence.text)
    return measured is not False and not sentence.feature("other time") and not sentence.feature("names missing")


def _disagree(
    first: ScoredSentence, value: Quantity, other: ScoredSentence, differing: Quantity, settings: DisagreementSettings
) -> bool:
    said, contrary = first.text[value.start : value.end], other.text[differing.start : differing.end]
    if not unsupported_quantities(said, other.text) or not unsupported_quantities(contrary, first.text):
        return False
    dated = _years(value), _years(differing)
    if dated[0] is not None and dated[1] is not None:
        return abs(dated[0] - dated[1]) <= settings.most_years
    sizes = _size(value), _size(differing)
    if sizes[0] is None or sizes[1] is None or sizes[0][0] != sizes[1][0]:
        return False
    small, large = sorted((abs(sizes[0][1]), abs(sizes[1][1])))
    return 0 < large <= small * Decimal(str(settings.most_times))


def _years(value: Quantity) -> float | None:
    """The point in time that a date or year names, in years."""
    if value.kind == "year" and isinstance(value.value, Decimal):
        return float(value.value) + 0.5
    if value.kind != "date":
        return None
    parts = date_parts(str(value.value))
    return parts["y"] + (parts.get("m", 6) - 0.5) / 12.0 if "y" in parts else None


def _size(value: Quantity) -> tuple[str, Decimal] | None:
    """What a figure measures and how much of it, in the base unit; None for what is no amount."""
    if not isinstance(value.value, Decimal) or value.kind not in ("number", "percent", "money", "fraction"):
        return None
    converted = convert(value.value, value.unit)
    if converted is not None:
        return converted
    return (value.unit if value.kind in ("number", "money") else value.kind, value.value)
