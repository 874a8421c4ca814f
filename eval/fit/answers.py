"""The weights of the sentence scores and of the refusal, from human evidence sentences and (un)answerable questions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval.bench.evidence import evidence_collection, is_evidence
from eval.data import Query, read_corpus, read_evidence, read_queries
from eval.fit.listwise import Question, fit
from eval.fit.questions import open_retriever, sampled
from eval.metrics.answers import contains
from index.indexes import SIDES
from index.language import detect, side
from index.types import Passage
from rag import refuse
from rag.answer import sentences
from rag.config import Config
from rag.rerank import load_reranker

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["fit_refusal", "fit_sentences"]

_PAIRS = tuple(f"{asked}>{held}" for asked in SIDES for held in SIDES)
_READ = 5


def fit_sentences(data: Path, target: Path, per_pair: int = 40) -> float:
    """Fit on ``reading/evidence.jsonl`` (which sentence of a passage) and ``retrieval/xpool`` (what a rank says)."""
    config = Config().with_values({"rerank": {"model": "none"}})
    questions = [*_from_evidence(data / "reading" / "evidence.jsonl", config)]
    questions += _from_ranking(data / "retrieval" / "xpool", config, per_pair)
    weights, loss = fit(questions, len(_PAIRS), apart=0.03)
    values = {
        name: dict(zip(sentences.FEATURES, (round(value, 4) for value in row), strict=True))
        for name, row in zip(_PAIRS, weights.tolist(), strict=True)
    }
    source = f"reading/evidence.jsonl and retrieval/xpool, fit parts, {len(questions)} questions"
    target.write_text(json.dumps({"source": source, "weights": values}, indent=1) + "\n", encoding="utf-8")
    return loss


def _from_evidence(path: Path, config: Config) -> Iterable[Question]:
    rows = read_evidence(path)
    retriever, whole = evidence_collection(rows, config)
    for row in rows:
        if row.split != "fit":
            continue
        passage = whole[row.passage]
        scored = sentences.score_sentences(row.question, [passage], retriever)
        right = [is_evidence(s.text, row.evidence) for s in scored]
        if any(right):
            yield _question(row.question, scored, [passage], right)


def _from_ranking(data: Path, config: Config, per_pair: int) -> Iterable[Question]:
    retriever = open_retriever(read_corpus(data), config)
    queries = [q for q in read_queries(data) if q.answerable and q.split == "fit"]
    for query in sampled(queries, per_pair):
        passages = retriever.search(query.text, _READ)
        scored = sentences.score_sentences(query.text, passages, retriever)
        right = [passages[s.passage].document_id in query.gold and contains(s.text, query.answers) > 0 for s in scored]
        if any(right):
            yield _question(query.text, scored, passages, right)


def _question(
    question: str, scored: Sequence[sentences.ScoredSentence], passages: Sequence[Passage], right: Sequence[bool]
) -> Question:
    import numpy as np

    asked = side(detect(question))
    groups = [_PAIRS.index(f"{asked}>{side(passages[s.passage].language)}") for s in scored]
    return Question(
        np.array([s.features for s in scored], dtype=np.float64),
        np.array(groups, dtype=np.int64),
        np.array(right, dtype=np.bool_),
    )


def fit_refusal(data: Path, target: Path, rerank: str, per_pair: int = 60) -> float:
    """Fit the refusal of one profile on ``retrieval/xpool``: questions it answers; questions it does not; and the first
    again with the passages that answer them taken away, which makes near misses. Returns the balanced accuracy."""
    import numpy as np

    config = Config().with_values({"rerank": {"model": rerank}})
    retriever = open_retriever(read_corpus(data), config)
    reranker = load_reranker(config.rerank, retriever)
    queries = sampled([q for q in read_queries(data) if q.split == "fit"], per_pair)
    rows: list[tuple[float, ...]] = []
    answered: list[bool] = []
    for query in queries:
        found = reranker.rerank(query.text, 2 * _READ)
        for kept, label in _variants(query, found):
            terms = retriever.query_terms(query.text)
            scored = sentences.score_sentences(query.text, kept, retriever)
            rows.append(refuse.evidence_features(query.text, kept, scored, terms, side(detect(query.text))))
            answered.append(label)
    model = _logistic(np.array(rows, dtype=np.float64), np.array(answered, dtype=np.bool_))
    stored: dict[str, Any] = json.loads(target.read_text(encoding="ascii"))
    name = "multilingual-e5-small" + reranker.profile
    stored["profiles"][name] = {**model, "source": f"retrieval/xpool, fit part, {len(rows)} questions"}
    target.write_text(json.dumps(stored, indent=1) + "\n", encoding="ascii")
    return float(model["balanced accuracy"])


def _variants(query: Query, found: Sequence[Passage]) -> Iterable[tuple[list[Passage], bool]]:
    without = [passage for passage in found if passage.document_id not in query.gold]
    if not query.answerable:
        yield list(found[:_READ]), False
        return
    if any(passage.document_id in query.gold for passage in found[:_READ]):
        yield list(found[:_READ]), True
    if without:
        yield without[:_READ], False


def _logistic(rows: npt.NDArray[np.float64], answered: npt.NDArray[np.bool_], penalty: float = 0.02) -> dict[str, Any]:
    """A balanced logistic regression, and the threshold of best balanced accuracy that refuses at most 8 % wrongly."""
    import numpy as np
    import torch

    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    inputs = torch.from_numpy((rows - mean) / spread)
    labels = torch.from_numpy(answered.astype(np.float64))
    share = labels.mean()
    importance = torch.where(labels > 0, 0.5 / share, 0.5 / (1 - share))
    weights = torch.zeros(inputs.shape[1] + 1, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights], max_iter=500, line_search_fn="strong_wolfe")

    def step() -> torch.Tensor:
        optimiser.zero_grad()
        logits = inputs @ weights[1:] + weights[0]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels, importance)
        loss = loss + penalty * (weights[1:] ** 2).sum()
        loss.backward()
        return loss

    optimiser.step(step)
    fitted = weights.detach().numpy()
    plain = fitted[1:] / spread
    bias = float(fitted[0] - (plain * mean).sum())
    threshold, balanced = _threshold(1.0 / (1.0 + np.exp(-(rows @ plain + bias))), answered)
    values = dict(zip(refuse.FEATURES, (round(float(value), 5) for value in plain), strict=True))
    return {"bias": round(bias, 5), "weights": values, "threshold": threshold, "balanced accuracy": round(balanced, 4)}


def _threshold(
    probabilities: npt.NDArray[np.float64], answered: npt.NDArray[np.bool_], most_refused: float = 0.08
) -> tuple[float, float]:
    best = (0.0, 0.0)
    for value in sorted(set(probabilities.round(3).tolist())):
        kept = float((probabilities[answered] >= value).mean())
        balanced = (kept + float((probabilities[~answered] < value).mean())) / 2
        if kept >= 1 - most_refused and balanced > best[1]:
            best = (value, balanced)
    return best
