"""The folder of a run: its settings, and each row as it is made, so that a killed run goes on where it stopped.

``run.json`` is written first and says what decides the figures; ``rows.jsonl`` gets one line a row, on disk before the
next begins. A row that failed is made again when the run goes on. A folder that holds a run with other settings is
refused.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval.row import Row
from index.disk import open_regular
from index.errors import UsageError

if TYPE_CHECKING:
    from filelock import FileLock

__all__ = ["Journal", "read_folder", "write_whole"]

_SETTINGS = "run.json"
_ROWS = "rows.jsonl"
_LOCK = "LOCK"
_NEW = ".new"  # behind the name of a file that is not written whole yet
_UNFINISHED = _SETTINGS + _NEW
_BESIDE = ("set_name",)  # settings that decide no figure
_SHOWN = 60


class Journal:
    """Rows of one run, in its folder. ``append`` may be called from several threads."""

    def __init__(self, folder: Path, settings: Mapping[str, Any], case_ids: Sequence[str]) -> None:
        """Start a run in a folder, or go on with the one that is there.

        Raises ``UsageError`` where that one has other settings, or the folder is in use or cannot be used.
        """
        self._path = folder / _ROWS
        self._lock = threading.Lock()
        with ExitStack() as stack:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                _check_free(folder)
                _check_own(folder)
                stack.callback(_held(folder).release)
                _settle(folder, {**settings, "cases": list(case_ids)})
                there = _whole_rows(self._path, repair=True)
                self._file = self._path.open("ab")
            except OSError as error:
                raise UsageError(f"cannot write the run to {folder}: {error.strerror}; give another --out") from error
            self._release = stack.pop_all()
        # What made a row fail may be mended by now: it is made again, and its new line counts.
        self.rows = {name: row for name, row in there.items() if row.state != "failed"}

    def append(self, row: Row) -> None:
        """Write a row; it is on disk when this returns. Raises ``UsageError`` where it cannot be written."""
        line = json.dumps(row.as_dict(), ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        with self._lock:
            try:
                self._file.write(line)
                self._file.flush()
                os.fsync(self._file.fileno())
            except OSError as error:
                raise UsageError(
                    f"cannot write {self._path}: {error.strerror}; see to its space and rights, then go on with the "
                    "same --out"
                ) from error
            self.rows[row.id] = row

    def close(self) -> None:
        """Let go of the file and the folder."""
        with self._release, suppress(OSError):  # a row that could not be written was told when it was made
            self._file.close()


def read_folder(folder: Path) -> tuple[dict[str, Any], dict[str, Row]]:
    """The settings of the run in a folder and the rows made so far, by id.

    Raises ``UsageError`` where there is no run, or it cannot be read.
    """
    return _read_settings(folder), _whole_rows(folder / _ROWS, repair=False)


def _held(folder: Path) -> FileLock:
    """The right to write to a run's folder, which one evaluation has at a time."""
    import filelock

    lock = filelock.FileLock(folder / _LOCK, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise UsageError(f"the run in {folder} is in use: wait until it is done, or give another --out") from error
    except RuntimeError as error:  # a file system without locks
        raise UsageError(f"the run in {folder} cannot be locked: {error}; give another --out") from error
    return lock


def write_whole(path: Path, data: bytes) -> None:
    """Write a file, whole or not at all: what was there before stays until all of it is on disk; a link in its place is
    replaced, and none is followed. Raises ``OSError``."""
    unfinished = path.with_name(path.name + _NEW)
    try:
        unfinished.unlink(missing_ok=True)  # of a run that was killed, or a link to another file
        with unfinished.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError:
        with suppress(OSError):
            unfinished.unlink()
        raise


def _check_free(folder: Path) -> None:
    """A run does not mix its files with others: its report would be added with the documents of that folder."""
    there = {path.name for path in folder.iterdir()} - {_LOCK, _UNFINISHED}
    if there and not there & {_SETTINGS, _ROWS}:
        raise UsageError(f"{folder} holds other files and no run: give --out a folder that is new or empty")


def _check_own(folder: Path) -> None:
    """A link in a run's folder leads to a file that is not the run's."""
    for name in (_SETTINGS, _ROWS):
        if (folder / name).is_symlink():
            raise UsageError(f"{folder / name} is a link: give another --out")


def _settle(folder: Path, settings: Mapping[str, Any]) -> None:
    path, rows = folder / _SETTINGS, folder / _ROWS
    begun = rows.exists() and rows.stat().st_size > 0
    there = _read_settings(folder) if path.exists() else {}
    if there and begun:  # settings of a run without rows decide nothing yet
        wanted = json.loads(json.dumps(settings))
        changed = [key for key in sorted({*there, *wanted}.difference(_BESIDE)) if there.get(key) != wanted.get(key)]
        if changed:
            key = changed[0]
            raise UsageError(
                f"{folder} holds a run with other settings ({key} was {_shown(there.get(key))}, "
                f"is {_shown(wanted.get(key))}): give another --out"
            )
        return
    if begun:
        raise UsageError(f"{folder} holds {_ROWS} without its {_SETTINGS}: give another --out")
    write_whole(path, json.dumps(settings, ensure_ascii=False, indent=1).encode("utf-8", "replace"))


def _read_settings(folder: Path) -> dict[str, Any]:
    path = folder / _SETTINGS
    try:
        found = json.loads(_read(path))
    except OSError as error:
        reason = f"{_SETTINGS}: {error.strerror}"
        raise UsageError(f"{folder} holds no evaluation run: {reason}; give another folder") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} cannot be read: it is no JSON; give another folder") from error
    if not isinstance(found, dict) or not _are_settings(found):
        raise UsageError(f"{path} is not the settings of an evaluation run: give another folder")
    return found


def _read(path: Path) -> bytes:
    with open_regular(path) as file:
        return file.read()


def _are_settings(found: Mapping[str, Any]) -> bool:
    """Whether what a run is read by is there and of its type."""
    cases, seed = found.get("cases"), found.get("seed", 0)
    whole = isinstance(seed, int) and not isinstance(seed, bool) and seed >= 0
    named = isinstance(cases, list) and all(isinstance(name, str) for name in cases)
    return whole and named and isinstance(found.get("scorer"), dict)


def _whole_rows(path: Path, *, repair: bool) -> dict[str, Row]:
    """The rows that were written whole; with ``repair``, a last line cut off by a kill is taken out of the file."""
    if not path.exists():
        return {}
    rows: dict[str, Row] = {}
    try:
        data = _read(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}; give another folder") from error
    end = data.rfind(b"\n") + 1
    for number, line in enumerate(data[:end].splitlines(), 1):
        try:
            row = Row.from_dict(json.loads(line))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise UsageError(f"{path}, line {number} is damaged: take the line out, or give another --out") from error
        rows[row.id] = row
    if repair and end < len(data):
        os.truncate(path, end)
    return rows


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
