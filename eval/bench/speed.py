"""``wenju bench speed``: how long do questions take once warm, how fast are documents added, how long is a cold start?

With ``--json`` one object:

    {"profiles": {"without reranker": {"search_ms": {"n": 30, "median": 95.0, "p95": 180.0}, "ask_ms": {…},
                                       "cold_ask_s": {"n": 3, "median": 6.1, "p95": 6.4}},
                  "with reranker": {…}},           null where there is none, or it is switched off
     "ingest": {"documents": 200, "passages": 431, "seconds": 9.1, "passages_per_second": 47.4},
     "settings": {"data": …, "split": "all", "questions": 20, "seed": 0, "without": [], "passages": 200, "runs": 3}}

Questions are asked one after another, models loaded; every figure gets questions of its own, a quarter of the sample,
so that nothing was looked at before. Added are as many texts of the corpus as ``--passages`` says, a file each, to a
knowledge base that holds one already, the embedding model loaded and nothing kept. ``cold_ask_s`` is a whole
``wenju ask --json`` in a process of its own, models prepared.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from eval.bench import asking
from eval.bench.figures import Report, settings_of, table, write
from eval.bench.options import add_options, sample, save_rows
from eval.data import Passage, Query, read_corpus, read_queries
from eval.metrics import latency
from index.errors import QuestionError, UsageError
from rag.arguments import positive

if TYPE_CHECKING:
    from rag.config import Config
    from rag.types import IngestReport

__all__ = ["Adder", "Times", "cold_starts", "configure", "ingest", "main", "markdown", "quarters", "timed", "toml"]

_LONGEST_START = 600.0  # seconds
_PLAIN, _RERANKED = "without reranker", "with reranker"

Clock = Callable[[], float]

Times = dict[str, list[float]]
"""The times of each question or run by stage, whose name ends in its unit."""


class _Counted(Protocol):
    @property
    def chunks(self) -> int: ...


class Adder(Protocol):
    """What documents are added to."""

    def add(self, paths: Sequence[str | Path], /) -> IngestReport: ...

    def documents(self) -> Sequence[_Counted]: ...


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of ``wenju bench speed``."""
    add_options(parser)
    asking.add_without(parser)
    parser.set_defaults(questions=20)
    parser.add_argument("--passages", type=positive, default=200, metavar="N", help="texts to add (default: 200)")
    parser.add_argument("--runs", type=positive, default=3, metavar="N", help="cold starts of each kind (default: 3)")


def main(args: argparse.Namespace) -> int:
    """Time the stages, print the report; the exit code. Raises ``WenjuError``."""
    corpus = read_corpus(args.data)
    queries = asking.chosen(read_queries(args.data, {row.id for row in corpus}), args)
    profiles = _profiles(corpus, queries, args)
    if args.save:
        save_rows(args.save, _saved(queries, profiles))
    result: Report = {"profiles": _summary(profiles), "ingest": _ingest(corpus, args)}
    more = {"without": sorted(set(args.without)), "passages": args.passages, "runs": args.runs}
    write(result | {"settings": settings_of(args, **more)}, args, markdown)
    return 0


def _profiles(corpus: Sequence[Passage], queries: Sequence[Query], args: argparse.Namespace) -> dict[str, Times | None]:
    """The times without and with the reranker of a configuration, None where it has none."""
    from eval.bench.collection import without

    config = asking.configured(args)
    first, second, third, fourth = quarters(queries)
    plain = without(config, ["rerank"])
    found: dict[str, Times | None] = {_PLAIN: _profile(corpus, plain, (first, second), args.runs), _RERANKED: None}
    if _reranks(config):
        found[_RERANKED] = _profile(corpus, config, (third, fourth), args.runs)
    return found


def _reranks(config: Config) -> bool:
    """Whether a configuration has a reranker, as ``rag.rerank.load_reranker`` decides it."""
    from index import models

    model = config.rerank.model
    return model != "none" and (model != "auto" or models.is_installed(models.LANGUAGE_MODEL))


def _profile(
    corpus: Sequence[Passage], config: Config, queries: tuple[Sequence[Query], Sequence[Query]], runs: int
) -> Times:
    """Milliseconds of searching the first questions and asking the second ones, and seconds of cold starts."""
    name = f"reranker {config.rerank.model}"
    texts = [[query.text for query in part] for part in queries]
    knowledge = asking.open_knowledge(corpus, config)
    try:
        _tell(f"{name}: searching {len(texts[0])} questions")
        searched = timed(knowledge.search, texts[0])
        _tell(f"{name}: asking {len(texts[1])} questions")
        asked = timed(knowledge.ask, texts[1])
    finally:
        knowledge.close()
    _tell(f"{name}: {runs} cold starts")
    with tempfile.TemporaryDirectory(prefix="wenju-bench-") as temporary:
        settings = Path(temporary) / "wenju.toml"
        settings.write_text(toml(config), encoding="utf-8")
        options = ["--kb", str(asking.knowledge_folder(corpus, config)), "--config", str(settings), "--json"]
        started = cold_starts([sys.executable, "-m", "rag.cli", *options, "ask", texts[1][0]], runs)
    return {"search_ms": searched, "ask_ms": asked, "cold_ask_s": started}


