"""The knowledge base as parts of LangChain: a retriever, a runnable, and a chain made of them."""

from __future__ import annotations

import pytest
from langchain_core.documents import Document
from langchain_core.language_models import FakeListChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompt_values import PromptValue
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableLambda, RunnablePassthrough
from real import real, real_folder

from rag import Answer, KnowledgeBase, Turn
from rag.errors import QuestionError, UsageError

__all__ = ["real", "real_folder"]

QUESTIONS = ["CX-8的显存带宽？", "輝達H20的記憶體頻寬？", "How much prepayment will Northgate make?"]
QUESTION = QUESTIONS[2]


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_retriever_gives_passages_as_documents(real: KnowledgeBase, question: str) -> None:
    retriever = real.as_retriever(limit=3)
    assert isinstance(retriever, BaseRetriever)
    found = retriever.invoke(question)
    passages = real.search(question, 3)
    assert [document.id for document in found] == [passage.chunk_id for passage in passages]
    for document, passage in zip(found, passages, strict=True):
        assert document.page_content == passage.text
        metadata = document.metadata
        whole = real.document(metadata["document_id"])
        assert whole.text[metadata["start"] : metadata["end"]] == document.page_content
        assert metadata["title"] == whole.title and metadata["source"] == whole.source
        assert metadata["page"] == passage.page and metadata["language"] == passage.language
        assert metadata["score"] == passage.score and metadata["headings"] == list(passage.headings)


def test_a_retriever_without_a_limit_gives_as_many_as_a_search(real: KnowledgeBase) -> None:
    assert len(real.as_retriever().invoke(QUESTION)) == len(real.search(QUESTION))


def test_a_retriever_is_composed_into_a_chain(real: KnowledgeBase) -> None:
    def joined(documents: list[Document]) -> str:
        return "\n".join(document.page_content for document in documents)

    prompt = ChatPromptTemplate.from_template("{context}\n\n{question}")
    seen: list[str] = []

    def note(value: PromptValue) -> PromptValue:
        seen.append(str(value))
        return value

    chain: Runnable[str, str] = (
        {"context": real.as_retriever(limit=2) | joined, "question": RunnablePassthrough()}
        | prompt
        | RunnableLambda(note)
        | FakeListChatModel(responses=["96 million"])
        | StrOutputParser()
    )
    assert chain.invoke(QUESTION) == "96 million"
    assert "$96 million" in seen[0] and QUESTION in seen[0]


def test_a_chain_takes_a_question_alone_or_with_its_history(real: KnowledgeBase) -> None:
    chain = real.as_chain()
    first = chain.invoke(QUESTION)
    assert isinstance(first, Answer) and first.citations and first.language == "en"
    same = chain.invoke({"question": QUESTION})
    assert (same.text, same.citations) == (first.text, first.citations)
    follow = chain.invoke({"question": "In how many instalments will it pay?", "history": [first]})
    assert "Northgate" in follow.standalone and follow.question == "In how many instalments will it pay?"
    turn = chain.invoke({"question": "In how many instalments will it pay?", "history": [Turn(QUESTION, first.text)]})
    assert turn.standalone == follow.standalone


@pytest.mark.parametrize("value", [{"query": "x"}, {"question": "x", "limit": 3}, {}, {"history": []}])
def test_a_chain_refuses_a_key_it_does_not_know(real: KnowledgeBase, value: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="question and history") as caught:
        real.as_chain().invoke(value)
    assert "\n" not in str(caught.value)


def test_an_empty_question_is_the_same_error_through_a_chain(real: KnowledgeBase) -> None:
    with pytest.raises(QuestionError):
        real.as_chain().invoke("  ")


def test_the_answer_goes_on_into_other_runnables(real: KnowledgeBase) -> None:
    chain = real.as_chain() | (lambda answer: answer.as_dict()["citations"][0]["quote"])
    assert chain.invoke(QUESTION) == real.ask(QUESTION).citations[0].quote
