"""The offline line: files are found, compared by content, loaded, cleaned, chunked, embedded, indexed and stored."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from index.cache import EmbeddingCache
from index.chunk import chunk, embedding_text
from index.clean import clean
from index.errors import DocumentError, ModelError
from index.generation import Generation
from index.gone import gone
from index.loaders import find_files, load_bytes, read_bytes
from index.manifest import EmbeddingIdentity
from index.plan import FoundFile, Plan, compare, source_name
from index.store import DocumentInfo, Store
from index.types import Chunk, Document
from index.writer import Contents, Writer

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float32]

__all__ = ["BuildReport", "Embedder", "Indexer", "Progress", "add", "embed", "remove"]

_BATCH = 256  # texts embedded between two progress events; each batch is cached as it is done

_log = logging.getLogger(__name__)


class Embedder(Protocol):
    """What building needs of an embedding model."""

    @property
    def identity(self) -> EmbeddingIdentity:
        """What the vectors depend on."""

    def encode_passages(self, texts: Sequence[str]) -> Matrix:
        """Vectors, float32 of shape (len(texts), dimension), of unit length."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has."""


class Indexer(Protocol):
    """Makes what a generation is searched by."""

    def __call__(
        self, chunks: Sequence[Chunk], texts: Sequence[str], vectors: Matrix, base: Generation, /
    ) -> tuple[dict[str, bytes], dict[str, object]]:
        """Files by name and values for the manifest, from chunks, their embedding texts and vectors (a row each), and
        the generation before, whose work need not be done again."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a stage is: ``done`` of ``total`` files (load), texts (embed) or steps; ``name`` is the file at hand."""

    stage: Literal["load", "embed", "index", "save"]
    done: int
    total: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What became of every file, by source: ``failed`` with the reason; where a file that was known before now fails,
    what was read from it before stays. ``removed`` are those whose files are gone from a folder that was added."""

    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Parts:
    """Documents with their chunks and vectors, in no order yet; ``vectors[i]`` has a row for each of ``chunks[i]``."""

    documents: list[Document]
    chunks: list[list[Chunk]]
    vectors: list[Matrix]


def _ignore(_: Progress) -> None:
    pass


def add(
    store: Store,
    paths: Sequence[str | Path],
    *,
    embedder: Callable[[], Embedder],
    indexer: Indexer,
    budget: int,
    outdated: Callable[[Generation], bool] = lambda _: False,
    on_progress: Callable[[Progress], None] | None = None,
) -> BuildReport:
    """Make a knowledge base hold what the files and folders hold; what lies elsewhere stays as it is. A document whose
    file is gone from one of the folders is taken out, unless that may be an accident (see ``index.gone``).

    Files already held cost no more than their checksum: where nothing differs, nothing is written and the embedder is
    not even made. A file that cannot be read is reported and costs itself only. ``budget`` is a chunk's size in tokens;
    what is held is indexed anew, though no file differs, where its generation is ``outdated``.

    Raises IncompatibleStoreError for another embedding model than the one in use, BusyStoreError, StoreError (the disk
    refused; nothing was changed), UsageError for a path that does not exist, and ModelError.
    """
    tell = on_progress or _ignore
    files, failed = _find(store, paths)
    held = store.snapshot().document_rows()
    lost = _lost(store, held, paths, [source for source, _ in failed])
    plan = compare(held, files, lost)
    if plan.is_empty and not (held and outdated(store.snapshot())):
        return _report(plan, failed, {})
    with store.writer() as writer:
        plan = compare(writer.base.document_rows(), files, lost)  # another writer may have been first
        model = embedder() if plan.load else None
        if model is not None:
            writer.base.check_embedding(model.identity)
        documents, unreadable = _load(plan.load, tell)
        parts = _held(writer.base, plan, unreadable)
        if model is not None and documents:
            made = _made(documents, model, budget, store.cache_path, tell)
            parts = _Parts(parts.documents + made.documents, parts.chunks + made.chunks, parts.vectors + made.vectors)
        renew = bool(parts.documents) and outdated(writer.base)
        if documents or plan.moved or plan.replaced(unreadable) or renew:
            identity = model.identity if model is not None and documents else writer.base.manifest.embedding
            _commit(writer, parts, identity, indexer, tell, renew=renew)
    return _report(plan, failed, unreadable)


def remove(store: Store, document_id: str, *, indexer: Indexer) -> None:
    """Take a document out of a knowledge base; its file is left alone.

    Raises UnknownDocumentError, BusyStoreError and StoreError (the disk refused; nothing was changed).
    """
    with store.writer() as writer:
        writer.base.info(document_id)
        ids = [info.id for info in writer.base.document_rows() if info.id != document_id]
        _commit(writer, _parts_of(writer.base, ids), writer.base.manifest.embedding, indexer, _ignore)


def _find(store: Store, paths: Sequence[str | Path]) -> tuple[list[FoundFile], list[tuple[str, str]]]:
    """The files with their checksums, and those left out with the reason; the knowledge base's own are passed over,
    unless one is named itself: what a browser sends is kept there."""
    found, skipped = find_files(paths)
    home = store.path.resolve()
    files: dict[str, FoundFile] = {}
    failed = [(source_name(path), why) for path, why in skipped if not path.resolve().is_relative_to(home)]
    named = {Path(path) for path in paths}
    for path in found:
        if path not in named and path.resolve().is_relative_to(home):
            continue
        source = source_name(path)
        try:
            files.setdefault(source, FoundFile(path, source, _digest(read_bytes(path))))
        except DocumentError as error:
            failed.append((source, str(error)))
    return list(files.values()), failed


def _lost(
    store: Store, documents: Sequence[DocumentInfo], paths: Sequence[str | Path], left_out: Sequence[str]
) -> set[str]:
    """The sources of documents whose files are gone from the folders among the paths; none of the knowledge base's
    own."""
    folders = [source_name(Path(path)) for path in paths if Path(path).is_dir()]
    return gone(documents, folders, [*left_out, source_name(store.path)])


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _load(files: Sequence[FoundFile], on_progress: Callable[[Progress], None]) -> tuple[list[Document], dict[str, str]]:
    """The documents of new files, and why the others could not be read, by digest."""
    documents: list[Document] = []
    unreadable: dict[str, str] = {}
    for number, file in enumerate(files):
        on_progress(Progress("load", number, len(files), file.source))
        try:
            data = read_bytes(file.path)
            if _digest(data) != file.digest:
                raise DocumentError("it changed while it was read: add it again")
            documents.append(clean(load_bytes(data, file.path), source=file.source, digest=file.digest))
        except DocumentError as error:
            unreadable[file.digest] = str(error)
        except (ValueError, LookupError, RecursionError, MemoryError) as error:  # a parser's own fault, with this file
            _log.warning("a file could not be read: %r", file.source, exc_info=True)
            unreadable[file.digest] = f"it could not be read ({type(error).__name__})"
    on_progress(Progress("load", len(files), len(files)))
    return documents, unreadable


def _held(base: Generation, plan: Plan, unreadable: Mapping[str, str]) -> _Parts:
    """What stays of a generation, with the sources of files that moved."""
    replaced = plan.replaced(unreadable.keys())
    parts = _parts_of(base, [info.id for info in plan.documents if info.id not in replaced])
    moved = [replace(document, source=plan.moved.get(document.id, document.source)) for document in parts.documents]
    return replace(parts, documents=moved)


def _parts_of(base: Generation, ids: Sequence[str]) -> _Parts:
    ordinals = [base.ordinals_of(document_id) for document_id in ids]
    return _Parts(
        documents=[base.document(document_id) for document_id in ids],
        chunks=[base.chunks(rows) for rows in ordinals],
        vectors=[base.vectors[rows] for rows in ordinals],
    )


def _made(
    documents: Sequence[Document],
    model: Embedder,
    budget: int,
    cache_path: Path,
    on_progress: Callable[[Progress], None],
) -> _Parts:
    """New documents, cut into chunks and embedded."""
    import numpy as np

    chunks = [chunk(document, model.count_tokens, budget) for document in documents]
    pairs = zip(documents, chunks, strict=True)
    texts = [embedding_text(piece, document.title) for document, pieces in pairs for piece in pieces]
    vectors = embed(texts, model, cache_path, on_progress)
    ends = np.cumsum([len(pieces) for pieces in chunks])[:-1]
    return _Parts(list(documents), chunks, np.split(vectors, ends))


def embed(texts: Sequence[str], model: Embedder, cache_path: Path, on_progress: Callable[[Progress], None]) -> Matrix:
    """The vectors of texts, float32 of shape (len(texts), dimension): from the cache, or embedded and put there.

    What is killed goes on where it stopped. Raises ModelError.
    """
    import numpy as np

    distinct = list(dict.fromkeys(texts))
    row_of = {text: row for row, text in enumerate(distinct)}
    vectors = np.empty((len(distinct), model.identity.dimension), dtype=np.float32)
    with EmbeddingCache(cache_path, model.identity) as cache:
        for start in range(0, len(distinct), _BATCH):
            batch = distinct[start : start + _BATCH]
            on_progress(Progress("embed", start, len(distinct)))
            cached = cache.get("passage", batch)
            missing = [text for place, text in enumerate(batch) if place not in cached]
            for place, vector in cached.items():
                vectors[start + place] = vector
            if missing:
                made = _checked(model.encode_passages(missing), (len(missing), model.identity.dimension))
                vectors[[row_of[text] for text in missing]] = made
                cache.put("passage", missing, made)
    on_progress(Progress("embed", len(distinct), len(distinct)))
    rows = [row_of[text] for text in texts]
    return vectors[rows]


def _checked(vectors: Matrix, shape: tuple[int, int]) -> Matrix:
    import numpy as np

    if vectors.shape != shape or not np.isfinite(vectors).all():
        raise ModelError(
            f"the embedding model must give finite vectors of shape {shape}, gave {vectors.shape}: choose another model"
        )
    return vectors.astype(np.float32)


def _commit(
    writer: Writer,
    parts: _Parts,
    identity: EmbeddingIdentity,
    indexer: Indexer,
    on_progress: Callable[[Progress], None],
    *,
    renew: bool = False,
) -> None:
    """Index and store the parts, ordered by document id, so that a collection does not depend on how it came about."""
    import numpy as np

    order = sorted(range(len(parts.documents)), key=lambda place: parts.documents[place].id)
    documents = [parts.documents[place] for place in order]
    chunks = [piece for place in order for piece in parts.chunks[place]]
    nothing = np.zeros((0, identity.dimension), dtype=np.float32)
    vectors = np.concatenate([nothing, *(parts.vectors[place] for place in order)])
    on_progress(Progress("index", 0, 1))
    titles = {document.id: document.title for document in documents}
    held = {info.id: info.title for info in writer.base.document_rows()}
    same = titles == held and [piece.id for piece in chunks] == [piece.id for piece in writer.base.all_chunks()]
    if same and not renew:
        # Only sources changed: what is searched is the same.
        artifacts = {name: writer.base.read_bytes(name) for name in writer.base.artifacts}
        extra: Mapping[str, object] = writer.base.extra
    else:
        texts = [embedding_text(piece, titles[piece.document_id]) for piece in chunks]
        artifacts, extra = indexer(chunks, texts, vectors, writer.base)
    on_progress(Progress("save", 0, 1))
    writer.commit(Contents(documents, chunks, vectors, identity, artifacts, extra))
    on_progress(Progress("save", 1, 1))


def _report(plan: Plan, failed: Sequence[tuple[str, str]], unreadable: Mapping[str, str]) -> BuildReport:
    bad = {source: unreadable[digest] for source, digest in plan.found.items() if digest in unreadable}

    def readable(sources: Sequence[str]) -> tuple[str, ...]:
        return tuple(source for source in sources if source not in bad)

    return BuildReport(
        added=readable(plan.added),
        updated=readable(plan.updated),
        unchanged=readable(plan.unchanged),
        failed=(*failed, *sorted(bad.items())),
        removed=plan.removed,
    )
