"""Settings: small frozen sections, read from one TOML file. A key nobody knows or a value out of range is an error.

The file is ``wenju.toml`` in the folder of a knowledge base, or the one that is named. Keys of models come from the
environment alone and are refused here: a file is copied, sent and committed.
"""

from __future__ import annotations

import difflib
import math
import os
import re
import tomllib
import types
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, Protocol, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

from index.disk import open_regular
from index.embed import EmbeddingSettings
from rag.errors import ConfigError
from rag.rerank import RerankSettings
from rag.retrieve import RetrievalSettings

__all__ = [
    "AnswerSettings",
    "AppSettings",
    "ChunkingSettings",
    "Config",
    "EmbeddingSettings",
    "RerankSettings",
    "RetrievalSettings",
]

_LARGEST = 64 * 1024  # bytes of a file; the time that reading its dotted keys takes grows with their square


@dataclass(frozen=True, slots=True)
class ChunkingSettings:
    """``budget`` is the most tokens of the embedding model that one passage has."""

    budget: int = 220


@dataclass(frozen=True, slots=True)
class AnswerSettings:
    """Who writes the answers: nobody, so that they are quotes (``model`` empty), or a chat model as LangChain's
    ``init_chat_model`` names it (``openai:gpt-5-mini``, ``ollama:qwen3``), at ``base_url`` where that is not the
    provider's own.

    ``timeout`` is in seconds, for one request; it is sent again ``retries`` times. ``strict`` leaves out sentences that
    their passages do not support instead of marking them. ``language`` is the answer's, empty for the question's.
    """

    model: str = ""
    base_url: str = ""
    temperature: float = 0.0
    timeout: float = 60.0
    retries: int = 1
    strict: bool = False
    language: str = ""


@dataclass(frozen=True, slots=True)
class AppSettings:
    """Where the page is served, and how long a question may be.

    A ``host`` other than this machine's own needs a ``password``; port 0 is any free one.
    """

    host: str = "127.0.0.1"
    port: int = 7860
    password: str = field(default="", repr=False)
    max_question_characters: int = 4000


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting. Raises ``ConfigError`` when a value is of the wrong type or out of range."""

    embedding: EmbeddingSettings = field(default_factory=EmbeddingSettings)
    chunking: ChunkingSettings = field(default_factory=ChunkingSettings)
    retrieval: RetrievalSettings = field(default_factory=RetrievalSettings)
    rerank: RerankSettings = field(default_factory=RerankSettings)
    answer: AnswerSettings = field(default_factory=AnswerSettings)
    app: AppSettings = field(default_factory=AppSettings)

    def __post_init__(self) -> None:
        for section, kind in _sections().items():
            values = getattr(self, section)
            if not isinstance(values, kind):
                raise ConfigError(f"config: {section} must be {kind.__name__}, was: {type(values).__name__}")
            for key in _keys(section):
                _check("config", section, key, getattr(values, key))

    @classmethod
    def load(cls, path: str | Path) -> Config:
        """The settings of a TOML file; what it does not name keeps its default. Raises ``ConfigError``."""
        try:
            tables = tomllib.loads(_text(Path(path)))
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read ({error.strerror}): give a TOML file") from error
        except UnicodeDecodeError as error:
            raise ConfigError(f"{path}: must be UTF-8, but byte {error.start + 1} is not: save it as UTF-8") from error
        except (ValueError, RecursionError) as error:  # no TOML, or a number of thousands of digits
            raise ConfigError(f"{path}: must be TOML: {_one_line(str(error))}") from error
        config = cls()._updated(tables, str(path))
        if not config.retrieval.user_dictionary:
            return config
        beside = str(Path(path).parent / config.retrieval.user_dictionary)
        return config.with_values({"retrieval": {"user_dictionary": beside}})

    @classmethod
    def of(cls, folder: Path) -> Config:
        """The settings that a knowledge base's folder holds, or the defaults. Raises ``ConfigError``."""
        own = folder / "wenju.toml"
        return cls.load(own) if os.path.lexists(own) else cls()  # what is there and no file is named, not passed over

    def with_values(self, tables: Mapping[str, Mapping[str, object]]) -> Config:
        """These settings with some replaced, as ``{"app": {"port": 0}}``. Raises ``ConfigError``."""
        return self._updated(tables, "config")

    def _updated(self, tables: Mapping[str, object], source: str) -> Config:
        changed: dict[str, Any] = {}
        for section, values in tables.items():
            if section not in _sections():
                raise ConfigError(f"{source}: {_unknown(f'[{section}]', section, _sections(), 'sections')}")
            if not isinstance(values, Mapping):
                raise ConfigError(f"{source}: [{section}] must be a table, was: {_shown(values)}")
            for key, value in values.items():
                _check(source, section, key, value)
            changed[section] = replace(getattr(self, section), **_converted(section, values))
        return replace(self, **changed)


def _text(path: Path) -> str:
    with open_regular(path) as file:
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise ConfigError(f"{path}: must have {_LARGEST // 1024} KiB at most, has more: give a file of settings alone")
    return data.decode("utf-8-sig")


class _Rule(Protocol):
    def holds(self, value: Any) -> bool: ...
    def __str__(self) -> str: ...


@dataclass(frozen=True, slots=True)
class _Between:
    low: float
    high: float

    def holds(self, value: Any) -> bool:
        return (isinstance(value, int) or math.isfinite(value)) and self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.low} to {self.high}"


