"""A model's text while it is being written: whole sentences, their marks renumbered, in the asker's script."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from index.language import detect, is_chinese, sentences, to_script
from rag.cite import Numbering, quiet, renumber, split_marks

__all__ = ["Drafter", "Piece", "Thoughts"]

# A template's control tokens end the answer: what follows is a conversation the model imagines.
_TURN_ENDS = re.compile(r"<\|[^|<>\n]{1,40}\|>|<(?:start|end)_of_turn>|\[/?INST\]|</?s>")
_LEADING_MARKS = re.compile(r"(?:[ \t]*\[\d{1,3}\])+")
_CAN_END = re.compile(r"[\n。！？；….!?]")
_COMPLETE = re.compile(r"[。！？；….!?:：|][”’」』）】》〉\"')\]*_\s]*(?:\s*\[\d{1,3}\])*\s*\Z|\[\d{1,3}\]\s*\Z")
_QUOTED = re.compile(r"“[^”\n]{1,400}”|「[^」\n]{1,400}」|『[^』\n]{1,400}』|《[^》\n]{1,100}》|\"[^\"\n]{1,400}\"")


@dataclass(frozen=True, slots=True)
class Piece:
    """One sentence of a generated answer; joining the texts of all pieces gives the answer.

    ``text`` carries ``[n]`` marks, n in order of first use in the whole answer. Mark ``numbers[i]`` cites
    ``passages[i]``, a 0-based index into the passages the model was given. ``dropped`` counts the marks that named no
    source and were removed up to this piece, less those the pieces before have told.
    """

    text: str
    numbers: tuple[int, ...]
    passages: tuple[int, ...]
    dropped: int = 0


class Thoughts:
    """Takes the ``<think>…</think>`` away that reasoning models may write before their answer."""

    _OPEN, _CLOSE = "<think>", "</think>"

    def __init__(self) -> None:
        self._held = ""
        self._state = "start"

    def feed(self, text: str) -> str:
        """The part of the text that is no thought; a beginning that may yet become one is held."""
        if self._state == "answer":
            return text
        self._held += text
        lead = self._held.lstrip()
        if self._state == "start" and not lead.startswith(self._OPEN):
            return "" if self._OPEN.startswith(lead) else self._release(self._held)
        self._state = "thinking"
        at = self._held.find(self._CLOSE)
        return "" if at < 0 else self._release(self._held[at + len(self._CLOSE) :].lstrip())

    def close(self) -> str:
        """What was held when the stream ended: a thought without an end is no answer."""
        return self._release("" if self._state == "thinking" else self._held)

    def _release(self, text: str) -> str:
        self._state, self._held = "answer", ""
        return text


class Drafter:
    """Cuts parsed text into sentences as they complete. ``ended`` is set once the model has left its answer.

    ``sources`` are the texts of the passages: what is quoted from them word for word keeps their script.
    """

    def __init__(self, language: str, sources: Sequence[str]) -> None:
        self.ended = False
        self.given = 0
        self._language = language
        self._sources = sources
        self._numbering = Numbering()
        self._buffer = ""

    def feed(self, text: str, dropped: int = 0) -> Iterator[Piece]:
        """The sentences that ``text`` completes; ``dropped`` is the marks removed from it and not yet told."""
        if self.ended:
            return
        self._buffer += text if self._buffer or self.given else text.lstrip()
        turn = _TURN_ENDS.search(self._buffer)
        if turn:
            self._buffer, self.ended = self._buffer[: turn.start()], True
        if not _CAN_END.search(self._buffer):
            return
        *complete, rest = _cut(self._buffer)
        self._buffer = rest
        for at, sentence in enumerate(complete):
            yield self._piece(sentence, 0 if at else dropped)

    def close(self, *, whole: bool, dropped: int = 0) -> Iterator[Piece]:
        """The last sentences. Unless the text is ``whole``, one that breaks off in the middle is left out."""
        for sentence in _cut(self._buffer.rstrip()):
            if sentence.strip() and (whole or _COMPLETE.search(sentence)):
                yield self._piece(sentence, dropped)
                dropped = 0
        self._buffer = ""

    def _piece(self, sentence: str, dropped: int) -> Piece:
        self.given += 1
        text = renumber(quiet(_in_script(sentence, self._language, self._sources)), self._numbering)
        numbers = split_marks(text)[1]
        return Piece(text, numbers, tuple(self._numbering.sources[number - 1] - 1 for number in numbers), dropped)


def _cut(text: str) -> list[str]:
    """The text in pieces of one sentence each, white space and marks after its stop included; joined they are the text.

    The last piece may be an unfinished sentence. Marks that stand after a stop, or alone, belong to what they follow.
    """
    starts = [0]
    for start, end in sentences(text)[1:]:
        marks = _LEADING_MARKS.match(text, start)
        if marks and marks.end() >= end:
            continue
        new_line = "\n" in text[len(text[:start].rstrip()) : start]
        if marks and not new_line:
            starts.append(marks.end() + len(text[marks.end() :]) - len(text[marks.end() :].lstrip()))
        else:
            starts.append(start)
    return [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]


def _in_script(sentence: str, language: str, sources: Sequence[str]) -> str:
    """The sentence in the script of ``language``, but for what it quotes word for word from a source."""
    came = detect(_QUOTED.sub("", sentence))
    if not is_chinese(language) or came == language or came not in ("zh-Hans", "zh-Hant"):
        return sentence
    out, position = "", 0
    for quoted in _QUOTED.finditer(sentence):
        if any(quoted.group()[1:-1] in source for source in sources):
            out += to_script(sentence[position : quoted.start()], language) + quoted.group()
            position = quoted.end()
    return out + to_script(sentence[position:], language)
