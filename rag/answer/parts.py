"""A question that asks two things, as two questions.

``美国的芯片法案是哪天签署的，欧盟的又是哪天生效？`` asks of two laws, one after the other: the second half may lean
on the first. ``启衡与岭川各有多少件专利？`` asks the same of two firms: each half is the question without the other's
name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from index.language import detect, fold, is_chinese, side
from index.words import cut_han

__all__ = ["Parts", "parts_of"]

_ASKS = re.compile(
    r"多少|几(?!乎)|幾(?!乎)|哪|谁|誰|什么|什麼|何时|何時|何地|怎么|怎麼|为何|為何|多[大长長久高远遠快]|吗|嗎|"
    r"\b(?:how|what|which|when|where|who|whom|whose|why)\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[，,；;？?]\s*")
_ENGLISH_CLAUSE = re.compile(
    r"\?\s+(?=\S)|,?\s+and\s+(?=(?:in |on |at |by |for |to )?(?:how|what|which|when|where|who|whom|why)\b)",
    re.IGNORECASE,
)
# Two names, and a word that asks for each of them.
_NAME = r"(?:[\u4e00-\u9fff]{2,5}?)?[A-Za-z][\w-]*(?: [A-Z][\w-]*)*|[\u4e00-\u9fff]{2,8}?"
_EACH = re.compile(
    rf"(?P<one>{_NAME})(?:和|与|與|跟|及|同)(?P<other>{_NAME})(?=(?:[^，,？?]{{0,12}}[，,]?[^，,？?]{{0,8}})"
    r"(?:各自|各|分别|分別|哪一家|哪家|哪个|哪個|哪一个|一样|一樣|相同))"
)
# 先后被美国和台湾: the name in front is known by the word before it, the other is the next word.
_IN_TURN = re.compile(
    r"(?:先后|先後|分别|分別)[^，,？?]{0,16}?[被由向在从從给給对對](?P<one>[A-Za-z][\w-]*|[\u4e00-\u9fff]{2,4})[和与與跟及同]"
)
_HAN_OR_WORD = re.compile(r"[\u4e00-\u9fff]+|[A-Za-z][\w-]*")
_WHICH_ONE = re.compile(r"哪一?[家个個座款种種]")
_MORE = re.compile(r"更(?P<how>多|大|高|长|長|快|久|重|远|遠|早|晚)")
_HOW = {"多": "多少", "早": "什么时候", "晚": "什么时候"}
_LATIN_NAME = r"[A-Z][\w.-]*(?: (?:[A-Z][\w.-]*|of))*"
_EITHER = re.compile(rf"(?P<one>(?:the )?{_LATIN_NAME}),? (?:or|and) (?P<other>(?:the )?{_LATIN_NAME})")
_COMPARED = re.compile(rf"(?P<one>{_LATIN_NAME})(?= ).*?\b(?:before|after|than)\b (?P<other>{_LATIN_NAME})")
_COMPARES = re.compile(r"^(?:Did|Was|Were|Is|Are|Does|Do|Has|Have|Which) ")
_CALENDAR = re.compile(
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December)\b", re.IGNORECASE
)
_THAN = re.compile(r"\s+(?:before|after|than)\s*(?=[?]|$)")
_ENGLISH_EACH = re.compile(r"\b(?:which|who|each|both|respectively|more|less|fewer|than|before|after)\b")
_BOTH = re.compile(r"\b(?:each|both|respectively)\b", re.IGNORECASE)
_WHICH_MORE = re.compile(r"^Which (?P<verb>[a-z]+) (?P<more>more|fewer|less) (?P<what>[a-z-]+),? ")
_PLAIN = {
    "larger": "large", "bigger": "big", "higher": "high", "faster": "fast", "longer": "long", "older": "old",
    "taller": "tall", "heavier": "heavy",
}  # fmt: skip
_WHICH_IS = re.compile(rf"^Which (?P<verb>is|was|are) (?P<how>{'|'.join(_PLAIN)}),? ")
_OPENING = re.compile(r"^(?:Was|Were|Is|Are|Did|Does|Do|Has|Have|Which|What|How|Who|When|Where|In|On) ")


@dataclass(frozen=True, slots=True)
class Parts:
    """Two questions; the ``second`` may lean on the first and what answers it."""

    first: str
    second: str


def parts_of(question: str) -> Parts | None:
    """The two questions that one asks; None where it asks one thing."""
    if len(question) > 300:
        return None
    if is_chinese(detect(question)) or side(detect(question)) == "zh":
        return _clauses(question) or _each(question) or _in_turn(question)
    return _english_clauses(question) or _english_each(question)


def _clauses(question: str) -> Parts | None:
    """Two clauses that ask something each."""
    ends = [match.end() for match in _CLAUSE.finditer(question)]
    starts = [0, *ends]
    spans = zip(starts, [*ends, len(question)], strict=True)
    asking = [start for start, end in spans if _ASKS.search(question[start:end])]
    if len(asking) < 2:
        return None
    first = question[: asking[1]].rstrip("，,；;？? ")
    return Parts(f"{first}？", question[asking[1] :].strip())


def _english_clauses(question: str) -> Parts | None:
    match = _ENGLISH_CLAUSE.search(question)
    if match is None or not _ASKS.search(question[: match.start()]) or not _ASKS.search(question[match.end() :]):
        return None
    second = question[match.end() :].strip()
    return Parts(question[: match.start()].rstrip("?, ") + "?", second[0].upper() + second[1:])


def _each(question: str) -> Parts | None:
    match = _EACH.search(question)
    if match is None:
        return None
    before, after = question[: match.start()], _of_one(question[match.end() :])
    return Parts(f"{before}{match['one']}{after}", f"{before}{match['other']}{after}")


def _of_one(text: str) -> str:
    """What is asked of one thing alone where two are compared: 哪家的专利更多 as 的专利多少."""
    return _MORE.sub(lambda match: _HOW.get(match["how"], f"多{match['how']}"), _WHICH_ONE.sub("", text))


def _in_turn(question: str) -> Parts | None:
    match = _IN_TURN.search(question)
    if match is None:
        return None
    rest = question[match.end() :]
    other = _HAN_OR_WORD.match(rest)
    if other is None:
        return None
    name = other.group() if other.group().isascii() else cut_han(fold(other.group()))[0]
    return Parts(question[: match.end() - 1] + rest[len(name) :], question[: match.start("one")] + rest)


def _how_much(text: str) -> str:
    """What is asked of one thing alone where two are compared: "Which employs more people" as "How many people"."""
    if match := _WHICH_MORE.match(text):
        many = "much" if match["more"] == "less" else "many"
        return f"How {many} {match['what']} {match['verb']} {text[match.end() :]}"
    if match := _WHICH_IS.match(text):
        return f"How {_PLAIN[match['how']]} {match['verb']} {text[match.end() :]}"
    return text


def _english_each(question: str) -> Parts | None:
    opening = _OPENING.match(question)
    start = opening.end() if opening else 0
    if not _ENGLISH_EACH.search(question.lower()):
        return None
    either = _EITHER.search(question, start)
    if either is not None and (" or " in either.group() or _BOTH.search(question)):
        before, after = _how_much(question[: either.start()]), question[either.end() :]
        return Parts(f"{before}{either['one']}{after}", f"{before}{either['other']}{after}")
    compared = _COMPARED.search(question, start)
    # "Who led it before him?" names a time; only which of two came first, or was more, asks about both.
    if compared is None or not _COMPARES.search(question) or _CALENDAR.match(compared["other"]):
        return None
    behind = question[: compared.start("other")] + question[compared.end("other") :]
    whole = _THAN.sub(" ", behind).replace(" ?", "?")
    one = slice(compared.start("one"), compared.end("one"))
    return Parts(whole, whole[: one.start] + compared["other"] + whole[one.stop :])
