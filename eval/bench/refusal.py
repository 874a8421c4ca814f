"""``wenju bench refusal``: are the questions refused that the collection does not answer, and only those?

With ``--json`` one object:

    {"languages": {"zh": {"n": 612, "answerable": 524, "unanswerable": 88, "failed": 0, "refused": 110,
                          "balanced_accuracy": 0.85, "balanced_accuracy_ci": [0.81, 0.89],
                          "wrongly_refused": 0.06, "wrongly_refused_ci": …, "precision": 0.7, "recall": 0.76,
                          "auroc": 0.9, "auroc_ci": …, "without_confidence": 0}, …},
     "pairs": {"zh>en": {"n": 219, "refused": 0.1, "refused_ci": …}, …},
     "totals": {"same language": {…}, "across": {…}, "answerable": {…}},     as pairs, over answerable questions
     "report": {…},                                the report part alone, where --split all read both
     "settings": {"data": …, "split": "all", "questions": null, "seed": 0, "without": []}}

``languages`` are the askers'. An answerable question is judged wrongly when it is refused, any other when it is
answered; one that failed is wrong either way. ``precision`` and ``recall`` are of refusals; ``auroc`` says how well
``Answer.confidence`` tells answerable questions from the others, those without one left out. Figures are null where
there is nothing to count. Intervals are 95 %, by gold passage; a question without one stands for itself.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from eval.bench import asking, figures
from eval.bench.asking import Asked, Pass
from eval.bench.figures import Report, cell, grouped, of_language, parts, same_language, share, table
from eval.metrics import refusal_scores

__all__ = ["configure", "evaluate", "main", "markdown", "report"]


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of ``wenju bench refusal``."""
    asking.add_asking_options(parser)


def main(args: argparse.Namespace) -> int:
    """Ask the questions, print the report; the exit code. Raises ``WenjuError``."""
    return report(asking.asked_pass(args), args)


def report(asked: Pass, args: argparse.Namespace) -> int:
    """Print what came out of a pass; the exit code."""
    return asking.print_report(asked, args, lambda rows: evaluate(rows, args.seed), _row, markdown)


def evaluate(asked: Sequence[Asked], seed: int = 0) -> Report:
    """``languages``, ``pairs`` and ``totals`` of answered questions; see the module's docstring."""
    languages = grouped(asked, lambda row: of_language(row.query.pair.partition(">")[0]))
    answerable = [row for row in asked if row.query.answerable]
    totals = grouped(answerable, lambda row: "same language" if same_language(row.query.pair) else "across")
    if answerable:
        totals["answerable"] = answerable
    return {
        "languages": {name: _decisions(rows, seed) for name, rows in languages.items()},
        "pairs": {pair: _refused(rows, seed) for pair, rows in grouped(asked, lambda row: row.query.pair).items()},
        "totals": {name: _refused(rows, seed) for name, rows in totals.items()},
    }


def _decisions(asked: Sequence[Asked], seed: int) -> Report:
    labels = [row.query.answerable for row in asked]
    clusters = [row.query.cluster for row in asked]
    counts = refusal_scores((row.query.answerable, _counts_as_refused(row)) for row in asked)
    judged = [
        (row.query.answerable, row.answer.confidence, row.query.cluster)
        for row in asked
        if row.answer is not None and row.answer.confidence is not None
    ]
    wrong = [(_counts_as_refused(row), row.query.cluster) for row in asked if row.query.answerable]
    return {
        "n": len(asked),
        "answerable": sum(labels),
        "unanswerable": len(labels) - sum(labels),
        "failed": sum(bool(row.error) for row in asked),
        "refused": sum(row.refused for row in asked),
        **figures.accuracy(labels, [not _counts_as_refused(row) for row in asked], clusters, seed),
        **share("wrongly_refused", [refused for refused, _ in wrong], [cluster for _, cluster in wrong], seed),
        "precision": _rounded(counts.precision),
        "recall": _rounded(counts.recall),
        **figures.area([label for label, _, _ in judged], [c for _, c, _ in judged], [g for _, _, g in judged], seed),
        "without_confidence": len(asked) - len(judged),
    }


def _counts_as_refused(asked: Asked) -> bool:
    """Whether a question was refused; one that failed counts as what would have been wrong."""
    return asked.query.answerable if asked.error else asked.refused


def _refused(asked: Sequence[Asked], seed: int) -> Report:
    refused = [_counts_as_refused(row) for row in asked]
    return {"n": len(asked), **share("refused", refused, [row.query.cluster for row in asked], seed)}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _row(asked: Asked) -> Report:
    right = _counts_as_refused(asked) != asked.query.answerable
    return asking.row_of(asked) | {"answerable": asked.query.answerable, "right": right}


def markdown(result: Report) -> str:
    """The report as two aligned Markdown tables: by the asker's language, and what was refused of each pair."""
    shown = ("balanced_accuracy", "wrongly_refused", "precision", "recall", "auroc")
    counts = ("answerable", "unanswerable", "failed")
    rows = [
        [part, name, *(str(values[key]) for key in counts), *(cell(values, figure) for figure in shown)]
        for part, found in parts(result)
        for name, values in found["languages"].items()
    ]
    refused = [
        [part, name, str(values["n"]), cell(values, "refused")]
        for part, found in parts(result)
        for name, values in (found["pairs"] | found["totals"]).items()
    ]
    heading = ["part", "asked in", *counts, *(figure.replace("_", " ") for figure in shown)]
    first = table(heading, rows)
    return f"{first}\n\n" + table(["part", "pair", "n", "refused"], refused, "[95 % interval, by gold passage]")
