"""Chinese names in pinyin: which words of an English question may be one, and that passages are found by them."""

from __future__ import annotations

import pytest

from index.dictionary import to_chinese
from index.lexical import build
from index.names import name_keys
from index.pinyin import pinyin_keys, romanised_names
from index.words import words

PASSAGES = (
    "联席首席执行官赵海军说，三季度产能利用率回升。",
    "海军在港口举行了演习。",
    "晶圆厂设在西安和亦庄。",
    "該公司由梁孟松主持研發。",
    "新品将于下月发布，绿色电力占一半。",
    "董事长曾毓群在重庆和厦门各有一座工厂。",
)


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("What did Zhao Haijun say?", ["zhao haijun", "haijun"]),
        ("Where is Yizhuang?", ["yizhuang"]),
        ("Can Zhao Haijun say more?", ["zhao haijun", "haijun"]),
        ("What is Zhao Haijun's salary?", ["zhao haijun", "haijun"]),
        ("What is Yizhuang’s capacity?", ["yizhuang"]),
        ("Did He Lifeng meet them?", ["he lifeng", "lifeng"]),
        ("Did Huawei Ren Zhengfei speak?", ["huawei ren zhengfei", "huawei ren", "ren zhengfei", "huawei", "zhengfei"]),
        ("Who met Ai Weiwei in Xi'an?", ["ai weiwei", "weiwei", "xi'an"]),
        ("Which chips did they stop?", []),
        ("Who is Li?", []),
        ("", []),
    ],
)
def test_words_that_read_as_pinyin(question: str, names: list[str]) -> None:
    assert [" ".join(name) for name, _ in romanised_names(question)] == names


def test_an_apostrophe_divides_and_nothing_else_before_a_vowel() -> None:
    assert romanised_names("Xi'an") == [(("xi'an",), (("^xi an",),))]
    assert romanised_names("Xian") == []
    assert pinyin_keys("西安，绿色") == ["^xi an", "^lv se"]
    assert [ways for _, ways in romanised_names("Lyu Lyubo")] == [ways for _, ways in romanised_names("Lü Lübo")] != []
    assert pinyin_keys("西") == pinyin_keys("Xi'an") == []


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("What did Zhao Haijun say?", 0),
        ("What did Haijun Zhao say?", 0),
        ("What does Yizhuang have?", 2),
        ("Who is Liang Mengsong?", 3),
        ("Who is Zeng Yuqun?", 5),
        ("What stands in Xiamen?", 5),
    ],
)
def test_a_passage_is_found_by_a_name_in_pinyin(question: str, found: int) -> None:
    index = build((words(text), name_keys(text, "zh")) for text in PASSAGES)
    scores, _ = index.scores(to_chinese(question, index.document_frequency).terms)
    assert int(scores.argmax()) == found and scores[found] > 0


def test_a_name_counts_once() -> None:
    index = build((words(text), name_keys(text, "zh")) for text in PASSAGES)
    found = to_chinese("What did Zhao Haijun say?", index.document_frequency)
    assert [term.readings[0][0] for term in found.terms if term.readings[0][0][0].startswith("^")] == [
        ("^zhao hai", "^hai jun")
    ]


def test_a_word_with_a_meaning_of_its_own_is_no_name() -> None:
    index = build([(words("他说的话。"), ["^ca ni", "^ni ne"])])
    assert to_chinese("Which canine?", index.document_frequency).terms == ()


@pytest.mark.parametrize("odd", ["nine'" * 800, "nana" * 1000, "a'" * 2000])
def test_no_word_takes_long_to_divide(odd: str) -> None:
    assert romanised_names(f"Who is {odd}?") == []
    assert len(romanised_names("Who is " + "Li " * 1300)) == 1
