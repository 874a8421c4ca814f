"""Drafted cases: questions in the document's language, gold that stands in it, and a file that loads."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from fake_knowledge import ENGLISH, HANS, HANT, FakeKnowledge

from eval.cases import read_cases
from eval.draft import draft_cases, write_cases
from eval.drafting import question_of
from index.errors import UsageError
from index.language import detect
from index.types import Document, Section


@pytest.mark.parametrize(
    ("sentence", "language"),
    [
        ("后来，工厂在2019年搬到了新竹。", "zh-Hans"),
        ("尤其是2019年以前，产能只有3万片。", "zh-Hans"),
        ("Later, the plant moved to Hsinchu in 2019.", "en"),
        ("²² The plant was built in 2019 for 3 million dollars.", "en"),
        ("②工厂在2019年搬到了新竹。", "zh-Hans"),
        ("What matters is the share of sales that stays.", "en"),
        ("The crew that flew on Apollo 1.", "en"),
        ("What matters is the share that stays.", "en"),
    ],
)
def test_a_sentence_that_cannot_stand_alone_gives_no_question(sentence: str, language: str) -> None:
    assert question_of(sentence, language) is None


@pytest.mark.parametrize(
    ("sentence", "language", "question", "short"),
    [
        ("月產能增至三萬二千片，瓶頸在測試。", "zh-Hant", "月產能增至多少片？", "三萬二千"),
        (
            "甲公司2024年营业收入为186.4亿元，同比增长12%。",
            "zh-Hans",
            "甲公司2024年营业收入为186.4亿元，同比增长百分之多少？",
            "12%",
        ),
        ("乙公司成立于2003年，总部在新竹。", "zh-Hans", "乙公司成立于哪一年？", "2003年"),
        ("三廠的月產能將增加到32,000片。", "zh-Hant", "三廠的月產能將增加到多少片？", "32,000"),
        ("條例自2024年12月1日起施行。", "zh-Hant", "條例自什麼時候起施行？", "2024年12月1日"),
        (
            "小芯片（chiplet）：把大芯片拆成若干功能块分别制造的做法。",
            "zh-Hans",
            "小芯片是什么？",
            "把大芯片拆成若干功能块分别制造的做法",
        ),
        ("先進封裝是指把多顆晶片裝在一起的技術。", "zh-Hant", "先進封裝是什麼？", "把多顆晶片裝在一起的技術"),
        (
            "The total capital spending was CNY 2.5 billion in 2024.",
            "en",
            "What was the total capital spending in 2024?",
            "CNY 2.5 billion",
        ),
        (
            "The utilisation of the plant reached 91% by June.",
            "en",
            "What did the utilisation of the plant reach by June?",
            "91%",
        ),
        (
            "A chiplet is a small die that does one job of a larger chip.",
            "en",
            "What is a chiplet?",
            "a small die that does one job of a larger chip",
        ),
        (
            "Exporters keep their records for 5 years.",
            "en",
            "What belongs in the gap: “Exporters keep their records for ____.”",
            "5 years",
        ),
    ],
)
def test_figures_dates_and_definitions_become_questions(
    sentence: str, language: str, question: str, short: str
) -> None:
    found = question_of(sentence, language)
    assert found is not None and (found.text, found.short) == (question, short)
    assert found.short in sentence and found.short not in found.text


@pytest.mark.parametrize(
    "sentence",
    [
        "它在2024年增长了12%。",
        "其中，月產能為3萬片。",
        "It rose to 12% in 2024.",
        "How high was the yield of 62%?",
        "地点：武汉总部五楼会议室。",
        "台積電 2025年4月 分析師",
        "A lens element is a lens element for a lens.",
    ],
)
def test_sentences_that_lean_or_state_nothing_give_none(sentence: str) -> None:
    assert question_of(sentence, detect(sentence)) is None


def test_drafts_are_balanced_loaded_and_marked(tmp_path: Path) -> None:
    knowledge = FakeKnowledge(documents=(HANS, HANT, ENGLISH))
    cases = draft_cases(knowledge, 6)
    path = tmp_path / "drafts.jsonl"
    path.write_text(write_cases(cases), encoding="utf-8")
    assert read_cases(path) == cases
    counts = Counter(case.gold[0].document for case in cases)
    assert (
        set(counts) == {"晶圆厂用水手册.pdf", "先進封裝產能備忘錄.docx", "licence-notes.md"}
        and max(counts.values()) <= 4
    )
    texts = {document.id: document.text for document in (HANS, HANT, ENGLISH)}
    for case in cases:
        assert case.notes == "draft" and case.answerable and case.short_answers
        assert case.gold[0].spans(texts[case.gold[0].document])
        assert detect(case.question) in (case.language, "zh")
    assert cases == draft_cases(knowledge, 6) != draft_cases(knowledge, 6, seed=1)


def test_documents_that_state_nothing_are_an_error() -> None:
    text = "没有可问的内容。"
    document = Document("空.txt", "空", "/空.txt", text, "zh-Hans", "0", (Section("paragraph", 0, len(text)),))
    with pytest.raises(UsageError, match="write cases by hand"):
        draft_cases(FakeKnowledge(documents=(document,)), 3)


def scripted(reply: str) -> Any:
    from langchain_core.language_models.fake_chat_models import FakeListChatModel

    return FakeListChatModel(responses=[reply])


def test_a_chat_model_asks_where_its_answer_stands_in_the_sentence() -> None:
    knowledge = FakeKnowledge(documents=(ENGLISH,))
    good = {"question": "Within how many working days is a reply given?", "short_answer": "45", "answer": "45 days."}
    asked = draft_cases(knowledge, 1, model=scripted(json.dumps(good)))
    sentences = [case.gold[0].quote for case in asked]
    assert asked[0].question == good["question"] if "45" in sentences[0] else asked[0].question.startswith("What")


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "no",
        "[1]",
        '{"question": "x?"}',
        '{"question": 1, "short_answer": "2", "answer": ""}',
        '{"question": "Is it 77?", "short_answer": "77", "answer": ""}',
    ],
)
def test_a_reply_that_is_no_use_gives_way_to_the_rules(reply: str) -> None:
    knowledge = FakeKnowledge(documents=(ENGLISH,))
    assert draft_cases(knowledge, 2, model=scripted(reply)) == draft_cases(knowledge, 2)
