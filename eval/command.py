"""``wenju eval`` and ``wenju draft-cases``: their options and what they do, so that the command line stays thin.

Codes: 0 done, 1 a named error, 2 wrong usage (also a bar that names no measure), 3 a bar was missed, 130 stopped.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval.bars import Bar, UnknownMeasureError, check_bars, parse_bar
from eval.compare import check_comparable
from eval.run import Progress, RunResult, draw, evaluate, read_run
from eval.sample import SHIPPED, sample_knowledge_base
from eval.scorers import load_scorer
from eval.unfaithful import DAMAGES, Remembering, Unfaithful, told_apart
from rag.arguments import positive, seed

if TYPE_CHECKING:
    from eval.examine import Knowledge
    from rag.config import Config

__all__ = ["configure_draft", "configure_eval", "draft", "run"]

_BARS_MISSED, _USAGE, _STOPPED = 3, 2, 130

Tell = Callable[[str], None]


def configure_eval(parser: argparse.ArgumentParser) -> None:
    """The options of ``wenju eval``."""
    parser.add_argument("set", nargs="?", type=_path, metavar="SET", help="file of cases (default: the shipped set)")
    parser.add_argument(
        "--out", type=_path, metavar="DIR", help="folder of the run; one that was stopped goes on there"
    )
    parser.add_argument("--scorer", default="offline", metavar="NAME", help="offline, nli:MODEL or llm:PROVIDER:MODEL")
    parser.add_argument("--jobs", type=positive, default=1, metavar="N", help="questions at a time (default: 1)")
    parser.add_argument("--limit", type=positive, metavar="N", help="a sample of N cases, drawn by the seed")
    parser.add_argument("--seed", type=seed, default=0, help="seed of the sample and the intervals (default: 0)")
    parser.add_argument(
        "--min", action="append", default=[], type=_bar, metavar="MEASURE=VALUE", dest="bars",
        help="exit with 3 when a measure is below this, may be repeated: faithfulness=0.9, zh-Hans>en/hit@5=0.8",
    )  # fmt: skip
    parser.add_argument(
        "--unfaithful", action="store_true",
        help="also judge each answer with a number changed, another document's sentence, and a negation added",
    )  # fmt: skip
    parser.add_argument("--compare", type=_path, metavar="DIR", help="the folder of an earlier run to compare with")


def configure_draft(parser: argparse.ArgumentParser) -> None:
    """The options of ``wenju draft-cases``."""
    parser.add_argument("--n", type=positive, default=20, metavar="N", help="how many cases (default: 20)")
    parser.add_argument("--out", type=_path, metavar="FILE", help="write them here (default: standard output)")
    parser.add_argument("--seed", type=seed, default=0, help="seed of the choice (default: 0)")


def run(arguments: argparse.Namespace, config: Config, opened: Callable[[], Knowledge], tell: Tell) -> int:
    """Evaluate and print the report; the exit code. ``opened`` opens the knowledge base. Raises ``WenjuError``."""
    from eval.cases import read_cases

    cases = read_cases(arguments.set or SHIPPED)
    earlier = None if arguments.compare is None else read_run(arguments.compare)
    if earlier is not None:
        check_comparable(earlier, draw(cases, arguments.limit, arguments.seed))
    scorer = load_scorer(arguments.scorer)
    out = arguments.out or _new_folder(arguments.set or SHIPPED)
    sample = arguments.set is None and arguments.kb is None
    if sample and arguments.config is None:  # not those of a knowledge base that happens to be here
        from rag.config import Config as Settings

        config = Settings()
    knowledge: Knowledge = sample_knowledge_base(config, tell) if sample else opened()
    tell(f"the run is kept in {out}; if it is stopped, the same command with --out {out} goes on")
    bar = _Bar()
    options = {
        "scorer": scorer,
        "jobs": arguments.jobs,
        "seed": arguments.seed,
        "limit": arguments.limit,
        "on_progress": bar,
    }
    settings = {"config": _settings(config), "set_name": (arguments.set or SHIPPED).stem}
    asked = Remembering(knowledge) if arguments.unfaithful else knowledge
    damaged: dict[str, RunResult] = {}
    try:
        result = evaluate(asked, cases, out=out, settings=settings, on_notice=tell, **options)
        for kind in DAMAGES if arguments.unfaithful else ():
            folder = out / f"unfaithful-{kind.replace(' ', '-')}"
            tell(f"the same answers, unfaithful: {kind}")
            damaged[kind] = evaluate(
                Unfaithful(asked, kind), cases, out=folder, settings={**settings, "damage": kind}, **options
            )
    except KeyboardInterrupt:
        bar.close()
        _stopped(out, tell)
        return _STOPPED
    finally:
        bar.close()
    return _finish(result, arguments, (earlier, told_apart(result, damaged) if damaged else None), tell)


def draft(arguments: argparse.Namespace, config: Config, knowledge: Knowledge, tell: Tell) -> int:
    """Draft cases and print or write them; the exit code. Raises ``WenjuError``."""
    from eval.draft import draft_cases, write_cases

    cases = draft_cases(knowledge, arguments.n, seed=arguments.seed, settings=config.answer)
    if len(cases) < arguments.n:
        tell(f"{len(cases)} cases could be drafted from these documents, {arguments.n} were asked for")
    if arguments.out is None:
        sys.stdout.write(write_cases(cases))
        return 0
    _write(arguments.out, write_cases(cases))
    tell(f"{len(cases)} drafts are in {arguments.out}: correct them, then wenju eval {arguments.out} --kb PATH")
    return 0


def _finish(
    result: RunResult,
    arguments: argparse.Namespace,
    beside: tuple[RunResult | None, Mapping[str, Any] | None],
    tell: Tell,
) -> int:
    """Report; ``beside`` are the earlier run to compare with, and how unfaithful answers were told apart."""
    from eval.compare import changed_settings, compare, same_scorer
    from eval.report import build_report, write_report
    from eval.report.brief import brief
    from eval.report.plots import available

    bars, unknown = [], ""
    try:
        bars = check_bars(result.summary, arguments.bars)
    except UnknownMeasureError as error:  # told below: the report is made all the same
        unknown = str(error)
    earlier, unfaithful = beside
    comparison = None
    if earlier is not None:
        alike = same_scorer(earlier.settings, result.settings)
        comparison = compare(earlier.rows, result.rows, arguments.seed, judged_alike=alike) | {
            "with": str(earlier.out),
            "changed": changed_settings(earlier.settings, result.settings),
        }
    report = build_report(result, bars, comparison, unfaithful)
    paths = write_report(result, report)
    text = json.dumps(report, ensure_ascii=False) if arguments.json else brief(report, result.rows)
    sys.stdout.write(text + "\n")
    tell(f"the report{' with its plots' if available() else ''} is {paths['html']}")
    if unknown:
        tell(f"--min: {unknown}")
        return _USAGE
    if all(row.state == "failed" for row in result.rows):
        tell(f"every case failed, the first because: {result.rows[0].error}")
        return 1
    for bar in bars:
        if not bar["met"]:
            value = bar["value"]
            tell(f"{bar['measure']} " + ("was not measured" if value is None else f"is {value}, below {bar['least']}"))
    return 0 if all(bar["met"] for bar in bars) else _BARS_MISSED


def _stopped(out: Path, tell: Tell) -> None:
    """A report of what is done: it says that it is partial."""
    from eval.report import build_report, write_report

    result = read_run(out)
    if result.rows:
        path = write_report(result, build_report(result))["html"]
        tell(f"stopped after {len(result.rows)} of {len(result.settings['cases'])} cases; so far: {path}")


def _bar(text: str) -> Bar:
    try:
        return parse_bar(text)
    except UnknownMeasureError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _path(text: str) -> Path:
    if not text:  # as a path it would be the folder one happens to be in
        raise argparse.ArgumentTypeError("must be a path, was empty")
    return Path(text)


def _new_folder(cases: Path) -> Path:
    now = datetime.now().astimezone()
    return Path("eval-runs") / f"{cases.stem}-{now:%Y%m%d-%H%M%S}"


def _settings(config: Config) -> Mapping[str, Any]:
    """What of the configuration decides the figures: all but how the page is served."""
    return {f.name: asdict(getattr(config, f.name)) for f in fields(config) if f.name != "app"}


def _write(path: Path, text: str) -> None:
    from index.errors import UsageError

    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise UsageError(f"{path} is there already and may hold corrections: give another --out") from error
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}; give --out a file in a folder that exists") from error


class _Bar:
    """Progress with the time left on standard error: a bar on a terminal, else a line every tenth."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._told = -1

    def __call__(self, progress: Progress) -> None:
        if sys.stderr.isatty():
            self._draw(progress)
            return
        tenth = 10 * progress.done // max(1, progress.total)
        if tenth != self._told or progress.done == progress.total:
            self._told = tenth
            left = "" if progress.seconds_left is None else f", {progress.seconds_left:.0f} s left"
            failed = f", {progress.failed} failed" if progress.failed else ""
            sys.stderr.write(f"wenju: {progress.done}/{progress.total} cases{failed}{left}\n")

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._bar is not None:
            self._bar.close()
        self._bar = None

    def _draw(self, progress: Progress) -> None:
        from tqdm import tqdm

        if self._bar is None:
            self._bar = tqdm(
                total=progress.total, initial=progress.done, desc="evaluating", unit=" cases", file=sys.stderr
            )
        self._bar.set_postfix(failed=progress.failed, refresh=False)
        self._bar.n = progress.done
        self._bar.refresh()
