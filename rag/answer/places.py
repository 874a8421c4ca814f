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
    r"(?<=[对赴在驻旅访援亲抗输销向])[中华美日韩德法英俄印台港欧荷澳](?![伟光立月州律意半积海内])"
    r"|(?<!其)[中华美日韩德法英俄印台港欧荷澳](?=[企媒军籍裔商资股])"
    r"|(?<!其)[中美日韩德法英俄印台欧加澳](?=[美日韩德法英俄印台欧加澳])"
    r"|(?<=[美日韩德法英俄印台欧])[中美日韩德法英俄印台欧加澳](?!国)"
)
# Longer names that hold a country's and are not it, and what something is written in.
_NO_PLACES = re.compile(
    r"(?:New|Gulf of) Mexico|(?:Latin|South|North|Central) America[ns]?|New South Wales|New England|新墨西哥|墨西哥湾"
    r"|\b(?:in|into) (?:Chinese|Japanese|French|German|Spanish|Italian|Korean|Russian|Dutch|Portuguese)"
    r"(?=\s*(?:[,.;:!?)]|$))"
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
    return re.compile("|".join(rf"(?<!\w){re.escape(f)}(?![\w$])" if f.isascii() else re.escape(f) for f in forms))


@lru_cache(maxsize=8192)
def _named(text: str) -> frozenset[str]:
    """The places that a text names."""
    return frozenset(name for _, _, name in _spans(text, near=False))


@lru_cache(maxsize=8192)
def _touched(text: str) -> frozenset[str]:
    """The places that a text names or shows that it speaks of."""
    short = {_SHORT[character] for character in _SHORTENED.findall(fold(text))}
    return frozenset(name for _, _, name in _spans(text, near=True)) | short


def _spans(text: str, *, near: bool) -> list[tuple[int, int, str]]:
    """Where places are named, and with ``near`` what shows them, and which; 印度 does not stand in 印度尼西亚, 罗马 not
    in 罗马尼亚, nor Korea in North Korea."""
    found: list[tuple[int, int, str]] = []
    told = _NO_PLACES.sub(" … ", text)
    for source in (fold(told), told):
        own = [
            (match.start(), match.end(), place.name)
            for place in _places()
            for pattern in (place.chinese, place.english, *([place.near] if near else []))
            for match in pattern.finditer(source)
        ]
        found += [one for one in own if not any(_within(one, other) for other in own)]
    return found


def _within(one: tuple[int, int, str], other: tuple[int, int, str]) -> bool:
    return other[0] <= one[0] and one[1] <= other[1] and one[1] - one[0] < other[1] - other[0]


def elsewhere(question: str, sentence: str, around: str) -> int:
    """How many of the places that a question names neither a sentence nor what stands around it speaks of, where the
    sentence names another place instead; 0 where it names none."""
    asked = _named(question)
    if not asked or not _named(sentence) - asked:
        return 0
    return len(asked - _touched(f"{around}\n{sentence}"))
