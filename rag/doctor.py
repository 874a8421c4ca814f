"""``wenju doctor``: what this machine has, what is missing, and what to do about it. Nothing is changed or fetched."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from index import models
from index.errors import WenjuError
from rag.config import Config

__all__ = ["Finding", "examine"]

_GIBIBYTE = 2**30
_CACHE_NEEDS = 2  # GiB: both models, prepared


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what it is, what was found, and what to do where that will not do.

    ``remedy`` is empty where all is well; ``needed`` says whether anything works without it.
    """

    name: str
    value: str
    remedy: str = ""
    needed: bool = False

    @property
    def fails(self) -> bool:
        """Whether nothing works until this is put right."""
        return self.needed and bool(self.remedy)


def examine(folder: Path, config: Config) -> list[Finding]:
    """The state of this installation, of its models, and of the knowledge base in ``folder``."""
    return [*_machine(), *_processor(), *_models(config), *_extras(), *_offline(config), *_knowledge(folder, config)]


def _machine() -> Iterator[Finding]:
    yield Finding("wenju", _version("wenju") or "run from its source")
    yield Finding("python", f"{platform.python_version()} at {sys.executable}")
    yield Finding("system", f"{platform.system()} {platform.machine()}, {os.cpu_count() or 1} processor cores")
    memory = _memory()
    if memory is not None:
        remedy = "" if memory >= 4 else "4 GiB is the least for the bundled models: set [rerank] model = 'none'"
        yield Finding("memory", f"{memory:.1f} GiB", remedy)


def _memory() -> float | None:
    """The machine's memory in GiB, where the system says it."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIBIBYTE
    except (AttributeError, ValueError, OSError):
        return None


def _processor() -> Iterator[Finding]:
    try:
        import torch
    except (ImportError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        yield Finding("torch", f"cannot be loaded: {reason}", "install it again: pip install torch", needed=True)
        return
    device = "a CUDA GPU" if torch.cuda.is_available() else "no GPU"
    capability = torch.backends.cpu.get_cpu_capability()
    yield Finding("torch", f"{torch.__version__}, {capability}, {torch.get_num_threads()} threads, {device}")


def _models(config: Config) -> Iterator[Finding]:
    own = config.embedding.model == "bundled" and not config.embedding.base_url
    if own:
        yield _bundled("embedding model", models.EMBEDDER, needed=True)
    else:
        yield Finding("embedding model", config.embedding.model)
    if config.rerank.model in ("auto", "likelihood"):
        yield _bundled("reranking model", models.LANGUAGE_MODEL, needed=config.rerank.model == "likelihood")
    else:
        yield Finding("reranking model", config.rerank.model)
    cache = models.cache_folder()
    free = _free(cache)
    remedy = "" if free >= _CACHE_NEEDS else "free some space, or set WENJU_CACHE to another folder"
    yield Finding("model folder", f"{cache}, {free:.1f} GiB free", remedy)


def _bundled(role: str, model: models.BundledModel, *, needed: bool) -> Finding:
    if models.is_ready(model):
        return Finding(role, f"{model.name}, ready", needed=needed)
    if models.is_installed(model):
        return Finding(role, f"{model.name}, prepared at first use in about {model.seconds} s", needed=needed)
    return Finding(role, f"{model.name}, not installed", model.remedy, needed)


def _free(folder: Path) -> float:
    """Free space in GiB where the folder is or would be made."""
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(existing).free / _GIBIBYTE


def _extras() -> Iterator[Finding]:
    for extra, module in (("openai", "langchain_openai"), ("ollama", "langchain_ollama")):
        there = importlib.util.find_spec(module) is not None
        yield Finding(f"extra {extra}", "installed" if there else f'not installed (pip install "wenju[{extra}]")')


def _offline(config: Config) -> Iterator[Finding]:
    remote = [
        name
        for name, used in (
            ("the embedding endpoint", bool(config.embedding.base_url)),
            (f"the chat model {config.answer.model}", bool(config.answer.model)),
        )
        if used
    ]
    yield Finding("network", f"used for {' and '.join(remote)}" if remote else "not used")


def _knowledge(folder: Path, config: Config) -> Iterator[Finding]:
    from rag.knowledge import KnowledgeBase

    if not folder.exists():
        yield Finding("knowledge base", f"none at {folder} yet")
        return
    try:
        knowledge = KnowledgeBase.open(folder, config=config)
        count, outdated = len(knowledge.documents()), knowledge.is_outdated()
        knowledge.close()
    except WenjuError as error:
        yield Finding("knowledge base", f"{folder} cannot be used", str(error))
    else:
        remedy = "its search words are another version's or dictionary's: add its documents again" if outdated else ""
        yield Finding("knowledge base", f"{folder}, {count} documents", remedy)


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