@dataclass(frozen=True, slots=True)
class _OneOf:
    values: tuple[str, ...]

    def holds(self, value: Any) -> bool:
        return value in self.values

    def __str__(self) -> str:
        return " or ".join(repr(value) for value in self.values)


@dataclass(frozen=True, slots=True)
class _Matches:
    pattern: str
    described: str

    def holds(self, value: Any) -> bool:
        return re.fullmatch(self.pattern, value) is not None

    def __str__(self) -> str:
        return self.described


@dataclass(frozen=True, slots=True)
class _Address:
    def holds(self, value: Any) -> bool:
        try:
            parts = urlsplit(value)
            _ = parts.port  # read, it is checked
        except ValueError:
            return False
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", value)
        return value == "" or whole

    def __str__(self) -> str:
        return "empty, or an address that starts with http:// or https://"


@dataclass(frozen=True, slots=True)
class _ModelName:
    def holds(self, value: Any) -> bool:
        # A name may be a folder's, and no system looks for one with longer parts.
        parts = re.split(r"[/\\]", value)
        short = all(len(part.encode("utf-8", "replace")) <= 255 for part in parts)
        return short and re.fullmatch(r"\S(?:[^\x00-\x1f]*\S)?", value) is not None

    def __str__(self) -> str:
        return "a name without spaces around it, of 255 bytes at most between slashes"


_NAME = _ModelName()
_ADDRESS = _Address()
_RULES: Mapping[str, _Rule] = {
    "embedding.model": _NAME,
    "embedding.base_url": _ADDRESS,
    "embedding.batch_tokens": _Between(512, 1_000_000),
    "embedding.threads": _Between(0, 1024),
    "embedding.precision": _OneOf(("auto", "float32", "bfloat16")),
    "chunking.budget": _Between(32, 8192),
    "retrieval.limit": _Between(1, 100),
    "retrieval.depth": _Between(10, 10_000),
    "rerank.model": _NAME,
    "rerank.windows": _Between(1, 200),
    "rerank.question_tokens": _Between(1, 512),
    "rerank.at_first": _Between(2, 200),
    "rerank.window_tokens": _Between(16, 4096),
    "rerank.reach": _Between(0, 1000),
    "rerank.seconds": _Between(1, 3600),
    "answer.base_url": _ADDRESS,
    "answer.temperature": _Between(0, 2),
    "answer.timeout": _Between(1, 3600),
    "answer.retries": _Between(0, 10),
    "answer.language": _OneOf(("", "zh-Hans", "zh-Hant", "en")),
    "app.host": _Matches(r"[0-9A-Za-z.:\[\]-]+", "the name or number of an address"),
    "app.port": _Between(0, 65535),
    "app.max_question_characters": _Between(1, 100_000),
}
_SECRET = re.compile(r"(?:^|_)(?:api_?key|key|secret|token)$")
_TYPES = {str: "text in quotes", int: "a whole number", float: "a number", bool: "true or false"}


@cache
def _sections() -> dict[str, type]:
    hints = get_type_hints(Config)
    return {item.name: hints[item.name] for item in fields(Config)}


@cache
def _keys(section: str) -> dict[str, type]:
    """The keys of a section and the type of each; an optional one's type is what it is when given."""
    kind: Any = _sections()[section]
    hints = get_type_hints(kind)
    return {item.name: _plain(hints[item.name]) for item in fields(kind)}


def _plain(hint: Any) -> type:
    if get_origin(hint) is types.UnionType:
        hint = next(part for part in get_args(hint) if part is not type(None))
    kind: type = hint
    return kind


def _check(source: str, section: str, key: str, value: object) -> None:
    """Raises ``ConfigError`` unless the section has that key and the value suits it."""
    keys = _keys(section)
    if key not in keys:
        raise ConfigError(f"{source}: {_stranger(section, key, keys)}")
    if value is None and _default(section, key) is None:
        return
    kind = keys[key]
    taken = (int, float) if kind is float else (kind,)
    if not isinstance(value, taken) or (isinstance(value, bool) and kind is not bool):
        raise ConfigError(f"{source}: [{section}] {key} must be {_TYPES[kind]}, was: {_shown(value, key)}")
    rule = _RULES.get(f"{section}.{key}")
    if rule is not None and not rule.holds(value):
        raise ConfigError(f"{source}: [{section}] {key} must be {rule}, was: {_shown(value, key)}")


def _default(section: str, key: str) -> object:
    return getattr(_sections()[section](), key)


def _converted(section: str, values: Mapping[str, Any]) -> dict[str, Any]:
    kinds = _keys(section)
    return {key: float(value) if kinds[key] is float else value for key, value in values.items()}


def _stranger(section: str, key: str, keys: Mapping[str, object]) -> str:
    if _SECRET.search(key):
        return (
            f"[{section}] {key} must not stand in a file: take it out and set the environment variable that the "
            "model's provider reads, such as OPENAI_API_KEY"
        )
    return _unknown(f"[{section}] {key}", key, keys, "keys")


def _unknown(shown: str, name: str, known: Mapping[str, object], noun: str) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"the {noun} are {', '.join(known)}"
    return f"{_one_line(shown)} is unknown: {hint}"


def _shown(value: object, key: str = "") -> str:
    if isinstance(value, int) and value.bit_length() > 1000:
        return "a number of hundreds of digits"
    return "(not shown)" if key == "password" else _one_line(repr(value))


def _one_line(text: str) -> str:
    """Text from a file, safe to print in one line."""
    flat = "".join(character if character.isprintable() else " " for character in text)
    return flat if len(flat) <= 80 else flat[:77] + "..."
