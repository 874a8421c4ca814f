"""``wenju bench evidence``: given the passage, is the one sentence chosen that people marked as the evidence?

With ``--json`` one object:

    {"languages": {"zh": {"n": 515, "right": 0.81, "right_ci": [0.77, 0.85], "mean_f1": 0.78, "reachable": 0.98,
                          "none": 0, "mean_characters": 41.0}, …},
     "report": {"languages": …},                   the report part alone, where --split all read both
     "settings": {"data": …, "split": "all", "questions": null, "seed": 0, "without": []}}

``--data`` holds ``evidence.jsonl``. The sentence is the one the product puts first; it is ``right`` where its F1 with a
sentence that people marked is .5 or more, by Han characters in Chinese and by words in English (letters alone would
call any two English sentences alike). ``reachable`` is the share of passages that have such a sentence at all, as the
product tells sentences; ``none`` counts passages of which nothing was chosen: misses. Intervals are 95 %, by passage.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eval.bench import asking
from eval.bench.figures import Report, cell, grouped, in_parts, mean, parts, settings_of, share, table, write
from eval.bench.options import add_options, of_split, sample, save_rows
from eval.data import EvidenceRow, Passage, read_evidence
from eval.metrics import f1
from index.language import detect, sentences, side
from index.types import Passage as Found

if TYPE_CHECKING:
    from rag.config import Config
    from rag.retrieve import Retriever

__all__ = [
    "SAME", "Chooser", "Chosen", "choose_all", "configure", "evaluate", "evidence_collection", "is_evidence", "main",
    "markdown", "product", "report",
]  # fmt: skip

SAME = 0.5  # F1 (Han characters, English words) from which a sentence is the human's
_FILE = "evidence.jsonl"
_TOLD = 100  # questions between two lines of progress

Chooser = Callable[[str, str], str]
"""From a question and a passage's text to the one sentence that answers; empty for none."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A question on a passage, and the sentence that was chosen; empty for none."""

    row: EvidenceRow
    sentence: str

    @property
    def f1(self) -> float:
        """The best F1 with a sentence that people marked."""
        return f1(self.sentence, self.row.evidence) if self.sentence else 0.0


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of ``wenju bench evidence``."""
    add_options(parser)
    asking.add_without(parser)


def main(args: argparse.Namespace) -> int:
    """Choose a sentence for each question, print the report; the exit code. Raises ``WenjuError``."""
    rows = read_evidence(args.data / _FILE)
    asked = sample(grouped(of_split(rows, args.split), lambda row: row.lang), args.questions, args.seed)
    return report(choose_all(asked, product(rows, asking.configured(args))), args)


def is_evidence(sentence: str, evidence: Iterable[str]) -> bool:
    """Whether a sentence is, or overlaps by half with, one that people marked."""
    return any(f1(sentence, [marked]) >= SAME for marked in evidence)


def evidence_collection(rows: Sequence[EvidenceRow], config: Config) -> tuple[Retriever, dict[str, Found]]:
    """A collection of all the passages, and each passage whole, by its text."""
    texts = sorted({row.passage for row in rows})
    corpus = [Passage(id=f"p{number:04d}", lang=side(detect(text)), text=text) for number, text in enumerate(texts)]
    retriever = asking.open_knowledge(corpus, config).retriever()
    whole = {
        row.text: Found(row.id, row.id, "", row.id, None, 0, len(row.text), row.text, detect(row.text), 0.0)
        for row in corpus
    }
    return retriever, whole


def product(rows: Sequence[EvidenceRow], config: Config) -> Chooser:
    """The product's own choice, over a collection of all the passages of ``rows``."""
    from rag.answer.probe import probe_beside
    from rag.answer.sentences import score_sentences
    from rag.rerank import load_reranker

    retriever, whole = evidence_collection(rows, config)
    probe = probe_beside(load_reranker(config.rerank, retriever))

    def chooser(question: str, passage: str) -> str:
        scored = score_sentences(question, [whole[passage]], retriever, probe)
        return min(scored, key=lambda sentence: (-sentence.score, sentence.start)).text if scored else ""

    return chooser


def choose_all(rows: Sequence[EvidenceRow], chooser: Chooser) -> list[Chosen]:
    """The sentence chosen for each question. Progress goes to stderr."""
    chosen: list[Chosen] = []
    for row in rows:
        chosen.append(Chosen(row, chooser(row.question, row.passage)))
        if len(chosen) % _TOLD == 0 or len(chosen) == len(rows):
            sys.stderr.write(f"{len(chosen)}/{len(rows)} questions\n")
    return chosen


def report(chosen: Sequence[Chosen], args: argparse.Namespace) -> int:
    """Print what came out; the exit code."""
    result = in_parts(chosen, args.split, lambda item: item.row.split, lambda items: evaluate(items, args.seed))
    if args.save:
        save_rows(args.save, (_saved(item) for item in chosen))
    settings = settings_of(args, without=sorted(set(args.without)))
    write(result | {"settings": settings}, args, markdown)
    return 0


def evaluate(chosen: Sequence[Chosen], seed: int = 0) -> Report:
    """``languages`` of chosen sentences; see the module's docstring."""
    groups = grouped(chosen, lambda item: item.row.lang)
    return {"languages": {name: _summary(items, seed) for name, items in groups.items()}}


def _summary(chosen: Sequence[Chosen], seed: int) -> Report:
    return {
        "n": len(chosen),
        **share("right", [item.f1 >= SAME for item in chosen], [item.row.passage for item in chosen], seed),
        "mean_f1": mean([item.f1 for item in chosen]),
        "reachable": mean([float(_reachable(item.row)) for item in chosen]),
        "none": sum(not item.sentence for item in chosen),
        "mean_characters": mean([len(item.sentence) for item in chosen if item.sentence], 1),
    }


def _reachable(row: EvidenceRow) -> bool:
    return any(is_evidence(row.passage[start:end], row.evidence) for start, end in sentences(row.passage))


def _saved(item: Chosen) -> Report:
    return {
        "id": item.row.id,
        "lang": item.row.lang,
        "split": item.row.split,
        "question": item.row.question,
        "evidence": list(item.row.evidence),
        "sentence": item.sentence,
        "f1": round(item.f1, 4),
        "right": item.f1 >= SAME,
    }


def markdown(result: Report) -> str:
    """The report as an aligned Markdown table, a row for each part and language."""
    rows = [
        [part, name, str(values["n"]), cell(values, "right"), cell(values, "mean_f1"), cell(values, "reachable"),
         str(values["none"]), "-" if values["mean_characters"] is None else f"{values['mean_characters']:.0f}"]
        for part, found in parts(result)
        for name, values in found["languages"].items()
    ]  # fmt: skip
    heading = ["part", "language", "n", "right", "mean F1", "reachable", "none", "characters"]
    return table(heading, rows, f"[95 % interval, by passage; right: F1 of {SAME} or more with a marked sentence]")
