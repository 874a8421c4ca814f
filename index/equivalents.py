"""Names and terms that are one thing under several forms: in Chinese, in English, and across the strait.

They come from two places: ``data/regional.tsv`` (芯片/晶片, 英伟达/輝達/Nvidia) and the pairs that a collection itself
makes (``index.pairs``). One step of equivalence is taken and no more, so that one wrong pair cannot join two classes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

from index.errors import DamagedStoreError
from index.language import fold
from index.words import cut_han, han_words, words

__all__ = ["Names", "Pair", "from_bytes", "index_words", "proper_names", "regional", "to_bytes"]

_HAN = re.compile(r"[\u3400-\u9fff]+")
_CAPITAL = re.compile(r"[A-Z]")
_PLAIN_WORDS = re.compile(r"[a-z][a-z -]*")
_LONGEST_ENGLISH = 6  # words of an English name
_MOST_FORMS = 8  # more other forms than this and a word is no name
_SURE_LENGTH = 3  # Chinese names shorter than this count only where jieba sees word bounds at both ends

English = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """A Chinese name, folded, and what it is paired with: the search words of its English name, or, where ``english``
    is empty, another Chinese name, ``alias``. ``count`` is how often the collection pairs them."""

    chinese: str
    english: English
    count: int = 1
    alias: str = ""

    def __post_init__(self) -> None:
        if not self.chinese or bool(self.english) == bool(self.alias):
            raise ValueError(f"a pair must be of a Chinese name and one other, was: {self!r}")


class Names:
    """Names by their forms. Chinese forms are folded text, English ones their search words."""

    def __init__(self, pairs: Iterable[Pair] = ()) -> None:
        self._english: dict[str, dict[English, None]] = {}
        self._chinese: dict[English, dict[str, None]] = {}
        self._aliases: dict[str, dict[str, None]] = {}
        for pair in pairs:
            if pair.alias:
                self._aliases.setdefault(pair.chinese, {})[pair.alias] = None
                self._aliases.setdefault(pair.alias, {})[pair.chinese] = None
            else:
                self._english.setdefault(pair.chinese, {})[pair.english] = None
                self._chinese.setdefault(pair.english, {})[pair.chinese] = None
        known = self._english.keys() | self._aliases.keys()
        self._starts: dict[str, tuple[str, ...]] = {}
        for name in sorted(known, key=lambda name: (-len(name), name)):
            self._starts[name[0]] = (*self._starts.get(name[0], ()), name)

    def readings_in_english(self, name: str) -> tuple[English, ...]:
        """The English forms of a Chinese name, and of its other Chinese forms."""
        found = dict(self._english.get(name, {}))
        for alias in self._aliases.get(name, ()):
            found |= self._english.get(alias, {})
        return tuple(found)[:_MOST_FORMS]

    def readings_in_chinese(self, english: Sequence[str]) -> tuple[str, ...]:
        """The Chinese forms of an English name, and what else those are called."""
        own = self._chinese.get(tuple(english), {})
        found = own | {alias: None for name in own for alias in self._aliases.get(name, ())}
        return tuple(found)[:_MOST_FORMS]

    def same_side(self, name: str) -> tuple[str, ...]:
        """The other Chinese forms of a Chinese name: those it is paired with, and those of the same English form."""
        found = dict(self._aliases.get(name, {}))
        for english in self._english.get(name, ()):
            found |= self._chinese[english]
        return tuple(form for form in found if form != name)[:_MOST_FORMS]

    def synonyms(self, english: Sequence[str]) -> tuple[English, ...]:
        """The other English forms of an English name: those of the same Chinese form."""
        own = tuple(english)
        found: dict[English, None] = {}
        for name in self._chinese.get(own, ()):
            found |= self._english[name]
        return tuple(form for form in found if form != own)[:_MOST_FORMS]

    def in_english(self, found: Sequence[str]) -> Iterator[tuple[int, int]]:
        """The spans of the English names among search words, the longest from the left, none across another."""
        position = 0
        while position < len(found):
            end = self._english_at(found, position)
            if end > position:
                yield position, end
            position = max(end, position + 1)

    def _english_at(self, found: Sequence[str], position: int) -> int:
        for end in range(min(len(found), position + _LONGEST_ENGLISH), position, -1):
            if tuple(found[position:end]) in self._chinese:
                return end
        return position

    def in_chinese(self, text: str) -> Iterator[tuple[int, int]]:
        """The spans of the Chinese names in folded text, the longest from the left, none across another."""
        for match in _HAN.finditer(text):
            run = match.group()
            bounds = _bounds(run)
            position = 0
            while position < len(run):
                end = self._name_at(run, position, bounds)
                if end > position:
                    yield match.start() + position, match.start() + end
                position = max(end, position + 1)

    def missing(self, question: str, text: str) -> int:
        """How many of the names in a question a text has under none of their forms."""
        held, found = fold(text), words(text)
        spoken = f" {' '.join(found)} "
        missing = 0
        for forms, readings in self._named(question):
            written = any(form in held for form in forms)
            missing += not written and not any(f" {' '.join(reading)} " in spoken for reading in readings)
        return missing

    def _named(self, question: str) -> Iterator[tuple[tuple[str, ...], tuple[English, ...]]]:
        """The Chinese and English forms of each name in a question."""
        folded = fold(question)
        for start, end in self.in_chinese(folded):
            name = folded[start:end]
            yield (name, *self.same_side(name)), self.readings_in_english(name)
        asked = words(question)
        for start, end in self.in_english(asked):
            own = tuple(asked[start:end])
            yield self.readings_in_chinese(own), (own, *self.synonyms(own))

    def _name_at(self, run: str, position: int, bounds: frozenset[int]) -> int:
        for name in self._starts.get(run[position], ()):
            end = position + len(name)
            if run.startswith(name, position) and (len(name) >= _SURE_LENGTH or {position, end} <= bounds):
                return end
        return position


def _bounds(run: str) -> frozenset[int]:
    """Where jieba sees the words of a Han run begin and end."""
    bounds = [0]
    for word in cut_han(run):
        bounds.append(bounds[-1] + len(word))
    return frozenset(bounds)


@lru_cache(maxsize=4096)
def index_words(name: str) -> English:
    """The search words that every passage with a Chinese name holds, each once: its pairs of characters, since what
    jieba sees as a word depends on what stands beside it. Empty for a name of stop words."""
    found: dict[str, None] = {}
    for match in _HAN.finditer(name):
        own = han_words(match.group())
        found |= dict.fromkeys([word for word in own if len(word) == 2] or own)
    return tuple(found)


@cache
def _regional_pairs() -> tuple[Pair, ...]:
    pairs: list[Pair] = []
    text = resources.files("index").joinpath("data/regional.tsv").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        chinese, _, english = line.partition("\t")
        forms = [fold(form) for form in chinese.split("/")]
        spelled = [tuple(words(form)) for form in english.split("/") if form]
        pairs += [Pair(form, spelling) for form in forms for spelling in spelled]
        pairs += [Pair(form, (), alias=other) for place, form in enumerate(forms) for other in forms[place + 1 :]]
    return tuple(pairs)


@lru_cache(maxsize=4)
def regional(pairs: tuple[Pair, ...] = ()) -> Names:
    """The names everyone has, and a collection's own pairs on top."""
    return Names((*_regional_pairs(), *pairs))


