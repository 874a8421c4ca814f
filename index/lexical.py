"""BM25 over search words, its inverted lists in flat arrays that are mapped from disk and never rebuilt for a query.

Okapi BM25 (Robertson & Zaragoza 2009) with the never-negative idf of Lucene: ``ln(1 + (N - df + .5) / (df + .5))``.
Passages are short, and one that repeats a word of the question (a heading, a page that restates what was searched for)
answers it no better than one that says it once: ``K1`` is half of what whole documents are given.
A question word may stand for several index words, each with a probability (its dictionary translations): their term and
document frequencies are summed with those weights before the formula is applied (probabilistic structured queries,
Darwish & Oard 2003), so that a word with many translations weighs no more than a word with one.
"""

from __future__ import annotations

import hashlib
import io
import math
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = [
    "K1",
    "PARTS",
    "B",
    "LexicalIndex",
    "Searched",
    "Term",
    "build",
    "from_arrays",
    "to_files",
    "update",
    "word_key",
]

# Below 1, so that no repetition of one word outweighs another word of the question that weighs as much (K1 + 1 < 2), in
# a passage of average length. By the loss of `eval.fit scales`, 0.6 to 0.7 is best; 0.82 is what MS MARCO's passages
# take (Anserini).
K1 = 0.6
B = 0.75
PARTS = ("keys", "starts", "rows", "counts", "lengths")

