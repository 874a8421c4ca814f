"""What the terminal shows of a run: the figures to read first, and the first misses. The report's files hold all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from eval.report.markdown import asked_for, headline
from eval.row import Row
from rag.terminal import safe

__all__ = ["brief"]

Report = Mapping[str, Any]

_MISSES = 10
_CHARACTERS = 100  # of each line of a miss


def brief(report: Report, rows: Sequence[Row]) -> str:
    """The figures, the first misses among ``rows``, and whatever else the run was asked for (bars, a comparison)."""
    misses = [row for row in rows if _missed(row)]
    parts = [headline(report).replace("**", ""), "\n".join(_figures(report, rows))]
    if misses:
        shown = f"Misses, the first {_MISSES} of {len(misses)}:" if len(misses) > _MISSES else "Misses:"
        parts.append("\n".join([shown, *(_miss(row) for row in misses[:_MISSES])]))
    return "\n\n".join([*parts, *asked_for(report)])


def _figures(report: Report, rows: Sequence[Row]) -> Iterator[str]:
    """Answers that are right come first: an answer can be faithful to its sources and not answer the question."""
    measures = report["all"]["measures"]
    asked = [row for row in rows if row.answerable and row.state != "failed"]
    refused = sum(row.state == "refused" for row in asked) / len(asked) if asked else None
    for label, figure, meaning in (
        ("answered right", measures["success"], "success: of the answerable questions"),
        ("wrongly refused", {"value": refused, "n": len(asked)}, "of the answerable questions"),
        ("rightly refused", measures["refusal_recall"], "refusal_recall: of the unanswerable questions"),
        ("hit@5", measures["hit@5"], "a passage that answers is among the first five"),
        ("faithfulness", measures["faithfulness"], "claims that the cited text supports, whether or not they answer"),
    ):
        value = "-" if figure["value"] is None else f"{figure['value']:.3f}"
        yield f"{label:<15}  {value:>5}  n={figure['n']:<4} {meaning}"


def _missed(row: Row) -> bool:
    """Whether the case did not end as it should: failed, without a right answer, or answered where nothing does."""
    if row.state == "scored":
        return not row.answerable or row.measure("contains") == 0.0
    return row.answerable or row.state != "refused"


def _miss(row: Row) -> str:
    expected = (row.reference or "an answer") if row.answerable else "a refusal"
    said = {"failed": f"failed: {row.error}", "refused": "refused", "empty": "nothing"}.get(row.state, row.answer)
    return f"- {_cut(row.question)}\n  expected: {_cut(expected)}\n  said:     {_cut(said)}"


def _cut(text: str) -> str:
    flat = safe(" ".join(text.split()))
    return flat if len(flat) <= _CHARACTERS else flat[: _CHARACTERS - 1] + "…"
