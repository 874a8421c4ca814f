"""Faithfulness scorers by name: ``offline`` (the default), ``nli:MODEL`` and ``llm:PROVIDER:MODEL``.

A scorer says whether passages support a claim. In a language it cannot judge it does not guess: the claim is "not
scored". One line of the table adds a scorer.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from index.errors import UsageError

__all__ = ["NAMES", "Judgement", "Scorer", "ScorerOutputError", "describe", "load_scorer"]

NAMES: Mapping[str, tuple[str, bool]] = {
    "offline": ("eval.scorers.offline", False),
    "nli": ("eval.scorers.nli", True),
    "llm": ("eval.scorers.llm", True),
}
"""The module of each scorer, and whether its name is followed by a model's."""


class ScorerOutputError(ValueError):
    """A scorer's model answered in a form that cannot be read; the row counts as failed."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """How surely passages support a claim, 0 to 1, and whether that is enough; both None where it was not scored.

    ``reason`` says why a claim is not supported, or not scored.
    """

    score: float | None
    supported: bool | None
    reason: str = ""

    def __post_init__(self) -> None:
        if self.score is not None and not 0.0 <= self.score <= 1.0:
            raise ValueError(f"score must be 0 to 1, was: {self.score}")
        if (self.score is None) != (self.supported is None):
            raise ValueError(f"score and supported must be given together, was: {self.score}, {self.supported}")


class Scorer(Protocol):
    """What measures faithfulness. Must be safe to use from several threads."""

    @property
    def name(self) -> str:
        """The name it is asked for by."""

    @property
    def revision(self) -> str:
        """What tells this version of its model from another: equal revisions score equally."""

    @property
    def threshold(self) -> float:
        """The score from which a claim counts as supported."""

    @property
    def calibration(self) -> Mapping[str, Any]:
        """How far it can be trusted: measures by group, as ``wenju bench faithfulness`` prints them; may be empty."""

    def judge(self, claim: str, evidence: Sequence[str], claim_language: str, evidence_language: str) -> Judgement:
        """Whether the passages, read together, support the claim. Raises ``ScorerOutputError``."""


def load_scorer(name: str) -> Scorer:
    """The scorer of a name; its model is loaded when it first judges. Raises ``UsageError`` for an unknown one."""
    kind, _, model = name.partition(":")
    module, takes_model = NAMES.get(kind, ("", False))
    if not module or takes_model != bool(model):
        known = ", ".join(f"{key}:MODEL" if takes else key for key, (_, takes) in NAMES.items())
        raise UsageError(f"scorer {name!r} is unknown: use one of {known}")
    scorer: Scorer = importlib.import_module(module).load(model)
    return scorer


def describe(scorer: Scorer) -> dict[str, Any]:
    """What a report says about its scorer."""
    return {
        "name": scorer.name,
        "revision": scorer.revision,
        "threshold": scorer.threshold,
        "calibration": dict(scorer.calibration),
    }
