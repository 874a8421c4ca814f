"""The report as one HTML page that asks nobody for anything: styles and plots are inside, every text is escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from eval.report.calibration import calibration_table
from eval.report.markdown import (
    TOLD_APART,
    digits_of,
    groups_of,
    headline,
    left_out,
    measured_line,
    other_run,
    scorer_line,
    unfaithful_rows,
)
from eval.report.plots import available, plots
from eval.row import STATES, Row
from eval.summary import MEASURES

if TYPE_CHECKING:
    import jinja2

__all__ = ["LABELS", "page"]

Report = Mapping[str, Any]

LABELS: Mapping[str, tuple[str, str]] = {
    "hit@1": ("hit@1", "首位命中"),
    "hit@5": ("hit@5", "前五命中"),
    "mrr@10": ("MRR@10", "平均倒数排名"),
    "ndcg@10": ("nDCG@10", "归一化折损累计增益"),
    "faithfulness": ("Faithful to what is cited", "忠实于所引原文"),
    "citation_recall": ("Citation recall", "引用召回率"),
    "citation_precision": ("Citation precision", "引用准确率"),
    "contains": ("Holds the answer", "含有答案"),
    "exact": ("Exact match", "完全一致"),
    "f1": ("F1", "F1"),
    "success": ("Answered rightly, of all answerable", "可答问题答对率"),
    "refusal_precision": ("Refusal precision", "拒答准确率"),
    "refusal_recall": ("Refusal recall", "拒答召回率"),
    "refusal_balanced_accuracy": ("Refusal balanced accuracy", "拒答平衡准确率"),
    "answer_rate": ("Answer rate", "作答率"),
    "language_match": ("Language and script", "语言与字形一致"),
    "refusal_decision": ("Answered or refused rightly", "作答或拒答得当"),
    "latency_ms": ("Milliseconds an answer", "每次回答毫秒数"),
}
"""What the page calls each measure, in English and Chinese."""

_TABLES = (
    ("Faithfulness and citations", "忠实度与引用", ("faithfulness", "citation_recall", "citation_precision")),
    ("Answers", "回答", ("answer_rate", "contains", "f1", "exact", "success", "language_match")),
    ("Retrieval", "检索", ("hit@1", "hit@5", "mrr@10", "ndcg@10")),
    ("Refusal", "拒答", ("refusal_precision", "refusal_recall", "refusal_balanced_accuracy")),
)
_PLOTS = {
    "faithfulness": ("Faithfulness by language and direction (question > evidence)", "各语言方向的忠实度"),
    "retrieval": ("Retrieval: a gold passage among the first k", "检索命中曲线"),
    "refusal": ("Refusal against the confidence threshold", "拒答与置信度阈值"),
    "latency": ("Latency", "耗时"),
}
_SHOWN_PASSAGES = 5


def page(report: Report, rows: Sequence[Row]) -> str:
    """The whole page. ``rows`` are the run's, in order."""
    drawn = plots(report) if available() else {}
    return _template().render(
        report=report,
        headline=headline(report).replace("**", ""),
        measured_line=measured_line(report),
        told_apart=TOLD_APART,
        digits_of=digits_of,
        left_out=left_out,
        other_run=other_run,
        scorer_line=scorer_line(report).replace("`", ""),
        groups=list(groups_of(report)),
        states=STATES,
        labels=LABELS,
        meanings=MEASURES,
        tables=_TABLES,
        # matplotlib escapes what stands in its SVG; no text of a document or a case is drawn.
        plots=[(*_PLOTS[name], svg) for name, svg in drawn.items()],
        calibration=calibration_table(report["scorer"]["calibration"]),
        unfaithful=unfaithful_rows(report["unfaithful"]) if report["unfaithful"] else [],
        unsupported=[(row, claim) for row in rows for claim in row.claims if claim.supported is False],
        sections=_sections(rows),
        shown=_SHOWN_PASSAGES,
    )


def _sections(rows: Sequence[Row]) -> list[tuple[str, str, list[Row]]]:
    """The rows to look at, by what is wrong with them."""
    answered = [row for row in rows if row.state == "scored"]
    return [
        ("Retrieval misses: no gold passage among the first five", "前五段未命中", [r for r in rows if _missed(r)]),
        (
            "Answers without what was asked for",
            "回答未含答案",
            [row for row in answered if row.measure("contains") == 0.0],
        ),
        (
            "Refused, though the documents answer",
            "误拒",
            [row for row in rows if row.state == "refused" and row.answerable],
        ),
        ("Answered, though the documents do not", "误答", [row for row in answered if not row.answerable]),
        (
            "Own words in another language or script",
            "语言或字形不符",
            [row for row in rows if row.measure("language_match") == 0.0],
        ),
        ("Empty answers", "空回答", [row for row in rows if row.state == "empty"]),
        ("Failed", "失败", [row for row in rows if row.state == "failed"]),
    ]


def _missed(row: Row) -> bool:
    return row.measure("hit@5") == 0.0


@cache
def _template() -> jinja2.Template:
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["drawn"] = Markup
    text = resources.files("eval.report").joinpath("page.html").read_text(encoding="utf-8")
    return environment.from_string(text)
