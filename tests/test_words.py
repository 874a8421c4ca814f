"""Search words: one form for what is written in many."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from index.errors import UsageError
from index.names import chinese_name_keys, english_name_keys
from index.rules import word_rules
from index.words import (
    english_words,
    forget_user_dictionary,
    han_shares,
    han_words,
    is_listed,
    load_user_dictionary,
    taught,
    words,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("中芯国际的營收", "中芯國際的营收"),
        ("ＮＶＩＤＩＡ 晶片", "nvidia 晶片"),
        ("chips exported", "chip export"),
        ("H20芯片", "Ｈ２０ 芯片"),
        ("共 500 亿", "共 500亿"),
        ("The café opened", "the cafe opens"),
    ],
)
def test_forms_of_one_text_have_the_same_words(one: str, other: str) -> None:
    assert words(one) == words(other) != []


@pytest.mark.parametrize(
    ("one", "other", "term"),
    [
        ("增长了2.5%", "增長了百分之二点五", "p:2.5"),
        ("grew 2.5 percent", "增长２.５％", "p:2.5"),
        ("共 500 亿", "共 50,000,000,000", "n:50000000000"),
        ("It made 50 billion", "赚了500亿", "n:50000000000"),
        ("on March 5, 2024", "2024年3月5日", "d:2024-03-05"),
    ],
)
def test_notations_of_one_quantity_share_a_word(one: str, other: str, term: str) -> None:
    assert term in words(one) and term in words(other)


@pytest.mark.parametrize("model", ["910B", "H20", "7nm", "A100", "GPT-4"])
def test_model_numbers_stay_whole(model: str) -> None:
    whole = model.lower().replace("-", "")
    assert whole in words(f"华为的{model}芯片") and whole in words(f"the {model} chip")


def test_a_name_jieba_does_not_know_is_found_by_its_pairs() -> None:
    assert {"曦智", "智达"} <= set(han_words("曦智达科技"))


def test_a_character_counts_once_however_many_words_are_over_it() -> None:
    shares = han_shares("公民不服从的目的")
    assert shares["目的"] == 1.0
    assert shares["民不"] < 0.5 < shares["公民"] < 1.0
    assert han_shares("研究研究") == {"研究": pytest.approx(5 / 6), "究研": pytest.approx(1 / 3)}
    assert han_shares("the H20") == {}


def test_no_pair_is_made_across_a_particle() -> None:
    assert "司的" not in words("公司的产能")


def test_questions_words_say_nothing() -> None:
    assert words("什么是多少？") == [] and words("What is the of it?") == []
    assert words("在什么地方？") == words("在甚麼地方？") == words("H20在什麼地方？")[1:] == []
    assert "地方" in words("地方政府")


def test_english_is_stemmed_and_joined_words_are_whole_and_apart() -> None:
    assert english_words("export-controlled") == ["exportcontrol", "export", "control"]
    assert english_words("companies") == english_words("company")


@pytest.mark.usefixtures("untaught")
@pytest.mark.parametrize("name", ["启衡微电子", "啟衡微電子"])
def test_a_user_dictionary_keeps_a_name_whole(tmp_path: Path, name: str) -> None:
    assert "启衡微电子" not in words("启衡微電子的产能") and taught() == ()
    path = tmp_path / "names.txt"
    path.write_text(f"\ufeff{name} 1000 nz\n", encoding="utf-8")
    rules = word_rules()
    load_user_dictionary(path)
    load_user_dictionary(path)
    assert "启衡微电子" in words("启衡微電子的产能")
    assert len(taught()) == 1 and word_rules() != rules


@pytest.mark.usefixtures("untaught")
def test_a_user_dictionary_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes(b"\xff\xfe\xfa")
    (tmp_path / "large.txt").write_bytes(b"a\n" * 2**23 + b"b")
    os.mkfifo(tmp_path / "pipe.txt")
    for name in ("none.txt", "latin.txt", "pipe.txt", "large.txt", "bad\0name", "."):
        with pytest.raises(UsageError, match="user dictionary") as caught:
            load_user_dictionary(tmp_path / name)
        assert "\n" not in str(caught.value)
    assert taught() == ()


@pytest.mark.usefixtures("untaught")
@pytest.mark.parametrize(
    "line",
    ["New York", "5G基站", "启衡,100", "启衡 -5", "启衡 3.5", "启衡 0", "启衡 " + "9" * 400, "启" * 41, "启衡 岭川"],
)
def test_a_line_that_is_no_word_is_named_and_nothing_is_taught(tmp_path: Path, line: str) -> None:
    path = tmp_path / "words.txt"
    path.write_text(f"启衡微电子\n\n{line}\n", encoding="utf-8")
    with pytest.raises(UsageError, match="line 3: must be a word"):
        load_user_dictionary(path)
    assert taught() == () and "启衡微电子" not in words("启衡微电子的产能")


@pytest.mark.usefixtures("untaught")
def test_a_second_user_dictionary_is_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text({"one": "启衡微电子", "two": "岭川半导体"}[name], encoding="utf-8")
    load_user_dictionary(tmp_path / "one")
    with pytest.raises(UsageError, match="another user dictionary"):
        load_user_dictionary(tmp_path / "two")
    forget_user_dictionary()
    load_user_dictionary(tmp_path / "two")


@pytest.mark.parametrize("sentence", ["{}", "据{}说", "听{}讲话", "与{}的谈话", "在伦敦的{}表示", "美國總統{}稱"])
@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("Brownlee", "布朗利"),
        ("Goldenson", "戈登森"),
        ("Lutnick", "卢特尼克"),
        ("Sullivan", "沙利文"),
        ("Newton", "牛頓"),
        ("Montaigne", "蒙田"),
    ],
)
def test_a_foreign_name_sounds_alike_in_both_scripts(english: str, chinese: str, sentence: str) -> None:
    keys = {key for found in english_name_keys(f"said {english} again") for key in found}
    assert keys & set(chinese_name_keys(sentence.format(chinese)))


def test_a_word_whose_bounds_are_known_is_not_cut_for_names() -> None:
    assert is_listed("产能") and not is_listed("据戈")
    # 安全 is a word although 安 may write a name: it neither continues one nor starts one.
    assert chinese_name_keys("布朗利安全") == chinese_name_keys("布朗利")


def test_ordinary_words_have_no_name_keys() -> None:
    assert english_name_keys("the factory makes chips") == []
    assert chinese_name_keys("产能提高了一倍") == []
