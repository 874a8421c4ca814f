"""The shipped evaluation set is what FORMAT.md promises, and every gold passage stands in the sample's documents."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from eval.cases import KINDS, LANGUAGES, Case, read_cases
from eval.metrics.answers import contains
from index.language import detect, fold

SETS = Path(__file__).resolve().parent.parent / "eval" / "sets"
SAMPLE = SETS / "sample"
CASES = read_cases(SETS / "wenju.jsonl")
ANSWERABLE = [case for case in CASES if case.answerable]
LANGUAGE_OF = {
    row["file"]: row["language"]
    for row in json.loads((SETS / "sample_sources" / "manifest.json").read_text(encoding="utf-8"))
}
BILINGUAL = "港匯數據雙語簡報-harbourlink-briefing.md"


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


def test_only_questions_over_two_sources_need_every_gold_passage() -> None:
    kinds = {case.kind for case in CASES if case.needs_every_gold}
    assert kinds == {"two-document", "disagreement"}
