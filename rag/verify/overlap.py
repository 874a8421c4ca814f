"""How much of a claim's words its evidence holds: as a whole, in the nearest few sentences, and side by side.

In one language words are compared as search words. Across languages each word of the claim is looked for as its
dictionary translations and, for names, by sound; what cannot be taken across counts as absent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from index import dictionary
from index.language import Side, fold
from index.lexical import Term
from index.names import name_keys
from rag.verify.text import Reading, is_quantity, read, search_words

__all__ = ["WINDOW", "Overlap", "crossing", "native"]

WINDOW = 3  # sentences that may support a claim together

_PIECE = re.compile(r"[\u3400-\u9fff]|[a-z0-9\u00c0-\u024f]+")
_RUN = 3
# A capital inside a sentence, a name in mixed capitals, an acronym.
_NAME = re.compile(r"(?<=[a-z,;:\d] )[A-Z][\w'’-]+|\b[A-Z]{2,}\b|\b[A-Z][a-z]+[A-Z]\w*")


@dataclass(frozen=True, slots=True)
class Overlap:
    """Shares from 0 to 1 of a claim's words: ``whole``, held by all the evidence; ``best``, by the best run of up to
    three sentences, which are ``window`` (the first and one behind the last); ``single``, by the best sentence;
    ``pairs``, neighbours that one sentence holds; ``gap``, the longest run that nothing holds; ``letters``, runs of
    three characters (in English, words) that stand in the evidence; ``names``, names that do."""

    whole: float
    best: float
    single: float
    pairs: float
    gap: float
    letters: float
    names: float
    window: tuple[int, int]


def native(claim: str, evidence: Reading) -> Overlap:
    """The overlap of a claim with evidence in its own language."""
    own = search_words(claim)
    distinct = set(own)
    if not distinct:
        return Overlap(0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, (0, min(WINDOW, len(evidence.sentences))))
    best, window = _best_window(evidence.words, lambda found: len(distinct & found) / len(distinct))
    pairs = {pair for pair in pairwise(own) if pair[0] != pair[1]}
    held = sum(any(pair[0] in found and pair[1] in found for found in evidence.words) for pair in pairs)
    return Overlap(
        whole=len(distinct & evidence.all_words) / len(distinct),
        best=best,
        single=max((len(distinct & found) / len(distinct) for found in evidence.words), default=0.0),
        pairs=held / len(pairs) if pairs else float(distinct <= evidence.all_words),
        gap=_longest_gap(own, evidence.all_words) / len(own),
        letters=_shared_runs(claim, evidence.text),
        names=_names_held(claim, evidence.all_words),
        window=window,
    )


def crossing(claim: str, claim_side: Side, evidence: Reading, evidence_side: Side) -> Overlap:
    """The overlap of a claim with evidence in the other language, through the dictionary and by sound."""
    found = _crossable(evidence.text, evidence_side)
    everything = frozenset().union(*found)
    translate = dictionary.to_english if evidence_side == "en" else dictionary.to_chinese
    translation = translate(claim, lambda word: int(word in everything))
    terms = [term for term in translation.terms if term.readings and not is_quantity(term.readings[0][0][0])]
    sounds = [term for term in terms if term.readings[0][0][0].startswith("~")]
    plain = [term for term in terms if not term.readings[0][0][0].startswith("~") and _held(term, everything)]
    total = sum(term.weight for term in plain) or 1.0

    def share(words: Collection[str]) -> float:
        return translation.coverage * sum(term.weight for term in plain if _held(term, words)) / total

    best, window = _best_window(found, share)
    pairs = list(pairwise(plain))
    together = sum(any(_held(one, words) and _held(two, words) for words in found) for one, two in pairs)
    return Overlap(
        whole=translation.coverage,
        best=best,
        single=max((share(words) for words in found), default=0.0),
        pairs=translation.coverage * together / len(pairs) if pairs else 0.0,
        gap=0.0,
        letters=0.0,
        names=len(sounds) / (1.0 + len(sounds)),
        window=window,
    )


@lru_cache(maxsize=4096)
def _crossable(text: str, name: Side) -> tuple[frozenset[str], ...]:
    """The words of each sentence with the keys its names are found by."""
    reading = read(text)
    return tuple(
        found | frozenset(name_keys(sentence, name))
        for sentence, found in zip(reading.sentences, reading.words, strict=True)
    )


def _held(term: Term, found: Collection[str]) -> bool:
    return any(all(word in found for word in reading) for reading, _ in term.readings)


def _best_window(
    found: Sequence[frozenset[str]], share: Callable[[frozenset[str]], float]
) -> tuple[float, tuple[int, int]]:
    """The highest share of a run of up to three sentences, and the shortest, first such run."""
    best, window = -1.0, (0, 0)
    for length in range(1, min(WINDOW, len(found)) + 1):
        for first in range(len(found) - length + 1):
            value = share(frozenset().union(*found[first : first + length]))
            if value > best + 1e-9:
                best, window = value, (first, first + length)
    return max(best, 0.0), window


def _longest_gap(own: Sequence[str], held: Collection[str]) -> int:
    longest = run = 0
    for word in own:
        run = 0 if word in held else run + 1
        longest = max(longest, run)
    return longest


def _shared_runs(claim: str, evidence: str) -> float:
    own, others = _runs(claim), _runs(evidence)
    return len(own & others) / len(own) if own else 0.0


@lru_cache(maxsize=4096)
def _runs(text: str) -> frozenset[tuple[str, ...]]:
    pieces = _PIECE.findall(fold(text))
    return frozenset(tuple(pieces[i : i + _RUN]) for i in range(len(pieces) - _RUN + 1))


def _names_held(claim: str, held: frozenset[str]) -> float:
    names = [frozenset(search_words(name)) for name in set(_NAME.findall(claim))]
    names = [name for name in names if name]
    return sum(name <= held for name in names) / len(names) if names else 1.0
