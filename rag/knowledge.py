"""The knowledge base: the Python API, a thin composition of the stages."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from index import build
from index.errors import EmptyStoreError, IncompatibleStoreError
from index.indexes import is_current, make_indexer
from index.store import DocumentInfo, Store
from index.types import Chunk, Document, Passage
from index.words import load_user_dictionary
from rag.config import Config
from rag.given import check_language, check_limit, plain_question, plain_turns
from rag.types import Answer, Event, IngestFailure, IngestReport, Turn

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from langchain_core.retrievers import BaseRetriever
    from langchain_core.runnables import Runnable

    from index.embed import LocalEmbeddings, RemoteEmbeddings
    from index.generation import Generation
    from rag.respond import Responder
    from rag.retrieve import Retriever

    Matrix = npt.NDArray[np.float32]

__all__ = ["KnowledgeBase"]


class KnowledgeBase:
    """Documents in a folder, to search and to ask. Safe to use from several threads.

    >>> kb = KnowledgeBase.open("kb", create=True)
    >>> kb.add(["docs/"])
    >>> kb.ask("问题").text
    """

    def __init__(self, store: Store, config: Config, announce: Callable[[str], None] | None = None) -> None:
        """Use ``open``; this takes the parts as they are."""
        if config.retrieval.user_dictionary:
            load_user_dictionary(config.retrieval.user_dictionary)
        self._store = store
        self._config = config
        self._announce = announce
        self._lock = threading.Lock()
        self._responder: tuple[int, Responder] | None = None

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        create: bool = False,
        config: Config | None = None,
        announce: Callable[[str], None] | None = None,
    ) -> KnowledgeBase:
        """Open the knowledge base in a folder; with ``create``, make one where there is none.

        ``config`` defaults to the folder's own ``wenju.toml``, else to the defaults. ``announce`` gets one line when
        something slow starts, such as preparing a model for the first time.

        The words of a user dictionary hold for the whole process from then on.

        Raises ``MissingStoreError``, ``ForeignStoreError``, ``DamagedStoreError``, ``ConfigError``, or ``UsageError``
        for a user dictionary that cannot be read.
        """
        folder = Path(path)
        store = Store.open(folder, create=create)
        return cls(store, Config.of(folder) if config is None else config, announce)

    # --- documents ---------------------------------------------------------------------------------------------

    def add(
        self, paths: Sequence[str | Path], on_progress: Callable[[build.Progress], None] | None = None
    ) -> IngestReport:
        """Add files and folders. Unchanged files cost nothing (unless it ``is_outdated``), changed ones are replaced, a
        bad one costs itself only. A document whose file is gone from a folder that is added again is taken out (not
        where the folder is empty: a drive may not be connected).

        Raises ``UsageError`` for a path that does not exist, ``IncompatibleStoreError`` when the knowledge base was
        built with another embedding model, and ``StoreError`` when it cannot be written; nothing is lost in any case.
        """
        report = build.add(
            self._store,
            paths,
            embedder=lambda: self._embeddings,
            indexer=self._index,
            budget=self._config.chunking.budget,
            outdated=lambda held: not is_current(held.extra),
            on_progress=on_progress,
        )
        failed = tuple(IngestFailure(str(path), reason) for path, reason in report.failed)
        return IngestReport(report.added, report.updated, report.unchanged, failed, report.removed)

    def is_outdated(self) -> bool:
        """Whether its search words were made by another version or with another user dictionary: the next ``add``
        makes them anew, whatever it adds."""
        held = self._store.snapshot()
        return bool(held.document_rows()) and not is_current(held.extra)

    def documents(self) -> list[DocumentInfo]:
        """The documents, by title then id."""
        return sorted(self._store.snapshot().document_rows(), key=lambda info: (info.title, info.id))

    def document(self, document_id: str) -> Document:
        """One document with its whole cleaned text. Raises ``UnknownDocumentError``."""
        return self._store.snapshot().document(document_id)

    def remove(self, document_id: str) -> None:
        """Take a document out. Raises ``UnknownDocumentError``."""
        build.remove(self._store, document_id, indexer=self._index)

    def verify(self) -> list[str]:
        """Check every file, count and offset; the problems found, in plain words, none if all is sound."""
        return self._store.verify()

    def close(self) -> None:
        """Let go of the files."""
        with self._lock:
            self._responder = None
        self._store.close()

    # --- questions ---------------------------------------------------------------------------------------------

    def search(self, question: str, limit: int | None = None) -> list[Passage]:
        """The passages that answer a question best, best first, in whichever language they stand.

        Raises ``QuestionError`` (empty or too long), ``UsageError`` for a limit below 1 or a value of another type,
        ``EmptyStoreError`` or ``IncompatibleStoreError``.
        """
        check_limit(limit)
        text = plain_question(question, self._config.app.max_question_characters)
        return self._respond().search(text, limit)

    def ask(self, question: str, history: Iterable[Answer | Turn] = (), language: str = "") -> Answer:
        """Answer a question with cited passages, or refuse. ``history`` is the turns before, oldest first; ``language``
        is what to answer in when the question itself does not show one (``H20?``).

        Raises ``QuestionError`` (empty or too long), ``UsageError`` for a value of another type, ``EmptyStoreError`` or
        ``IncompatibleStoreError``.
        """
        for event in self.stream(question, history, language):
            if isinstance(event, Answer):
                return event
        raise AssertionError("a stream ends with an answer")

    def stream(self, question: str, history: Iterable[Answer | Turn] = (), language: str = "") -> Iterator[Event]:
        """As ``ask``, step by step: each ``Status``, each ``Sentence`` once checked, last the whole ``Answer``."""
        started = time.perf_counter()
        text = plain_question(question, self._config.app.max_question_characters)
        turns = plain_turns(history)
        check_language(language)
        for event in self._respond().stream(text, turns, language):
            if isinstance(event, Answer):
                yield replace(event, timings={**event.timings, "total": time.perf_counter() - started})
            else:
                yield event

    def as_retriever(self, limit: int | None = None) -> BaseRetriever:
        """This knowledge base as a LangChain retriever."""
        from rag.langchain import KnowledgeBaseRetriever

        return KnowledgeBaseRetriever(knowledge_base=self, limit=limit)

    def as_chain(self) -> Runnable[str | dict[str, object], Answer]:
        """This knowledge base as a LangChain runnable, from a question, or ``{"question": …, "history": […]}``, to an
        answer."""
        from rag.langchain import as_chain

        return as_chain(self)

    # --- parts -------------------------------------------------------------------------------------------------

    def _respond(self) -> Responder:
        """The stages over the current generation, made anew when there is a newer one."""
        from rag.respond import Responder

        generation = self._store.snapshot()
        if not generation.document_rows():
            raise EmptyStoreError(f"the knowledge base {self._store.path} holds no documents yet: wenju add PATH")
        with self._lock:
            if self._responder is None or self._responder[0] != generation.number:
                self._check_model(generation)
                if self._announce is not None and not is_current(generation.extra):
                    self._announce(
                        f"{self._store.path} was indexed by another version or user dictionary: add its documents again"
                    )
                responder = Responder(generation, self._embeddings, self._config, self._announce)
                self._responder = (generation.number, responder)
            return self._responder[1]

    def _check_model(self, generation: Generation) -> None:
        """Raise ``IncompatibleStoreError`` unless it was built with the model in use, which a wrong name tells before
        that model is loaded."""
        held, used = generation.manifest.embedding.name, self._embeddings.name
        if held != used:
            raise IncompatibleStoreError(
                f"{self._store.path} was built with the embedding model {held}, not with {used}: set that model in the "
                "configuration, or add the documents to a new knowledge base"
            )
        generation.check_embedding(self._embeddings.identity)

    def retriever(self) -> Retriever:
        """The retrieval stage over the current generation, for measuring and for building on."""
        return self._respond().retriever

    @cached_property
    def _embeddings(self) -> LocalEmbeddings | RemoteEmbeddings:
        from index.embed import load_embeddings

        return load_embeddings(self._config.embedding, self._announce)

    def _index(
        self, chunks: Sequence[Chunk], texts: Sequence[str], vectors: Matrix, base: Generation
    ) -> tuple[dict[str, bytes], dict[str, object]]:
        """What is held keeps its vectors, so that the model they were made with is what counts; ours, which the build
        has found to be the same, is not loaded for it, and is asked for its name where nothing is held yet."""
        name = base.manifest.embedding.name if base.document_rows() else self._embeddings.identity.name
        return make_indexer(name)(chunks, texts, vectors, base)
