"""What a caller passes, checked before any work: the question, the turns before it, the language and the limit."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from numbers import Integral

from index.errors import QuestionError, UsageError
from rag.types import Answer, Turn

__all__ = ["check_language", "check_limit", "plain_question", "plain_turns", "says_something"]


def plain_question(question: str, longest: int) -> str:
    """The question without what no file or model takes. Raises ``QuestionError`` or, for no text, ``UsageError``."""
    stripped = _plain_text(question, "the question").strip()
    if not any(_is_seen(character) for character in stripped):
        raise QuestionError("the question is empty: type one")
    if len(stripped) > longest:
        raise QuestionError(f"the question has {len(stripped):,} characters: the most is {longest:,}, shorten it")
    return stripped


def plain_turns(history: Iterable[Answer | Turn]) -> tuple[Answer | Turn, ...]:
    """The turns, oldest first, cleaned as questions are; one that says nothing is left out. Raises ``UsageError``."""
    if isinstance(history, str | bytes) or not isinstance(history, Iterable):
        raise UsageError(f"history must hold the turns before, was: {_kind(history)}: pass [Turn(question, answer), …]")
    turns = [_plain_turn(number, turn) for number, turn in enumerate(history, 1)]
    return tuple(turn for turn in turns if says_something(turn))


def says_something(turn: Answer | Turn) -> bool:
    """Whether a turn has a question or an answer: a follow-up cannot lean on one that has neither."""
    return bool(turn.question.strip() or (turn.text if isinstance(turn, Answer) else turn.answer).strip())


def check_language(language: str) -> None:
    """Raises ``UsageError`` unless it is text."""
    if not isinstance(language, str):
        raise UsageError(f"language must be text, a str, was: {_kind(language)}: pass zh-Hans, zh-Hant, en or nothing")


def check_limit(limit: int | None) -> None:
    """Raises ``UsageError`` unless it is a whole number of 1 or more, or None."""
    if limit is None:
        return
    if not isinstance(limit, Integral) or isinstance(limit, bool):
        raise UsageError(f"limit must be a whole number, an int, was: {_kind(limit)}: pass how many passages to find")
    if limit < 1:
        raise UsageError(f"limit must be 1 or more, was: {limit}")


def _plain_turn(number: int, turn: Answer | Turn) -> Answer | Turn:
    if not isinstance(turn, Answer | Turn):
        raise UsageError(
            f"turn {number} of the history must be a Turn or an Answer, was: {_kind(turn)}: "
            "pass Turn(question, answer), or the answer that was given"
        )
    where = f"turn {number} of the history"
    question = _plain_text(turn.question, f"{where}: its question")
    if isinstance(turn, Turn):
        return Turn(question, _plain_text(turn.answer, f"{where}: its answer"))
    text = _plain_text(turn.text, f"{where}: its text")
    standalone = _plain_text(turn.standalone, f"{where}: its standalone question")
    return replace(turn, question=question, text=text, standalone=standalone)


def _plain_text(text: str, name: str) -> str:
    if not isinstance(text, str):
        raise UsageError(f"{name} must be text, a str, was: {_kind(text)}: pass it as text")
    return text.encode("utf-8", "replace").decode("utf-8")  # a lone half of a surrogate pair is no character


def _is_seen(character: str) -> bool:
    """Whether a character shows: none of zero width, of direction or of control does."""
    return not character.isspace() and unicodedata.category(character) not in ("Cc", "Cf")


def _kind(value: object) -> str:
    return type(value).__name__
