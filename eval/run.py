"""An evaluation: every case through the product, each row kept as it is made, and the figures over all of them.

>>> from eval.cases import read_cases
>>> from eval.run import evaluate
>>> result = evaluate(knowledge_base, read_cases("cases.jsonl"), out=Path("runs/first"))
>>> result.summary["all"]["measures"]["faithfulness"]
{'value': 0.97, 'ci': [0.95, 0.99], 'n': 240}
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from eval.cases import LANGUAGES, Case
from eval.examine import Examiner, Knowledge
from eval.journal import Journal, read_folder
from eval.marks import checksum
from eval.row import Row
from eval.sample import sample_knowledge_base
from eval.scorers import Scorer, describe, load_scorer
from eval.summary import Summary, summarise
from index.errors import UsageError, WenjuError

__all__ = ["Progress", "RunResult", "draw", "evaluate", "read_run"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is; ``seconds_left`` is an estimate, None before the first row."""

    done: int
    total: int
    failed: int
    seconds_left: float | None


@dataclass(frozen=True)
class RunResult:
    """A run: its rows in the order of the cases, the settings it was made with, and the figures.

    ``settings`` holds ``scorer`` (with its calibration), ``cases`` (ids), ``cases_in_set``, ``seed``, and what else
    decides the figures.
    """

    out: Path
    settings: Mapping[str, Any]
    rows: tuple[Row, ...]

    @property
    def partial(self) -> bool:
        """Whether rows are still missing: the run was stopped."""
        return len(self.rows) < len(self.settings["cases"])

    @cached_property
    def summary(self) -> Summary:
        """See ``eval.summary.summarise``."""
        return summarise(self.rows, int(self.settings.get("seed", 0)))


def evaluate(
    knowledge_base: Knowledge | None,
    cases: Sequence[Case],
    *,
    out: str | Path,
    scorer: str | Scorer = "offline",
    jobs: int = 1,
    seed: int = 0,
    limit: int | None = None,
    settings: Mapping[str, Any] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    on_notice: Callable[[str], None] | None = None,
) -> RunResult:
    """Ask every case (or ``limit`` of them, drawn by the seed over the languages alike), ``jobs`` at a time.

    Without a knowledge base, the one of the sample documents is built in the user's cache. ``out`` gets each row as it
    is made; a run that was stopped goes on there, and what failed is asked again. ``settings`` is whatever else decides
    the figures, kept with the run. ``on_notice`` gets one line, before anything is asked, where cases will fail because
    their gold passages do not stand in the documents. ``eval.report`` makes the report:
    ``write_report(result, build_report(result))``.

    Raises ``UsageError`` where ``out`` holds another run or other files, there is no case, ``jobs`` or the seed is too
    low, the knowledge base is not the cases' or its documents change meanwhile, and whatever would fail every row:
    ``ConfigError``, ``ModelError``, ``MissingExtraError`` or ``StoreError``.
    """
    if jobs < 1:
        raise UsageError(f"jobs must be 1 or more, was: {jobs}")
    chosen = draw(cases, limit, seed)
    judge = load_scorer(scorer) if isinstance(scorer, str) else scorer
    knowledge = sample_knowledge_base() if knowledge_base is None else knowledge_base
    examiner = Examiner(knowledge, judge)
    if not examiner.holds_gold(chosen):
        raise UsageError("the knowledge base holds none of the documents that the cases name: give the one they are of")
    kept = {**(settings or {}), **_settings(cases, knowledge, judge, seed)}
    ids = [case.id for case in chosen]
    folder = Path(out)
    journal = Journal(folder, kept, ids)
    try:
        missing = [case for case in chosen if case.id not in journal.rows]
        if missing:
            _tell_misplaced(examiner, missing, on_notice)
            _warm(knowledge)
        tracker = _Tracker(len(missing), journal, len(chosen), on_progress)
        for row in _rows(examiner, missing, jobs):
            _check_documents(knowledge, kept["documents"])  # else the row may be of either collection: it is not kept
            journal.append(row)
            tracker.tell()
    finally:
        journal.close()
    return RunResult(folder, {**kept, "cases": ids}, tuple(journal.rows[name] for name in ids))


