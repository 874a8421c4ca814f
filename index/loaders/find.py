"""Which files a list of paths means."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from index.errors import UsageError
from index.loaders.kind import SUFFIXES

__all__ = ["FoundFiles", "find_files"]


class FoundFiles(NamedTuple):
    """The files to load, sorted and each once, and those inside folders that were left out with the reason."""

    files: tuple[Path, ...]
    skipped: tuple[tuple[Path, str], ...]


def find_files(paths: Sequence[str | Path]) -> FoundFiles:
    """Every file the paths name: files as they are, folders with all below them.

    Hidden files and folders are left out silently; links that lead out of the named folder and files of an unknown
    ending are left out and named. A file named outright is taken whatever its ending. Raises UsageError where a path
    does not exist or is empty.
    """
    files: dict[Path, None] = {}
    skipped: dict[Path, str] = {}
    for given in paths:
        path = Path(given)
        if not str(given):  # as a path it would be the folder one happens to be in
            raise UsageError("a path is empty; give a file or a folder")
        try:
            found, left_out = _walk(path) if path.is_dir() else ([path], [])
            exists = path.exists()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise UsageError(f"{_shown(given)} cannot be read: {reason}") from error
        if not exists:
            raise UsageError(f"{_shown(given)} does not exist; give a file or a folder")
        files.update(dict.fromkeys(sorted(found)))
        skipped.update(sorted(left_out))
    return FoundFiles(tuple(files), tuple((path, reason) for path, reason in skipped.items() if path not in files))


def _shown(path: str | Path) -> str:
    """A path on one line, at a length that can be read."""
    text = "".join(character if character.isprintable() else "?" for character in str(path))
    return text if len(text) <= 300 else f"{text[:300]}…"


def _walk(folder: Path) -> tuple[list[Path], list[tuple[Path, str]]]:
    found: list[Path] = []
    skipped: list[tuple[Path, str]] = []
    root = folder.resolve()
    for path in _files_below(folder, skipped):
        if path.is_symlink() and not path.resolve().is_relative_to(root):
            skipped.append((path, "a link that leads out of the folder"))
        elif path.suffix.lower() not in SUFFIXES:
            skipped.append((path, f"unsupported type {path.suffix or '(no ending)'}"))
        elif path.is_file():
            found.append(path)
        else:
            skipped.append((path, "not a regular file"))
    return found, skipped


def _files_below(folder: Path, skipped: list[tuple[Path, str]]) -> Iterator[Path]:
    def note(error: OSError) -> None:
        skipped.append((Path(error.filename or folder), f"cannot be read: {error.strerror}"))

    for parent, folders, names in os.walk(folder, onerror=note):
        for name in folders:
            if os.path.islink(os.path.join(parent, name)) and not name.startswith("."):
                skipped.append((Path(parent, name), "a link to a folder"))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(parent, name) for name in sorted(names) if not name.startswith("."))
