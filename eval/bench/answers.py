"""``wenju bench answers``: does the answer hold what was asked for, and is it short?

With ``--json`` one object:

    {"pairs": {"zh>en": {"n": 219, "refused": 12, "failed": 0, "over_limits": 3,
                         "right": 0.8, "right_ci": [0.74, 0.85], "right_of_answered": 0.85, "right_of_answered_ci": …,
                         "right_single": 0.8, "right_single_ci": …, "contains": 0.81, "contains_ci": …,
                         "reachable": 0.9, "mean_characters": 143.0, "mean_share": 0.21}, …},
     "totals": {"same language": {…}, "across": {…}},
     "report": {"pairs": …, "totals": …},          the report part alone, where --split all read both
     "settings": {"data": …, "split": "all", "questions": null, "seed": 0, "without": []}}

``pairs`` are asker > evidence; ``n`` counts answerable questions. ``contains`` is the share whose answer contains a
gold answer (script, width and case folded); ``right`` also wants it to keep within the limits: at most two sentences,
and of no passage cited more than 30 % of its characters. Refused and failed questions count as misses in all of these,
and are left out of ``right_of_answered``. ``over_limits`` counts answers beyond the limits.

A sentence is quoted whole, so one that is longer than the limit cannot be right: ``right_single`` lets an answer of one
sentence be as long as it is, and ``reachable`` is the most that ``right`` can be with one sentence, the share of
questions whose gold passage has one within the limits that contains a gold answer. ``mean_characters`` is the mean
length of the answers given, without marks and frames, ``mean_share`` that of the largest share of a passage they quote;
null without any. A passage is a row of the corpus. Intervals are 95 %, by gold passage.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence

from eval.bench import asking
from eval.bench.asking import Asked, Pass
from eval.bench.figures import Report, cell, grouped, mean, parts, same_language, share, table
from eval.claims import plain
from eval.data import Passage, Query
from eval.metrics import contains
from index.language import sentences

__all__ = [
    "MOST_SENTENCES", "MOST_SHARE", "configure", "evaluate", "main", "markdown", "quoted_share", "reachable", "report",
    "within_limits",
]  # fmt: skip

MOST_SENTENCES = 2
MOST_SHARE = 0.3  # of a passage that is cited

_MEASURES = ("right", "right_of_answered", "right_single", "contains", "reachable")


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of ``wenju bench answers``."""
    asking.add_asking_options(parser)


def main(args: argparse.Namespace) -> int:
    """Ask the answerable questions, print the report; the exit code. Raises ``WenjuError``."""
    return report(asking.asked_pass(args, lambda query: query.answerable and bool(query.answers)), args)


def report(asked: Pass, args: argparse.Namespace) -> int:
    """Print what came out of a pass; the exit code."""
    return asking.print_report(
        asked, args, lambda rows: evaluate(rows, asked.corpus, args.seed), lambda row: _row(row, asked.corpus), markdown
    )


def evaluate(asked: Sequence[Asked], corpus: Mapping[str, Passage], seed: int = 0) -> Report:
    """``pairs`` and ``totals`` of answered questions; see the module's docstring."""
    pairs = grouped(asked, lambda row: row.query.pair)
    totals = grouped(asked, lambda row: "same language" if same_language(row.query.pair) else "across")
    return {
        name: {group: _summary(rows, corpus, seed) for group, rows in groups.items()}
        for name, groups in (("pairs", pairs), ("totals", totals))
    }


def within_limits(asked: Asked, corpus: Mapping[str, Passage]) -> bool:
    """Whether an answer has two sentences at most, and at most 30 % of every passage it cites."""
    return _sentences(asked) <= MOST_SENTENCES and quoted_share(asked, corpus) <= MOST_SHARE


def quoted_share(asked: Asked, corpus: Mapping[str, Passage]) -> float:
    """How much of a passage it cites an answer quotes, in characters, 0 to 1: of the one it quotes most of."""
    documents = {c.number: c.document_id for c in asked.answer.citations} if asked.answer is not None else {}
    quoted: Counter[str] = Counter()
    for piece in asked.quotations:
        for document in {documents[number] for number in piece.citations if number in documents}:
            quoted[document] += len(plain(piece.text))
    return max((length / len(corpus[document].text) for document, length in quoted.items()), default=0.0)


def reachable(query: Query, corpus: Mapping[str, Passage]) -> bool:
    """Whether one sentence of a gold passage contains a gold answer and keeps within the limits."""
    for passage in (corpus[name] for name in query.gold):
        most = MOST_SHARE * len(passage.text)
        short = (passage.text[start:end] for start, end in sentences(passage.text) if end - start <= most)
        if any(contains(text, query.answers) > 0 for text in short):
            return True
    return False


def _sentences(asked: Asked) -> int:
    return sum(len(sentences(plain(piece.text))) for piece in asked.quotations)


def _summary(asked: Sequence[Asked], corpus: Mapping[str, Passage], seed: int) -> Report:
    clusters = [row.query.cluster for row in asked]
    contained = [row.contains_gold for row in asked]
    within = [within_limits(row, corpus) for row in asked]
    right = [c and w for c, w in zip(contained, within, strict=True)]
    single = [c and (w or _sentences(row) == 1) for row, c, w in zip(asked, contained, within, strict=True)]
    answered = [i for i, row in enumerate(asked) if row.answered]
    return {
        "n": len(asked),
        "refused": sum(row.refused for row in asked),
        "failed": sum(bool(row.error) for row in asked),
        "over_limits": sum(not w for w in within),
        **share("right", right, clusters, seed),
        **share("right_of_answered", [right[i] for i in answered], [clusters[i] for i in answered], seed),
        **share("right_single", single, clusters, seed),
        **share("contains", contained, clusters, seed),
        "reachable": mean([float(reachable(row.query, corpus)) for row in asked]),
        "mean_characters": mean([len(asked[i].text) for i in answered], 1),
        "mean_share": mean([quoted_share(asked[i], corpus) for i in answered]),
    }


def _row(asked: Asked, corpus: Mapping[str, Passage]) -> Report:
    within = within_limits(asked, corpus)
    cited = [c.document_id for c in asked.answer.citations] if asked.answer is not None else []
    return asking.row_of(asked) | {
        "gold": list(asked.query.gold),
        "cited": cited,
        "contains": asked.contains_gold,
        "within_limits": within,
        "sentences": _sentences(asked),
        "share": round(quoted_share(asked, corpus), 4),
        "reachable": reachable(asked.query, corpus),
        "right": asked.contains_gold and within,
    }


def markdown(result: Report) -> str:
    """The report as an aligned Markdown table, a row for each part and pair."""
    heading = ["part", "pair", "n", "refused", "failed", "over limits", *(name.replace("_", " ") for name in _MEASURES)]
    heading += ["characters", "share"]
    rows = []
    for part, found in parts(result):
        for name, values in (found["pairs"] | found["totals"]).items():
            counts = [str(values[key]) for key in ("n", "refused", "failed", "over_limits")]
            length = "-" if values["mean_characters"] is None else f"{values['mean_characters']:.0f}"
            rows.append([part, name, *counts, *(cell(values, measure) for measure in _MEASURES), length,
                         cell(values, "mean_share")])  # fmt: skip
    limits = f"{MOST_SENTENCES} sentences and {MOST_SHARE:.0%} of each passage cited"
    return table(
        heading, rows, "[95 % interval, by gold passage]",
        f"right: contains a gold answer within {limits}; refused, failed and over limits count as misses",
        "right single: one sentence may be longer; reachable: a sentence within the limits contains a gold answer",
    )  # fmt: skip
