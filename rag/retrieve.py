"""Language-balanced hybrid retrieval: every side ranked apart, dense and lexical, put on one scale, then merged.

The score of a passage is ``dense * cosine + lexical * bm25 / sqrt(reachable) + offset``, with weights fixed per pair of
question and passage side and fitted once per embedding model, so that scores of the two sides mean the same and the
other language can never be crowded out. ``reachable`` is the sum of the question's idf: see ``index.lexical``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Protocol

from index import dense, dictionary
from index.equivalents import Names
from index.indexes import SIDES, SideIndex, read
from index.language import Side, detect, fold, side
from index.lexical import Term
from index.names import NAME_MARKS
from index.types import Chunk, Passage
from index.words import words
from rag.memory import Memory

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from index.store import Generation

__all__ = ["Candidate", "QueryTerms", "RetrievalSettings", "Retriever", "Scale", "TextEmbedder", "stored_scales"]


class TextEmbedder(Protocol):
    """What retrieval needs of an embedding model."""

    def encode_questions(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Unit vectors, shape (len(texts), dimension)."""

    def encode_passages(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Unit vectors, shape (len(texts), dimension)."""


@dataclass(frozen=True, slots=True)
class RetrievalSettings:
    """How passages are found. ``depth`` candidates a side and method are looked at, whatever the limit; each step can
    be switched off to measure it (``whitening``: in the scores, candidates are still found by it). ``user_dictionary``
    is a file of names and terms for jieba, one a line; a path from the settings' file on, where it comes from one."""

    limit: int = 10
    user_dictionary: str = ""
    depth: int = 100
    means: bool = True
    whitening: bool = True
    scale: bool = True
    lexical: bool = True
    dictionary: bool = True
    names: bool = True
    numbers: bool = True
    diversity: bool = True


@dataclass(frozen=True, slots=True)
class Scale:
    """The weights of one pair of question and passage side."""

    dense: float
    lexical: float
    offset: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage under consideration: its row in the collection, its side, both scores and the merged one; the cosine is
    of whitened vectors."""

    row: int
    side: Side
    cosine: float
    overlap: float
    score: float


@dataclass(frozen=True, slots=True)
class QueryTerms:
    """A question's words on one side: the terms, what each weighs (its idf), and the share that could be translated."""

    terms: tuple[Term, ...]
    weights: tuple[float, ...]
    coverage: float

    def covered(self, found: Collection[str]) -> float:
        """The weight of the terms that a text of these search words holds, over the root of all their weights: the same
        measure as a passage's lexical score, for a text outside the index."""
        reached = sum(
            weight * max((p for reading, p in term.readings if all(word in found for word in reading)), default=0.0)
            for term, weight in zip(self.terms, self.weights, strict=True)
        )
        return reached / math.sqrt(max(sum(self.weights), 1e-6))

    def share(self, found: Collection[str]) -> float:
        """The share of the question's weight that a text of these search words holds, 0 to 1; what could not be
        translated is left out."""
        return self.covered(found) / math.sqrt(max(sum(self.weights), 1e-6))


_UNFITTED = Scale(dense=25.0, lexical=1.5, offset=0.0)
_REMEMBERED = 64  # questions whose vector and words are kept
_SENTENCES = 4096  # whose vectors are kept: the next question is often answered by the same documents
_RUN = re.compile(r"[a-z0-9.%]+|[^\W_a-z0-9]+")
_QUANTITY = re.compile("[npdycstof]:")  # see index.numbers.search_terms
_SAME_WORDS = 0.9  # Jaccard index of two passages' words from which they count as one


@cache
def stored_scales(model: str) -> dict[str, Scale]:
    """The scales fitted for a model, by pair (``zh>en``: Chinese question, English passages); empty for one without."""
    path = resources.files("rag").joinpath(f"data/scale-{model}.json")
    if not path.is_file():
        return {}
    return {pair: Scale(**values) for pair, values in json.loads(path.read_text(encoding="ascii"))["pairs"].items()}


class Retriever:
    """Search over one generation of a knowledge base. Safe to use from several threads."""

    def __init__(self, generation: Generation, embedder: TextEmbedder, settings: RetrievalSettings) -> None:
        self.generation = generation
        self.embedder = embedder
        self._settings = settings
        indexes = read(generation)
        self._sides = indexes.sides
        self._names = indexes.names
        self._model = generation.manifest.embedding.name
        # One question passes several stages, each of which needs its vector and its words.
        self._vector = lru_cache(maxsize=_REMEMBERED)(lambda question: embedder.encode_questions([question])[0])
        self._terms = lru_cache(maxsize=_REMEMBERED)(self._query_terms)
        self._sentences: Memory[str, npt.NDArray[np.float32]] = Memory(_SENTENCES)

    @property
    def names(self) -> Names:
        """The names that the collection itself pairs."""
        return self._names

    def search(self, question: str, limit: int | None = None) -> list[Passage]:
        """The passages that answer a question best, best first; a smaller limit gives a prefix of a larger one's."""
        return self.arrange(self.candidates(question), self._settings.limit if limit is None else limit)

    def arrange(self, candidates: Sequence[Candidate], limit: int) -> list[Passage]:
        """The first passages of an order of candidates, less those that repeat a better one."""
        kept: list[Passage] = []
        seen: list[frozenset[str]] = []
        for start in range(0, len(candidates), max(1, limit)):  # texts are read only as far as they are needed
            for passage in self.passages(candidates[start : start + max(1, limit)]):
                if len(kept) == limit:
                    return kept
                own = _signature(passage.text) if self._settings.diversity else frozenset()
                if not own or not any(_same(own, other) for other in seen):
                    kept.append(passage)
                    seen.append(own)
        return kept

    def candidates(self, question: str) -> list[Candidate]:
        """All candidates of both sides on one scale, best first, ties by row."""
        vector = self._vector(question)
        asked = detect(question)
        found: list[Candidate] = []
        for name in SIDES:
            if len(self._sides[name].rows):
                # A question that shows no language (`H20?`) is asked of each side in that side's own.
                found += self._of_side(question, vector, name if asked == "und" else side(asked), self._sides[name])
        return sorted(found, key=lambda candidate: (-candidate.score, candidate.row))

    def passages(self, candidates: Sequence[Candidate]) -> list[Passage]:
        """Candidates with their texts, in the order given."""
        chunks = self.generation.chunks([candidate.row for candidate in candidates])
        return [self._passage(chunk, candidate.score) for chunk, candidate in zip(chunks, candidates, strict=True)]

    def _passage(self, chunk: Chunk, score: float) -> Passage:
        info = self.generation.info(chunk.document_id)
        return Passage(
            chunk.id, chunk.document_id, info.title, info.source, chunk.page, chunk.start, chunk.end, chunk.text,
            chunk.language, score, chunk.headings,
        )  # fmt: skip

    def _of_side(
        self, question: str, vector: npt.NDArray[np.float32], asked: Side, index: SideIndex
    ) -> Iterable[Candidate]:
        import numpy as np

        means = dense.stored_means(self._model, len(vector))
        taken = self._settings.means
        query = dense.centre(vector[None, :], means.questions[asked])[0] if taken else vector
        overlap = self._overlap(question, index)
        whitened = dense.whiten(query[None, :], index.whitening)[0]
        near, _ = index.dense.search(whitened, self._settings.depth)
        matching = index.rows[np.argsort(-overlap, kind="stable")[: self._settings.depth]]
        rows = np.union1d(near, matching)
        vectors = self.generation.vectors[rows]
        compared = dense.centre(vectors, index.mean) if taken else vectors
        if self._settings.whitening:
            compared, query = dense.whiten(compared, index.whitening), whitened
        cosines = compared @ query
        overlaps = overlap[np.searchsorted(index.rows, rows)]
        scale = self._scale(asked, index.side)
        scores = scale.dense * cosines + scale.lexical * overlaps + scale.offset
        return [
            Candidate(int(row), index.side, float(c), float(o), float(s))
            for row, c, o, s in zip(rows, cosines, overlaps, scores, strict=True)
        ]

    def _overlap(self, question: str, index: SideIndex) -> npt.NDArray[np.float32]:
        """The lexical score of every passage of a side: BM25 over the square root of the question's idf."""
        import numpy as np

        if not self._settings.lexical:
            return np.zeros(len(index.rows), dtype=np.float32)
        scores, reachable = index.lexical.scores(self.query_terms(question)[index.side].terms)
        return np.asarray(scores / math.sqrt(max(reachable, 1e-6)), dtype=np.float32)

    def _translate(self, question: str, asked: Side, index: SideIndex) -> dictionary.Translation:
        frequency = index.lexical.document_frequency
        if not self._settings.dictionary:
            return dictionary.native(words(question))
        named = self._settings.names
        if asked == index.side:  # by its own names: a side is ranked as if the other did not exist
            return dictionary.same_side(question, frequency, index.names if named else Names())
        names = self._names if named else Names()
        if index.side == "en":
            return dictionary.to_english(question, frequency, names)
        return dictionary.to_chinese(question, frequency, names)

    def _kept(self, term: Term) -> bool:
        """Whether a term's step is on: sounds and pinyin of names, and canonical quantities, are terms of their own."""
        first = term.readings[0][0][0] if term.readings and term.readings[0][0] else ""
        if not self._settings.names and first.startswith(NAME_MARKS):
            return False
        return self._settings.numbers or not _QUANTITY.match(first)

    def query_terms(self, question: str) -> Mapping[Side, QueryTerms]:
        """The words of a question as each side would match them, with what each word weighs there."""
        return self._terms(question)

    def _query_terms(self, question: str) -> Mapping[Side, QueryTerms]:
        asked = detect(question)
        terms: dict[Side, QueryTerms] = {}
        for name, index in self._sides.items():
            translation = self._translate(question, name if asked == "und" else side(asked), index)
            kept = tuple(term for term in translation.terms if self._kept(term))
            weights = tuple(index.lexical.idf(term) for term in kept)
            terms[name] = QueryTerms(kept, weights, translation.coverage)
        return terms

    def centred_question(self, question: str, name: Side) -> npt.NDArray[np.float32]:
        """The question's vector as it is compared with sentences of a side, float32 of shape (dimension,). They are not
        whitened: the scores of sentences are fitted to vectors as they are."""
        vector = self._vector(question)
        asked = detect(question)
        means = dense.stored_means(self._model, len(vector))
        centred: npt.NDArray[np.float32] = dense.centre(
            vector[None, :], means.questions[name if asked == "und" else side(asked)]
        )[0]
        return centred

    def centred_texts(self, texts: Sequence[str], sides: Sequence[Side]) -> npt.NDArray[np.float32]:
        """Vectors of texts that are no passages of their own (sentences), each less its side's mean; (n, dimension)."""
        import numpy as np

        vectors = self._text_vectors(texts)
        means = np.array([self._sides[name].mean for name in sides], dtype=np.float32).reshape(vectors.shape)
        return dense.centre(vectors, means)

    def _text_vectors(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        import numpy as np

        vectors = self._sentences.known(texts)
        missing = [text for text in dict.fromkeys(texts) if text not in vectors]
        if missing:
            # Copies: a row of a larger array would keep all of it.
            vectors |= {text: v.copy() for text, v in zip(missing, self.embedder.encode_passages(missing), strict=True)}
            self._sentences.keep(vectors)
        return np.stack([vectors[text] for text in texts]) if texts else self.embedder.encode_passages(texts)

    def _scale(self, asked: Side, name: Side) -> Scale:
        if not self._settings.scale:
            return _UNFITTED
        return stored_scales(self._model).get(f"{asked}>{name}", _UNFITTED)


def _signature(text: str) -> frozenset[str]:
    """A text's words in a form that is cheap to compare: Latin words and figures, and pairs of Han characters."""
    pieces: set[str] = set()
    for run in _RUN.findall(fold(text)):
        pieces |= {run} if run.isascii() else {run[i : i + 2] for i in range(max(1, len(run) - 1))}
    return frozenset(pieces)


def _same(left: frozenset[str], right: frozenset[str]) -> bool:
    if min(len(left), len(right)) < _SAME_WORDS * max(len(left), len(right)):
        return False
    shared = left & right
    # Two passages that differ in a figure disagree; they do not repeat each other.
    figures = {word for word in left ^ right if any(c.isdigit() for c in word)}
    return not figures and len(shared) >= _SAME_WORDS * len(left | right)
