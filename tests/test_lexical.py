"""BM25: against a plain reference, and its structured terms by hand."""

from __future__ import annotations

import math
import random
from collections import Counter

import numpy as np
import pytest

from index import lexical
from index.lexical import K1, B, LexicalIndex, Term
from index.words import words


def _index(passages: list[list[str]]) -> LexicalIndex:
    return lexical.build((passage, ()) for passage in passages)


def _terms(question: list[str]) -> list[Term]:
    return [Term((((word,), 1.0),)) for word in question]


def _reference(passages: list[list[str]], question: list[str]) -> list[float]:
    """Okapi BM25 as the textbook writes it, one passage at a time."""
    mean = sum(map(len, passages)) / len(passages)
    scores = []
    for passage in passages:
        counts, score = Counter(passage), 0.0
        for word in question:
            documents = sum(word in other for other in passages)
            idf = math.log(1 + (len(passages) - documents + 0.5) / (documents + 0.5))
            frequency = counts[word]
            score += idf * frequency * (K1 + 1) / (frequency + K1 * (1 - B + B * len(passage) / mean))
        scores.append(score)
    return scores


@pytest.mark.parametrize("seed", range(5))
def test_scores_are_those_of_the_reference(seed: int) -> None:
    chance = random.Random(seed)
    vocabulary = [f"词{i}" for i in range(30)] + [f"word{i}" for i in range(30)]
    passages = [chance.choices(vocabulary, k=chance.randint(1, 40)) for _ in range(50)]
    question = chance.sample(vocabulary, 6)
    found, _ = _index(passages).scores(_terms(question))
    np.testing.assert_allclose(found, _reference(passages, question), rtol=1e-5)


@pytest.mark.parametrize(
    ("first", "second", "filler"),
    [
        ("芯片", "出口", "天气"),
        ("晶片", "關稅", "天氣"),
        ("chips", "exports", "weather"),
        ("GPU", "出口", "天气"),
    ],
)
def test_two_words_of_a_question_outweigh_one_repeated(first: str, second: str, filler: str) -> None:
    passages = [[first] * 20, [first, second, *[filler] * 18], [second, *[filler] * 19]]
    index = _index([words(" ".join(passage)) for passage in passages])
    scores, _ = index.scores(_terms(words(f"{first} {second}")))
    # By hand: both words are in 2 of 3 passages, all of 20 words, so their idf is ln(1 + 1.5 / 2.5) = ln 1.6. Said once
    # a word gives its idf; 20 times, 20 * 1.6 / (20 + 0.6) = 1.5534 of it.
    assert scores.tolist() == pytest.approx([1.5534 * math.log(1.6), 2 * math.log(1.6), math.log(1.6)], rel=1e-4)


def test_a_phrase_counts_as_often_as_its_rarest_word() -> None:
    index = _index([["export", "control", "export"], ["export"], ["control"]])
    scores, _ = index.scores([Term(((("export", "control"), 1.0),))])
    assert scores[0] > 0 and scores[1] == scores[2] == 0


def test_translations_share_the_weight_of_their_word() -> None:
    index = _index([["big"], ["large"], ["small"]])
    both = Term(((("big",), 1.0), (("large",), 1.0)))
    scores, reachable = index.scores([both])
    assert scores[0] == scores[1] and scores[2] == 0
    assert reachable == pytest.approx(math.log(1 + (3 - 2 + 0.5) / (2 + 0.5)))
    assert index.idf(both) == pytest.approx(reachable)


def test_further_keys_find_a_passage_without_making_it_longer() -> None:
    plain, keyed = _index([["a", "b"]]), lexical.build([(["a", "b"], ["~KEY"])])
    assert keyed.lengths.tolist() == plain.lengths.tolist()
    assert keyed.document_frequency("~KEY") == 1


def test_the_lists_come_back_from_their_files(tmp_path) -> None:  # type: ignore[no-untyped-def]
    index = _index([["甲", "乙"], ["乙"], []])
    arrays = {}
    for name, data in lexical.to_files(index, "zh.lexical").items():
        (tmp_path / name).write_bytes(data)
        arrays[name.split(".")[2]] = np.load(tmp_path / name, mmap_mode="r", allow_pickle=False)
    again = lexical.from_arrays(arrays)
    np.testing.assert_array_equal(again.scores(_terms(["乙"]))[0], index.scores(_terms(["乙"]))[0])


def test_nothing_indexed_scores_nothing() -> None:
    scores, reachable = _index([]).scores(_terms(["x"]))
    assert len(scores) == 0 and reachable == 0.0
