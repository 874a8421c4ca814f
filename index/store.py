"""A knowledge base as a folder of generations, each written whole and never changed.

    kb/CURRENT              the name of the generation in use; replaced at once, last of all
    kb/gen-0007/            texts.sqlite, vectors.npy, the indexes, manifest.json with every checksum
    kb/gen-0006/            the one before it
    kb/LOCK                 held by the one writer
    kb/cache/               embeddings already computed; may be deleted at any time
    kb/wenju.toml           the user's settings, if any; left alone

A commit that was acknowledged survives a crash and a power cut; one that was not leaves what was there before. Readers
take no lock: they pin a generation and see the next one when they ask again. What a crash leaves behind is removed by
the next writer.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from index.disk import Disk, is_plain_folder, open_plain
from index.errors import (
    BusyStoreError,
    DamagedStoreError,
    ForeignStoreError,
    MissingStoreError,
    StoreError,
)
from index.generation import Generation, folder_name, is_generation
from index.manifest import EmbeddingIdentity, Manifest
from index.texts import DocumentInfo
from index.writer import CURRENT, PARTIAL, Contents, Writer, set_current

__all__ = ["Contents", "DocumentInfo", "EmbeddingIdentity", "Generation", "Manifest", "Store", "Writer"]

_LOCK = "LOCK"
_CACHE = "cache"
_OWN_NAMES = {CURRENT, CURRENT + PARTIAL, _LOCK, _CACHE, "wenju.toml", ".DS_Store"}
_POINTER_LIMIT = 64  # bytes
_PIN_TRIES = 5

_log = logging.getLogger(__name__)


class Store:
    """A knowledge base's folder. Safe to use from several threads and processes.

    ``warnings`` says, in plain words, what was found damaged and how it was got around.
    """

    def __init__(self, path: Path, disk: Disk | None = None) -> None:
        self.path = path
        self.warnings: list[str] = []
        self._disk = disk or Disk()
        self._lock = threading.Lock()
        self._pinned: tuple[object, Generation] | None = None

    @classmethod
    def open(cls, path: str | Path, *, create: bool = False, disk: Disk | None = None) -> Store:
        """The knowledge base at a path, checked; with ``create``, a new one where there is none.

        A damaged generation gives way to the one before it, with a warning. Raises MissingStoreError, ForeignStoreError
        (a folder of something else, or of a newer version) and DamagedStoreError (nothing sound to fall back to).
        """
        store = cls(Path(path).absolute(), disk)
        if not store._exists():
            if not create:
                raise MissingStoreError(f"there is no knowledge base at {path}: `wenju add` makes one")
            store._create()
        store.snapshot()
        return store

    def snapshot(self) -> Generation:
        """The generation in use, pinned: it stays readable, whatever is committed later, as long as it is referred to.

        Cheap while nothing has changed. Before the first commit it is generation 0, which is empty.
        """
        with self._lock:
            for _ in range(_PIN_TRIES):
                mark, name = self._read_pointer()
                if self._pinned is None or self._pinned[0] != mark:
                    try:
                        self._pinned = (mark, self._pin(name))
                    except DamagedStoreError as error:
                        if self._read_pointer()[0] != mark:  # a writer moved on meanwhile
                            continue
                        self._pinned = (mark, self._fall_back(name, error))
                return self._pinned[1]
        raise BusyStoreError(f"{self.path} changes faster than it can be read: try again")

    @contextmanager
    def writer(self, timeout: float = 30.0) -> Iterator[Writer]:
        """The right to write, for one at a time: waits up to ``timeout`` seconds, then raises BusyStoreError.

        Raises StoreError where the folder cannot be written.
        """
        import filelock

        self._refuse_links()
        lock = filelock.FileLock(self.path / _LOCK, timeout=timeout, thread_local=False)
        try:
            lock.acquire()
        except filelock.Timeout as error:
            raise BusyStoreError(f"another process is writing to {self.path}: try again when it is done") from error
        except (OSError, RuntimeError) as error:
            reason = (error.strerror if isinstance(error, OSError) else None) or error
            raise StoreError(
                f"{self.path} cannot be written: {reason}; nothing was changed: see to its rights, then try again"
            ) from error
        try:
            writer = Writer(self.path, self.snapshot(), self._numbers(), self._disk)
            writer.clean_up()
            yield writer
        finally:
            lock.release()

    def close(self) -> None:
        """Let go of the generation in use; what others still hold stays readable, and asking again opens it again."""
        with self._lock:
            self._pinned = None

    @property
    def cache_path(self) -> Path:
        """Where embeddings already computed may be kept; its folder need not exist."""
        return self.path / _CACHE / "embeddings.sqlite"

    def verify(self) -> list[str]:
        """What is wrong with the knowledge base, in plain words; nothing if it is sound. Reads every byte of it."""
        _, name = self._read_pointer()
        try:
            generation = self._pin(name)
        except (DamagedStoreError, ForeignStoreError) as error:
            return [str(error)]
        try:
            return generation.problems()
        except DamagedStoreError as error:
            return [str(error)]

    def _exists(self) -> bool:
        try:
            names = {path.name for path in self.path.iterdir()}
        except FileNotFoundError:
            return False
        except NotADirectoryError:
            raise ForeignStoreError(f"{self.path} is a file, not a knowledge base: give another path") from None
        except OSError as error:
            raise StoreError(f"{self.path} cannot be read: {error.strerror}") from error
        if CURRENT in names or self._numbers():
            return True
        foreign = sorted(names - _OWN_NAMES)
        if foreign:
            raise ForeignStoreError(
                f"{self.path} is not a knowledge base (it holds {foreign[0]!r}): give an empty or a new folder"
            )
        return False

    def _create(self) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._refuse_links()
            (self.path / (CURRENT + PARTIAL)).unlink(missing_ok=True)
            set_current(self.path, folder_name(0), self._disk)
        except OSError as error:
            raise StoreError(f"a knowledge base cannot be made at {self.path}: {error.strerror or error}") from error

    def _refuse_links(self) -> None:
        for name in (_LOCK, CURRENT, _CACHE, f"{_CACHE}/{self.cache_path.name}"):
            if (self.path / name).is_symlink():
                raise ForeignStoreError(f"{self.path / name} is a symbolic link, which is not followed: remove it")

    def _read_pointer(self) -> tuple[object, str]:
        """What changes whenever CURRENT is replaced, and what it says (empty where it cannot be read)."""
        try:
            with open_plain(self.path / CURRENT) as file:
                status = os.fstat(file.fileno())
                text = file.read(_POINTER_LIMIT).decode("ascii", "replace").strip()
        except OSError as error:
            if not is_plain_folder(self.path.resolve()):
                raise MissingStoreError(f"the knowledge base at {self.path} is gone: open it again") from error
            return (str(error), tuple(self._numbers())), ""
        return (text, status.st_ino, status.st_mtime_ns), text if is_generation(text) else ""

    def _pin(self, name: str) -> Generation:
        if not name:
            raise DamagedStoreError(f"{CURRENT} is missing or names no generation")
        if name == folder_name(0):
            return Generation.empty(self.path)
        try:
            return Generation.pin(self.path / name)
        except ForeignStoreError as error:
            raise ForeignStoreError(f"{self.path} cannot be used: {error}; use the version that made it") from error

    def _fall_back(self, name: str, damage: DamagedStoreError) -> Generation:
        # A later one than CURRENT names was never committed.
        below = _number(name) if name else 10**9
        for number in sorted(self._numbers(), reverse=True):
            if number >= below:
                continue
            try:
                generation = Generation.pin(self.path / folder_name(number))
            except DamagedStoreError:
                continue
            self._warn(f"{damage}; {generation.path.name} is used instead, so what was added last may be missing")
            return generation
        raise DamagedStoreError(
            f"the knowledge base at {self.path} is damaged ({damage}): delete CURRENT and the gen- folders in it, "
            "nothing else, and add the documents again"
        ) from damage

    def _warn(self, text: str) -> None:
        self.warnings.append(text)
        _log.warning("%s: %s", self.path, text)

    def _numbers(self) -> list[int]:
        """The numbers of the generations that have a folder, half-made ones not counted."""
        return sorted(_number(path.name) for path in self.path.iterdir() if is_generation(path.name))


def _number(name: str) -> int:
    return int(name.removeprefix("gen-"))
