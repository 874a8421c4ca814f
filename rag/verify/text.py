"""What of a claim is checked, what of the evidence it is compared with, and whether it simply stands there."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from index.language import fold, sentences
from index.words import words

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


def legible(text: str) -> str:
    """A text as a reader takes it in: without characters that nobody sees (a "not" may hide one), and the digits of
    every script as ASCII, so that they are figures to whatever compares figures."""
    if text.isascii():
        return text
    seen = (character for character in text if unicodedata.category(character) != "Cf")
    return "".join(str(unicodedata.decimal(character)) if character.isdecimal() else character for character in seen)


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

    Only whole clauses count: 支持该计划 does not stand in 不支持该计划.
    """
    pieces = [piece for part in claim_sentences(claim) if (piece := _flat(part).strip(_EDGES))]
    return bool(pieces) and all(any(_stands(piece, _flat(text)) for text in evidence) for piece in pieces)


@lru_cache(maxsize=4096)
def _flat(text: str) -> str:
    return _BETWEEN_HAN.sub("", _SPACE.sub(" ", fold(text)))


def _stands(piece: str, text: str) -> bool:
    position = text.find(piece)
    while position >= 0:
        before, after = text[:position][-1:], text[position + len(piece) :][:2]
        if (not before or before in _EDGES) and (not after or (after[0] in _EDGES and not re.match(r"[.,]\d", after))):
            return _begins_clause(text[:position])
        position = text.find(piece, position + 1)
    return False


def _begins_clause(before: str) -> bool:
    """A space begins no clause: ``he did not`` may stand before it."""
    return not before or before[-1] != " " or not before.rstrip() or before.rstrip()[-1] in _EDGES
