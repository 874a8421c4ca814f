"""Question words into the other language: CC-CEDICT (``index.glossary``) both ways, and what to do without an entry.

``to_english`` and ``to_chinese`` turn a question into ``Term``s over the other side's index. Longer entries win over
their parts; of a word's translations only those that occur in the collection count, and they share its weight. Names
(``index.equivalents``) are read before words; ``same_side`` adds to a question's own words what else they are called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from index.equivalents import Names, index_words, regional
from index.glossary import glosses_of, is_entry, rank_weight, words_glossed, words_partly_glossed
from index.language import fold
from index.lexical import Term
from index.names import chinese_name_keys, english_name_keys
from index.numbers import search_terms
from index.pinyin import romanised_names
from index.words import STOP_WORDS, cut_han, english_words, han_shares, han_words, stem, tokens, words

__all__ = ["Translation", "glosses", "native", "parts", "same_side", "to_chinese", "to_english"]

Frequency = Callable[[str], int]
Reading = tuple[tuple[str, ...], float]

_LONGEST_ENTRY = 8  # characters of a Chinese entry looked up across jieba's cuts
_LONGEST_PHRASE = 6  # words of an English phrase looked up whole
_MOST_READINGS = 24
_EQUIVALENT = 0.9  # of a name's other form, on the question's own side
_APART = 0.5  # of a phrase's weight, on its words one by one
_DESCRIPTIVE = 5  # characters: so long a name may also stand translated, word by word


@dataclass(frozen=True, slots=True)
class Translation:
    """The terms of a question on one side, and the share of its words that could be taken across, 0 to 1."""

    terms: tuple[Term, ...]
    coverage: float


def native(found: Sequence[str]) -> Translation:
    """A question's own search words as terms on its own side, each word once."""
    return Translation(tuple(Term((((word,), 1.0),)) for word in dict.fromkeys(found)), 1.0)


@cache
def _countries() -> dict[str, str]:
    """The stem of a people's name to the stems of its country's."""
    lines = resources.files("index").joinpath("data/demonyms.tsv").read_text(encoding="ascii").splitlines()
    pairs = (line.split("\t") for line in lines if not line.startswith("#"))
    return {stem(people): " ".join(stem(word) for word in country.split()) for people, country in pairs}


def parts(word: str) -> tuple[str, ...]:
    """A folded Chinese word as entries of the dictionary: itself, or its longest parts of two characters or more."""
    return (word,) if is_entry(word) else tuple(_longest_parts(word))


def glosses(word: str) -> tuple[str, ...]:
    """What a folded Chinese word, or its parts, can mean, each meaning its English stems joined by spaces."""
    return tuple(gloss for part in parts(word) for gloss in glosses_of(part))


def same_side(question: str, frequency: Frequency, names: Names | None = None) -> Translation:
    """A question's own search words as terms on its own side, each once, a Han word by its share of the characters. The
    words of a name (晶片) also read as the name's other forms (芯片), a little less than as themselves."""
    names = names or regional()
    found = list(dict.fromkeys(words(question)))
    others: dict[str, dict[tuple[str, ...], float]] = {}

    def also(own: Sequence[str], forms: Iterable[tuple[str, ...]]) -> None:
        for form in forms:
            if form and all(frequency(word) for word in form):
                for word in set(own) - set(form):
                    others.setdefault(word, {})[form] = _EQUIVALENT

    text = fold(question)
    for start, end in names.in_chinese(text):
        also(index_words(text[start:end]), map(index_words, names.same_side(text[start:end])))
    for start, end in names.in_english(found):
        also(found[start:end], names.synonyms(found[start:end]))
    shares = han_shares(question)
    terms = (Term((((word,), 1.0), *others.get(word, {}).items()), weight=shares.get(word, 1.0)) for word in found)
    return Translation(tuple(terms), 1.0)


