"""Rules that turn a sentence into a question about the figure, date or definition it states.

Chinese asks in place: the figure becomes 多少 and the clause stays as it is. English asks for the subject of ``was``,
``reached`` or ``is a``; what fits no rule is asked with a gap. Drafts are for a person to correct.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from index.language import side, to_script
from index.numbers import Quantity, quantities

__all__ = ["Question", "question_of"]


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the short answer to it as it stands in the sentence, and a whole answer (may be empty)."""

    text: str
    short: str
    answer: str = ""


# A colon defines only after a gloss: 小芯片（chiplet）：…, but not 地点：….
_ZH_DEFINITION = re.compile(
    r"^([^，。：；、（）\s]{2,20})"
    r"(?:（[^）]{1,40}）：|(?:（[^）]{1,40}）)?，?(?:是指|指的是|是一种|是一種))"
    r"([^。]{6,})。?$"
)
_EN_DEFINITION = re.compile(
    r"^((?:An?\s+|The\s+)?[A-Za-z][\w\- ]{1,50}?)(?:\s\([^)]{1,40}\))?\s+"
    r"(?:is|are|means|refers to)\s+((?:an?|the)\s.{12,})$"
)
_DATES = ("date", "year")
_ZH_CLAUSE = re.compile(r"[。；！？]")
# What of a figure is asked for: the digits (多少亿元), or all of a number in Han numerals (多少片).
_AMOUNT = re.compile(
    r"^[約约近逾超过過\s]*(?:[\d.,，．０-９]+\s*[千百]*|[零〇一二两兩三四五六七八九十百千万萬亿億点點]+)"
)
_NUMERALS = re.compile(r"[零〇一二两兩三四五六七八九十百千万萬亿億]")
_EN_VERBS = (
    (
        re.compile(r"\s(was|were|is|are)\s+(?:about\s|around\s|approximately\s|only\s|just\s)?$"),
        "What {verb} {subject}",
    ),
    (
        re.compile(
            r"\s(reached|totalled|totaled|averaged|rose to|grew to|fell to|dropped to|increased to)\s+(?:about\s)?$"
        ),
        "What did {subject} {bare}",
    ),
)
_BARE = {
    "reached": "reach", "totalled": "total", "totaled": "total", "averaged": "average", "rose to": "rise to",
    "grew to": "grow to", "fell to": "fall to", "dropped to": "drop to", "increased to": "increase to",
}  # fmt: skip
_CURRENCY = re.compile(r"(?:(?:USD|CNY|RMB|NTD|NT\$|HKD|EUR|JPY|US\$|[$€£¥])\s?)$")
_LIST_SIGN = re.compile(r"^\s*(?:\d{1,2}[.、)]\s*(?=\D)|[-*•]\s+)")
_IN_NAME = re.compile(r"[-–之第A-Za-z]$")
_LEANS = re.compile(
    r"^(?:(?:it|this|that|these|those|they|he|she|such|and|but|however|then|later|also|still|yet|meanwhile|instead|"
    r"for example|in particular)\b|也(?!门|門)|但|其中|该|該|此|这|這|它|其|他|她|而|因此|同时|同時|另外|"
    r"后来|後來|尤其|例如|比如|然而|不过|不過|最后|最後|当时|當時|随后|隨後|之后|之後|此后|接着|接著|至于|至於|甚至)",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"^(?:[Ww]hat|[Ww]hich|[Ww]ho|[Hh]ow|[Ww]hy|[Ww]hen|[Ww]here)\b|什么|什麼|如何|为何|為何|哪(?![吒怕])"
)
_NUMBERED_NAME = re.compile(r"(?<=\w )[A-Z][a-z]+ $")  # Apollo 11, but not "About 300", with which a sentence begins


def question_of(sentence: str, language: str) -> Question | None:
    """A question in the sentence's language, or None where it states nothing that can be asked for.

    A sentence that begins with what leans on the one before it (``It``, ``其中``) or with the sign of a footnote, and
    one that no stop closes, gives none.
    """
    sentence = _LIST_SIGN.sub("", sentence).strip()
    if not sentence or _LEANS.match(sentence) or not sentence.endswith((".", "!", "。", "；", "！")):
        return None
    kind = unicodedata.category(sentence[0])
    if kind[0] not in "LNPS" or kind == "No":
        return None  # the sign of a footnote (², ②), or what another rule left over
    chinese = side(language) == "zh"
    return _definition(sentence, chinese, language) or (
        _in_place(sentence, language) if chinese else _english(sentence)
    )


