"""Embeddings: the bundled model as it is, models that must be refused, and an endpoint spoken to over the loopback."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from langchain_core.embeddings import Embeddings

from index.embed import EmbeddingSettings, LocalEmbeddings, RemoteEmbeddings, load_embeddings
from index.encoder import Bert, SentenceTransformerEncoder
from index.errors import ModelError
from index.language import one_script
from index.models import EMBEDDER, is_installed, prepare
from rag import KnowledgeBase
from rag.config import Config

TEXTS = ["芯片的产能提高了。", "晶片的產能提高了。", "The chip ships in May.", "CX-8 芯片 ships 了。", ""]
bundled = pytest.mark.skipif(not is_installed(EMBEDDER), reason=f"needs {EMBEDDER.remedy}")


@cache
def model() -> LocalEmbeddings:
    embeddings = load_embeddings(EmbeddingSettings())
    assert isinstance(embeddings, LocalEmbeddings)
    return embeddings


# --- the bundled model ---------------------------------------------------------------------------------------------


@bundled
def test_vectors_are_float32_rows_of_unit_length() -> None:
    for vectors in (model().encode_passages(TEXTS), model().encode_questions(TEXTS)):
        assert vectors.shape == (len(TEXTS), 384) and vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert model().encode_passages([]).shape == (0, 384)


@bundled
def test_the_order_is_kept_although_texts_of_like_length_go_together() -> None:
    texts = [("很长的一段话，" * (i * 7 % 11)) + f"第{i}句 sentence {i}" for i in range(8)]
    small = LocalEmbeddings(EmbeddingSettings(batch_tokens=512))
    vectors = small.encode_passages(texts)
    for text, vector in zip(texts, vectors, strict=True):
        np.testing.assert_allclose(vector @ model().encode_passages([text])[0], 1.0, atol=5e-3)
    np.testing.assert_array_equal(vectors, small.encode_passages(texts))


@bundled
def test_questions_and_passages_get_their_prefixes() -> None:
    assert EmbeddingSettings().prefixes() == ("query: ", "passage: ")
    none = LocalEmbeddings(EmbeddingSettings(query_prefix="", passage_prefix="query: "))
    np.testing.assert_allclose(none.encode_questions(["query: 芯片"]), model().encode_questions(["芯片"]), atol=1e-6)
    np.testing.assert_allclose(none.encode_passages(["芯片"]), model().encode_questions(["芯片"]), atol=1e-6)
    assert np.abs(model().encode_passages(["芯片"]) - model().encode_questions(["芯片"])).max() > 1e-3
    assert none.identity != model().identity


@bundled
def test_it_is_a_langchain_embedding() -> None:
    embeddings: Embeddings = model()
    query = embeddings.embed_query("芯片")
    documents = embeddings.embed_documents(["芯片", "chip"])
    assert {type(value) for value in query} == {float}
    np.testing.assert_allclose(query, model().encode_questions(["芯片"])[0])
    np.testing.assert_allclose(documents, model().encode_passages(["芯片", "chip"]))


@bundled
def test_the_width_of_characters_makes_no_difference() -> None:
    wide, plain = "ＣＸ－８的ＦＰ１６算力", "CX-8的FP16算力"
    assert model().count_tokens([wide]) == model().count_tokens([plain])
    np.testing.assert_allclose(model().encode_passages([wide]), model().encode_passages([plain]), atol=1e-6)


@bundled
def test_tokens_are_counted_as_the_model_reads_them() -> None:
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(prepare(EMBEDDER))
    plain = [text for text in TEXTS if "。" not in text]  # this one full stop is normalised before the tokenizer
    assert model().count_tokens(plain) == [
        len(tokenizer(text, add_special_tokens=False)["input_ids"]) for text in plain
    ]
    short, long = model().count_tokens(["产能提高", "产能提高" * 50])
    assert 0 < short < 6 and long > 40 * short / 2
    assert model().count_tokens([]) == []


@bundled
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_vectors_are_those_of_sentence_transformers(precision: str) -> None:
    folder = str(prepare(EMBEDDER))
    ours, theirs = Bert(folder, precision), SentenceTransformerEncoder(folder, "", precision)
    long = "产能与良率 capacity and yield. " * 200
    for batch in (TEXTS[:1], TEXTS, [*TEXTS, long], [long, long]):
        np.testing.assert_allclose(ours.encode(batch), theirs.encode(batch), atol=1e-6)
    assert ours.dimension == theirs.dimension == 384


@bundled
def test_embedding_a_question_imports_neither_transformers_nor_sentence_transformers() -> None:
    code = (
        "import sys; from index.embed import EmbeddingSettings, LocalEmbeddings;"
        "assert LocalEmbeddings(EmbeddingSettings()).encode_questions(['产能 chip']).shape == (1, 384);"
        "assert not {'transformers', 'sentence_transformers'} & set(sys.modules)"
    )
    root = Path(__file__).parent.parent
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@bundled
def test_counting_tokens_needs_no_torch() -> None:
    code = (
        "import sys; from index.embed import EmbeddingSettings, LocalEmbeddings;"
        "assert LocalEmbeddings(EmbeddingSettings()).count_tokens(['产能 chip'])[0] > 1;"
        "assert 'torch' not in sys.modules"
    )
    root = Path(__file__).parent.parent
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@bundled
def test_threads_get_what_one_alone_gets() -> None:
    alone = [model().encode_questions([text]) for text in TEXTS]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda text: model().encode_questions([text]), TEXTS * 2))
    for one, other in zip(alone * 2, together, strict=True):
        np.testing.assert_array_equal(one, other)


@bundled
def test_its_identity_is_known_before_it_is_loaded() -> None:
    fresh = LocalEmbeddings(EmbeddingSettings())
    assert fresh.identity == model().identity
    assert fresh.identity.name == EMBEDDER.name and fresh.identity.dimension == 384
    assert "_loaded" not in vars(fresh)


@bundled
def test_a_process_holds_one_model_however_many_use_it() -> None:
    fresh = LocalEmbeddings(EmbeddingSettings(query_prefix="问："))
    fresh.encode_questions(["芯片"])
    assert fresh._loaded[0] is model()._loaded[0]


# --- other models --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "query", "passage"),
    [
        ("BAAI/bge-m3", "", ""),
        ("intfloat/multilingual-e5-base", "query: ", "passage: "),
        ("/models/multilingual-E5-large", "query: ", "passage: "),
        ("BAAI/bge-base-zh-v1.5", "为这个句子生成表示以用于检索相关文章：", ""),
        ("BAAI/bge-large-en-v1.5", "Represent this sentence for searching relevant passages: ", ""),
        ("nomic-ai/nomic-embed-text-v1.5", "search_query: ", "search_document: "),
        ("somebody/unheard-of", "", ""),
    ],
)
def test_models_get_the_prefixes_they_were_trained_with(name: str, query: str, passage: str) -> None:
    assert EmbeddingSettings(model=name).prefixes() == (query, passage)
    assert EmbeddingSettings(model=name, query_prefix="问：").prefixes() == ("问：", passage)
    assert EmbeddingSettings(model=name, passage_prefix="").prefixes() == (query, "")


def test_instructed_models_get_their_task() -> None:
    instructed, passage = EmbeddingSettings(model="intfloat/multilingual-e5-large-instruct").prefixes()
    assert instructed.startswith("Instruct: ") and instructed.endswith("\nQuery: ") and passage == ""
    assert EmbeddingSettings(model="Qwen/Qwen3-Embedding-0.6B").prefixes()[0].endswith("\nQuery:")


def _fails_in_one_line(name: str, mention: str) -> None:
    started = time.monotonic()
    with pytest.raises(ModelError, match=mention) as caught:
        LocalEmbeddings(EmbeddingSettings(model=name)).encode_passages(["text"])
    assert "\n" not in str(caught.value) and name in str(caught.value)
    assert time.monotonic() - started < 30


def test_a_model_that_is_not_here_is_an_error_that_says_what_to_do() -> None:
    _fails_in_one_line("nobody/no-such-model", "bundled")


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    _fails_in_one_line(str(tmp_path / "none"), "bundled")


@pytest.mark.parametrize("place", ["modeling.py", "sub/folder/modeling.py"])
def test_a_model_folder_with_code_is_refused_and_nothing_of_it_runs(tmp_path: Path, place: str) -> None:
    path = tmp_path / "model" / place
    path.parent.mkdir(parents=True)
    path.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')", encoding="utf-8")
    modules = [{"idx": 0, "name": "0", "path": "", "type": "modeling.Model"}]
    (tmp_path / "model" / "modules.json").write_text(json.dumps(modules), encoding="ascii")
    _fails_in_one_line(str(tmp_path / "model"), "Python files")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [b"", b"not weights", b"\xff" * 64])
def test_half_written_weights_are_an_error_of_one_line(tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    config = {"model_type": "bert", "hidden_size": 8, "num_attention_heads": 1, "num_hidden_layers": 1, "vocab_size": 9}
    (folder / "config.json").write_text(json.dumps(config), encoding="ascii")
    (folder / "model.safetensors").write_bytes(content)
    _fails_in_one_line(str(folder), "bundled")


# --- an endpoint ---------------------------------------------------------------------------------------------------


class Endpoint(ThreadingHTTPServer):
    """An OpenAI-compatible server of embeddings; ``answer`` makes the vectors of a request's texts."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[tuple[str, dict[str, Any], str]] = []
        self.status = 200
        self.answer: Any = lambda texts: [vector_of(text) for text in texts]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: Endpoint

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append((self.path, body, self.headers.get("Authorization", "")))
        vectors = self.server.answer(body["input"])
        data = [{"object": "embedding", "index": i, "embedding": vector} for i, vector in enumerate(vectors)]
        payload: dict[str, Any] = {"object": "list", "data": data, "model": body["model"], "usage": {}}
        if self.server.status != 200:
            payload = {"error": {"message": "no such model\nhere", "type": "invalid_request_error"}}
        reply = json.dumps(payload).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *_: Any) -> None:
        pass


