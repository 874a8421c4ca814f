"""Answers written by a chat model: a LangChain chain, prompt | model | citation parser, over any ``BaseChatModel``.

Whole sentences come out as they are completed, their marks resolved to the passages the server numbered; nothing is
cited by force. Whatever goes wrong with the model is a ``GenerationFailed``: the caller then answers with quotes
instead, and says so.
"""

from __future__ import annotations

import queue
import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING

import prompts
from index.language import side
from index.types import Passage
from rag.answer.chat_models import load_chat_model
from rag.answer.drafting import Drafter, Piece, Thoughts
from rag.cite import MarkParser, fenced, neutralise, split_marks
from rag.errors import ModelError
from rag.types import Answer, Turn

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage, BaseMessageChunk
    from langchain_core.runnables import Runnable

    from rag.config import AnswerSettings

__all__ = ["GenerationFailed", "GenerativeAnswerer", "Piece", "Request", "load_chat_model"]

_LANGUAGE_NAMES = {"zh-Hans": "简体中文", "zh-Hant": "繁體中文", "en": "English"}
_TURNS = 3
_TURN_CHARACTERS = 500
_MOST_CHARACTERS = 8000
_FINISH_KEYS = ("finish_reason", "done_reason", "stop_reason")


class GenerationFailed(ModelError):  # noqa: N818 - it names what happened, and the caller goes on
    """The chat model gave no usable answer; ``str()`` is the reason in one line. Pieces given before it may stand."""


@dataclass(frozen=True, slots=True)
class _Limits:
    """The most seconds before the first piece of text, between two pieces, and for all of them."""

    first: float
    silence: float
    total: float

    @classmethod
    def of(cls, settings: AnswerSettings) -> _Limits:
        """Every retry may take the whole time limit of a request, and the client waits about a second before it."""
        first = settings.timeout * (1 + settings.retries) + settings.retries
        return cls(first, settings.timeout, first + 4 * settings.timeout)


@dataclass(frozen=True, slots=True)
class Request:
    """A question with the passages it is answered from, best first, and the language of its answer."""

    question: str
    passages: tuple[Passage, ...]
    language: str
    history: tuple[Turn | Answer, ...] = ()

    def __post_init__(self) -> None:
        if self.language not in _LANGUAGE_NAMES:
            raise ValueError(f"language must be one of {sorted(_LANGUAGE_NAMES)}, was: {self.language!r}")


class GenerativeAnswerer:
    """Writes answers with a chat model, within the time limit of ``settings``.

    Safe to use from several threads where the model is.
    """

    def __init__(self, model: BaseChatModel, settings: AnswerSettings) -> None:
        self._model = model
        self._limits = _Limits.of(settings)

    def stream(
        self, question: str, passages: Sequence[Passage], language: str, history: Sequence[Turn | Answer] = ()
    ) -> Iterator[Piece]:
        """The answer, sentence by sentence. ``language`` is ``zh-Hans``, ``zh-Hant`` or ``en``.

        Raises ``GenerationFailed`` when the model fails, falls silent, breaks off or writes nothing.
        """
        request = Request(question, tuple(passages), language, tuple(history))
        mailbox = _Mailbox()
        # Held by name: the model must be told to stop before the chain is closed, which waits for it.
        chunks = self._chain(request, mailbox).stream(request)
        try:
            for pieces in chunks:
                yield from pieces
        finally:
            mailbox.leave()

    def as_runnable(self) -> Runnable[Request, tuple[Piece, ...]]:
        """The same as LangChain composes it: a ``Request`` in, its pieces out, streamed as tuples of one."""
        from langchain_core.runnables import RunnableLambda

        def pieces(request: Request) -> Iterator[tuple[Piece, ...]]:
            for piece in self.stream(request.question, request.passages, request.language, request.history):
                yield (piece,)

        return RunnableLambda(pieces)

    def _chain(self, request: Request, mailbox: _Mailbox) -> Runnable[Request, tuple[Piece, ...]]:
        """prompt | model | citation parser.

        LangChain reads a step's input to its end even when nobody reads its output any more, so whoever leaves says
        so through the mailbox, and the model's step ends.
        """
        from langchain_core.runnables import RunnableGenerator, RunnableLambda

        def watched(messages: list[BaseMessage]) -> Iterator[BaseMessageChunk]:
            yield from mailbox.read(self._model, messages, self._limits)

        def parsed(chunks: Iterator[BaseMessageChunk]) -> Iterator[tuple[Piece, ...]]:
            try:
                for piece in _parsed(chunks, request):
                    yield (piece,)
            finally:
                mailbox.leave()

        return RunnableLambda(_messages) | RunnableLambda(watched) | RunnableGenerator(parsed)


