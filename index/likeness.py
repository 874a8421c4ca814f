"""Whether a Chinese name and an English one can be the same thing: by dictionary, initials, pinyin, sound."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from index.dictionary import glosses, parts
from index.glossary import is_entry
from index.names import chinese_name_keys, english_name_keys
from index.words import STOP_WORDS, english_words

__all__ = ["explained", "spells"]

_SHORTEST_ANY_ORDER = 3  # letters: fewer than this match in any order by chance
_LONGEST_NAME = 8  # characters of a name written by sound
_SHORTEST_PREFIX = 4  # letters by which "micro" is known in "microelectronics"
_INSIDE_NAMES = frozenset("和与及")


def explained(pieces: Sequence[str], english: Sequence[str]) -> tuple[frozenset[int], float]:
    """Which words of a Chinese name say what an English one says, by place, and the share of the English words said."""
    marked: set[int] = set()
    said = total = 0
    for word in english:
        own = english_words(word.lower())
        if not own:
            continue
        total += 1
        places = _by_meaning(pieces, own) or _by_sound(pieces, word)
        marked |= places
        said += bool(places)
    return frozenset(marked), said / total if total else 0.0


def _by_meaning(pieces: Sequence[str], stems: Sequence[str]) -> set[int]:
    """The places of the words that mean one of these stems, and of the entries that jieba cut apart and do."""
    found: set[int] = set()
    for first in range(len(pieces)):
        for end in range(first + 1, len(pieces) + 1):
            stretch = "".join(pieces[first:end])
            if len(stretch) > _LONGEST_NAME:
                break
            if (end == first + 1 or is_entry(stretch)) and any(
                _means(s, known) for s in stems for known in _stems(stretch)
            ):
                found |= set(range(first, end))
    return found


def _means(stem: str, known: str) -> bool:
    if stem == known:
        return True
    return len(stem) >= _SHORTEST_PREFIX and known.startswith(stem)


@lru_cache(maxsize=8192)
def _stems(piece: str) -> frozenset[str]:
    return frozenset(stem for gloss in glosses(piece) for stem in gloss.split())


def _by_sound(pieces: Sequence[str], word: str) -> set[int]:
    """The places of the shortest stretch that is an English word's pinyin or writes it by sound."""
    keys = {key for own in english_name_keys(word.capitalize()) for key in own}
    for length in range(1, len(pieces) + 1):
        for first in range(len(pieces) - length, -1, -1):
            stretch = "".join(pieces[first : first + length])
            if 2 <= len(stretch) <= _LONGEST_NAME and (
                _pinyin(stretch) == word.lower() or not keys.isdisjoint(chinese_name_keys(stretch))
            ):
                return set(range(first, first + length))
    return set()


@lru_cache(maxsize=8192)
def _pinyin(text: str) -> str:
    from pypinyin import lazy_pinyin

    return "".join(lazy_pinyin(text))


def spells(pieces: Sequence[str], acronym: str) -> bool:
    """Whether the English meanings of a Chinese name's words can have an acronym's letters as their initials; from
    three letters on in any order, since 工业和安全局 is the Bureau of Industry and Security."""
    letters = acronym.lower()
    if not pieces or not letters.isalpha() or pieces[0] in _INSIDE_NAMES:
        return False
    if _pinyin_initials("".join(pieces)) == letters:
        return True
    known = tuple(part for piece in pieces if piece not in _INSIDE_NAMES for part in parts(piece))
    if len(known) > len(letters):
        return False
    in_any_order = len(letters) >= _SHORTEST_ANY_ORDER
    return _spells(known, "".join(sorted(letters)) if in_any_order else letters, in_any_order)


def _pinyin_initials(text: str) -> str:
    from pypinyin import lazy_pinyin

    return "".join(sound[:1] for sound in lazy_pinyin(text))


def _spells(known: tuple[str, ...], letters: str, in_any_order: bool) -> bool:
    if not known:
        return not letters
    for initials in _initials(known[0], in_any_order):
        rest = _without(letters, initials) if in_any_order else letters.removeprefix(initials)
        if len(rest) == len(letters) - len(initials) and _spells(known[1:], rest, in_any_order):
            return True
    return False


def _without(letters: str, taken: str) -> str:
    for letter in taken:
        letters = letters.replace(letter, "", 1)
    return letters


@lru_cache(maxsize=8192)
def _initials(piece: str, heads: bool) -> frozenset[str]:
    found = set()
    for gloss in glosses(piece):
        stems = [stem for stem in gloss.split() if stem not in STOP_WORDS]
        found.add("".join(stem[0] for stem in stems))
        if heads and len(stems) == 2 and len(piece) >= 3:
            found.add(stems[1][0])  # 研究院, a research institute, is the I of NIST
    return frozenset(found - {""})
