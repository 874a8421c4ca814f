"""What of a claim is checked, what of the evidence it is compared with, and whether it simply stands there."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from index.language import fold, sentences
from index.numbers.numerals import CHINESE, canonical, chinese_value
from index.numbers.numerals import plain as plain_numerals
from index.words import words
from rag.cite import visible

__all__ = [
    "Reading",
    "claim_sentences",
    "is_quantity",
    "is_verbatim",
    "legible",
    "plain",
    "read",
    "search_words",
    "speaks",
]

_MARK = re.compile(r"[\[［【]\^?\s*\d+(?:\s*[,，、]\s*\d+)*\s*[\]］】]")
_EMPHASIS = re.compile(r"\*\*|__|`|^[^\S\n]*(?:[-*•·]|#{1,6}|>)\s+", re.MULTILINE)
_AROUND = 1000  # characters before and after a clause that may say something of it
_DECIMAL = re.compile(r"[.,:]\d")
_SENTENCE_END = re.compile(r"[。！？；!?;]|(?<![.\s][a-z])\.(?=\s|$)")  # none in "u.s. plants"
# What takes back, or sets a condition to, the clause after it, and the one before it.
_QUALIFIES = re.compile(
    r"不(?![仅但过断同少])|未(?!来)|无(?![线锡疑])|非(?![洲常])|[没否若倘]|如果|假如|假设|除非|只有|据称|据说|传闻|传言|谣|可能|或许|声称|误以为"
    r"|\b(?:not?|never|nor|if|unless|whether|den(?:y|ies|ied|ying)|reject\w*|refut\w*|false\w*|untrue|rumou?r\w*|alleg\w*"
    r"|claim\w*|would|could|may(?! \d)|might)\b|n['’]t\b"
)
_QUALIFIED = re.compile(
    r"[^\w.。！？!?;；]*(?:(?:的|这一|这种)?(?:说法|传言|传闻|谣言|消息不实)|纯属|这?(?:不是|并非)事实|如果|假如|除非|前提|否则"
    r"|(?:but )?(?:only )?(?:if|unless|until|before|except|provided|was denied|is false|is untrue)\b)"
)
_PER_CENT = re.compile(r"(?<=\d) ?per ?cent\b")
_FILLERS = dict.fromkeys(map(ord, "\u3164\uffa0\u115f\u1160"))  # letters by their kind, but nobody sees them
_ONES = "〇一二三四五六七八九"
_NUMERALS = "〇零一二两兩三四五六七八九十百千万萬亿億"
_SCALE = re.compile(r"(.+?)([万萬亿億]*)")
_HAN = re.compile(r"[\u2e80-\uffef]")
_SPACE = re.compile(r"\s+")
_BETWEEN_HAN = re.compile(r"(?<=[\u2e80-\uffef]) | (?=[\u2e80-\uffef])")
_EDGES = " \t\n.。!！?？;；,，、:：\"'“”‘’「」『』《》<>()（）"
# Claims are split more readily than documents: chat text comes in lower case, with spaces before its stops.
_CLAIM_STOP = re.compile(r"(?<=[a-z)\"”’'0-9][.!?;])\s+|(?<= [.!?;])\s+|(?<=[。！？；])")
_SPEAKER = re.compile(r"\b(?:i|i['’]m|i['’]ve|my|me|you|your|we|our|yes|yeah|sure)\b|[我你您咱]")
_QUANTITY = re.compile(r"[a-z]:")


@dataclass(frozen=True, slots=True)
class Reading:
    """A text by its sentences: each one's text, its search words, and all of them together."""

    text: str
    sentences: tuple[str, ...]
    words: tuple[frozenset[str], ...]
    all_words: frozenset[str]


@lru_cache(maxsize=4096)
def legible(text: str) -> str:
    """A text as a reader takes it in: without characters that nobody sees (a "not" may hide one), and its figures in
    one writing, so that whatever compares them or the words beside them sees the same: the digits of every script as
    ASCII, 百分之八十七 as 87%, 三百五十万 as 350万, 二〇二四年五月 as 2024年5月, 87 per cent as 87%."""
    text = _PER_CENT.sub("%", text)
    if text.isascii():
        return text
    seen = visible(text).translate(_FILLERS)
    text = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in seen)
    for pattern, digits in _SPELLED:
        text = pattern.sub(digits, text)
    return text


def _in_digits(match: re.Match[str], numeral: str, unit: str = "") -> str:
    """A numeral in digits with its unit; what was found as it is, where that is none."""
    value = chinese_value(plain_numerals(numeral))
    return match.group() if value is None else f"{canonical(value)}{unit}"


def _amount(match: re.Match[str]) -> str:
    """The whole numeral or nothing of it; 三百五十万 keeps its 万, as 350万 has it."""
    counted, scale = _SCALE.fullmatch(match.group(1)).groups()  # type: ignore[union-attr]  # it matches any numeral
    if not any(character in "十百千" for character in counted):
        return match.group()
    if any(character in "万萬亿億" for character in counted):
        counted, scale = counted + scale, ""
    return _in_digits(match, counted, scale)


