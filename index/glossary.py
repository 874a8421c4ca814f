"""The dictionary, word by word: a Chinese word's glosses, and the Chinese words behind an English gloss.

CC-CEDICT's two directions are sorted tables (``eval.make_dictionary`` writes them); only lines asked for are parsed,
since a first question need not wait for 120,000 entries. ``data/terms.tsv`` adds what reports call things and
CC-CEDICT does not.
"""

from __future__ import annotations

import gzip
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from importlib import resources

from index.language import fold
from index.words import english_words

__all__ = [
    "TOO_MANY",
    "Weighted",
    "glosses_of",
    "is_entry",
    "is_gloss",
    "rank_weight",
    "reversed_entries",
    "words_glossed",
    "words_partly_glossed",
]

Marked = dict[str, dict[str, str]]  # English stems to Chinese words, each with its mark
Weighted = tuple[tuple[str, float], ...]  # Chinese words, each with its weight, 0 to 1

# Of a whole gloss's weight: "chip" as the head of "computer chip", "kublai" as a part of "kublai khan".
_SHARES = {"h": 0.3, "p": 0.2}
TOO_MANY = "*"  # in the table, in place of the words that hold a stem
_CACHED = 65536


def is_entry(word: str) -> bool:
    """Whether the dictionary holds a folded Chinese word."""
    return bool(glosses_of(word))


@lru_cache(_CACHED)
def glosses_of(word: str) -> tuple[str, ...]:
    """What a folded Chinese word means, best known first, each meaning its English stems joined by spaces; none for a
    word that the dictionary lacks."""
    line = _chinese().line(word)
    return tuple(dict.fromkeys((*_terms().get(word, ()), *(line.split("/") if line else ()))))


def is_gloss(phrase: str) -> bool:
    """Whether English stems, joined by spaces, are by themselves what some Chinese word means."""
    return bool(words_glossed(phrase))


@lru_cache(_CACHED)
def words_glossed(phrase: str) -> Weighted:
    """The Chinese words that mean English stems joined by spaces; a first meaning weighs 1, later ones less."""
    return _weighted(_english().line(phrase).partition("\t")[0], _terms_reversed()[0].get(phrase, {}))


@lru_cache(_CACHED)
def words_partly_glossed(stem: str) -> Weighted:
    """The Chinese words whose longer glosses hold an English stem; none where they are too many to say something."""
    field = _english().line(stem).partition("\t")[2]
    return () if field == TOO_MANY else _weighted(field, _terms_reversed()[1].get(stem, {}))


def _mark_weight(mark: str) -> float:
    """What a mark of the table weighs: its gloss's rank, then ``h`` or ``p`` for the head or a part of a longer one."""
    return _SHARES.get(mark[-1], 1.0) * rank_weight(int(mark.rstrip("hp")))


def rank_weight(rank: int) -> float:
    """What a word's meaning weighs by its place among the word's meanings, the first one 1."""
    return 1.0 / (1.0 + 0.3 * rank)


def _keep_heaviest(marks: dict[str, str], word: str, mark: str) -> None:
    """Give a word a mark, if it has none that weighs as much."""
    if word not in marks or _mark_weight(mark) > _mark_weight(marks[word]):
        marks[word] = mark


def reversed_entries(entries: Mapping[str, Sequence[str]]) -> tuple[Marked, Marked]:
    """Chinese words' glosses the other way: by whole gloss, and by each stem of longer glosses, marked words."""
    whole: Marked = {}
    holding: Marked = {}
    for word, glosses in entries.items():
        for rank, gloss in enumerate(glosses):
            _keep_heaviest(whole.setdefault(gloss, {}), word, str(rank))
            for part in set(gloss.split(" ")) - {gloss}:
                kind = "h" if gloss.endswith(" " + part) else "p"
                _keep_heaviest(holding.setdefault(part, {}), word, f"{rank}{kind}")
    return whole, holding


def _weighted(field: str, more: Mapping[str, str]) -> Weighted:
    marks = dict(more)
    for word, _, mark in (item.partition(":") for item in field.split()):
        _keep_heaviest(marks, word, mark)
    return tuple((word, _mark_weight(mark)) for word, mark in marks.items())


@cache
def _terms() -> dict[str, tuple[str, ...]]:
    text = resources.files("index").joinpath("data/terms.tsv").read_text(encoding="utf-8")
    rows = (line.partition("\t") for line in text.splitlines() if not line.startswith("#"))
    return {word: tuple(dict.fromkeys(map(_stems, glosses.split("/")))) for word, _, glosses in rows}


def _stems(gloss: str) -> str:
    return " ".join(stemmed for token in fold(gloss).split() for stemmed in english_words(token))


@cache
def _terms_reversed() -> tuple[Marked, Marked]:
    return reversed_entries(_terms())


class _Table:
    """Lines sorted by what stands before their first tab."""

    def __init__(self, name: str) -> None:
        import numpy as np

        packed = resources.files("index").joinpath("data", name).read_bytes()
        self._text = gzip.decompress(packed)
        ends = np.flatnonzero(np.frombuffer(self._text, np.uint8) == ord("\n"))
        self._starts = [0, *(ends[:-1] + 1).tolist()]

    def line(self, key: str) -> str:
        """What follows the tab of the line with this key; empty where there is none."""
        wanted = key.encode("utf-8")
        position = bisect_left(self._starts, wanted, key=self._key)
        if position == len(self._starts) or self._key(self._starts[position]) != wanted:
            return ""
        start = self._starts[position]
        return self._text[start + len(wanted) + 1 : self._text.index(b"\n", start)].decode("utf-8")

    def _key(self, start: int) -> bytes:
        end = self._text.index(b"\n", start)
        return self._text[start:end].partition(b"\t")[0]


@cache
def _chinese() -> _Table:
    return _Table("cedict.tsv.gz")


@cache
def _english() -> _Table:
    return _Table("glosses.tsv.gz")
