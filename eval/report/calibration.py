"""How far the scorer of a run can be trusted: its own figures on labelled claims, as a table and notes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["calibration_table"]

_MEASURES = ("balanced_accuracy", "auroc")
_BESIDE = ("claim_only", "word_overlap", "embedding_cosine")
_BOUNDS = "_ci"


def calibration_table(figures: Mapping[str, Any]) -> tuple[list[list[str]], list[str]]:
    """A heading and a row for each group, and what else is said about the scorer, each in a line.

    Beside the scorer's balanced accuracy stand those of its baselines on the same claims. Both are empty where nothing
    is known.
    """
    groups = {name: value for name, value in figures.items() if isinstance(value, Mapping)}
    notes = [f"{name}: {_shown(value)}" for name, value in figures.items() if name not in groups]
    if not groups:
        return [], notes
    found = dict.fromkeys(key for group in groups.values() for key in group if not key.endswith(_BOUNDS))
    known = (*_MEASURES, *_BESIDE)
    keys = [key for key in found if key not in known] + [key for key in known if key in found]
    heading = ["group", *(key.replace("_", " ") for key in keys)]
    return [heading, *([name, *(_cell(group, key) for key in keys)] for name, group in groups.items())], notes


def _cell(group: Mapping[str, Any], key: str) -> str:
    bounds = group.get(key + _BOUNDS)
    shown = _shown(group.get(key))
    return f"{shown} [{bounds[0]:.3f}, {bounds[1]:.3f}]" if bounds else shown


def _shown(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else "-" if value is None else str(value)
