"""Chinese names as English writes them: a passage that names 赵海军 is found by a question about ``Zhao Haijun``.

Every two neighbouring Han characters are also found by their pinyin without tones, as one key, prefixed ``^``; a
surname that sounds otherwise than its character mostly does (曾, 翟) gives both. Words of an English question that read
as pinyin are looked up by the keys of their syllables, all of which a passage must hold. A name of one syllable says
too little and is left alone.
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
_FINAL = "iang|iong|uang|ang|eng|ing|ong|ian|iao|uai|uan|ai|an|ao|ei|en|er|ia|ie|in|iu|ou|ua|ue|ui|un|uo|ve|[aeiouv]"
# Within a word only an apostrophe may stand before a, e or o: `Xi'an` has two syllables, `Xian` one.
_SYLLABLE = re.compile(rf"(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])(?:{_FINAL})")
_FIRST = re.compile(rf"{_SYLLABLE.pattern}|(?=[aeo])(?:{_FINAL})")
# Surnames that are read otherwise than the character by itself.
_SURNAMES = {
    "曾": "zeng", "翟": "zhai", "单": "shan", "解": "xie", "区": "ou", "朴": "piao", "查": "zha", "仇": "qiu",
    "覃": "qin", "缪": "miao", "盖": "ge", "尉": "yu", "乐": "yue", "折": "she", "种": "chong", "员": "yun",
}  # fmt: skip
_FEWEST, _MOST = 2, 6  # syllables of a name
_LONGEST = 6  # letters of a syllable
_WAYS = 3  # to divide a word into syllables
_TRIED = 64  # of the ways that the parts of a word allow together

RomanisedName = tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]
"""The folded words of a name, and the readings that it may have: the keys of each."""


def pinyin_keys(text: str) -> list[str]:
    """The key of every two neighbouring Han characters of a text."""
    return [
        key
        for run in _RUN.finditer(fold(text))
        for first, second in pairwise(run.group())
        for key in _keys_of_pair(first + second)
    ]


@lru_cache(maxsize=131072)
def _keys_of_pair(pair: str) -> tuple[str, ...]:
    from pypinyin import lazy_pinyin

    first, second = lazy_pinyin(pair)  # read together: 重庆 is chong qing
    sounds = dict.fromkeys((first, _SURNAMES.get(pair[0], first)))
    return tuple(f"{PINYIN}{sound} {second}" for sound in sounds)


def romanised_names(question: str) -> list[RomanisedName]:
    """What in an English question may be a Chinese name, longest first: capitalised words in a row that all read as
    pinyin, whole; any two of them that are neighbours, in their order and in the other (``Haijun Zhao``); and each word
    that does so by itself. Whether one is an English word instead is left to whoever looks it up."""
    found: list[RomanisedName] = []
    for row in _rows(question):
        runs = [row] if len(row) > 2 else []
        runs += [list(two) for two in pairwise(row)] + [[word] for word in row]
        for run in runs:
            orders = [run, run[::-1]] if len(run) == 2 else [run]
            readings = dict.fromkeys(reading for order in orders for reading in _readings(order))
            if readings:
                found.append((tuple(word.lower() for word in run), tuple(readings)))
    return list(dict.fromkeys(found))


def _rows(question: str) -> Iterator[list[str]]:
    """The words that read as pinyin: capitalised neighbours together, all others alone. A stop word is one of them only
    where it is capitalised and does not open the question: ``Did He Lifeng …``."""
    row: list[str] = []
    end = -1
    for match in _WORD.finditer(question):
        word = re.sub("['’]s?$", "", match.group())
        stops = word.lower() in STOP_WORDS and (end < 0 or word[0].islower())
        reads = not stops and bool(_divided(word))
        beside = row and word[0].isupper() and row[-1][0].isupper() and question[end : match.start()] in (" ", "-")
        if row and not (reads and beside):
            yield row
            row = []
        if reads:
            row.append(word)
        end = match.start() + len(word)
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
    """The ways to read a word as pinyin, those of the fewest syllables first; an apostrophe divides. Empty where
    there is none, or more syllables than a name has."""
    spelled = re.sub("^([ln])yu", r"\1v", word.lower()).replace("ü", "v")
    parts = [part for part in re.split("['’]", spelled) if part]
    if len(parts) > _MOST:
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
