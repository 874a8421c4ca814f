"""``wenju bench retrieval``: is the passage that answers found, and how high does it stand?

With ``--json`` one object:

    {"pairs": {"zh>en": {"n": 219,
                         "hit@1": 0.5, "hit@1_ci": [0.43, 0.57], "hit@5": …, "hit@5_ci": …,
                         "mrr@10": …, "mrr@10_ci": …, "ndcg@10": …, "ndcg@10_ci": …}, …},
     "latency_ms": {"median": 41.0, "p95": 78.0},
     "report": {"pairs": …},                       the report part alone, where --split all read both
     "failed": 0,
     "settings": {"data": …, "split": "all", "questions": null, "seed": 0, "without": []},
     "baselines": {"dense": {"pairs": …, "latency_ms": …, "failed": 0}, "bm25": …, "rrf": …}}    with --baselines

``pairs`` are asker > evidence; ``n`` counts questions, those whose search failed among them, as misses. Questions that
no passage answers are left out. A document counts where its best passage stands. Intervals are 95 %, by gold passage.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from eval.bench.options import add_options, of_split, sample, save_rows
from eval.bench.table import aligned
from eval.data import Passage, Query, read_corpus, read_queries
from eval.intervals import bootstrap_mean
from eval.metrics import hit_rate, latency, ndcg, reciprocal_rank
from index.errors import QuestionError, UsageError

__all__ = [
    "MEASURES",
    "STEPS",
    "Run",
    "Searcher",
    "configure",
    "evaluate_rankings",
    "main",
    "markdown",
    "measure",
    "run",
]

MEASURES: dict[str, Callable[[Sequence[str], Sequence[str]], float]] = {
    "hit@1": lambda ranking, gold: hit_rate(ranking, gold, 1),
    "hit@5": lambda ranking, gold: hit_rate(ranking, gold, 5),
    "mrr@10": lambda ranking, gold: reciprocal_rank(ranking, gold, 10),
    "ndcg@10": lambda ranking, gold: ndcg(ranking, gold, 10),
}
STEPS = ("means", "whitening", "scale", "lexical", "dictionary", "names", "numbers", "rerank", "diversity")
_DEPTH = 10  # documents looked at
_PASSAGES = 100  # passages asked for: a long document may fill many places with its own

Report = dict[str, Any]


class Searcher(Protocol):
    """What is measured."""

    def search(self, question: str, limit: int) -> list[str]:
        """The document ids of the ``limit`` best passages, best first; a document may come more than once."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a searcher found: documents by question id (each once, best first), times in milliseconds, and reasons by
    the id of each question whose search failed."""

    rankings: Mapping[str, tuple[str, ...]]
    milliseconds: tuple[float, ...]
    failures: Mapping[str, str]


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of ``wenju bench retrieval``."""
    add_options(parser)
    parser.add_argument(
        "--without", action="append", choices=STEPS, default=[], metavar="STEP",
        help=f"switch a step off, may be repeated: {', '.join(STEPS)}",
    )  # fmt: skip
    parser.add_argument(
        "--baselines", action="store_true", help="measure dense, BM25 and their RRF in the same run too"
    )


def main(args: argparse.Namespace) -> int:
    """Build the collection (or reuse it), search it, print the report; the exit code. Raises ``WenjuError``."""
    corpus = read_corpus(args.data)
    queries = chosen(read_queries(args.data, {row.id for row in corpus}), args)
    return report(queries, _searchers(corpus, args), args)


def _searchers(corpus: Sequence[Passage], args: argparse.Namespace) -> dict[str, Searcher]:
    """The product over a corpus, as configured, and the baselines where they are asked for."""
    from eval.bench import collection
    from eval.bench.baselines import baselines
    from index.embed import load_embeddings
    from index.store import Store
    from rag.config import Config

    path = getattr(args, "config", None)
    config = collection.without(Config.load(path) if path else Config(), args.without)
    embedder = load_embeddings(config.embedding)
    folder = collection.cached_folder(corpus, embedder.identity)
    knowledge_base = collection.build(corpus, folder, config)
    searchers: dict[str, Searcher] = {"wenju": collection.KnowledgeSearcher(knowledge_base)}
    if args.baselines:
        searchers |= baselines(collection.searched(Store.open(folder)), embedder)
    return searchers


def chosen(queries: Sequence[Query], args: argparse.Namespace) -> list[Query]:
    """The answerable questions the options ask for, by pair. Raises ``UsageError`` when there are none."""
    groups: dict[str, list[Query]] = {}
    for query in of_split(queries, args.split):
        if query.answerable:
            groups.setdefault(query.pair, []).append(query)
    if not groups:
        raise UsageError(f"{args.data} holds no answerable question: rows of queries.jsonl must name gold passages")
    return sample(groups, args.questions, args.seed)


def report(queries: Sequence[Query], searchers: Mapping[str, Searcher], args: argparse.Namespace) -> int:
    """Measure the searchers, the product's own first, and print what came out; the exit code."""
    runs = {name: run(searcher, queries, name) for name, searcher in searchers.items()}
    reports = {name: _in_parts(queries, found, args) for name, found in runs.items()}
    own, *others = reports
    result: Report = reports[own] | {
        "settings": {
            "data": str(args.data),
            "split": args.split,
            "questions": args.questions,
            "seed": args.seed,
            "without": sorted(set(args.without)),
        }
    }
    if others:
        result["baselines"] = {name: reports[name] for name in others}
    if args.save:
        save_rows(args.save, (_row(query, name, found) for name, found in runs.items() for query in queries))
    text = json.dumps(result, ensure_ascii=False) if getattr(args, "json", False) else markdown(reports)
    sys.stdout.write(text + "\n")
    return 0


