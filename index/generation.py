"""One generation of a knowledge base, pinned for reading: checked whole when opened, unchanged while it is held."""

from __future__ import annotations

import hashlib
import math
import os
import re
import weakref
from collections.abc import Iterator, Mapping, Sequence
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.disk import Disk, is_plain_folder, open_plain
from index.errors import DamagedStoreError, IncompatibleStoreError
from index.manifest import NO_EMBEDDING, EmbeddingIdentity, Manifest
from index.texts import DocumentInfo, Texts
from index.types import Chunk, Document

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = [
    "MANIFEST",
    "TEXTS",
    "VECTORS",
    "Generation",
    "folder_name",
    "is_generation",
    "load_array",
    "remove_unless_held",
]

MANIFEST = "manifest.json"
TEXTS = "texts.sqlite"
VECTORS = "vectors.npy"
_FOLDER = re.compile(r"gen-\d{4,9}")
_MANIFEST_LIMIT = 64 * 2**20  # bytes; a real one is a few thousand


class Generation:
    """A pinned generation. Safe to use from several threads; what it gives stays the same until it is closed."""

    def __init__(self, path: Path, manifest: Manifest, vectors: npt.NDArray[np.float32], texts: Texts) -> None:
        self.path = path
        self.manifest = manifest
        self._vectors = vectors
        self._texts = texts

    @classmethod
    def empty(cls, store: Path) -> Generation:
        """What a knowledge base holds before anything is added: number 0, in no folder of its own."""
        import numpy as np

        path = store / folder_name(0)
        return cls(path, Manifest(0, "", NO_EMBEDDING, 0, 0), np.zeros((0, 0), dtype=np.float32), Texts())

    @classmethod
    def pin(cls, path: Path) -> Generation:
        """The generation in a folder, every file checked against the manifest.

        Raises ``DamagedStoreError`` where one does not match and ``ForeignStoreError`` for a newer schema.
        """
        try:
            # Held open and locked for sharing, so that a writer leaves the folder be (see ``remove_unless_held``).
            handle = _hold(path / MANIFEST)
        except OSError as error:
            raise DamagedStoreError(f"{path.name}: {MANIFEST} cannot be read: {error.strerror or error}") from error
        try:
            manifest = _read_manifest(path, handle)
            _check_files(path, manifest)
            generation = cls(path, manifest, _load_vectors(path, manifest), Texts(path / TEXTS))
        except BaseException:
            handle.close()
            raise
        weakref.finalize(generation, _release, handle, generation._texts)
        return generation

    @property
    def number(self) -> int:
        """Which generation it is, counted from 1."""
        return self.manifest.generation

    @property
    def extra(self) -> Mapping[str, object]:
        """What the manifest keeps for the indexes."""
        return self.manifest.extra

    @property
    def vectors(self) -> npt.NDArray[np.float32]:
        """The vectors as the model gave them, float32 of shape (chunks, dimension), read-only."""
        return self._vectors

    def document_rows(self) -> list[DocumentInfo]:
        """All documents without their texts, by source."""
        return sorted(self._texts.infos().values(), key=lambda info: (info.source, info.id))

    def info(self, document_id: str) -> DocumentInfo:
        """A document without its text. Raises UnknownDocumentError."""
        return self._texts.info(document_id)

    def document(self, document_id: str) -> Document:
        """A whole document. Raises UnknownDocumentError."""
        return self._texts.document(document_id)

    def chunks(self, ordinals: Sequence[int]) -> list[Chunk]:
        """The chunks of these ordinals, in the order asked for. Raises ValueError for one that is not there."""
        return self._texts.chunks(ordinals)

    def all_chunks(self) -> Iterator[Chunk]:
        """Every chunk in the order of the vectors."""
        return self._texts.all_chunks()

    def ordinals_of(self, document_id: str) -> list[int]:
        """The ordinals of a document's chunks, in order. Raises UnknownDocumentError."""
        return self._texts.ordinals_of(document_id)

    def chunk_ordinal(self, chunk_id: str) -> int:
        """The ordinal of the chunk with this id. Raises UnknownDocumentError."""
        return self._texts.chunk_ordinal(chunk_id)

    @property
    def artifacts(self) -> list[str]:
        """The names of the files the caller handed in at the commit."""
        return sorted(self.manifest.files.keys() - {TEXTS, VECTORS})

    def path_of(self, name: str) -> Path:
        """Where a checked file stands. Raises DamagedStoreError where there is none of that name."""
        if name not in self.manifest.files:
            raise DamagedStoreError(f"{self.path.name} has no file {name}: add the documents to a new knowledge base")
        return self.path / name

    def read_bytes(self, name: str) -> bytes:
        """A file's contents, checked again. Raises DamagedStoreError."""
        path = self.path_of(name)
        try:
            with open_plain(path) as file:
                data = file.read(self.manifest.files[name].size + 1)
        except OSError as error:
            raise DamagedStoreError(f"{self.path.name}: {name} cannot be read: {error.strerror or error}") from error
        if hashlib.sha256(data).hexdigest() != self.manifest.files[name].sha256:
            raise DamagedStoreError(f"{self.path.name}: {name} does not match its checksum: run `wenju verify`")
        return data

    def array(self, name: str) -> npt.NDArray[Any]:
        """A NumPy file, mapped read-only; its header is checked against its size first. Raises DamagedStoreError."""
        return load_array(self.path_of(name))

    def check_embedding(self, embedding: EmbeddingIdentity) -> None:
        """Raise IncompatibleStoreError unless the vectors were made with this model; an empty collection takes any."""
        own = self.manifest.embedding
        if self.manifest.chunks and own != embedding:
            differences = "; ".join(own.differences(embedding))
            raise IncompatibleStoreError(
                f"{self.path.parent} was built with {own}, not with {embedding} ({differences}): "
                "set that model in the configuration, or add the documents to a new knowledge base"
            )

    def problems(self) -> list[str]:
        """What is wrong with the contents, in plain words: counts, ids, quotes, vectors (files were checked before)."""
        return self._texts.problems() + _count_problems(self)


