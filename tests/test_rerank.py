"""Reranking: windows of whole sentences, a tail that stays behind, and both kinds of model on real passages."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from real import real, real_folder

from index.errors import ModelError
from index.language import Side, sentences
from index.lexical import Term
from index.models import LANGUAGE_MODEL, is_installed, is_ready, prepare
from index.types import Passage
from rag import KnowledgeBase
from rag.language_model import LanguageModel
from rag.rerank import (
    Reranker,
    RerankSettings,
    best_window,
    language_model_lifts,
    lifts,
    load_reranker,
    missing_models,
    unrelated_texts,
    window_size,
)  # fmt: skip
from rag.retrieve import Candidate, QueryTerms, RetrievalSettings, Retriever

__all__ = ["real", "real_folder"]

QUESTIONS = [
    "CX-8的显存带宽是多少？",
    "輝達H20的記憶體頻寬是多少？",
    "How much prepayment will Northgate make?",
    "H20?",
]
# Preparing the language model takes a minute: it is tested where that is done, or asked for.
likelihood = pytest.mark.skipif(
    not is_installed(LANGUAGE_MODEL) or not (is_ready(LANGUAGE_MODEL) or os.environ.get("WENJU_TEST_LIKELIHOOD")),
    reason="the language model is not prepared: set WENJU_TEST_LIKELIHOOD=1",
)


def ids(passages: list[Passage]) -> list[str]:
    return [passage.chunk_id for passage in passages]


def terms(*found: str) -> QueryTerms:
    return QueryTerms(tuple(Term((((word,), 1.0),)) for word in found), (1.0,) * len(found), 1.0)


class Lengths(LanguageModel):
    """Stands for the language model: a text makes a question the likelier the longer it is."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[int] = []

    def encode(self, text: str) -> list[int]:
        return list(range(len(text)))

    def log_likelihoods(
        self,
        contexts: Sequence[Sequence[int]],
        continuation: Sequence[int],
        batch_tokens: int = 0,
        seconds: float = 0.0,
    ) -> npt.NDArray[np.float32]:
        self.read.append(len(contexts))
        return np.array([[float(len(context))] * len(continuation) for context in contexts], dtype=np.float32)


def test_a_lift_is_over_the_unrelated_texts_of_its_side_all_read_at_once() -> None:
    model = Lengths()
    both = lifts(model, "启衡?", ["甲" * 9, "b" * 30], ["zh", "en"], question_tokens=9)

    assert model.read == [2 + 2 * 2]
    # What a prompt adds to a text it adds to the unrelated ones too.
    assert both == pytest.approx(
        [
            9 - np.mean([len(text) for text in unrelated_texts("zh")]),
            30 - np.mean(list(map(len, unrelated_texts("en")))),
        ]
    )
    assert lifts(model, "启衡?", ["甲" * 9], ["zh"], question_tokens=9) == both[:1] and model.read[1:] == [1 + 2]


# --- windows -------------------------------------------------------------------------------------------------------

