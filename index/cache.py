"""Embeddings already computed, kept beside the generations: a text embedded once costs no model time again.

It is a convenience: where it is damaged, full or not writable, the work is done again and nothing fails.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import astuple
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from index.manifest import EmbeddingIdentity

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["EmbeddingCache"]

_KEPT = 200_000  # vectors; the oldest go first


class EmbeddingCache:
    """Vectors by the SHA-256 of the model's identity, the kind of text and the text. Use it as a context manager."""

    def __init__(self, path: Path, embedding: EmbeddingIdentity) -> None:
        self._embedding = embedding
        self._connection: sqlite3.Connection | None = None
        with suppress(OSError):
            path.parent.mkdir(exist_ok=True)
            try:
                self._connection = _connect(path)
            except sqlite3.DatabaseError:
                path.unlink(missing_ok=True)
                with suppress(sqlite3.Error):
                    self._connection = _connect(path)

    def __enter__(self) -> EmbeddingCache:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is None:
            return
        with suppress(sqlite3.Error), self._connection:
            self._connection.execute(
                "DELETE FROM vectors WHERE number <= (SELECT max(number) FROM vectors) - ?", (_KEPT,)
            )
        self._connection.close()

    def get(self, kind: str, texts: Sequence[str]) -> dict[int, npt.NDArray[np.float32]]:
        """The vectors that are known, float32 of shape (dimension,), by their text's place in ``texts``."""
        import numpy as np

        if self._connection is None:
            return {}
        found: dict[int, npt.NDArray[np.float32]] = {}
        with suppress(sqlite3.Error):
            for place, text in enumerate(texts):
                statement = "SELECT vector, checksum FROM vectors WHERE key = ?"
                row = self._connection.execute(statement, (self._key(kind, text),)).fetchone()
                if row and self._is_sound(*row):
                    found[place] = np.frombuffer(row[0], dtype="<f4")
        return found

    def put(self, kind: str, texts: Sequence[str], vectors: npt.NDArray[np.float32]) -> None:
        """Keep the vectors of texts, float32 of shape (len(texts), dimension)."""
        if self._connection is None:
            return
        blobs = [row.astype("<f4").tobytes() for row in vectors]
        rows = [(self._key(kind, text), blob, zlib.crc32(blob)) for text, blob in zip(texts, blobs, strict=True)]
        with suppress(sqlite3.Error), self._connection:
            self._connection.executemany(
                "INSERT OR REPLACE INTO vectors (key, vector, checksum) VALUES (?, ?, ?)", rows
            )

    def _is_sound(self, vector: object, checksum: object) -> bool:
        size = 4 * self._embedding.dimension
        return isinstance(vector, bytes) and len(vector) == size and zlib.crc32(vector) == checksum

    def _key(self, kind: str, text: str) -> bytes:
        parts = json.dumps([*astuple(self._embedding), kind, text])
        return hashlib.sha256(parts.encode("ascii")).digest()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=5)
    try:
        # A power cut may cost the cache, never an answer: every vector carries its own checksum.
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS vectors "
            "(number INTEGER PRIMARY KEY, key BLOB UNIQUE, vector BLOB, checksum INTEGER)"
        )
    except BaseException:
        connection.close()
        raise
    return connection
