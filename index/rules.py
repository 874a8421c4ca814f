"""What the indexes of a collection were made by: the code and data of this package, libraries, user dictionaries."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from functools import cache
from importlib import metadata
from pathlib import Path

from index.words import taught

__all__ = ["checksums", "indexing_code", "word_rules"]

_CODE = (".gz", ".json", ".py", ".tsv")
_LIBRARIES = ("jieba", "OpenCC", "pypinyin", "snowballstemmer")  # what words and the keys of names are made with


def checksums(folder: Path, suffixes: Collection[str] = ()) -> list[tuple[str, str]]:
    """Name and SHA-256 of each file below a folder, in the order of paths; of these suffixes only, where given."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and (not suffixes or path.suffix in suffixes))
    return [(path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in files]


@cache
def indexing_code() -> tuple[tuple[str, str], ...]:
    """The checksums of the code and data that load, chunk and index: what they make is only as new as they are."""
    return tuple(checksums(Path(__file__).parent, _CODE))


def word_rules() -> str:
    """The SHA-256, in hex, of what decides the search words of a text: the libraries that cut and fold it, user
    dictionaries, and all of the package's code, rather than a number that somebody must remember to raise."""
    versions = [(library, metadata.version(library)) for library in _LIBRARIES]
    return hashlib.sha256(repr((indexing_code(), versions, taught())).encode()).hexdigest()