def _definition(sentence: str, chinese: bool, language: str) -> Question | None:
    found = (_ZH_DEFINITION if chinese else _EN_DEFINITION).match(sentence)
    if found is None or any(character.isdigit() for character in found.group(1)) or _ASKS.search(found.group(1)):
        return None
    term, meaning = found.group(1).strip(), found.group(2).strip().rstrip("。.")
    if chinese:
        return Question(to_script(f"{term}是什么？", language), meaning, sentence)
    if _LEANS.match(term.removeprefix("The ").removeprefix("A ")) or len(term.split()) > 5 or term.lower() in meaning:
        return None
    subject = term[0].lower() + term[1:] if term.split()[0] in ("The", "A", "An") else term
    plural = " are " in sentence[: found.start(2)]
    return Question(f"What {'are' if plural else 'is'} {subject}?", meaning, sentence)


def _telling(sentence: str) -> Quantity | None:
    """The quantity to ask for: figures before dates, later before earlier, none that stand in a name."""
    found = [q for q in quantities(sentence) if not q.weak and q.kind not in ("identifier", "ordinal")]
    figures = [q for q in found if q.kind not in _DATES and _is_written_out(sentence[q.start : q.end], q)]
    figures = [q for q in figures if not _IN_NAME.search(sentence[: q.start])]
    figures = [q for q in figures if q.unit or q.kind != "number" or not _NUMBERED_NAME.search(sentence[: q.start])]
    dates = [q for q in found if q.kind in _DATES]
    return (figures or dates or [None])[-1]  # type: ignore[list-item]


def _is_written_out(mention: str, quantity: Quantity) -> bool:
    """Digits, or Han numerals that state an amount: 三萬二千片, 九個月, but not the 三 of 三級."""
    numerals = len(_NUMERALS.findall(mention))
    return any(c.isdecimal() for c in mention) or numerals > 1 or (numerals == 1 and bool(quantity.unit))


def _in_place(sentence: str, language: str) -> Question | None:
    """启衡2024年营收为186亿元 → 启衡2024年营收为多少亿元？"""
    asked = _telling(sentence)
    if asked is None:
        return None
    short = sentence[asked.start : asked.end]
    before = _ZH_CLAUSE.split(sentence[: asked.start])[-1]
    after = re.split(r"[，。；！？,;]", sentence[asked.end :])[0]
    word = _zh_word(asked, short)
    text = f"{before}{to_script(word, language)}{after}".strip(" ，、（(")
    if len(before.strip()) < 3 or text.count("（") != text.count("）"):
        return None
    return Question(f"{text}？", short, sentence)


def _zh_word(asked: Quantity, short: str) -> str:
    if asked.kind == "year":
        return "哪一年"
    if asked.kind == "date":
        return "什么时候"
    if asked.kind == "percent":
        return "百分之多少"
    return f"多少{_AMOUNT.sub('', short)}"


def _english(sentence: str) -> Question | None:
    """The total capex was CNY 2.5 billion in 2024. → What was the total capex in 2024?"""
    asked = _telling(sentence)
    if asked is None:
        return None
    start = asked.start
    currency = _CURRENCY.search(sentence[:start])
    start = currency.start() if currency else start
    short, before = sentence[start : asked.end].strip(), sentence[:start]
    after = re.split(r"[,;]|\.\s*$", sentence[asked.end :])[0].rstrip()
    for pattern, form in _EN_VERBS:
        verb = pattern.search(before)
        subject = before[: verb.start()].strip() if verb else ""
        if verb and 1 < len(subject.split()) <= 14 and "," not in subject:
            words = {"verb": verb.group(1), "subject": _lowered(subject), "bare": _BARE.get(verb.group(1), "")}
            rest = after if after.startswith((" in ", " at ", " by ", " on ", " for ", " during ")) else ""
            return Question(f"{form.format(**words)}{rest}?", short, sentence)
    gap = f"{before}____{sentence[asked.end :]}".strip()
    return Question(f"What belongs in the gap: “{gap}”", short, sentence) if len(before.split()) > 3 else None


def _lowered(subject: str) -> str:
    first = subject.split(maxsplit=1)[0]
    return subject[0].lower() + subject[1:] if first in ("The", "A", "An", "Its", "Total", "Average") else subject
