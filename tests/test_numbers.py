"""Quantities: one value whatever the notation, in Simplified, Traditional, English and mixed text."""

from __future__ import annotations

import json
import os
import time
from decimal import Decimal
from pathlib import Path

import pytest

from index.numbers import Quantity, quantities, search_terms, unsupported_quantities
from index.numbers.dates import date_parts
from index.numbers.numerals import canonical, chinese_value, english_value, numeral_value, plain

# The public sets are not in this repository: where WENJU_DATA names their folder, they are read too.
CLAIMS = Path(os.environ.get("WENJU_DATA", "none")) / "faithfulness" / "claims.jsonl"


def values(text: str) -> list[tuple[str, str, str]]:
    return [(canonical(q.value) if isinstance(q.value, Decimal) else q.value, q.kind, q.unit) for q in quantities(text)]


@pytest.mark.parametrize(
    ("numeral", "value"),
    [
        ("三百五十万", 3500000), ("二〇二四", 2024), ("两千", 2000), ("廿五", 25), ("一百零五", 105), ("三万五", 35000),
        ("一亿二千万", 120000000), ("三万亿", 3 * 10**12), ("十二", 12), ("两百五", 250),
    ],
)  # fmt: skip
def test_chinese_numerals(numeral: str, value: int) -> None:
    assert chinese_value(numeral) == value


def test_numerals_that_are_none() -> None:
    assert chinese_value("三四") is None
    assert english_value("one two") is None


@pytest.mark.parametrize(
    ("numeral", "value"),
    [
        ("three hundred and fifty", 350), ("twenty-five", 25), ("a million", 10**6), ("two dozen", 24),
        ("two million three hundred thousand", 2300000), ("3 hundred million", 3 * 10**8), ("1亿2000万", 120000000),
        ("50,000,000,000", 5 * 10**10),
    ],
)  # fmt: skip
def test_english_and_mixed_numerals(numeral: str, value: int) -> None:
    assert numeral_value(numeral) == value


@pytest.mark.parametrize(
    ("term", "notations"),
    [
        ("p:2.5", ["2.5%", "２.５％", "百分之二点五", "百分之二點五", "2.5 percent", "2.5 per cent", "2.5個百分點"]),
        ("n:50000000000", ["500亿", "500億元", "50 billion", "50,000,000,000", "五百亿", "US$50bn", "$50 billion"]),
        ("n:3500000", ["350万元", "三百五十萬", "RMB 3.5 million", "3,500,000 yuan", "人民币350万元"]),
        ("n:7nm", ["7nm", "7 奈米", "7纳米", "7 nanometers", "7 納米"]),
        ("d:2024-03-05", ["2024年3月5日", "二〇二四年三月五日", "March 5, 2024", "5 March 2024", "2024/3/5"]),
        ("y:2024", ["2024年3月5日", "March 5, 2024", "2024年", "in 2024"]),
        ("d:2002-05", ["2002 年 5 月", "May 2002"]),
        ("c:18", ["18世纪", "十八世紀", "the 18th century", "the eighteenth century"]),
        ("s:1990", ["20世纪90年代", "二十世紀九十年代", "the 1990s", "1990年代"]),
        ("o:3", ["第三名", "第3屆", "3rd place", "the third time"]),
        ("o:1quarter", ["第一季度", "Q1", "the first quarter"]),
        ("f:0.333333", ["三分之一", "one third", "1/3"]),
        ("f:0.666667", ["三分之二", "two-thirds"]),
        ("t:15:00", ["下午3点", "下午三點", "3 pm", "15:00"]),
        ("n:-5", ["-5°C", "零下5度", "minus 5 degrees"]),
        ("p:30", ["三成", "30%", "百分之三十"]),
        ("p:35", ["三成五", "三成半", "35%"]),
        ("n:65nm", ["55/65纳米", "65 nm"]),
    ],
)  # fmt: skip
def test_every_notation_gives_one_search_term(term: str, notations: list[str]) -> None:
    assert [notation for notation in notations if term not in search_terms(f"于 {notation} 。")] == []


@pytest.mark.parametrize(
    "text",
    [
        "一些 一样 统一 万一 三星电子 五粮液 四川 七喜",
        "一些 一樣 統一 萬一 三峽 十分重要",
        "someone may march on",
        "这些 SpatialOS",
    ],
)
def test_words_hold_no_quantity(text: str) -> None:
    assert quantities(text) == []


