"""Tables in Markdown that a terminal shows straight."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["aligned"]


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table, its first row the heading, every column as wide as its widest cell."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    padded = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    ruled = [padded[0], ["-" * width for width in widths], *padded[1:]]
    return ["| " + " | ".join(row) + " |" for row in ruled]
