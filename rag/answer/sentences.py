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

FEATURES = ("meaning", "overlap", "before", "after", "kind", "known kind", "length", "first", "passage", "offset")


class SentenceEncoder(Protocol):
    """What scoring needs of retrieval: see ``rag.retrieve.Retriever``."""

    def query_terms(self, question: str) -> dict[Side, QueryTerms]:
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


def score_sentences(question: str, passages: Sequence[Passage], encoder: SentenceEncoder) -> list[ScoredSentence]:
    """Every sentence of the passages with its score, in reading order, passage by passage."""
    spans = [(number, start, end) for number, passage in enumerate(passages) for start, end in sentences(passage.text)]
    texts = [passages[number].text[start:end] for number, start, end in spans]
    if not texts:
        return []
    sides = [side(passages[number].language) for number, _, _ in spans]
    vectors = encoder.centred_texts(texts, sides)
    asked = {name: encoder.centred_question(question, name) for name in set(sides)}
    terms = encoder.query_terms(question)
    kind = answer_kind(question)
    tag = detect(question)
    asking = None if tag == "und" else side(tag)
    # What a sentence is about may stand above it alone: a report's title names the company, its heading the year.
    above = [_words_of(" ".join((passage.title, *passage.headings))) for passage in passages]
    found = [_words_of(text) | above[number] for text, (number, _, _) in zip(texts, spans, strict=True)]
    shares = [terms[name].covered(own) for name, own in zip(sides, found, strict=True)]
    scored: list[ScoredSentence] = []
    for i, (number, start, end) in enumerate(spans):
        passage = passages[number]
        before = found[i - 1] if i and spans[i - 1][0] == number else frozenset()
        after = found[i + 1] if i + 1 < len(spans) and spans[i + 1][0] == number else frozenset()
        own = terms[sides[i]]
        features = (
            float(vectors[i] @ asked[sides[i]]) * 10.0,
            shares[i],
            own.covered(found[i] | before) - shares[i],
            own.covered(found[i] | after) - shares[i],
            float(kind not in ("other", "yes or no") and holds(kind, texts[i], question)),
            float(kind in ("number", "date") and holds(kind, texts[i], question)),
            math.log(max(4, len(texts[i])) / (25.0 if sides[i] == "zh" else 80.0)),
            float(start == spans[i][1] and (i == 0 or spans[i - 1][0] != number)),
            passage.score,
            1.0,
        )
        weights = stored_weights().get(f"{asking or sides[i]}>{sides[i]}", {})
        score = sum(weights.get(name, 0.0) * value for name, value in zip(FEATURES, features, strict=True))
        share = own.share(found[i])
        scored.append(
            ScoredSentence(number, passage.start + start, passage.start + end, texts[i], score, share, features)
        )
    return scored
