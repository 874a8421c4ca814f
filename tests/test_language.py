"""Languages, scripts and sentence ends, in Simplified, Traditional, English and mixed text."""

from __future__ import annotations

import time

import pytest

from index.language import detect, fold, resolve, sentences, side, to_script


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("先进封装的产能仍然不足。", "zh-Hans"),
        ("先進封裝的產能仍然不足。", "zh-Hant"),
        ("Packaging capacity is still short.", "en"),
        ("公司在 2024 年推出 CX-8 加速卡，采用 HBM 显存。", "zh-Hans"),
        ("台北在下雨", "zh"),
        ("H20 96 GB", "und"),
        ("半導体の生産はまだ足りない", "ja"),
        ("", "und"),
    ],
)
def test_detect(text: str, tag: str) -> None:
    assert detect(text) == tag


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("产能不足。价格上涨！为什么？", ["产能不足。", "价格上涨！", "为什么？"]),
        ("他說：「漲價了。」然後離開。", ["他說：「漲價了。」", "然後離開。"]),
        ("Dr. Lee paid 3.5 million. It was late! Why?", ["Dr. Lee paid 3.5 million.", "It was late!", "Why?"]),
        ("价格为 $3.5。The U.S. agreed. 双方签字。", ["价格为 $3.5。", "The U.S. agreed.", "双方签字。"]),
        ("产能翻番。[3]成本下降……完", ["产能翻番。[3]", "成本下降……", "完"]),
        ("It fell.¹ It rose.12 Then it stopped.", ["It fell.¹", "It rose.12", "Then it stopped."]),
        ("See https://example.com/s?__a=B!c&d=1. Next one.", ["See https://example.com/s?__a=B!c&d=1.", "Next one."]),
        ("1. Introduction\nIt begins", ["1. Introduction", "It begins"]),
        ("", []),
        (" \n 。", ["。"]),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


def test_sentences_of_a_long_line_take_linear_time() -> None:
    started = time.process_time()
    assert len(sentences("这是一句话。It ends here. " * 20_000)) == 40_000
    assert time.process_time() - started < 5


def test_folding_and_scripts() -> None:
    assert fold("ＨＢＭ記憶體") == fold("hbm记忆体")
    assert to_script("芯片与内存", "zh-Hant") == "晶片與記憶體"
    assert to_script("unchanged", "en") == "unchanged"


@pytest.mark.parametrize(
    ("tag", "fallbacks", "resolved"),
    [
        ("zh", ("zh-Hant",), "zh-Hant"),
        ("zh", ("en",), "zh-Hans"),
        ("und", ("zh-Hant", "en"), "zh-Hant"),
        ("en", ("zh-Hans",), "en"),
        ("ja", (), "en"),
    ],
)
def test_resolve(tag: str, fallbacks: tuple[str, ...], resolved: str) -> None:
    assert resolve(tag, *fallbacks) == resolved


def test_sides() -> None:
    assert [side(tag) for tag in ("zh-Hant", "zh", "ja", "en", "und")] == ["zh", "zh", "zh", "en", "en"]
