"""What kept knowledge bases and runs are told apart by: checksums of values, of files and of the code that indexes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from pathlib import Path

__all__ = ["checksum", "checksums", "indexing_code"]

_CODE = (".gz", ".json", ".py", ".tsv")


def checksum(value: object) -> str:
    """The SHA-256, in hex, of a value that JSON can hold; mappings are the same in any order."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode("ascii")).hexdigest()


def checksums(folder: Path, suffixes: Collection[str] = ()) -> list[tuple[str, str]]:
    """Name and SHA-256 of each file below a folder, in the order of paths; of these suffixes only, where given."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and (not suffixes or path.suffix in suffixes))
    return [(path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in files]


def indexing_code() -> list[tuple[str, str]]:
    """The checksums of the code and data that load, chunk and index: what they make is only as new as they are."""
    import index

    return checksums(Path(index.__path__[0]), _CODE)
