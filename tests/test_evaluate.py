"""A run: every figure worked by hand, one failing row counted; killed and gone on with; refused over another's."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from evaluation import (
    BROKEN,
    CASES,
    CHINESE_FRAME,
    EMPTY,
    FAR,
    NEAR,
    REFUSED,
    RIGHT,
    WATER,
    WRONG,
    EvaluatedKnowledge,
    VerbatimScorer,
    answers,
    passage,
    quoting,
)
from fake_knowledge import ENGLISH, EVIL, HANS, HANT

from eval.cases import Case, Gold, read_cases
from eval.relevance import GoldSpans, file_name, ranking_measures, relevance
from eval.report import build_report, write_report
from eval.row import Row
from eval.run import Progress, RunResult, draw, evaluate, read_run
from eval.sample import SHIPPED
from eval.scorers import Judgement, Scorer, ScorerOutputError
from eval.summary import MEASURES, summarise
from index.errors import ConfigError, ModelError, UsageError
from rag.types import Answer, Sentence, Turn

TESTS = Path(__file__).resolve().parent


def run(out: Path, knowledge: EvaluatedKnowledge | None = None, **options: Any) -> RunResult:
    scorer: Scorer = VerbatimScorer()
    return evaluate(knowledge or EvaluatedKnowledge(), options.pop("cases", CASES), out=out, scorer=scorer, **options)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    return run(tmp_path_factory.mktemp("run"))


def value(result: RunResult, name: str, *group: str) -> float | None:
    found = result.summary
    for key in group or ("all",):
        found = found[key]
    figure: float | None = found["measures"][name]["value"]
    return figure


def test_every_case_is_counted_by_what_became_of_it(result: RunResult) -> None:
    states = {row.id: row.state for row in result.rows}
    assert states == {
        RIGHT.id: "scored", WRONG.id: "scored", REFUSED.id: "refused", NEAR.id: "refused", FAR.id: "scored",
        BROKEN.id: "failed", EMPTY.id: "empty",
    }  # fmt: skip
    counts = {"total": 7, "scored": 3, "refused": 2, "empty": 1, "failed": 1, "answerable": 5}
    assert result.summary["all"]["counts"] == counts
    assert result.summary["languages"]["zh-Hant"]["counts"] == {
        "total": 2, "scored": 2, "refused": 0, "empty": 0, "failed": 0, "answerable": 1,
    }  # fmt: skip
    assert not result.partial


@pytest.mark.parametrize(
    ("name", "expected", "n"),
    [
        ("hit@1", 2 / 4, 4),  # right and empty at 1, wrong at 3, refused not at all; broken never searched
        ("hit@5", 3 / 4, 4),
        ("mrr@10", (1 + 1 / 3 + 0 + 1) / 4, 4),
        ("ndcg@10", (1 + 0.5 + 0 + 1) / 4, 4),
        ("faithfulness", 2 / 3, 3),  # the number of `far` was changed
        ("citation_recall", 2 / 3, 3),
        ("citation_precision", 2 / 3, 3),
        ("contains", 1 / 2, 2),
        ("exact", 1 / 2, 2),
        ("success", 1 / 5, 5),  # of all that can be answered, the failed one among them
        ("refusal_precision", 1 / 2, 2),
        ("refusal_recall", 1 / 2, 2),
        ("refusal_balanced_accuracy", (1 / 2 + 3 / 4) / 2, 6),
        ("answer_rate", 3 / 6, 6),
        ("language_match", 1.0, 6),
    ],
)
def test_the_figures_are_those_worked_by_hand(result: RunResult, name: str, expected: float, n: int) -> None:
    figure = result.summary["all"]["measures"][name]
    assert figure["value"] == pytest.approx(expected, abs=1e-4)
    assert figure["n"] == n
    assert figure["ci"][0] <= figure["value"] <= figure["ci"][1]


def test_no_interval_is_without_width_however_few_the_cases(result: RunResult) -> None:
    groups = [result.summary["all"], *result.summary["languages"].values(), *result.summary["directions"].values()]
    bounds = [figure["ci"] for group in groups for figure in group["measures"].values() if figure["ci"]]
    assert len(bounds) > 50 and all(high - low > 0.05 for low, high in bounds)
    # One question of each kind, one of them decided wrongly: resampling could only ever give one half.
    rows = [row for row in result.rows if row.id in (RIGHT.id, FAR.id)]
    figure = summarise(rows)["all"]["measures"]["refusal_balanced_accuracy"]
    assert figure["value"] == 0.5 and figure["ci"] == pytest.approx([0.0546, 0.9454], abs=1e-4)  # Wilson over one


def test_directions_are_question_and_evidence(result: RunResult) -> None:
    assert set(result.summary["directions"]) == {"zh-Hans>zh-Hans", "zh-Hant>en", "en>zh-Hans", "en>zh-Hant"}
    assert value(result, "hit@1", "directions", "zh-Hant>en") == 0.0
    assert value(result, "hit@5", "directions", "zh-Hant>en") == 1.0
    assert value(result, "contains", "directions", "en>zh-Hans") is None
    assert list(result.summary["all"]["measures"]) == list(MEASURES)


def test_a_judge_that_fails_takes_nothing_from_what_was_measured_before_it(tmp_path: Path) -> None:
    class Mute(VerbatimScorer):
        def judge(self, *words: Any) -> Judgement:
            raise ScorerOutputError("the judge must reply supported or unsupported, was: 'hm'")

    found = evaluate(EvaluatedKnowledge(), [RIGHT, NEAR], out=tmp_path / "run", scorer=Mute())
    right = found.rows[0]
    assert right.state == "failed" and "must reply" in right.error and right.milliseconds is not None
    assert right.measure("hit@1") == 1.0 and right.measure("contains") == 1.0 and right.retrieved
    assert value(found, "success") == 1.0 and value(found, "faithfulness") is None


def test_a_case_that_says_nothing_of_its_answer_tells_nothing_of_success_whatever_became_of_it(tmp_path: Path) -> None:
    silent = replace(WRONG, short_answers=(), values=())
    said = {**answers(), silent.question: RuntimeError("down")}
    found = run(tmp_path / "failed", EvaluatedKnowledge(said), cases=(RIGHT, silent))
    assert found.rows[1].state == "failed" and not found.rows[1].checked
    assert found.summary["all"]["measures"]["success"]["n"] == 1 and value(found, "success") == 1.0


def test_a_link_in_the_folder_of_a_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "rows.jsonl").symlink_to(tmp_path / "outside.txt")
    with pytest.raises(UsageError, match="is a link"):
        run(tmp_path / "run")
    assert not (tmp_path / "outside.txt").exists()


def test_what_a_scorer_gives_is_kept_as_plain_values(tmp_path: Path) -> None:
    class Numeric(VerbatimScorer):
        def judge(self, *words: Any) -> Judgement:
            return Judgement(np.float32(0.25), np.bool_(False), "")  # type: ignore[arg-type]

    evaluate(EvaluatedKnowledge(), [RIGHT], out=tmp_path / "run", scorer=Numeric())
    assert read_run(tmp_path / "run").rows[0].claims[0].score == 0.25


def test_gold_that_cannot_be_found_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    moved = replace(RIGHT, gold=(Gold(RIGHT.gold[0].document, "no such words"),))
    knowledge = EvaluatedKnowledge()
    told: list[tuple[str, int]] = []

    def tell(line: str) -> None:
        told.append((line, len(knowledge.asked)))

    run(tmp_path / "run", knowledge, cases=(moved, NEAR), on_notice=tell)
    ((line, asked),) = told
    assert line.startswith(f"1 of 2 cases will fail, the first: {moved.id}: the gold passage") and asked == 0
    run(tmp_path / "good", cases=(RIGHT,), on_notice=tell)
    assert len(told) == 1


def test_the_threshold_in_use_is_read_from_the_rows(result: RunResult) -> None:
    base = [replace(row, confidence=None) for row in result.rows]
    sure = [replace(base[0], state="scored", confidence=0.6), replace(base[1], state="refused", confidence=0.2)]
    assert summarise(sure)["refusal_threshold"] == 0.4 and summarise(base)["refusal_threshold"] is None
    assert summarise([sure[0], replace(sure[1], confidence=0.7)])["refusal_threshold"] is None


def test_curves(result: RunResult) -> None:
    assert result.summary["retrieval_curves"]["all"] == [0.5, 0.5, 0.75] + [0.75] * 7
    assert result.summary["retrieval_curves"]["zh-Hant"] == [0.0, 0.0] + [1.0] * 8
    curve = {point["threshold"]: point for point in result.summary["refusal_curve"]}
    # confidences: right .9, wrong .9, refused .4, empty .8 can be answered; near .2, far .9 cannot
    assert curve[0.0] == {"threshold": 0.0, "answered": 1.0, "refused": 0.0}
    assert curve[0.5] == {"threshold": 0.5, "answered": 0.75, "refused": 0.5}
    assert curve[1.0] == {"threshold": 1.0, "answered": 0.0, "refused": 1.0}


def test_a_failing_row_keeps_its_reason_in_one_line_and_names_are_never_opened(result: RunResult) -> None:
    row = next(row for row in result.rows if row.id == BROKEN.id)
    assert row.error == "RuntimeError: the model fell over"
    assert row.question.startswith("https://evil.test")  # text; the network guard of conftest watches


def test_gold_that_does_not_stand_there_fails_its_row_only(tmp_path: Path) -> None:
    gone = replace(RIGHT, id="gone", gold=(Gold("/etc/passwd", "root"),))
    moved = replace(RIGHT, id="moved", gold=(Gold(HANS.id, "这句话不在文件里。"),))
    found = run(tmp_path, cases=(RIGHT, gone, moved))
    assert [row.state for row in found.rows] == ["scored", "failed", "failed"]
    assert found.rows[1].error == "the knowledge base holds no document named /etc/passwd: add it, or correct the case"
    assert "does not stand in" in found.rows[2].error


def test_a_knowledge_base_of_other_documents_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="none of the documents"):
        run(tmp_path, EvaluatedKnowledge(documents=(ENGLISH,)), cases=(RIGHT,))


def test_a_seed_below_0_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    knowledge = EvaluatedKnowledge()
    with pytest.raises(UsageError, match="seed must be 0 or more, was: -1"):
        run(tmp_path, knowledge, seed=-1)
    assert knowledge.asked == [] and not list(tmp_path.iterdir())


def test_what_would_fail_every_row_ends_the_run(tmp_path: Path) -> None:
    knowledge = EvaluatedKnowledge({RIGHT.question: ConfigError("answer.model is unknown")})
    with pytest.raises(ConfigError):
        run(tmp_path, knowledge, cases=(RIGHT,))


def test_the_unsupported_claim_comes_with_its_passage(result: RunResult) -> None:
    row = next(row for row in result.rows if row.id == FAR.id)
    assert [claim.supported for claim in row.claims] == [False]
    assert "九個月" in row.claims[0].passage and row.claims[0].passage_title == HANT.title


def test_own_words_in_the_wrong_script_are_seen(tmp_path: Path) -> None:
    simplified = quoting(WRONG, ENGLISH, "Exporters keep their records", frame="英文文档原文：")
    found = run(tmp_path, EvaluatedKnowledge({WRONG.question: simplified}), cases=(WRONG,))
    assert value(found, "language_match") == 0.0
    assert "原文" in CHINESE_FRAME and value(run(tmp_path / "b", cases=(WRONG,)), "language_match") == 1.0


def test_a_claim_without_citation_is_unsupported_and_one_in_russian_is_not_scored(tmp_path: Path) -> None:
    said = quoting(RIGHT, HANS, WATER)
    uncited = replace(said, sentences=(*said.sentences, Sentence("这是常识。", ())))
    russian = replace(said, sentences=(Sentence("Завод получает воду каждый день[1].", (1,)), *said.sentences))
    first = run(tmp_path / "a", EvaluatedKnowledge({RIGHT.question: uncited}), cases=(RIGHT,))
    assert (value(first, "faithfulness"), value(first, "citation_recall")) == (0.5, 0.5)
    assert value(first, "citation_precision") == 1.0
    second = run(tmp_path / "b", EvaluatedKnowledge({RIGHT.question: russian}), cases=(RIGHT,))
    assert second.summary["all"]["claims"] == {"supported": 1, "unsupported": 0, "not_scored": 1}
    figure = second.summary["all"]["measures"]["faithfulness"]
    assert (figure["value"], figure["n"]) == (1.0, 1)


def test_a_follow_up_is_searched_as_its_standalone_question(tmp_path: Path) -> None:
    case = Case(
        "follow", "那回收率呢？", "zh-Hans", "follow-up", True, (Turn("厂里用多少水？", "两万吨。"),),
        (Gold(HANS.id, WATER),), WATER, ("两万吨",),
    )  # fmt: skip
    said = replace(quoting(case, HANS, WATER), standalone="厂里的回收率是多少？")
    knowledge = EvaluatedKnowledge({case.question: said}, {"厂里的回收率是多少？": [passage(HANS, WATER)]})
    assert value(run(tmp_path, knowledge, cases=(case,)), "hit@1") == 1.0


def test_two_runs_give_the_same_figures_whatever_the_jobs(tmp_path: Path, result: RunResult) -> None:
    again = run(tmp_path, jobs=4)

    def figures(summary: dict[str, Any]) -> str:
        return json.dumps(summary, sort_keys=True, default=str)

    def without_times(found: RunResult) -> str:
        return figures(summarise([replace(row, milliseconds=None) for row in found.rows]))

    assert without_times(again) == without_times(result)


def test_a_sample_is_seeded_balanced_and_says_so(tmp_path: Path) -> None:
    cases = read_cases(SHIPPED)
    six = [_sampled(cases, 6, 1), _sampled(cases, 6, 1), _sampled(cases, 9, 1)]
    assert six[0] == six[1] and set(six[0]) < set(six[2]) and _sampled(cases, 6, 2) != six[0]
    languages = [next(c.language for c in cases if c.id == name) for name in six[0]]
    assert {tag: languages.count(tag) for tag in set(languages)} == {"zh-Hans": 2, "zh-Hant": 2, "en": 2}
    assert run(tmp_path, limit=2).settings["cases_in_set"] == len(CASES)


def _sampled(cases: list[Case], limit: int, seed: int) -> list[str]:
    return [case.id for case in draw(cases, limit, seed)]


def test_progress_counts_failures_and_says_how_long_it_takes(tmp_path: Path) -> None:
    seen: list[Progress] = []
    run(tmp_path, on_progress=seen.append)
    assert [p.done for p in seen] == list(range(8)) and seen[-1].failed == 1
    assert seen[0].seconds_left is None and seen[-1].seconds_left == 0.0


def test_a_finished_run_is_read_back_and_not_asked_again(tmp_path: Path) -> None:
    first = run(tmp_path)
    knowledge = EvaluatedKnowledge()
    assert run(tmp_path, knowledge).summary == first.summary == read_run(tmp_path).summary
    assert knowledge.asked == [BROKEN.question], "only what failed"
    assert Row.from_dict(json.loads(json.dumps(first.rows[0].as_dict()))) == first.rows[0]


def test_a_row_that_failed_is_asked_again_and_counts_as_it_is_then(tmp_path: Path) -> None:
    run(tmp_path)
    mended = EvaluatedKnowledge({**answers(), BROKEN.question: quoting(BROKEN, HANS, WATER)})
    seen: list[Progress] = []
    found = run(tmp_path, mended, on_progress=seen.append)
    assert mended.asked == [BROKEN.question]
    assert [(p.done, p.failed) for p in seen] == [(6, 0), (7, 0)]
    assert found.summary["all"]["counts"]["failed"] == 0 and read_run(tmp_path).rows == found.rows


def test_a_folder_of_other_files_is_no_place_for_a_run(tmp_path: Path) -> None:
    (tmp_path / "report.txt").write_text("一份文档。", encoding="utf-8")
    knowledge = EvaluatedKnowledge()
    with pytest.raises(UsageError, match="holds other files and no run"):
        run(tmp_path, knowledge)
    assert knowledge.asked == [] and [path.name for path in tmp_path.iterdir()] == ["report.txt"]


def test_settings_of_another_program_are_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"speed": 3}', encoding="utf-8")
    with pytest.raises(UsageError, match="not the settings of an evaluation run"):
        run(tmp_path)
    assert (tmp_path / "run.json").read_text(encoding="utf-8") == '{"speed": 3}'


def test_a_start_that_was_killed_and_another_name_of_the_set_do_not_end_a_run(tmp_path: Path) -> None:
    (tmp_path / "run.json.new").write_text('{"cas', encoding="utf-8")
    run(tmp_path, settings={"set_name": "mine"})
    knowledge = EvaluatedKnowledge()
    again = run(tmp_path, knowledge, settings={"set_name": "ours"})
    assert knowledge.asked == [BROKEN.question] and len(again.rows) == len(CASES)


def test_a_run_that_made_no_row_stands_in_nobodys_way(tmp_path: Path) -> None:
    class Down(EvaluatedKnowledge):
        def ask(self, *args: Any, **kwargs: Any) -> Answer:
            raise ModelError("down")

    with pytest.raises(ModelError):
        run(tmp_path, Down())
    assert run(tmp_path, seed=1).settings["seed"] == 1


@pytest.mark.parametrize(("options", "said"), [({"jobs": 0}, "jobs must be 1"), ({"cases": ()}, "cases must hold one")])
def test_a_run_of_nothing_is_refused(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        run(tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("changed", ["seed", "scorer", "set", "settings", "limit"])
def test_a_folder_with_another_run_is_refused_in_one_line(tmp_path: Path, changed: str) -> None:
    run(tmp_path)
    changes: dict[str, dict[str, Any]] = {
        "seed": {"seed": 1}, "set": {"cases": CASES[:-1]}, "settings": {"settings": {"config": {"rerank": "none"}}},
        "limit": {"limit": 2}, "scorer": {},
    }  # fmt: skip
    options = changes[changed]
    scorer = VerbatimScorer()
    if changed == "scorer":
        scorer.revision = "2"
    with pytest.raises(UsageError, match="other settings") as caught:
        evaluate(EvaluatedKnowledge(), options.pop("cases", CASES), out=tmp_path, scorer=scorer, **options)
    assert "\n" not in str(caught.value) and "--out" in str(caught.value)


@pytest.mark.parametrize("jobs", [1, 2])
def test_documents_that_change_meanwhile_end_the_run(tmp_path: Path, jobs: int) -> None:
    class Growing(EvaluatedKnowledge):
        def ask(self, *words: Any, **options: Any) -> Answer:
            if len(self.asked) == 3:
                self._documents[EVIL.id] = EVIL
            return super().ask(*words, **options)

    with pytest.raises(UsageError, match=r"changed during the run.*run again into a new folder") as caught:
        run(tmp_path, Growing(), jobs=jobs)
    assert "\n" not in str(caught.value)
    assert len(read_run(tmp_path).rows) <= 3, "no row of the other collection"


def test_a_damaged_line_is_named_and_no_run_is_no_run(tmp_path: Path) -> None:
    run(tmp_path)
    rows = tmp_path / "rows.jsonl"
    rows.write_bytes(rows.read_bytes().replace(b'"state"', b'"stat"', 1))
    with pytest.raises(UsageError, match="line 1 is damaged"):
        run(tmp_path)
    with pytest.raises(UsageError, match="holds no evaluation run"):
        read_run(tmp_path / "nothing")


def test_two_at_once_in_one_folder_are_kept_apart(tmp_path: Path) -> None:
    refused: list[str] = []

    def second(progress: Progress) -> None:
        if progress.done == 2:
            with pytest.raises(UsageError, match=r"is in use: .*another --out") as caught:
                run(tmp_path)
            refused.append(str(caught.value))
            assert len(read_run(tmp_path).rows) == 2, "reading needs no lock"

    run(tmp_path, on_progress=second)
    assert len(refused) == 1 and "\n" not in refused[0]
    with pytest.raises(UsageError, match="other settings"):
        run(tmp_path, seed=1)
    assert not run(tmp_path).partial, "what was refused and what is done let go"


NESTED = "[" * 200_000


@pytest.mark.parametrize(
    "change",
    [{"id": ["right"]}, {"id": {}}, {"question": 3}, {"measures": [1.0]}, {"measures": {"hit@1": "1"}},
     {"milliseconds": "12"}, {"milliseconds": 10**400}, {"milliseconds": float("nan")}, {"confidence": True},
     {"answerable": "yes"}, {"state": ["scored"]}, {"state": None}, {"gold": [["a"]]}, {"gold": [[1, 2]]},
     {"gold": 3}, {"claims": [3]}, {"claims": [None]}, {"claims": {}, "citations": [1]}, {"citations": ["1", 1, 1, 1]},
     {"notes": [1]}, {"retrieved": ["x"]}, {"first_hit": 1.5}, {"unknown": 1}, NESTED, "3", "null", "[]", '"right"'],
    ids=lambda change: str(change)[:20],
)  # fmt: skip
def test_a_row_of_other_types_is_named_by_its_line(tmp_path: Path, change: dict[str, Any] | str) -> None:
    run(tmp_path)
    rows = tmp_path / "rows.jsonl"
    first, second, *rest = rows.read_text(encoding="utf-8").splitlines()
    damaged = change if isinstance(change, str) else json.dumps(json.loads(second) | change)
    rows.write_text("\n".join([first, damaged, *rest]) + "\n", encoding="utf-8")
    for call in (lambda: run(tmp_path), lambda: read_run(tmp_path)):
        with pytest.raises(UsageError, match=r"rows\.jsonl, line 2 is damaged: take the line out") as caught:
            call()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [{"cases": [["right"]]}, {"cases": {}}, {"scorer": ["verbatim"]}, {"scorer": None}, {"seed": "x"}, {"seed": -1},
     NESTED, "3", "{", "\udcff"],
    ids=lambda change: str(change)[:20],
)  # fmt: skip
def test_settings_of_other_types_are_no_run(tmp_path: Path, change: dict[str, Any] | str) -> None:
    run(tmp_path)
    settings = tmp_path / "run.json"
    text = change if isinstance(change, str) else json.dumps(json.loads(settings.read_text(encoding="utf-8")) | change)
    settings.write_text(text, encoding="utf-8", errors="surrogateescape")
    for call in (lambda: run(tmp_path), lambda: read_run(tmp_path)):
        with pytest.raises(UsageError, match=r"run\.json .*: .*give another") as caught:
            call()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["run.json", "rows.jsonl"])
def test_a_folder_in_place_of_a_file_of_the_run_is_named(tmp_path: Path, name: str) -> None:
    run(tmp_path)
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()
    for call in (lambda: run(tmp_path), lambda: read_run(tmp_path)):
        with pytest.raises(UsageError, match=f"{name}.*; give another") as caught:
            call()
        assert "\n" not in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without named pipes")
@pytest.mark.timeout(30)
@pytest.mark.parametrize("name", ["run.json", "rows.jsonl", "set.jsonl"])
def test_a_pipe_in_place_of_a_file_is_refused_and_not_waited_for(tmp_path: Path, name: str) -> None:
    run(tmp_path)
    (tmp_path / name).unlink(missing_ok=True)
    os.mkfifo(tmp_path / name)
    calls: list[Callable[[], object]] = [lambda: run(tmp_path), lambda: read_run(tmp_path)]
    if name == "set.jsonl":
        calls = [lambda: read_cases(tmp_path / name)]
    for call in calls:
        with pytest.raises(UsageError, match=rf"{name}.*: .*not a regular file; give"):
            call()


@contextmanager
def full_after(size: int) -> Iterator[None]:
    """A disk on which no file can be larger than this many bytes."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_is_full_is_told_by_its_file_and_the_run_goes_on_later(tmp_path: Path) -> None:
    first = run(tmp_path / "whole")
    size = (tmp_path / "whole" / "rows.jsonl").stat().st_size
    with full_after(size - 10), pytest.raises(UsageError, match=r"cannot write .*rows\.jsonl: .*same --out") as caught:
        run(tmp_path / "run")
    assert "\n" not in str(caught.value)
    knowledge = EvaluatedKnowledge()
    assert run(tmp_path / "run", knowledge).summary["all"]["measures"] == first.summary["all"]["measures"]
    assert knowledge.asked == [BROKEN.question, CASES[-1].question], "what failed and what was not written"


