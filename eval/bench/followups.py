"""``wenju bench followups``: does a follow-up become a question that can be searched without the turns before it?

With ``--json`` one object:

    {"languages": {"zh-Hans": {"n": 14, "right": 14, "share": 1.0, "share_ci": [0.78, 1.0],
                               "leaning": 11, "leaning_right": 11, "alone": 3, "alone_right": 3}, …},
     "totals": {"all": {…}},
     "report": {…},                                the report part alone, where --split all read both
     "settings": {"data": null, "split": "all", "questions": null, "seed": 0}}

``--data`` holds ``followups.jsonl``; without it, it is the shipped set. A question that leans on a turn before it
(``leaning``) is right where its rewriting holds everything it must and nothing it must not, whatever the case of the
letters; one that stands alone, where it is left exactly as it is. Intervals are 95 %, each dialogue on its own.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from eval.bench.figures import Report, cell, grouped, in_parts, parts, settings_of, share, table, write
from eval.bench.options import add_options, of_split, sample, save_rows
from eval.data import Followup, read_followups
from eval.sample import SHIPPED

__all__ = ["Rewriter", "Rewritten", "configure", "evaluate", "main", "markdown", "report", "rewrite_all"]

_FILE = "followups.jsonl"

Rewriter = Callable[[str, Sequence[tuple[str, str]]], str]
"""From a question and its (question, answer) turns, oldest first, to the question that is searched."""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A follow-up and what became of it."""

    case: Followup
    text: str

    @property
    def right(self) -> bool:
        """Whether it is what it must be."""
        if self.case.stands_alone:
            return self.text == self.case.question
        folded = self.text.casefold()
        held = all(wanted.casefold() in folded for wanted in self.case.must_contain)
        return held and not any(unwanted.casefold() in folded for unwanted in self.case.must_not_contain)


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of ``wenju bench followups``."""
    add_options(parser, shipped=True)


def main(args: argparse.Namespace) -> int:
    """Rewrite each follow-up, print the report; the exit code. Raises ``WenjuError``."""
    path = args.data / _FILE if args.data else SHIPPED.parent / _FILE
    cases = sample(
        grouped(of_split(read_followups(path), args.split), lambda case: case.language), args.questions, args.seed
    )
    return report(rewrite_all(cases, _product), args)


def _product(question: str, turns: Sequence[tuple[str, str]]) -> str:
    from rag.converse import standalone
    from rag.types import Turn

    return standalone(question, [Turn(*turn) for turn in turns])


def rewrite_all(cases: Sequence[Followup], rewriter: Rewriter) -> list[Rewritten]:
    """What a rewriter makes of each follow-up."""
    return [Rewritten(case, rewriter(case.question, case.turns)) for case in cases]


def report(rewritten: Sequence[Rewritten], args: argparse.Namespace) -> int:
    """Print what came out; the exit code."""
    result = in_parts(rewritten, args.split, lambda item: item.case.split, lambda items: evaluate(items, args.seed))
    if args.save:
        save_rows(args.save, (_saved(item) for item in rewritten))
    write(result | {"settings": settings_of(args)}, args, markdown)
    return 0


def evaluate(rewritten: Sequence[Rewritten], seed: int = 0) -> Report:
    """``languages`` and ``totals`` of rewritten follow-ups; see the module's docstring."""
    groups = grouped(rewritten, lambda item: item.case.language)
    return {
        "languages": {name: _summary(items, seed) for name, items in groups.items()},
        "totals": {"all": _summary(rewritten, seed)},
    }


def _summary(rewritten: Sequence[Rewritten], seed: int) -> Report:
    alone = [item.right for item in rewritten if item.case.stands_alone]
    leaning = [item.right for item in rewritten if not item.case.stands_alone]
    right = [item.right for item in rewritten]
    return {
        "n": len(rewritten),
        "right": sum(right),
        **share("share", right, [item.case.id for item in rewritten], seed),
        "leaning": len(leaning),
        "leaning_right": sum(leaning),
        "alone": len(alone),
        "alone_right": sum(alone),
    }


def _saved(item: Rewritten) -> Report:
    return {
        "id": item.case.id,
        "language": item.case.language,
        "question": item.case.question,
        "standalone": item.case.standalone,
        "rewritten": item.text,
        "right": item.right,
    }


def markdown(result: Report) -> str:
    """The report as an aligned Markdown table, a row for each part and language."""
    rows = [
        [part, name, str(values["n"]), str(values["right"]), cell(values, "share"),
         f"{values['leaning_right']} of {values['leaning']}", f"{values['alone_right']} of {values['alone']}"]
        for part, found in parts(result)
        for name, values in (found["languages"] | found["totals"]).items()
    ]  # fmt: skip
    heading = ["part", "language", "n", "right", "share", "leaning, right", "standing alone, right"]
    return table(heading, rows, "[95 % interval, each dialogue on its own]")
