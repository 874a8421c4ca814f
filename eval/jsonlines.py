"""JSON-lines files of rows with an id; a bad line is named by its file, its number and what must be there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol, TypeVar

from index.disk import open_regular
from index.errors import UsageError

__all__ = ["RowT", "plain", "read_rows", "shown"]

_SHOWN = 60


class _HasId(Protocol):
    @property
    def id(self) -> str: ...


RowT = TypeVar("RowT", bound=_HasId)


def read_rows(path: Path, build: Callable[[Mapping[str, object]], RowT], noun: str = "rows") -> list[RowT]:
    """What ``build`` makes of each line's object, in the file's order; a byte order mark and blank lines are skipped.

    ``build`` raises ``ValueError`` with what must be there. Raises ``UsageError`` with that for the first such line,
    for one that is no UTF-8, no object, gives a key twice or an id that stands before, and where there is no line.
    """
    rows: list[RowT] = []
    seen: dict[str, int] = {}
    for number, line in _lines(path, noun):
        try:
            row = build(_object(line))
            if row.id in seen:
                raise ValueError(f"id must occur once, but {row.id!r} stands on line {seen[row.id]} too")
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{path}, line {number}: {error}") from error
        seen[row.id] = number
        rows.append(row)
    if not rows:
        raise UsageError(f"{path} holds no {noun}: it must have one JSON object a line")
    return rows


def plain(text: str) -> str:
    """A text that can be written: JSON can name half a surrogate pair, which no file and no terminal takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def shown(value: object) -> str:
    """A value as JSON, short enough for a message."""
    text = json.dumps(value, ensure_ascii=False)
    return plain(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")


def _lines(path: Path, noun: str) -> Iterator[tuple[int, bytes]]:
    try:
        with open_regular(path) as file:
            for number, line in enumerate(file, 1):
                content = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
                if content.strip():
                    yield number, content
    except OSError as error:
        raise UsageError(
            f"cannot read {path}: {error.strerror}; give a file of {noun} in the documented form"
        ) from error


def _object(line: bytes) -> Mapping[str, object]:
    try:
        row = json.loads(line.decode("utf-8"), object_pairs_hook=_once)
    except UnicodeDecodeError as error:
        raise ValueError(f"must be UTF-8, but byte {error.start + 1} of the line is not") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"must be one JSON object: {error.msg} at column {error.colno}") from error
    if not isinstance(row, dict):
        raise ValueError(f"must be one JSON object, was: {shown(row)}")
    return row


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """The object of these pairs; a key given twice would silently lose the first value."""
    row = dict(pairs)
    if len(row) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"{next(key for key in keys if keys.count(key) > 1)!r} must be given once")
    return row
