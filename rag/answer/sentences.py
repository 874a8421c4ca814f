"""The sentences of the passages found, and how well each answers the question.

The score is linear in a few features, its weights fitted on human evidence sentences (see ``eval``): closeness of
meaning, the share of the question's words it holds, what its neighbours hold, whether it holds something of the kind
asked for, and how well its passage was ranked.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Protocol

from index.language import Side, detect, sentences, side
from index.types import Passage
from index.words import words
from rag.answer.question import answer_kind, holds
from rag.retrieve import QueryTerms

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["FEATURES", "ScoredSentence", "SentenceEncoder", "score_sentences", "stored_weights"]

_MOST_READ = 12
FEATURES = ("meaning", "overlap", "before", "after", "kind", "known kind", "length", "first", "passage", "offset")


class SentenceEncoder(Protocol):
    """What scoring needs of retrieval: see ``rag.retrieve.Retriever``."""

    def query_terms(self, question: str) -> Mapping[Side, QueryTerms]:
        """The question's words as each side would match them."""

    def centred_question(self, question: str, name: Side) -> npt.NDArray[np.float32]:
        """The question's vector as it is compared with texts of a side."""

    def centred_texts(self, texts: Sequence[str], sides: Sequence[Side]) -> npt.NDArray[np.float32]:
        """Vectors of sentences, each less its side's mean."""


@dataclass(frozen=True, slots=True)
class ScoredSentence:
    """A sentence of a passage: ``start`` and ``end`` are offsets into its document's text. Higher scores answer better;
    ``share`` is how much of the question's words it holds, 0 to 1."""

    passage: int
    start: int
    end: int
    text: str
    score: float
    share: float
    features: tuple[float, ...] = ()


@cache
def stored_weights() -> Mapping[str, Mapping[str, float]]:
    """The fitted weights of the features, by pair of question and sentence side (``zh>en``)."""
    path = resources.files("rag").joinpath("data/sentence-weights.json")
    weights: Mapping[str, Mapping[str, float]] = json.loads(path.read_text(encoding="ascii"))["weights"]
    return weights


@lru_cache(maxsize=8192)
def _words_of(text: str) -> frozenset[str]:
    return frozenset(words(text))


@dataclass(frozen=True, slots=True)
class _Span:
    """A sentence before it is scored; ``start`` and ``end`` are offsets into its passage."""

    passage: int
    start: int
    end: int
    text: str
    side: Side
    found: frozenset[str]


def score_sentences(question: str, passages: Sequence[Passage], encoder: SentenceEncoder) -> list[ScoredSentence]:
    """The sentences of the passages with their scores, in reading order, passage by passage.

    Of many, the 12 that promise most by their words are looked at more closely, and returned.
    """
    spans = [span for number, passage in enumerate(passages) for span in _spans(number, passage)]
    if not spans:
        return []
    tag = detect(question)
    asking = None if tag == "und" else side(tag)
    terms = encoder.query_terms(question)
    rows = _plain_features(question, spans, passages, terms)
    weights = [stored_weights().get(f"{asking or span.side}>{span.side}", {}) for span in spans]
    promise = [_weighed(own, row) for own, row in zip(weights, rows, strict=True)]
    kept = sorted(sorted(range(len(spans)), key=lambda i: (-promise[i], i))[:_MOST_READ])
    vectors = encoder.centred_texts([spans[i].text for i in kept], [spans[i].side for i in kept])
    asked = {name: encoder.centred_question(question, name) for name in {spans[i].side for i in kept}}
    scored = []
    for i, vector in zip(kept, vectors, strict=True):
        span, begins = spans[i], passages[spans[i].passage].start
        features = (float(vector @ asked[span.side]) * 10.0, *rows[i][1:])
        score, share = _weighed(weights[i], features), terms[span.side].share(span.found)
        scored.append(
            ScoredSentence(span.passage, begins + span.start, begins + span.end, span.text, score, share, features)
        )
    return scored


def _spans(number: int, passage: Passage) -> list[_Span]:
    # What a sentence is about may stand above it alone: a report's title names the company, its heading the year.
    above = _words_of(" ".join((passage.title, *passage.headings)))
    own = side(passage.language)
    return [
        _Span(number, start, end, passage.text[start:end], own, _words_of(passage.text[start:end]) | above)
        for start, end in sentences(passage.text)
    ]


def _weighed(weights: Mapping[str, float], features: Sequence[float]) -> float:
    return sum(weights.get(name, 0.0) * value for name, value in zip(FEATURES, features, strict=True))


def _plain_features(
    question: str, spans: Sequence[_Span], passages: Sequence[Passage], terms: Mapping[Side, QueryTerms]
) -> list[tuple[float, ...]]:
    """The features in the order of ``FEATURES``, but for the meaning, which is 0 here: it costs the most."""
    kind = answer_kind(question)
    shares = [terms[span.side].covered(span.found) for span in spans]
    rows: list[tuple[float, ...]] = []
    for i, span in enumerate(spans):
        own = terms[span.side]
        first = i == 0 or spans[i - 1].passage != span.passage
        last = i + 1 == len(spans) or spans[i + 1].passage != span.passage
        before = frozenset() if first else spans[i - 1].found
        after = frozenset() if last else spans[i + 1].found
        held = float(kind not in ("other", "yes or no") and holds(kind, span.text, question))
        rows.append(
            (
                0.0,
                shares[i],
                own.covered(span.found | before) - shares[i],
                own.covered(span.found | after) - shares[i],
                held,
                held * (kind in ("number", "date")),
                math.log(max(4, len(span.text)) / (25.0 if span.side == "zh" else 80.0)),
                float(first),
                passages[span.passage].score,
                1.0,
            )
        )
    return rows
