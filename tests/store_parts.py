"""Parts the tests of the store share: disks that fail or stop, contents that show if they are whole, an embedder."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from index.disk import Disk
from index.manifest import EmbeddingIdentity
from index.store import Contents, Generation, Store
from index.types import Chunk, Document, Section

IDENTITY = EmbeddingIdentity("fake", "1", 8, "q: ", "p: ", True, "characters")
TEXTS = {
    "zh-Hans": "澄星芯片量产。功耗下降。",
    "zh-Hant": "嶺川晶片量產。功耗下降。",
    "en": "The chip ships. It draws less power.",
    "mixed": "CX-8 芯片量产。It ships 🚀.",
}


class Recording(Disk):
    """A disk that works, notes each call, and lets a subclass step in before it."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def step(self, name: str) -> None:
        self.calls.append(name)

    def mkdir(self, path: Path) -> None:
        self.step("mkdir")
        super().mkdir(path)

    def create(self, path: Path) -> int:
        self.step("create")
        return super().create(path)

    def write(self, descriptor: int, data: memoryview) -> int:
        # In two halves, so that a step between them leaves a file half written.
        half = super().write(descriptor, data[: len(data) // 2])
        self.step("write")
        return half + super().write(descriptor, data[half:])

    def fsync(self, descriptor: int) -> None:
        self.step("fsync")
        super().fsync(descriptor)

    def replace(self, source: Path, target: Path) -> None:
        self.step("replace")
        super().replace(source, target)

    def remove(self, path: Path) -> None:
        self.step("remove")
        super().remove(path)


class Failing(Recording):
    """Fails with an error number at one call, or at that and every later one but removals."""

    def __init__(self, at: int, number: int, *, for_good: bool = False) -> None:
        super().__init__()
        self._at, self._number, self._for_good = at, number, for_good

    def step(self, name: str) -> None:
        super().step(name)
        place = len(self.calls) - 1
        if place == self._at or (self._for_good and place > self._at and name != "remove"):
            raise OSError(self._number, os.strerror(self._number))


class Killing(Recording):
    """Kills its process, as ``kill -9`` does, at one call."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self._at = at

    def step(self, name: str) -> None:
        if len(self.calls) == self._at:
            os.kill(os.getpid(), signal.SIGKILL)
        super().step(name)


def in_child(work: Callable[[], object]) -> bool:
    """Run something in a child process; whether it was killed. Any error of its own fails the test."""
    child = os.fork()
    if not child:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.WEXITSTATUS(status) == 0, "the child failed by itself"
    return False


def contents(version: int, identity: EmbeddingIdentity = IDENTITY) -> Contents:
    """A small collection every part of which says which version it is of."""
    documents, chunks = [], []
    for tag, text in TEXTS.items():
        whole = f"{version}。{text}"
        name = f"{tag.lower()}-{version}"
        section = Section("paragraph", 0, len(whole))
        digest = hashlib.sha256(whole.encode()).hexdigest()
        documents.append(Document(name, tag, f"/文件 夹/{tag}.txt", whole, tag, digest, (section,), (0, 3)))
        cut = whole.index("。", 3) + 1 if "。" in text else whole.index(". ") + 2
        chunks.append(Chunk(f"{name}-0", name, 0, cut, whole[:cut], tag, 1, ("标题", tag)))
        chunks.append(Chunk(f"{name}-1", name, cut, len(whole), whole[cut:], tag))
    vectors = vectors_of([str(version)] * len(chunks))
    return Contents(documents, chunks, vectors, identity, {"index.bin": f"{version}".encode()}, {"version": version})


def version_of(generation: Generation) -> int:
    """The version of a generation, 0 if it is empty; every part of it must be of the same."""
    version = generation.extra.get("version", 0)
    assert isinstance(version, int)
    if version:
        expected = contents(version)
        assert list(generation.all_chunks()) == list(expected.chunks)
        assert [generation.document(document.id) for document in expected.documents] == list(expected.documents)
        assert np.array_equal(generation.vectors, expected.vectors)
        assert generation.read_bytes("index.bin") == expected.artifacts["index.bin"]
    else:
        assert generation.document_rows() == []
    return version


def commit(store: Store, version: int) -> Generation:
    with store.writer() as writer:
        return writer.commit(contents(version))


def snapshot_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its contents."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def vectors_of(texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """A vector of unit length for each text, which depends on the text alone."""
    digests = [hashlib.sha256(text.encode()).digest()[: IDENTITY.dimension] for text in texts]
    rows = np.array([list(digest) for digest in digests], dtype=np.float32).reshape(len(texts), IDENTITY.dimension) + 1
    units: npt.NDArray[np.float32] = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return units


class HashEmbedder:
    """An embedder without a model; it counts what it is asked for."""

    def __init__(self, identity: EmbeddingIdentity = IDENTITY) -> None:
        self.identity = identity
        self.embedded: list[str] = []

    def encode_passages(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self.embedded += texts
        return vectors_of(texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text) for text in texts]
