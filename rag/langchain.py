"""The knowledge base as LangChain parts: a retriever, and a runnable from a question to an answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as LangChainDocument
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableLambda

from index.errors import UsageError
from index.types import Passage
from rag.types import Answer, Turn

if TYPE_CHECKING:
    from rag.knowledge import KnowledgeBase

__all__ = ["KnowledgeBaseRetriever", "as_chain"]


class KnowledgeBaseRetriever(BaseRetriever):
    """Passages as LangChain documents: the text as content, everything else of the passage as metadata."""

    knowledge_base: Any
    limit: int | None = None

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[LangChainDocument]:
        return [_document(passage) for passage in self.knowledge_base.search(query, self.limit)]


def _document(passage: Passage) -> LangChainDocument:
    metadata = {
        "chunk_id": passage.chunk_id,
        "document_id": passage.document_id,
        "title": passage.title,
        "source": passage.source,
        "page": passage.page,
        "start": passage.start,
        "end": passage.end,
        "language": passage.language,
        "score": passage.score,
        "headings": list(passage.headings),
    }
    return LangChainDocument(id=passage.chunk_id, page_content=passage.text, metadata=metadata)


def as_chain(knowledge_base: KnowledgeBase) -> Runnable[str | dict[str, Any], Answer]:
    """A runnable that takes a question, or ``{"question": …, "history": […]}``, and gives an ``Answer``."""

    def ask(value: str | dict[str, Any]) -> Answer:
        question, history = _read(value)
        return knowledge_base.ask(question, history)

    return RunnableLambda(ask, name="wenju")


def _read(value: str | dict[str, Any]) -> tuple[str, Iterable[Answer | Turn]]:
    if isinstance(value, str):
        return value, ()
    given = sorted(map(str, value)) if isinstance(value, dict) else type(value).__name__
    if not isinstance(value, dict) or "question" not in value or set(value) - {"question", "history"}:
        raise UsageError(f"the chain takes a question, or a table of question and history, was: {given}")
    return value["question"], value.get("history", ())
