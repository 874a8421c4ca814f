"""What a follow-up can lean on, in either language: the frame of the turn before it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import takewhile
from typing import Literal

__all__ = ["Asks", "Frame", "common_start", "other_year"]

Asks = Literal["person", "organisation", "thing", ""]


@dataclass(frozen=True, slots=True)
class Frame:
    """The turn before a follow-up, taken apart. Every text is a piece of that turn, or empty where it has none.

    ``question`` is its standalone question without the closing mark. ``topic`` is what it is about. ``asks`` says what
    kind of name it asks for, and ``named`` is the name its answer gives. ``time`` is the one it states.
    ``plural`` is what a plural pronoun of the follow-up means where that is not the topic.
    """

    question: str
    language: str
    topic: str = ""
    asks: Asks = ""
    named: str = ""
    time: str = ""
    plural: str = ""

    @property
    def referent(self) -> str:
        """What ``it`` means: the name that was asked for, else the topic."""
        return (self.named if self.asks else "") or self.topic


_YEAR = re.compile(r"(?:19|20)\d\d")


def other_year(found: re.Match[str] | None, time: str) -> str:
    """The year before or after that of ``time``, as the group that a pattern found (``before`` or another) says; empty
    where either is missing."""
    year = _YEAR.search(time)
    if year is None or found is None:
        return ""
    return str(int(year.group()) + (-1 if found.group("before") else 1))


def common_start(one: str, two: str) -> int:
    """How much two names look alike: the length of their common start, as of model numbers and acronyms."""
    return len(list(takewhile(lambda pair: pair[0] == pair[1], zip(one, two, strict=False))))
