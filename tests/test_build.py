"""The offline line: files are compared by content, and only what differs costs anything."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from store_parts import IDENTITY, HashEmbedder, Killing, Recording, in_child, vectors_of

from index import build
from index.build import BuildReport, Progress
from index.cache import EmbeddingCache
from index.chunk import embedding_text
from index.disk import Disk
from index.errors import IncompatibleStoreError, ModelError, UnknownDocumentError, UsageError
from index.generation import Generation
from index.store import Store
from index.types import Chunk

FILES = {
    "简体.txt": "澄星芯片已经量产。它的功耗下降了一半。",
    "繁體.md": "# 嶺川\n\n嶺川晶片已經量產。它的功耗下降了一半。",
    "english.txt": "The Orion chip ships now. It draws half the power.",
    "mixed 中英 🚀.md": "# CX-8\n\nCX-8 芯片 ships now。功耗下降了一半。",
}


class RecordingIndexer:
    """An indexer that keeps what it was given as its files, and counts its runs."""

    def __init__(self) -> None:
        self.runs = 0

    def __call__(
        self, chunks: Sequence[Chunk], texts: Sequence[str], vectors: npt.NDArray[np.float32], base: Generation, /
    ) -> tuple[dict[str, bytes], dict[str, object]]:
        self.runs += 1
        assert len(chunks) == len(texts) == len(vectors)
        return {"texts.bin": "\0".join(texts).encode()}, {"count": len(chunks)}


class Bench:
    """A knowledge base, a folder of files, and the parts that build one from the other."""

    def __init__(self, root: Path, disk: Disk | None = None) -> None:
        self.files = root / "文件 夹"
        self.store = Store.open(root / "kb", create=True, disk=disk)
        self.embedder = HashEmbedder()
        self.indexer = RecordingIndexer()
        self.made = 0
        if not self.files.exists():
            self.files.mkdir()
            for name, text in FILES.items():
                self.write(name, text)

    def write(self, name: str, text: str) -> str:
        (self.files / name).write_text(text, encoding="utf-8")
        return str(self.files / name)

    def source(self, name: str) -> str:
        return str(self.files / name)

    def make_embedder(self) -> HashEmbedder:
        self.made += 1
        return self.embedder

    def add(
        self, *paths: str | Path, outdated: bool = False, on_progress: Callable[[Progress], None] | None = None
    ) -> BuildReport:
        return build.add(
            self.store,
            paths or [self.files],
            embedder=self.make_embedder,
            indexer=self.indexer,
            budget=60,
            outdated=lambda _: outdated,
            on_progress=on_progress,
        )

    def remove(self, name: str) -> None:
        (found,) = [row.id for row in self.store.snapshot().document_rows() if row.source == self.source(name)]
        build.remove(self.store, found, indexer=self.indexer)

    def held(self) -> dict[str, str]:
        """The text of every document by its file's name; the whole knowledge base is checked on the way."""
        store = Store.open(self.store.path)
        assert store.verify() == []
        assert store.warnings == []
        generation = store.snapshot()
        rows = generation.document_rows()
        chunks = list(generation.all_chunks())
        titles = {row.id: row.title for row in rows}
        texts = [embedding_text(chunk, titles[chunk.document_id]) for chunk in chunks]
        assert np.array_equal(generation.vectors, vectors_of(texts) if texts else generation.vectors)
        if generation.number:
            assert generation.read_bytes("texts.bin") == "\0".join(texts).encode()
        return {Path(row.source).name: generation.document(row.id).text for row in rows}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_files_of_every_language_are_added(bench: Bench) -> None:
    report = bench.add()
    assert sorted(report.added) == sorted(bench.source(name) for name in FILES)
    assert not (report.updated or report.unchanged or report.failed)
    held = bench.held()
    assert sorted(held) == sorted(FILES)
    assert held["简体.txt"] == FILES["简体.txt"]
    assert set(bench.store.snapshot().manifest.languages) == {"zh-Hans", "zh-Hant", "en"}


def test_unchanged_files_cost_nothing(bench: Bench) -> None:
    bench.add()
    number, embedded = bench.store.snapshot().number, len(bench.embedder.embedded)
    report = bench.add()
    assert sorted(report.unchanged) == sorted(bench.source(name) for name in FILES)
    assert not (report.added or report.updated or report.failed)
    assert bench.store.snapshot().number == number
    assert (bench.made, bench.indexer.runs, len(bench.embedder.embedded)) == (1, 1, embedded)


def test_what_is_held_is_indexed_anew_where_that_is_asked_for(bench: Bench) -> None:
    bench.add(outdated=True)
    before, embedded = bench.store.snapshot(), len(bench.embedder.embedded)
    report = bench.add(outdated=True)
    assert len(report.unchanged) == len(FILES) and not (report.added or report.updated)
    assert (bench.made, bench.indexer.runs, len(bench.embedder.embedded)) == (1, 2, embedded)
    after = bench.store.snapshot()
    assert after.number > before.number and list(after.all_chunks()) == list(before.all_chunks())
    np.testing.assert_array_equal(after.vectors, before.vectors)


