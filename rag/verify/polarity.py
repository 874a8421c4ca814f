"""Negation and opposites: what a claim denies that its evidence states, or raises where the evidence lowers.

Both languages are read into the same terms: words that stand under a negation, and poles (``amount+`` for rose and
上涨, ``amount-`` for fell and 下跌). The lists are data: ``rag/data/polarity.json``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

from index.language import fold
from index.words import STOP_WORDS, cut_han, stem, tokens

__all__ = ["Polarity", "opposed", "polarity", "reversed_words"]

_CLAUSE = re.compile(r"[,.;:!?，。；：！？、\n()（）—]+(?!\d)")
_SCOPE = 3  # content words that a negation reaches
_NEGATING_CHARACTERS = "不没未无非"


@dataclass(frozen=True, slots=True)
class Polarity:
    """``heads``: words right after a negation; ``denied``: words in its reach; ``stated``: words outside of any;
    ``poles``: opposites named, as ``amount+``; ``negates``: whether it says no; ``tinged``: whether it at least hints
    at that (unlikely, rather than, against)."""

    heads: frozenset[str]
    denied: frozenset[str]
    stated: frozenset[str]
    poles: frozenset[str]
    negates: bool
    tinged: bool


@dataclass(frozen=True, slots=True)
class _Lists:
    negators: frozenset[str]
    harmless: frozenset[str]
    phrases: re.Pattern[str]
    tinges: re.Pattern[str]
    english: Mapping[str, str]
    chinese: tuple[tuple[str, str, re.Pattern[str]], ...]
    converses: frozenset[str]


@cache
def _lists() -> _Lists:
    data = json.loads(resources.files("rag").joinpath("data/polarity.json").read_text(encoding="utf-8"))
    english: dict[str, str] = {}
    chinese: list[tuple[str, str, re.Pattern[str]]] = []
    for name, (plus, minus) in data["opposites"].items():
        for sign, line in (("+", plus), ("-", minus)):
            for word in line.split():
                if word.isascii():
                    english[stem(word)] = name + sign
                else:
                    chinese.append((word, name + sign, re.compile(rf"(?<![{_NEGATING_CHARACTERS}])(?<!没有){word}")))
    negators = frozenset(data["negators"].split())
    phrases = re.compile("|".join(rf"\b{p}\b" if p.isascii() else p for p in data["harmless phrases"]))
    tinges = re.compile(rf"\b(?:{'|'.join(data['tinges'])})|[{''.join(data['tinging characters'])}]")
    return _Lists(
        negators=negators,
        harmless=frozenset(data["harmless"].split()),
        phrases=phrases,
        tinges=tinges,
        english=english,
        chinese=tuple(chinese),
        converses=frozenset(data["converses"].split()),
    )


@lru_cache(maxsize=8192)
def polarity(text: str) -> Polarity:
    """What a text denies, states and points to."""
    lists = _lists()
    folded = lists.phrases.sub(" ", fold(text).replace("’", "'"))
    heads, denied, stated, poles, negated = set(), set(), set(), set(), False
    for clause in _CLAUSE.split(folded):
        # A pole that is denied points nowhere: what did not rise need not have fallen.
        poles |= {pole for word, pole, alone in lists.chinese if word in clause and alone.search(clause)}
        reach = 0
        for word, negates in _sequence(clause, lists):
            if negates:
                negated, reach = True, _SCOPE
            poles |= {lists.english[word]} if word in lists.english and not reach else set()
            if not word or word in STOP_WORDS:
                continue
            if reach:
                denied.add(word)
                heads |= {word} if reach == _SCOPE else set()
                reach -= 1
            else:
                stated.add(word)
    tinged = negated or lists.tinges.search(folded) is not None
    return Polarity(frozenset(heads), frozenset(denied), frozenset(stated), frozenset(poles), negated, tinged)


def _sequence(clause: str, lists: _Lists) -> list[tuple[str, bool]]:
    """The words of a clause in order, and whether each one negates; 不满 negates 满."""
    found: list[tuple[str, bool]] = []
    for token, is_han in tokens(clause):
        if not is_han:
            bare = token.removesuffix("'s")
            found.append(("", True) if bare in lists.negators or token.endswith("n't") else (stem(bare), False))
            continue
        for word in cut_han(token):
            if word in lists.negators:
                found.append(("", True))
            elif word[0] in _NEGATING_CHARACTERS and 1 < len(word) <= 3 and word not in lists.harmless:
                found += [("", True), (word[1:], False)]
            else:
                found.append((word, False))
    return found


def reversed_words(claim: Polarity, window: Polarity, evidence: Polarity) -> frozenset[str]:
    """The words that a claim denies and its evidence only states, or that it states and its evidence only denies."""
    denies = {word for word in claim.heads if word in evidence.stated and word not in evidence.denied}
    states = {word for word in window.heads if word in claim.stated and word not in claim.denied}
    return frozenset(denies | {word for word in states if word not in evidence.stated})


def opposed(
    claim: Polarity, window: Polarity, evidence: Sequence[Polarity] = (), *, crosses: bool = False
) -> frozenset[str]:
    """The poles of a claim whose opposite stands in the nearest window while they themselves stand nowhere in it.

    Across languages converses do not count: what one says from its one end (A came before B), the other may from its
    other (B came after A).
    """
    held = window.poles.union(*(other.poles for other in evidence))
    turned = {pole[:-1] + ("-" if pole[-1] == "+" else "+"): pole for pole in claim.poles}
    against = window.poles - claim.poles
    if crosses:
        against = frozenset(pole for pole in against if pole[:-1] not in _lists().converses)
    return frozenset(pole for other, pole in turned.items() if other in against and pole not in held)
