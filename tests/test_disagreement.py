"""Two documents that give different values for what is asked are shown as disagreeing; ordinary answers are not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from index.equivalents import Names, Pair
from index.types import Passage
from rag.answer.disagreement import DisagreementSettings, disagreement
from rag.answer.extractive import ExtractiveSettings, choose, compose
from rag.answer.sentences import FEATURES, ScoredSentence


def found(*texts: str, language: str = "zh-Hans") -> list[Passage]:
    """Passages of a document each."""
    return [
        Passage(f"c{number}", f"d{number}", "标题", "/a", None, 0, len(text), text, language, 9.0)
        for number, text in enumerate(texts)
    ]


def scored(passages: Sequence[Passage], scores: Sequence[float] = (), **features: float) -> list[ScoredSentence]:
    """Each passage as one sentence; the features named are those of the last."""
    scores = scores or [5.0 - number for number in range(len(passages))]
    rows = []
    for number, passage in enumerate(passages):
        last = number + 1 == len(passages)
        named = {"words": 2.0} | {name.replace("_", " "): value for name, value in features.items() if last}
        values = tuple(named.get(name, 0.0) for name in FEATURES)
        rows.append(ScoredSentence(number, 0, len(passage.text), passage.text, scores[number], 0.8, values))
    return rows


PAIRS = [
    ("启衡的12英寸月产能是多少片？", "公司12英寸晶圆月产能为4.5万片。", "12-inch capacity was 52,000 wafers a month."),
    ("三廠什麼時候投產？", "三廠將於2025年9月投產。", "The fab will start production in February 2026."),
    ("三厂一期的总预算是多少？", "三厂一期项目总预算为48亿元。", "会议同意将总预算核定为42亿元。"),
    ("What is the agreement worth?", "協議總金額為6.4億美元。", "The agreement has a total value of $600 million."),
    ("How many wafers are made each month?", "The fab makes 45,000 wafers a month.", "It makes 52,000 wafers."),
    ("How many tokens a second does the CX-8 produce?", "CX-8 | 2,510 | 71 ms", "CX-8 | 2,850 | 62毫秒"),
    ("CX-8的board power是多少瓦？", "板卡功耗为350瓦。", "Sustained board power was 400 W."),
]


@pytest.mark.parametrize(("question", "one", "other"), PAIRS)
def test_two_values_of_one_figure_disagree(question: str, one: str, other: str) -> None:
    passages = found(one, other)
    pair = disagreement(question, scored(passages), passages, DisagreementSettings())
    assert pair is not None and [sentence.text for sentence in pair] == [one, other]


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        ("月产能是多少片？", "月产能为4.5万片。", "Capacity was 45,000 wafers a month."),  # the same
        ("月產能是多少片？", "月產能為4.5萬片。", "月產能約為4.5萬片。"),
        ("总预算是多少？", "总预算为48亿元。", "总预算占收入的12%。"),  # another measure
        ("What is it worth?", "It is worth $600 million.", "It is worth $3 million."),  # of another size
        ("何时投产？", "将于2025年9月投产。", "公司成立于1998年。"),  # of another time
        ("启衡和岭川的月产能分别是多少片？", "启衡月产能为4.5万片。", "岭川月产能为5.2万片。"),  # of two things
        ("What did each plant cost?", "Plant A cost $48 million.", "Plant B cost $42 million."),
        (
            "2024年二季度收入多少？",
            "2024年二季度收入为121亿元。",
            "2024年第三季的營收為131.2億元。",
        ),  # of another quarter
        ("What was revenue in Q2?", "收入为121亿元。", "Revenue was CNY 13.1 billion in the third quarter."),
        ("为什么推迟？", "因为缺少2台设备。", "因为缺少3台设备。"),  # no figure is asked for
    ],
)
def test_what_is_equal_or_of_something_else_does_not(question: str, one: str, other: str) -> None:
    passages = found(one, other)
    assert disagreement(question, scored(passages), passages, DisagreementSettings()) is None


def test_one_document_does_not_disagree_with_itself_nor_with_a_far_or_foreign_sentence() -> None:
    question, settings = "月产能是多少片？", DisagreementSettings()
    passages = found("月产能为4.5万片。", "月产能为5.2万片。")
    same = [passages[0], Passage("c", "d0", "", "/a", None, 20, 29, passages[1].text[:9], "zh-Hans", 9.0)]
    assert disagreement(question, scored(same), same, settings) is None
    assert disagreement(question, scored(passages, (9.0, 1.0)), passages, settings) is None
    assert disagreement(question, scored(passages, other_time=1.0), passages, settings) is None
    assert disagreement(question, scored(passages, names_missing=1.0), passages, settings) is None
    assert disagreement(question, scored(passages, words=0.9), passages, settings) is None  # hardly of the subject
    abroad = [passages[0], *found("", "Capacity was 52,000 wafers a month.", language="en")[1:]]
    assert disagreement(question, scored(abroad, (9.0, -2.0)), abroad, settings) is not None  # scores lie far apart
    less = DisagreementSettings(alike=0.8)
    assert disagreement(question, scored(abroad, (9.0, -2.0), words=1.5), abroad, less) is None
    assert disagreement(question, scored(passages, (9.0, -2.0), row=1.0), passages, settings) is not None
    years = found("2023年月产能为4.5万片。", "2024年月产能为5.2万片。")
    assert disagreement(question, scored(years), years, settings) is None


def test_what_another_company_earns_contradicts_nothing() -> None:
    names = Names([Pair("岭川", ("lingchuan",)), Pair("启衡", ("qiheng",))])
    question, settings = "嶺川的毛利率是多少？", DisagreementSettings()
    other = found("嶺川的毛利率為28.4%。", "启衡的毛利率为24.6%。")
    own = found("嶺川的毛利率為28.4%。", "We expect a gross margin of 24.6% at Lingchuan.")
    assert disagreement(question, scored(other), other, settings) is not None  # told by their names alone
    assert disagreement(question, scored(other), other, settings, names) is None
    assert disagreement(question, scored(own), own, settings, names) is not None


@pytest.mark.parametrize(
    ("language", "question", "says"),
    [
        ("zh-Hans", "月产能是多少片？", "两份文件说法不一："),
        ("zh-Hant", "月產能是多少片？", "兩份文件說法不一："),
        ("en", "What is the monthly capacity?", "Two documents disagree:"),
    ],
)
def test_both_are_quoted_with_their_sources_in_the_askers_words(language: str, question: str, says: str) -> None:
    passages = found("月产能为4.5万片。", "月产能为5.2万片。")
    choice = choose(question, scored(passages), passages, ExtractiveSettings())
    assert choice.disagree
    pieces, citations = compose(question, language, passages, choice)
    text = "".join(piece.text for piece in pieces)
    assert text.startswith(says + "\n") and pieces[0].reason == "frame" and pieces[0].citations == ()
    assert "[1]" in text and "[2]" in text and [c.document_id for c in citations] == ["d0", "d1"]
    assert "**4.5万**" in text and "**5.2万**" in text
