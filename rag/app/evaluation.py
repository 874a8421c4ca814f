"""The evaluation tab's work: a set of cases through the open knowledge base's settings, and the report's page."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rag.errors import UsageError, WenjuError

if TYPE_CHECKING:
    from rag.config import Config
    from rag.knowledge import KnowledgeBase

__all__ = ["Evaluator", "SetEvaluator", "Stopped", "Trial", "steps"]

_PATIENCE = 0.5  # seconds between two looks whether the person has left


class Progress(Protocol):
    """How far a run is; ``eval.run.Progress`` is one."""

    @property
    def done(self) -> int: ...
    @property
    def total(self) -> int: ...
    @property
    def failed(self) -> int: ...
    @property
    def seconds_left(self) -> float | None: ...


Tell = Callable[[Progress], None]


class Evaluator(Protocol):
    """Runs an evaluation."""

    def __call__(self, cases: Path | None, limit: int | None, tell: Tell, /) -> Path:
        """The page of the report over a file of cases (None: the shipped set), or over ``limit`` of them.

        ``tell`` is called after each case; where it raises ``Stopped``, the report is of what was done until then.
        Raises ``WenjuError``.
        """


class Stopped(Exception):  # noqa: N818 - no error: the person has seen enough
    """Raised by ``tell`` to stop a run."""


@dataclass(slots=True)
class Trial:
    """The evaluation of one browser session, changed in place as it goes on.

    ``done`` of ``total`` cases, ``failed`` of them failed, about ``left`` seconds to go (None: not known yet);
    ``report`` is the page's file, empty until there is one; ``error`` one line.
    """

    running: bool = False
    stopping: bool = False
    done: int = 0
    total: int = 0
    failed: int = 0
    left: float | None = None
    report: str = ""
    error: str = ""

    def begin(self) -> None:
        """A new run; what was shown goes."""
        self.running, self.stopping, self.left, self.report, self.error = True, False, None, "", ""
        self.done = self.total = self.failed = 0

    def advance(self, progress: Progress) -> None:
        """Note how far the run is. Raises ``Stopped`` when the person wants it to end."""
        self.done, self.total, self.failed, self.left = (
            progress.done, progress.total, progress.failed, progress.seconds_left,
        )  # fmt: skip
        if self.stopping and self.done:
            raise Stopped

    def stop(self) -> None:
        """End the run after the case at hand."""
        self.stopping = True


def steps(evaluator: Evaluator, cases: Path | None, limit: int | None, trial: Trial) -> Iterator[None]:
    """Runs in a thread of its own; yields whenever there is something new to show of the trial. Closing the iterator
    stops the run."""
    news: queue.Queue[BaseException | Path | None] = queue.Queue()

    def tell(progress: Progress) -> None:
        trial.advance(progress)
        news.put(None)

    def work() -> None:
        try:
            news.put(evaluator(cases, limit, tell))
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            news.put(error)

    trial.begin()
    threading.Thread(target=work, daemon=True, name="evaluation").start()
    try:
        yield
        while not isinstance(outcome := _next(news), Path | WenjuError):
            if outcome is not None:
                raise outcome
            yield
        trial.report, trial.error = (str(outcome), "") if isinstance(outcome, Path) else ("", str(outcome))
    finally:
        trial.stopping, trial.running = True, False


def _next(news: queue.Queue[BaseException | Path | None]) -> BaseException | Path | None:
    """What has come, waiting a moment; None where nothing has, or only another case."""
    try:
        return news.get(timeout=_PATIENCE)
    except queue.Empty:
        return None


class SetEvaluator:
    """``eval.run.evaluate`` on the open knowledge base; each run is kept in a folder of its own below ``folder``.

    The shipped set asks about the sample documents: where the knowledge base does not hold them, one that does is built
    in the user's cache, with the same settings.
    """

    def __init__(self, knowledge: KnowledgeBase, config: Config, folder: Path) -> None:
        self._knowledge, self._config, self._folder = knowledge, config, folder

    def __call__(self, cases: Path | None, limit: int | None, tell: Tell, /) -> Path:
        """See ``Evaluator``."""
        from eval.cases import read_cases
        from eval.report import build_report, write_report
        from eval.run import evaluate, read_run
        from eval.sample import SHIPPED

        path = SHIPPED if cases is None else cases
        try:
            read = read_cases(path)
        except UsageError as error:
            raise UsageError(str(error).replace(str(path), path.name)) from error
        out = self._folder / f"{path.stem}-{datetime.now().astimezone():%Y%m%d-%H%M%S}"
        named = {gold.document for case in read for gold in case.gold}
        knowledge = self._knowledge if cases is not None else self._holding(named)
        values = _figures(self._config)
        try:
            result = evaluate(knowledge, read, out=out, limit=limit, settings={"config": values}, on_progress=tell)
        except Stopped:
            result = read_run(out)
        return write_report(result, build_report(result))["html"]

    def _holding(self, names: set[str]) -> KnowledgeBase:
        from eval.sample import sample_knowledge_base

        held = {Path(item.source).name for item in self._knowledge.documents()}
        return self._knowledge if names <= held else sample_knowledge_base(self._config)


def _figures(config: Config) -> dict[str, Any]:
    """What of the settings decides the figures: all but how the page is served."""
    return {item.name: asdict(getattr(config, item.name)) for item in fields(config) if item.name != "app"}
