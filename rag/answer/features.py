"""What tells whether a sentence answers a question: words, figures, names, times and shape, as numbers.

Closeness of meaning and the language model's word cost a model's time and are filled in by ``sentences``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from index.language import Side, fold
from index.names import matching_words, models_of
from index.types import Passage
from rag.answer.indicators import lacking
from rag.answer.measures import asked_measure, figures, fits, read_quantities
from rag.answer.places import elsewhere
from rag.answer.question import AnswerKind, answer_kind, holds
from rag.answer.spans import Span
from rag.retrieve import QueryTerms

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]

__all__ = ["FEATURES", "plain_features", "quarters_of", "stages_of", "years_of"]

MODEL_FEATURES = ("meaning", "probe")
_KINDS: tuple[AnswerKind, ...] = ("number", "date", "person", "place", "reason", "definition")
FEATURES = (
    *MODEL_FEATURES,
    "words", "words above", "words before", "words after", "words of its own", "words far around",
    "words beyond topic", "topic", "phrase", *(f"{kind} held" for kind in _KINDS), "measure held", "measure missed",
    "new words", "length", "first", "same time", "other time", "names missing",
    "figure missing", "row", "head", "title", "question", "passage", "passage place",
)  # fmt: skip
_STAGES = {
    **{word: n for n, word in enumerate("一二三四五六七八九十", start=1)},
    **{word: n for n, word in enumerate("first second third fourth fifth".split(), start=1)},
    **{word: n for n, word in enumerate("one two three four five".split(), start=1)},
    **{word: n for n, word in enumerate("i ii iii iv v".split(), start=1)},
}
_STAGE = re.compile(
    r"(?<![一二三四五六七八九十百\d])(?:第)?([一二三四五六七八九十]|\d{1,2})期(?![间限权刊货])"
    r"|\b(first|second|third|fourth|fifth) phase\b|\b(?:phase|fund) (one|two|three|four|five|i{1,3}|iv|v|\d)\b"
)
_BEFORE: Mapping[Side, int] = {"zh": 40, "en": 110}  # characters
_LATIN = re.compile(r"[a-z0-9]+|[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question, read once for all sentences."""

    text: str
    kind: AnswerKind
    times: frozenset[str]
    names: frozenset[str]
    pairs: frozenset[tuple[str, str]]


def plain_features(
    question: str, spans: Sequence[Span], passages: Sequence[Passage], terms: Mapping[Side, QueryTerms]
) -> Matrix:
    """Float64 of shape (spans, ``FEATURES``); what needs a model is 0."""
    import numpy as np

    asked = _Asked(question, answer_kind(question), years_of(question), _names(question), _pairs(question))
    rows = np.zeros((len(spans), len(FEATURES)))
    for number, group in groupby(range(len(spans)), key=lambda i: spans[i].passage):
        places = list(group)
        own = [spans[i] for i in places]
        rows[places[0] : places[-1] + 1, 2:10] = _word_features(own, passages[number], terms[own[0].side])
        for i in places:
            rows[i, 10:-2] = _own_features(asked, spans[i], passages[number], i == places[0])
            rows[i, -2:] = passages[number].score, 1.0 / (1.0 + number)
    return rows


def _word_features(spans: Sequence[Span], passage: Passage, terms: QueryTerms) -> Matrix:
    """The weight of the question's words that a sentence holds; that what is read above, before and after it adds; that
    of the words few sentences of its passage hold; what else of them the passage holds; and that of those its title and
    first sentence, which say what it is about, do not hold, and do."""
    import numpy as np

    weights = np.array(terms.weights, dtype=np.float64)
    root = math.sqrt(max(float(weights.sum()), 1e-6))
    title = _held(terms, matching_words(" ".join((passage.title, *passage.headings))))
    own = np.array([_held(terms, matching_words(span.text)) for span in spans])
    above = np.array([np.maximum(title, _held(terms, matching_words(span.lead))) for span in spans])
    nothing = np.zeros((1, own.shape[1]))
    before, after = np.vstack([nothing, own[:-1]]), np.vstack([own[1:], nothing])
    known = np.maximum(own, above)
    shared = own / np.maximum(own.sum(axis=0), 1.0)
    topic = np.maximum(title, own[0])
    columns = (
        own,
        known - own,
        np.maximum(known, before) - known,
        np.maximum(known, after) - known,
        shared,
        np.maximum(known, own.max(axis=0)) - known,
        np.maximum(own - topic, 0.0),
        np.minimum(own, topic),
    )
    return np.stack([column @ weights / root for column in columns], axis=1)


