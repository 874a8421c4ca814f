"""Which countries and regions a text is about: another one's figure is no answer, however alike the sentence is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

from index.language import fold

__all__ = ["elsewhere"]

# 中美, 对华, 美企: a country in one character, beside another one's or what goes with one.
_SHORT = {
    "中": "中国", "华": "中国", "美": "美国", "日": "日本", "韩": "韩国", "德": "德国", "法": "法国", "英": "英国",
    "俄": "俄罗斯", "印": "印度", "台": "台湾", "港": "香港", "欧": "欧盟", "荷": "荷兰", "澳": "澳大利亚",
    "加": "加拿大",
}  # fmt: skip
_SHORTENED = re.compile(
    r"(?<=[对赴在驻旅访援亲抗输销向])[中华美日韩德法英俄印台港欧荷澳]"
    r"|[中华美日韩德法英俄印台港欧荷澳](?=[方企媒军籍元裔商资产股])"
    r"|[中美日韩德法英俄印台欧加澳](?=[中美日韩德法英俄印台欧加澳])"
    r"|(?<=[中美日韩德法英俄印台欧])[美日韩德法英俄印台欧加澳]"
)


@dataclass(frozen=True, slots=True)
class _Place:
    name: str
    chinese: re.Pattern[str]
    english: re.Pattern[str]
    near: re.Pattern[str]


@cache
def _places() -> tuple[_Place, ...]:
    text = resources.files("rag").joinpath("data/places.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    return tuple(
        _Place(chinese.split(",")[0], _any(chinese), _any(english), _any(near)) for chinese, english, near in rows
    )


def _any(names: str) -> re.Pattern[str]:
    """Any of the names: Chinese ones anywhere, others as words and in their own case (a Turkish, not a turkey)."""
    forms = sorted(names.split(","), key=len, reverse=True)
    return re.compile("|".join(rf"(?<!\w){re.escape(f)}(?!\w)" if f.isascii() else re.escape(f) for f in forms))


@lru_cache(maxsize=8192)
def _named(text: str) -> frozenset[str]:
    """The places that a text names. 印度 does not stand in 印度尼西亚, nor Korea in North Korea."""
    found: list[tuple[int, int, str]] = []
    for source, written in ((fold(text), "chinese"), (text, "english")):
        own = [(m.start(), m.end(), p.name) for p in _places() for m in getattr(p, written).finditer(source)]
        found += [one for one in own if not any(_within(one, other) for other in own)]
    return frozenset(name for _, _, name in found)


def _within(one: tuple[int, int, str], other: tuple[int, int, str]) -> bool:
    return other[0] <= one[0] and one[1] <= other[1] and one[1] - one[0] < other[1] - other[0]


@lru_cache(maxsize=8192)
def _touched(text: str) -> frozenset[str]:
    """The places that a text names or shows that it speaks of."""
    folded = fold(text)
    near = {p.name for p in _places() if p.near.search(folded) or p.near.search(text)}
    return _named(text) | near | {_SHORT[character] for character in _SHORTENED.findall(folded)}


def elsewhere(question: str, sentence: str, around: str) -> int:
    """How many of the places that a question names neither a sentence nor what stands around it speaks of, where the
    sentence names another place instead; 0 where it names none."""
    asked = _named(question)
    if not asked or not _named(sentence) - asked:
        return 0
    return len(asked - _touched(f"{around}\n{sentence}"))
