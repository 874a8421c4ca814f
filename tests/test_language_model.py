"""The language model's pass: what texts share is read once, and what comes out is as if each were read alone."""

import os

import numpy as np
import pytest

from index.models import LANGUAGE_MODEL, is_installed, is_ready, prepare
from rag.gemma import lay_out
from rag.language_model import LanguageModel

pytest.importorskip("torch")
installed = pytest.mark.skipif(
    not is_installed(LANGUAGE_MODEL) or not (is_ready(LANGUAGE_MODEL) or os.environ.get("WENJU_TEST_LIKELIHOOD")),
    reason="the language model is not prepared: set WENJU_TEST_LIKELIHOOD=1",
)

CONTEXTS = (
    "启衡微电子的月产能为4.5万片。",
    "启衡微电子的月产能为4.5万片，良率92%。",
    "Qiheng makes 45,000 wafers a month.",
    "嶺川半導體位於新竹，" * 9,
    "台積電 TSMC 的 CoWoS 產能",
    "",
)


@pytest.fixture(scope="module")
def exact() -> LanguageModel:
    return LanguageModel("float32")


def test_what_texts_begin_with_is_laid_out_once() -> None:
    reading = lay_out([[2, 7, 9], [2, 7, 8, 9], [2, 5, 8, 9, 9, 9]], 2)
    assert reading.tokens.tolist() == [2, 7, 9, 8, 9, 5, 8, 9, 9, 9]
    assert reading.positions.tolist() == [0, 1, 2, 2, 3, 1, 2, 3, 4, 5]
    # The second text is a third longer than the first, the third half as long again: each is padded for itself.
    assert [own.places.tolist() for own in reading.texts] == [[[0, 1, 2]], [[0, 1, 3, 4]], [[0, 5, 6, 7, 8, 9]]]
    assert [own.wanted.tolist() for own in reading.texts] == [[[1, 2]], [[2, 3]], [[4, 5]]]
    assert reading.first.tolist() == [0, 1, 2, 5, 6, 8, 9, 10, 11, 12]


def test_texts_of_like_lengths_are_padded_to_one() -> None:
    (own,) = lay_out([[2, 3, 4, 5, 6], [2, 3, 4, 5, 7, 8]], 1).texts
    assert own.places.tolist() == [[0, 1, 2, 3, 4, 0], [0, 1, 2, 3, 5, 6]]
    assert own.wanted.tolist() == [[4], [5]]


@installed
def test_states_halfway_up_are_of_the_question_after_each_text(exact: LanguageModel) -> None:
    asked = exact.encode(" Where is TSMC's CoWoS 产能?")
    contexts = [exact.encode(text) for text in CONTEXTS]
    together = exact.states(contexts, asked, 3)
    alone = np.concatenate([exact.states([context], asked, 3) for context in contexts])
    assert together.shape == (len(CONTEXTS), 2 * 640) and together.dtype == np.float32
    assert np.abs(together - alone).max() < 1e-2 * np.abs(alone).max()
    # Of one token, the mean and the last state are the same, and each state has a root mean square of 1.
    single = exact.states(contexts[:1], asked[:1], 3)
    assert np.array_equal(single[:, :640], single[:, 640:])
    assert float(np.square(single[:, :640]).mean()) == pytest.approx(1.0, abs=1e-3)
    assert exact.states([], asked, 3).shape == exact.states([], [], 3).shape == (0, 2 * 640)
    for depth in (0, 19):
        with pytest.raises(ValueError, match=f"depth must be 1 to 18, was: {depth}"):
            exact.states(contexts, asked, depth)


@installed
def test_states_are_those_of_transformers_at_the_same_depth(exact: LanguageModel) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    reference = AutoModelForCausalLM.from_pretrained(prepare(LANGUAGE_MODEL), dtype=torch.float32).eval()
    context, asked = exact.encode(CONTEXTS[0]), exact.encode(" 启衡的月产能是多少？")
    with torch.inference_mode():
        given = reference(torch.tensor([[2, *context, *asked]]), output_hidden_states=True).hidden_states
    for depth in (1, 7, 12):
        own = given[depth][0, -len(asked) :]
        own = own / own.square().mean(-1, keepdim=True).sqrt()
        wanted = torch.cat([own.mean(0), own[-1]]).numpy()
        found = exact.states([context], asked, depth)[0]
        assert np.abs(found - wanted).max() < 2e-2 * np.abs(wanted).max()
        assert float(found @ wanted) > 0.9999 * float(np.linalg.norm(found) * np.linalg.norm(wanted))


@installed
@pytest.mark.parametrize("question", [" 启衡的月产能是多少？", " 嶺川在哪裡？", " Where is TSMC's CoWoS 产能?"])
def test_texts_read_together_are_as_likely_as_alone(exact: LanguageModel, question: str) -> None:
    asked = exact.encode(question)
    contexts = [exact.encode(text) for text in CONTEXTS]
    together = exact.log_likelihoods(contexts, asked)
    alone = np.concatenate([exact.log_likelihoods([context], asked) for context in contexts])
    assert np.abs(together - alone).max() < 1e-3
    split = exact.log_likelihoods(contexts, asked, batch_tokens=64)
    assert np.abs(together - split).max() < 1e-3


@installed
def test_one_token_is_as_likely_as_it_is_as_the_first_of_more(exact: LanguageModel) -> None:
    contexts = [exact.encode(text) for text in CONTEXTS]
    asked = exact.encode(" 启衡的月产能是多少？")
    first = exact.log_likelihoods(contexts, asked[:1])
    assert np.abs(first - exact.log_likelihoods(contexts, asked)[:, :1]).max() < 1e-3


@installed
def test_the_same_texts_are_as_likely_the_next_time_to_the_last_digit() -> None:
    model = LanguageModel()
    contexts = [model.encode(text) for text in CONTEXTS]
    asked = model.encode(" 启衡的月产能是多少？")
    once = model.log_likelihoods(contexts, asked)
    model.log_likelihoods(contexts[2:4], asked)  # what is asked between leaves no trace
    assert (once == model.log_likelihoods(contexts, asked)).all()
