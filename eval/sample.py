"""The shipped set and the sample documents it asks about, as a knowledge base in the user's cache."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rag.config import Config
    from rag.knowledge import KnowledgeBase

__all__ = ["SAMPLE", "SHIPPED", "sample_knowledge_base"]

_SETS = Path(__file__).resolve().parent / "sets"
SHIPPED = _SETS / "wenju.jsonl"
SAMPLE = _SETS / "sample"


def sample_knowledge_base(config: Config | None = None, announce: Callable[[str], None] | None = None) -> KnowledgeBase:
    """The knowledge base of the sample documents, built when it is not there yet.

    It is kept by the documents, the settings that shape it and the code that indexes: a newer version builds its own.
    Raises ``StoreError`` or ``ModelError``.
    """
    from index.models import cache_folder
    from rag.config import Config as Settings
    from rag.knowledge import KnowledgeBase

    chosen = config or Settings()
    made_from = [_checksums(SAMPLE), _code(), asdict(chosen.embedding), asdict(chosen.chunking)]
    mark = hashlib.sha256(json.dumps(made_from, sort_keys=True).encode("ascii")).hexdigest()[:16]
    folder = cache_folder() / "eval" / f"sample-{mark}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    knowledge = KnowledgeBase.open(folder, create=True, config=chosen, announce=announce)
    if announce is not None and not knowledge.documents():
        announce(f"building the sample knowledge base in {folder}, which takes a minute or two")
    knowledge.add([SAMPLE])
    return knowledge


def _code() -> list[tuple[str, str]]:
    import index

    return [item for kind in ("*.py", "*.json", "*.gz", "*.tsv") for item in _checksums(Path(index.__path__[0]), kind)]


def _checksums(folder: Path, kind: str = "*") -> list[tuple[str, str]]:
    files = sorted(path for path in folder.rglob(kind) if path.is_file())
    return [(path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in files]
