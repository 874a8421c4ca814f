"""Documents whose files are gone when their folder is added again: they go too, unless it may be an accident."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path

import pytest
from test_build import FILES, Bench, bench  # noqa: F401 - a fixture


@pytest.mark.parametrize("name", FILES)
def test_a_deleted_file_is_taken_out_when_its_folder_is_added_again(bench: Bench, name: str) -> None:  # noqa: F811
    bench.add()
    (bench.files / name).unlink()
    embedded = len(bench.embedder.embedded)
    report = bench.add()
    assert report.removed == (bench.source(name),)
    assert len(report.unchanged) == 3 and not (report.added or report.updated or report.failed)
    assert sorted(bench.held()) == sorted(FILES.keys() - {name})
    assert (bench.made, len(bench.embedder.embedded)) == (1, embedded), "no model for what only goes"
    assert bench.add().removed == ()


def test_only_the_folder_that_is_added_counts(bench: Bench, tmp_path: Path) -> None:  # noqa: F811
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.txt").write_text("另一个文件夹里的文件。", encoding="utf-8")
    (tmp_path / "文件 夹2").mkdir()
    beside = tmp_path / "文件 夹2" / "b.txt"
    beside.write_text("A folder whose name begins alike.", encoding="utf-8")
    bench.add(bench.files, other, beside)
    (bench.files / "简体.txt").unlink()
    shutil.rmtree(other)
    beside.unlink()
    assert bench.add(bench.files / "english.txt").removed == ()
    assert bench.add().removed == (bench.source("简体.txt"),)
    assert {"a.txt", "b.txt"} < set(bench.held())


def test_a_folder_below_that_was_deleted_goes_whole_and_with_what_is_new(bench: Bench) -> None:  # noqa: F811
    below = bench.files / "旧" / "deep"
    below.mkdir(parents=True)
    for name in ("一.txt", "二.txt"):
        (below / name).write_text(f"{name} 说的是旧事。", encoding="utf-8")
    bench.add()
    shutil.rmtree(bench.files / "旧")
    bench.write("new.txt", "Something new, in the place of the old.")
    report = bench.add()
    assert report.removed == tuple(sorted(str(below / name) for name in ("一.txt", "二.txt")))
    assert report.added == (bench.source("new.txt"),)
    assert sorted(bench.held()) == sorted([*FILES, "new.txt"])


def test_what_was_moved_is_not_taken_out(bench: Bench, tmp_path: Path) -> None:  # noqa: F811
    bench.add()
    (bench.files / "英文").mkdir()
    (bench.files / "english.txt").replace(bench.files / "英文" / "english.txt")
    report = bench.add()
    assert (report.removed, report.updated) == ((), (bench.source("英文/english.txt"),))
    assert sorted(bench.held()) == sorted(FILES)


@pytest.mark.parametrize("place", [".", "盘"])
def test_an_empty_folder_takes_nothing_out(
    bench: Bench,  # noqa: F811
    caplog: pytest.LogCaptureFixture,
    place: str,
) -> None:
    folder = bench.files / place
    folder.mkdir(exist_ok=True)
    (folder / "drive.txt").write_text("这份文件在移动硬盘上。", encoding="utf-8")
    bench.add()
    for name in (folder.iterdir()) if place == "." else [folder / "drive.txt"]:
        name.unlink()
    (folder / ".hidden").touch()
    with caplog.at_level(logging.WARNING, "index"):
        assert bench.add().removed == ()
    assert len(bench.held()) == 5
    [record] = caplog.records
    assert "is empty" in record.getMessage() and "wenju remove" in record.getMessage()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_read_takes_nothing_out(bench: Bench) -> None:  # noqa: F811
    closed = bench.files / "closed"
    closed.mkdir()
    (closed / "a.txt").write_text("机密。", encoding="utf-8")
    bench.add()
    closed.chmod(0)
    try:
        assert bench.add().removed == ()
    finally:
        closed.chmod(0o700)


def test_a_missing_folder_is_an_error_and_takes_nothing_out(bench: Bench) -> None:  # noqa: F811
    bench.add()
    shutil.rmtree(bench.files)
    with pytest.raises(Exception, match="does not exist"):
        bench.add()
    assert len(bench.held()) == 4


def test_everything_of_a_folder_with_another_file_left_can_go(bench: Bench) -> None:  # noqa: F811
    bench.add()
    for name in FILES:
        (bench.files / name).unlink()
    (bench.files / "picture.png").write_bytes(b"\x89PNG")
    report = bench.add()
    assert len(report.removed) == 4 and bench.held() == {}


def test_files_of_the_knowledge_base_itself_are_left_alone(bench: Bench) -> None:  # noqa: F811
    uploads = bench.store.path / "uploads"
    uploads.mkdir()
    sent = uploads / "sent.txt"
    sent.write_text("从浏览器里传上来的。", encoding="utf-8")
    assert bench.add(sent).added == (str(sent),), "named itself, as the page does"
    sent.unlink()
    bench.write("new.txt", "又一份。")
    report = bench.add(bench.store.path.parent)
    assert (report.removed, len(report.added)) == ((), 5)
    assert "sent.txt" in bench.held()


@pytest.mark.parametrize("folder", [b"plain", "说明".encode("gb18030")])
def test_a_file_whose_name_is_no_utf8_is_still_there(bench: Bench, tmp_path: Path, folder: bytes) -> None:  # noqa: F811
    held = bench.files / os.fsdecode(folder)
    try:
        held.mkdir()
        odd = held / os.fsdecode("报告.odd".encode("gb18030"))  # a folder takes no such ending, so that none finds it
        odd.write_text("这份文件的名字来自别的系统。", encoding="utf-8")
    except OSError:
        pytest.skip("this file system takes only UTF-8")
    [source] = bench.add(odd).added
    assert r"\xb1\xa8\xb8\xe6.odd" in source
    assert bench.add().removed == ()
    copy = tmp_path / "copy.txt"
    copy.write_bytes(odd.read_bytes())
    assert bench.add(copy).unchanged == (str(copy),), "a copy is no move"
    copy.unlink()
    odd.rename(bench.files / "报告.odd")
    (held / "other.txt").write_text("Not empty.", encoding="utf-8")
    assert bench.add().removed == (source,)


def test_a_name_may_hold_what_looks_like_a_byte_written_out(bench: Bench) -> None:  # noqa: F811
    odd = bench.files / r"\xb1\xa8.odd"
    odd.write_text("A backslash, an x and two digits.", encoding="utf-8")
    bench.add(odd)
    assert bench.add().removed == ()
    odd.unlink()
    assert bench.add().removed == (str(odd),)