def test_nothing_is_written_for_an_empty_folder_though_all_is_to_be_indexed_anew(bench: Bench) -> None:
    for name in FILES:
        (bench.files / name).unlink()
    assert bench.add(outdated=True) == BuildReport() and bench.indexer.runs == 0


def test_the_same_file_by_another_path_is_the_same(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.add()
    monkeypatch.chdir(bench.files.parent)
    report = bench.add("文件 夹/../文件 夹/简体.txt", "文件 夹/简体.txt")
    assert report.unchanged == (bench.source("简体.txt"),)


def test_new_content_replaces_what_was_there_and_only_it_is_embedded(bench: Bench) -> None:
    bench.add()
    bench.embedder.embedded.clear()
    bench.write("简体.txt", "澄星芯片停产了。")
    report = bench.add()
    assert report.updated == (bench.source("简体.txt"),)
    assert len(report.unchanged) == 3
    assert bench.held() == bench.held() | {"简体.txt": "澄星芯片停产了。"}
    assert [text for text in bench.embedder.embedded if "停产" not in text] == []


def test_a_file_in_another_folder_keeps_its_passages(bench: Bench) -> None:
    bench.add()
    before = bench.store.snapshot()
    (bench.files / "新").mkdir()
    (bench.files / "简体.txt").rename(bench.files / "新" / "简体.txt")
    report = bench.add()
    assert report.updated == (bench.source("新/简体.txt"),)
    assert (bench.made, bench.indexer.runs) == (1, 1)
    after = bench.store.snapshot()
    assert list(after.all_chunks()) == list(before.all_chunks())
    assert bench.held()["简体.txt"] == FILES["简体.txt"]


def test_a_renamed_file_is_read_again(bench: Bench) -> None:
    bench.write("a.txt", "# 禾桐材料\n\n月产能为七万片。")
    bench.add()
    (bench.files / "简体.txt").rename(bench.files / "新名.txt")
    (bench.files / "a.txt").rename(bench.files / "a.md")
    report = bench.add()
    assert set(report.updated) == {bench.source("新名.txt"), bench.source("a.md")}
    held = bench.held()
    assert sorted(held) == sorted({"新名.txt", "a.md"} | FILES.keys() - {"简体.txt"})
    assert "#" not in held["a.md"] and held["新名.txt"] == FILES["简体.txt"]
    titles = {Path(info.source).name: info.title for info in bench.store.snapshot().document_rows()}
    assert titles["新名.txt"] == "新名" and titles["a.md"] == "禾桐材料"


def test_the_same_content_at_a_second_place_is_held_once(bench: Bench) -> None:
    bench.write("a copy.txt", FILES["简体.txt"])
    report = bench.add()
    assert len(report.added) == 4
    assert len(report.unchanged) == 1
    assert len(bench.held()) == 4
    assert bench.add().unchanged == tuple(sorted(bench.source(name) for name in (*FILES, "a copy.txt")))
    (bench.files / "a copy.txt").unlink()
    bench.add()
    assert len(bench.held()) == 4
    assert "a copy.txt" not in bench.held()


def test_two_files_that_change_places_are_both_kept(bench: Bench) -> None:
    bench.add()
    bench.write("简体.txt", FILES["english.txt"])
    bench.write("english.txt", FILES["简体.txt"])
    assert sorted(bench.add().updated) == sorted([bench.source("简体.txt"), bench.source("english.txt")])
    held = bench.held()
    assert (held["简体.txt"], held["english.txt"]) == (FILES["english.txt"], FILES["简体.txt"])
    assert bench.made == 2  # their titles are those of their names now


def test_a_file_that_takes_another_s_place_leaves_no_ghost(bench: Bench) -> None:
    bench.add()
    (bench.files / "english.txt").replace(bench.files / "简体.txt")
    assert bench.add().updated == (bench.source("简体.txt"),)
    assert bench.held()["简体.txt"] == FILES["english.txt"]
    assert len(bench.held()) == 3


def test_a_removed_document_is_gone_and_its_file_stays(bench: Bench) -> None:
    bench.add()
    bench.remove("繁體.md")
    assert sorted(bench.held()) == sorted(FILES.keys() - {"繁體.md"})
    assert not [chunk for chunk in bench.store.snapshot().all_chunks() if "嶺川" in chunk.text]
    assert (bench.files / "繁體.md").is_file()
    bench.embedder.embedded.clear()
    assert bench.add().added == (bench.source("繁體.md"),)
    assert bench.embedder.embedded == [], "its vectors were kept"


def test_the_last_document_can_be_removed_and_another_model_used_then(bench: Bench) -> None:
    bench.add(bench.source("简体.txt"))
    bench.remove("简体.txt")
    assert bench.held() == {}
    bench.embedder = HashEmbedder(replace(IDENTITY, name="other"))
    bench.add()
    assert len(bench.held()) == 4


def test_an_unknown_document_is_named(bench: Bench) -> None:
    bench.add()
    with pytest.raises(UnknownDocumentError, match=r"'没有'.*wenju documents"):
        build.remove(bench.store, "没有", indexer=bench.indexer)


def test_another_model_is_refused_and_nothing_is_lost(bench: Bench) -> None:
    bench.add(bench.source("简体.txt"))
    bench.embedder = HashEmbedder(replace(IDENTITY, revision="2"))
    with pytest.raises(IncompatibleStoreError, match=r"revision 1.*revision 2"):
        bench.add()
    bench.embedder = HashEmbedder()
    assert sorted(bench.held()) == ["简体.txt"]


def test_a_bad_file_costs_itself_only(bench: Bench) -> None:
    bench.write("empty.txt", "")
    (bench.files / "picture.png").write_bytes(b"\x89PNG")
    report = bench.add()
    assert len(report.added) == 4
    assert {Path(path).name for path, _ in report.failed} == {"empty.txt", "picture.png"}
    assert all(reason and "\n" not in reason for _, reason in report.failed)
    assert len(bench.held()) == 4


def test_a_file_that_turns_bad_keeps_what_was_read_from_it(bench: Bench) -> None:
    bench.add()
    bench.write("简体.txt", "")
    report = bench.add()
    assert [path for path, _ in report.failed] == [bench.source("简体.txt")]
    assert report.updated == ()
    assert bench.held()["简体.txt"] == FILES["简体.txt"]


def test_nothing_but_bad_files_writes_nothing(bench: Bench) -> None:
    path = bench.write("empty.txt", "\n")
    assert len(bench.add(path).failed) == 1
    assert bench.store.snapshot().number == 0


def test_an_empty_path_is_not_the_folder_one_happens_to_be_in(bench: Bench) -> None:
    with pytest.raises(UsageError, match="a path is empty"):
        bench.add("")


def test_a_missing_path_is_an_error(bench: Bench) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        bench.add(bench.files / "nowhere")


def test_the_knowledge_base_does_not_add_itself(bench: Bench) -> None:
    inside = bench.store.path.parent
    bench.add()
    (bench.store.path / "notes.txt").write_text("笔记", encoding="utf-8")
    report = bench.add(inside)
    assert not (report.added or report.failed)


def test_a_long_name_works(bench: Bench) -> None:
    name = "很" * 82 + ".txt"
    assert len(name.encode()) == 250
    bench.write(name, "长名的文件。")
    bench.add()
    assert bench.held()[name] == "长名的文件。"


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_a_name_that_is_no_text_works(bench: Bench) -> None:
    path = os.fsencode(bench.files) + b"/\xff\xfe.txt"
    with open(path, "wb") as file:
        file.write("名字不是文字。".encode())
    assert len(bench.add().added) == 5
    assert bench.held()[r"\xff\xfe.txt"] == "名字不是文字。"
    assert len(bench.add().unchanged) == 5


def test_progress_covers_every_stage_in_order(bench: Bench) -> None:
    events: list[Progress] = []
    bench.add(on_progress=events.append)
    assert list(dict.fromkeys(event.stage for event in events)) == ["load", "embed", "index", "save"]
    assert all(0 <= event.done <= event.total for event in events)
    loads = [event for event in events if event.stage == "load"]
    assert [event.done for event in loads] == list(range(5))
    assert Path(loads[0].name).name in FILES


def test_how_a_collection_came_about_does_not_show(bench: Bench, tmp_path: Path) -> None:
    bench.add()
    other = Bench(tmp_path)
    other.store = Store.open(tmp_path / "other", create=True)
    for name in reversed(FILES):
        other.add(other.source(name))
    one, two = bench.store.snapshot(), other.store.snapshot()
    assert list(one.all_chunks()) == list(two.all_chunks())
    assert np.array_equal(one.vectors, two.vectors)
    assert one.document_rows() == two.document_rows()


def test_the_path_of_headings_is_embedded_and_kept_short() -> None:
    chunk = Chunk("c", "d", 0, 3, "功耗。", "zh-Hans", None, ("年报", "芯片"))
    assert embedding_text(chunk, "标题") == "年报 > 芯片\n功耗。"
    assert embedding_text(replace(chunk, headings=()), "标题") == "标题\n功耗。"
    assert embedding_text(replace(chunk, headings=()), "") == "功耗。"
    assert embedding_text(replace(chunk, headings=("长" * 500,)), "") == "长" * 200 + "\n功耗。"


# --- the cache -------------------------------------------------------------------------------------------------------


def test_an_interrupted_ingest_does_not_embed_again(bench: Bench) -> None:
    class Stopped(RecordingIndexer):
        def __call__(
            self, chunks: object, texts: object, vectors: object, base: object, /
        ) -> tuple[dict[str, bytes], dict[str, object]]:
            raise KeyboardInterrupt

    indexer, bench.indexer = bench.indexer, Stopped()
    with pytest.raises(KeyboardInterrupt):
        bench.add()
    assert bench.held() == {}
    bench.indexer = indexer
    bench.embedder.embedded.clear()
    bench.add()
    assert bench.embedder.embedded == []
    assert len(bench.held()) == 4


@pytest.mark.parametrize("damage", [b"", b"no database", b"SQLite format 3\0" + bytes(500)])
def test_a_damaged_cache_is_made_anew(bench: Bench, damage: bytes) -> None:
    bench.add(bench.source("简体.txt"))
    bench.store.cache_path.write_bytes(damage)
    bench.add()
    assert len(bench.held()) == 4


def test_a_vector_that_was_changed_in_the_cache_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "cache" / "embeddings.sqlite"
    texts = ["简体", "繁體", "English", "CX-8 芯片"]
    vectors = vectors_of(texts)
    with EmbeddingCache(path, IDENTITY) as cache:
        cache.put("passage", texts, vectors)
        found = cache.get("passage", texts)
        assert sorted(found) == [0, 1, 2, 3]
        assert all(np.array_equal(found[place], vectors[place]) for place in found)
        assert cache.get("question", texts) == {}
    data = path.read_bytes()
    vector = vectors[1].tobytes()
    path.write_bytes(data.replace(vector, vector[:-1] + bytes([vector[-1] ^ 1])))
    with EmbeddingCache(path, IDENTITY) as cache:
        assert sorted(cache.get("passage", texts)) == [0, 2, 3]
    with EmbeddingCache(path, replace(IDENTITY, passage_prefix="")) as cache:
        assert cache.get("passage", texts) == {}


@pytest.mark.parametrize("shape", [(0, 8), (1, 7)])
def test_a_model_that_gives_other_vectors_than_it_must_is_named(bench: Bench, shape: tuple[int, int]) -> None:
    class Faulty(HashEmbedder):
        def encode_passages(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
            return np.zeros(shape, dtype=np.float32)

    bench.embedder = Faulty()
    with pytest.raises(ModelError, match="finite vectors of shape"):
        bench.add()
    assert bench.held() == {}


# --- crashes and several at once -------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="needs fork and kill")
@pytest.mark.parametrize("work", ["add", "remove"])
def test_killed_at_every_step_of_an_ingest_and_of_a_removal(tmp_path: Path, work: str) -> None:
    base = tmp_path / "base"
    base.mkdir()
    first = Bench(base)
    first.add(first.source("简体.txt"), first.source("english.txt"))
    before, after = first.held(), dict(FILES) if work == "add" else {"简体.txt": FILES["简体.txt"]}

    def run(root: Path, disk: Disk) -> None:
        # The files stay where they are, so that only the knowledge base is another.
        bench = Bench(base)
        bench.store = Store.open(root, disk=disk)
        bench.add() if work == "add" else bench.remove("english.txt")

    recording = Recording()
    shutil.copytree(first.store.path, tmp_path / "dry")
    run(tmp_path / "dry", recording)
    seen = set()
    for at in range(len(recording.calls)):
        root = tmp_path / f"killed-{at}"
        shutil.copytree(first.store.path, root)
        assert in_child(partial(run, root, Killing(at))), at
        bench = Bench(base)
        bench.store = Store.open(root)
        held = bench.held()
        assert held.keys() in (before.keys(), after.keys())
        seen.add(frozenset(held))
        if held.keys() != after.keys():
            run(root, Disk())
        assert bench.held().keys() == after.keys()
    assert seen == {frozenset(before), frozenset(after)}


def test_ingests_at_once_lose_nothing(bench: Bench) -> None:
    ready = threading.Barrier(len(FILES))

    def add(name: str) -> None:
        ready.wait()
        other = Bench(bench.files.parent)
        assert other.add(other.source(name)).added == (other.source(name),)

    with ThreadPoolExecutor(len(FILES)) as pool:
        for future in [pool.submit(add, name) for name in FILES]:
            future.result()
    assert sorted(bench.held()) == sorted(FILES)


@pytest.mark.skipif(os.name == "nt", reason="needs fork")
def test_ingests_of_two_processes_lose_nothing(bench: Bench) -> None:
    children = []
    for name in FILES:
        child = os.fork()
        if not child:
            status = 1
            try:
                other = Bench(bench.files.parent)
                other.add(other.source(name))
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * len(FILES)
    assert sorted(bench.held()) == sorted(FILES)
