"""Name pairs a collection makes itself, names in all their forms, and questions that find them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from index import dictionary, equivalents
from index.equivalents import Names, Pair, index_words, regional
from index.errors import DamagedStoreError
from index.models import EMBEDDER, is_installed
from index.pairs import mine
from index.words import words
from rag import KnowledgeBase
from rag.config import Config


def _found(*texts: str) -> set[tuple[str, str]]:
    return {(pair.chinese, " ".join(pair.english) or "=" + pair.alias) for pair in mine(texts)}


def _held(*texts: str) -> Callable[[str], int]:
    found = {word for text in texts for word in words(text)}
    return lambda word: int(word in found)


def _readings(translation: dictionary.Translation) -> set[str]:
    return {" ".join(reading) for term in translation.terms for reading, _ in term.readings}


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("中芯国际 (SMIC) 的产能。中芯国际", ("中芯国际", "smic")),
        ("先讲中芯国际（SMIC）。去年中芯国际盈利。", ("中芯国际", "smic")),
        ("輝達 (NVIDIA)", ("辉达", "nvidia")),
        ("Nvidia (英伟达) sells chips.", ("英伟达", "nvidia")),
        ("代表厂商为英伟达（NVIDIA）与超威半导体（AMD）。", ("超威半导体", "amd")),
        ("覆盖高带宽内存（HBM）", ("高带宽内存", "hbm")),
        ("已移轉到先進封裝與高頻寬記憶體（HBM）", ("高频宽记忆体", "hbm")),
        ('The "AI Plus" initiative (人工智能+) began.', ("人工智能+", "ai plus")),
        ("国家集成电路产业投资基金（“大基金”）", ("国家集成电路产业投资基金", "=大基金")),
        ("副總裁Priya Raman（普莉雅·拉曼）說", ("拉曼", "raman")),
        ("此舉由嶺川半導體（Lingchuan Semiconductor）宣布", ("岭川半导体", "lingchuan semiconductor")),
        ("美国商务部工业和安全局（BIS）", ("工业和安全局", "bis")),
        ("美国国家标准与技术研究院（NIST）", ("国家标准与技术研究院", "nist")),
        ("通过《芯片与科学法案》（CHIPS Act）", ("芯片与科学法案", "chip act")),
        ("术语表\nwafer 晶圆\nphotoresist 光刻胶", ("光刻胶", "photoresist")),
    ],
)
def test_a_name_reaches_as_far_as_it_should(text: str, pair: tuple[str, str]) -> None:
    assert pair in _found(text)
    # Nothing more or less of the Chinese name is taken for the same English one.
    assert {chinese for chinese, english in _found(text) if english == pair[1]} == {pair[0]}


def test_a_name_and_its_acronym_in_one_bracket_are_both_paired() -> None:
    found = _found("中芯國際（Semiconductor Manufacturing International Corp.，SMIC）")
    assert found == {("中芯国际", "smic"), ("中芯国际", "semiconductor manufactur internat corp")}


@pytest.mark.parametrize(
    "text",
    [
        "在德國德勒斯登設廠（ESMC）",
        "Hemlock（超高纯多晶硅）获得资助",
        "归纳偏置（Mitchell, 1980）",
        "营业额（HK$ million）",
        "停机时间（minutes）",
        "康宁（Corning）",  # its stem is that of corn
        "TSMC | 台灣\nSamsung | 韓國",
        "公司 (见下文)",
        "300 mm (12英寸)",
    ],
)
def test_what_is_no_pair_is_left_out(text: str) -> None:
    assert _found(text) == set()


def test_a_table_of_terms_is_paired_where_most_of_its_rows_are_pairs_by_themselves() -> None:
    rows = "软件 | software\n服务器 | server\n晶圆 | wafer\n灵枢板 | pivotlet\n"
    assert ("灵枢板", "pivotlet") in _found(rows)
    assert ("灵枢板", "pivotlet") not in _found("灵枢板 | pivotlet\n产能 | Dresden\n项目 | Austin")


def test_one_step_of_equivalence_and_no_more() -> None:
    names = Names([Pair("甲公司", ("a",)), Pair("乙公司", ("a",)), Pair("乙公司", ("b",)), Pair("丙公司", ("b",))])
    assert names.same_side("甲公司") == ("乙公司",)
    assert set(names.readings_in_chinese(["a"])) == {"甲公司", "乙公司"}
    assert names.synonyms(["a"]) == (("b",),)


def test_the_longest_name_wins_and_short_ones_need_word_bounds() -> None:
    names = Names([Pair("三星", ("samsung",)), Pair("三星电子", ("samsung", "electron"))])
    text = "三星电子与三星"
    assert [text[start:end] for start, end in names.in_chinese(text)] == ["三星电子", "三星"]
    assert list(names.in_chinese("连续三星期")) == []


def test_a_pair_is_of_two_names() -> None:
    with pytest.raises(ValueError, match="must be of a Chinese name and one other"):
        Pair("英伟达", ())


def test_pairs_come_back_from_their_file_and_a_damaged_one_is_named() -> None:
    pairs = {"zh": (Pair("英伟达", ("nvidia",), 3), Pair("某基金", (), 1, "大基金")), "en": ()}
    assert equivalents.from_bytes(equivalents.to_bytes(pairs), ("zh", "en")) == pairs
    for data in (b"", b"{}", b"[1]", b'{"zh": [["a"]], "en": []}', b"\xff"):
        with pytest.raises(DamagedStoreError, match="add the documents again"):
            equivalents.from_bytes(data, ("zh", "en"))


@pytest.mark.parametrize(
    ("name", "other"),
    [("晶片", "芯片"), ("辉达", "英伟达"), ("记忆体", "内存"), ("制程", "工艺"), ("奈米", "纳米"), ("光罩", "掩膜版")],
)
def test_both_sides_of_the_strait_call_it_the_same(name: str, other: str) -> None:
    assert other in regional().same_side(name) and name in regional().same_side(other)


@pytest.mark.parametrize(
    ("question", "passage", "word"),
    [
        ("輝達的H20市占率", "英伟达的H20在中国的份额", "英伟"),
        ("英伟达的市占率", "輝達的市占率", "辉达"),
        ("高頻寬記憶體的供應", "高带宽内存的供应商", "带宽"),
        ("HBM supply", "High bandwidth memory is short", "bandwidth"),
        ("輝達 GPU 出貨", "英伟达 GPU 出货", "英伟"),
    ],
)
def test_a_question_finds_the_other_form_on_its_own_side(question: str, passage: str, word: str) -> None:
    found = dictionary.same_side(question, _held(passage))
    assert any(word in reading.split() for reading in _readings(found))
    assert all(term.readings[0][1] == 1.0 for term in found.terms)
    assert all(weight < 1.0 for term in found.terms for _, weight in term.readings[1:])


def test_without_the_other_form_in_the_collection_a_question_keeps_its_words() -> None:
    question = "輝達的H20市占率"
    own, native = dictionary.same_side(question, _held("无关")), dictionary.native(words(question))
    assert [term.readings for term in own.terms] == [term.readings for term in native.terms]


@pytest.mark.parametrize("question", ["嶺川什麼時候量產？", "岭川什么时候量产？"])
def test_mined_names_cross_languages(question: str) -> None:
    names = regional(mine(["嶺川半導體（Larkvale Micro）在新竹。", "嶺川（Larkvale）"]))
    assert "larkval" in _readings(dictionary.to_english(question, _held("Larkvale ships in May"), names))
    found = dictionary.to_chinese("When does Larkvale Micro ship?", _held("嶺川半導體五月量產"), names)
    assert " ".join(index_words("岭川半导体")) in _readings(found)


def test_a_name_within_a_longer_entry_is_left_to_it() -> None:
    found = dictionary.to_english("芯片组", _held("a chipset, and a chip"))
    assert _readings(found) == {"chipset"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> KnowledgeBase:
    if not is_installed(EMBEDDER):
        pytest.skip(f"needs the bundled embedder: {EMBEDDER.remedy}")
    folder = tmp_path_factory.mktemp("names")
    texts = {
        "share.txt": "英伟达的H20在中国加速卡市场的占有率为百分之四十一，由本土厂商占去其余份额。",
        "power.txt": "某数据中心的电能利用效率为1.25，机柜功率为三十千瓦。",
        "plan.txt": "嶺川半導體（Larkvale Micro）是一家封裝公司。",
        "east.txt": "Larkvale Micro will ship its fan-out package in May and expects 900 wafers a month.",
        "other.txt": "The ministry published new rules for the export of machine tools in June.",
    }
    documents: list[str | Path] = []
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
        documents.append(folder / name)
    kb = KnowledgeBase.open(folder / "kb", create=True, config=Config().with_values({"rerank": {"model": "none"}}))
    kb.add(documents)
    return kb


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("輝達的H20市占率", "英伟达的H20"),
        ("嶺川每月要多少晶圓？", "900 wafers"),
        ("What is Larkvale Micro?", "嶺川半導體"),
    ],
)
def test_a_knowledge_base_finds_what_goes_by_another_name(built: KnowledgeBase, question: str, text: str) -> None:
    assert any(text in passage.text for passage in built.search(question, limit=3))


def test_an_answer_to_a_traditional_question_quotes_the_simplified_document(built: KnowledgeBase) -> None:
    answer = built.ask("輝達的H20市占率是多少？")
    assert any("英伟达的H20" in citation.quote for citation in answer.citations)
