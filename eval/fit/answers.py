"""The weights of the sentence scores and of the refusal, from human evidence sentences and (un)answerable questions."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from eval.bench.evidence import is_evidence
from eval.data import Query, read_corpus, read_evidence, read_queries
from eval.fit.listwise import Question, fit
from eval.fit.questions import open_retriever, sampled, whole_passage
from eval.metrics.answers import contains
from index.indexes import SIDES
from index.language import detect, side
from index.types import Passage
from rag import refuse
from rag.answer import sentences
from rag.answer.probe import probe_beside
from rag.config import Config
from rag.rerank import Reranker, load_reranker
from rag.retrieve import Retriever

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["FitSettings", "fit_refusal", "fit_sentences", "store_weights"]

_T = TypeVar("_T")
_PAIRS = tuple(f"{asked}>{held}" for asked in SIDES for held in SIDES)
# What the public sets hardly hold: tables, questions of one year among several, model numbers, figures of reports. The
# language model is not asked while the others are fitted; any weight of the probe from .75 to 1.25 is as good there.
_BY_HAND = {
    "names missing": -1.5,
    "figure missing": -4.0,
    "other time": -1.5,
    "same time": 0.7,
    "head": -4.0,
    "row": 0.0,
    "probe": 1.0,
}
# How the refusal's weights are held down, with the probe among its features and without: five-fold on the fit parts.
_PROBED, _UNPROBED = 0.005, 0.02


def fit_sentences(data: Path, target: Path, settings: FitSettings | None = None) -> float:
    """Fit on ``reading/evidence.jsonl`` (which sentence of a passage) and ``retrieval/xpool`` (which of the passages
    found by the first stage), fit parts only; the loss."""
    settings = settings or FitSettings()
    config = Config().with_values({"rerank": {"model": "none"}})
    retriever = open_retriever(read_corpus(data / "retrieval" / "xpool"), config)
    asking = _Asking(retriever, load_reranker(config.rerank, retriever))
    questions = [
        *_from_evidence(data / "reading" / "evidence.jsonl", asking, settings),
        *_from_ranking(data / "retrieval" / "xpool", asking, settings),
    ]
    weights, loss = fit(questions, len(_PAIRS), penalty=settings.penalty, apart=settings.apart)
    store_weights(target, weights, len(questions))
    return loss


def store_weights(target: Path, weights: npt.NDArray[np.float64], count: int) -> None:
    """Write the weights, shape (pairs, features)."""
    stored: dict[str, Any] = json.loads(target.read_text(encoding="ascii"))
    stored["weights"] = {
        name: {**dict(zip(sentences.FEATURES, (round(value, 4) for value in row), strict=True)), **_BY_HAND}
        for name, row in zip(_PAIRS, weights.tolist(), strict=True)
    }
    by_hand = ", ".join(sorted(_BY_HAND))
    stored["source"] = f"reading/evidence and retrieval/xpool, fit parts, {count} questions; set by hand: {by_hand}"
    target.write_text(json.dumps(stored, indent=1) + "\n", encoding="ascii")


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How many questions of each set and language pair or language, and how the weights are held down."""

    evidence: int = 1000
    ranking: int = 160
    read: int = sentences.PASSAGES_READ
    penalty: float = 1e-3
    apart: float = 0.03


@dataclass(frozen=True, slots=True)
class _Asking:
    """What questions are put to: a collection, its reranker, and a language model's word on sentences if it has one."""

    retriever: Retriever
    reranker: Reranker

    def score(self, question: str, passages: Sequence[Passage]) -> list[sentences.ScoredSentence]:
        return sentences.score_sentences(question, passages, self.retriever, probe_beside(self.reranker))


def _from_evidence(path: Path, asking: _Asking, settings: FitSettings) -> Iterable[Question]:
    rows = [row for row in read_evidence(path) if row.split == "fit"]
    for row in _some(rows, settings.evidence):
        passage = whole_passage(row.passage)
        scored = asking.score(row.question, [passage])
        right = [is_evidence(s.text, row.evidence) for s in scored]
        if any(right):
            yield _question(row.question, scored, [passage], right)


def _from_ranking(data: Path, asking: _Asking, settings: FitSettings) -> Iterable[Question]:
    queries = [q for q in read_queries(data) if q.answerable and q.split == "fit"]
    for query in sampled(queries, settings.ranking):
        passages = asking.reranker.rerank(query.text, settings.read)
        scored = asking.score(query.text, passages)
        right = [passages[s.passage].document_id in query.gold and contains(s.text, query.answers) > 0 for s in scored]
        if any(right):
            yield _question(query.text, scored, passages, right)


def _some(rows: Sequence[_T], most: int) -> list[_T]:
    return random.Random(0).sample(list(rows), min(most, len(rows)))


