"""Marks and passages: what ``[1]`` in an answer means, while it is still being written.

Only numbers the server gave are marks. ``［1］``, ``【1】``, ``[^1]``, ``[1, 2]`` become ``[1]`` and ``[1][2]``;
numbers out of range are dropped and counted; ``[2024]`` and ``[H20]`` are text. The result never depends on how
the text was cut into pieces on its way here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

__all__ = ["MarkParser", "Numbering", "fenced", "neutralise", "quiet", "renumber", "split_marks", "visible"]

_OPEN, _CLOSE = "[［【", "]］】"
# The lengths are bounded so that no input can make the parser hold text back for long or search it twice.
_INSIDE = r"[\^0-9０-９,，、;； ]"
_MARK = re.compile(rf"[ \t]{{0,8}}[{re.escape(_OPEN)}]({_INSIDE}{{1,60}})[{re.escape(_CLOSE)}]")
_HALF = re.compile(rf"[ \t]{{0,8}}(?:[{re.escape(_OPEN)}]{_INSIDE}{{0,60}})?\Z")
_START = re.compile(rf"[ \t]{{0,8}}[{re.escape(_OPEN)}]|[ \t]{{1,8}}\Z")
_SEPARATORS = re.compile(r"[,、; ]+")
_ID = re.compile(r"\^?([0-9]{1,3})")
_PLAIN_MARK = re.compile(r"\[(\d{1,3})\]")
_TRAILING_SPACE = re.compile(r"[ \t]+(?=[\s，。！？；、,.!?;]|\Z)")


def _ids(inside: str) -> list[int]:
    """The numbers between two brackets, or nothing where that is no mark."""
    parts = [part for part in _SEPARATORS.split(unicodedata.normalize("NFKC", inside)) if part]
    found = [_ID.fullmatch(part) for part in parts]
    return [int(match.group(1)) for match in found if match] if all(found) else []


class MarkParser:
    """Turns the pieces of a streamed text into pieces that are safe to show, their marks normalised to ``[n]``.

    ``allowed`` is how many sources the model was given: marks 1 to ``allowed`` stay, others are dropped. What may yet
    become a mark is held back until it is decided. A mark repeated right after itself is shown once.
    """

    def __init__(self, allowed: int) -> None:
        if allowed < 0:
            raise ValueError(f"allowed must be 0 or more, was: {allowed}")
        self.allowed = allowed
        self.dropped = 0
        self._held = ""
        self._run: set[int] = set()

    def feed(self, piece: str) -> list[str]:
        """The pieces that can be shown now that ``piece`` has arrived; empty while everything is held."""
        return self._take(self._held + piece, final=False)

    def close(self) -> list[str]:
        """What was held when the stream ended: half a mark is text after all."""
        return self._take(self._held, final=True)

    def _take(self, text: str, final: bool) -> list[str]:
        shown: list[str] = []
        position = 0
        while True:
            start = _START.search(text, position)
            at = start.start() if start else len(text)
            self._show(shown, text[position:at])
            position = at
            if start is None or (not final and _HALF.match(text, at)):
                break
            mark = _MARK.match(text, at)
            ids = _ids(mark.group(1)) if mark else []
            position = mark.end() if mark else start.end()
            if ids:
                self._show_marks(shown, text[at:position], ids)
            else:
                self._show(shown, text[at:position])
        self._held = "" if final else text[position:]
        return shown

    def _show(self, shown: list[str], text: str) -> None:
        if text:
            if not text.isspace():
                self._run.clear()
            shown.append(text)

    def _show_marks(self, shown: list[str], written: str, ids: list[int]) -> None:
        kept: list[int] = []
        for number in ids:
            if not 1 <= number <= self.allowed:
                self.dropped += 1
            elif number not in self._run:
                self._run.add(number)
                kept.append(number)
        if kept:
            space = written[: len(written) - len(written.lstrip(" \t"))]
            shown.append(space + "".join(f"[{number}]" for number in kept))


class Numbering:
    """Gives cited passages their numbers: 1, 2, 3 in order of first use, one number per passage."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}

    def number(self, source: int) -> int:
        """The number shown for a source (its 1-based id in the prompt), given now if it has none yet."""
        return self._numbers.setdefault(source, len(self._numbers) + 1)

    @property
    def sources(self) -> tuple[int, ...]:
        """The ids of the cited sources: number ``n`` was given to ``sources[n - 1]``."""
        return tuple(self._numbers)