def folder_name(number: int) -> str:
    """The name of a generation's folder."""
    return f"gen-{number:04d}"


def is_generation(name: str) -> bool:
    """Whether a name is one that ``folder_name`` gives."""
    return _FOLDER.fullmatch(name) is not None


def _load_vectors(path: Path, manifest: Manifest) -> npt.NDArray[np.float32]:
    vectors = load_array(path / VECTORS)
    shape = (manifest.chunks, manifest.embedding.dimension)
    if vectors.shape != shape or vectors.dtype.str != "<f4":
        raise DamagedStoreError(
            f"{path.name}: {VECTORS} must be float32 of shape {shape}, was: {vectors.dtype} of {vectors.shape}"
        )
    return vectors


def load_array(path: Path) -> npt.NDArray[Any]:
    """A NumPy file, mapped read-only. A header that claims other than the file's size is refused before anything is
    allocated. Raises DamagedStoreError."""
    import numpy as np

    try:
        with open_plain(path) as file:
            version = np.lib.format.read_magic(file)
            read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
            shape, fortran_order, dtype = read(file)
            start, size = file.tell(), os.fstat(file.fileno()).st_size
        if (
            dtype.hasobject
            or dtype.names
            or min(shape, default=0) < 0
            or size - start != math.prod(shape) * dtype.itemsize
        ):
            raise ValueError(f"its header claims {dtype} of shape {shape}, its size is {size} bytes")
        if not math.prod(shape):  # nothing cannot be mapped
            return np.zeros(shape, dtype=dtype)
        return np.memmap(path, dtype, "r", start, shape, "F" if fortran_order else "C")
    except (OSError, ValueError, KeyError) as error:
        raise DamagedStoreError(f"{path.parent.name}: {path.name} is not the array it must be: {error}") from error


def _read_manifest(path: Path, file: BufferedReader) -> Manifest:
    """The manifest of a generation's folder. Raises as ``Generation`` does."""
    data = file.read(_MANIFEST_LIMIT)
    try:
        manifest = Manifest.from_bytes(data)
    except DamagedStoreError as error:
        raise DamagedStoreError(f"{path.name}: {error}") from error
    if path.name != folder_name(manifest.generation) or not {TEXTS, VECTORS} <= manifest.files.keys():
        raise DamagedStoreError(f"{path.name}: {MANIFEST} describes another generation")
    return manifest


def remove_unless_held(path: Path, disk: Disk) -> None:
    """Remove a generation's folder, unless a reader of this or another process holds it. Raises OSError."""
    try:
        file = open_plain(path / MANIFEST)
    except OSError:
        disk.remove(path)
        return
    with file:
        try:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        except (ImportError, OSError):
            pass  # no such locks here; Windows refuses by itself to remove open files
        disk.remove(path)


def _hold(path: Path) -> BufferedReader:
    file = open_plain(path)
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise  # it is being removed
    except (ImportError, OSError):
        pass  # a system without such locks: the previous generation is kept, which covers all but the slowest reader
    return file


def _release(handle: BufferedReader, texts: Texts) -> None:
    texts.close()
    handle.close()


def _check_files(path: Path, manifest: Manifest) -> None:
    if not is_plain_folder(path):
        raise DamagedStoreError(f"{path.name} is not a folder of its own")
    for name, record in manifest.files.items():
        try:
            with open_plain(path / name) as file:
                size = os.fstat(file.fileno()).st_size
                if size != record.size:
                    raise DamagedStoreError(f"{path.name}: {name} is {size} bytes long, not {record.size}")
                if hashlib.file_digest(file, "sha256").hexdigest() != record.sha256:
                    raise DamagedStoreError(f"{path.name}: {name} does not match its checksum")
        except OSError as error:
            raise DamagedStoreError(f"{path.name}: {name} cannot be read: {error.strerror or error}") from error


def _count_problems(generation: Generation) -> list[str]:
    import numpy as np

    manifest, infos = generation.manifest, generation.document_rows()
    counts = {"documents": (manifest.documents, len(infos)), "chunks": (manifest.chunks, sum(i.chunks for i in infos))}
    found = [
        f"the manifest counts {claimed} {kind}, the texts hold {real}"
        for kind, (claimed, real) in counts.items()
        if claimed != real
    ]
    squares = np.einsum("ij,ij->i", generation.vectors, generation.vectors)
    sound = np.abs(squares - 1) < 0.01 if manifest.embedding.normalised else np.isfinite(squares)
    bad = np.flatnonzero(~sound)
    return found + [f"the vector of chunk {row} is not of length 1" for row in bad[:10].tolist()]
