"""The names of people in a sentence, in either script and both languages."""

from __future__ import annotations

import pytest

from rag.answer.people import new_names


@pytest.mark.parametrize(
    ("question", "sentence", "names"),
    [
        ("谁是董事长？", "董事长为沈立衡，总经理为顾闻笙。", ["沈立衡", "顾闻笙"]),
        ("誰主持聯合實驗室？", "聯合實驗室由唐若溪博士主持。", ["唐若溪"]),
        ("沈立衡之外还有谁？", "董事长为沈立衡，总经理为顾闻笙。", ["顾闻笙"]),
        ("谁发明了它？", "由艾萨克·牛顿提出。", ["艾萨克·牛顿"]),
        ("Who is the chief executive?", "Maren Holt, Chief Executive Officer", ["Maren Holt"]),
        ("Who led the army?", "It was led by his younger general, Jebe, in 1218.", ["Jebe"]),
        ("Who is the CEO of Kestrel Memory?", "Kestrel Memory was awarded a grant in March 2024.", []),
        ("Northgate 的 CEO 是谁？", "Northgate 由 Maren Holt 领导。", ["Maren Holt"]),
        ("谁是厂长？", "嶺川成立於2003年，主要生產據點為苗栗。", []),
        ("谁？", "", []),
    ],
)
def test_the_people_a_sentence_names_and_the_question_does_not(question: str, sentence: str, names: list[str]) -> None:
    assert [sentence[start:end] for start, end in new_names(question, sentence)] == names
