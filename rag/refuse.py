"""Does the collection answer the question at all? One calibrated probability from evidence features.

A logistic model over what retrieval and the sentence scores show, fitted on public answerable and unanswerable
questions; its weights and threshold belong to the models they were fitted for.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from index.equivalents import proper_names
from index.language import Side, fold, side
from index.names import lacking_models
from index.types import Passage
from index.words import words
from rag.answer.extractive import ExtractiveSettings, best_first
from rag.answer.features import quarters_of, stages_of
from rag.answer.indicators import lacking
from rag.answer.measures import asked_measure, figures, fits
from rag.answer.places import elsewhere
from rag.answer.question import answer_kind, holds
from rag.answer.sentences import ScoredSentence
from rag.retrieve import QueryTerms

__all__ = [
    "FEATURES", "SHARE_WITHOUT", "Verdict", "evidence_features", "judge", "missing_kind", "missing_names",
    "missing_otherwise", "missing_parts", "missing_times", "nearby", "stored_model",
]  # fmt: skip

FEATURES = (
    "passage score", "passage lead", "sentence score", "sentence lead", "meaning", "sentence share", "passage share",
    "kind held", "kind missed", "crosses", "coverage", "words of its own", "phrase", "other time", "probe",
)  # fmt: skip


_BEFORE = 150  # characters in which a subject is still present
SHARE_WITHOUT = 0.6  # of the probability, where a thing the question names is not
_NAME_WEIGHS, _FIGURE_WEIGHS = 3, 2  # as many missing parts as that
_PLACE_WEIGHS = 4  # more than the surest answer can bear: what is said of another country answers nothing
_QUOTING = ExtractiveSettings()
_NEAR = _QUOTING.kind_margin  # behind the best sentence: so near, another is quoted for what it holds
_PLAIN_MEASURES = ("money", "percent", "people")
_HALF, _MOST = 0.5, 0.55  # of a question's words
_YEAR = re.compile(r"(?<!\d)(?:1[5-9]|20)\d\d(?![\ds])")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The probability that the collection answers the question (None where no model was fitted for it), and whether
    that is enough to answer."""

    probability: float | None
    answers: bool


@cache
def stored_model(name: str) -> Mapping[str, Any]:
    """The fitted weights for a profile: the embedding model's name, and ``+likelihood`` when the reranker took part."""
    path = resources.files("rag").joinpath("data/refusal.json")
    profiles: Mapping[str, Mapping[str, Any]] = json.loads(path.read_text(encoding="ascii"))["profiles"]
    return profiles.get(name, {})


def evidence_features(
    question: str,
    passages: Sequence[Passage],
    scored: Sequence[ScoredSentence],
    terms: Mapping[Side, QueryTerms],
    asked: Side,
) -> tuple[float, ...]:
    """The features in the order of ``FEATURES``, of the sentence that an answer would lead with; ``passages`` best
    first and not empty."""
    best = best_first(scored, _QUOTING)[0]
    passage = passages[best.passage]
    own = terms[side(passage.language)]
    held = frozenset(words(passage.whole))
    kind = answer_kind(question)
    held_kind = holds(kind, best.text, question)
    others = sorted((s.score for s in scored if s.passage != best.passage), reverse=True)
    return (
        passages[0].score,
        passages[0].score - (passages[1].score if len(passages) > 1 else 0.0),
        best.score,
        best.score - (others[0] if others else 0.0),
        best.feature("meaning"),
        # What could not be translated no sentence holds: of "Which time zone is Reykjavik in?", time alone is little.
        best.share * own.coverage,
        own.share(held) * own.coverage,
        float(kind != "other" and held_kind),
        float(kind in ("number", "date", "person") and not held_kind),
        float(side(passage.language) != asked),
        own.coverage,
        *(best.feature(name) for name in ("words of its own", "phrase", "other time", "probe")),
    )


def nearby(sentence: ScoredSentence, passage: Passage) -> str:
    """A sentence with what tells its subject: the title and headings above it, and the text just before it."""
    start, end = sentence.start - passage.start, sentence.end - passage.start
    return "\n".join((passage.title, *passage.headings, passage.text[max(0, start - _BEFORE) : end]))


def missing_names(question: str, texts: Iterable[str]) -> int:
    """How many things that a question names (``H20``, 台积电, the fund's second phase) no text does, under any name of
    theirs known."""
    whole = "\n".join(texts)
    asked, held = fold(question), fold(whole)
    missing = len(lacking_models(question, whole)) + len(stages_of(question) - stages_of(whole))
    for forms in proper_names():
        if any(_names(form, asked) for form in forms) and not any(_names(form, held) for form in forms):
            missing += 1
    return missing


def missing_times(question: str, text: str) -> int:
    """How many of the years and quarters that a question names a text does not."""
    years = set(_YEAR.findall(question)) - set(_YEAR.findall(text))
    return len(years) + len(quarters_of(question) - quarters_of(text))


def missing_otherwise(features: Sequence[float]) -> int:
    """What else is missing: of a question of which little could be translated into the language of what was found, half
    its words, and most of them."""
    named = dict(zip(FEATURES, features, strict=True))
    untranslated = 1.0 - named["coverage"] if named["crosses"] else 0.0
    return (untranslated >= _HALF) + (untranslated > _MOST)


def missing_kind(question: str, scored: Sequence[ScoredSentence]) -> int:
    """How much counts as missing where no sentence near the best one holds what is asked for: a figure, date or person;
    and more where it is plainly money, a share or a number of people."""
    best = max(sentence.score for sentence in scored)
    near = [sentence.text for sentence in scored if sentence.score >= best - _NEAR]
    kind, asked = answer_kind(question), asked_measure(question)
    missed = kind in ("number", "date", "person") and not any(holds(kind, text, question) for text in near)
    if asked.dimension not in _PLAIN_MEASURES:
        return int(missed)
    measured = any(fits(asked, one, text) is not False for text in near for one in figures(question, text))
    return int(missed) + (0 if measured else _FIGURE_WEIGHS)


def missing_parts(
    question: str, features: Sequence[float], scored: Sequence[ScoredSentence], passages: Sequence[Passage]
) -> int:
    """How much that a question names or asks for its best sentences, in their passages, do not hold. A company that is
    not there, a figure of a report under any of its names, and a country in whose place another stands, weigh most."""
    best = best_first(scored, _QUOTING)[0]
    passage = passages[best.passage]
    return (
        _NAME_WEIGHS * missing_names(question, [nearby(best, passage)])
        + _NAME_WEIGHS * lacking(question, nearby(best, passage))
        + _PLACE_WEIGHS * elsewhere(question, best.text, nearby(best, passage))
        + missing_times(question, passage.whole)
        + missing_otherwise(features)
        + missing_kind(question, scored)
    )


def _names(form: str, text: str) -> bool:
    if not form.isascii():
        return form in text
    return re.search(rf"(?<![a-z0-9]){re.escape(form)}s?(?![a-z0-9])", text) is not None


def judge(features: Sequence[float], profile: str, missing: int = 0) -> Verdict:
    """The verdict on a question with those features, of whose named things ``missing`` are nowhere in the evidence.

    Each of those takes its share of the probability. A profile nobody fitted always answers, with no probability.
    """
    model = stored_model(profile)
    if not model:
        return Verdict(None, True)
    logit = model["bias"] + sum(model["weights"][name] * value for name, value in zip(FEATURES, features, strict=True))
    probability = SHARE_WITHOUT**missing / (1.0 + math.exp(-max(-30.0, min(30.0, logit))))
    return Verdict(probability, probability >= model["threshold"])
