"""The shipped set and the sample documents it asks about, as a knowledge base in the user's cache."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from eval.marks import checksum
from index.rules import checksums, indexing_code

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
    made_from = [checksums(SAMPLE), indexing_code(), asdict(chosen.embedding), asdict(chosen.chunking)]
    made_from.append(chosen.retrieval.user_dictionary)
    folder = cache_folder() / "eval" / f"sample-{checksum(made_from)[:16]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    knowledge = KnowledgeBase.open(folder, create=True, config=chosen, announce=announce)
    if announce is not None and not knowledge.documents():
        announce(f"building the sample knowledge base in {folder}, which takes a minute or two")
    knowledge.add([SAMPLE])
    return knowledge
