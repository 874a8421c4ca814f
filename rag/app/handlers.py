"""What happens at each event of the page.

Every handler is a public endpoint: what a browser sends is checked here, and a session reaches its own state only.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rag.app import views
from rag.app.session import Conversation, Exchange, Focus, Voice, evidence
from rag.app.text import LANGUAGES, Words, preferred_language
from rag.errors import WenjuError
from rag.types import Answer, Event, IngestFailure, IngestReport, Sentence, Status

if TYPE_CHECKING:
    from index.types import Document
    from rag.config import AppSettings

__all__ = ["Handlers", "Knowledge", "after", "load_gradio", "question_of", "received", "sent"]

_LOG = logging.getLogger(__name__)
_COOKIE = "wenju_language"
_FILES = 500


class Knowledge(Protocol):
    """What the page needs of a knowledge base."""

    def stream(self, question: str, history: Sequence[Answer] = (), language: str = "") -> Iterator[Event]: ...
    def document(self, document_id: str, /) -> Document: ...
    def documents(self) -> Sequence[views.Listed]: ...
    def add(self, paths: Sequence[str | Path]) -> IngestReport: ...
    def remove(self, document_id: str, /) -> object: ...


def load_gradio() -> Any:
    """The ``gradio`` module, imported with everything that would call out switched off."""
    for name in ("GRADIO_ANALYTICS_ENABLED", "GRADIO_RUN_HISTORY", "GRADIO_SHARE", "GRADIO_MCP_SERVER"):
        os.environ[name] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    import gradio

    return gradio


class Handlers:
    """What happens at each event. Holds no session: that comes in and goes out with every call."""

    def __init__(self, kb: Knowledge, settings: AppSettings, examples: Sequence[str], uploads: Path | None) -> None:
        self._kb, self._settings, self._examples, self._uploads = kb, settings, tuple(examples), uploads
        self._gr = load_gradio()

    def greet(self, request: Any, voice: Voice) -> list[Any]:
        """The first view, in the language chosen before, else the browser's."""
        chosen = request.cookies.get(_COOKIE, "")
        voice.tag = chosen if chosen in LANGUAGES else preferred_language(request.headers.get("accept-language", ""))
        return self.speak(Conversation(), Focus(), voice)

    def choose(self, event: Any, held: Conversation, focus: Focus, voice: Voice) -> list[Any]:
        """Another interface language. An answer on its way shows itself in it with its next step, its evidence with the
        last: two answers to one browser can change places, and a look from here would then cover its end."""
        language = sent(event, "value")
        voice.tag = language if language in LANGUAGES else voice.tag
        return self.speak(held, focus, voice)

    def speak(self, held: Conversation, focus: Focus, voice: Voice) -> list[Any]:
        """New values for everything that holds words of the interface, in one language."""
        words, update, skip = voice.words, self._gr.update, self._gr.skip()
        documents = self._kb.documents()
        return [
            views.header(words),
            skip if held.running else self._thread(held, focus, words),
            update(placeholder=words.placeholder, label=words.question),
            update(value=words.send),
            update(value=words.stop),
            views.line(words.keys),
            views.panel_tabs(words, len(documents)),
            skip if held.running else self._evidence(held, focus, words),
            views.upload_zone(words),
            "",
            views.document_list(documents, words),
        ]

    def ask(self, question: str, held: Conversation, focus: Focus, voice: Voice) -> Iterator[list[Any]]:
        """Answer a question by the sentence; yields ``[held, focus, thread, keys, evidence, box, send, stop]``."""
        words, skip, update = voice.words, self._gr.skip(), self._gr.update
        question = question.encode("utf-8", "replace").decode().strip()
        objection = self._objection(question, words)
        if objection:
            yield [skip, skip, skip, views.notice(objection), skip, skip, skip, skip]
            return
        history, held = held.history, held.begin(question)
        busy = [update(visible=False), update(visible=True)]
        yield [held, skip, self._thread(held, focus, words), views.line(words.keys), skip, "", *busy]
        for exchange in self._exchanges(question, history, voice):
            held = held.update(exchange)
            yield [held, skip, self._thread(held, focus, voice.words), skip, skip, skip, skip, skip]
        if held.exchanges[-1].answer is not None:
            focus = Focus(len(held.exchanges) - 1)
        calm, words = [update(visible=True), update(visible=False)], voice.words
        yield [held, focus, self._thread(held, focus, words), skip, self._evidence(held, focus, words), skip, *calm]

    def _objection(self, question: str, words: Words) -> str:
        if not question:
            return words.empty_question
        limit = self._settings.max_question_characters
        return words.long_question.format(count=len(question), limit=limit) if len(question) > limit else ""

    def _exchanges(self, question: str, history: list[Answer], voice: Voice) -> Iterator[Exchange]:
        """The exchange after each event of the stream; the last one always has an end: an answer or an error."""
        exchange = Exchange(question, stage="searching")
        try:
            stream = self._kb.stream(question, history, voice.tag)
            with closing(stream) as events:  # type: ignore[type-var]
                for event in events:
                    exchange = after(exchange, event)
                    yield exchange
            if exchange.answer is None:
                exchange = replace(exchange, error=voice.words.no_answer)
        except WenjuError as error:
            exchange = replace(exchange, error=str(error))
        except Exception:  # noqa: BLE001 - whatever a model did, the person gets a line and the log the rest
            _LOG.exception("a question could not be answered")
            exchange = replace(exchange, error=voice.words.trouble)
        yield replace(exchange, stage="")

    def stopped(self, held: Conversation, focus: Focus, voice: Voice) -> list[Any]:
        """End the running exchange where it stands."""
        held, words, update = held.stop(), voice.words, self._gr.update
        shown = [self._thread(held, focus, words), self._evidence(held, focus, words)]
        return [held, *shown, update(visible=True), update(visible=False)]

    def renew(self, voice: Voice) -> list[Any]:
        """An empty conversation."""
        held, focus, words, update = Conversation(), Focus(), voice.words, self._gr.update
        shown = [self._thread(held, focus, words), self._evidence(held, focus, words)]
        return [held, focus, *shown, update(visible=True), update(visible=False)]

    def look(self, event: Any, held: Conversation, voice: Voice) -> list[Any]:
        """Open the evidence of one of the session's own answers; an answer on its way goes on showing itself."""
        focus = Focus(_count(event, "turn"), _count(event, "number"))
        words = voice.words
        thread = self._gr.skip() if held.running else self._thread(held, focus, words)
        return [focus, thread, self._evidence(held, focus, words)]

    def open(self, event: Any, voice: Voice) -> str:
        """Show a document from its beginning."""
        try:
            return views.document_view(self._kb.document(sent(event, "value")), voice.words)
        except WenjuError as error:
            return views.line(str(error))

    def add(self, event: Any, voice: Voice) -> Iterator[list[Any]]:
        """Add files that were sent; yields ``[results, library, tabs]``."""
        words, skip = voice.words, self._gr.skip()
        files, lost = received(event), _names(event, "lost")
        yield [views.line(words.adding.format(count=len(files)), busy=True), skip, skip]
        try:
            report = self._kb.add([self._keep(file) for file in files]) if files else IngestReport()
            failed = (*(IngestFailure(name, words.lost) for name in lost), *report.failed)
            result = views.ingest_results(replace(report, failed=failed), words)
        except WenjuError as error:
            result = views.line(str(error))
        except Exception:  # noqa: BLE001 - as above, whatever a file did
            _LOG.exception("files could not be added")
            result = views.line(words.trouble)
        finally:
            for file in files:
                file.unlink(missing_ok=True)
        yield [result, *self._shelf(words)]

    def _keep(self, file: Path) -> Path:
        """Where a file is added from: the uploads folder under its own name, so that a newer one replaces it."""
        if self._uploads is None:
            return file
        self._uploads.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copyfile(file, self._uploads / file.name))

    def remove(self, event: Any, voice: Voice) -> list[Any]:
        """Remove one document."""
        words, document_id = voice.words, sent(event, "value")
        try:
            title = next((item.title for item in self._kb.documents() if item.id == document_id), document_id)
            self._kb.remove(document_id)
            result = views.line(words.removed.format(title=title))
        except WenjuError as error:
            result = views.line(str(error))
        return [result, *self._shelf(words)]

    def _shelf(self, words: Words) -> list[str]:
        documents = self._kb.documents()
        return [views.document_list(documents, words), views.panel_tabs(words, len(documents))]

    def _thread(self, held: Conversation, focus: Focus, words: Words) -> str:
        if held.exchanges:
            return views.conversation(held, focus, words)
        return views.welcome(words, self._examples, empty=not self._kb.documents())

    def _evidence(self, held: Conversation, focus: Focus, words: Words) -> str:
        answer, citation = focus.answer(held), focus.citation(held)
        if answer is None or citation is None:
            return views.evidence_list(answer, focus.turn, words)
        try:
            document = self._kb.document(citation.document_id)
        except WenjuError as error:
            return views.line(str(error)) + views.evidence_list(answer, focus.turn, words)
        return views.evidence_view(document, evidence(answer), focus.number, focus.turn, words)


