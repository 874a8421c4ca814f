"""The scales of the first stage, and the blend of the likelihood reranker, from questions with known passages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from eval.data import Query, read_corpus, read_queries
from eval.fit.listwise import Question, fit
from eval.fit.questions import open_retriever, sampled
from index.indexes import SIDES
from index.language import Side, detect, side
from index.store import Generation
from rag.config import Config
from rag.rerank import language_model_lifts, read_closely
from rag.retrieve import Candidate, Retriever

__all__ = ["fit_likelihood", "fit_scales"]

_PAIRS = tuple(f"{asked}>{held}" for asked in SIDES for held in SIDES)
_READ, _REACH = 18, 6.0  # fitted on candidates that are nearer still, the first stage would be trusted too little
_TEN = 10.0  # cosines are a tenth of the size the penalty wants


def _opened(data: Path, config: Config) -> tuple[Generation, Retriever, list[Query]]:
    retriever = open_retriever(read_corpus(data), config)
    queries = [q for q in read_queries(data) if q.answerable and q.split == "fit"]
    return retriever.generation, retriever, queries


def _documents(generation: Generation) -> list[str]:
    return [chunk.document_id for chunk in generation.all_chunks()]


def _asked(query: Query) -> Side:
    return side(detect(query.text))


def _question(
    query: Query, candidates: Sequence[Candidate], columns: Sequence[Sequence[float]], documents: Sequence[str]
) -> Question | None:
    import numpy as np

    right = np.array([documents[c.row] in query.gold for c in candidates], dtype=np.bool_)
    if not right.any():
        return None
    group = np.array([_PAIRS.index(f"{_asked(query)}>{c.side}") for c in candidates], dtype=np.int64)
    return Question(np.array(columns, dtype=np.float64), group, right)


def fit_scales(data: Path, target: Path) -> float:
    """Fit ``Scale``s on a mixed collection (``retrieval/xpool``); returns the loss."""
    generation, retriever, queries = _opened(data, Config())
    documents = _documents(generation)
    questions = []
    for query in queries:
        candidates = retriever.candidates(query.text)
        columns = [(c.cosine * _TEN, c.overlap, 1.0) for c in candidates]
        questions.append(_question(query, candidates, columns, documents))
    weights, loss = fit([q for q in questions if q is not None], len(_PAIRS))
    pairs = {
        pair: {"dense": round(row[0] * _TEN, 4), "lexical": round(row[1], 4), "offset": round(row[2], 4)}
        for pair, row in zip(_PAIRS, weights.tolist(), strict=True)
    }
    _write(target, {"source": f"{data.parent.name}/{data.name}, fit part, {len(queries)} questions", "pairs": pairs})
    return loss


def fit_likelihood(data: Path, target: Path, per_pair: int, seed: int = 0) -> float:
    """Fit the blend of first-stage score and lift on ``per_pair`` questions of each pair; returns the loss."""
    generation, retriever, queries = _opened(data, Config())
    documents = _documents(generation)
    chosen = sampled(queries, per_pair, seed)
    settings = replace(Config().rerank, windows=_READ, reach=_REACH)
    questions = []
    for query in chosen:
        candidates = read_closely(retriever.candidates(query.text), settings)
        lifts = language_model_lifts(query.text, candidates, retriever.passages(candidates), retriever, settings)
        columns = [(c.score / _TEN, lift, 1.0) for c, lift in zip(candidates, lifts, strict=True)]
        questions.append(_question(query, candidates, columns, documents))
    weights, loss = fit([q for q in questions if q is not None], len(_PAIRS))
    stored: dict[str, Any] = json.loads(target.read_text(encoding="utf-8"))
    stored["source"] = f"{data.parent.name}/{data.name}, fit part, {len(chosen)} questions"
    stored["pairs"] = {
        pair: {"first": round(row[0] / _TEN, 4), "lift": round(row[1], 4), "offset": round(row[2], 4)}
        for pair, row in zip(_PAIRS, weights.tolist(), strict=True)
    }
    _write(target, stored)
    return loss


def _write(target: Path, values: dict[str, Any]) -> None:
    target.write_text(json.dumps(values, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