def _year(match: re.Match[str]) -> str:
    return "".join(str(_ONES.index(character)) for character in match.group().replace("零", "〇"))


# Each in one writing of a figure; a numeral of one character may be part of a word (一些, 十分).
_SPELLED: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (re.compile(rf"百分之({CHINESE})"), lambda match: _in_digits(match, match.group(1), "%")),
    (re.compile(rf"[{_ONES}零]{{4}}(?=年)"), _year),
    (re.compile(r"((?<=年)[一二三四五六七八九十]{1,3}(?=月)|(?<=月)[一二三四五六七八九十]{1,3}(?=[日号號]))"),
     lambda match: _in_digits(match, match.group())),
    (re.compile(rf"(?<![第{_NUMERALS}])(?![百千万萬亿億])([{_NUMERALS}]{{2,}})"), _amount),
)  # fmt: skip


def plain(text: str) -> str:
    """A sentence without its marks (``[1]``, ``【2】``), emphasis and list signs."""
    return _EMPHASIS.sub("", _MARK.sub("", text)).strip()


def search_words(text: str) -> list[str]:
    """The search words of a text in order, without those of its quantities: these are compared as quantities."""
    return [word for word in words(text) if not is_quantity(word)]


def is_quantity(word: str) -> bool:
    """Whether a search word is the canonical form of a quantity (``n:7nm``)."""
    return _QUANTITY.match(word) is not None


def claim_sentences(claim: str) -> list[str]:
    """The sentences of a claim, one of them or more."""
    return [piece.strip() for piece in _CLAIM_STOP.split(claim) if piece.strip()] or [claim]


def speaks(claim: str, evidence: str) -> bool:
    """Whether a claim speaks of its speaker or to its reader where the evidence does not: no document states that."""
    said = set(_SPEAKER.findall(fold(claim)))
    return bool(said) and not said <= set(_SPEAKER.findall(fold(evidence)))


@lru_cache(maxsize=4096)
def read(text: str) -> Reading:
    """A text by its sentences; kept, because an answer's sentences are checked against the same passages."""
    pieces = tuple(text[start:end] for start, end in sentences(text))
    found = tuple(frozenset(search_words(piece)) for piece in pieces)
    return Reading(text, pieces, found, frozenset().union(*found))


def is_verbatim(claim: str, evidence: Sequence[str]) -> bool:
    """Whether every sentence of a claim stands in the evidence as it is, but for script, width, case and white space.

    Only whole clauses count, and those that nothing beside them takes back: 支持该计划 does not stand in 不支持该计划.
    """
    pieces = [piece for part in claim_sentences(claim) if (piece := _flat(part).text.strip(_EDGES))]
    return bool(pieces) and all(any(_stands(piece, _flat(text)) for text in evidence) for piece in pieces)


@dataclass(frozen=True, slots=True)
class _Flat:
    """A text for looking up: folded, white space as one space and none beside Han characters; ``breaks`` are the places
    before which a line ended."""

    text: str
    breaks: frozenset[int]


@lru_cache(maxsize=4096)
def _flat(text: str) -> _Flat:
    written, breaks = "", set()
    for line in text.splitlines():
        own = _BETWEEN_HAN.sub("", _SPACE.sub(" ", fold(line))).strip()
        if not own:
            continue
        if written:
            written += "" if _HAN.match(written[-1]) or _HAN.match(own[0]) else " "
            if not line.strip()[0].islower():  # a line that goes on with a small letter goes on with the sentence
                breaks.add(len(written))
        written += own
    return _Flat(written, frozenset(breaks))


def _stands(piece: str, flat: _Flat) -> bool:
    position = flat.text.find(piece)
    while position >= 0:
        if _is_clause(flat, position, position + len(piece)):
            return True
        position = flat.text.find(piece, position + 1)
    return False


def _is_clause(flat: _Flat, start: int, end: int) -> bool:
    """Whether a piece of a text is whole clauses of it, of a sentence that says nothing else about them: what follows
    "if", "he denied that" or "before" is not said by itself."""
    before, after = flat.text[max(0, start - _AROUND) : start].rstrip(" "), flat.text[end : end + _AROUND]
    line_begins = not before or start in flat.breaks
    line_ends = not after.strip() or not flat.breaks.isdisjoint((end, end + 1))  # behind its stop, or the space
    if not line_begins and before[-1] not in _EDGES:
        return False
    if not line_ends and (after[0] not in _EDGES or after[0].isspace() or _DECIMAL.match(after)):
        return False
    sentence = "" if line_begins else _SENTENCE_END.split(before)[-1]
    return not _QUALIFIES.search(sentence) and (line_ends or not _QUALIFIED.match(after))
