"""A follow-up becomes a standalone question; a standalone question is left alone.

What a follow-up leaves out (subject, time, place, the thing a pronoun means) is taken from the turn before it, which is
itself made standalone first. Rules only fire on what leans on something: a question that names its own subject gets
nothing from the history.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import prompts
from index.language import detect, fold, is_chinese, resolve, side, to_script
from rag.cite import quiet, split_marks
from rag.followup import Frame, en, en_frame, zh, zh_frame
from rag.given import says_something
from rag.phrases import unframed
from rag.types import Answer, Turn

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["standalone", "standalone_with_model"]

# A follow-up leans on what was just said; turns further back are reached through the turns between.
_TURNS = 4
_LONGEST_QUESTION = 300  # characters; what is longer explains itself


def standalone(question: str, history: Sequence[Turn | Answer], language_tag: str | None = None) -> str:
    """The question as it can be searched without the turns before it; the identical string when it stands alone.

    ``history`` is oldest first. ``language_tag`` is the question's language where the caller knows it; otherwise it is
    found from the question, and a question that shows none (``H200?``) takes that of the turn before.
    """
    before: Frame | None = None
    for turn in [turn for turn in history if says_something(turn)][-_TURNS:]:
        before = _frame(turn, before)
    return _rewritten(question, before, language_tag)


def _rewritten(question: str, before: Frame | None, language_tag: str | None) -> str:
    if before is None or not question.strip() or len(question) > _LONGEST_QUESTION:
        return question
    tag = resolve(language_tag or detect(question), before.language)
    if is_chinese(tag):
        return zh.rewrite(question, _in_script(before, tag), tag)
    return en.rewrite(question, before)


def _frame(turn: Turn | Answer, before: Frame | None) -> Frame:
    if isinstance(turn, Answer):
        question, answer = turn.standalone or _rewritten(turn.question, before, turn.language), turn.text
    else:
        question, answer = _rewritten(turn.question, before, None), turn.answer
    tag = resolve(detect(question), before.language if before else "")
    read = zh_frame.frame if side(tag) == "zh" else en_frame.frame
    return read(question[:_LONGEST_QUESTION], unframed(answer[:2000]), tag)


def _in_script(before: Frame, tag: str) -> Frame:
    """The frame in the script the follow-up is written in, so that its rewriting is of one script."""
    if not is_chinese(before.language):
        return replace(before, topic=_ARTICLE.sub("", before.topic), plural="")
    if before.language == tag:
        return before
    return Frame(
        question=to_script(before.question, tag),
        language=tag,
        topic=to_script(before.topic, tag),
        asks=before.asks,
        named=to_script(before.named, tag),
        time=to_script(before.time, tag),
        plural=before.plural,
    )


_ARTICLE = re.compile(r"^(?:the|an?) ", re.IGNORECASE)


def standalone_with_model(
    model: BaseChatModel, question: str, history: Sequence[Turn | Answer], language_tag: str | None = None
) -> str:
    """As ``standalone``, asked of a chat model; its rewriting is taken only where it can be trusted.

    Falls back to the rules when there is nothing to rewrite, the model fails, or what it wrote is empty, more than one
    line, in another language, longer than three times the rules' own, or has lost the words of the question.
    """
    by_rule = standalone(question, history, language_tag)
    if by_rule == question:
        return question
    tag = resolve(language_tag or detect(question), detect(by_rule))
    turns = "\n".join(f"- {_line(t.question)}\n  {_line(_said(t))}" for t in list(history)[-_TURNS:])
    prompt = prompts.load("standalone", side(tag)).messages(
        question=_line(question), history=turns, language=_LANGUAGE_NAMES[tag]
    )
    try:
        written = str(model.invoke(prompt).text).strip()
    except Exception:  # noqa: BLE001 - whatever a provider's client raises, the rules' rewriting stands
        return by_rule
    return written if _is_faithful(written, question, by_rule) else by_rule


_LANGUAGE_NAMES = {"zh-Hans": "简体中文", "zh-Hant": "繁體中文", "en": "English"}


def _said(turn: Turn | Answer) -> str:
    return split_marks(turn.text if isinstance(turn, Answer) else turn.answer)[0]


def _line(text: str) -> str:
    return " ".join(quiet(text).split())[:300]


def _is_faithful(written: str, question: str, by_rule: str) -> bool:
    if not written or "\n" in written or len(written) > 3 * max(len(by_rule), len(question)):
        return False
    if side(detect(written)) != side(detect(by_rule)):
        return False
    kept = _content(question) or _content(by_rule)
    return not kept or bool(kept & _content(written))


def _content(text: str) -> set[str]:
    """Words and pairs of Han characters that carry meaning, folded."""
    folded = fold(text)
    latin = {word for word in re.findall(r"[a-z0-9][\w.-]*", folded) if word not in _SMALL_WORDS}
    runs = re.findall(r"[\u4e00-\u9fff]+", re.sub(r"[那呢它其他们这该的是吗什么多少为怎样]", " ", folded))
    return latin | {run[at : at + 2] for run in runs for at in range(max(1, len(run) - 1))}


_SMALL_WORDS = frozenset(
    """
    a an the is are was were do does did has have what which who when where why how and or of in on at to for it its
    they that this about
    """.split()
)