def _settings(cases: Sequence[Case], knowledge: Knowledge, judge: Scorer, seed: int) -> dict[str, Any]:
    """What decides the figures, as far as a run knows it by itself."""
    return {
        "version": _version(),
        "set": checksum([asdict(case) for case in cases]),
        "cases_in_set": len(cases),
        "documents": _documents(knowledge),
        "scorer": describe(judge),
        "seed": seed,
    }


def _tell_misplaced(examiner: Examiner, cases: Sequence[Case], tell: Callable[[str], None] | None) -> None:
    if tell is not None and (misplaced := examiner.misplaced(cases)):
        tell(f"{len(misplaced)} of {len(cases)} cases will fail, the first: {misplaced[0]}")


def _warm(knowledge: Knowledge) -> None:
    """Have the models loaded, so that the first case after a start does not count their seconds as its own."""
    with suppress(WenjuError):  # what is wrong, the first case tells
        knowledge.search("What do these documents say?", 1)


def read_run(folder: str | Path) -> RunResult:
    """The run in a folder, finished or not. Raises ``UsageError`` where there is none."""
    settings, rows = read_folder(Path(folder))
    return RunResult(Path(folder), settings, tuple(rows[name] for name in settings["cases"] if name in rows))


def _documents(knowledge: Knowledge) -> str:
    """The checksum of which documents are held."""
    return checksum(sorted(item.id for item in knowledge.documents()))


def _check_documents(knowledge: Knowledge, before: str) -> None:
    if _documents(knowledge) != before:
        raise UsageError("the documents of the knowledge base changed during the run: run again into a new folder")


def _rows(examiner: Examiner, cases: Sequence[Case], jobs: int) -> Iterator[Row]:
    """Rows as they are made. A run that is stopped starts no further case."""
    if jobs == 1:
        yield from map(examiner.examine, cases)
        return
    waiting = iter(cases)
    with ThreadPoolExecutor(jobs) as pool:
        running: set[Future[Row]] = {pool.submit(examiner.examine, case) for case in islice(waiting, jobs)}
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            running |= {pool.submit(examiner.examine, case) for case in islice(waiting, len(done))}
            for future in done:
                yield future.result()


class _Tracker:
    """Tells how far the run is."""

    def __init__(
        self, missing: int, journal: Journal, total: int, on_progress: Callable[[Progress], None] | None
    ) -> None:
        self._missing, self._journal, self._total, self._tell = missing, journal, total, on_progress
        self._made, self._started = 0, time.monotonic()
        self._report(None)

    def tell(self) -> None:
        self._made += 1
        self._report((time.monotonic() - self._started) / self._made * (self._missing - self._made))

    def _report(self, left: float | None) -> None:
        if self._tell is not None:
            failed = sum(row.state == "failed" for row in self._journal.rows.values())
            self._tell(Progress(len(self._journal.rows), self._total, failed, left))


def draw(cases: Sequence[Case], limit: int | None, seed: int) -> list[Case]:
    """At most ``limit`` cases in their order, alike many of each language; a larger sample holds a smaller one.

    Raises ``UsageError`` for no case, a limit below 1 or a seed below 0.
    """
    if not cases:
        raise UsageError("cases must hold one or more, was: none")
    if seed < 0:  # told before anything is asked; the intervals would find it last of all
        raise UsageError(f"seed must be 0 or more, was: {seed}")
    if limit is None or limit >= len(cases):
        return list(cases)
    if limit < 1:
        raise UsageError(f"limit must be 1 or more, was: {limit}")
    import numpy as np

    shuffled = [cases[i] for i in np.random.default_rng(seed).permutation(len(cases))]
    by_language = {tag: iter([case for case in shuffled if case.language == tag]) for tag in LANGUAGES}
    kept: set[str] = set()
    while len(kept) < limit:
        for queue in by_language.values():
            case = next(queue, None)
            if case is not None and len(kept) < limit:
                kept.add(case.id)
    return [case for case in cases if case.id in kept]


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("wenju")
    except PackageNotFoundError:  # run from its folder, not installed
        return "0"
