"""The figures of a report: shares and accuracies with their 95 % intervals, rounded; null where nothing was counted.

Where a benchmark reads rows of both parts of a set, its ``report`` part is measured apart too: what was fitted on the
``fit`` part is an upper bound there.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from eval.bench.table import aligned
from eval.intervals import auroc_interval, balanced_accuracy_interval, bootstrap_mean
from eval.metrics import auroc, balanced_accuracy

__all__ = [
    "Report", "accuracy", "area", "cell", "grouped", "in_parts", "mean", "of_language", "parts", "same_language",
    "settings_of", "share", "table", "write",
]  # fmt: skip

Report = dict[str, Any]
RowT = TypeVar("RowT")


def share(name: str, hits: Sequence[float], clusters: Sequence[Hashable], seed: int) -> Report:
    """``{name: mean, name_ci: [low, high]}`` of values from 0 to 1; both null without any."""
    if not hits:
        return {name: None, f"{name}_ci": None}
    values = [float(hit) for hit in hits]
    return {name: mean(values), f"{name}_ci": _rounded(bootstrap_mean(values, clusters, seed))}


def mean(values: Sequence[float], digits: int = 4) -> float | None:
    """The mean of values; null without any."""
    return round(sum(values) / len(values), digits) if values else None


def accuracy(labels: Sequence[bool], predictions: Sequence[bool], clusters: Sequence[Hashable], seed: int) -> Report:
    """``balanced_accuracy`` and its interval; null unless both labels occur."""
    if len(set(labels)) < 2:
        return {"balanced_accuracy": None, "balanced_accuracy_ci": None}
    bounds = balanced_accuracy_interval(labels, predictions, clusters, seed)
    found = round(balanced_accuracy(labels, predictions), 4)
    return {"balanced_accuracy": found, "balanced_accuracy_ci": _rounded(bounds)}


def area(labels: Sequence[bool], scores: Sequence[float], clusters: Sequence[Hashable], seed: int) -> Report:
    """``auroc`` and its interval; null unless both labels occur."""
    if len(set(labels)) < 2:
        return {"auroc": None, "auroc_ci": None}
    bounds = auroc_interval(labels, scores, clusters, seed)
    return {"auroc": round(auroc(labels, scores), 4), "auroc_ci": _rounded(bounds)}


def _rounded(bounds: Sequence[float]) -> list[float]:
    return [round(bound, 4) for bound in bounds]


def grouped(rows: Sequence[RowT], name: Callable[[RowT], str]) -> dict[str, list[RowT]]:
    """Rows by their group, groups in the order of their names."""
    groups: dict[str, list[RowT]] = {}
    for row in rows:
        groups.setdefault(name(row), []).append(row)
    return dict(sorted(groups.items()))


def of_language(tag: str) -> str:
    """``zh`` or ``en`` of one half of a pair such as ``hant>en``; any other as it is."""
    return "zh" if tag.startswith(("zh", "han")) else tag


def same_language(pair: str) -> bool:
    """Whether question and evidence of a pair (``zh>en``, ``hans>hant``) are of one language, whatever the script."""
    asked, _, found = pair.partition(">")
    return of_language(asked) == of_language(found)


def in_parts(
    rows: Sequence[RowT], split: str, split_of: Callable[[RowT], str], measure: Callable[[Sequence[RowT]], Report]
) -> Report:
    """What ``measure`` makes of the rows, and, where rows of both parts were read, of the report part (``report``)."""
    held_out = [row for row in rows if split_of(row) == "report"]
    both = split == "all" and 0 < len(held_out) < len(rows)
    return measure(rows) | ({"report": measure(held_out)} if both else {})


def parts(result: Report) -> Iterator[tuple[str, Report]]:
    """The parts of a report by name: the one asked for, and the report part where it stands apart."""
    yield result["settings"]["split"], result
    if "report" in result:
        yield "report", result["report"]


def settings_of(args: argparse.Namespace, **more: object) -> Report:
    """What a report says of how it was asked for."""
    given = {"data": str(args.data) if args.data else None, "split": args.split, "questions": args.questions}
    return {**given, "seed": args.seed, **more}


def cell(values: Mapping[str, Any], measure: str) -> str:
    """A figure with its interval as a cell of a table."""
    if values.get(measure) is None:
        return "-"
    text = f"{values[measure]:.3f}"
    bounds = values.get(f"{measure}_ci")
    return text if bounds is None else f"{text} [{bounds[0]:.3f}, {bounds[1]:.3f}]"


def table(heading: Sequence[str], rows: Sequence[Sequence[str]], *notes: str) -> str:
    """An aligned Markdown table with notes below."""
    return "\n".join([*aligned([heading, *rows]), *(["", *notes] if notes else [])])


def write(result: Report, args: argparse.Namespace, markdown: Callable[[Report], str]) -> None:
    """Print a report, as one JSON object where that is asked for."""
    text = json.dumps(result, ensure_ascii=False) if getattr(args, "json", False) else markdown(result)
    sys.stdout.write(text + "\n")
