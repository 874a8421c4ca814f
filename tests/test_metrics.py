"""Every measure against arithmetic done by hand, and the ranking measures against a reference implementation."""

from __future__ import annotations

import random

import pytest

from eval.intervals import (
    auroc_interval,
    balanced_accuracy_interval,
    bootstrap,
    bootstrap_mean,
    paired_difference,
    wilson,
)
from eval.metrics import (
    CitedSentence,
    auroc,
    balanced_accuracy,
    calibration_error,
    citation_scores,
    contains,
    exact_match,
    f1,
    hit_rate,
    latency,
    ndcg,
    percentile,
    reciprocal_rank,
    refusal_scores,
    tokens,
)

# --- rankings --------------------------------------------------------------------------------------------------------


def test_hit_rate_looks_at_the_first_k() -> None:
    assert hit_rate(["a", "b", "c"], ["c"], 2) == 0.0
    assert hit_rate(["a", "b", "c"], ["c"], 3) == 1.0
    assert hit_rate([], ["c"], 3) == 0.0


def test_reciprocal_rank_is_of_the_first_gold_document() -> None:
    assert reciprocal_rank(["a", "b", "c"], ["b", "c"]) == 0.5
    assert reciprocal_rank(["x"] * 10 + ["b"], ["b"]) == 0.0  # the eleventh place does not count


def test_ndcg_by_hand() -> None:
    # Gold at ranks 2 and 4: 1/log2(3) + 1/log2(5) = .63093 + .43068; best: 1/log2(2) + 1/log2(3) = 1.63093.
    assert ndcg(["x", "a", "y", "b"], ["a", "b"]) == pytest.approx((0.63093 + 0.43068) / 1.63093, abs=1e-5)
    assert ndcg(["a", "b"], ["b", "a"]) == 1.0
    assert ndcg(["a"], ["a", "b"], k=1) == 1.0  # one place cannot hold two
    assert ndcg(["a"], []) == 0.0


def test_ranking_measures_agree_with_ir_measures() -> None:
    ir_measures = pytest.importorskip("ir_measures")
    rng = random.Random(7)
    documents = [f"d{i:02d}" for i in range(30)]
    rankings = {f"q{i}": rng.sample(documents, 15) for i in range(50)}
    gold = {query: rng.sample(documents, rng.randint(1, 12)) for query in rankings}
    judged = [ir_measures.Qrel(q, d, 1) for q, found in gold.items() for d in found]
    scored = [ir_measures.ScoredDoc(q, d, -float(i)) for q, found in rankings.items() for i, d in enumerate(found)]
    ours = {
        ir_measures.Success @ 1: lambda q: hit_rate(rankings[q], gold[q], 1),
        ir_measures.Success @ 5: lambda q: hit_rate(rankings[q], gold[q], 5),
        ir_measures.RR @ 10: lambda q: reciprocal_rank(rankings[q], gold[q]),
        ir_measures.nDCG @ 10: lambda q: ndcg(rankings[q], gold[q]),
    }
    for metric in ir_measures.iter_calc(list(ours), judged, scored):
        assert ours[metric.measure](metric.query_id) == pytest.approx(metric.value, abs=1e-9), metric


# --- answers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Broncos' 2.5% share, in the U.S.", ["broncos", "2.5", "%", "share", "in", "us"]),
        ("it cost 1,000 dollars,not 10", ["it", "cost", "1000", "dollars", "not", "10"]),
        ("先进封装，２０２４年！", ["先", "进", "封", "装", "2024", "年"]),
        ("先進封裝，2024年。", ["先", "进", "封", "装", "2024", "年"]),
        ("采用7nm工艺的H20芯片", ["采", "用", "7nm", "工", "艺", "的", "h20", "芯", "片"]),
        ("The", ["the"]),
        ("。！", []),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


@pytest.mark.parametrize(
    ("answer", "reference"),
    [
        ("the Panthers!", "panthers"),  # English
        ("晶圆厂", "晶圆厂。"),  # Simplified
        ("臺灣積體電路", "台湾积体电路"),  # Traditional against Simplified
        ("１２ 亿 USD", "12亿usd"),  # mixed
    ],
)
def test_exact_match_sees_through_writing(answer: str, reference: str) -> None:
    assert exact_match(answer, ["something else", reference]) == 1.0
    assert exact_match(answer + " 3", [reference]) == 0.0


def test_f1_is_by_word_in_english_and_by_character_in_chinese() -> None:
    assert f1("the red house", ["red car"]) == pytest.approx(0.5)  # one of two and two: 2*1/4
    assert f1("红色的房子", ["红车"]) == pytest.approx(2 / 7)  # one character of five and two
    assert f1("紅色", ["红色", "车"]) == 1.0  # the best reference counts
    assert f1("H20芯片 sold", ["H20 芯片"]) == pytest.approx(6 / 7)  # h20 芯 片 shared: 2*3/(4+3)
    assert f1("no no no", ["no"]) == pytest.approx(0.5)  # a repeated word counts once
    assert f1("。", ["a"]) == 0.0


