"""The fitted weights of each profile and direction, and how well each profile was measured to do with them.

``rag/data/support.json`` holds the name of the embedding model they were fitted for, ``profiles`` (``words``,
``meaning``, ``probe``: which signals take part) by direction, and ``calibration``: for each profile what
``wenju bench faithfulness --split report --json`` printed. ``python -m eval.fit.verify`` writes all three.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

__all__ = ["PROFILES", "LogisticModel", "calibration", "fitted_encoder", "fitted_profiles", "stored_model"]

PROFILES = ("words", "meaning", "probe")
"""What may take part, each with all before it: words, an embedding model, a language model."""


@dataclass(frozen=True, slots=True)
class LogisticModel:
    """A bias and a weight for each signal by name; a score of .5 is the threshold."""

    bias: float
    weights: Mapping[str, float]

    def logit(self, values: Mapping[str, float]) -> float:
        """The logit of one row of signals; 0 is the threshold."""
        return self.bias + sum(weight * values[name] for name, weight in self.weights.items())

    def score(self, values: Mapping[str, float]) -> float:
        """The score of one row of signals, 0 to 1."""
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, self.logit(values)))))


@cache
def _stored() -> Mapping[str, Any]:
    data: Mapping[str, Any] = json.loads(
        resources.files("rag").joinpath("data/support.json").read_text(encoding="ascii")
    )
    return data


def stored_model(profile: str, direction_name: str) -> LogisticModel:
    """The fitted model of a profile (``words``, ``meaning`` or ``probe``) and a direction."""
    fitted = _stored()["profiles"][profile][direction_name]
    return LogisticModel(float(fitted["bias"]), fitted["weights"])


def fitted_encoder() -> str:
    """The name of the embedding model that the weights are for."""
    return str(_stored()["encoder"])


def fitted_profiles() -> Mapping[str, Mapping[str, Any]]:
    """Bias and weights by profile and direction."""
    profiles: Mapping[str, Mapping[str, Any]] = _stored()["profiles"]
    return profiles


def calibration(profile: str) -> Mapping[str, Any]:
    """A profile's measures by group; empty where it was not measured."""
    figures: Mapping[str, Any] = _stored().get("calibration", {}).get(profile, {})
    return figures
