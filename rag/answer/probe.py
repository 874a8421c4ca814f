"""Does a text answer a question? A linear probe (Alain & Bengio 2016) of what the bundled language model holds of it.

The model reads the question after the text, and no further than its first few layers: what it holds of the question
there, less what it holds of it after texts that nobody would ask it of, is weighed. Unlike the question's likelihood it
tells a sentence that answers from one that is only about the same thing, and costs less than half. The weights are
fitted on public questions with their passages, answered or not (see ``eval.fit.probe``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from index.language import Side
from rag.answer.sentences import Probe
from rag.language_model import LanguageModel, language_model
from rag.rerank import Reranker, RerankSettings, beside_unrelated

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["AnswerProbe", "probe_beside", "question_states", "stored_probe"]

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
        import numpy as np

        stored = stored_probe()
        states = question_states(self._model, question, texts, sides, stored["depth"])
        scores: list[float] = (states @ np.array(stored["weights"], dtype=np.float32) + stored["bias"]).tolist()
        return scores


@cache
def stored_probe() -> Mapping[str, Any]:
    """The fitted ``weights``, one for each of the states' numbers, their ``bias``, and the ``depth`` they belong to."""
    path = resources.files("rag").joinpath("data/answer-probe.json")
    stored: Mapping[str, Any] = json.loads(path.read_text(encoding="ascii"))
    return stored


def probe_beside(reranker: Reranker) -> Probe | None:
    """A language model's word on sentences where one reranks the passages already; None where none does."""
    return AnswerProbe(language_model()) if reranker.profile == "+likelihood" else None