def renumber(text: str, numbering: Numbering) -> str:
    """A text whose ``[id]`` marks are rewritten to the numbers shown; parsed marks only, see ``MarkParser``."""
    return _PLAIN_MARK.sub(lambda mark: f"[{numbering.number(int(mark.group(1)))}]", text)


def split_marks(sentence: str) -> tuple[str, tuple[int, ...]]:
    """The sentence without its ``[n]`` marks, and their numbers in order, each once."""
    numbers = tuple(dict.fromkeys(int(number) for number in _PLAIN_MARK.findall(sentence)))
    if not numbers:
        return sentence, ()
    return _TRAILING_SPACE.sub("", _PLAIN_MARK.sub("", sentence)).strip(), numbers


_FENCE = "source"
_TAG_WORDS = rf"{_FENCE}s?|documents?|system|assistant|user|instructions?|think|start_of_turn|end_of_turn|s|sys|bos|eos"
_TAG = re.compile(
    rf"[<＜]{{1,2}}(\s*[/／]?\s*(?:{_TAG_WORDS})(?:\s[^<>＜＞\n]{{0,200}})?\s*)[>＞]{{1,2}}", re.IGNORECASE
)
_OPEN_TAG = re.compile(rf"[<＜](?=\s*[/／]?\s*{_FENCE}\b)", re.IGNORECASE)
_CONTROL = re.compile(r"[<＜]([|｜][^<>＜＞|｜\n]{1,40}[|｜])[>＞]")
_INSTRUCTION = re.compile(r"\[(/?(?:INST|SYS)/?)\]", re.IGNORECASE)
_ROLE_WORDS = "system|assistant|user|human|developer|tool|系统|系統|助手|助理|用户|用戶|使用者"
_ROLE = re.compile(rf"(?m)^([\s#*>_-]{{0,8}}(?:{_ROLE_WORDS})[\s*_]{{0,4}})[:：]", re.IGNORECASE)
_ANY_MARK = re.compile(rf"[{re.escape(_OPEN)}]({_INSIDE}{{1,60}})[{re.escape(_CLOSE)}]")


def visible(text: str) -> str:
    """The text without characters nobody sees (zero-width, direction, tags): they hide words from a pattern."""
    return "".join(c for c in text if unicodedata.category(c) != "Cf")


def quiet(text: str) -> str:
    """A text in which no tag of ours and no control token of a chat template is left; marks are not touched."""
    text = _CONTROL.sub(r"‹\1›", visible(text))
    text = _OPEN_TAG.sub("‹", _TAG.sub(r"‹\1›", text))
    return _INSTRUCTION.sub(r"(\1)", text)


def neutralise(text: str) -> str:
    """A document's text as it may stand in a prompt: readable, but with nothing that acts as a mark, role or fence.

    ``[1]`` becomes ``(1)``, ``system:`` at the start of a line ``system﹕``, ``<|im_start|>`` ``‹|im_start|›``. Plain
    sentences, ``[2024]`` and ``[H20]`` stay as they are.
    """
    text = _ANY_MARK.sub(lambda mark: f"({mark.group(1)})" if _ids(mark.group(1)) else mark.group(), quiet(text))
    return _ROLE.sub(r"\1﹕", text)


def fenced(passages: Sequence[tuple[str, str]]) -> str:
    """The sources of a prompt: each (title, text) pair neutralised, fenced, and numbered from 1 by its place."""
    return "\n\n".join(
        f'<{_FENCE} id="{number}" title="{_attribute(title)}">\n{neutralise(text)}\n</{_FENCE}>'
        for number, (title, text) in enumerate(passages, start=1)
    )


def _attribute(title: str) -> str:
    line = " ".join(neutralise(" ".join(title.split())).split())
    return line.replace('"', "”").replace("<", "‹").replace(">", "›")[:200]
