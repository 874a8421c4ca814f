"""How often each of many strings stands in a collection, and behind how many different characters: one pass over it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

__all__ = ["Recurrence", "count"]

Recurrence = Mapping[str, tuple[int, int]]  # string -> (occurrences, different characters before it)

_RUN = re.compile(r"[\u3400-\u9fff·]+")


def count(strings: Iterable[str], texts: Iterable[str]) -> Recurrence:
    """Count Han strings of two characters or more in folded texts. The start of a Han run counts as a character of its
    own; strings that do not occur are left out."""
    wanted = frozenset(string for string in strings if len(string) >= 2)
    lengths: dict[str, set[int]] = {}
    for string in wanted:
        lengths.setdefault(string[-2:], set()).add(len(string))
    times: dict[str, int] = {}
    before: dict[str, set[str]] = {}
    for text in texts:
        for match in _RUN.finditer(text):
            run = match.group()
            for end in range(2, len(run) + 1):
                for length in lengths.get(run[end - 2 : end], ()):
                    string = run[max(0, end - length) : end]
                    if string in wanted:
                        times[string] = times.get(string, 0) + 1
                        before.setdefault(string, set()).add(
                            run[end - length - 1 : end - length] if end > length else ""
                        )
    return {string: (number, len(before[string])) for string, number in times.items()}