@cache
def proper_names() -> tuple[frozenset[str], ...]:
    """The regional table's names of companies, people and products, each as its forms, folded. Capitals tell them; what
    is also written without any (``AI``, artificial intelligence) is a kind of thing, not a name."""
    text = resources.files("index").joinpath("data/regional.tsv").read_text(encoding="utf-8")
    rows = [line.replace("\t", "/").split("/") for line in text.splitlines() if not line.startswith("#")]
    return tuple(frozenset(fold(form) for form in row if form) for row in rows if _is_proper(row))


def _is_proper(forms: Sequence[str]) -> bool:
    return any(map(_CAPITAL.search, forms)) and not any(map(_PLAIN_WORDS.fullmatch, forms))


def to_bytes(pairs: Mapping[str, Sequence[Pair]]) -> bytes:
    """Pairs by side as a file of a generation: JSON, each pair as [chinese, [english words], count, alias]."""
    rows = {name: [[pair.chinese, pair.english, pair.count, pair.alias] for pair in own] for name, own in pairs.items()}
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def from_bytes(data: bytes, sides: Iterable[str]) -> dict[str, tuple[Pair, ...]]:
    """Pairs of the sides named back from ``to_bytes``. Raises ``DamagedStoreError`` for anything else."""
    try:
        rows = json.loads(data)
        return {name: tuple(_pair(*row) for row in rows[name]) for name in sides}
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise DamagedStoreError(f"the list of name pairs cannot be read ({error}): add the documents again") from error


def _pair(chinese: str, english: Sequence[str], count: int, alias: str) -> Pair:
    return Pair(str(chinese), tuple(str(word) for word in english), int(count), str(alias))
