"""What a generation is searched by: for each side, zh and en, a dense and a lexical index over its passages.

Each side is built, stored and ranked apart, so that a collection in one language behaves as if the other did not exist.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from index import dense, equivalents, lexical
from index.chunk import embedding_text
from index.equivalents import Names
from index.errors import DamagedStoreError
from index.language import Side, side
from index.names import name_keys
from index.pairs import mine
from index.rules import word_rules
from index.texts import DocumentInfo
from index.types import Chunk
from index.words import words

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float32]

__all__ = ["SIDES", "Indexes", "SideIndex", "StoredFiles", "is_current", "make_indexer", "read"]

SIDES: tuple[Side, ...] = ("zh", "en")
_PAIRS = "pairs.json"  # name pairs, mined from each side's own passages
_WHITENING = "dense.whitening"  # that, and in which files, it is kept; a generation of before has none
_WORDS = "words"  # by which rules the search words were made


class StoredFiles(Protocol):
    """What reading needs of a generation of the store."""

    def read_bytes(self, name: str) -> bytes:
        """A file's checked contents."""

    def array(self, name: str) -> npt.NDArray[Any]:
        """A NumPy file, mapped read-only, its header checked against its size."""

    @property
    def extra(self) -> Mapping[str, object]:
        """What the manifest keeps for the indexes."""

    def all_chunks(self) -> Iterator[Chunk]:
        """Its chunks in their order."""

    def document_rows(self) -> Sequence[DocumentInfo]:
        """Its documents without their texts."""


@dataclass(frozen=True, slots=True)
class SideIndex:
    """One side: ``rows`` (int64) are its passages' rows in the collection, in the order of the lexical index; ``mean``
    was taken from its vectors, float32 of shape (dimension,), and ``whitening`` is the map they went through then,
    (dimension, dimension); ``names`` are those its own passages pair."""

    side: Side
    rows: npt.NDArray[np.int64]
    lexical: lexical.LexicalIndex
    dense: dense.DenseIndex
    mean: npt.NDArray[np.float32]
    whitening: Matrix
    names: Names


@dataclass(frozen=True, slots=True)
class Indexes:
    """A generation's indexes by side, and the names that the passages of both sides pair."""

    sides: dict[Side, SideIndex]
    names: Names


Indexer = Callable[[Sequence[Chunk], Sequence[str], "Matrix", StoredFiles], tuple[dict[str, bytes], dict[str, object]]]


def make_indexer(model: str) -> Indexer:
    """The indexer for collections embedded with ``model``: chunks, their search texts, their raw vectors, shape
    (n, dimension), and the generation before, to named files and what the manifest should keep.

    Search words of texts that the generation before holds are taken from it, not made again: they are what takes
    longest. What comes out is the same.
    """

    def index(
        chunks: Sequence[Chunk], texts: Sequence[str], vectors: Matrix, base: StoredFiles
    ) -> tuple[dict[str, bytes], dict[str, object]]:
        import numpy as np

        priors = dense.stored_means(model, vectors.shape[1])
        files: dict[str, bytes] = {}
        means: dict[str, list[float]] = {}
        pairs: dict[str, tuple[equivalents.Pair, ...]] = {}
        sides = [side(chunk.language) for chunk in chunks]
        rules = word_rules()
        held = _rows_by_text(base) if base.extra.get(_WORDS) == rules else {}
        nothing: Iterator[int] = iter(())
        for name in SIDES:
            rows = np.array([row for row, own in enumerate(sides) if own == name], dtype=np.int64)
            mean = dense.passage_mean(vectors[rows], priors.passages[name])
            means[name] = [float(value) for value in mean]
            files[f"{name}.rows.npy"] = _to_bytes(rows)
            centred = dense.centre(vectors[rows], mean)
            taken = dense.whitening(centred)
            files[f"{name}.{_WHITENING}.npy"] = _to_bytes(taken)
            files[f"{name}.dense.faiss"] = dense.build(dense.whiten(centred, taken), rows).to_bytes()
            pairs[name] = mine(chunks[row].text for row in rows)
            # Each passage held is taken over once: two new ones may say the same.
            origin = np.array([next(held.get((name, texts[row]), nothing), -1) for row in rows], dtype=np.int64)
            fresh = ((words(texts[row]), name_keys(texts[row], name)) for row in rows[origin < 0])
            files |= lexical.to_files(_searched(base, name, origin, fresh), f"{name}.lexical")
        files[_PAIRS] = equivalents.to_bytes(pairs)
        return files, {"means": means, _WHITENING: True, _WORDS: rules}

    return index


def is_current(extra: Mapping[str, object]) -> bool:
    """Whether a generation's search words were made by the rules, and the user dictionaries, of this process."""
    return extra.get(_WORDS) == word_rules()


def _rows_by_text(base: StoredFiles) -> dict[tuple[Side, str], Iterator[int]]:
    """The rows of the passages that a generation holds, by their side and what is searched of them."""
    titles = {document.id: document.title for document in base.document_rows()}
    rows: dict[tuple[Side, str], list[int]] = {}
    for row, chunk in enumerate(base.all_chunks()):
        key = side(chunk.language), embedding_text(chunk, titles[chunk.document_id])
        rows.setdefault(key, []).append(row)
    return {key: iter(found) for key, found in rows.items()}


def _searched(
    base: StoredFiles, name: Side, origin: npt.NDArray[np.int64], fresh: Iterable[lexical.Searched]
) -> lexical.LexicalIndex:
    """The lexical index of a side; ``origin``: the row in ``base`` of each passage, -1 where it is new."""
    import numpy as np

    if not (origin >= 0).any():
        return lexical.build(fresh)
    own = np.searchsorted(base.array(f"{name}.rows.npy"), origin)  # a passage's place among those of its side
    return lexical.update(_lexical(base, name), np.where(origin < 0, -1, own), fresh)


def _lexical(generation: StoredFiles, name: Side) -> lexical.LexicalIndex:
    return lexical.from_arrays({part: generation.array(f"{name}.lexical.{part}.npy") for part in lexical.PARTS})


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
        found[name] = SideIndex(
            name,
            generation.array(f"{name}.rows.npy"),
            _lexical(generation, name),
            dense.DenseIndex.from_bytes(generation.read_bytes(f"{name}.dense.faiss")),
            np.array(means[name], dtype=np.float32),
            _whitening(generation, name, len(means[name])),
            equivalents.regional(pairs[name]),
        )
    return Indexes(found, equivalents.regional(tuple(pair for name in SIDES for pair in pairs[name])))


def _whitening(generation: StoredFiles, name: Side, dimension: int) -> Matrix:
    import numpy as np

    if not generation.extra.get(_WHITENING):
        return np.eye(dimension, dtype=np.float32)
    found = generation.array(f"{name}.{_WHITENING}.npy")
    if found.shape != (dimension, dimension) or found.dtype != np.float32:
        raise DamagedStoreError(
            f"{name}.{_WHITENING}.npy is not the map of {dimension} numbers: add the documents to a new knowledge base"
        )
    return found


def _to_bytes(array: npt.NDArray[np.generic]) -> bytes:
    import numpy as np

    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()