def to_english(question: str, frequency: Frequency, names: Names | None = None) -> Translation:
    """A Chinese question as terms over English search words; ``frequency`` is the English side's document frequency.
    ``names`` are the collection's, or else those everyone has."""
    names = names or regional()
    terms: list[Term] = []
    crossed = total = 0.0
    for token, is_han in tokens(question):
        if not is_han:
            for word in english_words(token):
                terms.append(Term((((word,), 1.0),)))
                crossed, total = crossed + 1.0, total + 1.0
            continue
        for readings in _translated(token, frequency, names):
            total += 1.0
            if readings:
                crossed += 1.0
                terms.append(Term(readings))
    named = _sounding([[key] for key in dict.fromkeys(chinese_name_keys(question))], frequency)
    terms += named
    terms += [Term((((word,), 1.0),)) for word in dict.fromkeys(search_terms(question))]
    # A name that the collection holds by its sound was taken across, whether or not the dictionary knows it.
    return Translation(tuple(terms), min(1.0, (crossed + len(named)) / total) if total else 0.0)


def _translated(run: str, frequency: Frequency, names: Names) -> Iterator[tuple[Reading, ...]]:
    """The readings of each piece of a Han run: of its names, where the collection holds one, else of its words."""
    position = 0
    for start, end in names.in_chinese(run):
        name = run[start:end]
        own = [(form, 1.0) for form in names.readings_in_english(name)]
        if any(all(map(frequency, form)) for form, _ in own) and not _within_entry(run, start, end):
            yield from (_english_readings(piece, frequency) for piece in _entries(run[position:start]))
            yield _english_readings(name, frequency, own)
            if len(name) >= _DESCRIPTIVE and not is_entry(name):
                yield from (_english_readings(piece, frequency) for piece in _entries(name))
            position = end
    yield from (_english_readings(piece, frequency) for piece in _entries(run[position:]))


def _within_entry(run: str, start: int, end: int) -> bool:
    """Whether a name is only part of a longer entry: 集成电路 in 大规模集成电路."""
    return any(
        is_entry(run[first:last])
        for first in range(max(0, end - _LONGEST_ENTRY), start + 1)
        for last in range(end, min(len(run), first + _LONGEST_ENTRY) + 1)
        if last - first > end - start
    )


def _sounding(names: Sequence[Sequence[str]], frequency: Frequency) -> list[Term]:
    """Names as they may sound in the other script; those that the collection does not hold say nothing."""
    found = [tuple(((key,), 1.0) for key in keys if frequency(key)) for keys in names]
    return [Term(readings) for readings in found if readings]


def _entries(run: str) -> Iterator[str]:
    """The pieces of a Han run to look up: the longest entries over jieba's word boundaries, else jieba's words."""
    cut = cut_han(run)
    position = 0
    while position < len(cut):
        for end in range(min(len(cut), position + _LONGEST_ENTRY), position, -1):  # a cut has a character or more
            piece = "".join(cut[position:end])
            if len(piece) <= _LONGEST_ENTRY and (is_entry(piece) or end == position + 1):
                break
        position = end
        if piece in STOP_WORDS:
            continue
        if is_entry(piece) or len(piece) == 1:
            yield piece
        else:
            yield from _longest_parts(piece)


def _longest_parts(word: str) -> Iterator[str]:
    """A word the dictionary lacks, by its longest entries of two characters or more; whole where there are none."""
    parts: list[str] = []
    position = 0
    while position < len(word):
        for end in range(len(word), position + 1, -1):
            if is_entry(word[position:end]):
                parts.append(word[position:end])
                position = end
                break
        else:
            position += 1
    yield from parts or [word]


def _english_readings(word: str, frequency: Frequency, names: Sequence[Reading] = ()) -> tuple[Reading, ...]:
    meanings = glosses_of(word)
    weighted = [*names, *((tuple(gloss.split()), rank_weight(rank)) for rank, gloss in enumerate(meanings))]
    weighted += [(reading, 0.5) for reading in _pinyin_readings(word)]
    return _shared(weighted, frequency)


def _pinyin_readings(word: str) -> list[tuple[str, ...]]:
    """A name as its pinyin: family name and given name apart, and all joined."""
    if not 2 <= len(word) <= 4:
        return []
    from pypinyin import lazy_pinyin

    syllables = lazy_pinyin(word)
    joined = ("".join(syllables),)
    return [joined] if len(word) == 2 else [(syllables[0], "".join(syllables[1:])), joined]


