"""The probe: what is learned from readings, and that a sentence which answers is told from one on the same thing."""

from __future__ import annotations

import os

import numpy as np
import pytest

from eval.data import ReadingRow
from eval.fit.probe import ProbeFitSettings, choices, fit_weights
from index.language import Side
from index.models import LANGUAGE_MODEL, is_installed, is_ready
from rag.answer.probe import DEPTH, AnswerProbe, StateReader, stored_probe
from rag.language_model import language_model

pytest.importorskip("torch")
installed = pytest.mark.skipif(
    not is_installed(LANGUAGE_MODEL) or not (is_ready(LANGUAGE_MODEL) or os.environ.get("WENJU_TEST_LIKELIHOOD")),
    reason="the language model is not prepared: set WENJU_TEST_LIKELIHOOD=1",
)

SENTENCES: dict[Side, tuple[str, ...]] = {
    "zh": ("启衡的工厂位于临江市，占地30公顷。", "启衡的工厂由它的总经理周岚设计。", "启衡的工厂在2021年建成。"),
    "en": (
        "Qiheng's plant is in the city of Linjiang.",
        "Qiheng's plant was designed by its manager, Zhou Lan.",
        "Qiheng's plant was finished in 2021.",
    ),
}
QUESTIONS = [
    ("启衡的工厂在哪里？", 0), ("啟衡的工廠是誰設計的？", 1), ("启衡的工厂是哪一年建成的？", 2),
    ("Where is Qiheng's plant?", 0), ("Who designed Qiheng's plant?", 1), ("When was Qiheng's plant finished?", 2),
]  # fmt: skip


@installed
@pytest.mark.parametrize("held", ["zh", "en"])
@pytest.mark.parametrize(("question", "answering"), QUESTIONS)
def test_a_sentence_that_answers_is_told_from_those_on_the_same_thing(
    question: str, answering: int, held: Side
) -> None:
    scores = AnswerProbe(language_model())(question, SENTENCES[held], [held] * 3)
    assert int(np.argmax(scores)) == answering


@installed
def test_what_nothing_answers_is_surer_of_none() -> None:
    probe = AnswerProbe(language_model())
    for question, _ in QUESTIONS:
        unrelated = probe(question, ["天气很好，我们去散步。", "We went for a walk."], ["zh", "en"])
        assert max(unrelated) < max(probe(question, SENTENCES["zh"], ["zh"] * 3))
    assert probe(question, [], []) == []


@installed
def test_states_are_less_those_after_unrelated_texts_and_do_not_depend_on_company() -> None:
    reader = StateReader(language_model())
    both = reader.states(QUESTIONS[0][0], [SENTENCES["zh"][0], SENTENCES["en"][0]], ["zh", "en"])
    again = StateReader(language_model()).states(QUESTIONS[0][0], SENTENCES["en"][:1], ["en"])
    assert both.shape == (2, len(stored_probe()["weights"])) and stored_probe()["depth"] == DEPTH
    weights = np.array(stored_probe()["weights"], dtype=np.float32)
    assert float(both[1] @ weights) == pytest.approx(float(again[0] @ weights), abs=0.5)


def test_weights_choose_the_right_row_or_none_by_hand() -> None:
    # The first number tells what answers; the second is noise that is the same in every row of a question.
    states = np.array([[1, 5], [0, 5], [0, 2], [1, 2], [0, 3], [0, 3]] * 20, dtype=np.float32)
    right = [(True, False), (False, True), (False, False)] * 20
    weights, bias, loss = fit_weights(states, right, penalty=1e-3)
    scores = states @ weights + bias
    assert weights[0] > 1.0 > abs(weights[1])
    assert all(scores[states[:, 0] == 1] > 0.0) and all(scores[states[:, 0] == 0] < 0.0)
    assert 0.0 < loss < float(np.log(3)) / 2
    again = fit_weights(states, right, penalty=1e-3)
    assert np.array_equal(weights, again[0]) and bias == again[1]


def test_choices_are_sentences_of_one_passage_some_without_their_answer() -> None:
    text = "启衡位于临江市。启衡的总经理是周岚。启衡有三座工厂。启衡生产芯片。启衡成立于2009年。"
    rows = [ReadingRow(f"q{n}", "zh", text, "启衡的总经理是谁？", ("周岚",)) for n in range(40)]
    rows += [
        ReadingRow("none", "zh", text, "启衡的电话是多少？", ()),
        ReadingRow("one", "zh", "周岚。", "谁？", ("周岚",)),
    ]
    rows += [ReadingRow("elsewhere", "zh", text, "谁？", ("李明",))]
    settings = ProbeFitSettings(questions=40, read=3)
    found = list(choices(rows, settings))
    assert found == list(choices(rows, settings))
    assert all(len(choice.spans) == 3 for choice in found)
    answered = [choice for choice in found if any(choice.right)]
    assert 0 < len(answered) < len(found) - 1  # some lost their answer, and one never had any
    for choice in found:
        assert list(choice.right) == ["周岚" in span.text and "总经理" in choice.question for span in choice.spans]
