"""What a generation is searched by: for each side, zh and en, a dense and a lexical index over its passages.

Each side is built, stored and ranked apart, so that a collection in one language behaves as if the other did not exist.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from index import dense, equivalents, lexical
from index.equivalents import Names
from index.errors import DamagedStoreError
from index.language import Side, side
from index.names import name_keys
from index.pairs import mine
from index.types import Chunk
from index.words import words

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float32]

__all__ = ["SIDES", "Indexes", "SideIndex", "StoredFiles", "make_indexer", "read"]

SIDES: tuple[Side, ...] = ("zh", "en")
_PAIRS = "pairs.json"  # name pairs, mined from each side's own passages


class StoredFiles(Protocol):
    """What reading needs of a generation of the store."""

    def read_bytes(self, name: str) -> bytes:
        """A file's checked contents."""

    def array(self, name: str) -> npt.NDArray[Any]:
        """A NumPy file, mapped read-only, its header checked against its size."""

    @property
    def extra(self) -> Mapping[str, object]:
        """What the manifest keeps for the indexes."""


@dataclass(frozen=True, slots=True)
class SideIndex:
    """One side: ``rows`` (int64) are its passages' rows in the collection, in the order of the lexical index; ``mean``
    was taken from its vectors, float32 of shape (dimension,); ``names`` are those its own passages pair."""

    side: Side
    rows: npt.NDArray[np.int64]
    lexical: lexical.LexicalIndex
    dense: dense.DenseIndex
    mean: npt.NDArray[np.float32]
    names: Names


@dataclass(frozen=True, slots=True)
class Indexes:
    """A generation's indexes by side, and the names that the passages of both sides pair."""

    sides: dict[Side, SideIndex]
    names: Names


Indexer = Callable[[Sequence[Chunk], Sequence[str], "Matrix"], tuple[dict[str, bytes], dict[str, object]]]


def make_indexer(model: str) -> Indexer:
    """The indexer for collections embedded with ``model``: chunks, their search texts and their raw vectors, shape
    (n, dimension), to named files and what the manifest should keep."""

    def index(
        chunks: Sequence[Chunk], texts: Sequence[str], vectors: Matrix
    ) -> tuple[dict[str, bytes], dict[str, object]]:
        import numpy as np

        priors = dense.stored_means(model, vectors.shape[1])
        files: dict[str, bytes] = {}
        means: dict[str, list[float]] = {}
        pairs: dict[str, tuple[equivalents.Pair, ...]] = {}
        sides = [side(chunk.language) for chunk in chunks]
        for name in SIDES:
            rows = np.array([row for row, own in enumerate(sides) if own == name], dtype=np.int64)
            mean = dense.passage_mean(vectors[rows], priors.passages[name])
            means[name] = [float(value) for value in mean]
            files[f"{name}.rows.npy"] = _to_bytes(rows)
            files[f"{name}.dense.faiss"] = dense.build(vectors[rows], rows, mean).to_bytes()
            pairs[name] = mine(chunks[row].text for row in rows)
            files |= lexical.to_files(
                lexical.build((words(texts[row]), name_keys(texts[row], name)) for row in rows), f"{name}.lexical"
            )
        files[_PAIRS] = equivalents.to_bytes(pairs)
        return files, {"means": means}

    return index


def read(generation: StoredFiles) -> Indexes:
    """The indexes of a generation; the inverted lists stay on disk and are mapped.

    Raises ``DamagedStoreError`` where a part is gone or is not what it must be.
    """
    import numpy as np

    means = generation.extra.get("means")
    if not isinstance(means, Mapping) or not means.keys() >= set(SIDES):
        raise DamagedStoreError(
            "the manifest lacks the means of the languages: add the documents to a new knowledge base"
        )
    pairs = equivalents.from_bytes(generation.read_bytes(_PAIRS), SIDES)
    found: dict[Side, SideIndex] = {}
    for name in SIDES:
        lists = {part: generation.array(f"{name}.lexical.{part}.npy") for part in lexical.PARTS}
        found[name] = SideIndex(
            name,
            generation.array(f"{name}.rows.npy"),
            lexical.from_arrays(lists),
            dense.DenseIndex.from_bytes(generation.read_bytes(f"{name}.dense.faiss")),
            np.array(means[name], dtype=np.float32),
            equivalents.regional(pairs[name]),
        )
    return Indexes(found, equivalents.regional(tuple(pair for name in SIDES for pair in pairs[name])))


def _to_bytes(array: npt.NDArray[np.generic]) -> bytes:
    import numpy as np

    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()