def test_contains_wants_whole_tokens_in_order() -> None:
    assert contains("Profits rose by 12.5% in 2024.", ["12.5%"]) == 1.0
    assert contains("Profits rose by 112.5% in 2024.", ["12.5%"]) == 0.0
    assert contains("Profits rose.", ["profit"]) == 0.0
    assert contains("公司總部位於臺北市。", ["台北"]) == 1.0
    assert contains("總部在台北", ["北台"]) == 0.0
    assert contains("采用台积电 CoWoS 封装", ["CoWoS封装"]) == 1.0
    assert contains("The hall is open at 10 a.m. on Saturdays.", ["10 a.m"]) == 1.0  # cut off before its last dot
    assert contains("Output fell by -5.2%.", ["5.2%"]) == 0.0 == contains("增长5.2%", ["-5.2%"])
    assert contains("增长为−5.2%", ["-5.2%"]) == 1.0 == contains("3-5.2%", ["5.2%"])
    assert contains("产能3万-5万片", ["5万片"]) == 1.0 == contains("2019 -2024", ["2024"])
    assert contains("回收率≤90%", ["≥90%"]) == 0.0 and contains("回收率≥90%", ["90%"]) == 1.0
    assert contains("anything", ["。"]) == 0.0  # a reference without tokens stands in nothing


def test_no_reference_is_an_error_not_a_score() -> None:
    for measured in (exact_match, f1, contains):
        with pytest.raises(ValueError, match="references must hold an answer"):
            measured("x", [])


# --- citations -------------------------------------------------------------------------------------------------------


def _holds_all_words(evidence: str, sentence: str) -> bool:
    return set(sentence.split()) <= set(evidence.split())


def test_citations_by_alces_rule() -> None:
    scores = citation_scores(
        [
            CitedSentence("a b", ("a b", "c")),  # supported; the first is needed, the second is not
            CitedSentence("a b", ("a", "b")),  # supported only together: both needed
            CitedSentence("a b", ("a b", "b a")),  # each supports it alone: both count
            CitedSentence("a b", ("a",)),  # not supported
            CitedSentence("a b"),  # no citation
            CitedSentence("a", ("a", "a")),  # the same passage twice is one citation
        ],
        _holds_all_words,
    )
    assert (scores.sentences, scores.supported) == (6, 4)
    assert (scores.citations, scores.needed) == (8, 6)
    assert scores.recall == pytest.approx(4 / 6)
    assert scores.precision == pytest.approx(6 / 8)


def test_a_supported_sentence_does_not_save_a_needless_citation() -> None:
    scores = citation_scores([CitedSentence("a b c", ("a b", "b c", "b"))], _holds_all_words)
    assert (scores.citations, scores.needed) == (3, 2)


def test_no_sentences_score_nothing() -> None:
    assert (citation_scores([], _holds_all_words).recall, citation_scores([], _holds_all_words).precision) == (0.0, 0.0)


# --- decisions -------------------------------------------------------------------------------------------------------


def test_refusal_by_hand() -> None:
    decisions = [(False, True)] * 3 + [(False, False)] + [(True, True)] * 2 + [(True, False)] * 8
    scores = refusal_scores(decisions)
    assert scores.precision == pytest.approx(3 / 5)
    assert scores.recall == pytest.approx(3 / 4)
    assert scores.wrongly_refused == pytest.approx(0.2)
    assert scores.balanced_accuracy == pytest.approx((0.75 + 0.8) / 2)


def test_a_share_of_nothing_is_not_a_number() -> None:
    scores = refusal_scores([(True, False)])
    assert (scores.precision, scores.recall, scores.balanced_accuracy) == (None, None, None)
    assert scores.wrongly_refused == 0.0


def test_balanced_accuracy_is_not_bought_by_the_majority() -> None:
    labels = [True] * 9 + [False]
    assert balanced_accuracy(labels, [True] * 10) == 0.5
    assert balanced_accuracy(labels, [True] * 6 + [False] * 4) == pytest.approx((6 / 9 + 1) / 2)
    with pytest.raises(ValueError, match="both kinds, was: 1 true, 0 false"):
        balanced_accuracy([True], [True])


def test_auroc_by_hand() -> None:
    # Pairs (true, false): .9>.5, .9>.4, .5=.5 (half), .5>.4 -> 3.5 of 4.
    assert auroc([True, True, False, False], [0.9, 0.5, 0.5, 0.4]) == pytest.approx(3.5 / 4)
    assert auroc([True, False], [0.1, 0.9]) == 0.0
    with pytest.raises(ValueError, match="both kinds"):
        auroc([False], [0.5])


def test_calibration_error_by_hand() -> None:
    # Bin .8: mean .8, half true -> .3 on two of four cases; bin .1: mean .1, none true -> .1 on two.
    assert calibration_error([True, False, False, False], [0.8, 0.8, 0.1, 0.1]) == pytest.approx(0.5 * 0.3 + 0.5 * 0.1)
    assert calibration_error([True], [1.0]) == 0.0
    with pytest.raises(ValueError, match="probability must be 0 to 1"):
        calibration_error([True], [1.2])


