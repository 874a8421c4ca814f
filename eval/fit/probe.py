"""The probe of ``rag.answer.probe``: from questions on one passage, some of which it does not answer.

Of each question a few sentences of its passage are read, those that share most words with it and one that holds an
answer. Of some questions the sentences that answer are taken away, so that in both languages there are questions whose
sentences are all near misses. Each question is one choice among its sentences and none of them.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from eval.data import ReadingRow, read_reading
from eval.fit.linear import fit_linear
from eval.fit.questions import whole_passage
from eval.metrics.answers import contains
from index.names import matching_words
from index.types import Passage
from rag.answer.probe import question_states
from rag.answer.sentences import in_topic
from rag.answer.spans import Span, spans_of
from rag.language_model import language_model
from rag.linear_probe import LinearProbe

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

__all__ = ["Choice", "ProbeFitSettings", "choices", "fit_probe", "fit_weights"]

_ROUNDS = 150
_TOLD = 200  # questions between two lines of progress


@dataclass(frozen=True, slots=True)
class ProbeFitSettings:
    """How many questions of each language, answered and not, and how many sentences of each; the share of questions
    whose answer is taken away; after how many of the model's layers, of 18, its states are read (no deeper one told
    more); how the weights are held down."""

    questions: int = 2000
    depth: int = 7
    read: int = 4
    taken_away: float = 0.35
    penalty: float = 0.4
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Choice:
    """A question and sentences of its passage, of which those that are ``right`` answer it; it may be that none is."""

    question: str
    passage: Passage
    spans: tuple[Span, ...]
    right: tuple[bool, ...]


def fit_probe(data: Path, target: Path, settings: ProbeFitSettings | None = None) -> float:
    """Fit on ``reading/train.jsonl`` and write the weights; the loss."""
    import numpy as np

    settings = settings or ProbeFitSettings()
    found: list[npt.NDArray[np.float32]] = []
    right: list[tuple[bool, ...]] = []
    for choice in choices(read_reading(data / "reading" / "train.jsonl"), settings):
        texts = [in_topic(span, choice.passage) for span in choice.spans]
        sides = [span.side for span in choice.spans]
        found.append(question_states(language_model(), choice.question, texts, sides, settings.depth))
        right.append(choice.right)
        if len(found) % _TOLD == 0:
            sys.stderr.write(f"{len(found)} questions read\n")
    weights, bias, loss = fit_weights(np.concatenate(found), right, settings.penalty)
    probe = LinearProbe(settings.depth, weights.tolist(), bias)
    target.write_text(probe.to_json(f"reading/train, {len(found)} questions"), encoding="ascii")
    return loss


def choices(rows: Sequence[ReadingRow], settings: ProbeFitSettings) -> Iterator[Choice]:
    """The choices that the questions make: at most so many of each language, answered and not."""
    kinds: dict[tuple[str, bool], list[ReadingRow]] = {}
    for row in rows:
        kinds.setdefault((row.lang, row.answerable), []).append(row)
    drawn = random.Random(settings.seed)
    sampled = [drawn.sample(own, min(settings.questions, len(own))) for _, own in sorted(kinds.items())]
    for together in zip_longest(*sampled):
        for row in together:
            if row is not None and (choice := _choice(row, settings, drawn.random() < settings.taken_away)):
                yield choice


def _choice(row: ReadingRow, settings: ProbeFitSettings, taken_away: bool) -> Choice | None:
    """None where the passage is one sentence, its answer stands in no sentence of it, or all hold it and lose it."""
    passage = whole_passage(row.passage)
    spans = spans_of(0, passage)
    answering = {span.start for span in spans if row.answerable and contains(span.text, row.answers) > 0}
    if len(spans) < 2 or bool(answering) != row.answerable:
        return None
    asked = matching_words(row.question)
    ranked = sorted(spans, key=lambda span: (-len(asked & matching_words(span.text)), span.start))
    kept = [span for span in ranked if not (taken_away and span.start in answering)][: settings.read]
    if answering and not taken_away and not any(span.start in answering for span in kept):
        kept[-1] = next(span for span in ranked if span.start in answering)
    return Choice(row.question, passage, tuple(kept), tuple(span.start in answering for span in kept)) if kept else None


def fit_weights(
    states: npt.NDArray[np.float32], right: Sequence[Sequence[bool]], penalty: float
) -> tuple[npt.NDArray[np.float32], float, float]:
    """Weights of shape (k,) and a bias, by which the right rows of each question outweigh its others and a score of 0
    for none of them; the loss. ``states``, (rows, k), are those of the questions of ``right`` one after the other; each
    of the k is held down by ``penalty`` as if all were equally spread. Deterministic."""
    import torch

    question = torch.tensor([number for number, own in enumerate(right) for _ in own])
    answers = torch.tensor([one for own in right for one in own])
    return fit_linear(states, lambda scores: _loss(scores, question, answers, len(right)), penalty, _ROUNDS)


def _loss(scores: torch.Tensor, question: torch.Tensor, answers: torch.Tensor, count: int) -> torch.Tensor:
    """The mean over questions of -log of the share that right ones have among all their rows and none: the listwise
    loss of Cao et al. 2007, with one candidate more, of score 0, which is right where no row is."""
    import torch

    likely = scores.clamp(-30.0, 30.0).exp()
    every = torch.ones(count).index_add(0, question, likely)
    good = torch.zeros(count).index_add(0, question, likely * answers)
    none = torch.ones(count).index_put((question[answers],), torch.tensor(0.0))
    return (every.log() - (good + none).log()).mean()