@pytest.mark.parametrize("name", ["910B", "H20", "GPT-4", "RTX4090", "MPEG-4", "v1.2.3", "昇腾910B芯片", "O\n2"])
def test_identifiers_are_left_to_the_caller(name: str) -> None:
    assert quantities(f"采用 {name} 。") == []


def test_money_carries_currency_and_scale() -> None:
    assert values("US$1.2bn 12亿美元 £30m 3000萬英鎊 NT$5,000 新台幣5千元") == [
        ("1200000000", "money", "USD"), ("1200000000", "money", "USD"), ("30000000", "money", "GBP"),
        ("30000000", "money", "GBP"), ("5000", "money", "TWD"), ("5000", "money", "TWD"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10-15%", [("10", "percent", ""), ("15", "percent", "")]),
        ("100至200億", [("10000000000", "number", ""), ("20000000000", "number", "")]),
        ("between 10 and 15 million", [("10000000", "number", ""), ("15000000", "number", "")]),
        ("2001–02", [("2001", "year", ""), ("2002", "year", "")]),
        ("3,800-3,700 BC", [("-3800", "year", ""), ("-3700", "year", "")]),
        ("24比10", [("24", "score", ""), ("10", "score", "")]),
        ("3月5日至8日", [("--03-05", "date", ""), ("--03-08", "date", "")]),
    ],
)
def test_ranges_scores_and_spans_give_both_ends(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert values(text) == expected


def test_offsets_are_those_of_the_text_as_given() -> None:
    text = "约３５０萬人，於　２０２４年三月五日，about US$1.2bn"
    assert [text[q.start : q.end] for q in quantities(text)] == ["３５０萬人", "２０２４年三月五日", "US$1.2bn"]
    assert [q.approximate for q in quantities(text)] == [True, False, True]
    assert len(plain(text)) == len(text)


@pytest.mark.parametrize(
    "text",
    [
        "见https://example.org/2020/18213，共3家",
        "見 www.example.org/a-18213-b 。共3家",
        "See http://example.org/documents/2020-18213/x; 3 firms",
        "据 https://example.org/18213 统计, 3 firms",
    ],
)
def test_what_stands_in_a_link_is_no_quantity(text: str) -> None:
    assert [str(quantity.value) for quantity in quantities(text)] == ["3"]


def test_weak_mentions_are_marked_and_give_no_terms() -> None:
    text = "一个 两名 one hundreds of 数百 half"
    assert [q.weak for q in quantities(text)] == [True] * 6
    assert search_terms(text) == []
    assert [q.weak for q in quantities("三十多年 两年")] == [False, False]


def test_date_parts_name_what_is_stated() -> None:
    assert date_parts("2024-03-05") == {"y": 2024, "m": 3, "d": 5}
    assert (date_parts("--03"), date_parts("---05")) == ({"m": 3}, {"d": 5})
    with pytest.raises(ValueError, match="must be written like"):
        date_parts("March")


def test_a_quantity_refuses_a_span_that_runs_backwards() -> None:
    with pytest.raises(ValueError, match="must be 0 <= start <= end"):
        Quantity(Decimal(1), "number", "", 5, 4)


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("收入为350万美元", "Revenue was $3.5 million."),
        ("營收成長百分之二點五", "营收增长2.5%"),
        ("It shipped 2,000 units in May 2002.", "公司于2002年5月出货两千台"),
        ("成立于2007年", "It was founded on 8 February 2007."),
        ("about 3.5 million people", "人口为3,480,000"),
        ("The fees are over 7 million.", "费用为7,482,500"),
        ("during the late 1960s", "上世纪60年代末"),
        ("墙长117公里", "The wall is 73 miles long."),
        ("CO2 is a gas.", "二氧化碳是一种气体"),
        ("the three brothers", "兄弟三人"),
        ("They meet at 7 pm.", "See you at seven... 7 works."),
        ("混合 mixed: 50 billion 元", "500亿元"),
        ("十几个国家参加", "A dozen countries... 14 countries took part."),
        ("三十多家公司", "33 companies"),
        ("三分之一的人口", "about a third live there"),
        ("4月上映", "The April release was late."),
        ("60日内", "within 60 days"),
        ("一百年前", "a century ago"),
        ("增加了三倍", "The figure tripled."),
        ("G20 leaders met.", "二十国集团领导人会晤"),
        ("二十國集團領導人會晤", "Leaders of the G20 met."),
        ("路易十四即位", "Louis XIV came to the throne."),
        ("第五十届超级碗", "Super Bowl L"),
        ("more than 200,000 people", "20多万人"),
        ("20多萬人", "more than 200,000 people"),
        ("from 250 to 65 million years ago", "2.5亿至6500万年前"),
        ("Trade flourished in the 17th and 18th centuries.", "在17、18世纪，贸易繁荣"),
        ("163,696 square miles (423,970 km2)", "面积为163,696平方英里"),
        ("over the past 50 years", "在过去的半个世纪里"),
        ("一个半小时后", "90 minutes later"),
        ("half a million people", "五十万人"),
        ("two thousand years", "for two millennia"),
        ("3.2 deaths per 1,000 children", "每千名儿童中有3.2人死亡"),
        ("近一百万居民 nearly one million inhabitants", "近百万居民"),
        ("after the September 11 attacks", "九一一袭击之后"),
        ("十万分之一", "one in 100,000"),
        ("百分之四十的人", "two in five people"),
    ],
)
def test_what_the_evidence_states_is_supported(claim: str, evidence: str) -> None:
    assert unsupported_quantities(claim, evidence) == []


