"""The knowledge base's folder: what it keeps, and what it survives."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from store_parts import (
    IDENTITY,
    Failing,
    Killing,
    Recording,
    commit,
    contents,
    in_child,
    snapshot_of,
    version_of,
)

from index import texts
from index.disk import Disk
from index.errors import (
    BusyStoreError,
    DamagedStoreError,
    ForeignStoreError,
    IncompatibleStoreError,
    MissingStoreError,
    StoreError,
    UnknownDocumentError,
)
from index.generation import Generation, load_array
from index.manifest import FileRecord, Manifest
from index.store import Store
from index.types import Chunk

posix = pytest.mark.skipif(os.name == "nt", reason="needs fork and kill")


@pytest.fixture
def kb(tmp_path: Path) -> Path:
    """A knowledge base with versions 1 and 2 committed."""
    store = Store.open(tmp_path / "kb", create=True)
    commit(store, 1)
    commit(store, 2)
    return tmp_path / "kb"


def steps_of_a_commit(folder: Path) -> list[str]:
    copy = folder.parent / "copy"
    shutil.copytree(folder, copy)
    disk = Recording()
    commit(Store.open(copy, disk=disk), 3)
    shutil.rmtree(copy)
    return disk.calls


def commit_killed(folder: Path, at: int, version: int) -> None:
    commit(Store.open(folder, disk=Killing(at)), version)


# --- what it keeps ---------------------------------------------------------------------------------------------------


def test_a_new_one_is_empty_and_a_missing_one_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MissingStoreError, match="no knowledge base"):
        Store.open(tmp_path / "kb")
    store = Store.open(tmp_path / "kb", create=True)
    assert version_of(store.snapshot()) == 0
    assert store.snapshot().number == 0
    assert store.verify() == []
    assert version_of(Store.open(tmp_path / "kb").snapshot()) == 0


def test_what_was_committed_is_read_back(kb: Path) -> None:
    store = Store.open(kb)
    generation = store.snapshot()
    assert version_of(generation) == 2
    assert store.verify() == []
    assert generation.manifest.languages == {"en": 2, "mixed": 2, "zh-Hans": 2, "zh-Hant": 2}
    expected = contents(2)
    assert generation.chunks([5, 0]) == [expected.chunks[5], expected.chunks[0]]
    assert generation.ordinals_of("zh-hant-2") == [2, 3]
    assert generation.chunk_ordinal("en-2-1") == 5
    info = generation.info("mixed-2")
    assert (info.title, info.characters, info.chunks, info.pages) == ("mixed", len(expected.documents[3].text), 2, 2)
    assert [row.source for row in generation.document_rows()] == sorted(d.source for d in expected.documents)


def test_unknown_ids_and_ordinals_are_named(kb: Path) -> None:
    generation = Store.open(kb).snapshot()
    for ask in (generation.document, generation.info, generation.ordinals_of, generation.chunk_ordinal):
        with pytest.raises(UnknownDocumentError, match="没有'"):
            ask("没有")
    with pytest.raises(ValueError, match="99"):
        generation.chunks([0, 99])


def test_the_previous_generation_is_kept_and_older_ones_go(kb: Path) -> None:
    commit(Store.open(kb), 3)
    assert sorted(path.name for path in kb.iterdir()) == ["CURRENT", "LOCK", "gen-0002", "gen-0003"]


def test_the_same_contents_give_the_same_files(kb: Path, tmp_path: Path) -> None:
    other = Store.open(tmp_path / "other", create=True)
    commit(other, 1)
    commit(other, 2)
    assert snapshot_of(kb) == snapshot_of(tmp_path / "other")


def test_contents_that_do_not_fit_are_refused(kb: Path) -> None:
    good = contents(3)
    with pytest.raises(ValueError, match="float32 of shape"):
        replace(good, vectors=good.vectors[:-1])
    with pytest.raises(ValueError, match="finite"):
        replace(good, vectors=np.full_like(good.vectors, np.nan))
    for name in ("../x", "manifest.json", "a/b", ".hidden", "大.bin", ""):
        with pytest.raises(ValueError, match="artifact"):
            replace(good, artifacts={name: b""})
    with Store.open(kb).writer() as writer, pytest.raises(ValueError, match="ids of their own"):
        writer.commit(replace(good, documents=[*good.documents, good.documents[0]]))
    assert version_of(Store.open(kb).snapshot()) == 2


# --- crashes (F1, F2, F3, F7, F21) -----------------------------------------------------------------------------------


@posix
def test_killed_at_every_step_of_a_commit(kb: Path, tmp_path: Path) -> None:
    steps = steps_of_a_commit(kb)
    assert {"mkdir", "create", "write", "fsync", "replace", "remove"} <= set(steps)
    seen = set()
    for at in range(len(steps)):
        copy = tmp_path / f"killed-{at}"
        shutil.copytree(kb, copy)
        assert in_child(partial(commit_killed, copy, at, 3)), (at, steps[at])
        store = Store.open(copy)
        seen.add(version_of(store.snapshot()))
        assert store.verify() == []
        assert store.warnings == []
        assert version_of(commit(store, 3)) == 3
        assert len(list(copy.glob("gen-*"))) == 2, (at, steps[at])
        assert not list(copy.glob("*.partial"))
    assert seen == {2, 3}


@posix
def test_killed_again_while_cleaning_up_after_a_kill(kb: Path, tmp_path: Path) -> None:
    steps = steps_of_a_commit(kb)
    after_rename = steps.index("replace") + 1
    for at in range(0, len(steps) + 2, 2):
        copy = tmp_path / f"killed-{at}"
        shutil.copytree(kb, copy)
        assert in_child(partial(commit_killed, copy, after_rename, 3))
        in_child(partial(commit_killed, copy, at, 4))
        store = Store.open(copy)
        assert version_of(store.snapshot()) in (2, 4)
        assert version_of(commit(store, 5)) == 5


@posix
def test_killed_while_made(tmp_path: Path) -> None:
    disk = Recording()
    Store.open(tmp_path / "whole", create=True, disk=disk)
    for at in range(len(disk.calls)):
        path = tmp_path / f"killed-{at}"
        assert in_child(partial(Store.open, path, create=True, disk=Killing(at)))
        assert version_of(Store.open(path, create=True).snapshot()) == 0


@posix
@pytest.mark.parametrize("seed", range(4))
def test_what_was_acknowledged_survives_a_kill_at_any_time(kb: Path, seed: int) -> None:
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            store = Store.open(kb)
            for version in range(3, 100_000):
                commit(store, version)
                os.write(writing, f"{version}\n".encode())
        finally:
            os._exit(1)
    os.close(writing)
    time.sleep(random.Random(seed).uniform(0.05, 0.3))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(reading) as pipe:
        acknowledged = [int(line) for line in pipe.read().split()]
    store = Store.open(kb)
    assert store.warnings == []
    assert store.verify() == []
    last = max(acknowledged, default=2)
    assert last <= version_of(store.snapshot()) <= last + 1
    commit(store, 1)


def test_leftovers_go_with_the_next_writer_and_do_not_pile_up(kb: Path) -> None:
    (kb / "gen-0009.partial").mkdir()
    (kb / "gen-0009.partial" / "texts.sqlite").write_bytes(b"half")
    (kb / "CURRENT.partial").write_bytes(b"gen")
    shutil.copytree(kb / "gen-0002", kb / "gen-0003")
    for _ in range(3):
        assert version_of(Store.open(kb).snapshot()) == 2
    with Store.open(kb).writer():
        assert sorted(path.name for path in kb.iterdir()) == ["CURRENT", "LOCK", "gen-0001", "gen-0002"]
    assert version_of(commit(Store.open(kb), 3)) == 3


@posix
def test_the_lock_of_a_dead_process_holds_nobody_up(kb: Path) -> None:
    def die() -> None:
        with Store.open(kb).writer():
            os.kill(os.getpid(), signal.SIGKILL)

    assert in_child(die)
    with Store.open(kb).writer(timeout=1) as writer:
        assert version_of(writer.commit(contents(3))) == 3


def test_everything_is_synced_before_it_is_named(kb: Path) -> None:
    steps = " ".join(step for step in steps_of_a_commit(kb) if step != "write")
    folder_first = "mkdir (create fsync ){4}fsync replace fsync "
    then_pointer = "create fsync replace fsync remove"
    assert re.fullmatch(folder_first + then_pointer, steps)


# --- a disk that refuses (F4, F5) ------------------------------------------------------------------------------------


@pytest.mark.parametrize("for_good", [False, True])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_fails_at_each_step(kb: Path, tmp_path: Path, number: int, *, for_good: bool) -> None:
    for at, step in enumerate(steps_of_a_commit(kb)):
        copy = tmp_path / f"failing-{at}"
        shutil.copytree(kb, copy)
        store = Store.open(copy, disk=Failing(at, number, for_good=for_good))
        if step == "remove":  # what cannot be removed now is left for the next writer
            assert version_of(commit(store, 3)) == 3
        else:
            with pytest.raises(StoreError, match=os.strerror(number)) as caught:
                commit(store, 3)
            changed = version_of(Store.open(copy).snapshot()) == 3
            assert ("nothing was changed" in str(caught.value)) != changed, (at, step)
            # Only a folder that will not sync, nor be written again, can leave the new state.
            assert not changed or (for_good and step == "fsync"), (at, step)
            assert changed or sorted(p.name for p in copy.iterdir()) == ["CURRENT", "LOCK", "gen-0001", "gen-0002"], at
        assert store.verify() == []
        assert version_of(commit(Store.open(copy), 4)) == 4


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be made"):
        Store.open(tmp_path / "kb", create=True, disk=Failing(0, errno.ENOSPC))


# --- damage (F6, F17, F20, F23) --------------------------------------------------------------------------------------


def damage_of(name: str, data: bytes, other: bytes) -> bytes | None:
    return {
        "deleted": None,
        "emptied": b"",
        "zeroed": bytes(len(data)),
        "cut in half": data[: len(data) // 2],
        "bit flipped": data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :],
        "swapped": other,
    }[name]


@pytest.mark.parametrize("damage", ["deleted", "emptied", "zeroed", "cut in half", "bit flipped", "swapped"])
@pytest.mark.parametrize("name", ["texts.sqlite", "vectors.npy", "index.bin", "manifest.json"])
def test_a_damaged_file_gives_way_to_the_generation_before(kb: Path, name: str, damage: str) -> None:
    target = kb / "gen-0002" / name
    data = damage_of(damage, target.read_bytes(), (kb / "gen-0001" / name).read_bytes())
    target.unlink() if data is None else target.write_bytes(data)
    store = Store.open(kb)
    assert version_of(store.snapshot()) == 1
    assert len(store.warnings) == 1
    assert name in store.warnings[0]
    assert "gen-0001 is used instead" in store.warnings[0]
    assert name in store.verify()[0]
    with store.writer():
        assert target.parent.is_dir(), "nothing is given up before something new is whole"
    assert commit(store, 3).number == 3
    again = Store.open(kb)
    assert version_of(again.snapshot()) == 3
    assert again.warnings == []


@pytest.mark.parametrize("name", ["texts.sqlite", "vectors.npy", "index.bin", "manifest.json"])
def test_damage_with_nothing_to_fall_back_to_is_named(kb: Path, name: str) -> None:
    shutil.rmtree(kb / "gen-0001")
    (kb / "gen-0002" / name).unlink()
    with pytest.raises(DamagedStoreError, match=f"{name}.*add the documents again"):
        Store.open(kb)


@pytest.mark.parametrize(
    "text", [None, b"", b"\0" * 9, b"gen-00", b"../../etc", b"gen-0007\n", b"\xff\xfe", b"x" * 10**6]
)
def test_a_damaged_pointer_finds_the_newest_sound_generation(kb: Path, text: bytes | None) -> None:
    (kb / "CURRENT").unlink() if text is None else (kb / "CURRENT").write_bytes(text)
    store = Store.open(kb)
    assert version_of(store.snapshot()) == 2
    assert store.warnings
    assert store.verify()
    assert version_of(commit(store, 3)) == 3
    assert Store.open(kb).warnings == []


def test_damage_is_found_in_a_store_that_is_open(kb: Path) -> None:
    first, second = Store.open(kb), Store.open(kb)
    commit(second, 3)
    (kb / "gen-0003" / "texts.sqlite").write_bytes(b"")
    assert version_of(first.snapshot()) == 2
    assert first.warnings


def forge(kb: Path, files: dict[str, bytes] | None = None, **changes: object) -> None:
    """Rewrite generation 2 as a stranger could, checksums and all."""
    folder = kb / "gen-0002"
    manifest = Manifest.from_bytes((folder / "manifest.json").read_bytes())
    records = dict(manifest.files)
    for name, data in (files or {}).items():
        (folder / name).write_bytes(data)
        records[name] = FileRecord(len(data), hashlib.sha256(data).hexdigest())
    (folder / "manifest.json").write_bytes(replace(manifest, files=records, **changes).to_bytes())  # type: ignore[arg-type]


def test_verify_finds_counts_that_disagree(kb: Path) -> None:
    forge(kb, documents=5)
    assert Store.open(kb).verify() == ["the manifest counts 5 documents, the texts hold 4"]


def test_verify_finds_quotes_and_vectors_that_are_wrong(kb: Path) -> None:
    good = contents(2)
    wrong = [replace(good.chunks[0], text="错" * len(good.chunks[0].text)), *good.chunks[1:]]
    vectors = (kb / "gen-0002" / "vectors.npy").read_bytes()
    forge(kb, {"texts.sqlite": texts.to_bytes(good.documents, wrong), "vectors.npy": vectors[:-32] + bytes(32)})
    problems = Store.open(kb).verify()
    assert problems == [
        "the chunk zh-hans-2-0 does not say what its document says there",
        "the vector of chunk 7 is not of length 1",
    ]


def test_verify_finds_ordinals_with_a_gap(kb: Path, tmp_path: Path) -> None:
    forge(kb, {"texts.sqlite": changed_by("UPDATE chunks SET ordinal = 70 WHERE ordinal = 7", kb, tmp_path)})
    assert Store.open(kb).verify() == ["the ordinals of the chunks are not 0 to 7"]


def test_verify_finds_ids_that_stand_twice(kb: Path) -> None:
    data = (kb / "gen-0002" / "texts.sqlite").read_bytes()
    forge(kb, {"texts.sqlite": data.replace(b"zh-hant-2-1", b"zh-hant-2-0")})
    assert any("non-unique" in problem for problem in Store.open(kb).verify())


def changed_by(statement: str, kb: Path, tmp_path: Path) -> bytes:
    path = tmp_path / "forged.sqlite"
    path.write_bytes((kb / "gen-0002" / "texts.sqlite").read_bytes())
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)
    return path.read_bytes()


def test_a_stranger_s_tables_are_refused(kb: Path, tmp_path: Path) -> None:
    trigger = "CREATE TRIGGER t AFTER INSERT ON chunks BEGIN DELETE FROM documents; END"
    forge(kb, {"texts.sqlite": changed_by(trigger, kb, tmp_path)})
    store = Store.open(kb)
    assert "other tables" in store.warnings[0]
    assert version_of(store.snapshot()) == 1


@pytest.mark.parametrize("rows", [10**9, -1])
def test_a_header_that_claims_too_much_is_refused_before_anything_is_allocated(kb: Path, rows: int) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (rows, 8)})
    forge(kb, {"vectors.npy": header.getvalue() + bytes(64)}, chunks=max(0, rows))
    store = Store.open(kb)
    assert f"({rows}, 8)" in store.warnings[0]
    assert version_of(store.snapshot()) == 1


def test_arrays_of_objects_are_never_read(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(DamagedStoreError, match=r"a\.npy"):
        load_array(tmp_path / "a.npy")


def test_arrays_are_mapped_as_they_were_saved(tmp_path: Path) -> None:
    for array in (np.zeros((0, 4), np.float32), np.arange(6).reshape(2, 3), np.asfortranarray(np.ones((3, 2)))):
        np.save(tmp_path / "a.npy", array)
        assert np.array_equal(load_array(tmp_path / "a.npy"), array)


def test_names_that_lead_out_of_the_folder_are_refused(kb: Path) -> None:
    path = kb / "gen-0002" / "manifest.json"
    body = json.loads(path.read_bytes())
    for name in ("../../outside", "/etc/passwd", "..", "a\\b"):
        with pytest.raises(ValueError, match="file name"):
            Manifest(1, "", IDENTITY, 0, 0, {}, {name: FileRecord(0, "0" * 64)})
        path.write_text(json.dumps(body | {"files": {name: {"size": 0, "sha256": "0" * 64}}}), encoding="utf-8")
        assert version_of(Store.open(kb).snapshot()) == 1


def test_manifests_that_are_no_manifests(kb: Path) -> None:
    path = kb / "gen-0002" / "manifest.json"
    for text in ("[]", "null", "{}", "[" * 10**5, '{"schema": "1"}', '{"schema": 0}', '{"schema": 1, "checksum": 3}'):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(DamagedStoreError):
            Generation.pin(path.parent)


def test_a_planted_pickle_is_never_opened(kb: Path, tmp_path: Path) -> None:
    planted = b"cos\nsystem\n(S'touch " + str(tmp_path / "owned").encode() + b"'\ntR."
    for name in ("index.pkl", "gen-0002/index.pkl"):
        (kb / name).write_bytes(planted)
    store = Store.open(kb)
    assert version_of(store.snapshot()) == 2
    commit(store, 3)
    assert not (tmp_path / "owned").exists()
    assert (kb / "index.pkl").read_bytes() == planted


# --- other folders, other versions, other models (F14, F15, F18, F23) ----------------------------------------------


def test_a_folder_of_something_else_is_refused_and_untouched(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    before = snapshot_of(tmp_path)
    for create in (True, False):
        with pytest.raises(ForeignStoreError, match=r"notes\.txt"):
            Store.open(tmp_path, create=create)
        with pytest.raises(ForeignStoreError, match="is a file"):
            Store.open(tmp_path / "notes.txt", create=create)
    assert snapshot_of(tmp_path) == before


def test_the_user_s_own_settings_may_be_there_first_and_stay(tmp_path: Path) -> None:
    (tmp_path / "wenju.toml").write_text("[app]\n", encoding="utf-8")
    with pytest.raises(MissingStoreError):
        Store.open(tmp_path)
    commit(Store.open(tmp_path, create=True), 1)
    assert (tmp_path / "wenju.toml").read_text(encoding="utf-8") == "[app]\n"


def test_a_newer_schema_is_refused_and_untouched(kb: Path) -> None:
    path = kb / "gen-0002" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {"schema": 2, "new": []}), encoding="utf-8")
    before = snapshot_of(kb)
    with pytest.raises(ForeignStoreError, match=r"newer version.*schema 2"):
        Store.open(kb, create=True)
    assert snapshot_of(kb) == before


@pytest.mark.parametrize(
    "change",
    [
        {"name": "other"},
        {"revision": "2"},
        {"dimension": 9},
        {"query_prefix": ""},
        {"passage_prefix": ""},
        {"normalised": False},
        {"tokenizer": "words"},
    ],
)
def test_another_embedding_model_is_refused_and_both_are_named(kb: Path, change: dict[str, object]) -> None:
    generation = Store.open(kb).snapshot()
    generation.check_embedding(IDENTITY)
    other = replace(IDENTITY, **change)  # type: ignore[arg-type]
    with pytest.raises(IncompatibleStoreError) as caught:
        generation.check_embedding(other)
    assert str(IDENTITY) in str(caught.value)
    assert str(other) in str(caught.value)
    (name,) = change
    assert f"{name.replace('_', ' ')} {getattr(IDENTITY, name)!r}, not {change[name]!r}" in str(caught.value)


def test_an_empty_one_takes_any_model(tmp_path: Path) -> None:
    Store.open(tmp_path / "kb", create=True).snapshot().check_embedding(IDENTITY)


def test_reading_writes_nothing(kb: Path) -> None:
    (kb / "LOCK").unlink()
    before = sorted(str(path) for path in kb.rglob("*"))
    store = Store.open(kb)
    version_of(store.snapshot())
    store.verify()
    assert sorted(str(path) for path in kb.rglob("*")) == before


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_read_only_folder_is_searched_and_cannot_be_written(kb: Path) -> None:
    (kb / "LOCK").unlink()
    kb.chmod(0o555)
    try:
        store = Store.open(kb)
        assert version_of(store.snapshot()) == 2
        with pytest.raises(StoreError, match="cannot be written"), store.writer():
            pass
    finally:
        kb.chmod(0o755)


def test_a_folder_deleted_while_open(kb: Path) -> None:
    store = Store.open(kb)
    pinned = store.snapshot()
    shutil.rmtree(kb)
    with pytest.raises(MissingStoreError, match="gone"):
        store.snapshot()
    assert len(list(pinned.all_chunks())) == 8
    with pytest.raises(StoreError), store.writer():
        pass


@posix
def test_links_inside_the_folder_are_not_followed(kb: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (kb / "gen-0002").rename(outside)
    (kb / "gen-0002").symlink_to(outside)
    assert version_of(Store.open(kb).snapshot()) == 1
    (kb / "gen-0002").unlink()
    outside.rename(kb / "gen-0002")
    (kb / "gen-0002" / "index.bin").rename(outside)
    (kb / "gen-0002" / "index.bin").symlink_to(outside)
    assert version_of(Store.open(kb).snapshot()) == 1
    assert outside.read_bytes() == b"2"


@posix
@pytest.mark.parametrize("name", ["LOCK", "cache", "CURRENT.partial", "gen-0003.partial"])
def test_nothing_outside_is_written_through_a_link(kb: Path, tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_bytes(b"mine")
    target = outside if name in ("cache", "gen-0003.partial") else outside / "precious"
    (kb / name).unlink(missing_ok=True)
    (kb / name).symlink_to(target)
    if name in ("LOCK", "cache"):
        with pytest.raises(ForeignStoreError, match="symbolic link"):
            commit(Store.open(kb), 3)
    else:
        commit(Store.open(kb), 3)
    assert snapshot_of(outside) == {"precious": b"mine"}


@posix
def test_a_pipe_in_place_of_a_file_does_not_hang(kb: Path) -> None:
    (kb / "gen-0002" / "vectors.npy").unlink()
    os.mkfifo(kb / "gen-0002" / "vectors.npy")
    assert version_of(Store.open(kb).snapshot()) == 1


@pytest.mark.parametrize("name", ["知识 库", "emoji 🚀 kb", "a?b#c%20d&e", "很" * 80 + "0123456789"])
def test_any_name_of_a_folder_works(tmp_path: Path, name: str) -> None:
    commit(Store.open(tmp_path / name, create=True), 1)
    assert version_of(Store.open(tmp_path / name).snapshot()) == 1


def test_order_is_by_number_not_by_the_clock(kb: Path) -> None:
    for path, when in ((kb / "gen-0002", 0), (kb / "gen-0002" / "manifest.json", 0), (kb / "CURRENT", 0)):
        os.utime(path, (when, when))
    assert version_of(Store.open(kb).snapshot()) == 2
    commit(Store.open(kb), 3)
    (kb / "CURRENT").unlink()
    os.utime(kb / "gen-0003", (0, 0))
    assert version_of(Store.open(kb).snapshot()) == 3


# --- several at once (F8, F9, F10) -----------------------------------------------------------------------------------


def test_a_folder_that_cannot_be_written_says_so_and_what_to_do(kb: Path) -> None:
    (kb / "LOCK").unlink(missing_ok=True)
    (kb / "LOCK").mkdir()  # refuses whoever runs this, root as well
    store = Store.open(kb)
    with pytest.raises(StoreError, match=r"cannot be written: .*see to its rights") as caught, store.writer():
        pass
    assert "Errno" not in str(caught.value) and "\n" not in str(caught.value)


def test_a_second_writer_waits_or_is_told(kb: Path) -> None:
    def write() -> None:
        with Store.open(kb).writer(timeout=0.1):
            pass

    with Store.open(kb).writer(), ThreadPoolExecutor(1) as pool:
        assert isinstance(pool.submit(write).exception(), BusyStoreError)
    commit(Store.open(kb), 3)


def run_all(works: list[Callable[[], None]]) -> None:
    with ThreadPoolExecutor(len(works)) as pool:
        for future in [pool.submit(work) for work in works]:
            future.result()


def test_every_answer_comes_from_one_generation_while_others_are_committed(kb: Path) -> None:
    reading, writing = Store.open(kb), Store.open(kb)
    done = threading.Event()
    seen: set[int] = set()

    def read() -> None:
        while not done.is_set():
            seen.add(version_of(reading.snapshot()))

    def write() -> None:
        try:
            for version in range(3, 15):
                commit(writing, version)
        finally:
            done.set()

    run_all([read, read, write])
    assert len(seen) > 1
    assert version_of(reading.snapshot()) == 14


def test_a_pinned_generation_stays_readable_whatever_is_committed(kb: Path) -> None:
    store = Store.open(kb)
    pinned = store.snapshot()
    other = Store.open(kb)
    for version in range(3, 8):
        commit(other, version)
    assert version_of(pinned) == 2
    assert version_of(store.snapshot()) == 7
    if os.name != "nt":
        assert sorted(path.name for path in kb.glob("gen-*")) == ["gen-0002", "gen-0006", "gen-0007"]
    del pinned
    commit(other, 8)
    assert sorted(path.name for path in kb.glob("gen-*"))[-2:] == ["gen-0007", "gen-0008"]
    assert not (kb / "gen-0002").exists()


def test_asking_again_is_free_while_nothing_changes(kb: Path) -> None:
    store = Store.open(kb)
    assert store.snapshot() is store.snapshot()
    first = store.snapshot()
    store.close()
    assert version_of(store.snapshot()) == version_of(first)


@posix
def test_another_process_sees_a_commit_without_a_restart(kb: Path) -> None:
    store = Store.open(kb)
    assert not in_child(lambda: commit(Store.open(kb), 3))
    assert version_of(store.snapshot()) == 3


def test_a_store_made_anew_at_the_same_place_is_seen(kb: Path) -> None:
    store = Store.open(kb)
    assert version_of(store.snapshot()) == 2
    shutil.rmtree(kb)
    fresh = Store.open(kb, create=True)
    commit(fresh, 7)
    commit(fresh, 8)
    assert version_of(store.snapshot()) == 8


def test_chunks_are_read_from_several_threads(kb: Path) -> None:
    generation = Store.open(kb).snapshot()
    expected = contents(2).chunks

    def read() -> None:
        for _ in range(50):
            assert generation.chunks([3, 1]) == [expected[3], expected[1]]

    run_all([read] * 4)


def test_many_chunks_are_read_in_order(tmp_path: Path) -> None:
    good = contents(1)
    document = replace(good.documents[0], text="字" * 2500, sections=(), pages=())
    chunks = [Chunk(f"c{i}", document.id, i, i + 1, "字", "zh-Hans") for i in range(2500)]
    vectors = np.repeat(good.vectors[:1], 2500, axis=0)
    store = Store.open(tmp_path / "kb", create=True, disk=Disk())
    with store.writer() as writer:
        generation = writer.commit(replace(good, documents=[document], chunks=chunks, vectors=vectors))
    assert list(generation.all_chunks()) == chunks
    assert generation.ordinals_of(document.id) == list(range(2500))
    assert generation.chunks(range(2500)) == chunks
