"""Question words into the other language."""

from __future__ import annotations

import gzip
from importlib import resources

import pytest

from eval.make_dictionary import chinese_lines, english_lines
from index.dictionary import Translation, native, to_chinese, to_english
from index.glossary import glosses_of, is_entry, is_gloss, rank_weight, words_glossed, words_partly_glossed
from index.words import words


def _held(*texts: str):  # type: ignore[no-untyped-def]
    found = {word for text in texts for word in words(text)}
    return lambda word: int(word in found)


def _readings(translation: Translation) -> set[str]:
    return {" ".join(reading) for term in translation.terms for reading, _ in term.readings}


@pytest.mark.parametrize("question", ["这家公司的收入增长了多少？", "這家公司的收入增長了多少？"])
def test_chinese_words_take_the_translations_the_collection_holds(question: str) -> None:
    found = to_english(question, _held("The company increased its revenue, and firms grew."))
    assert {"compani", "increas"} <= _readings(found)
    assert "corpor" not in _readings(found)
    assert found.coverage > 0.5


def test_longer_entries_win_over_their_parts() -> None:
    found = to_english("联合国的决议", _held("The United Nations passed a resolution. a joint country"))
    assert "unit nation" in _readings(found)
    assert "joint" not in _readings(found)


@pytest.mark.parametrize("question", ["How many companies were sanctioned?", "Which company was it?"])
def test_english_words_take_chinese_readings(question: str) -> None:
    assert "公司" in _readings(to_chinese(question, _held("该公司的产品", "企业受到制裁")))


def test_a_pinyin_name_is_found() -> None:
    assert any("wang" in reading for reading in _readings(to_english("王传福是谁？", _held("Wang Chuanfu founded it"))))


def test_acronyms_stay_themselves_in_both_directions() -> None:
    assert "smic" in _readings(to_chinese("What does SMIC make?", _held("中芯国际 (SMIC) 的产品")))
    assert "smic" in _readings(to_english("SMIC 生产什么？", _held("SMIC makes chips")))


def test_what_the_collection_lacks_gives_no_term() -> None:
    found = to_english("公司收入", _held("nothing of the kind"))
    assert found.terms == () and found.coverage == 0.0


def test_native_terms_are_the_words_once_each() -> None:
    assert [term.readings for term in native(["a", "b", "a"]).terms] == [((("a",), 1.0),), ((("b",), 1.0),)]


def test_a_phrase_counts_as_itself_and_as_its_words() -> None:
    held = {"认罪", "罪协", "协商", "交易", "抗辩"}
    terms = to_chinese("What is a plea bargain?", lambda word: int(word in held)).terms
    assert [term.weight for term in terms] == [1.0, 0.5, 0.5]
    assert any("协商" in reading for reading, _ in terms[0].readings)


def test_both_tables_say_the_same() -> None:
    packed = resources.files("index").joinpath("data", "cedict.tsv.gz").read_bytes()
    lines = gzip.decompress(packed).decode("utf-8").splitlines()[1:]
    entries = {word: glosses.split("/") for word, _, glosses in (line.partition("\t") for line in lines)}
    assert chinese_lines(entries) == lines

    packed = resources.files("index").joinpath("data", "glosses.tsv.gz").read_bytes()
    assert english_lines(entries) == gzip.decompress(packed).decode("utf-8").splitlines()[1:]


def test_a_gloss_gives_its_words_by_rank_and_its_head_more_than_its_other_parts() -> None:
    assert "司令部" in dict(words_glossed("headquart"))
    assert all(word in dict(words_glossed(gloss)) for word in ("芯片", "台积电") for gloss in glosses_of(word))
    weights = dict(words_partly_glossed("khan"))
    assert weights and max(weights.values()) < 1.0
    assert not is_entry("没有的词条") and not is_gloss("zzzz") and glosses_of("#") == ()


def test_terms_of_reports_are_added_to_the_dictionary_both_ways() -> None:
    assert "base" in glosses_of("总部") and "总部" in dict(words_glossed("base"))
    assert dict(words_partly_glossed("bargain"))["辩诉交易"] < dict(words_glossed("plea bargain"))["辩诉交易"]


def test_a_meaning_weighs_by_its_rank_and_a_part_by_its_place() -> None:
    assert rank_weight(0) == 1.0 and rank_weight(2) == pytest.approx(1 / 1.6)
    assert dict(words_partly_glossed("bargain"))["辩诉交易"] == pytest.approx(0.3)  # the head of "plea bargain"
    assert words_partly_glossed("market") == ()  # a hundred words hold it
