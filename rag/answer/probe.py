"""Does a text answer a question? A linear probe (``rag.linear_probe``) of what the bundled language model holds of it.

The model reads the question after the text, and no further than its first few layers: what it holds of the question
there, less what it holds of it after texts that nobody would ask it of, is weighed. Unlike the question's likelihood it
tells a sentence that answers from one that is only about the same thing, and costs less than half. The weights are
fitted on public questions with their passages, answered or not (see ``eval.fit.probe``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from index.language import Side
from rag.answer.sentences import Probe
from rag.language_model import LanguageModel, language_model
from rag.linear_probe import stored_probe
from rag.rerank import Reranker, RerankSettings, beside_unrelated

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["AnswerProbe", "probe_beside", "question_states"]

_MOST_CHARACTERS: dict[Side, int] = {"zh": 160, "en": 440}  # of a text: its end, where the sentence itself stands
_QUESTION_TOKENS = RerankSettings().question_tokens


def question_states(
    model: LanguageModel, question: str, texts: Sequence[str], sides: Sequence[Side], depth: int
) -> npt.NDArray[np.float32]:
    """What the model holds of a question after each text, less the mean of what it holds of it after unrelated texts of
    the text's side, by ``depth`` of its layers: float32, shape (texts, 2 * width); see ``LanguageModel.states``."""
    import numpy as np

    asked = model.encode(" " + question)[:_QUESTION_TOKENS]
    ends = [text[-_MOST_CHARACTERS[name] :] for text, name in zip(texts, sides, strict=True)]
    # Read again for every question, not remembered: in bfloat16 what is read together decides the last digits.
    contexts, others = beside_unrelated(model, ends, sides)
    read = model.states(contexts, asked, depth)
    less = read[: len(ends)].copy()
    of_other = np.array(others)
    for place, name in enumerate(sides):
        less[place] -= read[len(ends) :][of_other == name].mean(axis=0)
    return less


class AnswerProbe:
    """How sure it is that each text answers the question, in logits against that none of its passage's does."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model

    def __call__(self, question: str, texts: Sequence[str], sides: Sequence[Side]) -> list[float]:
        probe = stored_probe("answer")
        scores: list[float] = probe.logits(question_states(self._model, question, texts, sides, probe.depth)).tolist()
        return scores


def probe_beside(reranker: Reranker) -> Probe | None:
    """A language model's word on sentences where one reranks the passages already; None where none does."""
    return AnswerProbe(language_model()) if reranker.profile == "+likelihood" else None
