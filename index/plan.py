"""What an ingest has to do: the files found on disk against the documents already held, compared by content."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from index.texts import DocumentInfo

__all__ = ["FoundFile", "Plan", "compare", "source_name", "true_path"]

_WRITTEN_OUT = re.compile(rb"\\x([89a-f][0-9a-f])")  # as ``source_name`` writes a byte that is no UTF-8


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file on disk: where it is, its name as a document's source, and the SHA-256 of its bytes in hex."""

    path: Path
    source: str
    digest: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What differs between files and documents.

    ``load`` are the files to read: one for each new content, and those with another name now, from which a document
    has its title and its format, and whose ids are ``renamed``; ``moved`` gives documents whose file has another place
    now their new source, by id; ``added``, ``updated`` and ``unchanged`` are the sources found, each in one of them;
    ``removed`` are the sources of documents whose files are gone.
    """

    load: tuple[FoundFile, ...]
    renamed: frozenset[str]
    moved: Mapping[str, str]
    added: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]
    found: Mapping[str, str]
    documents: tuple[DocumentInfo, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.load or self.moved or self.replaced(()))

    def replaced(self, failed: Collection[str]) -> set[str]:
        """The ids of documents whose file is gone or now holds something else that could be read, and that no other
        file holds.

        ``failed`` are the digests that could not be read: the document from before stays in their place.
        """
        held, removed = set(self.found.values()), set(self.removed)
        return {
            info.id
            for info in self.documents
            if info.source in removed
            or (info.id in self.renamed and info.digest not in failed)
            or (info.digest not in held and info.source in self.found and self.found[info.source] not in failed)
        }


def source_name(path: Path) -> str:
    """The name of a document's source: the absolute path, bytes that are no UTF-8 written out."""
    return os.fsencode(os.path.normpath(path.absolute())).decode("utf-8", "backslashreplace")


def true_path(source: str) -> str:
    """Where a source's file is looked for. A name with ``\\xb5`` in it may have these four characters or the byte: the
    byte, unless there is a file whose name has the characters."""
    if os.path.lexists(source):
        return source
    data = _WRITTEN_OUT.sub(lambda found: bytes([int(found[1], 16)]), source.encode())
    path = os.fsdecode(data)
    return path if source_name(Path(path)) == source else source


def compare(documents: Sequence[DocumentInfo], files: Sequence[FoundFile], gone: Collection[str] = ()) -> Plan:
    """The plan that makes a collection hold what the files hold; ``gone`` are sources whose files are there no more.

    Same content at the same place, or at a second place, is unchanged; other content at a known place replaces what was
    there; known content at a new place, its old place gone or holding something else, is the same document moved; what
    is gone and stands nowhere else is taken out.
    """
    known = {info.digest: info for info in documents}
    at = {info.source: info for info in documents}
    found = {file.source: file.digest for file in files}
    held = set(found.values())
    first: dict[str, FoundFile] = {}
    for file in files:
        first.setdefault(file.digest, file)
    elsewhere = {
        digest: file.source
        for digest, file in first.items()
        if digest in known and not _is_still_there(known[digest], found)
    }
    renamed = {digest for digest, source in elsewhere.items() if Path(known[digest].source).name != Path(source).name}
    outcomes: dict[str, list[str]] = {"added": [], "updated": [], "unchanged": []}
    for file in files:
        new_here = file.source in at and at[file.source].digest != file.digest
        if new_here or file.source in elsewhere.values():
            outcome = "updated"
        else:
            outcome = "added" if file.digest not in known and first[file.digest] is file else "unchanged"
        outcomes[outcome].append(file.source)
    return Plan(
        load=tuple(file for digest, file in first.items() if digest not in known or digest in renamed),
        renamed=frozenset(known[digest].id for digest in renamed),
        moved={known[digest].id: source for digest, source in elsewhere.items() if digest not in renamed},
        found=found,
        documents=tuple(documents),
        added=tuple(outcomes["added"]),
        updated=tuple(outcomes["updated"]),
        unchanged=tuple(outcomes["unchanged"]),
        removed=tuple(sorted(info.source for info in documents if _is_out(info, gone, found, held))),
    )


def _is_out(info: DocumentInfo, gone: Collection[str], found: Mapping[str, str], held: Collection[str]) -> bool:
    """Whether a document's file is gone, and neither its place nor its content was met again in this ingest."""
    return info.source in gone and info.source not in found and info.digest not in held


def _is_still_there(info: DocumentInfo, found: Mapping[str, str]) -> bool:
    if info.source in found:
        return found[info.source] == info.digest
    return os.path.lexists(true_path(info.source))
