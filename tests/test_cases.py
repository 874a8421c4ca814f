"""The reader of evaluation cases: a set in the documented form is read whole, any other is refused by line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from eval.cases import Case, Gold, read_cases
from index.errors import UsageError
from rag.types import Turn

ROW: dict[str, object] = {
    "id": "1",
    "question": "月产能是多少？",
    "language": "zh-Hans",
    "kind": "single",
    "answerable": True,
    "gold": [{"document": "年报.pdf", "quote": "月产能为4.5万片"}],
    "answer": "4.5万片。",
    "short_answers": ["4.5万片", "45,000"],
}
REFUSED: dict[str, object] = {
    "id": "2",
    "question": "誰是財務長？",
    "language": "zh-Hant",
    "kind": "near",
    "answerable": False,
}
GOLD = {"document": "brief.docx", "quote": "52,000 wafers"}
TURN = {"question": "Who leads it?", "answer": "Ann does."}


def write(folder: Path, *lines: object) -> Path:
    path = folder / "set.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines]
    path.write_text("\n".join(texts), encoding="utf-8")
    return path


def test_a_case_is_read_whole(tmp_path: Path) -> None:
    mixed = {
        "id": "3",
        "question": "那 Northgate 的 GPU 呢？",
        "language": "zh-Hant",
        "kind": "follow-up",
        "answerable": True,
        "history": [TURN],
        "gold": [GOLD],
        "answer": "4.1萬顆。",
        "values": ["41,000", ["4.1萬顆", "41,000"]],
        "notes": "ellipsis",
    }
    path = write(tmp_path, ROW, "", REFUSED, mixed)
    assert read_cases(path) == [
        Case(
            "1",
            "月产能是多少？",
            "zh-Hans",
            "single",
            True,
            gold=(Gold("年报.pdf", "月产能为4.5万片"),),
            answer="4.5万片。",
            short_answers=("4.5万片", "45,000"),
        ),
        Case("2", "誰是財務長？", "zh-Hant", "near", False),
        Case(
            "3",
            "那 Northgate 的 GPU 呢？",
            "zh-Hant",
            "follow-up",
            True,
            history=(Turn("Who leads it?", "Ann does."),),
            gold=(Gold("brief.docx", "52,000 wafers"),),
            answer="4.1萬顆。",
            values=(("41,000",), ("4.1萬顆", "41,000")),
            notes="ellipsis",
        ),
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path: Path) -> None:
    path = write(tmp_path, ROW)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert [case.id for case in read_cases(path)] == ["1"]


@pytest.mark.parametrize("key", ["id", "question", "language", "kind", "answerable"])
def test_a_missing_key_is_named(tmp_path: Path, key: str) -> None:
    row = {name: value for name, value in ROW.items() if name != key}
    with pytest.raises(UsageError, match=f"line 2: {key} is missing"):
        read_cases(write(tmp_path, REFUSED, row))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"anwser": "x"}, "'anwser' is an unknown key"),
        ({"gold": [{**GOLD, "page": 3}]}, "gold: 'page' is an unknown key"),
        ({"gold": [{"document": "brief.docx"}]}, "gold: .*quote is missing"),
        ({"gold": ["brief.docx"]}, "gold: must be objects"),
        ({"gold": [{"document": "brief.docx", "quote": " "}]}, "quote must be text of the document"),
        ({"gold": GOLD}, "gold must be a list"),
        ({"gold": []}, "gold must name a passage where answerable is true"),
        ({"id": 1}, "id must be a string, was: 1"),
        ({"id": " "}, "id must not be blank"),
        ({"question": ""}, "question must not be blank"),
        ({"language": "zh"}, 'language must be one of zh-Hans, zh-Hant, en, was: "zh"'),
        ({"kind": "hard"}, 'kind must be one of single, .*was: "hard"'),
        ({"answerable": "yes"}, 'answerable must be true or false, was: "yes"'),
        ({"answerable": False}, "answerable must be true for single"),
        ({"kind": "near"}, "answerable must be false for near"),
        ({"answer": " "}, "answer must be given"),
        ({"answer": None}, "answer must be a string, was: null"),
        ({"short_answers": "4.5万片"}, "short_answers must be a list"),
        ({"short_answers": [45000]}, "short_answers: must be strings, was: 45000"),
        ({"short_answers": [""]}, "short_answers must not be blank"),
        ({"values": [["4.5万片"], []]}, "values must not be blank"),
        ({"values": [[45000]]}, "values: must be strings"),
        ({"kind": "follow-up"}, "history must hold an earlier turn"),
        ({"history": [TURN]}, "history must be empty for single"),
        ({"kind": "follow-up", "history": [{"question": "Who?"}]}, "history: .*answer is missing"),
        ({"kind": "two-document"}, "gold must name two documents"),
        ({"kind": "disagreement", "values": [["39%"], ["33%"]]}, "gold must name a passage for each value"),
        ({"kind": "disagreement", "gold": [GOLD, GOLD], "values": [["39%", "百分之三十九"]]}, "values must hold two"),
        ({"kind": "near", "answerable": False}, "gold must be empty where answerable is false, was: 1"),
        ({"kind": "far", "answerable": False, "gold": []}, "answer must be empty where answerable is false"),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_line_is_said_with_its_number(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    path = write(tmp_path, REFUSED, "", {**ROW, **change})
    with pytest.raises(UsageError, match=rf"{re.escape(str(path))}, line 3: .*{message}") as caught:
        read_cases(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{'id': 1}", "must be one JSON object: .* at column 2"),
        ("[1]", r"must be one JSON object, was: \[1\]"),
        ('{"id": "1", "id": "2"}', "'id' must be given once"),
        ("[" * 100_000, "recursion"),
    ],
    ids=["no json", "list", "key twice", "deep"],
)
def test_a_line_that_is_no_object_is_refused(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(UsageError, match=f"line 2: .*{message}"):
        read_cases(write(tmp_path, ROW, line))


def test_an_id_stands_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="line 3: id must occur once, but '1' stands on line 1 too"):
        read_cases(write(tmp_path, ROW, REFUSED, {**REFUSED, "id": "1"}))


def test_other_encodings_empty_files_and_missing_ones_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_bytes(json.dumps(ROW, ensure_ascii=False).encode("gb18030"))
    with pytest.raises(UsageError, match="line 1: must be UTF-8"):
        read_cases(path)
    path.write_bytes(b"\n\n")
    with pytest.raises(UsageError, match="holds no cases"):
        read_cases(path)
    with pytest.raises(UsageError, match="cannot read"):
        read_cases(tmp_path / "none.jsonl")


def test_a_gold_passage_is_found_wherever_it_stands() -> None:
    gold = Gold("brief.docx", "产能 capacity")
    assert gold.spans("产能 capacity，產能；产能 capacity") == [(0, 11), (15, 26)]
    with pytest.raises(UsageError, match=r"does not stand in brief\.docx"):
        gold.spans("產能 capacity")
