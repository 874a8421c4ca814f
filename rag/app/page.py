"""The chat page: Gradio carries events and state, ``views`` makes the HTML, the knowledge base does the work."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.app.evaluation import Evaluator, Trial
from rag.app.handlers import Handlers, Knowledge, load_gradio, question_of
from rag.app.session import Conversation, Focus, Voice
from rag.app.trial import TrialHandlers

if TYPE_CHECKING:
    import gradio as gr

    from rag.config import AppSettings

__all__ = ["asset", "build"]


@cache
def asset(name: str) -> str:
    """The text of a file that lies beside this module."""
    return (resources.files("rag.app") / name).read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class _Parts:
    """The components that handlers write to, and the session's state."""

    bar: Any
    thread: Any
    box: Any
    send: Any
    stop: Any
    keys: Any
    tabs: Any
    evidence: Any
    upload: Any
    results: Any
    library: Any
    held: Any
    focus: Any
    voice: Any

    @property
    def spoken(self) -> list[Any]:
        """Everything that has words of the interface in it."""
        return [
            *(self.bar, self.thread, self.box, self.send, self.stop, self.keys),
            *(self.tabs, self.evidence, self.upload, self.results, self.library),
        ]


def build(
    kb: Knowledge,
    settings: AppSettings,
    *,
    examples: Sequence[str] = (),
    uploads: Path | None = None,
    evaluator: Evaluator | None = None,
) -> gr.Blocks:
    """The page over a knowledge base, not yet served.

    ``examples`` are questions known to be answered, offered while a conversation is empty. Files sent by a browser are
    kept in ``uploads`` under their own names, or only as long as they are being read when it is None. Without an
    ``evaluator`` there is no tab for evaluations.
    """
    gr = load_gradio()
    handlers = Handlers(kb, settings, examples, uploads)
    with gr.Blocks(title="问据 Wenju", analytics_enabled=False, fill_width=True) as page:
        parts, panel = _lay_out(gr)
        greeted, chosen = _connect(gr, page, parts, handlers)
        if evaluator is not None:
            with panel:
                tab = _view(gr, "evaluation")
            _connect_trial(gr, tab, parts.voice, (greeted, chosen), TrialHandlers(evaluator))
    page.queue(default_concurrency_limit=4, max_size=32)
    return page  # type: ignore[no-any-return]


def _view(gr: Any, name: str) -> Any:
    return gr.HTML("", elem_id=f"wenju-{name}", js_on_load=asset("page.js"), apply_default_css=False)


def _lay_out(gr: Any) -> tuple[_Parts, Any]:
    """The components, and the panel they stand beside."""

    def html(name: str) -> Any:
        return _view(gr, name)

    held, focus, voice = gr.State(Conversation()), gr.State(Focus()), gr.State(Voice())
    bar = html("bar")
    with gr.Row(elem_id="wenju-main"):
        with gr.Column(elem_id="wenju-talk"):
            thread = html("thread")
            with gr.Row(elem_id="wenju-ask"):
                box = gr.Textbox(elem_id="wenju-box", lines=1, max_lines=8, container=False, autofocus=True)
                send = gr.Button("", elem_id="wenju-send", variant="primary")
                stop = gr.Button("", elem_id="wenju-stop", visible=False)
            keys = html("keys")
        with gr.Column(elem_id="wenju-panel") as panel:
            tabs = html("tabs")
            shown = html("evidence")
            with gr.Column(elem_id="wenju-documents"):
                upload, results, library = html("upload"), html("results"), html("library")
    return _Parts(bar, thread, box, send, stop, keys, tabs, shown, upload, results, library, held, focus, voice), panel


# Private: not listed or offered as an API; the REST interface is the one for programs.
_SLOW: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_QUICK = {**_SLOW, "queue": False}


def _connect(gr: Any, page: Any, p: _Parts, handlers: Handlers) -> tuple[Any, Any]:
    """Gives the events after which the page speaks a language: it was opened, another one was chosen."""
    slow, quick = _SLOW, _QUICK
    session = [p.held, p.focus, p.voice]
    greeted = page.load(_with_request(gr, handlers.greet), p.voice, p.spoken, **quick)
    chosen = p.bar.select(_with_event(gr, handlers.choose), session, p.spoken, **quick)

    asked = [p.held, p.focus, p.thread, p.keys, p.evidence, p.box, p.send, p.stop]
    typed = gr.on([p.box.submit, p.send.click], handlers.ask, [p.box, *session], asked, trigger_mode="once", **slow)
    example = p.thread.submit(_with_event(gr, question_of), None, p.box, **quick)
    running = [typed, example.success(handlers.ask, [p.box, *session], asked, **slow)]
    p.stop.click(handlers.stopped, session, [p.held, p.thread, p.evidence, p.send, p.stop], cancels=running, **quick)
    renewed = [p.held, p.focus, p.thread, p.evidence, p.send, p.stop]
    p.bar.clear(handlers.renew, p.voice, renewed, cancels=running, **quick)

    look = _with_event(gr, handlers.look)
    for view in (p.thread, p.evidence):
        view.select(look, [p.held, p.voice], [p.focus, p.thread, p.evidence], **quick)
    p.library.select(_with_event(gr, handlers.open), p.voice, p.evidence, **quick)
    shelf = [p.results, p.library, p.tabs]
    p.upload.upload(_with_event(gr, handlers.add), p.voice, shelf, concurrency_limit=1, **slow)
    p.library.delete(_with_event(gr, handlers.remove), p.voice, shelf, **quick)
    return greeted, chosen


def _connect_trial(gr: Any, tab: Any, voice: Any, spoken: Sequence[Any], handlers: TrialHandlers) -> None:
    trial = gr.State(Trial())
    for event in spoken:
        event.then(handlers.show, [trial, voice], tab, **_QUICK)
    tab.submit(_with_event(gr, handlers.evaluate), [trial, voice], tab, concurrency_limit=1, **_SLOW)
    tab.clear(handlers.stop, [trial, voice], tab, **_QUICK)


def _with_event(gr: Any, handler: Callable[..., Any]) -> Callable[..., Any]:
    """The handler with the event as its first argument: Gradio finds it by annotation, seen only once it is loaded."""

    if inspect.isgeneratorfunction(handler):

        def steps(event: Any, *values: Any) -> Any:
            yield from handler(event, *values)

        steps.__annotations__ = {"event": gr.EventData}
        return steps

    def handle(event: Any, *values: Any) -> Any:
        return handler(event, *values)

    handle.__annotations__ = {"event": gr.EventData}
    return handle


def _with_request(gr: Any, handler: Callable[..., Any]) -> Callable[..., Any]:
    """The handler with the browser's request as its first argument."""

    def handle(request: Any, *values: Any) -> Any:
        return handler(request, *values)

    handle.__annotations__ = {"request": gr.Request}
    return handle
