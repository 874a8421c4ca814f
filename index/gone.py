"""Which documents have lost their files: those of a folder that is added again, and only where that is beyond doubt."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterator, Sequence

from index.plan import true_path
from index.texts import DocumentInfo

__all__ = ["gone"]

_log = logging.getLogger(__name__)


def gone(documents: Sequence[DocumentInfo], folders: Sequence[str], left_out: Sequence[str]) -> set[str]:
    """The sources of documents below ``folders`` whose files are there no more.

    ``left_out`` are the sources of files and folders that could not be read: nothing below them counts as gone. Nor
    does what stood in a folder that is empty now, for that is how the folder of a drive looks that is not connected: a
    warning names it. Files that cannot be asked for (no permission, a network share that is away) count as there.
    """
    found: set[str] = set()
    doubtful: Counter[str] = Counter()
    for source, folder in _below(documents, folders):
        if not _is_gone(source) or any(source == name or _is_inside(source, name) for name in left_out):
            continue
        nearest = _nearest(source, folder)
        if _is_empty(nearest):
            doubtful[nearest] += 1
        else:
            found.add(source)
    for folder, count in doubtful.items():
        _log.warning(
            "%s is empty: the %d documents from there are kept, in case a drive is not connected; "
            "remove the folder itself to have them taken out, or name each to wenju remove",
            folder,
            count,
        )
    return found


def _below(documents: Sequence[DocumentInfo], folders: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Sources with the outermost of the folders they lie in."""
    outermost = sorted(set(folders), key=len)
    for info in documents:
        folder = next((name for name in outermost if _is_inside(info.source, name)), None)
        if folder is not None:
            yield info.source, folder


def _is_inside(source: str, folder: str) -> bool:
    return source.startswith(os.path.join(folder, ""))


def _is_gone(source: str) -> bool:
    try:
        os.lstat(true_path(source))
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False
    return False


def _nearest(source: str, folder: str) -> str:
    """The deepest folder above a source that is still there; ``folder`` is known to be."""
    parent = os.path.dirname(source)
    while parent != folder and _is_gone(parent):
        parent = os.path.dirname(parent)
    return parent


def _is_empty(folder: str) -> bool:
    """Whether nothing can be seen in a folder; one that cannot be looked into counts as empty."""
    try:
        return all(name.startswith(".") for name in os.listdir(true_path(folder)))
    except OSError:
        return True
