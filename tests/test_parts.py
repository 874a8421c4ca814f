"""Questions that ask two things become two; those that ask one stay whole."""

from __future__ import annotations

import pytest

from rag.answer.parts import Parts, parts_of


@pytest.mark.parametrize(
    ("question", "first", "second"),
    [
        ("芯片法案是哪天签署的，欧盟的又是哪天生效？", "芯片法案是哪天签署的？", "欧盟的又是哪天生效？"),
        ("嶺川買的土地有多大，二廠的無塵室又有多大？", "嶺川買的土地有多大？", "二廠的無塵室又有多大？"),
        ("一期装了多少张CX-8？港汇又买了多少张？", "一期装了多少张CX-8？", "港汇又买了多少张？"),
        ("How large is it, and what grant does it get?", "How large is it?", "What grant does it get?"),
    ],
)
def test_two_clauses_that_ask_are_two_questions(question: str, first: str, second: str) -> None:
    assert parts_of(question) == Parts(first, second, first, second)


@pytest.mark.parametrize(
    ("question", "first", "second", "other"),
    [
        ("嶺川與啟衡各有多少件專利？", "嶺川各有多少件專利？", "啟衡各有多少件專利？", "啟衡"),
        ("澄星CX-8和英伟达H20各是多少？", "澄星CX-8各是多少？", "英伟达H20各是多少？", "英伟达H20"),
        ("启衡与岭川分别用哪种工艺？", "启衡分别用哪种工艺？", "岭川分别用哪种工艺？", "岭川"),
        ("啟衡與嶺川各在哪個州建廠？", "啟衡各在哪個州建廠？", "嶺川各在哪個州建廠？", "嶺川"),
        ("2024年，启衡和岭川哪一家的员工更多？", "2024年，启衡的员工多少？", "2024年，岭川的员工多少？", "岭川"),
        ("啟衡和嶺川哪一家毛利率更低？", "啟衡毛利率多少？", "嶺川毛利率多少？", "嶺川"),
        ("启衡与岭川哪家把更大比例投到研发？", "启衡把多大比例投到研发？", "岭川把多大比例投到研发？", "岭川"),
        ("華為先後在何時被美國和台灣列入？", "華為先後在何時被美國列入？", "華為先後在何時被台灣列入？", "台灣"),
        ("总统先后向Intel和Micron拨了多少？", "总统先后向Intel拨了多少？", "总统先后向Micron拨了多少？", "Micron"),
        (
            "先后向Intel和Micron Inc拨款？",
            "先后向Intel拨款？",
            "先后向Micron Inc拨款？",
            "Micron Inc",
        ),
        (
            "Which employs more people, Hanyue Technology or Northgate?",
            "How many people does Hanyue Technology employ?",
            "How many people does Northgate employ?",
            "Northgate",
        ),
        (
            "Which card draws more power, the CX-6 or the CX-8?",
            "How much power does the CX-6 draw?",
            "How much power does the CX-8 draw?",
            "the CX-8",
        ),
        ("Which is cheaper, Arm or Intel?", "How expensive is Arm?", "How expensive is Intel?", "Intel"),
        (
            "Which one sold more, Arm or Intel?",
            "Which one sold more, Arm?",
            "Which one sold more, Intel?",
            "Intel",
        ),
        ("Was Arm founded before Harbourlink?", "Was Arm founded?", "Was Harbourlink founded?", "Harbourlink"),
    ],
)
def test_two_things_asked_about_are_two_questions(question: str, first: str, second: str, other: str) -> None:
    found = parts_of(question)
    assert found and (found.first, found.second, found.other) == (first, second, other)
    assert found.one in question and found.one in found.first and found.one not in found.second


@pytest.mark.parametrize(
    "question",
    [
        "启衡的月产能是多少？",
        "按照年报，启衡和禾桐合建的实验室由谁牵头？",
        "嶺川與Northgate的協議值多少錢？",
        "Who founded Procter and Gamble?",
        "What hymn did Luther write after the martyrdom of Esch and Voes?",
        "CX-8和H20的区别",
        "与CISCE和NENBSE一样，著名的考试委员会还有哪个？",
        "How and when did the plague reach Europe?",
        "Who led Intel before Gelsinger?",
        "What did Nvidia announce after March 2024?",
        "几乎所有晶圆厂都用它，它是谁生产的？",
        "",
    ],
)
def test_one_thing_asked_stays_whole(question: str) -> None:
    assert parts_of(question) is None


def test_a_very_long_question_is_read_fast_and_whole() -> None:
    assert parts_of("多少，" * 5000) is None
