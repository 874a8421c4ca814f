"""The report of a run: one schema, three forms, bars, the comparison of two runs, and a page that asks nobody."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from evaluation import (
    BROKEN,
    CASES,
    EMPTY,
    FAR,
    REFUSED,
    RIGHT,
    WATER,
    WRONG,
    EvaluatedKnowledge,
    VerbatimScorer,
    answers,
    quoting,
)
from fake_knowledge import HANS

from eval.bars import Bar, UnknownMeasureError, check_bars, parse_bar
from eval.compare import COMPARED, changed_settings, check_comparable, compare, mcnemar, same_scorer
from eval.report import build_report, write_report
from eval.report.brief import brief
from eval.report.markdown import markdown
from eval.report.page import LABELS, page
from eval.report.plots import plots
from eval.row import Row
from eval.run import RunResult, evaluate
from eval.summary import MEASURES
from index.errors import UsageError
from rag.types import Answer

HOSTILE = (
    '</title><script>document.title="taken"</script><img src=http://evil.test/x.png onerror=alert(1)>${7*7}{{7*7}}'
)
SEEN = Path("/usr/bin/chromium")


def run(out: Path, said: dict[str, Answer | Exception] | None = None, **options: Any) -> RunResult:
    return evaluate(EvaluatedKnowledge(said), options.pop("cases", CASES), out=out, scorer=VerbatimScorer(), **options)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    return run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def better(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """The same cases, with the right answers to two of them."""
    said = {**answers(), FAR.question: replace(answers_refusal(), question=FAR.question)}
    said[WRONG.question] = quoting(WRONG, *_records(), frame="英文文件原文：")
    return run(tmp_path_factory.mktemp("better"), said)


def answers_refusal() -> Answer:
    from evaluation import refusing

    return refusing(FAR)


def _records() -> tuple[Any, str]:
    from evaluation import ENGLISH, RECORDS

    return ENGLISH, RECORDS


# --- schema ----------------------------------------------------------------------------------------------------------


def test_the_schema_is_the_documented_one(result: RunResult) -> None:
    report = json.loads(json.dumps(build_report(result)))
    assert list(report) == [
        "schema", "run", "scorer", "all", "languages", "directions", "kinds", "retrieval_curves", "refusal_curve",
        "refusal_threshold", "bars", "comparison", "unfaithful",
    ]  # fmt: skip
    assert report["schema"] == 1 and report["comparison"] is None and report["unfaithful"] is None
    assert set(report["run"]) >= {"partial", "rows", "cases", "cases_in_set", "seed", "version", "set", "documents"}
    assert set(report["scorer"]) == {"name", "revision", "threshold", "calibration"}
    group = report["all"]
    assert list(group) == ["counts", "claims", "measures", "latency_ms"]
    assert set(group["counts"]) == {"total", "scored", "refused", "empty", "failed", "answerable"}
    assert set(group["claims"]) == {"supported", "unsupported", "not_scored"}
    assert list(group["measures"]) == list(MEASURES) and set(LABELS) == {*MEASURES, *COMPARED}
    assert all(set(figure) == {"value", "ci", "n"} for figure in group["measures"].values())
    assert set(group["latency_ms"]) == {"median", "p95"}
    assert set(report["refusal_curve"][0]) == {"threshold", "answered", "refused"}
    documented = (Path(__file__).parent.parent / "eval" / "report" / "__init__.py").read_text(encoding="utf-8")
    assert all(f'"{key}"' in documented for key in (*report, *group, *group["counts"], *group["claims"]))


def test_markdown_counts_every_case_in_every_group(result: RunResult) -> None:
    text = markdown(build_report(result))
    assert "7 cases: 3 scored, 2 refused, 1 empty, 1 failed; 5 of them can be answered." in text
    assert re.search(r"\| all +\| 7 +\| 3 +\| 2 +\| 1 +\| 1 +\| 0\.500 \[", text)
    assert re.search(r"\| zh-Hant>en +\|", text) and "`verbatim` (revision 1, threshold 0.5)" in text
    assert "0.667 [" in text and "wice en>en" in text and "Partial" not in text


def test_the_report_says_what_was_measured_as_far_as_it_knows(result: RunResult) -> None:
    assert re.search(
        r"Measured on a set \(\w{8}\) over the documents \w{8}: Wenju [\w.]+, seed 0\.", markdown(build_report(result))
    )
    config = {"answer": {"model": ""}, "rerank": {"model": "auto"}}
    named = replace(result, settings={**result.settings, "config": config, "set_name": "mine"})
    told = markdown(build_report(named))
    assert (
        "on the set mine (" in told and "answers in quotes, which are faithful by construction, reranker auto" in told
    )
    config["answer"]["model"] = "openai:gpt"
    assert "answers written by openai:gpt" in markdown(build_report(named))


def test_the_terminal_shows_right_answers_first_and_each_miss(result: RunResult) -> None:
    figures, misses = brief(build_report(result), result.rows).split("\n\n")[1:]
    assert [re.split(r" {2,}", line)[:3] for line in figures.splitlines()] == [
        ["answered right", "0.200", "n=5"],
        ["wrongly refused", "0.250", "n=4"],
        ["rightly refused", "0.500", "n=2"],
        ["hit@5", "0.750", "n=4"],
        ["faithfulness", "0.667", "n=3"],
    ]
    assert "whether or not they answer" in figures.splitlines()[-1]
    said = misses.split("\n- ")
    assert said[0] == "Misses:" and len(said) == 1 + 5, "all but `right` and `near`"
    assert f"{REFUSED.question}\n  expected: {REFUSED.answer}\n  said:     refused" in said
    assert "  said:     failed: RuntimeError: the model fell over\n" in misses
    assert any(part.startswith(f"{FAR.question}\n  expected: a refusal\n  said:     客戶") for part in said)


def test_the_terminal_shows_ten_misses_at_most_each_in_three_short_lines(result: RunResult) -> None:
    rows = [replace(row, question="\x1b[2J问" * 200) for row in result.rows if row.id == "far"] * 12
    misses = brief(build_report(result), rows).split("\n\n")[2].splitlines()
    assert misses[0] == "Misses, the first 10 of 12:" and len(misses) == 1 + 3 * 10
    assert all(len(line) < 120 and "\x1b" not in line for line in misses)


def test_a_partial_run_and_a_sample_say_so(result: RunResult, tmp_path: Path) -> None:
    stopped = RunResult(result.out, result.settings, result.rows[:3])
    for text in (markdown(build_report(stopped)), page(build_report(stopped), stopped.rows)):
        assert "Partial: 3 of 7 cases are done." in text
    assert "A sample: 3 of the set's 7 cases." in markdown(build_report(run(tmp_path, limit=3)))


def test_the_scorer_is_named_with_its_own_figures_in_every_form(result: RunResult, tmp_path: Path) -> None:
    figures = {"n": 240, "balanced_accuracy": 0.9, "balanced_accuracy_ci": [0.85, 0.94], "claim_only": 0.52}
    scorer = result.settings["scorer"] | {"calibration": {"profile": "words", "wice en>en": figures}}
    known = replace(result, settings={**result.settings, "scorer": scorer}, out=tmp_path)
    report = build_report(known)
    paths = write_report(known, report)
    assert json.loads(paths["json"].read_text(encoding="utf-8"))["scorer"] == scorer
    for kind in ("md", "html"):
        text = paths[kind].read_text(encoding="utf-8")
        for said in (
            "verbatim",
            "revision 1",
            "threshold 0.5",
            "wice en",
            "0.900 [0.850, 0.940]",
            "0.520",
            "claim only",
        ):
            assert said in text, (kind, said)
        assert "profile: words" in text


def test_unfaithful_answers_stand_in_every_form(result: RunResult, tmp_path: Path) -> None:
    value = {"value": 0.25, "ci": [0.1, 0.4], "n": 12}
    kinds = {"faithful": value | {"value": 1.0, "ci": [0.9, 1.0]}, "number": value, "negation": value}
    report = build_report(result, unfaithful={"zh-Hant": {**kinds, "told_apart": True}})
    for text in (markdown(report), page(report, result.rows)):
        assert "Unfaithful on purpose" in text and "0.250 [0.10, 0.40] n=12" in text and "told apart" in text


def test_a_run_in_which_all_failed_still_reports(tmp_path: Path) -> None:
    failed = run(tmp_path, cases=(BROKEN,))
    report = build_report(failed)
    assert report["all"]["latency_ms"] is None and report["all"]["measures"]["faithfulness"]["value"] is None
    assert "1 failed" in markdown(report) and "the model fell over" in page(report, failed.rows)
    assert plots(report) == {}


# --- bars ------------------------------------------------------------------------------------------------------------


def test_bars_are_read_and_checked(result: RunResult) -> None:
    assert parse_bar("faithfulness=0.9") == Bar("faithfulness", 0.9)
    bars = [parse_bar("faithfulness=0.6"), parse_bar("hit@5=0.8"), parse_bar("zh-Hant>en/hit@5=1")]
    checked = check_bars(result.summary, bars)
    assert [(bar["measure"], bar["met"]) for bar in checked] == [
        ("faithfulness", True), ("hit@5", False), ("zh-Hant>en/hit@5", True),
    ]  # fmt: skip
    assert "hit@5 MISSED: 0.750, least 0.8" in markdown(build_report(result, checked))
    # What was not measured has not reached anything.
    assert check_bars(result.summary, [parse_bar("en>zh-Hans/contains=0")])[0]["met"] is False


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("faith=0.9", "is no measure"), ("faithfulness", "lacks its value: write it like faithfulness=0.9"),
        ("faithfulness=high", "a number from 0 to 1"), ("faithfulness=1.1", "a number from 0 to 1"),
        ("=", "is no measure"), ("hit@5=nan", "a number from 0 to 1"), ("fr/hit@5=0.1", "'fr' is no group"),
        ("fr>en/hit@5=0.1", "'fr>en' is no group"),
    ],
)  # fmt: skip
def test_a_bar_that_names_no_measure_group_or_number_is_refused(text: str, said: str) -> None:
    with pytest.raises(UnknownMeasureError, match=said):
        parse_bar(text)


def test_a_group_that_is_not_there_is_refused(result: RunResult) -> None:
    with pytest.raises(UnknownMeasureError, match="no group of this run"):
        check_bars(result.summary, [parse_bar("en>ru/hit@5=0.1")])


# --- comparison ------------------------------------------------------------------------------------------------------


def test_mcnemar_by_hand() -> None:
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(5, 0) == pytest.approx(2 / 32)
    assert mcnemar(8, 1) == pytest.approx(2 * (1 + 9) / 512)
    assert mcnemar(1, 8) == mcnemar(8, 1)


def test_two_runs_are_compared_case_by_case(result: RunResult, better: RunResult) -> None:
    found = compare(result.rows, better.rows)
    assert found["cases"] == 7
    faithful = found["measures"]["faithfulness"]  # right and wrong in both runs; far was refused in the second
    assert (faithful["n"], faithful["unchanged"], faithful["verdict"]) == (2, 2, "unchanged")
    contains = found["measures"]["contains"]
    assert (contains["before"], contains["after"], contains["better"], contains["worse"]) == (0.5, 1.0, 1, 0)
    assert contains["p"] == 1.0 and contains["verdict"] == "noise"
    assert found["measures"]["refusal_decision"]["better"] == 1
    assert found["measures"]["hit@1"]["difference"] == 0.0
    assert "latency_ms" in found["measures"] and found["measures"]["mrr@10"]["p"] is None


def _rows(values: list[float], milliseconds: float) -> list[Row]:
    return [
        Row(
            str(i), f"question {i}", "en", "single", True, "scored", cluster=str(i), milliseconds=milliseconds + i,
            measures={"contains": value, "f1": value / 2},
        )
        for i, value in enumerate(values)
    ]  # fmt: skip


def test_a_real_difference_is_no_noise_and_less_time_is_better() -> None:
    found = compare(_rows([0.0] * 20, 100.0), _rows([1.0] * 12 + [0.0] * 8, 50.0))["measures"]
    assert (found["contains"]["verdict"], found["contains"]["difference"]) == ("better", 0.6)
    assert found["contains"]["p"] == pytest.approx(2 / 2**12, abs=1e-4) and found["f1"]["p"] is None
    assert found["latency_ms"]["verdict"] == "better" and found["latency_ms"]["difference"] == -50.0
    back = compare(_rows([1.0] * 12 + [0.0] * 8, 50.0), _rows([0.0] * 20, 100.0))["measures"]
    assert back["contains"]["verdict"] == "worse" and back["latency_ms"]["verdict"] == "worse"


def test_runs_that_share_nothing_are_refused(result: RunResult) -> None:
    with pytest.raises(UsageError, match="share no question"):
        compare(_rows([1.0], 1.0), result.rows)


def test_what_two_scorers_judged_is_not_compared(result: RunResult, better: RunResult) -> None:
    assert same_scorer(result.settings, better.settings)
    other = {**better.settings, "scorer": {**better.settings["scorer"], "revision": "another"}}
    assert not same_scorer(result.settings, other)
    found = compare(result.rows, better.rows, judged_alike=False)
    assert found["left_out"] == ["faithfulness", "citation_recall", "citation_precision"]
    assert "faithfulness" not in found["measures"] and "contains" in found["measures"]
    said = "another version of it judged: faithfulness, citation_recall, citation_precision"
    report = build_report(better, comparison=found)
    assert said in markdown(report) and said in page(report, better.rows)
    assert "Not compared" not in markdown(build_report(better, comparison=compare(result.rows, better.rows)))


def test_a_case_that_was_corrected_between_two_runs_is_not_compared(result: RunResult) -> None:
    corrected = [replace(row, case="another") if row.id == RIGHT.id else row for row in result.rows]
    assert compare(result.rows, corrected)["cases"] == len(result.rows) - 1


def test_a_run_of_before_cases_were_marked_is_compared_by_what_it_says_of_them(result: RunResult) -> None:
    older = [replace(row, case="") for row in result.rows]
    assert compare(older, result.rows)["cases"] == len(result.rows)
    check_comparable(replace(result, rows=tuple(older)), CASES)
    moved = [
        replace(case, short_answers=("another",)) if case.answerable else replace(case, question="?") for case in CASES
    ]
    with pytest.raises(UsageError, match="shares no question"):
        check_comparable(result, moved)


def test_what_two_runs_were_made_with_is_compared_too(result: RunResult, better: RunResult) -> None:
    before = {**result.settings, "config": {"rerank": {"model": "auto"}}}
    after = {**result.settings, "config": {"rerank": {"model": "none"}}, "set_name": "another"}
    assert changed_settings(before, after) == {"config.rerank.model": ["auto", "none"]}
    found = compare(result.rows, better.rows) | {"with": "runs/a", "changed": changed_settings(before, after)}
    said = "The other run: runs/a. Changed since: config.rerank.model &#34;auto&#34; → &#34;none&#34;."
    report = build_report(better, comparison=found)
    assert said.replace("&#34;", '"') in markdown(report) and said in page(report, better.rows)


def test_the_comparison_is_in_every_form(result: RunResult, better: RunResult) -> None:
    report = build_report(better, comparison=compare(result.rows, better.rows))
    text = page(report, better.rows)
    assert "## Against the other run" in markdown(report) and "Against the other run" in text
    assert "Answered or refused rightly" in text and "refusal_decision" not in text and "latency_ms" not in text


# --- page ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """Markup in a question, an answer, an error, a gold passage and a title."""
    bad = replace(RIGHT, id=HOSTILE, question=f"水？{HOSTILE}")
    failing = replace(BROKEN, id="failing", question=f"broken {HOSTILE}")
    said: dict[str, Answer | Exception] = {
        **answers(), bad.question: quoting(bad, HANS, WATER, said=f"用水三万吨{HOSTILE}。"),
        failing.question: RuntimeError(HOSTILE),
    }  # fmt: skip
    return run(tmp_path_factory.mktemp("hostile"), said, cases=(*CASES, bad, failing))


def test_every_text_is_escaped_and_nothing_is_fetched(hostile: RunResult) -> None:
    text = page(build_report(hostile), hostile.rows)
    assert "<script" not in text and "<img" not in text and "{{" not in text.replace("{{7*7}}", "")
    assert text.count("&lt;script&gt;") >= 4
    outside = re.findall(r'(?:src|href|action)="([^"]*)"|url\(([^)]*)\)', text)
    assert all(a.startswith(("#", "data:")) or b.startswith("#") for a, b in outside)
    assert "default-src 'none'" in text


def test_misses_and_unsupported_sentences_come_with_their_passages(result: RunResult) -> None:
    text = page(build_report(result), result.rows)
    assert "三個月提交需求預測" in text and "投片前九個月提交需求預測" in text
    misses = text[text.index("Retrieval misses") : text.index("Answers without")]
    assert "How much water does the Yoshida plant recycle?" in misses and "冷却 | 3,300 | 85%" in misses
    assert EMPTY.question in text[text.index("Empty answers") :]


def test_plots_are_the_same_each_time_and_their_ids_do_not_meet(result: RunResult) -> None:
    report = build_report(result)
    drawn = plots(report)
    assert list(drawn) == ["faithfulness", "retrieval", "refusal", "latency"]
    assert drawn == plots(report)
    ids = [name for svg in drawn.values() for name in re.findall(r'\bid="([^"]+)"', svg)]
    assert len(ids) == len(set(ids))
    assert all("http" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", svg) for svg in drawn.values())


def test_the_three_forms_are_written_into_the_folder(result: RunResult) -> None:
    report = build_report(result)
    paths = write_report(result, report)
    assert {path.name for path in paths.values()} == {"report.md", "report.json", "report.html"}
    assert json.loads(paths["json"].read_text(encoding="utf-8")) == json.loads(json.dumps(report))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not SEEN.exists():
        pytest.skip("needs chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        made = driver.chromium.launch(executable_path=str(SEEN), args=["--no-sandbox", "--disable-gpu"])
        yield made
        made.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_in_a_browser_asks_nobody_and_runs_nothing(browser: Any, hostile: RunResult, width: int) -> None:
    path = write_report(hostile, build_report(hostile))["html"]
    view = browser.new_page(viewport={"width": width, "height": 900})
    asked: list[str] = []
    complaints: list[str] = []
    view.on("request", lambda request: asked.append(request.url))
    view.on("console", lambda message: complaints.append(message.text))
    view.on("dialog", lambda dialog: complaints.append("dialog"))
    view.goto(path.as_uri())
    view.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]
    assert complaints == [] and view.title() == "Wenju evaluation · 问据评测"
    assert view.locator("figure svg").count() == 4
    assert view.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert "三个月" in view.locator("main").inner_text() or "三個月" in view.locator("main").inner_text()
    view.close()
