"""A corpus in JSON lines as a knowledge base: built by the product's own line, kept for the next run.

Each row is one document of one paragraph. The knowledge base is kept under the user's cache folder by corpus and
embedding model. It is indexed anew when the chunk size, the code of ``index`` or the user dictionary changed; no text
is embedded twice.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from eval.bench.baselines import Collection
from eval.data import Passage
from eval.marks import checksum
from index.build import Embedder, Progress, embed
from index.chunk import embedding_text
from index.errors import UsageError
from index.language import detect
from index.rules import word_rules
from index.types import Chunk, Document, Section
from index.words import load_user_dictionary

if TYPE_CHECKING:
    from index.manifest import EmbeddingIdentity
    from index.store import Store
    from rag.config import Config
    from rag.knowledge import KnowledgeBase

__all__ = ["KnowledgeSearcher", "build", "build_store", "cached_folder", "searched", "to_document", "without"]

_MARK = "benchmark"  # where the manifest keeps what the indexes were made from


class KnowledgeSearcher:
    """A knowledge base as what is measured: the product as its users have it."""

    def __init__(self, knowledge_base: KnowledgeBase) -> None:
        self._knowledge_base = knowledge_base

    def search(self, question: str, limit: int) -> list[str]:
        """The document ids of the best passages, best first; a document may come more than once."""
        return [passage.document_id for passage in self._knowledge_base.search(question, limit)]


def build(rows: Sequence[Passage], folder: Path, config: Config) -> KnowledgeBase:
    """A knowledge base over a corpus, in ``folder``; one that is already there and up to date is opened as it is.

    Raises ``StoreError``, ``ModelError``, or ``UsageError`` for a user dictionary that cannot be read.
    """
    from index.embed import load_embeddings
    from rag.knowledge import KnowledgeBase

    if config.retrieval.user_dictionary:
        load_user_dictionary(config.retrieval.user_dictionary)
    embedder = load_embeddings(config.embedding, _tell)
    return KnowledgeBase(build_store(rows, folder, embedder, config.chunking.budget), config, _tell)


def build_store(rows: Sequence[Passage], folder: Path, embedder: Embedder, budget: int) -> Store:
    """As ``build``, with the parts named: chunks of ``budget`` tokens, embedded by ``embedder``."""
    from index.store import Store

    folder.parent.mkdir(parents=True, exist_ok=True)
    store = Store.open(folder, create=True)
    mark = checksum([_content(rows), asdict(embedder.identity), budget, word_rules()])
    if store.snapshot().extra.get(_MARK) != mark:
        _index(sorted(rows, key=lambda row: row.id), store, embedder, budget, mark)
    return store


def cached_folder(rows: Sequence[Passage], identity: EmbeddingIdentity) -> Path:
    """Where the knowledge base of a corpus and an embedding model is kept."""
    from index.models import cache_folder

    return cache_folder() / "bench" / checksum([_content(rows), asdict(identity)])[:24]


def searched(store: Store) -> Collection:
    """The passages of a knowledge base as the baselines need them."""
    generation = store.snapshot()
    titles = {info.id: info.title for info in generation.document_rows()}
    chunks = list(generation.all_chunks())
    texts = [embedding_text(chunk, titles[chunk.document_id]) for chunk in chunks]
    return Collection([chunk.document_id for chunk in chunks], texts, generation.vectors)


def to_document(row: Passage) -> Document:
    """A row of a corpus as a cleaned document; its id is the row's, so that rankings name rows."""
    return Document(
        id=row.id,
        title=row.title,
        source=f"corpus.jsonl#{row.id}",
        text=row.text,
        language=detect(row.text),
        digest=hashlib.sha256(row.text.encode("utf-8")).hexdigest(),
        sections=(Section("paragraph", 0, len(row.text)),),
    )


def without(config: Config, steps: Iterable[str]) -> Config:
    """The configuration with steps of retrieval switched off. Raises ``UsageError`` for one that has no switch."""
    for step in steps:
        if step == "rerank":
            config = replace(config, rerank=replace(config.rerank, model="none"))
        elif isinstance(getattr(config.retrieval, step, None), bool):
            config = config.with_values({"retrieval": {step: False}})
        else:
            raise UsageError(f"--without {step}: this version has no switch for that step, leave the option out")
    return config


def _index(rows: Sequence[Passage], store: Store, embedder: Embedder, budget: int, mark: str) -> None:
    from index.chunk import chunk
    from index.indexes import make_indexer
    from index.store import Contents

    documents = [to_document(row) for row in rows]
    chunks: list[Chunk] = []
    texts: list[str] = []
    for document in documents:
        pieces = chunk(document, embedder.count_tokens, budget)
        chunks += pieces
        texts += [embedding_text(piece, document.title) for piece in pieces]
    with store.writer() as writer:
        vectors = embed(texts, embedder, store.cache_path, _tell_progress)
        _tell(f"indexing {len(chunks)} passages")
        files, extra = make_indexer(embedder.identity.name)(chunks, texts, vectors, writer.base)
        writer.commit(Contents(documents, chunks, vectors, embedder.identity, files, {**extra, _MARK: mark}))


def _content(rows: Iterable[Passage]) -> list[list[str]]:
    return sorted([row.id, row.title, row.text] for row in rows)


def _tell_progress(progress: Progress) -> None:
    _tell(f"embedded {progress.done} of {progress.total} passages")


def _tell(line: str) -> None:
    sys.stderr.write(line + "\n")
