"""The one writer of a knowledge base: a new generation beside the old one, then the pointer, then the leftovers."""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from index import texts
from index.disk import Disk, sync_folder, write_file
from index.errors import DamagedStoreError, StoreError
from index.generation import MANIFEST, TEXTS, VECTORS, Generation, folder_name, is_generation, remove_unless_held
from index.manifest import EmbeddingIdentity, FileRecord, Manifest, is_file_name
from index.types import Chunk, Document

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["CURRENT", "PARTIAL", "Contents", "Writer", "set_current"]

CURRENT = "CURRENT"
PARTIAL = ".partial"


@dataclass(frozen=True, slots=True)
class Contents:
    """What a generation is to hold: row ``i`` of ``vectors``, float32 of shape (chunks, dimension), is of chunk ``i``.

    ``artifacts`` are further files by name; ``extra`` is plain JSON for the manifest.
    """

    documents: Sequence[Document]
    chunks: Sequence[Chunk]
    vectors: npt.NDArray[np.float32]
    embedding: EmbeddingIdentity
    artifacts: Mapping[str, bytes]
    extra: Mapping[str, object]

    def __post_init__(self) -> None:
        import numpy as np

        shape = (len(self.chunks), self.embedding.dimension)
        if self.vectors.shape != shape or self.vectors.dtype != np.float32:
            raise ValueError(
                f"vectors must be float32 of shape {shape}, was: {self.vectors.dtype} {self.vectors.shape}"
            )
        if not np.isfinite(self.vectors).all():
            raise ValueError("vectors must be finite, some were not: the embedding model is faulty")
        for name in self.artifacts:
            if not is_file_name(name) or name in (MANIFEST, TEXTS, VECTORS):
                raise ValueError(f"an artifact's name must be small letters, digits, '.', '_' and '-', was: {name!r}")


class Writer:
    """The right to commit to a knowledge base, from ``Store.writer``; ``base`` is the generation it starts from."""

    def __init__(self, path: Path, base: Generation, numbers: Sequence[int], disk: Disk) -> None:
        self.path = path
        self.base = base
        # Never a number that was used before, so that a name stands for one content only.
        self._numbers = list(numbers)
        self._next = max([base.number, *numbers]) + 1
        self._disk = disk

    def commit(self, contents: Contents) -> Generation:
        """Make a new generation the one in use, whole or not at all, and return it pinned.

        Raises StoreError where the disk refuses; the knowledge base is then as it was.
        """
        name = folder_name(self._next)
        partial = self.path / (name + PARTIAL)
        generation: Generation | None = None
        try:
            self._write(partial, contents)
            self._disk.replace(partial, self.path / name)
            sync_folder(self._disk, self.path)
            generation = Generation.pin(self.path / name)
            set_current(self.path, name, self._disk)
        except (OSError, DamagedStoreError) as error:
            generation = None  # let go of it, so that it can be removed
            self._undo(name)
            reason = (error.strerror if isinstance(error, OSError) else None) or error
            raise StoreError(
                f"{self.path} cannot be written: {reason}; {self._after(name)}: "
                "see to its space and rights, then try again"
            ) from error
        self._next += 1
        self.base, previous = generation, self.base
        self._keep_only({generation.path.name, previous.path.name})
        return generation

    def clean_up(self) -> None:
        """Remove what a crash left: half-made generations, and whole ones that were never committed."""
        kept = set(self._numbers)
        with suppress(OSError):
            if self._current() == self.base.path.name:  # else the base is a substitute, and nothing is given up for it
                kept = {self.base.number, max((n for n in kept if n < self.base.number), default=0)}
        self._keep_only(set(map(folder_name, kept)))

    def _write(self, partial: Path, contents: Contents) -> None:
        import numpy as np

        header = io.BytesIO()
        vectors = np.ascontiguousarray(contents.vectors, dtype="<f4")
        np.lib.format.write_array_header_1_0(header, np.lib.format.header_data_from_array_1_0(vectors))
        pieces: dict[str, list[bytes | memoryview]] = {
            TEXTS: [texts.to_bytes(contents.documents, contents.chunks)],
            VECTORS: [header.getvalue(), vectors.reshape(-1).view(np.uint8).data],
            **{name: [data] for name, data in contents.artifacts.items()},
        }
        self._disk.mkdir(partial)
        files = {name: FileRecord(*write_file(self._disk, partial / name, data)) for name, data in pieces.items()}
        manifest = Manifest(
            generation=self._next,
            created_by=_version(),
            embedding=contents.embedding,
            documents=len(contents.documents),
            chunks=len(contents.chunks),
            languages=dict(sorted(Counter(chunk.language for chunk in contents.chunks).items())),
            files=files,
            extra=contents.extra,
        )
        write_file(self._disk, partial / MANIFEST, [manifest.to_bytes()])
        sync_folder(self._disk, partial)

    def _undo(self, name: str) -> None:
        with suppress(OSError):
            if self._current() == name:
                self._remove(CURRENT + PARTIAL)
                set_current(self.path, self.base.path.name, self._disk)
        self._remove(CURRENT + PARTIAL)
        self._remove(name + PARTIAL)
        with suppress(OSError):
            if self._current() != name:
                self._remove(name)

    def _after(self, name: str) -> str:
        try:
            return "it may hold the change or not" if self._current() == name else "nothing was changed"
        except OSError:
            return "it cannot be read either"

    def _keep_only(self, names: set[str]) -> None:
        """Remove every other generation and every unfinished file; what cannot be removed now is left for the next."""
        with suppress(OSError):
            for name in sorted(path.name for path in self.path.iterdir()):
                unfinished = name.endswith(PARTIAL) and (name.startswith("gen-") or name == CURRENT + PARTIAL)
                if unfinished or (is_generation(name) and name not in names):
                    self._remove(name)

    def _remove(self, name: str) -> None:
        with suppress(OSError):
            if is_generation(name):
                remove_unless_held(self.path / name, self._disk)
            elif os.path.lexists(self.path / name):
                self._disk.remove(self.path / name)

    def _current(self) -> str:
        return (self.path / CURRENT).read_text(encoding="ascii", errors="replace").strip()


def set_current(store: Path, name: str, disk: Disk) -> None:
    """Make a generation the one in use, at once and durably. Raises OSError."""
    partial = store / (CURRENT + PARTIAL)
    write_file(disk, partial, [f"{name}\n".encode("ascii")])
    disk.replace(partial, store / CURRENT)
    sync_folder(disk, store)


def _version() -> str:
    try:
        return f"wenju {metadata.version('wenju')}"
    except metadata.PackageNotFoundError:  # run from a source tree
        return "wenju"
