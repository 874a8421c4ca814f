"""A figure that a question names must be named where it is answered."""

import pytest

from rag.answer.indicators import lacking


@pytest.mark.parametrize(
    ("question", "text", "missing"),
    [
        ("中芯国际2025年净利润是多少？", "40nm汽車芯片報價僅3.8美元。", 1),
        ("中芯国际2025年净利润是多少？", "歸屬母公司淨利為56.8億元。", 0),
        ("What was its net profit?", "全年淨利潤為14.7億元。", 0),
        ("岭川2024年每股收益是多少？", "公司全年合併營收達512億元。", 1),
        ("嶺川2024年每股盈餘是多少？", "EPS came to 4.37.", 0),
        ("What was the operating margin?", "營業利益率為13.2%。", 0),
        ("稼動率是多少？", "Utilisation averaged 71%.", 0),
        ("What was the company's profit?", "公司利润为5亿元。", 0),
        ("What was the company's profit margin?", "利润率为12%。", 0),
        ("What is the dividend yield?", "股息率为3.1%。", 0),
        ("启衡的月产能是多少？", "天气很好。", 0),  # no such figure
        ("Why did profits fall?", "Demand was weak.", 0),  # asks for a reason
    ],
)
def test_a_figure_is_looked_for_under_all_its_names(question: str, text: str, missing: int) -> None:
    assert lacking(question, text) == missing
