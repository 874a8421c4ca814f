"""What the usual pipelines do with the same passages and the same embedder: dense, BM25, and their fusion.

One list over both languages, no means removed, no translation: what the product's own steps are measured against.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from index import dictionary, lexical
from index.words import words

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float32]
    Rows = npt.NDArray[np.int64]

__all__ = ["Collection", "DocumentSearcher", "QuestionEncoder", "baselines"]

_RRF = 60  # the constant of reciprocal rank fusion (Cormack, Clarke & Büttcher 2009)
_FUSED = 100  # passages of each list that are fused
_TEXTBOOK_K1 = 1.2  # Robertson & Zaragoza 2009; what others use, whatever suits us


class QuestionEncoder(Protocol):
    """What dense search needs of an embedding model."""

    def encode_questions(self, texts: Sequence[str]) -> Matrix:
        """Unit vectors, shape (len(texts), dimension)."""


class _Ranker(Protocol):
    def rank(self, question: str, limit: int) -> Rows:
        """Rows of the best passages, best first, ties by row."""


@dataclass(frozen=True, slots=True)
class Collection:
    """Passages by row: the id of the document each is of, its text as it is searched, and its raw unit vector."""

    documents: Sequence[str]
    texts: Sequence[str]
    vectors: Matrix


class DocumentSearcher:
    """A ranking of passages as a ranking of documents."""

    def __init__(self, ranker: _Ranker, documents: Sequence[str]) -> None:
        self._ranker = ranker
        self._documents = documents

    def search(self, question: str, limit: int) -> list[str]:
        """The document ids of the best passages, best first; a document may come more than once."""
        return [self._documents[row] for row in self._ranker.rank(question, limit)]


def baselines(collection: Collection, encoder: QuestionEncoder) -> dict[str, DocumentSearcher]:
    """``dense``, ``bm25`` and ``rrf`` over a collection."""
    dense = _Dense(collection.vectors, encoder)
    bm25 = _Bm25(lexical.build((words(text), ()) for text in collection.texts))
    rankers: dict[str, _Ranker] = {"dense": dense, "bm25": bm25, "rrf": _Fusion((dense, bm25))}
    return {name: DocumentSearcher(ranker, collection.documents) for name, ranker in rankers.items()}


class _Dense:
    def __init__(self, vectors: Matrix, encoder: QuestionEncoder) -> None:
        self._vectors = vectors
        self._encoder = encoder

    def rank(self, question: str, limit: int) -> Rows:
        return _best(self._vectors @ self._encoder.encode_questions([question])[0], limit)


class _Bm25:
    def __init__(self, index: lexical.LexicalIndex) -> None:
        self._index = index

    def rank(self, question: str, limit: int) -> Rows:
        scores, _ = self._index.scores(dictionary.native(words(question)).terms, _TEXTBOOK_K1)
        rows = _best(scores, limit)
        return rows[scores[rows] > 0]


class _Fusion:
    def __init__(self, rankers: Sequence[_Ranker]) -> None:
        self._rankers = rankers

    def rank(self, question: str, limit: int) -> Rows:
        import numpy as np

        scores: dict[int, float] = {}
        for ranker in self._rankers:
            for rank, row in enumerate(ranker.rank(question, _FUSED).tolist(), 1):
                scores[row] = scores.get(row, 0.0) + 1.0 / (_RRF + rank)
        return np.array(sorted(scores, key=lambda row: (-scores[row], row))[:limit], dtype=np.int64)


def _best(scores: Matrix, limit: int) -> Rows:
    import numpy as np

    return np.argsort(-scores, kind="stable")[:limit]
