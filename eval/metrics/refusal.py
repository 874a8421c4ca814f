"""Refusal as a decision: the questions the documents do not answer are the ones to refuse."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["RefusalScores", "refusal_scores"]


@dataclass(frozen=True, slots=True)
class RefusalScores:
    """Counts of questions by whether they could be answered and whether they were refused.

    A share of nothing (no refusal, no such question) is None, never a number.
    """

    refused_rightly: int = 0
    refused_wrongly: int = 0
    answered_rightly: int = 0
    answered_wrongly: int = 0

    @property
    def precision(self) -> float | None:
        """Of the refusals, the share of questions that could not be answered."""
        return _share(self.refused_rightly, self.refused_rightly + self.refused_wrongly)

    @property
    def recall(self) -> float | None:
        """Of the questions that could not be answered, the share refused."""
        return _share(self.refused_rightly, self.refused_rightly + self.answered_wrongly)

    @property
    def wrongly_refused(self) -> float | None:
        """Of the questions that could be answered, the share refused."""
        return _share(self.refused_wrongly, self.refused_wrongly + self.answered_rightly)

    @property
    def balanced_accuracy(self) -> float | None:
        """The mean of the shares judged rightly among questions that can and that cannot be answered."""
        if self.recall is None or self.wrongly_refused is None:
            return None
        return (self.recall + 1.0 - self.wrongly_refused) / 2.0


def refusal_scores(decisions: Iterable[tuple[bool, bool]]) -> RefusalScores:
    """The counts over (answerable, refused) of each question."""
    counts = {(answerable, refused): 0 for answerable in (True, False) for refused in (True, False)}
    for answerable, refused in decisions:
        counts[answerable, refused] += 1
    return RefusalScores(
        refused_rightly=counts[False, True],
        refused_wrongly=counts[True, True],
        answered_rightly=counts[True, False],
        answered_wrongly=counts[False, False],
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
