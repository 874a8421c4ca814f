"""``llm:PROVIDER:MODEL``: a chat model as judge, asked three times a claim; the majority decides.

Its reply must be one word, ``supported`` or ``unsupported``. Any other is an error of that row, counted as failed: a
judge that cannot be read has not judged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import prompts
from eval.scorers import Judgement, ScorerOutputError
from index.errors import UsageError
from index.language import is_chinese, side
from rag.cite import fenced, neutralise

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["LlmScorer", "load", "verdict_of"]

VOTES = 3
_THOUGHTS = re.compile(r"<think>.*?</think>", re.DOTALL)
_VERDICTS = {"supported": True, "unsupported": False, "支持": True, "不支持": False}


class LlmScorer:
    """Scores with the share of votes that say supported. As safe for threads as its model."""

    threshold = 0.5

    def __init__(self, name: str, model: BaseChatModel | None = None) -> None:
        self.name = f"llm:{name}"
        self._given = model
        self._spec = name

    @cached_property
    def _model(self) -> BaseChatModel:
        if self._given is not None:
            return self._given
        from rag.answer.chat_models import load_chat_model
        from rag.config import AnswerSettings

        return load_chat_model(AnswerSettings(model=self._spec))

    @property
    def revision(self) -> str:
        """The provider's own name of the model: it does not say more."""
        return self._spec

    @property
    def calibration(self) -> Mapping[str, Any]:
        """None is known for a model of one's own."""
        return {}

    def judge(self, claim: str, evidence: Sequence[str], claim_language: str, evidence_language: str) -> Judgement:
        """The majority of the votes. Raises ``ScorerOutputError`` for a reply that is no verdict."""
        if not any(text.strip() for text in evidence):
            return Judgement(0.0, False, "no evidence")
        if not all(is_chinese(tag) or tag in ("en", "und", "") for tag in (claim_language, evidence_language)):
            return Judgement(None, None, "not scored: the prompts are in Chinese and English")
        messages = prompts.load("judge", side(claim_language or evidence_language)).messages(
            sources=fenced([("", text) for text in evidence]), claim=neutralise(claim)
        )
        votes = [verdict_of(str(self._model.invoke(messages).text)) for _ in range(VOTES)]
        share = sum(votes) / VOTES
        return Judgement(share, share >= self.threshold, "" if share >= self.threshold else "judged unsupported")


def verdict_of(reply: str) -> bool:
    """What a reply says, thoughts before it aside. Raises ``ScorerOutputError`` unless it is exactly one verdict."""
    word = _THOUGHTS.sub("", reply).strip().strip("*`\"'“”.。 \n").lower()
    if word not in _VERDICTS:
        raise ScorerOutputError(f"the judge must reply supported or unsupported, was: {reply.strip()[:80]!r}")
    return _VERDICTS[word]


def load(model: str) -> LlmScorer:
    """The scorer, its model not loaded yet. Raises ``UsageError`` for a name that is none of a model."""
    provider, _, name = model.partition(":")
    if not provider or not name:
        raise UsageError(f"a scorer llm:PROVIDER:MODEL was expected, such as llm:openai:gpt-5-mini, was: llm:{model}")
    return LlmScorer(model)
