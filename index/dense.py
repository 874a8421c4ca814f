"""Dense search with the language taken out: one FAISS index a side, over vectors whose side's mean was subtracted.

A multilingual embedder writes the language of a text into its vector, so that same-language passages crowd the others
out. Subtracting the mean vector of a side from its passages, and the mean of questions in its language from a question,
and normalising again, makes cosines comparable across languages. What then varies most among a side's passages, their
common subjects and manner, tells them apart least: it is held down (whitening, Su et al. 2021), half-way, and less in a
small collection, whose covariance is mostly chance.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from index.errors import DamagedStoreError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Vector = npt.NDArray[np.float32]
    Matrix = npt.NDArray[np.float32]

__all__ = ["DenseIndex", "LanguageMeans", "build", "centre", "passage_mean", "stored_means", "whiten", "whitening"]

# Below this many passages of a side its own mean is mostly its subject matter: it is mixed with the model's stored one.
_PRIOR_PASSAGES = 200
_EVEN_PASSAGES = 2000  # as many are taken to vary alike in every direction beside a side's own
_WHITENED = 0.5  # how far: 0 leaves vectors as they are, 1 makes all directions vary alike
_LEAST_SPREAD = 1e-3  # of the largest variance: a direction without any would be blown up
_BLOCK = 65_536
_FLAT_UP_TO = 50_000  # vectors; exact search of so many takes under 10 ms
_HNSW_LINKS = 32
_HNSW_BUILD = 200
_HNSW_SEARCH = 256


@dataclass(frozen=True, slots=True)
class LanguageMeans:
    """Mean vectors a model gives to passages and questions of each side, measured on public text; float32 of shape
    (dimension,)."""

    passages: Mapping[str, Vector]
    questions: Mapping[str, Vector]


@cache
def stored_means(model: str, dimension: int) -> LanguageMeans:
    """The means stored for a model, or zeros for one that has none (its collections then use their own)."""
    import numpy as np

    path = resources.files("index").joinpath(f"data/means-{model}.json")
    if not path.is_file():
        zero = {side: np.zeros(dimension, dtype=np.float32) for side in ("zh", "en")}
        return LanguageMeans(zero, zero)
    data = json.loads(path.read_text(encoding="ascii"))
    kinds = [{s: np.array(data[kind][s], dtype=np.float32) for s in ("zh", "en")} for kind in ("passages", "questions")]
    return LanguageMeans(*kinds)


def passage_mean(vectors: Matrix, prior: Vector) -> Vector:
    """The mean to take from a side's passages: their own, mixed with the model's while they are few."""
    import numpy as np

    if not prior.any():
        return np.asarray(vectors.mean(axis=0) if len(vectors) else prior, dtype=np.float32)
    mixed = (vectors.sum(axis=0) + _PRIOR_PASSAGES * prior) / (len(vectors) + _PRIOR_PASSAGES)
    return np.asarray(mixed, dtype=np.float32)


def centre(vectors: Matrix, mean: Vector) -> Matrix:
    """Vectors less a mean, made unit length again; shape (n, dimension)."""
    return _unit(vectors - mean)


def whitening(centred: Matrix) -> Matrix:
    """The map that holds down what a side's passages vary in most: symmetric, float32, (dimension, dimension); of
    their vectors less their mean, shape (n, dimension)."""
    import numpy as np

    count, dimension = centred.shape
    if count < 2:
        return np.eye(dimension, dtype=np.float32)
    mean = centred.mean(axis=0, dtype=np.float64)
    own = np.zeros((dimension, dimension))
    for start in range(0, count, _BLOCK):  # of many vectors a copy in double precision would not fit
        block = centred[start : start + _BLOCK] - mean
        own += block.T @ block
    own /= count - 1
    even = np.trace(own) / dimension * np.eye(dimension)
    values, directions = np.linalg.eigh((count * own + _EVEN_PASSAGES * even) / (count + _EVEN_PASSAGES))
    kept = np.maximum(values / max(values[-1], 1e-12), _LEAST_SPREAD) ** (-_WHITENED / 2.0)
    return np.asarray((directions * kept) @ directions.T, dtype=np.float32)


def whiten(centred: Matrix, taken: Matrix) -> Matrix:
    """Vectors through a map of ``whitening``, made unit length again; shape (n, dimension)."""
    return _unit(centred @ taken)


def _unit(vectors: Matrix) -> Matrix:
    import numpy as np

    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), dtype=np.float32)


class DenseIndex:
    """Nearest passages of one side by cosine; ids are rows of the whole collection."""

    def __init__(self, index: Any) -> None:
        self._index = index

    @property
    def size(self) -> int:
        """The number of passages."""
        return int(self._index.ntotal)

    def search(self, vector: Vector, limit: int) -> tuple[npt.NDArray[np.int64], Vector]:
        """Rows and cosines of the ``limit`` nearest passages, best first (fewer where the side has fewer)."""
        import numpy as np

        if not self.size:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        cosines, rows = self._index.search(vector[None, :], min(limit, self.size))
        found = rows[0] >= 0
        return rows[0][found], cosines[0][found]

    def to_bytes(self) -> bytes:
        """The index in FAISS's format."""
        import faiss

        return bytes(faiss.serialize_index(self._index).tobytes())

    @classmethod
    def from_bytes(cls, data: bytes) -> DenseIndex:
        """An index from ``to_bytes``. Raises ``DamagedStoreError`` when FAISS cannot read it."""
        import faiss
        import numpy as np

        try:
            return cls(faiss.deserialize_index(np.frombuffer(data, dtype=np.uint8)))
        except RuntimeError as error:
            raise DamagedStoreError(
                "a dense index cannot be read: run `wenju verify`, then add the documents to a new knowledge base"
            ) from error


def build(vectors: Matrix, rows: npt.NDArray[np.int64], *, exact_up_to: int = _FLAT_UP_TO) -> DenseIndex:
    """An index over one side's unit vectors as they are compared, shape (n, dimension), whose rows in the collection
    are ``rows``.

    Exact while small; above ``exact_up_to`` passages a graph over 8-bit vectors (HNSW), which keeps recall above .98.
    """
    import faiss

    dimension = vectors.shape[1]
    if len(vectors) <= exact_up_to:
        inner: Any = faiss.IndexFlatIP(dimension)
    else:
        eight_bits: Any = faiss.ScalarQuantizer.QT_8bit
        inner = faiss.IndexHNSWSQ(dimension, eight_bits, _HNSW_LINKS, faiss.METRIC_INNER_PRODUCT)
        inner.hnsw.efConstruction = _HNSW_BUILD
        inner.hnsw.efSearch = _HNSW_SEARCH
        inner.train(vectors)
    index = faiss.IndexIDMap2(inner)
    if len(vectors):
        index.add_with_ids(vectors, rows)
    return DenseIndex(index)