def vector_of(text: str) -> list[float]:
    """Words in common make vectors near: a bag of characters, not of unit length."""
    row = [0.0] * 16
    for character in text:
        row[ord(character) % 16] += 1.0
    return row


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    server = Endpoint()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def remote(url: str, **settings: Any) -> RemoteEmbeddings:
    embeddings = load_embeddings(EmbeddingSettings(base_url=url, **{"model": "e5-remote", **settings}))
    assert isinstance(embeddings, RemoteEmbeddings)
    return embeddings


def test_an_endpoint_gets_prefixed_texts_and_its_vectors_are_made_unit(endpoint: Endpoint) -> None:
    embeddings = remote(endpoint.url)
    vectors = embeddings.encode_passages(TEXTS)
    expected = np.array([vector_of("passage: " + one_script(text)) for text in TEXTS], dtype=np.float32)
    np.testing.assert_allclose(vectors, expected / np.linalg.norm(expected, axis=1, keepdims=True), rtol=1e-5)
    assert vectors.dtype == np.float32
    path, body, _ = endpoint.requests[0]
    assert path == "/v1/embeddings" and body["model"] == "e5-remote"
    assert body["input"] == ["passage: " + one_script(text) for text in TEXTS]
    embeddings.embed_query("问")
    assert endpoint.requests[-1][1]["input"] == ["query: 问"]
    assert embeddings.identity.dimension == 16 and embeddings.identity.name == "e5-remote"


