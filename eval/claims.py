"""The claims of an answer: its sentences that state something, each with the citations it stands on.

Not claims: what Wenju itself says (frames, refusals, labels), marks alone, list numbers alone, and an uncited line that
ends in a colon. A quotation of several sentences is one claim; a line of a list is one, with its bullet taken off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from index.language import sentences
from rag.types import Answer, Sentence

__all__ = ["MARK", "OWN_WORDS", "ClaimText", "answer_text", "claims_of", "own_words", "plain", "split_claims"]

OWN_WORDS = ("frame", "refusal", "disagreement")
"""``Sentence.reason`` of what Wenju says itself, neither quoted nor generated."""

MARK = re.compile(r"(?:(?<!\s)\s+)?\[(\d{1,3})\]")  # white space is read from its beginning: once
_EMPHASIS = re.compile(r"\*\*|__|`")
_BULLET = re.compile(
    r"^\s*(?:[-*•·▪◦>]\s+|#{1,6}\s+|[(（]?\d{1,2}(?:[)）、]\s*|[.．]\s+)|[(（][一二三四五六七八九十]{1,3}[)）]|[一二三四五六七八九十]{1,3}、)+"
)
_QUOTES = {"“": "”", "「": "」", "『": "』", "《": "》"}
_LONGEST_QUOTATION = 400  # characters; a mark that is never closed must not swallow the answer
_SAYS_SOMETHING = re.compile(r"[^\W_]")


@dataclass(frozen=True, slots=True)
class ClaimText:
    """A claim without its marks, and the numbers of the citations it stands on."""

    text: str
    citations: tuple[int, ...] = ()


def claims_of(answer: Answer) -> list[ClaimText]:
    """The claims of an answer in order; none for a refusal."""
    if answer.refused:
        return []
    found: list[ClaimText] = []
    for sentence in answer.sentences or (Sentence(answer.text, ()),):
        if sentence.reason in OWN_WORDS:
            continue
        for claim in split_claims(sentence.text, sentence.citations):
            if claim.text:
                found.append(claim)
            elif found:  # marks after the stop belong to the sentence before them
                kept = tuple(dict.fromkeys(found[-1].citations + claim.citations))
                found[-1] = ClaimText(found[-1].text, kept)
    return found


def split_claims(text: str, citations: Sequence[int] = ()) -> Iterator[ClaimText]:
    """The claims of one piece of an answer. One without a mark of its own stands on all of ``citations``.

    Marks that stand alone come as a claim without text.
    """
    for line in text.splitlines():
        for piece in _whole_quotations(_BULLET.sub("", line)):
            marks = tuple(dict.fromkeys(int(number) for number in MARK.findall(piece)))
            words = plain(piece)
            if not _SAYS_SOMETHING.search(words):
                if marks:
                    yield ClaimText("", marks)
                continue
            stands_on = marks or tuple(citations)
            if stands_on or not words.endswith((":", "：")):
                yield ClaimText(words, stands_on)


def own_words(answer: Answer) -> str:
    """What Wenju itself says in an answer, one piece a line; of a generated one all of it."""
    if answer.refused:
        return answer.text
    generated = answer.mode == "generative"
    pieces = answer.sentences or ((Sentence(answer.text, ()),) if generated else ())
    return "\n".join(plain(piece.text) for piece in pieces if generated or piece.reason in OWN_WORDS)


def answer_text(answer: Answer) -> str:
    """The answer as it is compared with a reference: without frames, marks and emphasis."""
    pieces = [piece.text for piece in answer.sentences if piece.reason not in OWN_WORDS] or [answer.text]
    return " ".join(plain(piece) for piece in pieces).strip()


def plain(text: str) -> str:
    """Text without ``[n]`` marks and emphasis."""
    return _EMPHASIS.sub("", MARK.sub("", text)).strip()


def _whole_quotations(text: str) -> Iterator[str]:
    """The sentences of a line; those inside one pair of quotation marks stay together."""
    start: int | None = None
    for first, last in sentences(text):
        start = first if start is None else start
        piece = text[start:last]
        if any(piece.count(o) > piece.count(c) for o, c in _QUOTES.items()) and last - start < _LONGEST_QUOTATION:
            continue
        yield piece
        start = None
    if start is not None:
        yield text[start:].rstrip()
