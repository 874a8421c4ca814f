"""How the store touches the disk: every file and folder it writes goes through one small seam, and is synced."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Iterable
from io import BufferedReader
from pathlib import Path

__all__ = [
    "Disk",
    "is_plain_file",
    "is_plain_folder",
    "open_plain",
    "open_regular",
    "sha256_of",
    "sync_folder",
    "write_file",
]

_NO_LINKS = getattr(os, "O_NOFOLLOW", 0)
_BINARY = getattr(os, "O_BINARY", 0)


class Disk:
    """The system calls a commit makes. Another implementation can fail, or stop, at any one of them."""

    def mkdir(self, path: Path) -> None:
        """Make a folder that does not exist yet."""
        path.mkdir()

    def create(self, path: Path) -> int:
        """A descriptor of a new file; one that exists is an error."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o644)

    def write(self, descriptor: int, data: memoryview) -> int:
        """Write some of the data; the number of bytes written."""
        return os.write(descriptor, data)

    def fsync(self, descriptor: int) -> None:
        """Wait until what the descriptor stands for is on the disk."""
        os.fsync(descriptor)

    def replace(self, source: Path, target: Path) -> None:
        """Give a file or folder another name, at once, in place of what had it."""
        source.replace(target)

    def remove(self, path: Path) -> None:
        """Remove a file, or a folder with all in it; a link is removed, never followed."""
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def write_file(disk: Disk, path: Path, pieces: Iterable[bytes | memoryview]) -> tuple[int, str]:
    """Write a new file and sync it; its size in bytes and the SHA-256 of what was written, in hex."""
    digest = hashlib.sha256()
    size = 0
    descriptor = disk.create(path)
    try:
        for piece in pieces:
            view = memoryview(piece)
            digest.update(view)
            size += len(view)
            while view:
                view = view[disk.write(descriptor, view) :]
        disk.fsync(descriptor)
    finally:
        os.close(descriptor)
    return size, digest.hexdigest()


def sync_folder(disk: Disk, path: Path) -> None:
    """Make the names in a folder durable, where the system can sync folders."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        disk.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_plain_file(path: Path) -> bool:
    """Whether a regular file stands there: no link, pipe or device."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def is_plain_folder(path: Path) -> bool:
    """Whether a folder stands there, not a link to one."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def open_plain(path: Path) -> BufferedReader:
    """A regular file opened for reading. Raises OSError where it is missing, a link, a pipe or a device."""
    if not is_plain_file(path):
        path.lstat()  # a missing file says so itself
        raise OSError(f"{path} is not a regular file")
    return os.fdopen(os.open(path, os.O_RDONLY | _NO_LINKS | _BINARY), "rb")


def open_regular(path: Path) -> BufferedReader:
    """A regular file, or the one a link leads to, opened for reading. Raises OSError for anything else: a pipe would be
    waited for without end."""
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # a folder says so itself
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    return path.open("rb")
