"""What a follow-up can lean on, in either language: the frame of the turn before it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from typing import Literal

__all__ = ["Asks", "Frame", "common_start"]

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


def common_start(one: str, two: str) -> int:
    """How much two names look alike: the length of their common start, as of model numbers and acronyms."""
    return len(list(takewhile(lambda pair: pair[0] == pair[1], zip(one, two, strict=False))))
