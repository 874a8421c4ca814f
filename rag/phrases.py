"""What Wenju itself says in an answer, in the asker's language and script; everything else is quoted or generated."""

from __future__ import annotations

import re
from functools import cache

from index.language import Side

__all__ = ["frame", "phrase", "unframed"]

_PHRASES: dict[str, dict[str, str]] = {
    "refusal": {
        "zh-Hans": "这些文档中没有找到能回答这个问题的内容。",
        "zh-Hant": "這些文件中沒有找到能回答這個問題的內容。",
        "en": "The documents do not answer this question.",
    },
    "disagree": {
        "zh-Hans": "两份文件说法不一：",
        "zh-Hant": "兩份文件說法不一：",
        "en": "Two documents disagree:",
    },
    "unanswered": {
        "zh-Hans": "这些文档没有回答：{question}",
        "zh-Hant": "這些文件沒有回答：{question}",
        "en": "The documents do not answer: {question}",
    },
    "unsure": {
        "zh-Hans": "把握不大：这段原文可能没有回答问题，请核对。",
        "zh-Hant": "把握不大：這段原文可能沒有回答問題，請核對。",
        "en": "Not sure: this text may not answer the question, please check.",
    },
    "fallback": {
        "zh-Hans": "语言模型没有给出可用的回答（{reason}），以下为文档原文。",
        "zh-Hant": "語言模型沒有給出可用的回答（{reason}），以下為文件原文。",
        "en": "The language model gave no usable answer ({reason}); this is what the documents say.",
    },
}
_FRAMES: dict[tuple[str, Side], str] = {
    ("zh-Hans", "en"): "英文文档原文：",
    ("zh-Hant", "en"): "英文文件原文：",
    ("en", "zh"): "The documents say, in Chinese:",
}


def phrase(name: str, language: str, **values: str) -> str:
    """A phrase in ``zh-Hans``, ``zh-Hant`` or ``en``, its ``{placeholders}`` filled."""
    return _PHRASES[name][language].format(**values)


def unframed(text: str) -> str:
    """An answer without what Wenju says itself: nothing of it is what a follow-up means."""
    return _own_words().sub("", text).strip()


@cache
def _own_words() -> re.Pattern[str]:
    texts = [*_FRAMES.values(), *(text for forms in _PHRASES.values() for text in forms.values())]
    return re.compile("|".join(re.sub(r"\\\{\w+\\\}", "[^\n]*", re.escape(text)) for text in texts))


def frame(language: str, source: Side) -> str:
    """What introduces a quotation from documents of another language; empty within one language."""
    return _FRAMES.get((language, source), "")
