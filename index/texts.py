"""The texts of a generation in one SQLite file: documents, and chunks whose ordinal is their row among the vectors."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from index.errors import DamagedStoreError, UnknownDocumentError
from index.types import Chunk, Document, Section

__all__ = ["DocumentInfo", "Texts", "to_bytes"]

_TABLES = {
    "documents": """CREATE TABLE documents (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, source TEXT NOT NULL, language TEXT NOT NULL, digest TEXT NOT NULL,
    text TEXT NOT NULL, sections TEXT NOT NULL, pages TEXT NOT NULL) STRICT""",
    "chunks": """CREATE TABLE chunks (
    ordinal INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, document_id TEXT NOT NULL REFERENCES documents (id),
    "start" INTEGER NOT NULL, "end" INTEGER NOT NULL, text TEXT NOT NULL, language TEXT NOT NULL, page INTEGER,
    headings TEXT NOT NULL) STRICT""",
    "chunks_by_document": "CREATE INDEX chunks_by_document ON chunks (document_id)",
}
_CHUNKS = """SELECT ordinal, id, document_id, "start", "end", text, language, page, headings FROM chunks
    WHERE ordinal IN (SELECT value FROM json_each(?))"""
_CHUNKS_AFTER = """SELECT ordinal, id, document_id, "start", "end", text, language, page, headings FROM chunks
    WHERE ordinal > ? ORDER BY ordinal LIMIT ?"""


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """A document without its text: ``characters`` long, in ``chunks`` chunks, on ``pages`` pages (0 where the format
    has none)."""

    id: str
    title: str
    source: str
    language: str
    digest: str
    characters: int
    chunks: int
    pages: int


def to_bytes(documents: Sequence[Document], chunks: Sequence[Chunk]) -> bytes:
    """The SQLite file that holds them, chunks in the order given.

    Raises ValueError for an id that stands twice and a chunk whose document is not there.
    """
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("BEGIN")
        for statement in _TABLES.values():
            connection.execute(statement)
        try:
            connection.executemany(
                "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?)", map(_document_row, documents)
            )
            connection.executemany(
                "INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                ((ordinal, *_chunk_row(chunk)) for ordinal, chunk in enumerate(chunks)),
            )
        except sqlite3.IntegrityError as error:
            raise ValueError(f"documents and chunks must have ids of their own and belong together: {error}") from error
        connection.execute("COMMIT")
        return connection.serialize()


def _document_row(document: Document) -> tuple[str, ...]:
    sections = [[section.kind, section.start, section.end, section.level] for section in document.sections]
    return (
        document.id, document.title, document.source, document.language, document.digest, document.text,
        json.dumps(sections, separators=(",", ":")), json.dumps(document.pages, separators=(",", ":")),
    )  # fmt: skip


def _chunk_row(chunk: Chunk) -> tuple[object, ...]:
    row = asdict(chunk)
    return (*list(row.values())[:-1], json.dumps(chunk.headings, ensure_ascii=False))


class Texts:
    """A texts file opened for reading. Safe to use from several threads.

    Without a path it holds nothing. Methods raise ``DamagedStoreError`` where the file does not hold what it must.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._infos: dict[str, DocumentInfo] | None = None
        # Immutable: a generation never changes, and nothing is ever written beside it.
        address = "file::memory:" if path is None else f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        with _sound():
            self._connection = sqlite3.connect(address, uri=True, check_same_thread=False, isolation_level=None)
            try:
                if path is None:
                    self._connection.deserialize(to_bytes([], []))
                self._connection.execute("PRAGMA trusted_schema = OFF")
                self._connection.execute("PRAGMA cell_size_check = ON")
                self._check_tables()
            except BaseException:
                self._connection.close()
                raise

    def _check_tables(self) -> None:
        # A stranger's file could hide a view or a trigger behind a name of ours.
        found = self._connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
        if dict(found) != _TABLES or len(found) != len(_TABLES):
            raise DamagedStoreError("texts.sqlite holds other tables than it must")

    def close(self) -> None:
        """Close the file; nothing can be read after it."""
        with self._lock:
            self._connection.close()

    def infos(self) -> dict[str, DocumentInfo]:
        """All documents without their texts, by id, in the order of their ids."""
        if self._infos is None:
            rows = self._rows(
                "SELECT id, title, source, language, digest, length(text), "
                "(SELECT count(*) FROM chunks WHERE document_id = documents.id), json_array_length(pages) "
                "FROM documents ORDER BY id"
            )
            self._infos = {row[0]: DocumentInfo(*row) for row in rows}
        return self._infos

    def info(self, document_id: str) -> DocumentInfo:
        """A document without its text. Raises UnknownDocumentError."""
        found = self.infos().get(document_id)
        if found is None:
            raise UnknownDocumentError(f"no document has the id {document_id!r}: `wenju documents` lists them")
        return found

    def document(self, document_id: str) -> Document:
        """A whole document. Raises UnknownDocumentError."""
        self.info(document_id)
        statement = "SELECT id, title, source, text, language, digest, sections, pages FROM documents WHERE id = ?"
        (row,) = self._rows(statement, (document_id,))
        with _sound():
            sections = tuple(Section(*section) for section in json.loads(row[6]))
            values: list[Any] = [*row[:6], sections, tuple(json.loads(row[7]))]
            return Document(*values)

    def chunks(self, ordinals: Sequence[int]) -> list[Chunk]:
        """The chunks of these ordinals, in the order asked for. Raises ValueError for an ordinal that is not there."""
        wanted = [int(ordinal) for ordinal in ordinals]
        rows = self._rows(_CHUNKS, (json.dumps(wanted),))
        found = {row[0]: _to_chunk(row[1:]) for row in rows}
        missing = [ordinal for ordinal in wanted if ordinal not in found]
        if missing:
            raise ValueError(f"a chunk ordinal must be one of the collection's, was: {missing[0]}")
        return [found[ordinal] for ordinal in wanted]

    def all_chunks(self) -> Iterator[Chunk]:
        """Every chunk, by ordinal; read a batch at a time."""
        last, size = -1, 1000
        while True:
            rows = self._rows(_CHUNKS_AFTER, (last, size))
            yield from (_to_chunk(row[1:]) for row in rows)
            if len(rows) < size:
                return
            last += size

    def ordinals_of(self, document_id: str) -> list[int]:
        """The ordinals of a document's chunks, in order. Raises UnknownDocumentError."""
        self.info(document_id)
        statement = "SELECT ordinal FROM chunks WHERE document_id = ? ORDER BY ordinal"
        return [row[0] for row in self._rows(statement, (document_id,))]

    def chunk_ordinal(self, chunk_id: str) -> int:
        """The ordinal of the chunk with this id. Raises UnknownDocumentError."""
        rows = self._rows("SELECT ordinal FROM chunks WHERE id = ?", (chunk_id,))
        if not rows:
            raise UnknownDocumentError(
                f"no passage has the id {chunk_id!r}: its document may have changed, search again"
            )
        return int(rows[0][0])

    def problems(self) -> list[str]:
        """What is wrong inside the file, in plain words; the integrity check finds ids that stand twice."""
        found = [f"texts.sqlite: {row[0]}" for row in self._rows("PRAGMA integrity_check(10)") if row[0] != "ok"]
        found += [
            f"the ordinals of the chunks are not 0 to {count - 1}"
            for count, low, high in self._rows("SELECT count(*), min(ordinal), max(ordinal) FROM chunks")
            if count and (low, high) != (0, count - 1)
        ]
        lost = self._rows("SELECT id FROM chunks WHERE document_id NOT IN (SELECT id FROM documents)")
        found += [f"the chunk {row[0]} belongs to no document" for row in lost]
        return found + [f"the chunk {name} does not say what its document says there" for name in self._misquotes()]

    def _misquotes(self) -> Iterator[str]:
        for document_id, text in self._rows("SELECT id, text FROM documents"):
            spans = self._rows('SELECT id, "start", "end", text FROM chunks WHERE document_id = ?', (document_id,))
            yield from (name for name, start, end, quote in spans if text[start:end] != quote)

    def _rows(self, statement: str, values: tuple[object, ...] = ()) -> list[Any]:
        with self._lock, _sound():
            return self._connection.execute(statement, values).fetchall()


@contextmanager
def _sound() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, ValueError, TypeError, RecursionError) as error:
        raise DamagedStoreError(f"texts.sqlite cannot be read: {error}") from error


def _to_chunk(row: Sequence[Any]) -> Chunk:
    with _sound():
        values: list[Any] = [*row[:7], tuple(json.loads(row[7]))]
        return Chunk(*values)
