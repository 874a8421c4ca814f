"""What the fits share: the collection they ask, and the questions they take of a set."""

from __future__ import annotations

import random
from collections.abc import Sequence

from eval.bench.collection import build, cached_folder
from eval.data import Passage, Query
from index.language import detect
from index.types import Passage as Found
from rag.config import Config
from rag.retrieve import Retriever

__all__ = ["open_retriever", "sampled", "whole_passage"]


def open_retriever(corpus: Sequence[Passage], config: Config) -> Retriever:
    """Retrieval over the knowledge base of a corpus, built once and kept in the user's cache."""
    from index.embed import load_embeddings

    folder = cached_folder(corpus, load_embeddings(config.embedding).identity)
    return build(corpus, folder, config).retriever()


def sampled(queries: Sequence[Query], per_pair: int, seed: int = 0) -> list[Query]:
    """At most ``per_pair`` questions of each language pair."""
    chosen: list[Query] = []
    for pair in sorted({q.pair for q in queries}):
        own = [q for q in queries if q.pair == pair]
        chosen += random.Random(seed).sample(own, min(per_pair, len(own)))
    return chosen


def whole_passage(text: str) -> Found:
    """A passage given with its question, as if it had been found."""
    return Found("", "", "", "", None, 0, len(text), text, detect(text), 0.0)
