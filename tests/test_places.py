"""Which countries a question and a sentence name: another country's figure is no answer."""

from __future__ import annotations

from importlib import resources

import pytest

from rag.answer.places import elsewhere


@pytest.mark.parametrize(
    ("question", "sentence", "around", "expected"),
    [
        ("法国为意法半导体拨款多少？", "意大利为意法半导体拨款20亿欧元。", "", 1),
        ("法國為意法半導體撥款多少？", "Italy gave STMicroelectronics 2 billion euros.", "", 1),
        ("How much did Spain give STMicroelectronics?", "意大利為意法半導體撥款20億歐元。", "", 1),
        ("How much did Italy give STMicroelectronics?", "意大利為意法半導體撥款20億歐元。", "", 0),
        ("台积电在日本获得了多少资助？", "美国为台积电提供66亿美元。", "", 1),
        ("台积电在日本获得了多少资助？", "台积电获得66亿美元。", "", 0),  # no other country is named
        ("台积电在日本获得了多少资助？", "美国供应商为台积电熊本厂供货。", "", 0),  # Kumamoto is in Japan
        ("How many chips did China buy?", "The U.S. sold a million chips.", "Exports to Chinese firms", 0),
        ("对华出口多少？", "美国向德国出口。", "", 0),  # the question names no country by its name
        ("中国的出口多少？", "美国今年对华出口增长一成。", "", 0),
        ("How large is Turkish output?", "The turkey sold in France is fresh.", "", 1),
        ("Who governs North Korea?", "South Korea elected a president.", "", 1),
        ("印度尼西亚的产量是多少？", "印度的产量是3万吨。", "", 1),
        ("What did it tell us?", "It was made in Japan.", "", 0),
        ("How much did Italy give?", "It gave US$2 billion.", "", 0),  # a currency is no country
        ("美国拨款多少？", "意大利拨款20亿美元。", "", 1),
        ("日本的产量是多少？", "其中美国日产3万片。", "", 1),
        ("意大利的产量是多少？", "罗马尼亚的产量是3万片。", "", 1),
        ("法国的产量是多少？", "美国在立法方面领先。", "", 1),
        ("中国的产量是多少？", "美国产能是3万片。", "", 1),
        ("How large is Mexico?", "New Mexico is as large as Poland.", "", 1),
        ("Who wrote it in the UK?", "It was written in French.", "", 0),
    ],
)
def test_a_sentence_on_another_country(question: str, sentence: str, around: str, expected: int) -> None:
    assert elsewhere(question, sentence, around) == expected


def test_the_table_has_three_columns_and_no_name_twice() -> None:
    text = resources.files("rag").joinpath("data/places.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    assert len(rows) > 60 and all(len(row) == 3 and all(row) for row in rows)
    names = [name for row in rows for column in row[:2] for name in column.split(",")]
    assert len(names) == len(set(names))