TEXTS = {
    "zh-Hans": (
        "今天天气很好。" * 8 + "启衡的月产能为4.5万片。" + "明天也是晴天。" * 8,
        ("产能",),
        "月产能为4.5万片",
    ),
    "zh-Hant": (
        "今天天氣很好。" * 8 + "嶺川的月產能為1.8萬片。" + "明天也是晴天。" * 8,
        ("产能",),
        "月產能為1.8萬片",
    ),
    "en": (
        "It is a fine day. " * 8 + "Qiheng makes 45,000 wafers. " + "It rains often. " * 8,
        ("wafer",),
        "45,000 wafers",
    ),
    "mixed": (
        "天气很好。It rains. " * 6 + "CX-8 芯片 ships in May。" + "明天是晴天。" * 8,
        ("芯片", "ship"),
        "CX-8 芯片 ships",
    ),
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("tokens", [8, 16, 40])
def test_a_window_is_whole_sentences_and_holds_what_is_asked_for(name: str, tokens: int) -> None:
    text, asked, held = TEXTS[name]
    window = best_window(text, terms(*asked), tokens)
    assert held in window and len(window) < len(text)
    start = text.index(window)
    bounds = sentences(text)
    assert start in {first for first, _ in bounds} and start + len(window) in {last for _, last in bounds}
    assert len(window) <= tokens * 6 or len(sentences(window)) == 1


def test_a_short_passage_is_its_own_window() -> None:
    assert best_window("一句话。又一句。", terms("没有"), 96) == "一句话。又一句。"
    assert best_window("", terms("没有"), 96) == ""


def test_one_long_sentence_is_not_cut() -> None:
    text = "很长" * 200 + "。"
    assert best_window(text, terms("很长"), 16) == text


def test_where_nothing_is_held_the_window_is_the_beginning() -> None:
    text = "".join(f"第{i}句话没有什么内容。" for i in range(30))
    assert text.startswith(best_window(text, terms("capacity"), 30))


# --- no reranking --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", QUESTIONS)
def test_none_keeps_the_order_of_retrieval(real: KnowledgeBase, question: str) -> None:
    reranker = load_reranker(RerankSettings(model="none"), real.retriever())
    assert reranker.rerank(question, 8) == real.retriever().search(question, 8)


# --- a cross-encoder -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cross_encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with a very small cross-encoder of chance weights: it orders passages anyhow, but always alike."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("cross-encoder")
    letters = {chr(c): i for i, c in enumerate([*range(32, 127), *range(0x4E00, 0x9FA6)], start=3)}
    tokenizer = Tokenizer(models.WordLevel({"[PAD]": 0, "[UNK]": 1, "[SEP]": 2, **letters}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A [SEP]", pair="$A [SEP] $B:1 [SEP]:1", special_tokens=[("[SEP]", 2)]
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", sep_token="[SEP]", model_max_length=64
    )
    fast.save_pretrained(folder)
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=3 + len(letters), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16, max_position_embeddings=64, initializer_range=1.0,
    )  # fmt: skip
    config.num_labels = 1
    BertForSequenceClassification(config).save_pretrained(folder)
    return str(folder)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_cross_encoder_reorders_the_first_and_leaves_the_tail_behind(
    real: KnowledgeBase, cross_encoder: str, question: str
) -> None:
    retriever = real.retriever()
    reranker = load_reranker(RerankSettings(model=cross_encoder, at_first=6), retriever)
    found = _checked_order(reranker, question)
    read = set(ids(retriever.passages(retriever.candidates(question)[:6])))
    first = retriever.search(question, 30)
    head = [chunk for chunk in ids(found) if chunk in read]
    assert ids(found)[: len(head)] == head, "one that was not read came before one that was"
    assert [chunk for chunk in ids(found) if chunk not in read] == [chunk for chunk in ids(first) if chunk not in read][
        : 30 - len(head)
    ]


def test_a_cross_encoder_changes_some_order(real: KnowledgeBase, cross_encoder: str) -> None:
    reranker = load_reranker(RerankSettings(model=cross_encoder), real.retriever())
    assert any(ids(reranker.rerank(q, 8)) != ids(real.retriever().search(q, 8)) for q in QUESTIONS)


def _checked_order(reranker: Reranker, question: str) -> list[Passage]:
    """Thirty passages, after what must hold for any reranker: the same order each time, whatever the limit."""
    found = reranker.rerank(question, 30)
    assert reranker.rerank(question, 30) == found
    assert len(set(ids(found))) == len(found) == 30
    assert [passage.score for passage in found] == sorted((passage.score for passage in found), reverse=True)
    for limit in (1, 5, 9):
        assert reranker.rerank(question, limit) == found[:limit]
    return found


def test_a_cross_encoder_that_is_not_here_is_an_error_of_one_line(real: KnowledgeBase) -> None:
    reranker = load_reranker(RerankSettings(model="nobody/no-such-reranker"), real.retriever())
    with pytest.raises(ModelError, match="download it to a folder") as caught:
        reranker.rerank(QUESTIONS[0], 3)
    assert "\n" not in str(caught.value)


def test_a_cross_encoder_with_code_is_refused_and_nothing_of_it_runs(real: KnowledgeBase, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "modeling.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')", encoding="utf-8")
    (tmp_path / "model" / "modules.json").write_text(
        json.dumps([{"idx": 0, "name": "0", "path": "", "type": "modeling.Model"}]), encoding="ascii"
    )
    with pytest.raises(ModelError, match="Python files"):
        load_reranker(RerankSettings(model=str(tmp_path / "model")), real.retriever()).rerank(QUESTIONS[0], 3)
    assert not (tmp_path / "ran").exists()


def test_a_passage_lacks_the_model_numbers_that_another_holds() -> None:
    def about(text: str, title: str = "") -> Passage:
        return Passage("c", "d", title, "/a.txt", None, 0, len(text), text, "en", 0.0)

    held = [about("The H20 sells."), about("Half the speed.", "H20 and H-100"), about("芯片H100"), about("A chip.")]
    assert missing_models("H20 的性能是 H100 的几成？", held) == [1, 0, 1, 2]
    assert missing_models("Is the H20 faster than the B200?", held) == [0, 0, 1, 1]  # B200 is nowhere
    assert missing_models("How fast is it?", held) == [0, 0, 0, 0] and missing_models("H20?", []) == []


# --- likelihood ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    return LanguageModel()


@likelihood
def test_likelihoods_do_not_depend_on_what_they_are_batched_with(model: LanguageModel) -> None:
    contexts = [model.encode(text) for text in ("启衡的月产能为4.5万片。", "It rains.", "嶺川位於新竹，" * 12)]
    question = model.encode(" 启衡的月产能是多少？")
    together = model.log_likelihoods(contexts, question)
    assert together.shape == (3, len(question)) and (together <= 0.0).all()
    alone = model.log_likelihoods(contexts[1:2], question, batch_tokens=1)[0]
    assert abs(alone.mean() - together[1].mean()) < 0.1
    means = together.mean(axis=1)
    assert means[0] == max(means)


@likelihood
@pytest.mark.parametrize(("precision", "most", "on_average"), [("bfloat16", 0.5, 0.08), ("float32", 0.05, 0.005)])
def test_our_forward_pass_gives_what_transformers_gives(precision: str, most: float, on_average: float) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    model = LanguageModel(precision)
    folder = prepare(LANGUAGE_MODEL)
    reference = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    texts = (
        "启衡的月产能为4.5万片，良率92%。",
        "嶺川半導體位於新竹。",
        "Qiheng makes 45,000 wafers a month. 良率92%。",
    )
    continuation = model.encode(" 启衡的月产能是多少？")
    for text in texts:
        context = model.encode(text)
        ids = torch.tensor([[2, *context, *continuation]])
        with torch.inference_mode():
            logits = reference(input_ids=ids).logits[0, len(context) : -1]
        expected = logits.log_softmax(-1).gather(-1, torch.tensor(continuation)[:, None])[:, 0]
        ours = torch.from_numpy(model.log_likelihoods([context], continuation)[0])
        assert (ours - expected).abs().max() < most  # against float32
        assert abs(float((ours - expected).mean())) < on_average


@likelihood
@pytest.mark.parametrize("question", QUESTIONS[1:2])
def test_likelihood_keeps_the_tail_behind_and_the_order_steady(real: KnowledgeBase, question: str) -> None:
    retriever: Retriever = real.retriever()
    settings = RerankSettings(model="likelihood", windows=3, window_tokens=32)
    reranker = load_reranker(settings, retriever)
    found = reranker.rerank(question, 12)
    assert ids(reranker.rerank(question, 3)) == ids(found)[:3]
    assert reranker.profile != load_reranker(RerankSettings(model="none"), retriever).profile
    candidates = retriever.candidates(question)
    read = set(ids(retriever.passages(candidates[:3])))
    behind = [chunk for chunk in ids(found) if chunk not in read]
    assert behind == [chunk for chunk in ids(retriever.search(question, 16)) if chunk not in read][: len(behind)]
    assert ids(found)[12 - len(behind) :] == behind


@pytest.mark.parametrize(("count", "tokens"), [(1, 96), (18, 96), (19, 90), (40, 43), (100, 17), (1000, 16)])
def test_more_windows_than_at_first_share_their_tokens(count: int, tokens: int) -> None:
    assert window_size(RerankSettings(), count) == tokens


class Counting(Retriever):
    """A real retriever that counts how often the words of a question are asked for: once to read passages."""

    asked = 0

    def query_terms(self, question: str) -> Mapping[Side, QueryTerms]:
        self.asked += 1
        return super().query_terms(question)


@likelihood
def test_only_an_unclear_ranking_is_read_to_its_end(real: KnowledgeBase) -> None:
    retriever: Retriever = real.retriever()
    settings = RerankSettings(model="likelihood", windows=10, at_first=4, reach=1000.0)
    ended = {"clear": 0, "unclear": 0}
    for question in (*QUESTIONS, "木星有多少颗卫星？", "Who won the match?", "那怎么办？"):
        read = Counting(retriever.generation, retriever.embedder, RetrievalSettings())
        candidates = read.candidates(question)
        searching = read.asked
        found = ids(load_reranker(settings, read).rerank(question, 10))
        order = ids(retriever.arrange(candidates, 10))
        whole = ids(load_reranker(replace(settings, at_first=10), retriever).rerank(question, 10))
        times = read.asked - 2 * searching
        if times == 1:
            ended["clear"] += 1
            assert set(found[:4]) == set(ids(retriever.passages(candidates[:4])))
            assert found[4:] == order[4:]
        else:
            ended["unclear"] += 1
            assert times == 2 and set(found) == set(whole)
    assert ended["clear"] and ended["unclear"]


@likelihood
def test_the_clock_stops_a_machine_in_trouble_and_says_so(
    real: KnowledgeBase, caplog: pytest.LogCaptureFixture
) -> None:
    retriever: Retriever = real.retriever()
    stopped = load_reranker(RerankSettings(model="likelihood", seconds=-1.0), retriever).rerank(QUESTIONS[1], 5)
    assert ids(stopped) == ids(retriever.search(QUESTIONS[1], 5))
    assert "not reranked" in caplog.text


class Slow(Retriever):
    """A real retriever that is too slow for the clock when it is first asked."""

    asked = 0

    def candidates(self, question: str) -> list[Candidate]:
        self.asked += 1
        if self.asked == 1:
            raise TimeoutError("too slow")
        return super().candidates(question)


@likelihood
def test_a_question_is_read_once_and_an_order_the_clock_stopped_is_not_kept(real: KnowledgeBase) -> None:
    plain: Retriever = real.retriever()
    slow = Slow(plain.generation, plain.embedder, RetrievalSettings())
    reranker = load_reranker(RerankSettings(model="likelihood", windows=3), slow)
    assert ids(reranker.rerank(QUESTIONS[1], 5)) == ids(plain.search(QUESTIONS[1], 5))
    found = ids(reranker.rerank(QUESTIONS[1], 5))
    assert slow.asked == 3  # stopped, its first stage instead, and read
    assert ids(reranker.rerank(QUESTIONS[1], 9))[:5] == found and slow.asked == 3


@likelihood
def test_a_question_of_any_length_costs_no_more_than_its_first_tokens(real: KnowledgeBase) -> None:
    retriever: Retriever = real.retriever()
    candidates = retriever.candidates(QUESTIONS[1])[:2]
    settings = RerankSettings(model="likelihood", question_tokens=4)
    passages = retriever.passages(candidates)
    short = language_model_lifts(QUESTIONS[1], candidates, passages, retriever, settings)
    long = language_model_lifts(QUESTIONS[1] + "再" * 3000, candidates, passages, retriever, settings)
    assert long == pytest.approx(short, abs=0.05)


@pytest.mark.skipif(is_installed(LANGUAGE_MODEL), reason="the wheel is installed here")
def test_likelihood_without_its_wheel_names_the_install_line(real: KnowledgeBase) -> None:
    from index.errors import MissingExtraError

    with pytest.raises(MissingExtraError, match="pip install"):
        load_reranker(RerankSettings(model="likelihood"), real.retriever())