def test_percentiles_by_hand() -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], 0.5) == 2.5
    assert latency([float(i) for i in range(101)]) == {"median": 50.0, "p95": 95.0}
    assert latency([7.0]) == {"median": 7.0, "p95": 7.0}
    with pytest.raises(ValueError, match="must not be empty"):
        latency([])


# --- intervals -------------------------------------------------------------------------------------------------------


def test_wilson_against_the_published_value() -> None:
    # Newcombe 1998, table I: 81 of 263, Wilson without continuity correction: .2553 to .3662.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson(10, 10)[1] == 1.0
    assert wilson(0, 0) == (0.0, 1.0)
    with pytest.raises(ValueError, match="hits must be 0 to 3"):
        wilson(4, 3)


def test_bootstrap_of_independent_cases_is_near_the_normal_interval() -> None:
    values = [1.0] * 70 + [0.0] * 30
    low, high = bootstrap_mean(values, range(100))
    # .7 -+ 1.96 * sqrt(.7 * .3 / 100) = .7 -+ .0898
    assert (low, high) == pytest.approx((0.61, 0.79), abs=0.015)


def test_dependent_cases_make_the_interval_wider() -> None:
    values = [1.0] * 70 + [0.0] * 30
    low, high = bootstrap_mean(values, [i // 10 for i in range(100)])
    # Ten clusters, each all right or all wrong: as ten cases, .7 -+ 1.96 * sqrt(.7 * .3 / 10) = .7 -+ .284.
    assert (low, high) == pytest.approx((0.416, 0.984), abs=0.06)


def test_all_right_is_not_certainty() -> None:
    assert bootstrap_mean([1.0] * 40, [i // 4 for i in range(40)]) == wilson(10, 10)
    assert bootstrap_mean([0.0] * 4, range(4)) == wilson(0, 4)


def test_same_seed_same_interval() -> None:
    values = [random.Random(3).random() for _ in range(50)]
    assert bootstrap_mean(values, range(50), seed=1) == bootstrap_mean(values, range(50), seed=1)
    with pytest.raises(ValueError, match="clusters must be 50"):
        bootstrap_mean(values, range(49))


def test_paired_difference_tells_noise_from_change() -> None:
    before = [0.0] * 40 + [1.0] * 60
    better = [1.0] * 30 + [0.0] * 10 + [1.0] * 60
    change = paired_difference(before, better, range(100))
    assert change.mean == pytest.approx(0.3)
    assert 0.2 < change.low < 0.3 < change.high < 0.4
    assert not change.noise
    assert paired_difference(before, before[::-1], range(100)).noise


def test_bootstrap_of_any_statistic_leaves_out_what_is_no_number() -> None:
    import numpy as np

    values = np.array([1.0] * 70 + [0.0] * 30)

    def mean_of_first_half(weights: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            return np.asarray(weights[:, :50] @ values[:50] / weights[:, :50].sum(axis=1))

    assert bootstrap(mean_of_first_half, range(100)) == (1.0, 1.0)
    low, high = bootstrap(lambda weights: weights @ values / weights.sum(axis=1), range(100))
    assert (low, high) == pytest.approx((0.61, 0.79), abs=0.015)
    with pytest.raises(ValueError, match="for none"):
        bootstrap(lambda weights: weights[:, 0] * np.nan, range(3))


def test_intervals_of_decisions_agree_with_resampling_the_cases() -> None:
    rng = random.Random(5)
    labels = [rng.random() < 0.4 for _ in range(60)]
    scores = [round(min(1.0, max(0.0, rng.gauss(0.6 if label else 0.4, 0.2))), 1) for label in labels]  # many ties
    predictions = [score >= 0.5 for score in scores]
    areas, accuracies = [], []
    for _ in range(1500):
        drawn = rng.choices(range(60), k=60)
        truth = [labels[i] for i in drawn]
        areas.append(auroc(truth, [scores[i] for i in drawn]))
        accuracies.append(balanced_accuracy(truth, [predictions[i] for i in drawn]))
    expected = (percentile(areas, 0.025), percentile(areas, 0.975))
    assert auroc_interval(labels, scores, range(60)) == pytest.approx(expected, abs=0.02)
    expected = (percentile(accuracies, 0.025), percentile(accuracies, 0.975))
    assert balanced_accuracy_interval(labels, predictions, range(60)) == pytest.approx(expected, abs=0.02)


def test_a_perfect_decision_is_not_certainty_either() -> None:
    labels = [True] * 12 + [False] * 8
    clusters = [i // 2 for i in range(20)]
    assert auroc_interval(labels, [float(label) for label in labels], clusters) == wilson(4, 4)
    assert balanced_accuracy_interval(labels, labels, clusters) == wilson(4, 4)
    assert balanced_accuracy_interval(labels, [not label for label in labels], clusters) == wilson(0, 4)
