"""Two documents that give different values for the one figure or date that is asked for.

They disagree where both speak of what the question names, at the same time, in the same measure, and neither value
could be the other rounded. Values far apart are taken to be of different things: a figure that two sources dispute is
of one size.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from index.equivalents import Names
from index.language import side
from index.numbers import Quantity
from index.numbers.dates import date_parts
from index.numbers.units import convert
from index.types import Passage
from rag.answer.features import quarters_of, years_of
from rag.answer.measures import asked_measure, fits
from rag.answer.sentences import ScoredSentence
from rag.answer.span import answer_quantity

__all__ = ["DisagreementSettings", "disagreement"]


_ASKS_EACH = re.compile(
    r"各[自是为為占有]|各[^种種级級地界行方项項季年月]{0,3}多少|分[别別]|\brespectively\b|"
    r"\beach\b(?! *(?:day|week|month|quarter|year))",
    re.IGNORECASE,
)
_ROUNDED, _ROUGHLY = Decimal("0.02"), Decimal("0.05")  # of a value, within which another is the same one rounded


@dataclass(frozen=True, slots=True)
class DisagreementSettings:
    """How far behind the best sentence, in score, the first of the two may stand, and how far behind that the other, or
    another date; the least weight of the question's words either holds, and the least share of the first's weight that
    the other does. In the other language, or where one is a row of a table, one that holds nearly as much of the
    question (``alike``), for a figure, may stand as far as ``far_margin`` behind: such scores lie far apart. Last, how
    many times the smaller value the larger may be, or years apart two dates."""

    behind: float = 3.0
    margin: float = 6.5
    far_margin: float = 12.0
    date_margin: float = 1.0
    least_words: float = 1.4
    share: float = 0.5
    alike: float = 0.65
    most_times: float = 1.5
    most_years: float = 2.0


def disagreement(
    question: str,
    scored: Sequence[ScoredSentence],
    passages: Sequence[Passage],
    settings: DisagreementSettings,
    names: Names | None = None,
) -> tuple[ScoredSentence, ScoredSentence] | None:
    """The best two sentences of different documents that answer a question for one figure differently, or None. Of
    ``names`` that the question holds, the passage of the second lacks none that the first's has: what another company
    earns contradicts nothing."""
    if _ASKS_EACH.search(question):  # two things have two values
        return None
    ranked = sorted(scored, key=lambda s: (-s.score, s.passage, s.start))
    stated: list[tuple[ScoredSentence, Quantity]] = []
    for sentence in ranked:
        if sentence.score < ranked[0].score - settings.behind - settings.far_margin:
            break
        value = answer_quantity(question, sentence.text, sentence.lead)
        if (
            value is not None
            and _subject(sentence) >= settings.least_words
            and _speaks_of_it(question, sentence, value)
        ):
            stated.append((sentence, value))
    if not stated or stated[0][0].score < ranked[0].score - settings.behind:
        return None
    first, value = stated[0]
    for other, differing in stated[1:]:
        dated = value.kind in ("date", "year")
        one, two = passages[first.passage], passages[other.passage]
        own, most = _subject(other), _subject(first)
        unlike = side(one.language) != side(two.language) or first.feature("row") != other.feature("row")
        margin = settings.far_margin if unlike and own >= settings.alike * most else settings.margin
        near = other.score >= first.score - (settings.date_margin if dated else margin)
        if not near or own < settings.share * most or one.document_id == two.document_id:
            continue
        if _of_another(question, one, two, names) or (not dated and _of_other_times(first, one, other, two)):
            continue
        if _disagree(value, differing, settings):
            return first, other
    return None


def _of_another(question: str, one: Passage, two: Passage, names: Names | None) -> bool:
    """Whether the second passage lacks a name of the question that the first has."""
    if names is None:
        return False
    lacks = [names.missing(question, passage.whole) for passage in (one, two)]
    return lacks[1] > lacks[0]


def _subject(sentence: ScoredSentence) -> float:
    """The weight of the question's words that a sentence holds with what stands above it."""
    return sentence.feature("words") + sentence.feature("words above")


def _of_other_times(first: ScoredSentence, one: Passage, other: ScoredSentence, two: Passage) -> bool:
    """Whether both say of which years they speak, or of which quarters, and those are not the same."""
    times = tuple(
        years_of(sentence.text) or years_of("\n".join((passage.title, *passage.headings, sentence.lead)))
        for sentence, passage in ((first, one), (other, two))
    )
    quarters = quarters_of(first.text), quarters_of(other.text)
    return any(bool(own and its) and not own & its for own, its in (times, quarters))


def _speaks_of_it(question: str, sentence: ScoredSentence, value: Quantity) -> bool:
    measured = fits(asked_measure(question), value, sentence.text)
    asked, named = quarters_of(question), quarters_of(sentence.text)
    if asked and named and not asked & named:
        return False
    return measured is not False and not sentence.feature("other time") and not sentence.feature("names missing")


def _disagree(value: Quantity, differing: Quantity, settings: DisagreementSettings) -> bool:
    dated = _years(value), _years(differing)
    if dated[0] is not None and dated[1] is not None:
        return value.value != differing.value and abs(dated[0] - dated[1]) <= settings.most_years
    sizes = _size(value), _size(differing)
    if sizes[0] is None or sizes[1] is None or sizes[0][0] != sizes[1][0]:
        return False
    small, large = sorted((abs(sizes[0][1]), abs(sizes[1][1])))
    same = _ROUGHLY if value.approximate or differing.approximate else _ROUNDED
    return small * (1 + same) < large <= small * Decimal(str(settings.most_times))


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