def test_a_report_is_written_whole_or_stays_as_it_was(tmp_path: Path) -> None:
    result = run(tmp_path)
    paths = write_report(result, build_report(result))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with full_after(1000), pytest.raises(UsageError, match=r"cannot write .*report\.md: .*same --out") as caught:
        write_report(result, build_report(result, [{"measure": "hit@1", "least": 0.1, "value": 0.5, "met": True}]))
    assert "\n" not in str(caught.value)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    paths["md"].unlink()
    with full_after(1000), pytest.raises(UsageError):
        write_report(result, build_report(result))
    assert not list(tmp_path.glob("report.md*"))


_CHILD = """
import sys; sys.path.insert(0, sys.argv[1])
from pathlib import Path
from evaluation import CASES, EvaluatedKnowledge, VerbatimScorer
from eval.run import evaluate
evaluate(EvaluatedKnowledge(seconds=0.3), CASES, out=Path(sys.argv[2]), scorer=VerbatimScorer())
"""


def test_a_killed_run_is_partial_and_goes_on_where_it_stopped(tmp_path: Path, result: RunResult) -> None:
    command = [sys.executable, "-c", _CHILD, str(TESTS), str(tmp_path)]
    child = subprocess.Popen(command, cwd=TESTS.parent, env={**os.environ, "PYTHONPATH": str(TESTS.parent)})
    rows = tmp_path / "rows.jsonl"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (rows.exists() and rows.read_bytes().count(b"\n") >= 2):
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    with rows.open("ab") as file:
        file.write(b'{"id": "far", "question": "cut off he')
    stopped = read_run(tmp_path)
    assert stopped.partial and 2 <= len(stopped.rows) < len(CASES)
    knowledge = EvaluatedKnowledge()
    finished = run(tmp_path, knowledge)
    assert len(knowledge.asked) == len(CASES) - len(stopped.rows) and not finished.partial
    assert finished.summary["all"]["measures"] == result.summary["all"]["measures"]
    assert read_run(tmp_path).rows == finished.rows


