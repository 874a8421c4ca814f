"""``wenju eval`` and ``wenju draft-cases``: what they print, write and return; what a stop leaves behind."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from evaluation import BROKEN, CASES, FAR, NEAR, RIGHT, EvaluatedKnowledge, answers, quoting
from fake_knowledge import HANS

from eval.bench.options import add_options
from eval.cases import Case, read_cases
from eval.command import configure_draft, configure_eval, draft, run
from eval.draft import write_cases
from index.errors import UsageError
from rag.config import Config
from rag.types import Answer

# `far` is left out: its changed figure would need the models to be judged.
CHOSEN = tuple(case for case in CASES if case is not FAR)


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    return written(tmp_path / "set.jsonl", CHOSEN)


def written(path: Path, cases: tuple[Case, ...]) -> Path:
    path.write_text(write_cases(cases), encoding="utf-8")
    return path


def evaluated(*words: str | Path, knowledge: EvaluatedKnowledge | None = None) -> tuple[int, list[str]]:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kb", default="kb")
    parser.add_argument("--config")
    parser.add_argument("--json", action="store_true")
    configure_eval(parser)
    told: list[str] = []
    made = knowledge or EvaluatedKnowledge()
    return run(parser.parse_args([str(w) for w in words]), Config(), lambda: made, told.append), told


def test_the_report_is_printed_and_written(cases: Path, tmp_path: Path, capsys: Any) -> None:
    code, told = evaluated(cases, "--out", tmp_path / "run")
    printed = capsys.readouterr()
    assert code == 0 and "6 cases: 2 scored, 2 refused, 1 empty, 1 failed" in printed.out
    assert "# Evaluation" in (tmp_path / "run" / "report.md").read_text(encoding="utf-8")
    assert "6/6 cases, 1 failed, 0 s left" in printed.err
    assert any(str(tmp_path / "run" / "report.html") in line for line in told)
    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        "LOCK", "run.json", "rows.jsonl", "report.md", "report.json", "report.html",
    }  # fmt: skip


def test_json_is_one_object(cases: Path, tmp_path: Path, capsys: Any) -> None:
    assert evaluated(cases, "--out", tmp_path / "run", "--json")[0] == 0
    report = json.loads(capsys.readouterr().out)
    assert report["run"]["config"]["answer"]["model"] == "" and "app" not in report["run"]["config"]
    assert report == json.loads((tmp_path / "run" / "report.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("bars", "code", "said"),
    [
        (["faithfulness=1", "hit@5=0.5"], 0, ""),
        (["hit@5=0.9", "faithfulness=1"], 3, "hit@5 is 0.75, below 0.9"),
        (["en>ru/hit@5=0.9"], 2, "no group of this run"),
        (["en>zh-Hans/contains=0"], 3, "en>zh-Hans/contains was not measured"),
    ],
)
def test_bars_decide_the_exit_code(cases: Path, tmp_path: Path, bars: list[str], code: int, said: str) -> None:
    found, told = evaluated(cases, "--out", tmp_path / "run", *(word for bar in bars for word in ("--min", bar)))
    assert found == code and any(said in line for line in told)


def test_an_unknown_measure_is_wrong_usage_before_anything_is_asked(cases: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        evaluated(cases, "--out", tmp_path / "run", "--min", "truth=0.9")
    assert ended.value.code == 2 and not (tmp_path / "run").exists()


@pytest.mark.parametrize("seed", ["-1", "1.5", "x", "9" * 5000])
def test_a_seed_that_is_none_is_wrong_usage_before_anything_is_asked(
    cases: Path, tmp_path: Path, capsys: Any, seed: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        evaluated(cases, "--out", tmp_path / "run", "--seed", seed)
    assert ended.value.code == 2 and not (tmp_path / "run").exists()
    with pytest.raises(SystemExit) as ended:
        drafted("--seed", seed)
    assert ended.value.code == 2 and "must be a whole number, 0 or more" in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        bench_options(seed)
    assert ended.value.code == 2


def bench_options(seed: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_options(parser, shipped=True)
    return parser.parse_args(["--seed", seed])


@pytest.mark.parametrize("words", [["--out", ""], ["--compare", ""], [""]])
def test_an_empty_path_is_wrong_usage_and_not_the_current_folder(words: list[str], capsys: Any) -> None:
    with pytest.raises(SystemExit) as ended:
        evaluated(*words)
    assert ended.value.code == 2 and "must be a path, was empty" in capsys.readouterr().err


def test_a_run_is_compared_with_an_earlier_one(cases: Path, tmp_path: Path, capsys: Any) -> None:
    evaluated(cases, "--out", tmp_path / "first")
    capsys.readouterr()
    assert evaluated(cases, "--out", tmp_path / "second", "--compare", tmp_path / "first")[0] == 0
    assert "## Against the other run" in capsys.readouterr().out
    with pytest.raises(UsageError, match="no evaluation run"):
        evaluated(cases, "--out", tmp_path / "third", "--compare", tmp_path / "nothing")
    assert not (tmp_path / "third").exists()
    others = written(tmp_path / "others.jsonl", tuple(replace(case, id=f"other-{case.id}") for case in CHOSEN))
    knowledge = EvaluatedKnowledge()
    with pytest.raises(UsageError, match="shares no question"):
        evaluated(others, "--out", tmp_path / "third", "--compare", tmp_path / "first", knowledge=knowledge)
    assert knowledge.asked == [] and not (tmp_path / "third").exists()


def test_a_run_of_damaged_answers_is_not_compared_with(cases: Path, tmp_path: Path) -> None:
    evaluated(cases, "--out", tmp_path / "first", "--unfaithful")
    with pytest.raises(UsageError, match="of answers made unfaithful"):
        evaluated(cases, "--out", tmp_path / "third", "--compare", tmp_path / "first" / "unfaithful-number")
    assert not (tmp_path / "third").exists()


def test_a_stop_leaves_a_partial_report_and_goes_on(cases: Path, tmp_path: Path) -> None:
    class Stopped(EvaluatedKnowledge):
        def ask(self, *words: Any, **options: Any) -> Answer:
            if len(self.asked) == 2:
                raise KeyboardInterrupt
            return super().ask(*words, **options)

    code, told = evaluated(cases, "--out", tmp_path / "run", knowledge=Stopped())
    assert code == 130 and any("stopped after 2 of 6 cases" in line for line in told)
    assert "Partial: 2 of 6 cases are done" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    rest = EvaluatedKnowledge()
    assert evaluated(cases, "--out", tmp_path / "run", knowledge=rest)[0] == 0
    assert len(rest.asked) == 4
    assert "Partial" not in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")


def test_a_run_in_which_every_case_failed_is_an_error(tmp_path: Path) -> None:
    code, told = evaluated(written(tmp_path / "set.jsonl", (BROKEN,)), "--out", tmp_path / "run")
    assert code == 1 and "the model fell over" in told[-1]


def test_other_rows_than_the_documented_are_refused_with_their_line(tmp_path: Path) -> None:
    path = written(tmp_path / "set.jsonl", (RIGHT, NEAR))
    path.write_text(path.read_text(encoding="utf-8") + '{"id": "x"}\n', encoding="utf-8")
    with pytest.raises(UsageError, match="line 3"):
        evaluated(path, "--out", tmp_path / "run")


def drafted(*words: str | Path) -> tuple[int, list[str]]:
    parser = argparse.ArgumentParser()
    configure_draft(parser)
    told: list[str] = []
    arguments = parser.parse_args([str(word) for word in words])
    return draft(arguments, Config(), EvaluatedKnowledge(), told.append), told


def test_drafts_load_and_can_be_evaluated(tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "drafts.jsonl"
    assert drafted("--n", "5", "--out", out)[0] == 0
    cases = read_cases(out)
    assert len(cases) == 5 and {case.notes for case in cases} == {"draft"}
    said = {c.question: quoting(c, HANS, c.gold[0].quote) for c in cases if c.gold[0].document == HANS.id}
    kept = written(tmp_path / "kept.jsonl", tuple(case for case in cases if case.question in said))
    assert evaluated(kept, "--out", tmp_path / "run", knowledge=EvaluatedKnowledge({**answers(), **said}))[0] == 0
    assert '"contains"' in (tmp_path / "run" / "report.json").read_text(encoding="utf-8")


def test_corrections_are_never_overwritten(tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "drafts.jsonl"
    out.write_text("mine\n", encoding="utf-8")
    with pytest.raises(UsageError, match="may hold corrections"):
        drafted("--out", out)
    assert out.read_text(encoding="utf-8") == "mine\n"
    code, told = drafted("--n", "500")
    assert code == 0 and "500 were asked for" in told[0]
    assert len(capsys.readouterr().out.splitlines()) > 3


def test_unfaithful_answers_are_judged_beside_and_asked_for_once(tmp_path: Path, capsys: Any) -> None:
    knowledge = EvaluatedKnowledge()
    path = written(tmp_path / "set.jsonl", (NEAR,))
    assert evaluated(path, "--out", tmp_path / "run", "--unfaithful", "--json", knowledge=knowledge)[0] == 0
    report = json.loads(capsys.readouterr().out)
    assert list(report["unfaithful"]["all"]) == ["faithful", "number", "other document", "negation", "told_apart"]
    assert report["unfaithful"]["all"]["told_apart"] is None  # a refusal states nothing
    assert knowledge.asked == [NEAR.question]
    assert (tmp_path / "run" / "unfaithful-other-document" / "rows.jsonl").exists()
