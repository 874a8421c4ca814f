"""The error tree of the whole product.

Every error is one line that says what went wrong, where, and what to do about it.

    WenjuError
    ├── UsageError            a value the caller passed cannot be used
    ├── ConfigError           a setting is unknown or out of range
    ├── QuestionError         the question is empty or too long
    ├── DocumentError         one file could not be read (it costs itself only)
    ├── ModelError            a model is missing, half-written or not trusted
    ├── MissingExtraError     an optional package is not installed
    └── StoreError            something about a knowledge-base folder
        ├── MissingStoreError     there is none at that path
        ├── EmptyStoreError       it holds no documents yet
        ├── DamagedStoreError     a file does not match its checksum, or is gone
        ├── ForeignStoreError     the folder is not a knowledge base, or is of a newer schema
        ├── IncompatibleStoreError  it was built with another embedding model
        ├── BusyStoreError        another writer holds the lock
        └── UnknownDocumentError  no document has that id
"""

from __future__ import annotations

__all__ = [
    "BusyStoreError",
    "ConfigError",
    "DamagedStoreError",
    "DocumentError",
    "EmptyStoreError",
    "ForeignStoreError",
    "IncompatibleStoreError",
    "MissingExtraError",
    "MissingStoreError",
    "ModelError",
    "QuestionError",
    "StoreError",
    "UnknownDocumentError",
    "UsageError",
    "WenjuError",
]


class WenjuError(Exception):
    """Base of every error this product raises on purpose."""


class UsageError(WenjuError):
    """A value the caller passed cannot be used."""


class ConfigError(WenjuError):
    """A setting is unknown or out of range."""


class QuestionError(WenjuError):
    """The question is empty or too long."""


class DocumentError(WenjuError):
    """One file could not be read; the rest of the ingest goes on."""


class ModelError(WenjuError):
    """A model is missing, half-written or not trusted."""


class MissingExtraError(WenjuError):
    """An optional package is needed; the message names its install line."""


class StoreError(WenjuError):
    """Something is wrong with a knowledge-base folder."""


class MissingStoreError(StoreError):
    """There is no knowledge base at that path."""


class EmptyStoreError(StoreError):
    """The knowledge base holds no documents yet."""


class DamagedStoreError(StoreError):
    """A file of the knowledge base does not match its checksum, or is gone."""


class ForeignStoreError(StoreError):
    """The folder is not a knowledge base, or was made by a newer version."""


class IncompatibleStoreError(StoreError):
    """The knowledge base was built with another embedding model."""


class BusyStoreError(StoreError):
    """Another process is writing to the knowledge base."""


class UnknownDocumentError(StoreError):
    """No document of the knowledge base has that id."""
