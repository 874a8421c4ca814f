"""Answer correctness against short reference answers: exact match, F1, and whether the answer contains one.

Texts are compared by tokens: an English word or number is one, a Han character is one, so that F1 is by word in
English and by character in Chinese, as SQuAD (Rajpurkar et al. 2016) and CMRC 2018 (Cui et al. 2019) measure them.
Width, script (Traditional or Simplified), case, punctuation and English articles make no difference.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from index.language import fold

__all__ = ["contains", "exact_match", "f1", "tokens"]

_HAN = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
# A Han or kana character; a word or number, with its minus and the point of a decimal; a sign that means something.
_MINUS = rf"(?:(?<![0-9a-z%)\]{_HAN}])(?<!\d )|(?<=[为是至到达约]))[-\u2212](?=\d)"  # no hyphen of a range
_TOKEN = re.compile(rf"[{_HAN}]|(?:{_MINUS})?(?:[^\W_{_HAN}]|(?<=\d)\.(?=\d))+|[%‰°$€£¥+<>=≤≥≠±]")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_ACRONYM = re.compile(r"\b(?:[a-z]\.)+[a-z]\b\.?")  # a.m. and, cut short, a.m
_APOSTROPHE = re.compile(r"(?<=[a-z])['’](?=[a-z])")
_ARTICLES = frozenset(("a", "an", "the"))


def tokens(text: str) -> list[str]:
    """The tokens of a text in the form they are compared in; the point of a decimal and a minus are kept (``-2.5``)."""
    plain = _APOSTROPHE.sub("", _THOUSANDS.sub("", fold(text)))
    plain = _ACRONYM.sub(lambda match: match.group().replace(".", ""), plain)
    found = [token.replace("\u2212", "-") for token in _TOKEN.findall(plain)]
    return [token for token in found if token not in _ARTICLES] or found


def exact_match(answer: str, references: Sequence[str]) -> float:
    """1.0 where the answer is one of the references, else 0.0."""
    own = tokens(answer)
    return float(any(own == tokens(reference) for reference in _some(references)))


def f1(answer: str, references: Sequence[str]) -> float:
    """The harmonic mean of the shares of tokens the answer and a reference have in common; the best over references."""
    own = tokens(answer)
    return max(_f1(own, tokens(reference)) for reference in _some(references))


def contains(answer: str, references: Sequence[str]) -> float:
    """1.0 where the tokens of a reference stand in the answer next to each other and in order, else 0.0."""
    own = tokens(answer)
    return float(any(_stands_in(tokens(reference), own) for reference in _some(references)))


def _some(references: Sequence[str]) -> Sequence[str]:
    if not references:
        raise ValueError("references must hold an answer, was: none")
    return references


def _f1(answer: Sequence[str], reference: Sequence[str]) -> float:
    if not answer or not reference:
        return float(answer == reference)
    shared = sum((Counter(answer) & Counter(reference)).values())
    return 2.0 * shared / (len(answer) + len(reference))


def _stands_in(part: Sequence[str], whole: Sequence[str]) -> bool:
    if not part:
        return not whole
    return any(whole[i : i + len(part)] == part for i in range(len(whole) - len(part) + 1))
