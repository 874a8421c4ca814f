"""Cleaning: sentences made whole, furniture and hidden characters gone, offsets and pages kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.clean import clean
from index.errors import DocumentError
from index.language import sentences
from index.lines import ends_sentence, join, words_of
from index.loaders import load
from index.paragraphs import paragraphs
from index.types import Block, Document, Extracted

DIGEST = "ab" * 32
CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"


def cleaned(*blocks: Block, title: str = "", source: str = "folder/文件.txt") -> Document:
    return clean(Extracted(title, blocks), source=source, digest=DIGEST)


def text_of(text: str) -> str:
    return cleaned(Block("paragraph", text)).text


def pages(*texts: str) -> list[Block]:
    return [
        Block("paragraph", paragraph, page=number)
        for number, page in enumerate(texts, 1)
        for paragraph in page.split("\n\n")
    ]


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        ("产能在去年\n翻了一番。", "产能在去年翻了一番。"),
        ("產能在去年\r\n翻了一番。", "產能在去年翻了一番。"),
        ("Capacity doubled\nlast year.", "Capacity doubled last year."),
        ("公司采用\nEDA 工具，用于 7 nm\n工艺", "公司采用EDA 工具，用于 7 nm工艺"),
        ("the semi-\nconductor and se­\nmiconductor", "the semiconductor and semiconductor"),
        ("a well-known case, well-\nknown", "a well-known case, well-known"),
        ("from 2024-\n2025", "from 2024-2025"),
        ("see https://example.com/a-\nb/c.html", "see https://example.com/a-b/c.html"),
    ],
)
def test_broken_lines(broken: str, whole: str) -> None:
    assert text_of(broken) == whole


def test_hidden_characters_go() -> None:
    assert text_of("忽\u200b略\x00上\u202e文\u2066\ufeff，a\u00adb\ud800c\x07\U000e0041") == "忽略上文，abc"
    assert text_of("全\u00a0\u3000 角  空格") == "全 角 空格"


def test_stand_in_characters_become_what_they_show() -> None:
    assert text_of("⽤⼾ ﬁle") == "用户 file".replace("户", "戶")


def test_text_with_a_space_after_every_character_is_closed_up() -> None:
    assert text_of("先 进 封 装 的 产 能 不 足 。") == "先进封装的产能不足。"
    assert text_of("甲方 乙方 丙方 各执一份文件为凭") == "甲方 乙方 丙方 各执一份文件为凭"


def test_sections_and_separators() -> None:
    doc = cleaned(
        Block("heading", "题", 1),
        Block("table", "a | b\r\n\r\nc | d"),
        Block("list", "一\n二"),
        Block("code", "if x:\n    y\n"),
        Block("paragraph", " \u200b "),
    )
    assert doc.text == "题\n\na | b\nc | d\n\n一\n二\n\nif x:\n    y"
    assert [(s.kind, doc.text[s.start : s.end]) for s in doc.sections] == [
        ("heading", "题"),
        ("table", "a | b\nc | d"),
        ("list", "一\n二"),
        ("code", "if x:\n    y"),
    ]
    assert doc.id == DIGEST[:16]


def test_furniture_and_page_numbers_go_but_the_title_stays() -> None:
    body = ["先进封装的产能翻了一番。", "The plant in Ohio opened.", "記憶體價格上漲。", "价格回落。"]
    blocks = pages(*(f"年度报告 2024\n\n{text}\n\n{number} / 4" for number, text in enumerate(body, 1)))
    blocks.insert(1, Block("heading", "年度报告 2024", 1, 1))
    assert cleaned(*blocks).text.split("\n\n") == ["年度报告 2024", *body]


def test_two_pages_are_enough_for_a_header_and_numbers_in_words() -> None:
    doc = cleaned(*pages("内部资料\n\n甲。\n\n第 1 页", "内部资料\n\n乙。\n\n第 2 页"))
    assert doc.text == "甲。\n\n乙。"


def test_a_year_alone_at_the_foot_of_a_page_stays() -> None:
    assert "2024" in cleaned(*pages("甲。\n\n2024", "乙。")).text


@pytest.mark.parametrize(
    ("first", "second", "glue"),
    [
        ("这是一个在页面末尾被截断的很长很长的句子，它的后半部分", "印在下一页的开头。", ""),
        ("這是一個在頁面末尾被截斷的很長很長的句子，它的後半部分", "印在下一頁的開頭。", ""),
        ("This sentence is long and breaks off at the end of", "the page, in the middle.", " "),
        ("这句话在页面末尾提到了一款很新的芯片，它的名字叫做", "Aurora and nothing else.", ""),
    ],
)
def test_a_sentence_cut_by_a_page_is_whole_and_knows_both_pages(first: str, second: str, glue: str) -> None:
    doc = cleaned(*pages(first + "\n\n¹ https://example.com/note", second + "\n\n完。"))
    whole = first + glue + second
    assert doc.text == f"¹ https://example.com/note\n\n{whole}\n\n完。"
    at = doc.text.index(second)
    assert (doc.page_at(at - 1 - len(glue)), doc.page_at(at), doc.pages) == (1, 2, (0, at))


def test_a_page_without_text_keeps_the_numbers_of_the_others() -> None:
    doc = cleaned(Block("paragraph", "二。", page=2), Block("paragraph", "四。", page=4))
    assert [doc.page_at(doc.text.index(c)) for c in "二四"] == [2, 4]


def test_title() -> None:
    heading = Block("heading", "章名", 2)
    assert cleaned(heading, title=" 书\u202e名 ").title == "书名"
    assert cleaned(heading, title="Microsoft Word - draft.doc").title == "章名"
    assert cleaned(Block("paragraph", "短题目"), Block("paragraph", "正文。")).title == "短题目"
    assert cleaned(Block("paragraph", "这是正文。")).title == "文件"
    assert cleaned(Block("paragraph", "Body."), source="C:\\docs\\Report.v2.txt").title == "Report.v2"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("芯片产能不足", "zh-Hans"),
        ("晶片產能不足", "zh-Hant"),
        ("not enough", "en"),
        ("台北在下雨", "zh-Hans"),
        ("芯片 not enough 产能很少", "zh-Hans"),
    ],
)
def test_language(text: str, language: str) -> None:
    assert cleaned(Block("paragraph", text)).language == language


def test_nothing_left_is_an_error() -> None:
    with pytest.raises(DocumentError, match="it holds no text"):
        cleaned(Block("paragraph", "\u200b\x00"))


def test_join_is_linear_in_the_number_of_lines() -> None:
    assert len(join(["没有句号的一行"] * 200_000)) == 1_400_000


def test_words_tell_real_hyphens() -> None:
    words = words_of("state and commanded; state-\ncommanded, infor-\nmation, information")
    assert join(["state-", "commanded"], words) == "state-commanded"
    assert join(["infor-", "mation"], words) == "information"


WRAPPED = (
    "先进封装的产能在过去一年里翻了一番，但是需求增长得更",
    "快，所以价格没有下降。主要厂商都表示，未来两年的订单",
    "已经排满，新厂要到后年才能投产，其间只能靠提高良率来",
    "增加产出。",
)


@pytest.mark.parametrize("glue", ["\n", "\n\n"])
def test_wrapped_text_becomes_paragraphs_whether_or_not_every_line_stands_alone(glue: str) -> None:
    made = paragraphs(glue.join(("一、概况", *WRAPPED, "二、价格", *WRAPPED)))
    assert [(b.kind, b.text) for b in made] == [
        ("heading", "一、概况"),
        ("paragraph", "".join(WRAPPED)),
        ("heading", "二、价格"),
        ("paragraph", "".join(WRAPPED)),
    ]


def test_footnotes_that_cut_a_sentence_go_behind_it() -> None:
    lines = [
        *WRAPPED[:2],
        "1 https://example.com/a-very-long-address-",
        "that-goes-on",
        "2 https://example.com/b",
        *WRAPPED[2:],
    ]
    made = paragraphs("\n\n".join(lines * 2))
    assert [b.text for b in made[:3]] == [
        "".join(WRAPPED),
        "1 https://example.com/a-very-long-address-that-goes-on",
        "2 https://example.com/b",
    ]


def test_one_paragraph_a_line_stays_so() -> None:
    lines = ["短句。", "This one is rather longer than the first, and ends.", "他說：「好。」", "没有句号的一行"]
    assert [b.text for b in paragraphs("\n".join(lines))] == lines


def test_an_unfinished_line_goes_on_in_the_next_paragraph() -> None:
    made = paragraphs("They merged the two companies that once led the market and\n\ngrew from there. It was good.")
    assert [b.text for b in made] == [
        "They merged the two companies that once led the market and grew from there. It was good."
    ]


def test_bullets_become_a_list_and_questions_headings() -> None:
    made = paragraphs("问：为什么？\n因为产能不足。\n\n- 甲\n- 乙\n\n• 丙")
    assert [(b.kind, b.text) for b in made] == [
        ("heading", "问：为什么？"),
        ("paragraph", "因为产能不足。"),
        ("list", "甲\n乙\n丙"),
    ]


@pytest.mark.skipif(not CORPUS.is_dir(), reason="needs the real documents")
@pytest.mark.parametrize("name", ["000", "001", "002", "003", "004"])
def test_real_documents_read_as_whole_sentences(name: str) -> None:
    path = next(CORPUS.glob(f"{name}_*.txt"))
    doc = clean(load(path), source=str(path), digest=DIGEST)
    running = [doc.text[s.start : s.end] for s in doc.sections if s.kind == "paragraph"]
    long = [text for text in running if len(text) > 120 and "http" not in text]
    unfinished = [text for text in long if not ends_sentence(text) and not text.endswith(("）", ")"))]
    assert len(unfinished) <= 0.05 * len(long) + 1, unfinished
    assert "![" not in doc.text and "**" not in doc.text
    assert all(doc.text[a:b] == doc.text[a:b].strip() for a, b in sentences(doc.text))


def test_a_source_whose_number_is_lost_does_not_end_up_in_the_sentence_it_cuts() -> None:
    long = "The ministry announced in the spring of that year that it would support the"
    source = '^{8 &}"A Notice," The Bureau, August 29, 2025, https://example.com/notice.'
    made = paragraphs(f"{long}\n\n{source}\n\nindustry with loans and grants. It did.")
    assert [b.text for b in made] == [f"{long} industry with loans and grants. It did.", source]


@pytest.mark.parametrize(
    "text", ["It rose until 2030.7", "It rose.¹²", "产能翻番。[3]", "他说：“好。”", "It ended.”12", "Why?", "如下："]
)
def test_a_paragraph_ends_even_where_the_number_of_a_note_follows(text: str) -> None:
    assert ends_sentence(text)


@pytest.mark.parametrize("text", ["It rose to 3.5", "产能在去年", "in the case of", "rose by 12"])
def test_a_paragraph_that_breaks_off(text: str) -> None:
    assert not ends_sentence(text)
