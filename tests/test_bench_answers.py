"""``wenju bench answers``, ``citations`` and ``refusal``: figures worked by hand, and what is printed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from asked import (
    CHIP,
    CORPUS,
    DAYS,
    FIGURE,
    KEPT,
    LEADER,
    LED,
    NOWHERE,
    RECORDS,
    SOLD,
    WAFERS,
    WHOLE,
    a_pass,
    parsed,
    query,
    quoting,
    refusing,
)  # fmt: skip

from eval.bench import answers, citations, refusal
from eval.bench.asking import Asked
from rag.types import Answer

# --- answers ---------------------------------------------------------------------------------------------------------


def test_answers_by_hand() -> None:
    asked = [
        Asked(LEADER, quoting(LEADER, ("hans", "它的总经理是**林若澄**。"))),  # right, 10 characters
        Asked(FIGURE, quoting(FIGURE, ("hant", WAFERS))),  # holds it in the other script, but 16 of 51 characters
        Asked(RECORDS, quoting(RECORDS, ("en", DAYS), frame="英文文档原文：\n")),  # another sentence: wrong, 42
        Asked(CHIP, refusing(CHIP)),
    ]
    assert len(CORPUS["hant"].text) * 0.3 < len(WAFERS)
    result = answers.evaluate(asked, CORPUS)
    assert list(result) == ["pairs", "totals"]
    same = result["totals"]["same language"]
    assert (same["n"], same["refused"], same["over_limits"], same["right"], same["contains"]) == (2, 0, 1, 0.5, 1.0)
    assert (same["right_single"], same["reachable"]) == (1.0, 0.5)  # one sentence, and none that is shorter
    assert same["mean_characters"] == (len(LED) + len(WAFERS)) / 2
    shares = [len(LED) / len(CORPUS["hans"].text), len(WAFERS) / len(CORPUS["hant"].text)]
    assert same["mean_share"] == pytest.approx(sum(shares) / 2, abs=1e-4)
    across = result["totals"]["across"]
    assert (across["n"], across["refused"], across["right"], across["right_of_answered"]) == (2, 1, 0.0, 0.0)
    assert across["mean_characters"] == len(DAYS)  # the frame is not of the answer
    refused = result["pairs"]["en>zh"]
    assert (refused["right"], refused["right_of_answered"], refused["mean_characters"]) == (0.0, None, None)
    assert list(refused) == ANSWERS


def test_refused_counts_as_a_miss_and_is_left_out_of_those_answered() -> None:
    asked = [Asked(LEADER, quoting(LEADER, ("hans", LED))), Asked(replace(LEADER, id="6"), refusing(LEADER))]
    pair = answers.evaluate(asked, CORPUS)["pairs"]["zh>zh"]
    assert (pair["right"], pair["contains"], pair["right_of_answered"]) == (0.5, 0.5, 1.0)
    assert pair["right_ci"][0] == 0.5 == pair["right_ci"][1]  # one gold passage is one case


def test_a_failed_question_is_a_miss() -> None:
    asked = [Asked(LEADER, quoting(LEADER, ("hans", LED))), Asked(replace(LEADER, id="6"), None, "RuntimeError: fell")]
    pair = answers.evaluate(asked, CORPUS)["pairs"]["zh>zh"]
    assert (pair["failed"], pair["refused"], pair["right"], pair["right_of_answered"]) == (1, 0, 0.5, 1.0)


@pytest.mark.parametrize(
    ("quotes", "within"),
    [
        ([("hans", LED)], True),
        ([("hans", LED), ("en", KEPT)], True),  # a fifth and a quarter, each of its own passage
        ([("hans", LED), ("hans", "启衡微电子在苏州生产模拟芯片。")], False),  # together more than 30 % of one
        ([("hans", LED), ("en", KEPT), ("en", DAYS)], False),  # three sentences
        ([("hans", LED), ("en", f"{KEPT} {DAYS}")], False),  # three, whatever they are joined to
        ([("hant", WAFERS)], False),
        ([("mixed", SOLD)], True),
    ],
)
def test_limits(quotes: list[tuple[str, str]], within: bool) -> None:
    assert answers.within_limits(Asked(LEADER, quoting(LEADER, *quotes)), CORPUS) == within


def test_marks_do_not_make_an_answer_right() -> None:
    one = query("7", "zh>zh", "hans", "1")
    assert not Asked(one, quoting(one, ("hans", LED))).contains_gold
    fifth = query("8", "en>en", "en", "five years")
    assert Asked(fifth, quoting(fifth, ("en", "Exporters keep their records for **five** years."))).contains_gold


# --- citations -------------------------------------------------------------------------------------------------------


def broken(answer: Answer, **changes: Any) -> Answer:
    return replace(answer, citations=(replace(answer.citations[0], **changes), *answer.citations[1:]))


@pytest.mark.parametrize(
    ("answer", "faulty"),
    [
        (WHOLE, {}),
        (broken(WHOLE, start=3, end=13), {"quotes_elsewhere": 1}),
        (broken(WHOLE, document_id="gone"), {"quotes_elsewhere": 1}),
        (
            broken(WHOLE, number=3),
            {"numbers_out_of_range": 1, "marks_without_citation": 1, "citations_without_mark": 1},
        ),
        (broken(WHOLE, number=2), {"numbers_out_of_range": 1, "marks_without_citation": 1}),  # the same number twice
        (replace(WHOLE, text=f"{WHOLE.text}[7]"), {"marks_without_citation": 1}),
        (replace(WHOLE, text=WHOLE.text.replace("[2]", "")), {"citations_without_mark": 1}),
        (Answer("?", "林若澄。", "zh-Hans"), {"answers_without_citation": 1}),
        (refusing(LEADER), {}),
    ],
)
def test_faults_of_citations(answer: Answer, faulty: dict[str, int]) -> None:
    found = citations.faults(Asked(LEADER, answer), CORPUS)
    assert {name: count for name, count in found.items() if count} == faulty


def test_citations_by_hand() -> None:
    elsewhere = query("6", "zh>zh", "hant", "林若澄")  # right, but the passage cited is not the gold one
    marked = query("7", "en>en", "en", "a paraphrase", evidence=(KEPT,))
    asked = [
        Asked(LEADER, WHOLE),
        Asked(elsewhere, quoting(elsewhere, ("hans", LED))),
        Asked(FIGURE, quoting(FIGURE, ("hans", LED))),  # wrong: not asked whether it cites the gold passage
        Asked(marked, quoting(marked, ("en", KEPT))),  # quotes what people marked
        Asked(NOWHERE, refusing(NOWHERE)),
    ]
    result = citations.evaluate(asked, CORPUS)
    total = result["totals"]["all"]
    assert (total["n"], total["refused"], total["citations"], total["right"]) == (5, 1, 5, 3)
    assert total["gold_cited"] == pytest.approx(2 / 3, abs=1e-4)
    assert all(total[name] == 0 for name in citations.FAULTS)
    assert result["pairs"]["zh>zh"]["gold_cited"] == 0.5
    assert (result["pairs"]["zh>none"]["right"], result["pairs"]["zh>none"]["gold_cited"]) == (0, None)
    assert list(total) == CITATIONS


# --- refusal ---------------------------------------------------------------------------------------------------------


def test_refusal_by_hand() -> None:
    far = [replace(NOWHERE, id=f"none-{i}") for i in range(4)]
    asked = [
        Asked(LEADER, quoting(LEADER, ("hans", LED), confidence=0.9)),
        Asked(FIGURE, refusing(FIGURE, 0.4)),  # wrongly
        Asked(RECORDS, quoting(RECORDS, ("en", DAYS), confidence=0.6)),  # answered, whatever it says
        Asked(query("6", "zh>zh", "hans"), None, "RuntimeError: fell"),  # wrong, as if refused
        Asked(far[0], refusing(far[0], 0.1)),
        Asked(far[1], refusing(far[1], 0.3)),
        Asked(far[2], quoting(far[2], ("hans", LED), confidence=0.5)),  # wrongly answered
        Asked(far[3], refusing(far[3], None)),
        Asked(CHIP, quoting(CHIP, ("mixed", SOLD))),
    ]
    result = refusal.evaluate(asked)
    assert list(result) == ["languages", "pairs", "totals"]
    chinese = result["languages"]["zh"]
    assert (chinese["n"], chinese["answerable"], chinese["unanswerable"]) == (8, 4, 4)
    assert (chinese["failed"], chinese["refused"]) == (1, 4)
    assert chinese["balanced_accuracy"] == (2 / 4 + 3 / 4) / 2
    assert (chinese["wrongly_refused"], chinese["precision"], chinese["recall"]) == (0.5, 0.6, 0.75)
    # .9 and .6 lie above .5, .3 and .1; .4 above two of three.
    assert (chinese["auroc"], chinese["without_confidence"]) == (pytest.approx(8 / 9, abs=1e-4), 2)
    english = result["languages"]["en"]
    assert (english["balanced_accuracy"], english["auroc"], english["wrongly_refused"]) == (None, None, 0.0)
    assert result["pairs"]["zh>none"]["refused"] == 0.75
    assert result["totals"]["answerable"]["refused"] == 0.4
    assert (result["totals"]["same language"]["n"], result["totals"]["across"]["refused"]) == (3, 0.0)
    assert list(chinese) == REFUSAL


# --- what is printed -------------------------------------------------------------------------------------------------

ANSWERS = [
    "n", "refused", "failed", "over_limits", "right", "right_ci", "right_of_answered", "right_of_answered_ci",
    "right_single", "right_single_ci", "contains", "contains_ci", "reachable", "mean_characters", "mean_share",
]  # fmt: skip
CITATIONS = [
    "n", "refused", "failed", "citations", "quotes_elsewhere", "numbers_out_of_range", "marks_without_citation",
    "citations_without_mark", "answers_without_citation", "right", "gold_cited", "gold_cited_ci",
]  # fmt: skip
REFUSAL = [
    "n", "answerable", "unanswerable", "failed", "refused", "balanced_accuracy", "balanced_accuracy_ci",
    "wrongly_refused", "wrongly_refused_ci", "precision", "recall", "auroc", "auroc_ci", "without_confidence",
]  # fmt: skip
ALL = a_pass(
    Asked(LEADER, quoting(LEADER, ("hans", LED))),
    Asked(FIGURE, quoting(FIGURE, ("hant", WAFERS))),
    Asked(RECORDS, quoting(RECORDS, ("en", KEPT), frame="英文文档原文：\n")),
    Asked(CHIP, refusing(CHIP)),
    Asked(NOWHERE, refusing(NOWHERE)),
)


@pytest.mark.parametrize("module", [answers, citations, refusal])
def test_json_is_one_object_with_the_report_part_apart(
    module: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    name = module.__name__.rpartition(".")[2]
    saved = tmp_path / "rows.jsonl"
    args = parsed(name, "--data", "sets", "--json", "--save", saved)
    asked = a_pass(*[row for row in ALL.asked if row.query.answerable]) if module is answers else ALL
    assert module.report(asked, args) == 0
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    result = json.loads(printed)
    first = "languages" if module is refusal else "pairs"
    assert next(iter(result)) == first
    assert list(result)[-2:] == ["report", "settings"]
    assert set(result["report"]) == set(result) - {"report", "settings"}
    assert result["settings"] == {"data": "sets", "split": "all", "questions": None, "seed": 0, "without": []}
    groups = result[first] | result["totals"] if module is not refusal else result["languages"]
    for values in groups.values():
        for figure, bounds in values.items():
            if figure.endswith("_ci") and bounds is not None:
                assert 0.0 <= bounds[0] <= values[figure.removesuffix("_ci")] <= bounds[1] <= 1.0
    rows = [json.loads(line) for line in saved.read_text(encoding="utf-8").splitlines()]
    assert [row["id"] for row in rows] == [row.query.id for row in asked.asked]
    assert rows[0]["right"] is True


@pytest.mark.parametrize("module", [answers, citations, refusal])
def test_without_json_aligned_tables(module: Any, capsys: pytest.CaptureFixture[str]) -> None:
    asked = a_pass(*[row for row in ALL.asked if row.query.answerable]) if module is answers else ALL
    module.report(asked, parsed(module.__name__.rpartition(".")[2], "--data", "sets"))
    for part in capsys.readouterr().out.split("\n\n"):
        lines = [line for line in part.splitlines() if line.startswith("|")]
        assert len({len(line) for line in lines}) <= 1
        assert not lines or {line.split()[1] for line in lines[2:]} == {"all", "report"}
