"""The decision to answer: its features by hand, and that it is a sound probability whatever was fitted."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from importlib import resources
from typing import Any

import pytest

from index.language import Side
from index.lexical import Term
from index.types import Passage
from rag.answer.sentences import ScoredSentence
from rag.phrases import frame, phrase
from rag.refuse import (
    FEATURES,
    Verdict,
    evidence_features,
    judge,
    missing_kind,
    missing_names,
    missing_otherwise,
    missing_parts,
    missing_times,
    stored_model,
)
from rag.retrieve import QueryTerms

PROFILES: Mapping[str, Any] = json.loads(resources.files("rag").joinpath("data/refusal.json").read_text("ascii"))[
    "profiles"
]


def passage(text: str, language: str, score: float) -> Passage:
    return Passage("c", "d", "標題", "/a.txt", None, 0, len(text), text, language, score, ("产能",))


def terms(*found: str) -> QueryTerms:
    return QueryTerms(tuple(Term((((word,), 1.0),)) for word in found), tuple(range(1, len(found) + 1)), 0.5)


def sentence(number: int, text: str, score: float) -> ScoredSentence:
    return ScoredSentence(number, 0, len(text), text, score, 0.25, (7.0,))


def features(question: str, asked: Side, second: float = 6.0) -> dict[str, float]:
    passages = [passage("月产能为4.5万片。", "zh-Hans", 10.0), passage("It rains.", "en", second)]
    scored = [sentence(0, "月产能为4.5万片。", 3.0), sentence(1, "It rains.", 1.0), sentence(0, "完。", 2.5)]
    own = {"zh": terms("月产能", "产能", "启衡"), "en": terms("rain")}
    found = evidence_features(question, passages, scored, own, asked)  # type: ignore[arg-type]
    return dict(zip(FEATURES, found, strict=True))


@pytest.mark.parametrize(
    ("question", "asked", "crosses"),
    [("启衡的产能是多少？", "zh", 0.0), ("啟衡的產能是多少？", "zh", 0.0), ("How many wafers?", "en", 1.0)],
)
def test_the_features_are_what_their_names_say(question: str, asked: Side, crosses: float) -> None:
    found = features(question, asked)
    assert found["passage score"] == 10.0 and found["passage lead"] == 4.0
    # The best sentence leads the best of another passage, not its own neighbour.
    assert found["sentence score"] == 3.0 and found["sentence lead"] == 2.0
    assert found["meaning"] == 7.0 and found["sentence share"] == 0.25 * 0.5 and found["coverage"] == 0.5
    assert found["kind held"] == 1.0 and found["crosses"] == crosses
    # Of weights 1, 2 and 3, the third word (启衡) stands nowhere; the second is in the text and its heading.
    assert 0.0 < found["passage share"] <= 0.25  # half of the question could be translated


def test_a_question_whose_kind_of_answer_is_not_there_shows_it() -> None:
    found = features("启衡什么时候投产？", "zh")
    assert (found["kind held"], found["kind missed"]) == (0.0, 1.0)
    assert features("启衡的产能是多少？", "zh")["kind missed"] == 0.0


def test_a_profile_that_nobody_fitted_always_answers() -> None:
    assert stored_model("nobody/model") == {}
    assert judge([0.0] * len(FEATURES), "nobody/model") == Verdict(None, True)


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_a_fitted_profile_is_a_logistic_model_over_the_features(profile: str) -> None:
    model = PROFILES[profile]
    assert set(model["weights"]) == set(FEATURES) and 0.0 < model["threshold"] < 1.0
    verdict = judge([0.0] * len(FEATURES), profile)
    assert verdict.probability == pytest.approx(1.0 / (1.0 + math.exp(-model["bias"])))
    assert verdict.answers is (verdict.probability >= model["threshold"])
    towards = [math.copysign(1e9, model["weights"][name]) for name in FEATURES]
    assert judge(towards, profile).answers and not judge([-value for value in towards], profile).answers


def test_what_we_say_is_in_the_askers_language_and_script() -> None:
    said = [phrase("refusal", language) for language in ("zh-Hans", "zh-Hant", "en")]
    assert "这些文档" in said[0] and "這些文件" in said[1] and said[2].isascii()
    assert "超时" in phrase("fallback", "zh-Hans", reason="超时")
    assert frame("zh-Hans", "zh") == frame("zh-Hant", "zh") == frame("en", "en") == ""
    assert len({frame("zh-Hans", "en"), frame("zh-Hant", "en"), frame("en", "zh")}) == 3


@pytest.mark.parametrize(
    ("question", "text", "missing"),
    [
        ("台积电2024年的净利润是多少？", "TSMC reported its results", 0),
        ("台積電2024年的淨利潤是多少？", "China's chip output grew in 2024", 1),
        ("H20 和 MI308 的售价", "H20 的售价", 1),
        ("What does Nvidia say of the H200?", "輝達談 H200", 0),
        ("What happened in the 1990s?", "nothing of that time", 0),
        ("輝達的AI晶片份額", "英偉達在華份額", 0),  # AI is a kind of thing, not a name
        ("Aurora-1用的是几纳米制程？", "Aurora-2 is made on a 5 nm process", 1),
        ("Aurora-2用的是幾奈米製程？", "The Aurora 2 is made on a 5 nm process", 0),
        ("What is the CX-1's price?", "The CX-10 costs more", 1),
        ("What was its Q3 FY2024 revenue by mid-2025?", "third quarter", 0),  # times, not names
    ],
)
def test_what_a_question_names_must_be_named_in_the_evidence(question: str, text: str, missing: int) -> None:
    assert missing_names(question, [text]) == missing


@pytest.mark.parametrize(
    ("question", "text", "missing"),
    [
        ("2022年的营收是多少？", "2023年收入为9亿元。", 1),
        ("嶺川2023年出貨多少？", "嶺川（2023）出貨1,150櫃", 0),
        ("What was it in 2021 and 2022?", "from 2021 to 2024", 1),
        ("What happened in the 1990s?", "nothing of that time", 0),
        ("岭川2024年二季度收入多少？", "2024年全年收入512亿元。", 1),
        ("嶺川2024年第二季營收多少？", "2024年Q2營收130億元。", 0),
        ("What was revenue in Q2 2024?", "Revenue of the second quarter of 2024 rose.", 0),
        ("CX-8 在 2024 年 shipped 多少？", "CX-8", 1),
    ],
)
def test_a_time_that_is_asked_for_must_stand_in_the_passage(question: str, text: str, missing: int) -> None:
    assert missing_times(question, text) == missing


@pytest.mark.parametrize(
    ("crosses", "coverage", "missing"), [(1.0, 0.9, 0), (1.0, 0.5, 1), (1.0, 0.3, 2), (0.0, 0.3, 0)]
)
def test_a_question_that_was_hardly_translated_is_hardly_answered(
    crosses: float, coverage: float, missing: int
) -> None:
    values = {"crosses": crosses, "coverage": coverage}
    assert missing_otherwise([values.get(name, 0.0) for name in FEATURES]) == missing


@pytest.mark.parametrize(
    ("question", "held", "missed"),
    [
        ("公司的净利润是多少？", "净利润为14.7亿元。", "公司成立多年，一直盈利。"),
        ("公司的淨利潤是多少？", "淨利潤為14.7億元。", "公司成立多年，一直獲利。"),
        ("What was the company's revenue?", "It took CNY 18.6 billion.", "The company has long been profitable."),
        ("Qiheng 的 revenue 是多少？", "Revenue 为18.6亿元。", "Qiheng 一直 profitable。"),
        ("谁是总经理？", "总经理为顾闻笙。", "公司成立多年，一直盈利。"),
    ],
)
def test_what_is_asked_for_must_stand_near_the_best_sentence(question: str, held: str, missed: str) -> None:
    best = sentence(0, missed, 20.0)
    assert missing_kind(question, [best]) > 0
    assert missing_kind(question, [best, sentence(0, held, 17.0)]) == 0
    assert missing_kind(question, [best, sentence(0, held, 5.0)]) > 0  # too far behind to be quoted


def test_each_missing_name_lowers_the_probability() -> None:
    profile = "multilingual-e5-small"
    whole, lowered = (judge([1.0] * len(FEATURES), profile, missing).probability for missing in (0, 1))
    assert whole and lowered == pytest.approx(whole * 0.6)


@pytest.mark.parametrize("profile", ["multilingual-e5-small", "multilingual-e5-small+likelihood"])
def test_what_is_said_of_another_country_answers_nothing_however_sure(profile: str) -> None:
    said = "意大利为意法半导体拨款20亿欧元。"
    source = Passage("c", "d", "芯片", "/a.txt", None, 0, len(said), said, "zh-Hans", 9.0)
    sure = [0.0 if name in ("crosses", "kind missed", "other time") else 50.0 for name in FEATURES]
    for question, answers in (("意大利为意法半导体拨款多少？", True), ("法国为意法半导体拨款多少？", False)):
        missing = missing_parts(question, sure, [sentence(0, said, 20.0)], [source])
        weights = stored_model(profile)["weights"]
        values = [50.0 if weights[name] > 0.0 else 0.0 for name in FEATURES]
        verdict = judge(values, profile, missing)
        assert verdict.answers is answers, (question, missing, verdict)


def test_another_phase_than_the_one_asked_for_does_not_answer() -> None:
    assert missing_names("大基金二期的规模是多少？", ["「大基金三期」有500亿美元"]) == 1
    assert missing_names("How large is the second phase of the fund?", ["國家大基金二期(規模超3000億元)"]) == 0
    assert missing_names("第二期間的收入？", ["期间收入"]) == 0
