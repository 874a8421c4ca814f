"""What every benchmark offers: which data, which part of it, how many questions, and where the results go."""

from __future__ import annotations

import argparse
import json
import os
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from index.errors import UsageError
from rag.arguments import common_options, positive, seed

__all__ = ["add_options", "check_save", "of_split", "sample", "save_rows"]


class _Row(Protocol):
    @property
    def split(self) -> str: ...


RowT = TypeVar("RowT", bound=_Row)
ItemT = TypeVar("ItemT")


def add_options(parser: argparse.ArgumentParser, *, shipped: bool = False) -> None:
    """``--data --split --questions --seed --save`` and what every command takes; with ``shipped``, a set of our own
    stands in for --data."""
    source = f"folder with the JSON-lines files{' (default: the shipped set)' if shipped else ''}"
    parser.add_argument("--data", type=Path, required=not shipped, metavar="DIR", help=source)
    parser.add_argument("--split", choices=("fit", "report", "all"), default="all", help="rows of one part only")
    parser.add_argument("--questions", type=positive, metavar="N", help="at most N questions of each pair, by the seed")
    parser.add_argument("--seed", type=seed, default=0, help="seed of the sample and the intervals (default: 0)")
    common_options(parser, inherited=True)
    parser.add_argument("--save", type=Path, metavar="FILE", help="write each question's result as a JSON line")


def of_split(rows: Sequence[RowT], split: str) -> list[RowT]:
    """The rows whose ``split`` is the one named, or all. Raises ``UsageError`` when none is left."""
    kept = [row for row in rows if split in ("all", row.split)]
    if not kept:
        raise UsageError(f"no row is of split {split!r}: use --split all, or give the rows a split")
    return kept


def sample(groups: Mapping[str, Sequence[ItemT]], count: int | None, seed: int) -> list[ItemT]:
    """At most ``count`` items of each group (all for None), in their order.

    A group's sample does not depend on the other groups, and a smaller one is part of a larger one.
    """
    import numpy as np

    kept: list[ItemT] = []
    for name, items in groups.items():
        order = np.random.default_rng([abs(seed), zlib.crc32(name.encode())]).permutation(len(items))
        kept += [items[i] for i in sorted(order[:count])]
    return kept


def check_save(args: argparse.Namespace) -> None:
    """Raises ``UsageError``, before anything is measured, where ``--save`` names no file that can be written, or one of
    the data that is measured."""
    path: Path | None = getattr(args, "save", None)
    if path is None:
        return
    if path.is_dir() or not path.parent.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UsageError(f"cannot write {path}: give --save a file in a folder that exists and can be written to")
    if path.exists():
        read = [other for name in ("data", "answers") if (other := getattr(args, name, None)) is not None]
        read += [file for folder in read for file in folder.rglob("*")]
        if any(other.exists() and path.samefile(other) for other in read):
            raise UsageError(f"{path} is read by this command: give --save another file")


def save_rows(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """Write rows as JSON lines. Raises ``UsageError`` when the file cannot be written."""
    try:
        with path.open("w", encoding="utf-8", errors="replace") as file:  # no file can hold a lone surrogate
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    except OSError as error:
        raise UsageError(
            f"cannot write {path}: {error.strerror}; give --save a file in a folder that exists"
        ) from error
