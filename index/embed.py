"""Embeddings as LangChain ``Embeddings``: the bundled model, any sentence-transformers model, or an endpoint.

Passages and questions get the prefixes their model was trained with. Vectors are float32 rows of unit length.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.embeddings import Embeddings

from index import models
from index.encoder import Bert, Encoder, SentenceTransformerEncoder, read_tokenizer
from index.errors import MissingExtraError, ModelError
from index.language import one_script
from index.store import EmbeddingIdentity

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float32]

__all__ = ["BUNDLED", "EmbeddingSettings", "LocalEmbeddings", "RemoteEmbeddings", "load_embeddings", "refuse_code"]

BUNDLED = "bundled"
_REQUEST_TEXTS = 32  # in one request to an endpoint: the most that TEI takes unless it is told otherwise
_REQUEST_SECONDS = 120.0
_QWEN3_TASK = "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:"
# The prefixes (question, passage) models were trained with, by a piece of their names; from their model cards.
_PREFIXES: tuple[tuple[str, tuple[str, str]], ...] = (
    ("multilingual-e5-large-instruct", (_QWEN3_TASK.replace("Query:", "Query: "), "")),
    ("e5-", ("query: ", "passage: ")),
    ("qwen3-embedding", (_QWEN3_TASK, "")),
    ("bge-m3", ("", "")),
    ("bge-small-zh", ("为这个句子生成表示以用于检索相关文章：", "")),
    ("bge-base-zh", ("为这个句子生成表示以用于检索相关文章：", "")),
    ("bge-large-zh", ("为这个句子生成表示以用于检索相关文章：", "")),
    ("bge-small-en", ("Represent this sentence for searching relevant passages: ", "")),
    ("bge-base-en", ("Represent this sentence for searching relevant passages: ", "")),
    ("bge-large-en", ("Represent this sentence for searching relevant passages: ", "")),
    ("nomic-embed", ("search_query: ", "search_document: ")),
    ("snowflake-arctic-embed", ("query: ", "")),
    ("embeddinggemma", ("task: search result | query: ", "title: none | text: ")),
)


@dataclass(frozen=True, slots=True)
class EmbeddingSettings:
    """Which model embeds: ``bundled``, a sentence-transformers name or folder, or a model behind ``base_url``.

    A prefix of None takes the model's own from the table. ``batch_tokens`` bounds the padded tokens of one batch;
    ``precision`` is ``auto`` (bfloat16 where the processor has it), ``float32`` or ``bfloat16``.
    """

    model: str = BUNDLED
    revision: str = ""
    base_url: str = ""
    query_prefix: str | None = None
    passage_prefix: str | None = None
    batch_tokens: int = 8192
    threads: int = 0
    precision: str = "auto"

    def prefixes(self) -> tuple[str, str]:
        """The prefixes of questions and of passages."""
        name = "e5-" if self.model == BUNDLED else self.model.lower()
        known = next((pair for piece, pair in _PREFIXES if piece in name), ("", ""))
        query = known[0] if self.query_prefix is None else self.query_prefix
        passage = known[1] if self.passage_prefix is None else self.passage_prefix
        return query, passage


def load_embeddings(
    settings: EmbeddingSettings, announce: Callable[[str], None] | None = None
) -> LocalEmbeddings | RemoteEmbeddings:
    """The embeddings a configuration names; the model itself is loaded at its first use.

    ``announce`` gets one line when the bundled model has to be prepared first.
    """
    if settings.base_url:
        return RemoteEmbeddings(settings)
    return LocalEmbeddings(settings, announce)


class _EmbeddingsBase(Embeddings):
    """What LangChain asks for, on top of ``encode_passages`` and ``encode_questions``."""

    def encode_passages(self, texts: Sequence[str]) -> Matrix:
        raise NotImplementedError

    def encode_questions(self, texts: Sequence[str]) -> Matrix:
        raise NotImplementedError

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """LangChain's name for ``encode_passages``, as lists."""
        return [[float(value) for value in row] for row in self.encode_passages(texts)]

    def embed_query(self, text: str) -> list[float]:
        """LangChain's name for ``encode_questions`` of one text, as a list."""
        return [float(value) for value in self.encode_questions([text])[0]]


