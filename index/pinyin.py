"""Chinese names as English writes them: a passage that names 赵海军 is found by a question about ``Zhao Haijun``.

Every two neighbouring Han characters are also found by their pinyin without tones, as one key, prefixed ``^``. A word
of an English question that is no English word but reads as pinyin, or some in a row, is looked up by the keys of its
syllables, all of which a passage must hold. A name of one syllable says too little and is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice, pairwise, product

from index.language import fold
from index.words import STOP_WORDS

__all__ = ["PINYIN", "RomanisedName", "pinyin_keys", "romanised_names"]

PINYIN = "^"  # what every key begins with
_RUN = re.compile(r"[\u4e00-\u9fff]{2,}")
_WORD = re.compile(r"[A-Za-zÜü]+(?:['’][A-Za-zÜü]+)*")
_FINAL = "iang|iong|uang|ang|eng|ing|ong|ian|iao|uai|uan|ai|an|ao|ei|en|er|ia|ie|in|iu|ou|ua|ue|ui|un|uo|[aeiouv]"
# Within a word only an apostrophe may stand before a, e or o: `Xi'an` has two syllables, `Xian` one.
_SYLLABLE = re.compile(rf"(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])(?:{_FINAL})")
_FIRST = re.compile(rf"{_SYLLABLE.pattern}|(?=[aeo])(?:{_FINAL})")
_FEWEST, _MOST = 2, 6  # syllables of a name
_LONGEST = 6  # letters of a syllable
_WAYS = 3  # to divide a word into syllables
_TRIED = 64  # of the ways that the parts of a word allow together

RomanisedName = tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]
"""The folded words of a name, and the readings that it may have: the keys of each."""


def pinyin_keys(text: str) -> list[str]:
    """The key of every two neighbouring Han characters of a text."""
    return [
        f"{PINYIN}{_sound(first)} {_sound(second)}"
        for run in _RUN.finditer(fold(text))
        for first, second in pairwise(run.group())
    ]


@lru_cache(maxsize=32768)
def _sound(character: str) -> str:
    from pypinyin import lazy_pinyin

    return str(lazy_pinyin(character, v_to_u=False)[0])


def romanised_names(question: str) -> list[RomanisedName]:
    """What in an English question may be a Chinese name: capitalised words in a row that all read as pinyin, in their
    order and, of two, in the other (``Haijun Zhao``), and each word that does so by itself. Whether one is an English
    word instead is left to whoever looks it up."""
    found: list[RomanisedName] = []
    for row in _rows(question):
        if len(row) > 1:
            orders = [row, row[::-1]] if len(row) == 2 else [row]
            readings = [reading for order in orders for reading in _readings(order)]
            if readings:
                found.append((tuple(word.lower() for word in row), tuple(dict.fromkeys(readings))))
        found += [((word.lower(),), tuple(readings)) for word in row if (readings := _readings([word]))]
    return list(dict.fromkeys(found))


def _rows(question: str) -> Iterator[list[str]]:
    """The words that read as pinyin: capitalised neighbours together, all others alone."""
    row: list[str] = []
    end = -1
    for match in _WORD.finditer(question):
        word = match.group()
        joins = row and word[0].isupper() and row[-1][0].isupper() and question[end : match.start()] in (" ", "-")
        if row and not (joins and _divided(word)):
            yield row
            row = []
        if _divided(word):
            row.append(word)
        end = match.end()
    if row:
        yield row


def _readings(row: list[str]) -> list[tuple[str, ...]]:
    """The keys of each way to read words in a row, where that makes a name of a likely length."""
    readings = []
    for ways in islice(product(*map(_divided, row)), _WAYS):
        syllables = [syllable for way in ways for syllable in way]
        if _FEWEST <= len(syllables) <= _MOST:
            readings.append(tuple(dict.fromkeys(f"{PINYIN}{first} {second}" for first, second in pairwise(syllables))))
    return readings


@lru_cache(maxsize=4096)
def _divided(word: str) -> tuple[tuple[str, ...], ...]:
    """The ways to read a word as pinyin, those of the fewest syllables first; an apostrophe divides. Empty: none."""
    parts = [part for part in re.split("['’]", word.lower().replace("ü", "v")) if part]
    if len(parts) > _MOST or word.lower() in STOP_WORDS:
        return ()
    of_parts = [list(_ways(part, _MOST, _FIRST)) for part in parts]
    whole = (tuple(syllable for way in ways for syllable in way) for ways in islice(product(*of_parts), _TRIED))
    return tuple(sorted(whole, key=lambda way: (len(way), way))[:_WAYS])


def _ways(letters: str, most: int, syllable: re.Pattern[str]) -> Iterator[tuple[str, ...]]:
    if not letters:
        yield ()
    elif most:
        for end in range(min(_LONGEST, len(letters)), 0, -1):
            if syllable.fullmatch(letters[:end]):
                for rest in _ways(letters[end:], most - 1, _SYLLABLE):
                    yield (letters[:end], *rest)