def test_gold_is_found_by_overlap_of_offsets() -> None:
    start = HANS.text.index(WATER)
    gold = [GoldSpans(HANS.id, ((start, start + len(WATER)),))]
    half = replace(passage(HANS, WATER[:7]), start=start, end=start + 7)
    sliver = replace(half, start=start - 40, end=start + 2, text="")
    elsewhere = replace(half, document_id=ENGLISH.id)
    assert relevance([sliver, elsewhere, half], gold).holds == (False, False, True)


def test_two_gold_passages_in_one_passage_can_still_be_ranked_perfectly() -> None:
    both = passage(HANS, "𠮷田厂在去年把回收率提高到百分之八十七。")
    gold = [GoldSpans(HANS.id, ((both.start, both.start + 8),)), GoldSpans(HANS.id, ((both.start + 8, both.end),))]
    measures = ranking_measures(relevance([both], gold))
    assert measures == {"hit@1": 1.0, "hit@5": 1.0, "mrr@10": 1.0, "ndcg@10": 1.0}
    apart = [replace(both, end=both.start + 8), passage(ENGLISH, "Time limits"), replace(both, start=both.start + 8)]
    import math

    ideal = 1 + 1 / math.log2(3)
    assert ranking_measures(relevance(apart, gold))["ndcg@10"] == pytest.approx((1 + 1 / 2) / ideal)


@pytest.mark.parametrize("source", ["/data/表.md", "C:\\docs\\表.md", "表.md", "a/b/表.md/"])
def test_documents_are_known_by_file_name_on_any_system(source: str) -> None:
    assert file_name(source) == "表.md"
    assert file_name("Café.md".replace("é", "e\u0301")) == "Café.md"


def test_answers_are_those_of_the_fake() -> None:
    assert set(answers()) == {case.question for case in CASES}
