"""``wenju bench citations``: is every quote where it says, every number one that was given, and the gold passage cited?

With ``--json`` one object:

    {"pairs": {"zh>en": {"n": 219, "refused": 12, "failed": 0, "citations": 260, "quotes_elsewhere": 0,
                         "numbers_out_of_range": 0, "marks_without_citation": 0, "citations_without_mark": 0,
                         "answers_without_citation": 0,
                         "right": 180, "gold_cited": 0.97, "gold_cited_ci": [0.94, 0.99]}, …},
     "totals": {"all": {…}},
     "report": {"pairs": …, "totals": …},          the report part alone, where --split all read both
     "settings": {"data": …, "split": "all", "questions": null, "seed": 0, "without": []}}

Counted over the answers given: citations whose quote is not ``text[start:end]`` of the passage they name
(``quotes_elsewhere``), citations not numbered 1 to k and each once, marks in the text that no citation has and
citations that no mark names, and answers without any. ``gold_cited`` is the share of the ``right`` answers that cite a
gold passage: those that contain a gold answer or, where people marked sentences of evidence, quote one of them.
Intervals are 95 %, by gold passage.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence

from eval.bench import asking
from eval.bench.asking import Asked, Pass
from eval.bench.evidence import is_evidence
from eval.bench.figures import Report, cell, grouped, parts, share, table
from eval.claims import plain
from eval.data import Passage
from rag.types import Citation

__all__ = ["FAULTS", "configure", "evaluate", "faults", "is_right", "main", "markdown", "report"]

FAULTS = (
    "quotes_elsewhere", "numbers_out_of_range", "marks_without_citation", "citations_without_mark",
    "answers_without_citation",
)  # fmt: skip
_MARK = re.compile(r"\[(\d{1,3})\]")


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of ``wenju bench citations``."""
    asking.add_asking_options(parser)


def main(args: argparse.Namespace) -> int:
    """Ask the questions, print the report; the exit code. Raises ``WenjuError``."""
    return report(asking.asked_pass(args), args)


def report(asked: Pass, args: argparse.Namespace) -> int:
    """Print what came out of a pass; the exit code."""
    return asking.print_report(
        asked, args, lambda rows: evaluate(rows, asked.corpus, args.seed), lambda row: _row(row, asked.corpus), markdown
    )


def evaluate(asked: Sequence[Asked], corpus: Mapping[str, Passage], seed: int = 0) -> Report:
    """``pairs`` and ``totals`` of answered questions; see the module's docstring."""
    pairs = grouped(asked, lambda row: row.query.pair)
    return {
        "pairs": {pair: _summary(rows, corpus, seed) for pair, rows in pairs.items()},
        "totals": {"all": _summary(asked, corpus, seed)},
    }


def faults(asked: Asked, corpus: Mapping[str, Passage]) -> dict[str, int]:
    """How many faults of each kind an answer has; none where none was given."""
    if asked.answer is None or asked.answer.refused:
        return dict.fromkeys(FAULTS, 0)
    citations = asked.answer.citations
    numbers = [citation.number for citation in citations]
    marks = {int(number) for number in _MARK.findall(asked.answer.text)}
    strays = sum(not 1 <= number <= len(citations) for number in numbers)
    return {
        "quotes_elsewhere": sum(not _stands(citation, corpus) for citation in citations),
        "numbers_out_of_range": strays + len(numbers) - len(set(numbers)),
        "marks_without_citation": len(marks.difference(numbers)),
        "citations_without_mark": len(set(numbers) - marks),
        "answers_without_citation": int(not citations),
    }


def _stands(citation: Citation, corpus: Mapping[str, Passage]) -> bool:
    """Whether a quote stands where its citation says."""
    passage = corpus.get(citation.document_id)
    return passage is not None and passage.text[citation.start : citation.end] == citation.quote


def is_right(asked: Asked) -> bool:
    """Whether an answer contains a gold answer or quotes a sentence that people marked as evidence."""
    if asked.contains_gold:
        return True
    evidence = asked.query.evidence
    return bool(evidence) and any(is_evidence(plain(piece.text), evidence) for piece in asked.quotations)


def _cites_gold(asked: Asked) -> bool:
    cited = asked.answer.citations if asked.answer is not None else ()
    return any(citation.document_id in asked.query.gold for citation in cited)


def _summary(asked: Sequence[Asked], corpus: Mapping[str, Passage], seed: int) -> Report:
    found = [faults(row, corpus) for row in asked]
    right = [row for row in asked if row.query.answerable and is_right(row)]
    return {
        "n": len(asked),
        "refused": sum(row.refused for row in asked),
        "failed": sum(bool(row.error) for row in asked),
        "citations": sum(len(row.answer.citations) for row in asked if row.answer is not None),
        **{name: sum(counts[name] for counts in found) for name in FAULTS},
        "right": len(right),
        **share("gold_cited", [_cites_gold(row) for row in right], [row.query.cluster for row in right], seed),
    }


def _row(asked: Asked, corpus: Mapping[str, Passage]) -> Report:
    cited = [c.document_id for c in asked.answer.citations] if asked.answer is not None else []
    judged = {"right": is_right(asked), "gold_cited": _cites_gold(asked)}
    return asking.row_of(asked) | {"gold": list(asked.query.gold), "cited": cited, **faults(asked, corpus), **judged}


def markdown(result: Report) -> str:
    """The report as an aligned Markdown table, a row for each part and pair."""
    counts = ("n", "refused", "failed", "citations", *FAULTS, "right")
    heading = ["part", "pair", *(name.replace("_", " ") for name in counts), "gold cited"]
    rows = [
        [part, name, *(str(values[key]) for key in counts), cell(values, "gold_cited")]
        for part, found in parts(result)
        for name, values in (found["pairs"] | found["totals"]).items()
    ]
    return table(heading, rows, "[95 % interval, by gold passage; gold cited: share of the right answers]")
