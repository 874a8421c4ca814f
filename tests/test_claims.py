"""Which sentences of an answer are claims, in zh-Hans, zh-Hant, en and mixed text."""

from __future__ import annotations

import time

import pytest

from eval.claims import ClaimText, answer_text, claims_of, own_words, plain, split_claims
from rag.types import Answer, Sentence


def texts(text: str, citations: tuple[int, ...] = ()) -> list[tuple[str, tuple[int, ...]]]:
    return [(claim.text, claim.citations) for claim in split_claims(text, citations)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("营收为186.4亿元[1]。净利润下降3.5%[2]。", [("营收为186.4亿元。", (1,)), ("净利润下降3.5%。", (2,))]),
        ("月產能增至三萬二千片[1]！瓶頸在測試[2]", [("月產能增至三萬二千片！", (1,)), ("瓶頸在測試", (2,))]),
        (
            "Revenue rose 2.5% to $3.1 billion [1]. It fell in Q2 [2].",
            [("Revenue rose 2.5% to $3.1 billion.", (1,)), ("It fell in Q2.", (2,))],
        ),
        (
            "H20 的售价是 12,000 美元[1]。It needs a licence[2].",
            [("H20 的售价是 12,000 美元。", (1,)), ("It needs a licence.", (2,))],
        ),
    ],
)
def test_sentences_with_figures_and_without_a_last_stop(text: str, expected: list[tuple[str, tuple[int, ...]]]) -> None:
    assert texts(text) == expected


def test_a_megabyte_of_white_space_is_read_in_no_time() -> None:
    started = time.perf_counter()
    assert plain(f"x{' ' * 1_000_000}y[1]  [2]") == f"x{' ' * 1_000_000}y"
    assert time.perf_counter() - started < 2.0


def test_a_sentence_without_marks_of_its_own_stands_on_those_of_its_piece() -> None:
    assert texts("**一。**二[2]。", (1, 2)) == [("一。", (1, 2)), ("二。", (2,))]


@pytest.mark.parametrize(
    "text",
    [
        "- 每日12,400吨[1]\n- 回收率91%[1]",
        "1. 每日12,400吨[1]\n2. 回收率91%[1]",
        "（一）每日12,400吨[1]\n（二）回收率91%[1]",
        "* **每日12,400吨**[1]\n* 回收率91%[1]",
    ],
)
def test_lists_are_one_claim_a_line_without_their_signs(text: str) -> None:
    assert texts(text) == [("每日12,400吨", (1,)), ("回收率91%", (1,))]


@pytest.mark.parametrize("text", ["3.5亿元为预付款[1]。", "2024年投产[1]。", "14纳米 | 16.8 | 9% | 7%[1]"])
def test_a_figure_at_the_beginning_is_no_list_sign(text: str) -> None:
    assert [claim for claim, _ in texts(text)] == [text.replace("[1]", "")]


@pytest.mark.parametrize(
    "text",
    [
        "他说：“今年增长。明年也会增长。”[1]",
        "他說：「今年增長。明年也會增長。」[1]",
        "She said: “It grew this year. It will grow again.” [1]",
    ],
)
def test_a_quotation_of_several_sentences_is_one_claim(text: str) -> None:
    assert len([claim for claim, _ in texts(text) if claim]) == 1


def test_a_quotation_that_never_ends_does_not_swallow_the_answer() -> None:
    assert len(texts("“" + "今年增长。" * 200)) > 10


@pytest.mark.parametrize("text", ["[1][2]", "。", "---", "英文文档原文：", "According to the documents:", ""])
def test_marks_and_announcements_are_no_claims(text: str) -> None:
    assert [claim for claim, _ in texts(text) if claim] == []


def test_a_table_row_or_a_cited_line_that_ends_in_a_colon_is_a_claim() -> None:
    assert texts("限额如下：[1]") == [("限额如下：", (1,))]


def test_frames_refusals_and_marks_behind_the_stop() -> None:
    pieces = (
        Sentence("The documents say, in Chinese:\n", (), reason="frame"),
        Sentence("产能为4.5万片。", ()),
        Sentence("[2]", (2,)),
    )
    answer = Answer("q", "".join(p.text for p in pieces), "en", sentences=pieces)
    assert claims_of(answer) == [ClaimText("产能为4.5万片。", (2,))]
    assert own_words(answer) == "The documents say, in Chinese:"
    assert answer_text(answer).startswith("产能为4.5万片。")
    refusal = Answer("q", "The documents do not say.", "en", refused=True)
    assert claims_of(refusal) == [] and own_words(refusal) == refusal.text


def test_all_of_a_generated_answer_is_its_own_words() -> None:
    pieces = (Sentence("产能为4.5万片[1]。", (1,)),)
    assert (
        own_words(Answer("q", "产能为4.5万片[1]。", "zh-Hans", sentences=pieces, mode="generative"))
        == "产能为4.5万片。"
    )


def test_an_answer_without_sentences_is_split_from_its_text() -> None:
    assert claims_of(Answer("q", "产能为4.5万片[1]。", "zh-Hans")) == [ClaimText("产能为4.5万片。", (1,))]