@pytest.mark.parametrize(
    ("claim", "evidence", "missing"),
    [
        ("收入为370万美元", "Revenue was $3.5 million.", "370万美元"),
        ("營收成長百分之三", "营收增长2.5%", "百分之三"),
        ("founded on 9 February 2007", "成立于2007年2月8日", "9 February 2007"),
        ("in the 1970s", "在20世纪60年代", "1970s"),
        ("人口约3,480,000", "about 3.5 million people", "3,480,000"),
        ("It has 3.5 million users.", "用户为3,480,000", "3.5 million"),
        ("It lasted 5 months.", "历时5年", "5 months"),
        ("It costs 5 euros.", "价格为5美元", "5 euros"),
        ("使用 H200 芯片", "It uses the H20 chip.", "H200"),
        ("第47任博士", "the Eleventh Doctor", "第47"),
        ("在 38 世纪", "in the 18th century", "38 世纪"),
        ("增长 12%", "12 million users", "12%"),
        ("20多万人", "more than 300,000 people", "20多万人"),
        ("路易十五即位", "Louis XIV came to the throne.", "十五"),
        ("from 250 to 75 million years ago", "2.5亿至6500万年前", "75 million years"),
        ("两个半小时后", "90 minutes later", "两个半小时"),
        ("one in six", "五分之一", "one in six"),
        ("在16、18世纪", "in the 17th and 18th centuries", "16、18世纪"),
        ("1 million users", "It has 5 million users.", "1 million"),
        ("100 staff", "It employs five hundred staff.", "100"),
    ],
)
def test_what_the_evidence_does_not_state_is_returned(claim: str, evidence: str, missing: str) -> None:
    found = unsupported_quantities(claim, evidence)
    assert [claim[q.start : q.end] for q in found] == [missing]


@pytest.mark.parametrize(
    "text", ["1" * 20000, "三" * 20000, "一百" * 5000, "1," * 20000, "twenty-" * 4000, "约" + " " * 20000]
)
def test_long_runs_cost_no_quadratic_time(text: str) -> None:
    started = time.process_time()
    quantities(text)
    assert time.process_time() - started < 8


@pytest.mark.skipif(not CLAIMS.exists(), reason="the claims are not in the repository")
def test_swapped_numbers_are_told_from_true_ones_across_languages() -> None:
    rows = [json.loads(line) for line in CLAIMS.open(encoding="utf-8")]
    fit = [row for row in rows if row["split"] == "fit" and row["source"].startswith("xquad-number")]
    for language in ("zh", "en"):
        for supported, low, high in ((False, 0.95, 1.0), (True, 0.0, 0.03)):
            group = [row for row in fit if row["lang"] == language and row["supported"] is supported]
            flagged = [bool(unsupported_quantities(row["claim"], row["evidence"])) for row in group]
            assert low <= sum(flagged) / len(flagged) <= high
