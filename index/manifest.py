"""What one generation of a knowledge base says of itself: which model made its vectors, how much it holds, and the size
and checksum of every file."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from index.errors import DamagedStoreError, ForeignStoreError

__all__ = ["NO_EMBEDDING", "SCHEMA", "EmbeddingIdentity", "FileRecord", "Manifest", "is_file_name"]

SCHEMA = 1
_FILE_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class EmbeddingIdentity:
    """What vectors depend on: two collections are searched alike only where all of it is equal."""

    name: str
    revision: str
    dimension: int
    query_prefix: str
    passage_prefix: str
    normalised: bool
    tokenizer: str

    def __post_init__(self) -> None:
        if self.dimension < 0:
            raise ValueError(f"dimension must be 0 or more, was: {self.dimension}")

    def __str__(self) -> str:
        revision = f" revision {self.revision}" if self.revision else ""
        return f"{self.name}{revision} ({self.dimension} dimensions)"

    def differences(self, other: EmbeddingIdentity) -> list[str]:
        """What differs, a line each: ``dimension 384, not 1024``; this one's value first."""
        pairs = [(part.name, getattr(self, part.name), getattr(other, part.name)) for part in fields(self)]
        return [f"{name.replace('_', ' ')} {own!r}, not {its!r}" for name, own, its in pairs if own != its]


NO_EMBEDDING = EmbeddingIdentity("none", "", 0, "", "", True, "")


@dataclass(frozen=True, slots=True)
class FileRecord:
    """The size of a file in bytes and its SHA-256, in hex."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The description of one generation.

    ``languages`` counts chunks by language tag; ``extra`` is kept for callers, and is plain JSON.
    """

    generation: int
    created_by: str
    embedding: EmbeddingIdentity
    documents: int
    chunks: int
    languages: Mapping[str, int] = field(default_factory=dict)
    files: Mapping[str, FileRecord] = field(default_factory=dict)
    extra: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if min(self.generation, self.documents, self.chunks) < 0:
            raise ValueError("generation, documents and chunks must be 0 or more")
        for name, record in self.files.items():
            if not is_file_name(name):
                raise ValueError(f"a file name must be small letters, digits, '.', '_' and '-', was: {name!r}")
            if record.size < 0 or not _SHA256.fullmatch(record.sha256):
                raise ValueError(f"the size and checksum of {name} must be a length and 64 hex digits")

    def to_bytes(self) -> bytes:
        """The manifest as JSON, its own checksum included."""
        body = {"schema": SCHEMA} | asdict(self)
        return json.dumps(body | {"checksum": _checksum(body)}, ensure_ascii=False, indent=1, sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """The manifest back. Raises ForeignStoreError for a newer schema and DamagedStoreError for anything else."""
        try:
            body = json.loads(data)
            schema = body.pop("schema")
            if isinstance(schema, int) and schema > SCHEMA:
                raise ForeignStoreError(f"it was made by a newer version (schema {schema}; this one reads {SCHEMA})")
            if schema != SCHEMA or body.pop("checksum") != _checksum({"schema": schema} | body):
                raise DamagedStoreError("manifest.json does not match its checksum")
            return cls(**_typed(body))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise DamagedStoreError("manifest.json cannot be read") from error


def is_file_name(name: str) -> bool:
    """Whether a name may be a file of a generation: it can lead nowhere else."""
    return _FILE_NAME.fullmatch(name) is not None


def _typed(body: dict[str, Any]) -> dict[str, Any]:
    values = dict(body)
    for name in ("generation", "documents", "chunks"):
        if not isinstance(values[name], int):
            raise TypeError(f"{name} must be a whole number, was: {values[name]!r}")
    values["embedding"] = EmbeddingIdentity(**values["embedding"])
    values["files"] = {name: FileRecord(**record) for name, record in values["files"].items()}
    return values


def _checksum(body: Mapping[str, Any]) -> str:
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
