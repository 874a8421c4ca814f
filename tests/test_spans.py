"""The sentences of a passage as they can be quoted: rows of tables, answers behind their questions, lists, labels."""

from __future__ import annotations

import pytest

from index.types import Passage
from rag.answer.spans import Span, spans_of


def read(text: str, language: str, headings: tuple[str, ...] = ()) -> list[Span]:
    return spans_of(0, Passage("c", "d", "标题", "/a", None, 7, 7 + len(text), text, language, 1.0, headings))


TABLES = [
    (
        "zh-Hans",
        "按工艺划分如下。\n\n工艺 | 2024年收入（亿元） | 占比\n28纳米 | 76.4 | 41%\n14纳米 | 16.8 | 9%\n\n其余略。",
    ),
    (
        "zh-Hant",
        "各廠市占率如下。\n廠商 | 2024年 | 2025年\n三星（Samsung） | 41.1% | 33.5%\n嶺川 | 0.5% | 0.6%\n\n註：略。",
    ),
    (
        "en",
        "Our sites are below.\nSite | State | Power\nScioto | Ohio | 9 MW. Net.\nYakima | Iowa | 6 MW\n\nNotes.",
    ),
    (
        "mixed",
        "型号 Models\n型号 | Memory | 带宽\nH20 | 96 GB | 4.0 TB/s\nH200 | 141 GB | 4.8 TB/s\n\n来源 Source.",
    ),
]


@pytest.mark.parametrize(("language", "text"), TABLES)
def test_a_row_is_read_under_its_column_heads_and_the_line_above_them(language: str, text: str) -> None:
    found = read(text, language)
    assert [span.shape for span in found][1:4] == ["head", "row", "row"]
    assert all(text[span.start : span.end] == span.text for span in found)
    head = found[1]
    for row in found[2:4]:
        assert row.head == (head.start, head.end) and head.text in row.lead and found[0].text in row.lead
    assert found[-1].lead == "" and found[-1].head is None


def test_the_rows_of_a_table_cut_in_two_keep_their_column_heads() -> None:
    found = read("14纳米 | 16.8 | 9%\n其他 | 9.3 | 5%", "zh-Hans", ("三、收入", "工艺 | 收入 | 占比"))
    assert [span.shape for span in found] == ["row", "row"] and all(s.head is None for s in found)
    assert all("工艺 | 收入 | 占比" in span.lead for span in found)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh-Hans", "问：锑何时纳入管制？\n答：自2024年9月15日起。此后须申请许可。"),
        ("zh-Hant", "問：銻何時納入管制？\n答：自2024年9月15日起。此後須申請許可。"),
        ("en", "Q: When did the controls begin?\nA: They began on 15 September 2024. A licence is needed since."),
        ("mixed", "问：CX-8 的 TDP 是多少？\n答：350 W。A licence is not needed."),
    ],
)
def test_an_answer_is_read_behind_its_question(language: str, text: str) -> None:
    question, *answers = read(text, language)
    assert question.shape == "question" and len(answers) == 2
    assert all(answer.lead == question.text and answer.shape == "prose" for answer in answers)


@pytest.mark.parametrize(
    ("language", "text", "joined"),
    [
        ("en", "16 May 2019. Huawei is added to the Entity List. It appeals.", 1),
        ("zh-Hans", "评级：持有。目标价为13元。", 1),
        ("zh-Hant", "2024年12月2日。BIS新增140個實體。", 1),
        ("en", "It rains. It snows.", 2),
        ("zh-Hans", "天气很好。产能很高。", 2),
    ],
)
def test_a_date_or_a_label_belongs_to_what_follows_on_its_line(language: str, text: str, joined: int) -> None:
    first = read(text, language)[0].text
    assert first.count(".") + first.count("。") == (2 if joined == 1 else 1)


def test_a_list_is_read_behind_the_line_that_introduces_it() -> None:
    found = read("四个方向如下：\n1. 射频电源；\n2. 真空泵。\n其他方向不投资。", "zh-Hans")
    assert [span.lead for span in found] == ["", "四个方向如下：", "四个方向如下：", ""]


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("2022年8月9日，拜登签署《芯片与科学法案》。", "prose"),
        ("10月7日，美國商務部公布了《出口管制條例》修訂，涉及28家實體。", "prose"),
        ('16 May 2019. Huawei is added to the "Entity List" of the department.', "prose"),
        ("2024年营收为150亿元，公司称其为“历史新高”。", "prose"),
        ("The figures are at https://example.org/figures for all who ask.", "prose"),
        ('² Liu Dian, "The United States Has Exhausted Its Tricks", Guanchazhe, 2025.', "reference"),
        ("³《中国半导体的突围》，环球时报，2025年7月。", "reference"),
        ("5 https://example.org/analysis/controls", "reference"),
        ("④ 江蘇某廠重整失敗,最後一座爛尾廠“死亡”.電子工程專輯.2025-07-09", "reference"),
        ("[3] 王某. 芯片战争. 2024-05-01.", "reference"),
        ("21 商务部公告第27号,2025年9月,https://example.org/a/b.html", "reference"),
        ("Commerce, May 2025, https://example.org/article/2025/05/controls/index.html.", "reference"),
        ("① 月产能在2025年达到1.5万片。", "prose"),
    ],
)
def test_a_source_is_told_from_a_sentence_that_names_one(text: str, shape: str) -> None:
    assert {span.shape for span in read(text, "en" if text.isascii() else "zh-Hans")} == {shape}
