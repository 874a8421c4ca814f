"""The names of people in a sentence, in either language: those that a question does not hold could be its answer."""

from __future__ import annotations

import re
from functools import lru_cache

from index.language import detect, fold, is_chinese
from index.words import cut_han, is_listed

__all__ = ["new_names"]

SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁"
    "蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯"
    "江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤温罗岑莫鲁"
)
_ENGLISH_NAME = re.compile(
    r"\b[A-Z][a-z]+(?:[-’'][A-Z][a-z]+)?(?: (?:[A-Z]\.|(?:de|van|von|der|la)\b|[A-Z][a-zA-Z’'-]+)){1,3}"
)
# A run of capitalised words with one of these is an office, a firm or a place.
_NO_PERSON = re.compile(
    r"\b(?:Chief|Officer|President|Director|Minister|Secretary|Chair\w*|Head|Board|Committee|Company|Corporation|Inc|Ltd|"
    r"University|Institute|Research|Lab|Technology|Semiconductor|Street|County|City|State|States|Kingdom|Republic|Act|The|"
    r"Department|Union|January|February|March|April|June|July|August|September|October|November|December)\b"
)
_HAN_RUN = re.compile(r"[\u4e00-\u9fff]+(?:·[\u4e00-\u9fff]+)*")
# One capitalised word within a sentence, no numbered one (Phase 3); a first word is capitalised anyway.
_ENGLISH_WORD = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]{2,}\b(?! \d)")
# What such a word is behind these, or as one of those, is a place or what comes from it.
_PLACED = re.compile(
    r"\b(?:in|at|near|from|into|across|within|outside|mainland|central|(?:north|south|east|west)\w*) $"
)
_FROM_THERE = re.compile(
    r"(?:Chinese|American|Japanese|Korean|European|British|Dutch|German|French|Taiwanese|Asian|Western|Indian|Russian|"
    r"China|Japan|Korea|Europe|Taiwan|America|Asia|Germany|France|India|Russia|Singapore|Malaysia|Washington|Beijing)"
)
_NO_BEGINNING = re.compile(r"[由为為是被和与與的在向对對及从從]")
_LONGEST_NAME = 4


@lru_cache(maxsize=16384)
def new_names(question: str, sentence: str) -> list[tuple[int, int]]:
    """The spans of the personal names of a sentence that the question does not hold, in order."""
    asked = fold(question)
    found = _chinese_names(sentence) if is_chinese(detect(sentence)) else []
    latin = [m for m in _ENGLISH_NAME.finditer(sentence) if not _NO_PERSON.search(m.group())]
    found += [match.span() for match in latin]
    if not found:
        found = [m.span() for m in _ENGLISH_WORD.finditer(sentence) if _may_be_person(sentence, m)]
    return sorted(span for span in found if fold(sentence[span[0] : span[1]]) not in asked)


def _may_be_person(sentence: str, word: re.Match[str]) -> bool:
    told = _NO_PERSON.search(word.group()) or _FROM_THERE.fullmatch(word.group())
    return not told and not _PLACED.search(sentence[: word.start()])


def _chinese_names(sentence: str) -> list[tuple[int, int]]:
    """The spans of what jieba guesses to be a word, begins with a surname and is as long as a name; and of foreign
    names with their dot."""
    spans: list[tuple[int, int]] = []
    for run in _HAN_RUN.finditer(sentence):
        if "·" in run.group():
            spans.append(_foreign(run))
            continue
        position = run.start()
        for word in cut_han(fold(run.group())):
            if 2 <= len(word) <= _LONGEST_NAME and word[0] in SURNAMES and not is_listed(word):
                # A given name's second character that jieba leaves over at the end still belongs to it.
                left_over = len(word) == 2 and position + 3 == run.end()
                spans.append((position, position + len(word) + left_over))
            position += len(word)
    return spans


def _foreign(run: re.Match[str]) -> tuple[int, int]:
    """A foreign name with its dot, without the words that stand beside it: from the last that no name begins with, to
    the end of the first word behind the dot."""
    left, _, right = run.group().partition("·")
    start = max((match.end() for match in _NO_BEGINNING.finditer(left)), default=0)
    *dotted, last = right.split("·")
    end = len(left) + 1 + sum(len(part) + 1 for part in dotted) + len(next(iter(cut_han(fold(last))), ""))
    return run.start() + start, run.start() + end
