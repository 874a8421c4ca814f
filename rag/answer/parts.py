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
_FEWEST_WORDS = 3  # of a question by itself
# Two names, and a word that asks for each of them.
_NAME = r"(?:[\u4e00-\u9fff]{2,5}?)?[A-Za-z][\w-]*(?: [A-Z][\w-]*)*|[\u4e00-\u9fff]{2,8}?"
_EACH = re.compile(
    rf"(?<![和与與跟及同像如A-Za-z0-9-])(?P<one>{_NAME})(?:和|与|與|跟|及|同)(?P<other>{_NAME})(?=(?:[^，,？?]{{0,12}}[，,]?[^，,？?]{{0,8}})"
    r"(?:各自|各|分别|分別|哪一家|哪家|哪个|哪個|哪一个|一样|一樣|相同))"
)
# 先后被美国和台湾: the name in front is known by the word before it, the other is the next word.
_LATIN = r"[A-Za-z][A-Za-z0-9._-]*(?: [A-Z][A-Za-z0-9._-]*)*"
_IN_TURN = re.compile(
    rf"(?:先后|先後|分别|分別)[^，,？?]{{0,16}}?[被由向在从從给給](?P<one>{_LATIN}|[\u4e00-\u9fff]{{2,4}}?)[和与與跟及同]"
)
_NEXT = re.compile(rf"{_LATIN}|[\u4e00-\u9fff]+")
# 哪一家的专利更多: more than the other.
_WHICH_ONE = re.compile(r"^[^，,？?]{0,4}?哪一?[家个個座款种種](?=.*更)")
_MORE = re.compile(r"更(?P<how>[大高长長快久重远遠早晚]|[\u4e00-\u9fff])")
_HOW = {"早": "何时", "晚": "何时"} | {how: f"多{how}" for how in "大高长長快久重远遠"}
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
_WHICH_MORE = re.compile(
    r"^Which (?:[a-z]+ )?(?P<verb>has|have|(?!is |was )[a-z]+s) (?P<more>more|fewer|less) (?P<what>[a-z-]+),? $"
)
_MASSES = frozenset(
    "power memory revenue money water energy electricity capital bandwidth capacity space time land profit cash".split()
)
_PLAIN = {
    "larger": "large", "bigger": "big", "smaller": "large", "higher": "high", "lower": "high", "faster": "fast",
    "slower": "fast", "longer": "long", "shorter": "long", "older": "old", "newer": "old", "younger": "old",
    "taller": "tall", "heavier": "heavy", "lighter": "heavy", "cheaper": "expensive", "deeper": "deep", "wider": "wide",
}  # fmt: skip
_WHICH_IS = re.compile(rf"^Which (?:[a-z]+ )?(?P<verb>is|was) (?P<how>{'|'.join(_PLAIN)}),? $")
_OPENING = re.compile(r"^(?:Was|Were|Is|Are|Did|Does|Do|Has|Have|Which|What|How|Who|When|Where|In|On) ")


@dataclass(frozen=True, slots=True)
class Parts:
    """Two questions; the ``second`` may lean on the first and what answers it. They are put to be searched with;
    ``one`` and ``other`` say in the asker's own words what each is about."""

    first: str
    second: str
    one: str
    other: str


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
    second = question[asking[1] :].strip()
    return Parts(f"{first}？", second, f"{first}？", second)


def _english_clauses(question: str) -> Parts | None:
    match = _ENGLISH_CLAUSE.search(question)
    if match is None or len(question[: match.start()].split()) < _FEWEST_WORDS:  # "How and when did it begin?"
        return None
    if not _ASKS.search(question[: match.start()]) or not _ASKS.search(question[match.end() :]):
        return None
    second = question[match.end() :].strip()
    second = second[0].upper() + second[1:]
    first = question[: match.start()].rstrip("?, ") + "?"
    return Parts(first, second, first, second)


def _each(question: str) -> Parts | None:
    match = _EACH.search(question)
    if match is None:
        return None
    before, after = question[: match.start()], _of_one(question[match.end() :])
    return Parts(f"{before}{match['one']}{after}", f"{before}{match['other']}{after}", match["one"], match["other"])


def _of_one(text: str) -> str:
    """What is asked of each of two things that are compared: 哪家的专利更多 as 的专利多少."""
    which = _WHICH_ONE.match(text)
    return _MORE.sub(lambda match: _HOW.get(match["how"], "多少"), text[which.end() :]) if which else text


def _in_turn(question: str) -> Parts | None:
    match = _IN_TURN.search(question)
    rest = question[match.end() :] if match else ""
    other = _NEXT.match(rest)
    if match is None or other is None:
        return None
    name = other.group() if other.group().isascii() else rest[: len(cut_han(fold(other.group()))[0])]
    first, second = question[: match.end() - 1] + rest[len(name) :], question[: match.start("one")] + rest
    return Parts(first, second, match["one"], name)


def _of_each(before: str, after: str) -> tuple[str, str]:
    """What stands before and after a name where the two that are compared are asked about one by one: "Which employs
    more people, X" as "How many people does X employ"."""
    if match := _WHICH_MORE.match(before):
        many = "much" if match["more"] == "less" or match["what"] in _MASSES else "many"
        verb = "have" if match["verb"] == "has" else match["verb"].removesuffix("s")
        return f"How {many} {match['what']} does ", f" {verb}{after}"
    if match := _WHICH_IS.match(before):
        return f"How {_PLAIN[match['how']]} {match['verb']} ", after
    return before, after


def _english_each(question: str) -> Parts | None:
    opening = _OPENING.match(question)
    start = opening.end() if opening else 0
    if not _ENGLISH_EACH.search(question.lower()):
        return None
    either = _EITHER.search(question, start)
    if either is not None and (" or " in either.group() or _BOTH.search(question)):
        before, after = _of_each(question[: either.start()], question[either.end() :])
        return Parts(
            f"{before}{either['one']}{after}", f"{before}{either['other']}{after}", either["one"], either["other"]
        )
    compared = _COMPARED.search(question, start)
    # "Who led it before him?" names a time; only which of two came first, or was more, asks about both.
    if compared is None or not _COMPARES.search(question) or _CALENDAR.match(compared["other"]):
        return None
    behind = question[: compared.start("other")] + question[compared.end("other") :]
    whole = _THAN.sub(" ", behind).replace(" ?", "?")
    one = slice(compared.start("one"), compared.end("one"))
    return Parts(whole, whole[: one.start] + compared["other"] + whole[one.stop :], compared["one"], compared["other"])
