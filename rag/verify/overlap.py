"""How much of a claim's words its evidence holds: as a whole, in the nearest few sentences, and side by side.

In one language words are compared as search words. Across languages each word of the claim is looked for as its
dictionary translations and, for names, by sound or in pinyin; what cannot be taken across counts as absent.
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
from index.names import NAME_MARKS, name_keys
from rag.verify.text import Reading, is_quantity, read, search_words

__all__ = ["WINDOW", "Overlap", "crossing", "native"]

WINDOW = 3  # sentences that may support a claim together

# A Han character or a word of others. Characters meet where words do not: 伊军 and 伊拉克政府军.
_PIECE = re.compile(r"[\u3400-\u9fff]|[a-z0-9\u00c0-\u024f]+")
_BINDING = frozenset("的了是在和与及或而之其也都就被把对于从到由以为这那个人有年月日不")


@dataclass(frozen=True, slots=True)
class Overlap:
    """Shares from 0 to 1 of a claim's words: ``whole``, held by all the evidence; ``best``, by the best run of up to
    three sentences, which are ``window`` (the first and one behind the last); ``single``, by the best sentence;
    ``pairs``, neighbours that one sentence holds; ``names``, how many names were recognised by sound or in pinyin (0,
    1/2, 2/3…); ``letters`` and ``near_letters``, characters (in English, words) held by all, and by the best three
    sentences."""

    whole: float
    best: float
    single: float
    window: tuple[int, int]
    pairs: float = 0.0
    names: float = 0.0
    letters: float = 0.0
    near_letters: float = 0.0


def native(claim: str, evidence: Reading) -> Overlap:
    """The overlap of a claim with evidence in its own language."""
    own = frozenset(search_words(claim))
    if not own:
        return Overlap(0.0, 0.0, 0.0, (0, min(WINDOW, len(evidence.sentences))))
    best, window = _best_window(evidence.words, lambda found: len(own & found) / len(own))
    letters, near_letters = _letters_held(claim, evidence)
    return Overlap(
        whole=len(own & evidence.all_words) / len(own),
        best=best,
        single=max((len(own & found) / len(own) for found in evidence.words), default=0.0),
        window=window,
        letters=letters,
        near_letters=near_letters,
    )


def crossing(claim: str, claim_side: Side, evidence: Reading, evidence_side: Side) -> Overlap:
    """The overlap of a claim with evidence in the other language, through the dictionary and by sound."""
    found = _crossable(evidence.text, evidence_side)
    everything = frozenset().union(*found)
    translate = dictionary.to_english if evidence_side == "en" else dictionary.to_chinese
    translation = translate(claim, lambda word: int(word in everything))
    terms = [term for term in translation.terms if term.readings and not is_quantity(term.readings[0][0][0])]
    sounds = [term for term in terms if term.readings[0][0][0].startswith(NAME_MARKS)]
    plain = [term for term in terms if term not in sounds and _held(term, everything)]
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
        window=window,
        pairs=translation.coverage * together / len(pairs) if pairs else 0.0,
        names=len(sounds) / (1.0 + len(sounds)),
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


def _letters_held(claim: str, evidence: Reading) -> tuple[float, float]:
    own = _letters(claim)
    if not own:
        return 0.0, 0.0
    found = [_letters(sentence) for sentence in evidence.sentences]
    near, _ = _best_window(found, lambda letters: len(own & letters) / len(own))
    return len(own.intersection(frozenset().union(*found))) / len(own), near


@lru_cache(maxsize=8192)
def _letters(text: str) -> frozenset[str]:
    return frozenset(_PIECE.findall(fold(text))) - _BINDING