def _held(terms: QueryTerms, found: frozenset[str]) -> list[float]:
    return [
        max((p for reading, p in term.readings if all(word in found for word in reading)), default=0.0)
        for term in terms.terms
    ]


def _own_features(asked: _Asked, span: Span, passage: Passage, first: bool) -> list[float]:
    around = "\n".join((passage.title, *passage.headings, span.lead))
    held = asked.kind in _KINDS and span.shape not in ("question", "head") and holds(asked.kind, span.text, asked.text)
    measured, missed = _measured(asked, span)
    times = years_of(span.text) or years_of(around)
    names = asked.names - _names(f"{around}\n{span.text}")
    # What not even its passage names counts twice: -1.5 each, set by hand, is too little for another product's figure.
    nowhere = names - _names(passage.text)
    pairs = _pairs(span.text)
    new = matching_words(span.text) - matching_words(asked.text)
    return [
        len(asked.pairs & pairs) / math.sqrt(max(1, len(asked.pairs))),
        *(float(held and asked.kind == kind) for kind in _KINDS),
        measured,
        missed,
        math.log1p(len(new)),
        math.log(max(4, len(span.text)) / (25.0 if span.side == "zh" else 80.0)),
        float(first),
        float(bool(asked.times & times)),
        float(bool(asked.times and times) and not asked.times & times),
        float(len(names) + len(nowhere) + elsewhere(asked.text, span.text, around)),
        float(lacking(asked.text, "\n".join((around, _just_before(span, passage), span.text)))),
        *(float(span.shape == shape) for shape in ("row", "head", "title", "question")),
    ]


def _just_before(span: Span, passage: Passage) -> str:
    """The end of what stands before a sentence: "Gross margin rose. It was 21.6 %." """
    return passage.text[max(0, span.start - _BEFORE[span.side]) : span.start]


def _measured(asked: _Asked, span: Span) -> tuple[float, float]:
    if asked.kind != "number":
        return 0.0, 0.0
    measure = asked_measure(asked.text)
    said = [fits(measure, figure, span.text) for figure in figures(asked.text, span.text)]
    return float(any(said)), float(bool(said) and not any(one is not False for one in said))


@lru_cache(maxsize=16384)
def years_of(text: str) -> frozenset[str]:
    """The years a text names."""
    found = (q for q in read_quantities(text) if q.kind in ("year", "date"))
    return frozenset(year for q in found if (year := str(q.value)[:4]).isdigit())


@lru_cache(maxsize=16384)
def quarters_of(text: str) -> frozenset[str]:
    """The quarters of a year that a text names."""
    return frozenset(str(q.value) for q in read_quantities(text) if q.kind == "ordinal" and q.unit == "quarter")


@lru_cache(maxsize=16384)
def stages_of(text: str) -> frozenset[int]:
    """The numbered phases a text names: 2 for 二期 and 第二期, for ``second phase`` and ``phase two``."""
    found = (next(part for part in match.groups() if part) for match in _STAGE.finditer(fold(text)))
    return frozenset(_STAGES[part] if part in _STAGES else int(part) for part in found)


@lru_cache(maxsize=16384)
def _names(text: str) -> frozenset[str]:
    """The model numbers a text names, and its numbered phases."""
    return frozenset((*models_of(text), *(f"phase {number}" for number in stages_of(text))))


@lru_cache(maxsize=16384)
def _pairs(text: str) -> frozenset[tuple[str, str]]:
    """Neighbouring English words, or Han characters, of a text."""
    found = _LATIN.findall(fold(text))
    return frozenset(pairwise(found))