def test_no_request_holds_more_texts_than_small_servers_take(endpoint: Endpoint) -> None:
    texts = [f"文本 {i}" for i in range(70)]
    vectors = remote(endpoint.url).encode_passages(texts)
    assert [len(body["input"]) for _, body, _ in endpoint.requests] == [32, 32, 6]
    np.testing.assert_allclose(vectors[69], remote(endpoint.url).encode_passages(texts[69:])[0])


def test_nothing_to_embed_is_a_matrix_without_rows(endpoint: Endpoint) -> None:
    assert remote(endpoint.url).encode_passages([]).shape == (0, 16)


def test_a_key_is_sent_where_there_is_one_and_none_is_needed(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    remote(endpoint.url).encode_questions(["问"])
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    remote(endpoint.url).encode_questions(["问"])
    assert endpoint.requests[0][2] == "Bearer none" and endpoint.requests[1][2] == "Bearer sk-test"


@pytest.mark.parametrize("status", [400, 401, 404])
def test_an_endpoint_that_refuses_is_an_error_of_one_line(endpoint: Endpoint, status: int) -> None:
    endpoint.status = status
    with pytest.raises(ModelError, match="did not answer") as caught:
        remote(endpoint.url).encode_questions(["问"])
    assert endpoint.url in str(caught.value) and "\n" not in str(caught.value)


def test_an_endpoint_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ModelError, match="check that it runs"):
        remote("http://127.0.0.1:9/v1").encode_questions(["问"])


@pytest.mark.parametrize("answer", [lambda texts: [[1.0], [1.0, 2.0]], lambda texts: [[1.0]], lambda texts: [[], []]])
def test_an_endpoint_that_gives_no_matrix_is_an_error(endpoint: Endpoint, answer: Any) -> None:
    endpoint.answer = answer
    with pytest.raises(ModelError) as caught:
        remote(endpoint.url).encode_questions(["一", "二"])
    assert "\n" not in str(caught.value)


def test_tokens_of_an_endpoint_are_estimated() -> None:
    assert remote("http://127.0.0.1:9/v1").count_tokens(["产能提高", "capacity", ""]) == [4, 2, 0]


def test_a_knowledge_base_is_built_and_searched_through_an_endpoint(endpoint: Endpoint, tmp_path: Path) -> None:
    (tmp_path / "zh.txt").write_text("启衡的年产能为六万片。", encoding="utf-8")
    (tmp_path / "en.txt").write_text("Lingchuan packages chips in Hsinchu.", encoding="utf-8")
    config = Config().with_values(
        {"embedding": {"model": "e5-remote", "base_url": endpoint.url}, "rerank": {"model": "none"}}
    )
    kb = KnowledgeBase.open(tmp_path / "kb", create=True, config=config)
    assert len(kb.add([tmp_path / "zh.txt", tmp_path / "en.txt"]).added) == 2
    found = kb.search("启衡的产能")
    assert len(found) == 2 and found[0].language.startswith("zh")
    assert all(np.isfinite(passage.score) for passage in found)
    asked = len(endpoint.requests)
    assert kb.add([tmp_path / "zh.txt"]).unchanged and len(endpoint.requests) == asked
