"""The probe: what is learned from readings, and that a sentence which answers is told from one on the same thing."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from eval.data import ReadingRow
from eval.fit.probe import ProbeFitSettings, choices, fit_weights
from index.language import Side
from index.models import LANGUAGE_MODEL, is_installed, is_ready
from rag.answer.probe import AnswerProbe, question_states
from rag.language_model import LanguageModel, language_model
from rag.linear_probe import LinearProbe, stored_probe
from rag.rerank import unrelated_texts

pytest.importorskip("torch")
installed = pytest.mark.skipif(
    not is_installed(LANGUAGE_MODEL) or not (is_ready(LANGUAGE_MODEL) or os.environ.get("WENJU_TEST_LIKELIHOOD")),
    reason="the language model is not prepared: set WENJU_TEST_LIKELIHOOD=1",
)

PLANT: dict[str, tuple[str, ...]] = {
    "zh-Hans": ("启衡的工厂位于临江市。", "启衡的工厂由它的总经理周岚设计。", "启衡的工厂在2021年建成。"),
    "zh-Hant": ("啟衡的工廠位於臨江市。", "啟衡的工廠由它的總經理周嵐設計。", "啟衡的工廠在2021年建成。"),
    "en": (
        "Qiheng's plant is in the city of Linjiang.",
        "Qiheng's plant was designed by its manager, Zhou Lan.",
        "Qiheng's plant was finished in 2021.",
    ),
    "mixed": (
        "启衡（Qiheng）的工厂位于临江（Linjiang）。",
        "启衡（Qiheng）的工厂由总经理周岚（Zhou Lan）设计。",
        "启衡（Qiheng）的工厂在2021年建成。",
    ),
}
QUESTIONS = [
    ("启衡的工厂在哪里？", 0), ("啟衡的工廠是誰設計的？", 1), ("启衡的工厂是哪一年建成的？", 2),
    ("Where is Qiheng's plant?", 0), ("Who designed Qiheng's plant?", 1), ("When was Qiheng's plant finished?", 2),
]  # fmt: skip


class Counted(LanguageModel):
    """Stands for the language model: what it holds of a question are the lengths of the text and of the question, and
    the depth."""

    def encode(self, text: str) -> list[int]:
        return list(range(len(text)))

    def states(
        self, contexts: Sequence[Sequence[int]], continuation: Sequence[int], depth: int, batch_tokens: int = 0
    ) -> npt.NDArray[np.float32]:
        rows = [[len(context), len(continuation), depth] for context in contexts]
        return np.array(rows, dtype=np.float32).reshape(len(rows), 3)


@installed
@pytest.mark.parametrize("held", list(PLANT))
@pytest.mark.parametrize(("question", "answering"), QUESTIONS)
def test_a_sentence_that_answers_is_told_from_those_on_the_same_thing(question: str, answering: int, held: str) -> None:
    scores = AnswerProbe(language_model())(question, PLANT[held], ["en" if held == "en" else "zh"] * 3)
    assert int(np.argmax(scores)) == answering


@installed
@pytest.mark.parametrize("question", [question for question, _ in QUESTIONS])
def test_what_nothing_answers_is_surer_of_none(question: str) -> None:
    probe = AnswerProbe(language_model())
    unrelated = probe(question, ["今天下了一整天的雨。", "It rained all day."], ["zh", "en"])
    assert max(unrelated) < min(max(probe(question, PLANT["zh-Hans"], ["zh"] * 3)), -1.0)
    assert unrelated == probe(question, ["今天下了一整天的雨。", "It rained all day."], ["zh", "en"])


def test_states_are_less_those_after_unrelated_texts_of_their_side() -> None:
    model, question = Counted(), "启衡?"
    texts: list[tuple[str, Side]] = [("甲" * 9, "zh"), ("b" * 30, "en"), ("丙" * 20, "zh")]
    found = question_states(model, question, [text for text, _ in texts], [name for _, name in texts], depth=3)
    # What a prompt adds to a text it adds to the unrelated ones too.
    usual = {name: np.mean([len(text) for text in unrelated_texts(name)]) for name in ("zh", "en")}
    assert found.tolist() == pytest.approx(np.array([[len(text) - usual[name], 0, 0] for text, name in texts]))
    for name in ("zh", "en"):
        own = unrelated_texts(name)
        assert question_states(model, question, own, [name] * len(own), 3).sum() == pytest.approx(0.0, abs=1e-4)
    assert question_states(model, question, [], [], 3).shape == (0, 3)


def test_of_a_long_text_the_end_is_read() -> None:
    long, short = (question_states(Counted(), "?", [text], ["zh"], 1) for text in ("长" * 900, "长" * 160))
    assert long.tolist() == short.tolist()


def test_a_linear_probe_by_hand() -> None:
    probe = LinearProbe(3, (0.5, -1.23456), 0.25)
    assert probe.logits(np.array([[2.0, 0.0], [0.0, 1.0]], np.float32)).tolist() == pytest.approx([1.25, -0.98456])
    assert json.loads(probe.to_json("x")) == {"source": "x", "depth": 3, "bias": 0.25, "weights": [0.5, -1.235]}
    with pytest.raises(ValueError, match="depth of 1 or more"):
        LinearProbe(0, (1.0,), 0.0)


@pytest.mark.parametrize("name", ["answer", "support"])
def test_weights_are_stored_for_all_that_the_model_gives(name: str) -> None:
    probe = stored_probe(name)
    assert len(probe.weights) == 2 * 640 and 1 <= probe.depth <= 18
    assert all(map(math.isfinite, [*probe.weights, probe.bias]))
    again = json.loads(probe.to_json("somewhere"))
    assert (again["source"], again["depth"], again["bias"]) == ("somewhere", probe.depth, probe.bias)
    assert again["weights"] == list(probe.weights)


def test_weights_choose_the_right_row_or_none_by_hand() -> None:
    # The first number tells what answers; the second is noise that is the same in every row of a question.
    states = np.array([[1, 5], [0, 5], [0, 2], [1, 2], [0, 3], [0, 3]] * 20, dtype=np.float32)
    right = [(True, False), (False, True), (False, False)] * 20
    weights, bias, loss = fit_weights(states, right, penalty=1e-3)
    scores = states @ weights + bias
    assert weights[0] > 1.0 > abs(weights[1])
    assert all(scores[states[:, 0] == 1] > 0.0) and all(scores[states[:, 0] == 0] < 0.0)
    again = fit_weights(states, right, penalty=1e-3)
    assert np.array_equal(weights, again[0]) and bias == again[1]
    # Each question is a choice among its two rows and none, whose score is 0.
    shares = [np.exp(own) / (1.0 + np.exp(own).sum()) for own in scores.reshape(-1, 2)]
    likely = [own[list(rows)].sum() if any(rows) else 1.0 - own.sum() for own, rows in zip(shares, right, strict=True)]
    assert loss == pytest.approx(-np.log(likely).mean(), abs=1e-5)


@pytest.mark.parametrize(
    ("lang", "text", "question", "answer"),
    [
        ("zh", "启衡位于临江市。启衡的总经理是周岚。启衡有三座工厂。启衡生产芯片。", "启衡的总经理是谁？", "周岚"),
        ("zh", "啟衡位於臨江市。啟衡的總經理是周嵐。啟衡有三座工廠。啟衡生產晶片。", "啟衡的總經理是誰？", "周嵐"),
        ("en", "Qiheng is big. It is led by Lan. It has three plants. It makes chips.", "Who leads big Qiheng?", "Lan"),
        ("zh", "Qiheng位于临江市。它的CEO是周岚。Qiheng有三座工厂。Qiheng生产芯片。", "Qiheng在哪里由谁管理？", "周岚"),
    ],
)  # fmt: skip
def test_choices_are_sentences_of_one_passage_some_without_their_answer(
    lang: str, text: str, question: str, answer: str
) -> None:
    rows = [ReadingRow(f"q{n}", lang, text, question, (answer,), True) for n in range(40)]
    rows += [ReadingRow("none", lang, text, "?" + question, (), False)]
    rows += [ReadingRow("one", lang, f"{answer}。", question, (answer,), True)]
    rows += [ReadingRow("elsewhere", lang, text, question, ("Li Ming",), True)]
    settings = ProbeFitSettings(questions=50, read=2)
    found = list(choices(rows, settings))
    assert found == list(choices(rows, settings))
    assert len(found) == 41  # neither the passage of one sentence nor the answer that stands nowhere
    assert all(len(choice.spans) == 2 for choice in found)
    # The sentence that answers is read also where others share more words with the question.
    assert 0 < sum(any(choice.right) for choice in found) < 40
    for choice in found:
        asked = choice.question == question
        assert list(choice.right) == [answer in span.text and asked for span in choice.spans]


def test_a_question_all_of_whose_sentences_answer_may_lose_them_all() -> None:
    rows = [ReadingRow(f"q{n}", "zh", "周岚来了。周岚走了。", "谁？", ("周岚",), True) for n in range(20)]
    found = list(choices(rows, ProbeFitSettings(questions=20)))
    assert 0 < len(found) < 20 and all(choice.right == (True, True) for choice in found)
