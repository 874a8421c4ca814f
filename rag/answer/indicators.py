"""The figures of reports that questions ask for by name: where none of its names stands, another figure is no answer.

Only such as no other figure stands in for; a name written in Simplified is found in either script.
"""

from __future__ import annotations

import re
from functools import lru_cache

from index.language import fold
from rag.answer.question import answer_kind

__all__ = ["lacking"]

_NAMES = (
    r"净利|纯利|盈利|净收益|净亏损|利润(?!率)|"
    r"\bnet (?:income|earnings|loss)|\bbottom line\b|\bprofits?\b(?! margin)|\bearn(?:ed|ings)\b(?! per)",
    r"毛利率?|\bgross (?:profit|margin)",
    r"营业利[润益]率|经营利润率|\boperating (?:profit )?margin",
    r"每股(?:收益|盈余|盈利|净利)|\bearnings per share|\beps\b",
    r"良率|良品率|合格率|收益率|殖利率|股息率|\byields?\b",
    r"利用率|稼动率|开工率|\butili[sz]ation",
    r"资本(?:性)?支出|资本开支|\bcapital (?:expenditures?|spending)|\bcapex\b",
    r"市值|估值|\bmarket (?:cap|value)|\bvalued at\b|\bvaluation\b",
)
_COMPILED = tuple(re.compile(names) for names in _NAMES)


@lru_cache(maxsize=256)
def _asked(question: str) -> tuple[re.Pattern[str], ...]:
    if answer_kind(question) != "number":
        return ()
    folded = fold(question)
    return tuple(names for names in _COMPILED if names.search(folded))


def lacking(question: str, text: str) -> int:
    """How many of the figures that a question names a text does not, under any of their names."""
    asked = _asked(question)
    if not asked:
        return 0
    folded = fold(text)
    return sum(names.search(folded) is None for names in asked)
