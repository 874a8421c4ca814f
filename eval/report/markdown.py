"""The report as Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from eval.bench.table import aligned
from eval.report.calibration import calibration_table
from eval.row import STATES

__all__ = [
    "TOLD_APART",
    "asked_for",
    "cell",
    "digits_of",
    "groups_of",
    "headline",
    "left_out",
    "markdown",
    "measured_line",
    "other_run",
    "scorer_line",
    "unfaithful_rows",
]

Report = Mapping[str, Any]

_SETTING = 24  # characters of a setting's value

_TABLES: Mapping[str, Sequence[str]] = {
    "Answers": ("answer_rate", "contains", "f1", "exact", "success", "language_match"),
    "Faithfulness and citations": ("faithfulness", "citation_recall", "citation_precision"),
    "Retrieval": ("hit@1", "hit@5", "mrr@10", "ndcg@10"),
    "Refusal": ("refusal_precision", "refusal_recall", "refusal_balanced_accuracy"),
}


TOLD_APART = "told apart: yes, where every damaged interval lies below the faithful one; a few claims rarely show it"
"""What the last column of ``unfaithful_rows`` says."""


def markdown(report: Report) -> str:
    """The whole report."""
    parts = ["# Evaluation", headline(report), measured_line(report), scorer_line(report)]
    parts += [_table(title, names, report) for title, names in _TABLES.items()]
    parts.append(_latency(report))
    if report["scorer"]["calibration"]:
        parts.append("## The scorer's own figures\n\n" + "\n".join(_calibration(report["scorer"]["calibration"])))
    return "\n\n".join([*parts, *asked_for(report)])


def asked_for(report: Report) -> Iterator[str]:
    """The sections that only a run which was asked for them has."""
    if report["bars"]:
        yield "## Bars\n\n" + "\n".join(_bars(report["bars"]))
    if report["comparison"]:
        yield _comparison(report["comparison"])
    if report["unfaithful"]:
        rows = aligned(unfaithful_rows(report["unfaithful"]))
        yield "\n".join(["## Unfaithful on purpose", "", *rows, "", f"[{TOLD_APART}]"])


def headline(report: Report) -> str:
    """How many cases there are, what became of them, and whether the run is whole."""
    run, counts = report["run"], report["all"]["counts"]
    states = ", ".join(f"{counts[state]} {state}" for state in STATES)
    lines = f"{counts['total']} cases: {states}; {counts['answerable']} of them can be answered."
    if run["cases"] < run.get("cases_in_set", run["cases"]):
        lines += f" A sample: {run['cases']} of the set's {run['cases_in_set']} cases."
    if run["partial"]:
        lines = f"**Partial: {run['rows']} of {run['cases']} cases are done.** " + lines
    return lines


def measured_line(report: Report) -> str:
    """What was measured, and how to tell it from another run."""
    run = report["run"]
    told = [f"Wenju {run.get('version', '')}"]
    if config := run.get("config"):
        model = config["answer"]["model"]
        told.append(f"answers written by {model}" if model else "answers in quotes, which are faithful by construction")
        told.append(f"reranker {config['rerank']['model']}")
    told.append(f"seed {run['seed']}")
    name = f"the set {run['set_name']}" if "set_name" in run else "a set"
    made_of = f"{name} ({run.get('set', '')[:8]}) over the documents {run.get('documents', '')[:8]}"
    return f"Measured on {made_of}: {', '.join(told)}."


def scorer_line(report: Report) -> str:
    """Who judged the claims."""
    scorer, claims = report["scorer"], report["all"]["claims"]
    return (
        f"Claims judged by `{scorer['name']}` (revision {scorer['revision']}, threshold {scorer['threshold']}): "
        f"{claims['supported']} supported, {claims['unsupported']} unsupported, {claims['not_scored']} not scored."
    )


def groups_of(report: Report) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """All, then every language and every direction, by name."""
    yield "all", report["all"]
    yield from report["languages"].items()
    yield from report["directions"].items()


def cell(figure: Mapping[str, Any]) -> str:
    """A figure with its interval and n, a dash where there is none."""
    if figure["value"] is None:
        return "-"
    low, high = figure["ci"]
    return f"{figure['value']:.3f} [{low:.2f}, {high:.2f}] n={figure['n']}"


def _table(title: str, names: Sequence[str], report: Report) -> str:
    counted = title == "Answers"
    heading = ["group", *(["total", *STATES] if counted else []), *names]
    rows = [heading]
    for group, figures in groups_of(report):
        counts = [str(figures["counts"][key]) for key in ("total", *STATES)] if counted else []
        rows.append([group, *counts, *(cell(figures["measures"][name]) for name in names)])
    return "\n".join([f"## {title}", "", *aligned(rows), "", "[95 % interval, by gold passage]"])


def _latency(report: Report) -> str:
    rows = [["group", "median ms", "95th percentile ms"]]
    for group, figures in groups_of(report):
        times = figures["latency_ms"]
        rows.append([group, *(["-", "-"] if times is None else [f"{times['median']:.0f}", f"{times['p95']:.0f}"])])
    return "\n".join(["## Latency of an answer", "", *aligned(rows)])


def _calibration(figures: Mapping[str, Any]) -> list[str]:
    rows, notes = calibration_table(figures)
    return [*([*aligned(rows), ""] if rows else []), *notes]


def _shown(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_shown(item) for item in value) + "]"
    return f"{value:.3f}" if isinstance(value, float) else "-" if value is None else str(value)


def _bars(bars: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        f"- {bar['measure']} {'reached' if bar['met'] else 'MISSED'}: {_shown(bar['value'])}, least {bar['least']}"
        for bar in bars
    ]


def unfaithful_rows(found: Mapping[str, Any]) -> list[list[str]]:
    """A heading and a row for each slice: the faithfulness of the answers as they are, and damaged in each way."""
    kinds = list(next(iter(found.values())))[:-1]
    told = {True: "yes", False: "not surely", None: "-"}
    return [
        ["group", *kinds, "told apart"],
        *(
            [name, *(cell(figures[kind]) for kind in kinds), told[figures["told_apart"]]]
            for name, figures in found.items()
        ),
    ]


def _comparison(comparison: Mapping[str, Any]) -> str:
    rows = [["measure", "n", "before", "after", "difference", "better", "worse", "unchanged", "p", "verdict"]]
    for name, change in comparison["measures"].items():
        low, high = change["ci"]
        digits = digits_of(name)
        rows.append(
            [
                name,
                str(change["n"]),
                f"{change['before']:.{digits}f}",
                f"{change['after']:.{digits}f}",
                f"{change['difference']:+.{digits}f} [{low:+.{digits}f}, {high:+.{digits}f}]",
                *(str(change[key]) for key in ("better", "worse", "unchanged")),
                "-" if change["p"] is None else f"{change['p']:.3f}",
                change["verdict"],
            ]
        )
    shared = f"{comparison['cases']} cases stand in both runs.{left_out(comparison)}"
    return "\n".join(["## Against the other run", "", *aligned(rows), "", shared, *other_run(comparison)])


def other_run(comparison: Mapping[str, Any]) -> list[str]:
    """Which run it was, and what it was made with that this one was not; empty where the caller did not say."""
    if "with" not in comparison:
        return []
    changed = [f"{name} {_short(old)} → {_short(new)}" for name, (old, new) in comparison["changed"].items()]
    return [f"The other run: {comparison['with']}. Changed since: {'; '.join(changed) or 'nothing'}."]


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SETTING else text[:_SETTING] + "…"


def digits_of(name: str) -> int:
    """Decimal places that a compared measure is shown with."""
    return 0 if name == "latency_ms" else 3


def left_out(comparison: Mapping[str, Any]) -> str:
    """What is not compared, and why; empty where everything is."""
    names = ", ".join(comparison["left_out"])
    return f" Not compared, since another scorer or another version of it judged: {names}." if names else ""
