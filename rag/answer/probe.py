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

import prompts
from index.language import Side
from rag.answer.sentences import Probe
from rag.language_model import LanguageModel, language_model
from rag.memory import Memory
from rag.rerank import Reranker, RerankSettings, unrelated_texts

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float32]

__all__ = ["DEPTH", "AnswerProbe", "StateReader", "probe_beside", "stored_probe"]

DEPTH = 7
"""Layers of the model, of 18, that read: no deeper one tells more."""
_MOST_CHARACTERS: dict[Side, int] = {"zh": 160, "en": 440}  # of a text: its end, where the sentence itself stands
_QUESTION_TOKENS = RerankSettings().question_tokens
_REMEMBERED = 64  # questions, with a side


class StateReader:
    """What a language model holds of a question after texts, less what it holds of it after unrelated ones."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        self._bases: Memory[tuple[Side, tuple[int, ...]], Matrix] = Memory(_REMEMBERED)

    def states(self, question: str, texts: Sequence[str], sides: Sequence[Side]) -> Matrix:
        """One row a text, each of its side: float32, shape (texts, 2 * width); see ``LanguageModel.states``."""
        import numpy as np

        asked = self._model.encode(" " + question)[:_QUESTION_TOKENS]
        ends = [text[-_MOST_CHARACTERS[name] :] for text, name in zip(texts, sides, strict=True)]
        known = self._bases.known((name, tuple(asked)) for name in dict.fromkeys(sides))
        missing = [name for name in dict.fromkeys(sides) if (name, tuple(asked)) not in known]
        others = [(text, name) for name in missing for text in unrelated_texts(name)]
        contexts = [
            self._model.encode(prompts.load("likelihood", name).fill(passage=text))
            for text, name in [*zip(ends, sides, strict=True), *others]
        ]
        # All in one call: a pass over few texts is slower for each of them.
        read = self._model.states(contexts, asked, DEPTH)
        for name in missing:
            own = [row for row, (_, other) in zip(read[len(ends) :], others, strict=True) if other == name]
            known[name, tuple(asked)] = np.mean(own, axis=0)
        self._bases.keep(known)
        less: Matrix = read[: len(ends)] - np.stack([known[name, tuple(asked)] for name in sides])
        return less


class AnswerProbe:
    """How sure it is that each text answers the question, in logits against that none of its passage's does."""

    def __init__(self, model: LanguageModel) -> None:
        self._reader = StateReader(model)

    def __call__(self, question: str, texts: Sequence[str], sides: Sequence[Side]) -> list[float]:
        import numpy as np

        if not texts:
            return []
        stored = stored_probe()
        weights = np.array(stored["weights"], dtype=np.float32)
        scores: list[float] = (self._reader.states(question, texts, sides) @ weights + stored["bias"]).tolist()
        return scores


@cache
def stored_probe() -> Mapping[str, Any]:
    """The fitted weights, one for each of the states' numbers, and their bias."""
    path = resources.files("rag").joinpath("data/answer-probe.json")
    stored: Mapping[str, Any] = json.loads(path.read_text(encoding="ascii"))
    return stored


def probe_beside(reranker: Reranker) -> Probe | None:
    """A language model's word on sentences where one reranks the passages already; None where none does."""
    return _probe() if reranker.profile == "+likelihood" else None


@cache
def _probe() -> AnswerProbe:
    return AnswerProbe(language_model())
