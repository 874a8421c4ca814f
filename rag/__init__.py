"""Ask your own documents, in Chinese or English, and see the passage behind every sentence.

>>> from rag import KnowledgeBase
>>> kb = KnowledgeBase.open("kb", create=True)
>>> kb.add(["docs/"])
>>> kb.ask("问题").text

Every error is a ``WenjuError``; ``rag.errors`` draws the tree. Names are loaded at their first use, so that importing
this package is instant.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from index.types import Document, Passage
    from rag.config import Config
    from rag.errors import (
        ConfigError,
        DocumentError,
        MissingExtraError,
        ModelError,
        QuestionError,
        StoreError,
        UsageError,
        WenjuError,
    )
    from rag.knowledge import KnowledgeBase
    from rag.types import Answer, Citation, IngestFailure, IngestReport, Sentence, Status, Turn

__all__ = [
    "Answer",
    "Citation",
    "Config",
    "ConfigError",
    "Document",
    "DocumentError",
    "IngestFailure",
    "IngestReport",
    "KnowledgeBase",
    "MissingExtraError",
    "ModelError",
    "Passage",
    "QuestionError",
    "Sentence",
    "Status",
    "StoreError",
    "Turn",
    "UsageError",
    "WenjuError",
]

_HOMES = {"KnowledgeBase": "rag.knowledge", "Config": "rag.config", "Document": "index.types", "Passage": "index.types"}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = _HOMES.get(name) or ("rag.errors" if name.endswith("Error") else "rag.types")
    return getattr(importlib.import_module(home), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