def quarters(queries: Sequence[Query]) -> list[Sequence[Query]]:
    """The questions dealt out to four stages, alike many of each pair: none is asked twice, for what was found is kept.

    Raises ``UsageError`` where they are fewer than two a stage."""
    if len(queries) < 8:
        raise UsageError(f"times need 8 questions or more, these are {len(queries)}: give more with --questions")
    return [queries[place::4] for place in range(4)]


def timed(ask: Callable[[str], object], questions: Sequence[str], clock: Clock = time.perf_counter) -> list[float]:
    """Milliseconds of each question but the first, which loads the models.

    A question that cannot be asked takes what it takes.
    """
    found: list[float] = []
    for place, question in enumerate(questions):
        started = clock()
        with suppress(QuestionError):
            ask(question)
        if place:
            found.append((clock() - started) * 1000.0)
    return found


def cold_starts(command: Sequence[str], runs: int, clock: Clock = time.perf_counter) -> list[float]:
    """Seconds that a command takes, each run in a process of its own; it must print one JSON object.

    Raises ``UsageError`` with what it said when it fails.
    """
    found: list[float] = []
    for _ in range(runs):
        started = clock()
        try:
            done = subprocess.run(  # noqa: S603 (this program, no shell)
                list(command), capture_output=True, text=True, timeout=_LONGEST_START, check=False, encoding="utf-8"
            )
        except subprocess.TimeoutExpired as error:
            raise UsageError(
                f"a cold start took more than {_LONGEST_START:g} s: free the machine, try again"
            ) from error
        found.append(clock() - started)
        try:
            if done.returncode != 0 or not isinstance(json.loads(done.stdout), dict):
                raise ValueError(f"exit code {done.returncode}")
        except ValueError as error:
            said = (done.stderr.strip().splitlines() or [str(error)])[-1]
            raise UsageError(f"a cold start failed: {said}") from error
    return found


def ingest(rows: Sequence[Passage], folder: Path, adder: Adder, clock: Clock = time.perf_counter) -> Report:
    """How fast texts are added, each from a file of its own in ``folder``; the first is added before, untimed."""
    paths = [folder / f"{number:05d}.txt" for number in range(len(rows))]
    for path, row in zip(paths, rows, strict=True):
        path.write_text(row.text, encoding="utf-8")
    adder.add(paths[:1])
    before = sum(item.chunks for item in adder.documents())
    started = clock()
    report = adder.add(paths[1:])
    seconds = clock() - started
    passages = sum(item.chunks for item in adder.documents()) - before
    return {
        "documents": len(report.added),
        "passages": passages,
        "seconds": round(seconds, 2),
        "passages_per_second": round(passages / seconds, 1) if seconds > 0 else None,
    }


def _ingest(corpus: Sequence[Passage], args: argparse.Namespace) -> Report:
    from rag.knowledge import KnowledgeBase

    rows = sample({"": corpus}, args.passages + 1, args.seed)
    _tell(f"adding {len(rows) - 1} texts")
    with tempfile.TemporaryDirectory(prefix="wenju-bench-") as temporary:
        files = Path(temporary) / "texts"
        files.mkdir()
        knowledge = KnowledgeBase.open(Path(temporary) / "kb", create=True, config=asking.configured(args))
        try:
            return ingest(rows, files, knowledge)
        finally:
            knowledge.close()


def toml(config: Config) -> str:
    """A configuration as the file that another process reads; what serves answers is left out."""
    lines: list[str] = []
    for section, values in asdict(config).items():
        if section != "app":
            lines.append(f"[{section}]")
            lines += [
                f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items() if value is not None
            ]
    return "\n".join(lines) + "\n"


def _summary(profiles: Mapping[str, Times | None]) -> Report:
    return {
        name: None if times is None else {stage: _figures(values) for stage, values in times.items()}
        for name, times in profiles.items()
    }


def _figures(times: Sequence[float]) -> Report:
    return {"n": len(times)} | {name: round(value, 2) for name, value in latency(times).items()}


def _saved(queries: Sequence[Query], profiles: Mapping[str, Times | None]) -> Iterator[Report]:
    parts = iter(quarters(queries))
    for name, times in profiles.items():
        for stage in ("search_ms", "ask_ms"):
            asked, values = next(parts), (times or {}).get(stage, [])
            for query, value in zip(asked[len(asked) - len(values) :], values, strict=True):
                yield {"id": query.id, "pair": query.pair, "profile": name, "stage": stage, "ms": round(value, 2)}


def markdown(result: Report) -> str:
    """The report as an aligned Markdown table, a row for each profile, and a line on adding documents."""
    rows = [
        [name, *(_cell(profile[stage]) for stage in ("search_ms", "ask_ms", "cold_ask_s"))]
        for name, profile in result["profiles"].items()
        if profile is not None
    ]
    added = result["ingest"]
    heading = ["", "search, ms", "ask, ms", "cold ask, s"]
    return table(
        heading, rows, "median / 95th percentile (number)",
        f"added: {added['documents']} texts, {added['passages']} passages in {added['seconds']} s, "
        f"{added['passages_per_second']} passages a second",
    )  # fmt: skip


def _cell(figures: Mapping[str, float]) -> str:
    digits = 0 if figures["median"] >= 100 else 1
    return f"{figures['median']:.{digits}f} / {figures['p95']:.{digits}f} ({figures['n']})"


def _tell(line: str) -> None:
    sys.stderr.write(line + "\n")