def _in_parts(queries: Sequence[Query], found: Run, args: argparse.Namespace) -> Report:
    """The report of a run, and of its report part alone where the questions are of both parts."""
    held_out = [query for query in queries if query.split == "report"]
    result = measure(queries, found, args.seed)
    if args.split == "all" and 0 < len(held_out) < len(queries):
        result["report"] = evaluate_rankings(held_out, found.rankings, args.seed)
    return result


def run(searcher: Searcher, queries: Sequence[Query], name: str = "") -> Run:
    """Ask every question once, in order; a question that fails is counted, not fatal. Progress goes to stderr."""
    rankings: dict[str, tuple[str, ...]] = {}
    milliseconds: list[float] = []
    failures: dict[str, str] = {}
    with suppress(QuestionError, IndexError):
        searcher.search(queries[0].text, _PASSAGES)  # loads the models, which is no question's cost
    for number, query in enumerate(queries, 1):
        started = time.perf_counter()
        try:
            found = searcher.search(query.text, _PASSAGES)
        except QuestionError as error:
            failures[query.id], found = str(error), []
        milliseconds.append((time.perf_counter() - started) * 1000.0)
        rankings[query.id] = tuple(dict.fromkeys(found))
        if number % 100 == 0 or number == len(queries):
            sys.stderr.write(f"{name} {number}/{len(queries)} questions\n")
    return Run(rankings, tuple(milliseconds), failures)


def measure(queries: Sequence[Query], found: Run, seed: int = 0) -> Report:
    """The report of one run: ``pairs``, ``latency_ms`` and ``failed``."""
    times = {name: round(value, 2) for name, value in latency(found.milliseconds).items()}
    return evaluate_rankings(queries, found.rankings, seed) | {"latency_ms": times, "failed": len(found.failures)}


def evaluate_rankings(queries: Sequence[Query], rankings: Mapping[str, Sequence[str]], seed: int = 0) -> Report:
    """``{"pairs": …}`` for rankings of document ids, best first, by question id; see the module's docstring.

    Raises ``UsageError`` when an answerable question has no ranking.
    """
    groups: dict[str, list[Query]] = {}
    for query in queries:
        if query.answerable:
            groups.setdefault(query.pair, []).append(query)
            if query.id not in rankings:
                raise UsageError(f"rankings must hold every answerable question, but {query.id!r} is missing")
    return {"pairs": {pair: _summary(group, rankings, seed) for pair, group in sorted(groups.items())}}


def _summary(queries: Sequence[Query], rankings: Mapping[str, Sequence[str]], seed: int) -> Report:
    scores = [_scores(query, rankings[query.id]) for query in queries]
    clusters = [query.cluster for query in queries]
    summary: Report = {"n": len(queries)}
    for name in MEASURES:
        values = [score[name] for score in scores]
        summary[name] = round(sum(values) / len(values), 4)
        summary[f"{name}_ci"] = [round(bound, 4) for bound in bootstrap_mean(values, clusters, seed)]
    return summary


def _scores(query: Query, ranking: Sequence[str]) -> dict[str, float]:
    documents = list(dict.fromkeys(ranking))
    return {name: measured(documents, query.gold) for name, measured in MEASURES.items()}


def _row(query: Query, method: str, found: Run) -> Report:
    ranking = found.rankings[query.id]
    return {
        "id": query.id,
        "pair": query.pair,
        "method": method,
        "question": query.text,
        "gold": list(query.gold),
        "found": list(ranking[:_DEPTH]),
        "error": found.failures.get(query.id, ""),
        **_scores(query, ranking),
    }


def markdown(reports: Mapping[str, Report]) -> str:
    """The reports as an aligned Markdown table, a row for each method and pair, and a line on latency for each."""
    rows = [["method", "pair", "n", *MEASURES]]
    for method, result in reports.items():
        rows += _rows(method, result)
        rows += _rows(f"{method}, report part", result["report"]) if "report" in result else []
    lines = [_latency(method, result) for method, result in reports.items()]
    return "\n".join([*aligned(rows), "", "[95 % interval, by gold passage]", *lines])


def _rows(method: str, result: Report) -> list[list[str]]:
    rows = []
    for pair, values in result["pairs"].items():
        cells = [f"{values[name]:.3f} [{_range(values[name + '_ci'])}]" for name in MEASURES]
        rows.append([method, pair, str(values["n"]), *cells])
    return rows


def _range(bounds: Sequence[float]) -> str:
    return f"{bounds[0]:.3f}, {bounds[1]:.3f}"


def _latency(method: str, result: Report) -> str:
    times = result["latency_ms"]
    failed = f"; {result['failed']} failed, counted as misses" if result["failed"] else ""
    return f"{method}: median {times['median']:.0f} ms, 95th percentile {times['p95']:.0f} ms a question{failed}"