def _shared(weighted: Sequence[tuple[tuple[str, ...], float]], frequency: Frequency) -> tuple[Reading, ...]:
    """The readings that occur in the collection, best first, the best one with weight one."""
    present: dict[tuple[str, ...], float] = {}
    for reading, weight in weighted:
        if all(frequency(word) for word in reading):
            present[reading] = max(weight, present.get(reading, 0.0))
    best = sorted(present.items(), key=lambda item: (-item[1], item[0]))[:_MOST_READINGS]
    return tuple((reading, weight / best[0][1]) for reading, weight in best)


def to_chinese(question: str, frequency: Frequency, names: Names | None = None) -> Translation:
    """An English question as terms over Chinese search words; ``frequency`` is the Chinese side's."""
    names = names or regional()
    found = [word for token, is_han in tokens(question) if not is_han for word in english_words(token)]
    terms: list[Term] = []
    crossed = total = 0.0
    position = 0
    while position < len(found):
        end, readings = _phrase_at(found, position, frequency, names)
        total += end - position
        if readings:
            crossed += end - position
            terms += _phrase_terms(found[position:end], readings, frequency, names)
        position = end
    for token, is_han in tokens(question):
        if is_han:
            terms += [Term((((word,), 1.0),)) for word in han_words(token)]
    named = _sounding(english_name_keys(question), frequency)
    spelled, words_spelled = _romanised(question, frequency)
    terms += named + spelled
    terms += [Term((((word,), 1.0),)) for word in dict.fromkeys(search_terms(question))]
    return Translation(tuple(terms), min(1.0, (crossed + len(named) + words_spelled) / total) if total else 0.0)


def _romanised(question: str, frequency: Frequency) -> tuple[list[Term], int]:
    """Chinese names in pinyin that the collection holds, and how many words they have. A part of one that was found is
    none of its own, nor is a word that has a meaning by itself."""
    terms: list[Term] = []
    taken: set[str] = set()
    for name, ways in romanised_names(question):
        if taken.isdisjoint(name) and (len(name) > 1 or not words_glossed(stem(name[0]))):
            readings = tuple((keys, 1.0) for keys in ways if all(map(frequency, keys)))
            if readings:
                terms.append(Term(readings))
                taken.update(name)
    return terms, len(taken)


def _phrase_at(
    found: Sequence[str], position: int, frequency: Frequency, names: Names
) -> tuple[int, tuple[Reading, ...]]:
    end, readings = _longest_phrase(found, position, frequency, names)
    if end == position + 1 and frequency(found[position]):  # names and acronyms stand in Chinese text as they are
        readings = (((found[position],), 1.0), *readings)
    return end, readings


def _phrase_terms(
    phrase: Sequence[str], readings: tuple[Reading, ...], frequency: Frequency, names: Names
) -> list[Term]:
    """A phrase counts half as itself and half as its words, each in its own translation: the collection may call a
    plea bargain otherwise than the dictionary does."""
    if len(phrase) == 1:
        return [Term(readings)]
    apart = [_phrase_at([word], 0, frequency, names)[1] for word in phrase]
    words_apart = [Term(own, weight=_APART) for own in apart if own]
    return [Term(readings, weight=(1.0 - _APART) * len(phrase)), *words_apart]


def _longest_phrase(
    found: Sequence[str], position: int, frequency: Frequency, names: Names
) -> tuple[int, tuple[Reading, ...]]:
    """The end of the longest run of words from ``position`` that has Chinese readings, and the readings."""
    for end in range(min(len(found), position + _LONGEST_PHRASE), position, -1):
        phrase = " ".join(found[position:end])
        own = tuple((name, 1.0) for name in names.readings_in_chinese(found[position:end]))
        candidates = own + words_glossed(phrase)
        if end == position + 1:
            candidates += words_partly_glossed(phrase) + words_glossed(_countries().get(phrase, ""))
        readings = _chinese_readings(candidates, frequency)
        if readings:
            return end, readings
    return position + 1, ()


def _chinese_readings(candidates: Sequence[tuple[str, float]], frequency: Frequency) -> tuple[Reading, ...]:
    weighted = ((index_words(fold(word)) or (fold(word),), weight) for word, weight in candidates)
    return _shared(list(weighted), frequency)