def _messages(request: Request) -> list[BaseMessage]:
    """The prompt with its sources fenced and numbered, and the last turns of the conversation before the question."""
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

    filled = prompts.load("answer", side(request.language)).messages(
        language=_LANGUAGE_NAMES[request.language],
        sources=fenced([(passage.title, passage.text) for passage in request.passages]),
        question=neutralise(request.question),
    )
    (_, system), (_, user) = filled
    turns: list[BaseMessage] = []
    for turn in request.history[-_TURNS:]:
        said = turn.text if isinstance(turn, Answer) else turn.answer
        turns.append(HumanMessage(neutralise(turn.question)[:_TURN_CHARACTERS]))
        # The marks of an earlier answer number other sources than the ones given now.
        turns.append(AIMessage(neutralise(split_marks(said)[0])[:_TURN_CHARACTERS]))
    return [SystemMessage(system), *turns, HumanMessage(user)]


def _parsed(chunks: Iterator[BaseMessageChunk], request: Request) -> Iterator[Piece]:
    """The citation parser: chunks of a message in, finished sentences out."""
    thoughts, marks = Thoughts(), MarkParser(len(request.passages))
    drafter = Drafter(request.language, [passage.text for passage in request.passages])
    finish, signed, written, told = "", False, 0, 0

    def drafted(text: str) -> Iterator[Piece]:
        nonlocal told
        for shown in marks.feed(text):
            for piece in drafter.feed(shown, marks.dropped - told):
                told += piece.dropped
                yield piece

    for chunk in chunks:
        signed = signed or bool(chunk.response_metadata)
        finish = next((str(chunk.response_metadata[k]) for k in _FINISH_KEYS if chunk.response_metadata.get(k)), finish)
        written += len(chunk.text)
        yield from drafted(thoughts.feed(str(chunk.text)))
        if drafter.ended or written > _MOST_CHARACTERS:
            break
    else:
        _check_finish(finish, signed)
    if not drafter.ended:
        yield from drafted(thoughts.close())
        for shown in marks.close():
            yield from drafter.feed(shown)
    whole = drafter.ended or (finish != "length" and written <= _MOST_CHARACTERS)
    yield from drafter.close(whole=whole, dropped=marks.dropped - told)
    if not drafter.given:
        raise GenerationFailed("the model wrote no complete sentence" if written else "the model wrote nothing")


def _check_finish(finish: str, signed: bool) -> None:
    """A provider that signs its chunks also says how it finished; where it does not, the connection broke."""
    if finish == "content_filter":
        raise GenerationFailed("the model's provider withheld the answer (content filter)")
    if signed and not finish:
        raise GenerationFailed("the model stopped in the middle of its answer")


_Mail = tuple[str, "BaseMessageChunk | Exception | None"]


class _Mailbox:
    """Between the thread that reads the model and the one that reads the answer, so that either can leave.

    A model that hangs costs its time limit and no more: its thread ends when its client's own timeout does, and nobody
    waits for it.
    """

    def __init__(self) -> None:
        self._mail: queue.Queue[_Mail] = queue.Queue(maxsize=64)
        self._left = threading.Event()

    def leave(self) -> None:
        """The answer is read no further: wake whoever waits for mail, and let the model's thread end."""
        self._left.set()
        with suppress(queue.Full):
            self._mail.put_nowait(("end", None))

    def read(self, model: BaseChatModel, messages: list[BaseMessage], limits: _Limits) -> Iterator[BaseMessageChunk]:
        """What the model streams. Raises ``GenerationFailed`` when it fails or takes longer than the limits."""
        threading.Thread(target=copy_context().run, args=(self._collect, model, messages), daemon=True).start()
        deadline = time.monotonic() + limits.total
        patience = limits.first
        while not self._left.is_set():
            kind, item = self._next(patience, deadline)
            if kind == "error" and isinstance(item, Exception):
                raise GenerationFailed(_reason(item)) from item
            if item is None or isinstance(item, Exception):
                return
            patience = limits.silence
            yield item

    def _next(self, patience: float, deadline: float) -> _Mail:
        rest = deadline - time.monotonic()
        try:
            return self._mail.get(timeout=max(0.0, min(patience, rest)))
        except queue.Empty:
            if rest <= patience:
                raise GenerationFailed("the model took longer than answer.timeout allows for an answer") from None
            raise GenerationFailed(f"the model sent nothing for {patience:.0f} s (answer.timeout)") from None

    def _collect(self, model: BaseChatModel, messages: list[BaseMessage]) -> None:
        try:
            for chunk in model.stream(messages):
                if not self._send(("chunk", chunk)):
                    return
        except Exception as error:  # noqa: BLE001 - every provider's client raises errors of its own
            self._send(("error", error))
        else:
            self._send(("end", None))

    def _send(self, mail: _Mail) -> bool:
        """Put mail in as soon as there is room; False when its reader has left."""
        while not self._left.is_set():
            try:
                self._mail.put(mail, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False


def _reason(error: Exception) -> str:
    if isinstance(error, ValueError) and "No generation chunks" in str(error):
        return "the model wrote nothing"
    lines = str(error).strip().splitlines()
    text = re.sub(r"\b(?:sk|key|Bearer)[-_ ][\w*-]{4,}", "…", lines[0] if lines else "")
    return f"the model failed: {type(error).__name__}{': ' if text else ''}{text[:200]}"