def after(exchange: Exchange, event: Event) -> Exchange:
    """A turn as it stands after one more event of its stream."""
    if isinstance(event, Status):
        if event.stage == "restarting":  # the model failed halfway: what it wrote is void
            return replace(exchange, stage="answering", sentences=())
        return replace(exchange, stage=event.stage)
    if isinstance(event, Sentence):
        return replace(exchange, sentences=(*exchange.sentences, event))
    return replace(exchange, answer=event, stage="")


def received(event: Any) -> list[Path]:
    """The files of an event that this page's own upload received: a browser cannot name any other."""
    folder = Path(load_gradio().utils.get_upload_folder()).resolve()
    files = (Path(name).resolve() for name in _names(event, "paths"))
    return [file for file in files if file.is_relative_to(folder) and file.is_file()]


def sent(event: Any, name: str) -> str:
    """A field of an event as the browser sent it: always a string, empty when it is missing."""
    data = event._data if isinstance(event._data, dict) else {}
    return str(data.get(name, ""))[:500]


def _names(event: Any, name: str) -> list[str]:
    """A list of strings in an event as the browser sent it; what is none is left out, as is a NUL no path can hold."""
    values = event._data.get(name) if isinstance(event._data, dict) else None
    items = values if isinstance(values, list) else []
    return [item for item in items[:_FILES] if isinstance(item, str) and item and "\0" not in item]


def _count(event: Any, name: str) -> int:
    """A field of an event as a number, -1 when it is none."""
    text = sent(event, name)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else -1


def question_of(event: Any) -> str:
    """The example question an event carries."""
    return sent(event, "question")
