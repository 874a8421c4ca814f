"""From passages to the answer: what kind is asked for, which sentences are quoted, and how they are put together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from real import real, real_folder

from index.language import Side, sentences
from index.lexical import Term
from index.types import Passage
from index.words import words
from rag import KnowledgeBase
from rag.answer.extractive import Choice, ExtractiveSettings, choose, compose
from rag.answer.question import answer_kind, holds
from rag.answer.sentences import FEATURES, ScoredSentence, score_sentences, stored_weights
from rag.answer.span import answer_span
from rag.retrieve import QueryTerms

__all__ = ["real", "real_folder"]

# --- what is asked for ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("启衡的月产能是多少？", "number"),
        ("啟衡有幾個廠？", "number"),
        ("How many wafers a month can Qiheng make?", "number"),
        ("CX-8 的 throughput 是多少？", "number"),
        ("What was TSMC's net profit in 2024?", "number"),
        ("三厂什么时候投产？", "date"),
        ("嶺川成立於哪一年？", "date"),
        ("When did production start?", "date"),
        ("谁是启衡的董事长？", "person"),
        ("誰主持聯合實驗室？", "person"),
        ("Who leads the laboratory?", "person"),
        ("启衡的首席财务官叫什么？", "person"),
        ("这一制程叫什么？", "other"),
        ("工厂在哪里？", "place"),
        ("Which city is the plant in?", "place"),
        ("为什么推迟扩产？", "reason"),
        ("為什麼選擇LFO？", "reason"),
        ("Why was the expansion put off?", "reason"),
        ("What is a chiplet?", "definition"),
        ("小芯片是什么？", "definition"),
        ("H20可以出口吗？", "yes or no"),
        ("Did SMIC raise its prices?", "yes or no"),
        ("介绍一下启衡的产品。", "other"),
    ],
)
def test_the_kind_of_answer_is_read_from_the_question(question: str, kind: str) -> None:
    assert answer_kind(question) == kind


@pytest.mark.parametrize(
    ("question", "sentence", "held"),
    [
        ("产能是多少？", "月产能为4.5万片。", True),
        ("產能是多少？", "月產能仍在提高。", False),
        ("2024年的产能是多少？", "2024年的产能没有公布。", False),  # the question's own figure is no answer
        ("How many cards shipped in 2024?", "It shipped 31,000 cards in 2024.", True),
        ("何时投产？", "三厂将于2025年9月投产。", True),
        ("何時投產？", "總預算為48億元。", False),
        ("When was it founded?", "It was founded in 2016.", True),
        ("为什么推迟？", "因为设备许可前景不明。", True),
        ("Why was it put off?", "It was put off.", False),
        ("谁主持？", "由唐若溪博士主持。", True),
        ("Where is it?", "It stands in Hsinchu.", True),
        ("How much of the profit is paid?", "The rule survived three administrations and fell to zero.", False),
        ("How much of the profit is paid?", "A quarter of it is paid.", True),
        ("How much of the profit is paid?", "$20 million is paid.", True),
    ],
)
def test_a_sentence_holds_what_is_asked_for_or_not(question: str, sentence: str, held: bool) -> None:
    assert holds(answer_kind(question), sentence, question) is held


@pytest.mark.parametrize(
    ("question", "sentence", "span"),
    [
        ("月产能是多少？", "2024年的月产能为4.5万片。", "4.5万"),
        ("月產能是多少？", "2024年底，先進封裝月產能為1.8萬片。", "1.8萬"),
        ("How much is the agreement worth?", "Signed in 2025, it is worth $600 million.", "$600 million"),
        ("Northgate 的预付款是多少？", "Northgate will make prepayments of $96 million.", "$96 million"),
        ("何时投产？", "三厂将于2025年9月投产，总预算为48亿元。", "2025年9月"),
        ("When did it ship?", "31,000 cards shipped in May 2024.", "May 2024"),
        ("月产能是多少？", "月产能从3.7万片提高到4.5万片。", None),  # either could be meant
        ("谁是董事长？", "董事长沈立衡持有3.2%的股份。", "沈立衡"),
        ("誰主持聯合實驗室？", "聯合實驗室由唐若溪博士主持。", "唐若溪"),
        ("Who signed it?", "It was signed by Maren Holt in Columbus.", "Maren Holt"),
        ("Northgate 的 CEO 是谁？", "Maren Holt, Chief Executive Officer", "Maren Holt"),
        ("中芯14纳米的良率是多少？", "鲲鹏市占率超25%;中芯的14nm制程良率稳定在95%,长存市占率达18%。", "95%"),
        ("谁出席？", "沈立衡与顾闻笙出席。", None),
        ("Who is the general manager?", "Most of revenue comes from customers in mainland China.", None),
        ("Who came?", "It was led by Maren, and American buyers came.", "Maren"),
        ("2025年預計多少資本支出？", "2024年資本支出為121億元，2025年預計為150億元。", "150億元"),
        ("12英寸月产能是多少片？", "12英寸晶圆月产能为4.5万片，8英寸晶圆月产能为11.8万片。", "4.5万"),
        ("毛利率是多少？", "营业收入186.4亿元，毛利率为21.6%。", "21.6%"),
        ("员工有多少人？", "公司有8,640人，占地3.2万平方米。", "8,640人"),
        ("How many years does it run?", "It costs $5 million and runs for 4 years.", "4 years"),
        ("How much will it prepay?", "It will make prepayments of $96 million in three instalments.", "$96 million"),
        ("2024年底累積了多少件有效專利？", "公司在2024年取得專利241件，累計有效專利1,873件。", "1,873"),
        ("产能是多少？", "产能没有公布。", None),
        ("2024年的产能是多少？", "2024年的产能没有公布。", None),
        ("嶺川的先進封裝月產能是多少？", "先進封裝月產能為1.8萬片（12吋約當），已滿載。", "1.8萬"),
        ("岭川的先进封装月产能是多少？", "先进封装月产能为1.8万片（12英寸约当），已满载。", "1.8万"),
    ],
)
def test_the_one_figure_asked_for_is_the_span(question: str, sentence: str, span: str | None) -> None:
    found = answer_span(question, sentence)
    assert (found and sentence[found[0] : found[1]].strip()) == span


# --- scoring -------------------------------------------------------------------------------------------------------


class Words:
    """Scores by words alone: vectors of a text's words, thrown into a few dimensions."""

    def query_terms(self, question: str) -> dict[Side, QueryTerms]:
        found = list(dict.fromkeys(words(question)))
        terms = QueryTerms(tuple(Term((((word,), 1.0),)) for word in found), (1.0,) * len(found), 1.0)
        return {"zh": terms, "en": terms}

    def centred_question(self, question: str, name: Side) -> npt.NDArray[np.float32]:
        vector: npt.NDArray[np.float32] = self.centred_texts([question], [name])[0]
        return vector

    def centred_texts(self, texts: Sequence[str], sides: Sequence[Side]) -> npt.NDArray[np.float32]:
        rows = np.full((len(texts), 64), 1e-3, dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in words(text):
                row[sum(map(ord, word)) % 64] += 1.0
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def passage(text: str, language: str, start: int = 0, score: float = 10.0, page: int | None = None) -> Passage:
    return Passage(f"c-{start}", "d", "标题", "/来源.txt", page, start, start + len(text), text, language, score)


BOOK = (
    "卷一。\n前言。启衡的月产能为4.5万片。天气很好。\n啟衡的董事長為沈立衡。Qiheng makes 45,000 wafers. It rains. 完。"
)


@pytest.mark.parametrize("question", ["启衡的月产能是多少？", "啟衡的月產能是多少？", "What does Qiheng make?"])
def test_every_sentence_is_scored_with_its_place_in_the_document(question: str) -> None:
    passages = [passage(BOOK[4:], "zh-Hans", start=4), passage("CX-8 芯片 ships.", "en", start=200)]
    scored = score_sentences(question, passages, Words())
    assert [s.text for s in scored if s.passage == 0] == [BOOK[4:][a:b] for a, b in sentences(BOOK[4:])]
    assert all(BOOK[s.start : s.end] == s.text for s in scored if s.passage == 0)
    assert (scored[-1].passage, scored[-1].start, scored[-1].end) == (1, 200, 200 + len(passages[1].text))
    assert all(len(s.features) == len(FEATURES) and 0.0 <= s.share <= 1.0 for s in scored)
    best = max(scored, key=lambda s: s.score)
    assert best.text in ("启衡的月产能为4.5万片。", "Qiheng makes 45,000 wafers.")


def test_neighbours_are_of_the_same_passage_alone() -> None:
    question = "启衡的月产能"
    alone = [passage("天气很好。", "zh-Hans", start=50)]
    beside = [passage("启衡的月产能。", "zh-Hans"), *alone]
    together = [passage("启衡的月产能。天气很好。", "zh-Hans")]
    shares = [
        score_sentences(question, each, Words())[-1].feature("words before") for each in (alone, beside, together)
    ]
    assert shares[0] == shares[1] == 0.0 < shares[2]


@pytest.mark.parametrize(
    ("question", "sentence", "held", "missed"),
    [
        ("How much of the revenue goes to the state?", "It is a quarter of it.", 1.0, 0.0),
        ("How much of the revenue goes to the state?", "It is $20 million.", 1.0, 0.0),
        ("How much of the revenue goes to the state?", "It took 30 days.", 0.0, 0.0),
        ("輸出的收入要上繳多少？", "所得利润的25%归国库。", 1.0, 0.0),
        ("出口收入中要上缴多少？", "上缴了三亿美元。", 1.0, 0.0),
        ("收入是多少？", "增长了25%。", 0.0, 1.0),
    ],
)
def test_a_part_is_a_share_or_an_amount(question: str, sentence: str, held: float, missed: float) -> None:
    (found,) = score_sentences(question, [passage(sentence, "en" if sentence.isascii() else "zh-Hans")], Words())
    assert (found.feature("measure held"), found.feature("measure missed")) == (held, missed)


def test_a_model_number_that_not_even_the_passage_names_is_missed_twice() -> None:
    question = "How fast is the H100?"
    near = score_sentences(question, [passage("It is the H100. It is fast.", "en")], Words())
    far = score_sentences(question, [passage("It is the H20. It is fast.", "en")], Words())
    assert [s.feature("names missing") for s in near] == [0.0, 1.0]
    assert [s.feature("names missing") for s in far] == [2.0, 2.0]


def test_passages_without_a_sentence_score_nothing() -> None:
    assert score_sentences("问题", [], Words()) == []
    assert score_sentences("问题", [passage("  \n ", "zh")], Words()) == []


def test_a_language_model_reads_the_sentences_that_may_lead() -> None:
    question = "启衡的月产能是多少？"
    near = "启衡的月产能为4.5万片。启衡的月产能为3.9万片。"
    passages = [passage(near + "".join(f"天气第{number}天很好。" for number in range(15)), "zh-Hans")]
    asked: list[list[str]] = []

    def probe(question: str, texts: Sequence[str], sides: Sequence[Side]) -> list[float]:
        asked.append(list(texts))
        return [3.0 * ("4.5" in text) - 1.0 for text in texts]

    plain = score_sentences(question, passages, Words())
    read = score_sentences(question, passages, Words(), probe)

    # What is too far behind to lead is not read, and counts as the least of what is.
    assert len(asked) == 1 and len(asked[0]) == 2 and len(read) == 17
    assert all("月产能" in text for text in asked[0])
    assert max(plain, key=lambda s: s.score).text == "启衡的月产能为3.9万片。"
    assert max(read, key=lambda s: s.score).text == "启衡的月产能为4.5万片。"
    assert [s.feature("probe") for s in read] == [2.0, *[-1.0] * 16]

    many = [passage("".join(f"启衡的月产能为{number}万片。" for number in range(2, 18)), "zh-Hans")]
    score_sentences(question, many, Words(), probe)
    assert len(asked[1]) == 12


def test_weights_are_stored_for_every_pair_of_sides_and_every_feature() -> None:
    for pair in ("zh>zh", "zh>en", "en>zh", "en>en"):
        assert set(stored_weights()[pair]) == set(FEATURES), pair


# --- choosing ------------------------------------------------------------------------------------------------------


LONG = [passage("长" * 100, "zh-Hans", start=100 * number) for number in range(3)]


def scored(*rows: tuple[int, int, str, float], of_kind: str = "甲乙丙丁") -> list[ScoredSentence]:
    """Sentences by passage, start, text and score; those whose first character is named hold the kind asked for."""
    return [
        ScoredSentence(
            number, start, start + len(text), text, score, 0.5,
            tuple(float(name == "reason held" and text[0] in of_kind) for name in FEATURES),
        )
        for number, start, text, score in rows
    ]  # fmt: skip


def chosen(each: Sequence[ScoredSentence], **settings: float) -> list[str]:
    choice = choose("为什么？", each, LONG, ExtractiveSettings(**settings))  # type: ignore[arg-type]
    assert not choice.disagree
    return [sentence.text for sentence in choice.sentences]


def test_the_best_sentences_are_chosen_in_reading_order() -> None:
    each = scored((0, 0, "甲。", 1.0), (0, 9, "乙。", 5.0), (1, 0, "丙。", 4.9), (1, 9, "丁。", 4.8))
    assert chosen(each, margin=1.0) == chosen(each[::-1], margin=1.0) == ["乙。", "丙。"]
    assert chosen(each, margin=1.0, most_sentences=3) == ["乙。", "丙。", "丁。"]


def test_the_passage_of_the_best_sentence_comes_first() -> None:
    each = scored((0, 0, "甲。", 4.5), (1, 0, "乙。", 5.0), (1, 9, "丙。", 4.8))
    assert chosen(each, margin=1.0, most_sentences=3) == ["乙。", "丙。", "甲。"]


def test_one_far_behind_and_one_that_repeats_are_left_out() -> None:
    far = scored((0, 0, "甲。", 5.0), (0, 9, "乙。", 3.0))
    assert chosen(far, margin=1.5) == ["甲。"]
    assert chosen(far, margin=2.5) == ["甲。", "乙。"]
    same = scored((0, 0, "甲。", 5.0), (1, 0, "甲。", 4.9), (2, 0, "乙。", 4.0))
    assert chosen(same, margin=1.5) == ["甲。", "乙。"]
    assert choose("为什么？", [], LONG, ExtractiveSettings()) == Choice()


def test_a_sentence_that_holds_all_that_is_asked_about_leads_one_that_holds_little() -> None:
    best, full = scored((0, 0, "甲。", 5.0), (1, 0, "乙。", 2.0))
    assert chosen([replace(best, share=0.4), replace(full, share=1.0)], kind_margin=4.0) == ["乙。"]
    assert chosen([replace(best, share=0.4), replace(full, share=1.0)], kind_margin=2.0) == ["甲。"]
    assert chosen([replace(best, share=0.6), replace(full, share=1.0)], kind_margin=4.0) == ["甲。"]


def test_where_the_best_holds_nothing_of_the_kind_one_near_that_does_is_quoted_beside_it() -> None:
    each = ((0, 0, "甲。", 5.0), (0, 9, "乙。", 4.5), (1, 0, "丙。", 2.0), (1, 9, "丁。", 0.5))
    assert chosen(scored(*each, of_kind="丙丁"), margin=0.2, kind_margin=4.0) == ["丙。", "甲。"]
    assert chosen(scored(*each, of_kind="丁"), margin=1.5, kind_margin=4.0) == ["甲。", "乙。"]


@pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant", "en"])
def test_two_sentences_make_up_little_of_their_passage_and_one_may_be_any_length(language: str) -> None:
    whole = [passage("长" * 30 + "。" + "短" * 9 + "。", language), passage("别" * 50 + "。", language, start=90)]
    first, second = scored((0, 0, "长" * 30 + "。", 5.0), (0, 31, "短" * 9 + "。", 4.9))
    elsewhere = scored((1, 90, "别" * 50 + "。", 4.9))[0]
    for other in (second, elsewhere):
        found = choose("为什么？", [first, other], whole, ExtractiveSettings(margin=1.0))
        assert [sentence.text for sentence in found.sentences] == [first.text]


# --- composing -----------------------------------------------------------------------------------------------------

HANS = passage("启衡的月产能为4.5万片。董事长为沈立衡。", "zh-Hans", start=10, page=3)
HANT = passage("嶺川的月產能為1.8萬片。", "zh-Hant", start=40)
ENGLISH = passage("Qiheng makes 45,000 wafers. It rains.", "en", start=70)


def quoted(passages: Sequence[Passage], *places: tuple[int, int]) -> Choice:
    """The sentences of passages by (passage, number of the sentence)."""
    found = []
    for number, place in places:
        start, end = sentences(passages[number].text)[place]
        at = passages[number].start
        found.append(ScoredSentence(number, at + start, at + end, passages[number].text[start:end], 1.0, 1.0))
    return Choice(tuple(found))


@pytest.mark.parametrize(
    ("question", "language", "source", "text"),
    [
        ("谁是董事长？", "zh-Hans", HANS, "董事长为**沈立衡**。[1]"),
        (
            "誰是董事長？",
            "zh-Hant",
            HANS,
            "董事长为**沈立衡**。[1]",
        ),  # Chinese needs no frame, and keeps its own script
        ("Who is the chairman?", "en", HANS, "The documents say, in Chinese:\n董事长为**沈立衡**。[1]"),
        ("下雨吗？", "zh-Hans", ENGLISH, "英文文档原文：\nIt rains.[1]"),
        ("下雨嗎？", "zh-Hant", ENGLISH, "英文文件原文：\nIt rains.[1]"),
        ("Does it rain?", "en", ENGLISH, "It rains.[1]"),
    ],
)
def test_the_frame_is_the_askers_and_the_quote_the_sources(
    question: str, language: str, source: Passage, text: str
) -> None:
    pieces, citations = compose(question, language, [source], quoted([source], (0, 1)))
    assert "".join(piece.text for piece in pieces) == text
    assert [piece.citations for piece in pieces if piece.reason != "frame"] == [(1,)]
    assert citations[0].quote == source.text[citations[0].start - source.start : citations[0].end - source.start]
    assert citations[0].page == source.page and citations[0].language == source.language


def test_a_passage_has_one_number_and_its_quote_reaches_over_both_sentences() -> None:
    pieces, citations = compose("谁？", "zh-Hans", [HANT, HANS], quoted([HANT, HANS], (1, 0), (1, 1)))
    assert "".join(piece.text for piece in pieces) == "启衡的月产能为4.5万片。[1]董事长为**沈立衡**。[1]"
    assert len(citations) == 1 and citations[0].quote == HANS.text
    assert (citations[0].start, citations[0].end) == (HANS.start, HANS.end)


@pytest.mark.parametrize(
    ("order", "text"),
    [
        ([HANS, ENGLISH], "董事长为**沈立衡**。[1]\n英文文档原文：\nIt rains.[2]"),
        ([ENGLISH, HANS], "英文文档原文：\nIt rains.[1]\n董事长为**沈立衡**。[2]"),
    ],
)
def test_quotes_of_two_languages_stand_apart(order: list[Passage], text: str) -> None:
    pieces, citations = compose("谁？", "zh-Hans", order, quoted(order, (0, 1), (1, 1)))
    assert "".join(piece.text for piece in pieces) == text
    assert [citation.number for citation in citations] == [1, 2]


def test_quotes_of_one_foreign_language_share_their_frame() -> None:
    pieces, _ = compose("谁？", "zh-Hant", [ENGLISH], quoted([ENGLISH], (0, 0), (0, 1)))
    assert "".join(p.text for p in pieces) == "英文文件原文：\nQiheng makes 45,000 wafers.[1] It rains.[1]"


@pytest.mark.parametrize(
    ("question", "source", "bold"),
    [
        ("启衡的月产能是多少？", HANS, "启衡的月产能为**4.5万**片。[1]"),
        ("嶺川的月產能是多少？", HANT, "嶺川的月產能為**1.8萬**片。[1]"),
        ("How many wafers does Qiheng make?", ENGLISH, "Qiheng makes **45,000** wafers.[1]"),
        ("启衡为什么扩产？", HANS, "启衡的月产能为4.5万片。[1]"),
    ],
)
def test_the_figure_asked_for_is_bold_in_the_answer_and_never_in_the_citation(
    question: str, source: Passage, bold: str
) -> None:
    pieces, citations = compose(question, source.language, [source], quoted([source], (0, 0)))
    assert "".join(piece.text for piece in pieces) == bold
    assert "*" not in citations[0].quote and citations[0].quote in source.text


@pytest.mark.parametrize(
    ("language", "question", "head", "row", "value"),
    [
        ("zh-Hans", "28纳米的收入是多少？", "工艺 | 收入（亿元） | 占比", "28纳米 | 76.4 | 41%", "76.4"),
        ("zh-Hant", "嶺川2025年的市占是幾%？", "廠商 | 2024年 | 2025年", "嶺川 | 0.5% | 0.6%", "0.6%"),
        (
            "en",
            "What was the revenue in 2024?",
            "Item | 2023 | 2024",
            "Revenue | $1.1 million | $9 million",
            "$9 million",
        ),
        ("mixed", "CX-8 的 FP16 算力是多少？", "Item | CX-6 | CX-8", "FP16 算力 | 128 | 320", "320"),
    ],
)
def test_a_row_is_quoted_under_its_column_heads(language: str, question: str, head: str, row: str, value: str) -> None:
    source = passage(f"{head}\n{row}", "zh-Hans" if language == "mixed" else language, start=30)
    at = 30 + len(head) + 1
    quote = ScoredSentence(0, at, at + len(row), row, 1.0, 1.0, lead=head, head=(30, 30 + len(head)))
    pieces, citations = compose(question, "zh-Hans" if language == "mixed" else language, [source], Choice((quote,)))
    assert "".join(piece.text for piece in pieces) == f"{head}\n{row.replace(value, f'**{value}**')}[1]"
    assert (citations[0].start, citations[0].end, citations[0].quote) == (30, at + len(row), source.text)


@pytest.mark.parametrize("mark", ["[1]", "［1］", "【12】", "〔4〕"])
def test_a_mark_in_a_document_is_none_of_ours(mark: str) -> None:
    own = passage(f"产能为4.5万片{mark}。", "zh-Hans")
    pieces, citations = compose("谁？", "zh-Hans", [own], quoted([own], (0, 0)))
    assert re.findall(r"[\[［【]\d+[\]］】]", pieces[0].text) == ["[1]"] and pieces[0].text.endswith("[1]")
    assert citations[0].quote == own.text


def test_stars_of_a_document_do_not_mix_with_ours() -> None:
    own = passage("*产能*为4.5万片。", "zh-Hans")
    pieces, _ = compose("产能是多少？", "zh-Hans", [own], quoted([own], (0, 0)))
    assert pieces[0].text == "*产能*为4.5万片。[1]"


# --- the whole, on real documents ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("申領算力券的比例是多少？", "zh-Hant"),
        ("Northgate的预付款是多少？", "zh-Hans"),
        ("How much prepayment will Northgate make?", "en"),
    ],
)
def test_an_answer_quotes_word_for_word(real: KnowledgeBase, question: str, language: str) -> None:
    found = real.search(question, 3)
    each = score_sentences(question, found, real.retriever())
    choice = choose(question, each, found, ExtractiveSettings())
    assert 1 <= len(choice.sentences) <= 2
    pieces, citations = compose(question, language, found, choice)
    for citation in citations:
        assert real.document(citation.document_id).text[citation.start : citation.end] == citation.quote
    for piece in pieces:
        plain = re.sub(r"\*\*|\[\d+\]\s*$", "", piece.text).strip().split("\n")
        assert piece.reason == "frame" or any(all(p in citation.quote for p in plain) for citation in citations)
