"""A Chinese turn taken apart: what it is about, and the name its answer gives."""

from __future__ import annotations

import re

from index.language import sentences
from rag.cite import split_marks
from rag.followup import Asks, Frame
from rag.followup.zh_words import ALTERNATIVES, ASKING, ASKS, OWNED_CUT, STOPS, TIME, WHY, Word, plain, tagged

__all__ = ["STEM", "frame", "stem"]

_ASKED_NAMES: tuple[tuple[re.Pattern[str], Asks], ...] = (
    (re.compile(r"谁|哪一?位|哪个人|什么人"), "person"),
    (
        re.compile(r"哪一?(?:家|间|个|些|所)(?:公司|企业|厂商|供应商|机构|客户|集团|大学|学校|代工厂|银行)?|什么公司"),
        "organisation",
    ),
    (re.compile(r"哪一?(?:款|种|颗|个|部|项|座|本)|什么(?:芯片|产品|型号|材料|技术|法案|法律)"), "thing"),
)


def frame(question: str, answer: str, language: str) -> Frame:
    """The frame of a Chinese turn; see ``rag.followup.Frame``."""
    question = question.strip().rstrip(STOPS)
    text = plain(question)
    asks: Asks = next((kind for pattern, kind in _ASKED_NAMES if pattern.search(text)), "")
    time = TIME.search(text)
    return Frame(
        question=question,
        language=language,
        topic=_topic(question),
        asks=asks,
        named=_named(question, answer) if asks else "",
        time=question[time.start() : time.end()] if time else "",
    )


_TOPIC_LEAD = re.compile(rf"^(?:请问|请介绍一?下?|介绍一?下|什么(?:是|叫)|何谓|{WHY}|如何|怎么|怎样|是否|关于)+")


def _topic(question: str) -> str:
    """The leading noun phrase of a question, up to its verb, or to the first noun that belongs to it."""
    text = plain(question)
    lead = _TOPIC_LEAD.match(text)
    start = lead.end() if lead else 0
    title = re.compile(r"《[^》]{1,40}》").match(text, start)
    end = title.end() if title else _topic_end(text, start)
    return question[start:end].strip(STOPS + "的")


def _topic_end(text: str, start: int) -> int:
    """Where the topic that begins at ``start`` ends."""
    limit = len(text)
    for match in filter(None, (ASKS.search(text, start), OWNED_CUT.search(text, start))):
        limit = min(limit, match.start())
    time = TIME.search(text, start)
    if time and not re.compile("的(?!" + ALTERNATIVES + ")").match(text, time.end()):
        limit = min(limit, time.start())
    end, nouns, last = start, 0, None
    for word in tagged(text):
        if word.end <= start:
            continue
        if word.start >= limit or (_ends_topic(word, nouns) and not _is_model_name(text, word.end)):
            break
        end, last = min(word.end, limit), word
        nouns += word.tag[0] in "nejl" or word.tag in ("vn", "x")
    return last.start if last and last.tag == "v" and len(last.text) == 1 and nouns else end


_FUNCTION_WORDS = frozenset(
    """
    在 从 由 对 向 把 被 于 为 给 用 是 有 要 会 能 将 可以 需要 已 已经 目前 现在 一台 一颗 一片 和 与 跟 比 了
    主要 都 每 一共 总共 共
""".split()
)


def _ends_topic(word: Word, nouns: int) -> bool:
    if word.text in _FUNCTION_WORDS or word.tag in ("p", "ul", "c"):
        return True
    # A single character taken for a verb is more often part of a name ("昇腾").
    return bool(nouns) and word.tag in ("v", "d", "vd") and len(word.text) > 1


_MODEL_NUMBER = re.compile(r"[a-z]*\d[a-z0-9.-]*", re.ASCII)


def _is_model_name(text: str, position: int) -> bool:
    """Whether a model number and then a verb follow: what stands before is then a name too ("昇腾910B采用")."""
    number = _MODEL_NUMBER.match(text, position)
    return number is not None and any(word.start == number.end() and word.tag == "v" for word in tagged(text))


_STATED = re.compile(
    r"(?:是|为|由|从|向)([^，。；：（）(),是由从向的]{2,30}?)"
    r"(?:采购|提供|供应|生产|制造|创办|创立|发明|设计|负责|$|[，。；（(、])"
)


def _named(question: str, answer: str) -> str:
    """The name that the first sentence of an answer gives to a question that asked for one; may be empty."""
    spans = sentences(answer)
    first = split_marks(answer[spans[0][0] : spans[0][1]])[0].strip(STOPS) if spans else ""
    text, asked, about = plain(first), plain(question), plain(_topic(question))
    candidates = [_topic(first)]
    candidates += [first[match.start(1) : match.end(1)] for match in _STATED.finditer(text)]
    for candidate in candidates:
        folded = plain(candidate)
        if about and folded.startswith(f"{about}的"):  # what belongs to the one asked about is not another
            continue
        if 2 <= len(folded) <= 30 and folded not in asked and not ASKS.search(folded) and not TIME.fullmatch(folded):
            return candidate
    return ""


STEM = re.compile(rf"(?:一共|总共|大约)?(?:是|有|要|需要|为|需|达到?|在|花)?(?:{ASKING}).*$")


def stem(question: str) -> str:
    """A question without its asking end: ``从甲到乙要多久`` becomes ``从甲到乙``."""
    match = STEM.search(plain(question))
    return question[: match.start()] if match and match.start() else question
