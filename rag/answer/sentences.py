"""The sentences of the passages found, and how well each answers the question.

The score is linear in the features of ``rag.answer.features``, its weights fitted on human evidence sentences (see
``eval.fit.answers``), apart for each pair of question and sentence side; a few were set by hand, as the stored source
says, where the public sets hold too little of the kind.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Protocol

from index.language import Side, detect, sentences, side
from index.names import matching_words
from index.types import Passage
from rag.answer.features import FEATURES, plain_features
from rag.answer.spans import Span, spans_of
from rag.retrieve import QueryTerms

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = [
    "FEATURES", "PASSAGES_READ", "Probe", "ScoredSentence", "SentenceEncoder", "in_topic", "score_sentences",
    "stored_weights",
]  # fmt: skip

PASSAGES_READ = 8
"""Passages in whose sentences an answer is looked for; refusals are fitted to as many."""
_MOST_READ = 20  # sentences whose meaning is looked at
_MOST_PROBED, _PROBED_BEHIND = 12, 6.0  # sentences that a language model reads, and how far behind the best one
_TOPIC: Mapping[Side, int] = {"zh": 40, "en": 110}  # characters that tell a sentence's subject

Probe = Callable[[str, Sequence[str], Sequence[Side]], Sequence[float]]
"""How surely each text, of its side, answers the question, in logits."""


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
    ``share`` is how much of the question's words it holds, 0 to 1. ``lead`` is what is read before it, and ``head``
    where the column heads of a row stand in the document's text."""

    passage: int
    start: int
    end: int
    text: str
    score: float
    share: float
    features: tuple[float, ...] = ()
    lead: str = ""
    head: tuple[int, int] | None = None

    def feature(self, name: str) -> float:
        """One of its features by name; 0 where it has none."""
        return self.named().get(name, 0.0)

    def named(self) -> dict[str, float]:
        """Its features by name."""
        return dict(zip(FEATURES, self.features, strict=False))


@cache
def stored_weights() -> Mapping[str, Mapping[str, float]]:
    """The fitted weights of the features by pair of question and sentence side (``zh>en``)."""
    path = resources.files("rag").joinpath("data/sentence-weights.json")
    weights: Mapping[str, Mapping[str, float]] = json.loads(path.read_text(encoding="ascii"))["weights"]
    return weights


def score_sentences(
    question: str, passages: Sequence[Passage], encoder: SentenceEncoder, probe: Probe | None = None
) -> list[ScoredSentence]:
    """The sentences of the passages with their scores, in reading order, passage by passage.

    Of many, the 20 that promise most by their words are looked at more closely, and returned. A language model reads
    the best 12 of those, as far as they are not too far behind to lead; what it did not read counts as the one it is
    least sure of, or as undecided where it is sure of all.
    """
    spans = [span for number, passage in enumerate(passages) for span in spans_of(number, passage)]
    # A source's title tells what the source is about, not what is so: it answers only where nothing else stands.
    spans = [span for span in spans if span.shape != "reference"] or spans
    if not spans:
        return []
    terms = encoder.query_terms(question)
    rows = plain_features(question, spans, passages, terms)
    weights = _weights(question, spans)
    kept = _best((rows * weights).sum(axis=1), _MOST_READ)
    rows[kept, 0] = _meanings(question, [spans[i] for i in kept], encoder)
    if probe is not None:
        promise = (rows * weights).sum(axis=1)
        least = promise[kept].max() - _PROBED_BEHIND
        near = [i for i in _best(promise, _MOST_PROBED, kept) if promise[i] >= least]
        found = _probed(question, [spans[i] for i in near], passages, probe)
        rows[kept, 1] = min(found.min(), 0.0)
        rows[near, 1] = found
    scores = (rows * weights).sum(axis=1)
    return [_scored(spans[i], passages, float(scores[i]), terms, tuple(rows[i].tolist())) for i in kept]


def _best(scores: npt.NDArray[np.float64], most: int, among: Sequence[int] | None = None) -> list[int]:
    """The places of the highest scores, in reading order."""
    places = range(len(scores)) if among is None else among
    return sorted(sorted(places, key=lambda i: (-scores[i], i))[:most])


def _weights(question: str, spans: Sequence[Span]) -> npt.NDArray[np.float64]:
    import numpy as np

    tag = detect(question)
    asking = None if tag == "und" else side(tag)
    stored = stored_weights()
    by_side = {
        name: [stored[f"{asking or name}>{name}"].get(feature, 0.0) for feature in FEATURES]
        for name in {span.side for span in spans}
    }
    return np.array([by_side[span.side] for span in spans])


def _meanings(question: str, kept: Sequence[Span], encoder: SentenceEncoder) -> npt.NDArray[np.float64]:
    """How close each sentence's meaning is to the question's: the cosine in tenths."""
    import numpy as np

    sides = [span.side for span in kept]
    asked = {name: encoder.centred_question(question, name) for name in dict.fromkeys(sides)}
    vectors = encoder.centred_texts([span.text for span in kept], sides)
    return 10.0 * np.array([float(vector @ asked[name]) for vector, name in zip(vectors, sides, strict=True)])


def in_topic(span: Span, passage: Passage) -> str:
    """A sentence behind what tells its subject: its lead, or the title and last heading it stands under, or else the
    beginning of its passage. What stands just before it is left out: that would answer for it."""
    limit = _TOPIC[span.side]
    if span.lead:
        return f"{span.lead[-2 * limit :]}\n{span.text}"
    topic = " ".join(dict.fromkeys((passage.title, *passage.headings[-1:]))).strip()
    if not topic and span.start > 0:
        first = sentences(passage.text)[0]
        topic = passage.text[first[0] : first[1]]
    return f"{topic[:limit]}… {span.text}" if topic else span.text


def _probed(question: str, kept: Sequence[Span], passages: Sequence[Passage], probe: Probe) -> npt.NDArray[np.float64]:
    import numpy as np

    texts = [in_topic(span, passages[span.passage]) for span in kept]
    return np.array(probe(question, texts, [span.side for span in kept]), dtype=np.float64)


def _scored(
    span: Span,
    passages: Sequence[Passage],
    score: float,
    terms: Mapping[Side, QueryTerms],
    features: tuple[float, ...],
) -> ScoredSentence:
    passage = passages[span.passage]
    begins = passage.start
    held = matching_words(span.text) | matching_words("\n".join((passage.title, *passage.headings, span.lead)))
    head = None if span.head is None else (begins + span.head[0], begins + span.head[1])
    return ScoredSentence(
        span.passage, begins + span.start, begins + span.end, span.text, score, terms[span.side].share(held), features,
        span.lead, head,
    )  # fmt: skip
