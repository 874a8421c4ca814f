"""Which countries and regions a text is about: another one's figure is no answer, however alike the sentence is."""

from __future__ import annotations

import re
from collections.abc import Mapping
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
_ONE, _PAIRED = "[中华美日韩德法英俄印台港欧荷澳]", "美日韩德法英俄印台欧"
_SHORTENED = re.compile(
    rf"(?<=[对赴在驻旅访援亲抗输销向]){_ONE}(?![伟光立月州律意半积海内])|(?<!其){_ONE}(?=[企媒军籍裔商资股])"
    rf"|(?<!其)[中{_PAIRED}加澳](?=[{_PAIRED}加澳])|(?<=[{_PAIRED}])[中{_PAIRED}加澳](?!国)"
)
# Longer names that hold a country's and are not it, and what something is written in.
_NO_PLACES = re.compile(
    r"(?:New|Gulf of) Mexico|(?:Latin|South|North|Central) America[ns]?|New South Wales|New England|新墨西哥|墨西哥湾"
    r"|\b(?:in|into) (?:Chinese|Japanese|French|German|Spanish|Italian|Korean|Russian|Dutch|Portuguese)"
    r"(?=\s*(?:[,.;:!?)]|$))"
)


@cache
def _forms(near: bool) -> tuple[re.Pattern[str], Mapping[str, frozenset[str]]]:
    """A pattern of all names, with ``near`` of what shows a place too, and the places that each belongs to. The longest
    come first, so that 印度 is not found in 印度尼西亚, nor Korea in North Korea; Chinese ones stand anywhere, others
    as words and in their own case (a Turkish, not a turkey)."""
    text = resources.files("rag").joinpath("data/places.tsv").read_text(encoding="utf-8")
    places: dict[str, set[str]] = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            chinese, english, shows = line.split("\t")
            for form in ",".join((chinese, english, *([shows] if near else []))).split(","):
                places.setdefault(form, set()).add(chinese.split(",")[0])
    longest_first = sorted(places, key=lambda form: -len(form))
    latin = "|".join(re.escape(form) for form in longest_first if form.isascii())
    han = "|".join(form for form in longest_first if not form.isascii())
    pattern = re.compile(rf"(?<!\w)(?:{latin})(?![\w$])|{han}")
    return pattern, {form: frozenset(own) for form, own in places.items()}


@lru_cache(maxsize=8192)
def _named(text: str) -> frozenset[str]:
    """The places that a text names."""
    return _found(text, near=False)


@lru_cache(maxsize=8192)
def _touched(text: str) -> frozenset[str]:
    """The places that a text names or shows that it speaks of."""
    return _found(text, near=True) | {_SHORT[character] for character in _SHORTENED.findall(fold(text))}


def _found(text: str, *, near: bool) -> frozenset[str]:
    pattern, places = _forms(near)
    told = _NO_PLACES.sub(" … ", text)
    # Chinese names are of Simplified text, others of it as it is written.
    return frozenset(name for source in (fold(told), told) for form in pattern.findall(source) for name in places[form])


def elsewhere(question: str, sentence: str, around: str) -> int:
    """How many of the places that a question names neither a sentence nor what stands around it speaks of, where the
    sentence names another place instead; 0 where it names none."""
    asked = _named(question)
    if not asked or not _named(sentence) - asked:
        return 0
    return len(asked - _touched(f"{around}\n{sentence}"))
