"""Files to blocks of text, one module a format. What a file is, its content says; pdf, docx and html are parsed in a
child process under limits of time and memory, so that a hostile file costs itself only."""

from __future__ import annotations

from pathlib import Path

from index.errors import DocumentError
from index.loaders.find import find_files
from index.loaders.kind import SUFFIXES, kind_of
from index.loaders.limits import LoadLimits
from index.types import Extracted

__all__ = ["SUFFIXES", "LoadLimits", "find_files", "load", "load_bytes"]

_DEFAULT_LIMITS = LoadLimits()
# Up to this many bytes, text and Markdown are parsed in this process: starting a child would take longer.
_PARSED_HERE = 2_000_000


def load(path: Path, limits: LoadLimits = _DEFAULT_LIMITS) -> Extracted:
    """The blocks of one file. Raises DocumentError with a one-line reason where it cannot be read."""
    return load_bytes(read_bytes(path, limits), path, limits)


def read_bytes(path: Path, limits: LoadLimits = _DEFAULT_LIMITS) -> bytes:
    """The bytes of a file. Raises DocumentError where it is no readable file or is over the size limit."""
    try:
        if not path.is_file():
            raise DocumentError("it is not a regular file")
        with path.open("rb") as file:
            data = file.read(limits.file_mb * 2**20 + 1)
    except OSError as error:
        raise DocumentError(f"it cannot be read: {error.strerror or error}") from error
    if len(data) > limits.file_mb * 2**20:
        raise DocumentError(f"it is larger than {limits.file_mb} MB; split it into smaller files")
    return data


def load_bytes(data: bytes, path: Path, limits: LoadLimits = _DEFAULT_LIMITS) -> Extracted:
    """As ``load`` for bytes already read; ``path`` only names the file."""
    if not data.strip(b"\x00 \t\r\n"):
        raise DocumentError("it is empty")
    extracted = _extract(kind_of(data, path), data, limits)
    if not any(block.text.strip() for block in extracted.blocks):
        raise DocumentError("it holds no text")
    return extracted


def _extract(kind: str, data: bytes, limits: LoadLimits) -> Extracted:
    if kind == "txt" and len(data) <= _PARSED_HERE:
        from index.loaders import text

        return text.extract(data, limits)
    if kind == "md" and len(data) <= _PARSED_HERE:
        from index.loaders import markdown

        return markdown.extract(data, limits)
    from index.loaders.sandbox import extract_in_child

    return extract_in_child(kind, data, limits)