Searched = tuple[Sequence[str], Sequence[str]]
"""What a passage is found by: its search words, and further keys (names by their sound, or in pinyin) that do not count
as part of its length."""


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a question: the readings it may take in the index, each a tuple of index words and a probability.

    A reading of several words (a phrase) counts in a passage only as often as its rarest word does.
    """

    readings: tuple[tuple[tuple[str, ...], float], ...]
    weight: float = 1.0


def word_key(word: str) -> int:
    """The 64-bit key a word is stored under: its BLAKE2b hash, the same on every machine."""
    return int.from_bytes(hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


@dataclass(frozen=True, slots=True)
class LexicalIndex:
    """Inverted lists: ``keys`` (sorted word hashes, uint64), ``starts`` (int64, one more than keys), ``rows`` (int32,
    passage of each posting), ``counts`` (uint16, occurrences), ``lengths`` (int32, words of each passage)."""

    keys: npt.NDArray[np.uint64]
    starts: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int32]
    counts: npt.NDArray[np.uint16]
    lengths: npt.NDArray[np.int32]

    @property
    def size(self) -> int:
        """The number of passages."""
        return len(self.lengths)

    def postings(self, word: str) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint16]]:
        """The passages a word occurs in (ascending) and how often in each."""
        import numpy as np

        key = np.uint64(word_key(word))
        position = int(np.searchsorted(self.keys, key))
        if position >= len(self.keys) or self.keys[position] != key:
            return self.rows[:0], self.counts[:0]
        piece = slice(int(self.starts[position]), int(self.starts[position + 1]))
        return self.rows[piece], self.counts[piece]

    def document_frequency(self, word: str) -> int:
        """In how many passages a word occurs."""
        return len(self.postings(word)[0])

    def scores(self, terms: Sequence[Term], k1: float = K1) -> tuple[npt.NDArray[np.float32], float]:
        """BM25 of every passage for a question, float32 of shape (size,), and the most a passage of average length
        that repeats no word could reach: the sum of the words' idf. The quotient of the two says how much of the
        question a passage covers, whatever the question's length. ``k1``: how slowly a repeated word saturates."""
        import numpy as np

        total = np.zeros(self.size, dtype=np.float32)
        if not self.size:
            return total, 0.0
        reachable = 0.0
        mean = max(1.0, float(self.lengths.mean()))
        norms = k1 * (1.0 - B + B * self.lengths.astype(np.float32) / mean)
        for term in terms:
            frequency, documents = self._frequency(term)
            idf = _idf(self.size, documents)
            reachable += term.weight * idf
            if documents:
                hit = np.flatnonzero(frequency)
                seen = frequency[hit]
                total[hit] += np.float32(term.weight * idf) * seen * (k1 + 1.0) / (seen + norms[hit])
        return total, reachable

    def idf(self, term: Term) -> float:
        """How much a question word says: its weight times the idf of its readings together."""
        documents = sum(probability * len(self._reading(reading)[0]) for reading, probability in term.readings)
        return term.weight * _idf(self.size, min(documents, float(self.size)))

    def _frequency(self, term: Term) -> tuple[npt.NDArray[np.float32], float]:
        import numpy as np

        frequency = np.zeros(self.size, dtype=np.float32)
        documents = 0.0
        for reading, probability in term.readings:
            rows, counts = self._reading(reading)
            frequency[rows] += np.float32(probability) * counts
            documents += probability * len(rows)
        return frequency, min(documents, float(self.size))

    def _reading(self, reading: tuple[str, ...]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        import numpy as np

        rows, counts = self.postings(reading[0])
        amounts = counts.astype(np.float32)
        for word in reading[1:]:
            other, more = self.postings(word)
            rows, left, right = np.intersect1d(rows, other, assume_unique=True, return_indices=True)
            amounts = np.minimum(amounts[left], more[right].astype(np.float32))
        return rows, amounts


def _idf(passages: int, documents: float) -> float:
    return math.log(1.0 + (passages - documents + 0.5) / (documents + 0.5))


def build(passages: Iterable[Searched]) -> LexicalIndex:
    """An index over passages in row order."""
    rows, found = _postings(enumerate(passages))
    return _arranged(found, [length for _, length in rows])


def update(base: LexicalIndex, origin: npt.NDArray[np.int64], fresh: Iterable[Searched]) -> LexicalIndex:
    """What ``build`` gives for passages of which most are in an index already: ``origin`` has the row in ``base`` of
    each passage, -1 for those that ``fresh`` has, in their order."""
    import numpy as np

    kept = np.flatnonzero(origin >= 0)
    place = np.full(base.size, -1, dtype=np.int64)
    place[origin[kept]] = kept
    rows, found = _postings(zip(np.flatnonzero(origin < 0).tolist(), fresh, strict=True))
    stays = place[base.rows] >= 0
    held = (np.repeat(base.keys, np.diff(base.starts))[stays], place[base.rows][stays], base.counts[stays])
    lengths = np.zeros(len(origin), dtype=np.int64)
    lengths[kept] = base.lengths[origin[kept]]
    for row, length in rows:
        lengths[row] = length
    both = [np.concatenate([old, new]) for old, new in zip(held, found, strict=True)]
    return _arranged((both[0], both[1], both[2]), lengths)


_Postings = tuple["npt.NDArray[np.uint64]", "npt.NDArray[np.int64]", "npt.NDArray[np.uint16]"]


def _postings(passages: Iterable[tuple[int, Searched]]) -> tuple[list[tuple[int, int]], _Postings]:
    """The row and the length of each passage; and a key, a row and a count for each of its words."""
    import numpy as np

    known: dict[str, int] = {}
    lengths: list[tuple[int, int]] = []
    keys, rows, counts = array("Q"), array("q"), array("H")
    for row, (found, names) in passages:
        lengths.append((row, len(found)))
        for word, count in Counter((*found, *names)).items():
            if word not in known:
                known[word] = word_key(word)
            keys.append(known[word])
            rows.append(row)
            counts.append(min(count, 65535))
    return lengths, (np.array(keys, np.uint64), np.array(rows, np.int64), np.array(counts, np.uint16))


def _arranged(postings: _Postings, lengths: npt.ArrayLike) -> LexicalIndex:
    import numpy as np

    keys, rows, counts = postings
    order = np.lexsort((rows, keys))
    distinct, starts = np.unique(keys[order], return_index=True)
    return LexicalIndex(
        keys=distinct,
        starts=np.append(starts, len(order)).astype(np.int64),
        rows=rows[order].astype(np.int32),
        counts=counts[order],
        lengths=np.array(lengths, dtype=np.int32),
    )


def to_files(index: LexicalIndex, prefix: str) -> dict[str, bytes]:
    """The index as named files in NumPy's format, for a generation of the store."""
    import numpy as np

    files: dict[str, bytes] = {}
    for part in PARTS:
        buffer = io.BytesIO()
        np.save(buffer, getattr(index, part), allow_pickle=False)
        files[f"{prefix}.{part}.npy"] = buffer.getvalue()
    return files


def from_arrays(arrays: Mapping[str, npt.NDArray[np.generic]]) -> LexicalIndex:
    """The index back from its arrays, by the names of its fields."""
    return LexicalIndex(**{part: arrays[part] for part in PARTS})  # type: ignore[arg-type]
