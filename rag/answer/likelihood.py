"""How likely a sentence makes the question, by the bundled language model: a reader's word among the features."""

from __future__ import annotations

from collections.abc import Sequence

from index.language import Side
from rag.answer.sentences import Likelihood
from rag.language_model import LanguageModel, language_model
from rag.rerank import Reranker, RerankSettings, lifts

__all__ = ["likelihood_beside", "sentence_likelihood"]

_MOST_CHARACTERS: dict[Side, int] = {"zh": 160, "en": 440}  # of a text: its end, where the sentence itself stands
_QUESTION_TOKENS = RerankSettings().question_tokens


def likelihood_beside(reranker: Reranker) -> Likelihood | None:
    """A language model's word on sentences where one reranks the passages already; None where none does."""
    return sentence_likelihood(language_model()) if reranker.profile == "+likelihood" else None


def sentence_likelihood(model: LanguageModel) -> Likelihood:
    """The lift of a question's mean log-probability behind each text over that behind an unrelated one of its side."""

    def likelihood(question: str, texts: Sequence[str], sides: Sequence[Side]) -> list[float]:
        ends = [text[-_MOST_CHARACTERS[name] :] for text, name in zip(texts, sides, strict=True)]
        return lifts(model, question, ends, sides, compared=1, question_tokens=_QUESTION_TOKENS)

    return likelihood
