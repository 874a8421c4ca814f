"""How likely a sentence makes the question, by the bundled language model: a reader's word among the features."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import prompts
from index.language import Side
from rag.answer.sentences import Likelihood
from rag.language_model import LanguageModel, language_model
from rag.rerank import Reranker, RerankSettings, unrelated_texts

__all__ = ["likelihood_beside", "sentence_likelihood"]

_MOST_CHARACTERS: dict[Side, int] = {"zh": 160, "en": 440}  # of a text: its end, where the sentence itself stands
_QUESTION_TOKENS = RerankSettings().question_tokens


def likelihood_beside(reranker: Reranker) -> Likelihood | None:
    """A language model's word on sentences where one reranks the passages already; None where none does."""
    return sentence_likelihood(language_model()) if reranker.profile == "+likelihood" else None


def sentence_likelihood(model: LanguageModel) -> Likelihood:
    """The lift of a question's mean log-probability behind each text over that behind an unrelated one of its side."""

    @lru_cache(maxsize=64)
    def unrelated(question: str, name: Side) -> float:
        return means(question, unrelated_texts(name)[:1], name)[0]

    def means(question: str, texts: Sequence[str], name: Side) -> list[float]:
        prompt = prompts.load("likelihood", name)
        contexts = [model.encode(prompt.fill(passage=text[-_MOST_CHARACTERS[name] :])) for text in texts]
        found: list[float] = (
            model.log_likelihoods(contexts, model.encode(" " + question)[:_QUESTION_TOKENS]).mean(axis=1).tolist()
        )
        return found

    def lifts(question: str, texts: Sequence[str], name: Side) -> list[float]:
        base = unrelated(question, name)
        return [value - base for value in means(question, texts, name)]

    return lifts
