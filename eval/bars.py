"""Bars a run must reach: ``faithfulness=0.9`` over all, ``zh-Hans>en/hit@5=0.8`` for one group."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eval.cases import KINDS, LANGUAGES
from eval.summary import MEASURES, Summary

__all__ = ["Bar", "UnknownMeasureError", "check_bars", "parse_bar"]

_LANGUAGE = f"(?:{'|'.join(LANGUAGES)})"
_GROUP = re.compile(rf"{_LANGUAGE}(?:>[A-Za-z-]+)?|{'|'.join(KINDS)}")


class UnknownMeasureError(ValueError):
    """A bar names no measure, or a group the run does not have."""


@dataclass(frozen=True, slots=True)
class Bar:
    """The least a measure must be, over all (``group`` empty) or in one language, direction or kind."""

    measure: str
    least: float
    group: str = ""

    def __str__(self) -> str:
        return f"{self.group}/{self.measure}" if self.group else self.measure


def parse_bar(text: str) -> Bar:
    """A bar as it is written. Raises ``UnknownMeasureError`` where it names no measure or no number from 0 to 1."""
    name, equals, value = text.rpartition("=")
    if not equals:
        raise UnknownMeasureError(f"{text!r} lacks its value: write it like faithfulness=0.9")
    group, _, measure = name.rpartition("/")
    if group and not _GROUP.fullmatch(group):
        raise UnknownMeasureError(f"{group!r} is no group: use a language, a direction such as zh-Hans>en, or a kind")
    if measure not in MEASURES:
        raise UnknownMeasureError(f"{measure or text!r} is no measure: use one of {', '.join(MEASURES)}")
    try:
        least = float(value)
    except ValueError:
        least = -1.0
    if not 0.0 <= least <= 1.0:
        raise UnknownMeasureError(f"{measure} must be given a number from 0 to 1, was: {value[:40]}")
    return Bar(measure, least, group)


def check_bars(summary: Summary, bars: Sequence[Bar]) -> list[dict[str, Any]]:
    """Each bar with the value measured and whether it is met; what was not measured is not met.

    Raises ``UnknownMeasureError`` for a group the run does not have.
    """
    groups = summary["languages"] | summary["directions"] | summary["kinds"] | {"": summary["all"]}
    checked: list[dict[str, Any]] = []
    for bar in bars:
        if bar.group not in groups:
            raise UnknownMeasureError(
                f"{bar.group!r} is no group of this run: use one of {', '.join(filter(None, groups))}"
            )
        value = groups[bar.group]["measures"][bar.measure]["value"]
        met = value is not None and value >= bar.least
        checked.append({"measure": str(bar), "least": bar.least, "value": value, "met": met})
    return checked
