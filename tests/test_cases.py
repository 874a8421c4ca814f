"""The evaluation cases: the reader refuses what is not in the form, and the shipped set is what FORMAT.md promises."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from eval.cases import KINDS, LANGUAGES, Case, Gold, read_cases
from eval.metrics.answers import contains
from index.errors import UsageError
from index.language import detect, fold
from rag.types import Turn

SETS = Path(__file__).resolve().parent.parent / "eval" / "sets"
SAMPLE = SETS / "sample"
CASES = read_cases(SETS / "wenju.jsonl")
ANSWERABLE = [case for case in CASES if case.answerable]
LANGUAGE_OF = {
    row["file"]: row["language"]
    for row in json.loads((SETS / "sample_sources" / "manifest.json").read_text(encoding="utf-8"))
}
BILINGUAL = "港匯數據雙語簡報-harbourlink-briefing.md"

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


def texts_of_the_sample() -> dict[str, str]:
    from index.clean import clean
    from index.loaders import load

    return {
        path.name: clean(load(path), source=path.name, digest=hashlib.sha256(path.read_bytes()).hexdigest()).text
        for path in sorted(SAMPLE.iterdir())
    }


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return texts_of_the_sample()


# The reader


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


def test_only_questions_over_two_sources_need_every_gold_passage() -> None:
    kinds = {case.kind for case in CASES if case.needs_every_gold}
    assert kinds == {"two-document", "disagreement"}


# The shipped set


def test_each_language_asks_as_many_questions_of_each_kind() -> None:
    counts = Counter((case.kind, case.language) for case in CASES)
    per_language = {
        "single": 27,
        "two-document": 6,
        "disagreement": 6,
        "stated-unknown": 1,
        "follow-up": 7,
        "near": 7,
        "far": 4,
    }
    assert counts == {(kind, language): per_language[kind] for kind in KINDS for language in LANGUAGES}
    described = (SETS / "FORMAT.md").read_text(encoding="utf-8")
    assert all(f"| `{kind}` | {n} | {n} | {n} | {3 * n} |" in described for kind, n in per_language.items())
    assert f"| {len(CASES)} |" in described


def evidence_languages(case: Case) -> set[str]:
    """The languages of its gold passages: their documents', except in the document that alternates."""
    return {detect(gold.quote) if gold.document == BILINGUAL else LANGUAGE_OF[gold.document] for gold in case.gold}


def test_every_direction_is_asked_equally_often() -> None:
    directions = Counter(
        (case.kind, case.language, *evidence_languages(case))
        for case in ANSWERABLE
        if case.kind in ("single", "follow-up")
    )
    pairs = [(asked, found) for asked in LANGUAGES for found in LANGUAGES]
    wanted = {("single", *pair): 9 for pair in pairs} | {("follow-up", *pair): 2 for pair in pairs}
    assert directions == wanted


def test_sources_of_two_languages_are_set_against_each_other() -> None:
    for kind in ("two-document", "disagreement"):
        across = [case for case in CASES if case.kind == kind and len(evidence_languages(case)) > 1]
        assert len(across) >= 12


def test_one_follow_up_a_language_cannot_be_answered() -> None:
    unanswerable = [case.language for case in CASES if case.kind == "follow-up" and not case.answerable]
    assert sorted(unanswerable) == sorted(LANGUAGES)


def test_every_document_answers_two_questions_or_more() -> None:
    asked = Counter(name for case in CASES for name in {gold.document for gold in case.gold})
    assert set(asked) == {path.name for path in SAMPLE.iterdir()}
    assert min(asked.values()) >= 2


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_question_and_answer_are_in_the_language_of_the_case(case: Case) -> None:
    written = [case.question, *(text for turn in case.history for text in (turn.question, turn.answer))]
    allowed = {"en"} if case.language == "en" else {case.language, "zh"}
    assert detect(" ".join(written)) in allowed
    # A name or a date alone is in no language that can be told.
    assert not case.answer or detect(case.answer) in allowed | {"en", "und"}


def test_no_question_is_asked_twice() -> None:
    asked = Counter((case.question, case.history) for case in CASES)
    assert [question for question, count in asked.items() if count > 1] == []


def test_every_gold_passage_stands_once_in_the_text_of_its_document(texts: dict[str, str]) -> None:
    wrong = [
        (case.id, gold.quote)
        for case in CASES
        for gold in case.gold
        if texts.get(gold.document, "").count(gold.quote) != 1 or len(gold.spans(texts[gold.document])) != 1
    ]
    assert wrong == []


def test_questions_are_in_other_words_than_the_documents(texts: dict[str, str]) -> None:
    """No nine Han characters and no 25 letters in a row as in a gold document; names and terms are shorter."""
    folded = {name: squeeze(text) for name, text in texts.items()}
    copied = []
    for case in CASES:
        runs = (
            [squeeze(case.question)] if case.language == "en" else re.findall(r"[\u4e00-\u9fff]+", fold(case.question))
        )
        length = 25 if case.language == "en" else 9
        pieces = {run[start : start + length] for run in runs for start in range(len(run) - length + 1)}
        if any(piece in folded[gold.document] for piece in pieces for gold in case.gold):
            copied.append(case.id)
    assert copied == []


def squeeze(text: str) -> str:
    return re.sub(r"\s+", "", fold(text))


@pytest.mark.parametrize("case", ANSWERABLE, ids=lambda case: case.id)
def test_an_answer_that_quotes_the_gold_passages_counts_as_right(case: Case) -> None:
    assert case.short_answers or case.values
    quotes = [gold.quote for gold in case.gold]
    if case.needs_every_gold:
        quoted = " / ".join(quotes)
        assert all(contains(quoted, forms) for forms in case.values)
        assert not case.short_answers or contains(quoted, case.short_answers)
    else:
        assert not case.short_answers or all(contains(quote, case.short_answers) for quote in quotes)
        assert all(contains(quote, forms) for quote in quotes for forms in case.values)


@pytest.mark.parametrize("case", ANSWERABLE, ids=lambda case: case.id)
def test_the_reference_answer_counts_as_right(case: Case) -> None:
    assert all(contains(case.answer, forms) for forms in case.values)
    assert not case.short_answers or contains(case.answer, case.short_answers)


@pytest.mark.parametrize("case", [case for case in CASES if case.kind == "disagreement"], ids=lambda case: case.id)
def test_each_value_of_a_disagreement_stands_in_its_own_source(case: Case) -> None:
    for number, forms in enumerate(case.values):
        stands = [bool(contains(gold.quote, forms)) for gold in case.gold]
        assert stands == [place == number for place in range(len(case.gold))]


@pytest.mark.parametrize("case", [case for case in CASES if not case.answerable], ids=lambda case: case.id)
def test_an_unanswerable_question_says_what_tempts(case: Case) -> None:
    assert case.kind == "far" or case.notes