def _question(
    question: str, scored: Sequence[sentences.ScoredSentence], passages: Sequence[Passage], right: Sequence[bool]
) -> Question:
    import numpy as np

    asked = side(detect(question))
    groups = [_PAIRS.index(f"{asked}>{side(passages[s.passage].language)}") for s in scored]
    features = np.array([s.features for s in scored], dtype=np.float64)
    features[:, [sentences.FEATURES.index(name) for name in _BY_HAND]] = 0.0
    return Question(
        features,
        np.array(groups, dtype=np.int64),
        np.array(right, dtype=np.bool_),
    )


def fit_refusal(data: Path, target: Path, rerank: str, per_pair: int = 70) -> float:
    """Fit the refusal of one profile on ``retrieval/xpool`` and ``reading/clapnq``, fit parts: questions it answers;
    questions it does not; and half of the first again with the passages that answer them taken away, which makes near
    misses. Returns the balanced accuracy."""
    import numpy as np

    config = Config().with_values({"rerank": {"model": rerank}})
    rows: list[tuple[float, ...]] = []
    missing: list[int] = []
    answered: list[bool] = []
    for folder in (data / "retrieval" / "xpool", data / "reading" / "clapnq"):
        retriever = open_retriever(read_corpus(folder), config)
        asking = _Asking(retriever, load_reranker(config.rerank, retriever))
        for query in sampled([q for q in read_queries(folder) if q.split == "fit"], per_pair):
            for features, parts, label in _evidence(query, asking):
                rows.append(features)
                missing.append(parts)
                answered.append(label)
    model = _logistic(
        np.array(rows, dtype=np.float64),
        np.array(missing),
        np.array(answered, dtype=np.bool_),
        _UNPROBED if probe_beside(asking.reranker) is None else _PROBED,
    )
    stored: dict[str, Any] = json.loads(target.read_text(encoding="ascii"))
    name = "multilingual-e5-small" + asking.reranker.profile
    source = f"retrieval/xpool and reading/clapnq, fit parts, {len(rows)} questions"
    stored["profiles"][name] = {**model, "source": source}
    target.write_text(json.dumps(stored, indent=1) + "\n", encoding="ascii")
    return float(model["balanced accuracy"])


def _evidence(query: Query, asking: _Asking) -> Iterable[tuple[tuple[float, ...], int, bool]]:
    """The refusal's features of a question and what is missing, and of its near miss, each with whether it is
    answered."""
    found = asking.reranker.rerank(query.text, sentences.PASSAGES_READ + 1)
    terms = asking.retriever.query_terms(query.text)
    for kept, label in _variants(query, found):
        scored = asking.score(query.text, kept)
        features = refuse.evidence_features(query.text, kept, scored, terms, side(detect(query.text)))
        yield features, refuse.missing_parts(query.text, features, scored, kept), label


def _variants(query: Query, found: Sequence[Passage]) -> Iterable[tuple[list[Passage], bool]]:
    without = [passage for passage in found if passage.document_id not in query.gold]
    if not query.answerable:
        yield list(found[: sentences.PASSAGES_READ]), False
        return
    if any(passage.document_id in query.gold for passage in found[: sentences.PASSAGES_READ]):
        yield list(found[: sentences.PASSAGES_READ]), True
    if without and random.Random(query.id).random() < 0.5:
        yield without[: sentences.PASSAGES_READ], False


def _logistic(
    rows: npt.NDArray[np.float64],
    missing: npt.NDArray[np.int64],
    answered: npt.NDArray[np.bool_],
    penalty: float,
) -> dict[str, Any]:
    """A balanced logistic regression, and the threshold of best balanced accuracy that refuses at most 5 % wrongly,
    each missing part having taken its share of the probability."""
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
    chances = refuse.SHARE_WITHOUT**missing / (1.0 + np.exp(-(rows @ plain + bias)))
    threshold, balanced = _threshold(chances, answered)
    values = dict(zip(refuse.FEATURES, (round(float(value), 5) for value in plain), strict=True))
    return {"bias": round(bias, 5), "weights": values, "threshold": threshold, "balanced accuracy": round(balanced, 4)}


def _threshold(
    probabilities: npt.NDArray[np.float64], answered: npt.NDArray[np.bool_], most_refused: float = 0.05
) -> tuple[float, float]:
    best = (0.0, 0.0)
    for value in sorted(set(probabilities.round(3).tolist())):
        kept = float((probabilities[answered] >= value).mean())
        balanced = (kept + float((probabilities[~answered] < value).mean())) / 2
        if kept >= 1 - most_refused and balanced > best[1]:
            best = (value, balanced)
    return best