class LocalEmbeddings(_EmbeddingsBase):
    """A sentence-transformers model on this machine. Safe to call from several threads."""

    def __init__(self, settings: EmbeddingSettings, announce: Callable[[str], None] | None = None) -> None:
        self._settings = settings
        self._announce = announce

    @property
    def name(self) -> str:
        """The model's name, known before it is loaded."""
        return models.EMBEDDER.name if self._settings.model == BUNDLED else self._settings.model

    @cached_property
    def _folder(self) -> str:
        if self._settings.model == BUNDLED:
            return str(models.prepare(models.EMBEDDER, self._announce))
        return self._settings.model

    @cached_property
    def _normalisation(self) -> dict[int, str]:
        path = Path(self._folder) / "normalisation.json"
        if self._settings.model != BUNDLED or not path.is_file():
            return {}
        return {int(key): value for key, value in json.loads(path.read_text(encoding="ascii")).items()}

    @cached_property
    def _loaded(self) -> tuple[Encoder, threading.Lock]:
        refuse_code(self._folder)
        if self._settings.threads:
            import torch

            torch.set_num_threads(self._settings.threads)
        try:
            settings = self._settings
            return _load(self._folder, settings.revision, settings.precision, settings.model == BUNDLED)
        except Exception as error:  # each kind of model and file of weights fails in its own way
            first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            if isinstance(error, MemoryError) or "allocate memory" in str(error):
                raise ModelError(
                    f"not enough memory to load the embedding model {self._settings.model}: close other programs, or "
                    "raise the limit this process runs under"
                ) from error
            raise ModelError(
                f"cannot load the embedding model {self._settings.model}: {first}; download it to a folder first and "
                "give that folder as [embedding] model, or use model = 'bundled', which needs no network"
            ) from error

    @cached_property
    def identity(self) -> EmbeddingIdentity:
        """What a knowledge base built with this model must be searched with."""
        query, passage = self._settings.prefixes()
        bundled = self._settings.model == BUNDLED
        return EmbeddingIdentity(
            name=self.name,
            revision=models.EMBEDDER.revision[:12] if bundled else self._settings.revision,
            dimension=384 if bundled else self._loaded[0].dimension,
            query_prefix=query,
            passage_prefix=passage,
            normalised=True,
            tokenizer=models.EMBEDDER.revision[:12] if bundled else self._settings.model,
        )

    def encode_passages(self, texts: Sequence[str]) -> Matrix:
        """Vectors of passages, float32, shape (len(texts), dimension), unit rows, in the order given."""
        return self._encode(self._settings.prefixes()[1], texts)

    def encode_questions(self, texts: Sequence[str]) -> Matrix:
        """Vectors of questions, float32, shape (len(texts), dimension), unit rows, in the order given."""
        return self._encode(self._settings.prefixes()[0], texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """How many tokens the model's tokenizer makes of each text, its special tokens not counted."""
        if not texts:
            return []
        tokenizer = self._tokenizer
        plain = [text.translate(self._normalisation) for text in texts]
        return [len(encoding.ids) for encoding in tokenizer.encode_batch_fast(plain, add_special_tokens=False)]

    @cached_property
    def _tokenizer(self) -> Any:
        folder = Path(self._folder)
        if (folder / "tokenizer.json").is_file():  # without loading the model: chunking needs no torch
            return read_tokenizer(folder)
        return self._loaded[0].tokenizer

    def _encode(self, prefix: str, texts: Sequence[str]) -> Matrix:
        import numpy as np

        if not texts:
            return np.zeros((0, self.identity.dimension), dtype=np.float32)
        plain = [prefix + one_script(text).translate(self._normalisation) for text in texts]
        rows = np.empty((len(plain), self.identity.dimension), dtype=np.float32)
        model, lock = self._loaded
        with lock:
            for batch in _batches([_about_tokens(text) for text in plain], self._settings.batch_tokens):
                rows[batch] = model.encode([plain[i] for i in batch])
        return _unit_rows(rows)


@cache
def _load(folder: str, revision: str, precision: str, bundled: bool) -> tuple[Encoder, threading.Lock]:
    """A model and the lock it is used under: one of each in a process, however many knowledge bases use it."""
    if bundled:
        return Bert(folder, precision), threading.Lock()
    return SentenceTransformerEncoder(folder, revision, precision), threading.Lock()


class RemoteEmbeddings(_EmbeddingsBase):
    """A model behind an OpenAI-compatible endpoint (vLLM, TEI, Ollama, OpenAI). A key is read from the environment."""

    def __init__(self, settings: EmbeddingSettings) -> None:
        self._settings = settings

    @property
    def name(self) -> str:
        """The model's name, known before the endpoint is asked."""
        return self._settings.model

    @cached_property
    def _client(self) -> Embeddings:
        try:
            from langchain_openai import OpenAIEmbeddings
        except ImportError as error:
            raise MissingExtraError(
                'an embedding endpoint needs langchain-openai: pip install "wenju[openai]"'
            ) from error
        from pydantic import SecretStr

        return OpenAIEmbeddings(
            model=self._settings.model,
            base_url=self._settings.base_url,
            check_embedding_ctx_length=False,  # sends text, which every compatible server takes, not token ids
            chunk_size=_REQUEST_TEXTS,
            timeout=_REQUEST_SECONDS,
            # A server of one's own needs no key, but the client insists on one.
            api_key=SecretStr(os.environ.get("OPENAI_API_KEY") or "none"),
        )

    @cached_property
    def identity(self) -> EmbeddingIdentity:
        """What a knowledge base built with this model must be searched with; asks the endpoint once."""
        query, passage = self._settings.prefixes()
        return EmbeddingIdentity(
            name=self._settings.model,
            revision=self._settings.revision,
            dimension=int(self.encode_questions(["dimension"]).shape[1]),
            query_prefix=query,
            passage_prefix=passage,
            normalised=True,
            tokenizer="characters",
        )

    def encode_passages(self, texts: Sequence[str]) -> Matrix:
        """As ``LocalEmbeddings.encode_passages``. Raises ``ModelError`` when the endpoint does not answer."""
        return self._request(self._settings.prefixes()[1], texts)

    def encode_questions(self, texts: Sequence[str]) -> Matrix:
        """As ``LocalEmbeddings.encode_questions``. Raises ``ModelError`` when the endpoint does not answer."""
        return self._request(self._settings.prefixes()[0], texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """An estimate: an endpoint does not show its tokenizer. Han characters count one, four Latin letters one."""
        return [_about_tokens(text) for text in texts]

    def _request(self, prefix: str, texts: Sequence[str]) -> Matrix:
        import numpy as np

        if not texts:
            return np.zeros((0, self.identity.dimension), dtype=np.float32)
        client = self._client
        try:
            vectors = client.embed_documents([prefix + one_script(text) for text in texts])
        except Exception as error:  # the client's own tree of errors differs from version to version
            raise ModelError(
                f"the embedding endpoint {self._settings.base_url} did not answer: {type(error).__name__}; "
                "check that it runs, serves that model, and that OPENAI_API_KEY is set where it asks for one"
            ) from error
        lengths = {len(vector) for vector in vectors}
        if len(vectors) != len(texts) or len(lengths) != 1 or lengths == {0}:
            raise ModelError(
                f"the embedding endpoint {self._settings.base_url} must give a vector for each of {len(texts)} texts, "
                f"all of one length, gave {len(vectors)} of lengths {sorted(lengths)}: check which model it serves"
            )
        return _unit_rows(np.asarray(vectors, dtype=np.float32))


def _about_tokens(text: str) -> int:
    """About how many tokens a text has: Han characters count one, four Latin letters one."""
    wide = sum(1 for character in text if character > "\u2e7f")
    return wide + (len(text) - wide) // 4


def _batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Indexes grouped so that texts of like length go together and padded tokens stay within the budget."""
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        if batch and (len(batch) + 1) * max(1, lengths[batch[0]]) > budget:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def _unit_rows(rows: Matrix) -> Matrix:
    import numpy as np

    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(norms, 1e-12), dtype=np.float32)


def refuse_code(folder: str) -> None:
    """Raise ``ModelError`` where the folder of a model holds Python files; the name of a model passes."""
    path = Path(folder)
    if path.is_dir() and any(path.rglob("*.py")):
        raise ModelError(f"the model folder {path} holds Python files, which are never run: remove them or the model")
