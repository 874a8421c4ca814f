"""What one file may cost before it is given up."""

from __future__ import annotations

from dataclasses import dataclass, fields

__all__ = ["LoadLimits"]


@dataclass(frozen=True, slots=True)
class LoadLimits:
    """The most one file may take: wall-clock seconds and MiB of memory for its parser, MiB on disk (and unpacked),
    characters of text, and pages."""

    seconds: int = 60
    memory_mb: int = 1024
    file_mb: int = 200
    characters: int = 20_000_000
    pages: int = 10_000

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value < 1:
                raise ValueError(f"{field.name} must be 1 or more, was: {value}")
