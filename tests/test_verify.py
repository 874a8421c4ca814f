"""Does the evidence support the sentence: figures, negation, words, meaning; in both scripts and languages, across."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from importlib import resources

import numpy as np
import numpy.typing as npt
import pytest

from eval.bench import faithfulness
from eval.data import Claim
from eval.fit import verify as fitting
from eval.fit.claim_probe import ClaimProbeSettings, LabelledStates, crossed, fit_claims
from index.models import LANGUAGE_MODEL, is_installed
from rag.linear_probe import stored_probe
from rag.verify import THRESHOLD, LogisticModel, Support, Verifier, cases_of, stored_model
from rag.verify.bundled import bundled_verifier
from rag.verify.features import word_signals
from rag.verify.figures import figures
from rag.verify.overlap import crossing, native
from rag.verify.polarity import opposed, polarity, reversed_words
from rag.verify.probe import claim_states, probe_signal
from rag.verify.text import claim_sentences, is_verbatim, legible, plain, read, speaks
from rag.verify.weights import PROFILES, calibration

HANS = (
    "远山湖水库于2019年建成，蓄水量为3.5亿立方米。去年冬天，水库向下游城市供水1200万吨，比前年增长15%。"
    "管理处没有提高水价，并表示春季之前不会限制农业用水。"
)
HANT = (
    "遠山湖水庫於2019年建成，蓄水量為3.5億立方米。去年冬天，水庫向下游城市供水1200萬噸，比前年增長15%。"
    "管理處沒有提高水價，並表示春季之前不會限制農業用水。"
)
EN = (
    "The Yuanshan reservoir was completed in 2019 and holds 350 million cubic metres of water. Last winter it supplied "
    "12 million tons of water to the cities downstream, 15% more than the year before. The administration did not "
    "raise the water price and said it would not limit agricultural water before spring."
)
MIXED = "H20 芯片的 HBM3 带宽为 4 TB/s。Nvidia 表示 H20 出货没有恢复，库存减少了 30%。"

VERIFIER = Verifier()


def _support(claim: str, evidence: str, claim_language: str, evidence_language: str) -> Support:
    return VERIFIER.support(claim, [evidence], claim_language, evidence_language)


# --- one sentence against its passage: what is true, and each way of getting it wrong --------------------------------

TRUE = [
    ("水库在2019年建成，蓄水3.5亿立方米。", HANS, "zh-Hans", "zh-Hans"),
    ("水庫在2019年建成，蓄水3.5億立方米。", HANS, "zh-Hant", "zh-Hans"),
    ("水库去年冬天向下游城市供水1200万吨，增长15%。", HANT, "zh-Hans", "zh-Hant"),
    ("The reservoir, completed in 2019, holds 350 million cubic metres of water.", EN, "en", "en"),
    ("Last winter the reservoir supplied 12 million tons of water to cities downstream.", HANS, "en", "zh-Hans"),
    ("去年冬天，水库向下游城市供水1200万吨。", EN, "zh-Hans", "en"),
    ("去年冬天，水庫向下游城市供水1200萬噸。", EN, "zh-Hant", "en"),
    ("Nvidia 表示，H20 的库存减少了 30%。", MIXED, "zh-Hans", "zh-Hans"),
]
NUMBER = [
    ("水库在2018年建成，蓄水3.5亿立方米。", HANS, "zh-Hans", "zh-Hans"),
    ("水庫在2019年建成，蓄水35億立方米。", HANS, "zh-Hant", "zh-Hans"),
    ("水库去年冬天向下游城市供水1200万吨，增长25%。", HANT, "zh-Hans", "zh-Hant"),
    ("The reservoir, completed in 2019, holds 250 million cubic metres of water.", EN, "en", "en"),
    ("Last winter the reservoir supplied 13 million tons of water to cities downstream.", HANS, "en", "zh-Hans"),
    ("去年冬天，水库向下游城市供水1300万吨。", EN, "zh-Hans", "en"),
    ("去年冬天，水庫向下游城市供水1300萬噸。", EN, "zh-Hant", "en"),
    ("Nvidia 表示，H200 的库存减少了 30%。", MIXED, "zh-Hans", "zh-Hans"),
]
NEGATION = [
    ("管理处提高了水价。", HANS, "zh-Hans", "zh-Hans"),
    ("管理處提高了水價。", HANS, "zh-Hant", "zh-Hans"),
    ("水库去年冬天没有向下游城市供水。", HANT, "zh-Hans", "zh-Hant"),
    ("The administration raised the water price.", EN, "en", "en"),
    ("The reservoir was not completed in 2019.", EN, "en", "en"),
    ("Last winter the reservoir did not supply water to the cities downstream.", HANS[:49], "en", "zh-Hans"),
    ("去年冬天，水库没有向下游城市供水。", EN[:178], "zh-Hans", "en"),
    ("Nvidia 表示 H20 出货恢复，库存减少了 30%。", MIXED, "zh-Hans", "zh-Hans"),
    ("Nvidia 表示，H20 的库存增加了 30%。", MIXED, "zh-Hans", "zh-Hans"),
]
FOREIGN = [
    ("博物馆周一闭馆，门票免费。", HANS, "zh-Hans", "zh-Hans"),
    ("博物館週一閉館，門票免費。", HANS, "zh-Hant", "zh-Hans"),
    ("The museum is closed on Mondays and admission is free.", EN, "en", "en"),
    ("The museum is closed on Mondays and admission is free.", HANT, "en", "zh-Hant"),
    ("博物馆周一闭馆，门票免费。", EN, "zh-Hans", "en"),
    ("钢琴家昨晚演奏了肖邦的夜曲。", MIXED, "zh-Hans", "zh-Hans"),
]


@pytest.mark.parametrize(("claim", "evidence", "claim_language", "evidence_language"), TRUE)
def test_what_the_passage_says_is_supported(
    claim: str, evidence: str, claim_language: str, evidence_language: str
) -> None:
    found = _support(claim, evidence, claim_language, evidence_language)
    assert (found.supported, found.reason) == (True, "")
    assert THRESHOLD <= found.score <= 1.0


@pytest.mark.parametrize(("claim", "evidence", "claim_language", "evidence_language"), NUMBER)
def test_a_changed_figure_is_a_veto(claim: str, evidence: str, claim_language: str, evidence_language: str) -> None:
    found = _support(claim, evidence, claim_language, evidence_language)
    assert (found.supported, found.reason in ("number", "date")) == (False, True)
    assert found.score < THRESHOLD


def test_figures_in_the_digits_of_another_script_are_figures() -> None:
    for claim in ("水库去年冬天向下游城市供水٩٩٠٠万吨。", "水库去年冬天向下游城市供水９９００万吨。"):
        found = _support(claim, HANT, "zh-Hans", "zh-Hant")
        assert (found.supported, found.reason) == (False, "number")
    assert _support("水库去年冬天向下游城市供水١٢٠٠万吨。", HANT, "zh-Hans", "zh-Hant").supported


def test_what_nobody_sees_hides_nothing() -> None:
    hidden = "The reservoir was n\u200bo\u2060t completed in 2019."
    found = _support(hidden, EN, "en", "en")
    assert (found.supported, found.reason) == (False, "negation")
    assert found == _support("The reservoir was not completed in 2019.", EN, "en", "en")
    assert legible("a\u200bb n\u3164ot ٣.٥ ⑨") == "ab not 3.5 ⑨"


@pytest.mark.parametrize(
    ("text", "read_as"),
    [
        ("回收率为百分之八十七点五。", "回收率为87.5%。"),
        ("销量为三百五十万台，两千人。", "销量为350万台，2000人。"),
        ("會議於二〇二四年五月三日召開", "會議於2024年5月3日召開"),
        ("87 per cent, 3 percent, percentage", "87%, 3%, percentage"),
        ("一些人十分重视，千万别忘，二三十个", "一些人十分重视，千万别忘，二三十个"),
        ("三百万五千元，三百亿五千万，第一百货商店", "3005000元，30050000000，第一百货商店"),
    ],
)
def test_figures_are_read_in_one_writing(text: str, read_as: str) -> None:
    assert legible(text) == read_as


def test_a_figure_in_words_is_the_figure() -> None:
    assert _support("回收率为百分之八十七。", "新厂的回收率为87%。", "zh-Hans", "zh-Hans").supported
    assert _support("会议于二〇二四年五月三日召开。", "会议于2024年5月3日召开。", "zh-Hans", "zh-Hans").score == 1.0
    assert not _support("回收率为百分之七十八。", "新厂的回收率为87%。", "zh-Hans", "zh-Hans").supported


@pytest.mark.parametrize(("claim", "evidence", "claim_language", "evidence_language"), NEGATION)
def test_a_turned_statement_is_a_veto(claim: str, evidence: str, claim_language: str, evidence_language: str) -> None:
    found = _support(claim, evidence, claim_language, evidence_language)
    assert (found.supported, found.reason) == (False, "negation")


@pytest.mark.parametrize(("claim", "evidence", "claim_language", "evidence_language"), FOREIGN)
def test_another_documents_sentence_is_not_supported(
    claim: str, evidence: str, claim_language: str, evidence_language: str
) -> None:
    found = _support(claim, evidence, claim_language, evidence_language)
    assert not found.supported
    assert found.reason in ("other document", "little overlap")


def test_a_faithful_answerer_is_told_from_an_unfaithful_one_on_every_slice() -> None:
    for wrong in (NUMBER, NEGATION, FOREIGN):
        faithful = [s.score for s in VERIFIER.supports([(c, [e], cl, el) for c, e, cl, el in TRUE])]
        unfaithful = [s.score for s in VERIFIER.supports([(c, [e], cl, el) for c, e, cl, el in wrong])]
        assert min(faithful) > max(unfaithful)


# --- word for word ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claim", "evidence", "stands"),
    [
        ("管理處**沒有提高水價**。[1]", HANS, True),  # other script, emphasis, mark
        ("LAST WINTER it supplied 12 million\ntons of water to the cities downstream[2]", EN, True),
        ("- 蓄水量为 3.5 亿立方米【3】", HANS, True),
        ("Nvidia 表示H20出货没有恢复", MIXED, True),
        ("提高水价", HANS, False),  # 没有提高水价
        ("raise the water price", EN, False),  # did not raise
        ("蓄水量为3", HANS, False),
        ("水库于2019年建成。远山湖水库没有鱼。", HANS, False),  # one of two sentences
        ("。", HANS, False),
        ("Revenue was 3.5.", "Revenue was 3.5 million.", False),
        ("He is guilty.", "He is guilty of nothing.", False),
        ("A licence is required.", "A licence is required only before 2025.", False),
        ("The company was insolvent.", 'He denied that "the company was insolvent".', False),
        ("公司亏损。", "总经理否认“公司亏损”的说法。", False),
        ("产线将关闭。", "如果需求下降，产线将关闭。", False),
        ("产线将关闭。", "产线将关闭，除非需求回升。", False),
        ("产线将关闭。", "如果需求回升就不会。产线将关闭，三月生效。", True),
        ("Costs fell.", "Revenue rose\nCosts fell\nMargin 3 %", True),  # lines of a list
        ("月产能为4.5万片", "2024年，启衡的\n月产能为4.5万片，比上年多。", True),
        ("the plant is open", "Text. The plant\nis open; it has 3.", True),
        ("the company was insolvent", "He denied that\nthe company was insolvent.", False),
        ("Revenue was 3.5", "Revenue was 3.5\nmillion", False),
        ("The plant is open.", "The plant is open. If you visit, ring.", True),
        ("production has stopped.", "Officials denied that in the U.S., production has stopped.", False),
        ("revenue rose", "In May 2024, revenue rose.", True),
        ("产线将关闭。", "产线将关闭，纯属谣言。", False),
    ],
)
def test_verbatim_means_whole_clauses(claim: str, evidence: str, stands: bool) -> None:
    assert is_verbatim(plain(claim), [evidence]) is stands


def test_verbatim_claims_need_no_model() -> None:
    class Never:
        def encode_passages(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
            raise AssertionError("a verbatim claim was embedded")

    assert Verifier(Never()).support(HANS[:31] + "[1]", [HANS], "zh", "zh") == Support(1.0, True)


# --- what cannot be judged -------------------------------------------------------------------------------------------


def test_languages_and_evidence_that_are_not_there() -> None:
    assert _support("ダムは2019年に完成した。", HANS, "ja", "zh").reason == "language"
    assert _support("Плотина построена.", EN, "ru", "en").reason == "language"
    assert VERIFIER.support("水库建成。", [], "zh", "zh").reason == "no evidence"
    assert VERIFIER.support("水库建成。", ["  "], "zh", "zh").reason == "no evidence"
    assert not VERIFIER.support("H20", [EN], "und", "en").supported
    assert VERIFIER.supports([]) == []


def test_evidence_of_both_languages_is_read_together() -> None:
    claim = "The administration did not raise the water price in 2025."
    passages = [EN.partition("The administration")[0], HANS, "本公告发布于2025年3月。"]
    assert VERIFIER.support(claim, passages[:2], "en", "").reason == "date"
    assert [(case.claim_side, case.evidence_side) for case in cases_of((claim, passages, "en", ""))] == [
        ("en", "en"), ("en", "zh"),
    ]  # fmt: skip
    english = "Last winter the reservoir supplied 12 million tons of water to cities downstream."
    assert VERIFIER.support(english, [HANS[:20], EN], "en", "").supported


def test_support_must_be_a_score() -> None:
    with pytest.raises(ValueError, match=r"score must be 0 to 1, was: 1\.5"):
        Support(1.5, True)


# --- signals, by hand ------------------------------------------------------------------------------------------------


def test_native_overlap_by_hand() -> None:
    evidence = read("Prices of memory rose. Demand was weak. Supply fell sharply.")
    found = native("memory prices fell", evidence)  # memori, price, fell
    assert (found.whole, found.best, found.window) == (1.0, 1.0, (0, 3))
    assert found.single == pytest.approx(2 / 3)
    assert native("？", evidence).whole == 0.0


def test_crossing_overlap_uses_the_dictionary_and_sound() -> None:
    found = crossing("The museum has paintings", "en", read("博物馆收藏绘画。天气很好。"), "zh")
    assert (found.whole, found.window) == (1.0, (0, 1))
    other = crossing("The museum has paintings", "en", read("火车晚点了两个小时。"), "zh")
    assert other.whole < 0.5
    assert crossing("Brownlee won", "en", read("布朗利夺冠。"), "zh").names == 0.5


def test_a_small_number_in_words_is_soft_across_languages_only() -> None:
    evidence = ["两国签署协议。"]
    assert figures("Three countries signed it.", evidence, crosses=True).veto == ""
    assert figures("Three countries signed it.", evidence, crosses=True).missing == 1
    assert figures("Three countries signed it.", ["Both signed it."], crosses=False).veto == "number"
    assert figures("Its third season began.", ["The season began."], crosses=False).veto == ""
    assert figures("It began in 1999.", ["它始于1998年。"], crosses=True).veto == "date"
    assert figures("It costs 20 dollars.", ["它的价格是30美元。"], crosses=True).veto == "number"


@pytest.mark.parametrize(
    ("text", "heads"),
    [
        ("公司没有提高价格", {"提高"}),
        ("公司沒有提高價格", {"提高"}),
        ("They did not increase prices", {"increas"}),
        ("They didn't increase prices", {"increas"}),
        ("不仅提高价格，不断扩张", set()),
        ("Not only prices rose", set()),
        ("不是一级就是二级", set()),
        ("不是一級就是二級", set()),
        ("Train No. 1010 left", set()),
    ],
)
def test_negation_is_read_in_both_languages(text: str, heads: set[str]) -> None:
    assert polarity(text).heads == heads
    assert polarity(text).negates == bool(heads)


def test_reversed_and_opposed_by_hand() -> None:
    rose, fell = polarity("Sales rose in May"), polarity("五月销量下降")
    assert opposed(rose, fell) == {"amount+"}
    assert opposed(rose, polarity("Sales rose, costs fell")) == frozenset()
    assert opposed(polarity("The talks came before the war"), polarity("战争在会谈之后"), crosses=True) == frozenset()
    assert opposed(rose, polarity("五月销量没有下降")) == frozenset()  # what is denied points nowhere
    claim, evidence = polarity("公司提高价格"), polarity("公司没有提高价格")
    assert "提高" in reversed_words(claim, evidence, evidence)
    assert reversed_words(evidence, evidence, evidence) == frozenset()


def test_a_speaker_is_no_fact() -> None:
    assert speaks("I love this reservoir", EN)
    assert speaks("我很喜歡這座水庫", HANT)
    assert not speaks("I came, I saw", "Caesar wrote: I came")
    assert not speaks("The reservoir is large", EN)


def test_chat_text_is_split_into_its_sentences() -> None:
    assert claim_sentences("it is big . i like it .") == ["it is big .", "i like it ."]
    assert claim_sentences("水库很大。水价未变。") == ["水库很大。", "水价未变。"]
    assert claim_sentences("It rose 3.5% to 4.2 m.") == ["It rose 3.5% to 4.2 m."]


# --- models ----------------------------------------------------------------------------------------------------------


class LetterEncoder:
    """Vectors from a text's letters; counts what it was asked to embed."""

    def __init__(self) -> None:
        self.embedded: list[str] = []

    def encode_passages(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self.embedded += texts
        rows = np.full((len(texts), 384), 0.01, dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            np.add.at(row, [ord(character) % 384 for character in text.lower()], 1.0)
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


class LetterModel:
    """Tokens are characters; holds of a text how many of them stood before it, and how deep it was read."""

    def encode(self, text: str) -> list[int]:
        return [ord(character) for character in text]

    def states(
        self, contexts: Sequence[Sequence[int]], continuation: Sequence[int], depth: int
    ) -> npt.NDArray[np.float32]:
        return np.array([[sum(t in c for t in continuation), depth * (len(c) > 0)] for c in contexts], np.float32)


class FlatModel(LetterModel):
    """Holds the same of every text; counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def states(
        self, contexts: Sequence[Sequence[int]], continuation: Sequence[int], depth: int
    ) -> npt.NDArray[np.float32]:
        self.asked += 1
        return np.ones((len(contexts), len(stored_probe("support").weights)), dtype=np.float32)


def test_marks_are_taken_out_in_time_that_grows_with_the_text() -> None:
    started = time.perf_counter()
    assert plain("\n" * 50_000 + "x") == "x"
    assert time.perf_counter() - started < 2.0  # by the square of the lines it took half a minute


def test_the_profile_is_what_the_weights_were_fitted_for() -> None:
    assert Verifier().profile == "words"
    assert Verifier(LetterEncoder()).profile == "meaning"
    assert Verifier(LetterEncoder(), encoder_name="bge-m3").profile == "words"
    assert Verifier(None, LetterModel()).profile == "words"


def test_the_bundled_verifier_takes_what_is_installed_and_loads_nothing_yet() -> None:
    best = "probe" if is_installed(LANGUAGE_MODEL) else "meaning"
    assert bundled_verifier("", LetterEncoder()).profile == best
    assert [bundled_verifier(name, LetterEncoder()).profile for name in ("words", "meaning")] == ["words", "meaning"]
    with pytest.raises(ValueError, match="profile must be one of words, meaning, probe, was: 'letters'"):
        bundled_verifier("letters")


def test_each_fitted_profile_keeps_its_own_figures() -> None:
    for profile in PROFILES:
        for name, measured in calibration(profile).items():
            assert re.fullmatch(r"[\w/-]+ (?:zh|en)>(?:zh|en)", name)
            assert measured["n"] > 0 and 0 <= measured["balanced_accuracy"] <= 1
    assert calibration("letters") == {}


def test_texts_are_embedded_once_in_one_go() -> None:
    encoder = LetterEncoder()
    requests = [(claim, [HANS], "zh", "zh") for claim in ("水库的蓄水量。", "管理处的水价。", "水库的蓄水量。")]
    supports = Verifier(encoder).supports(requests)
    assert len(encoder.embedded) == len(set(encoder.embedded)) == 2 + 3  # claims and sentences
    assert supports[0] == supports[2]


def test_what_is_held_of_a_claim_is_taken_less_what_is_held_of_it_alone() -> None:
    case = cases_of(("ab", ["x y. c b d. a c."], "en", "en"))[0]
    held = claim_states(case, word_signals(case), LetterModel(), 9)
    # Of a line end, a and b, the evidence holds a and b; alone nothing of them is held.
    assert held.tolist() == [2.0, 9.0]
    assert probe_signal(case, word_signals(case), FlatModel())["probe"] == pytest.approx(stored_probe("support").bias)


def test_the_language_model_is_asked_where_words_and_meaning_leave_it_open() -> None:
    model = FlatModel()
    verifier = Verifier(LetterEncoder(), model)
    assert verifier.profile == "probe"
    for claim in (HANS[:31], "水库在2018年建成，蓄水3.5亿立方米。"):  # word for word, and a veto
        verifier.support(claim, [HANS], "zh-Hans", "zh-Hans")
    assert model.asked == 0
    open_claim = "遠山湖水庫去年冬天供水，管理處表示春季之前不提價。"
    quick = Verifier(LetterEncoder()).support(open_claim, [HANS], "zh-Hant", "zh-Hans")
    assert 0.02 < quick.score < 0.98
    slow = verifier.support(open_claim, [HANS], "zh-Hant", "zh-Hans")
    assert model.asked == 2 and slow.score != quick.score  # the claim alone, and after its evidence


def test_stored_weights_name_signals_that_exist() -> None:
    stored = json.loads(resources.files("rag").joinpath("data/support.json").read_text(encoding="ascii"))
    assert stored["encoder"] == "multilingual-e5-small"
    case = cases_of(("水库建成", [HANS], "zh", "zh"))[0]
    known = {*Verifier(LetterEncoder()).signals([case])[0].values, "probe"}
    for profile, directions in stored["profiles"].items():
        assert set(directions) == {"zh>zh", "zh>en", "en>zh", "en>en"}
        for name in directions:
            assert set(stored_model(profile, name).weights) <= known


# --- fitting and measuring -------------------------------------------------------------------------------------------


def _row(share: float, supported: bool, source: str = "own", vetoed: bool = False) -> fitting.Row:
    return fitting.Row(f"{source} en>en", source, "en>en", supported, {"whole": share}, vetoed, settled=False)


def test_fitting_puts_the_threshold_between_the_labels() -> None:
    rows = [_row(0.9 - 0.02 * i, True) for i in range(10)] + [_row(0.5 - 0.02 * i, False) for i in range(40)]
    fitted = fitting.fit_model(rows, ["whole"])
    model = LogisticModel(fitted["bias"], fitted["weights"])
    assert fitted["weights"]["whole"] > 0
    assert model.score({"whole": 0.5}) < THRESHOLD < model.score({"whole": 0.72})


def test_the_language_model_is_weighed_against_the_profile_below_it() -> None:
    base = {"en>en": {"bias": -1.0, "weights": {"whole": 2.0}}}
    rows = [
        fitting.Row("own en>en", "own", "en>en", told, {"whole": 0.5, "probe": logit}, False, False)
        for told in (True, False)
        for logit in ((0.5, 0.6, 0.7) if told else (0.1, 0.2, 0.3))
    ]
    fitted = fitting.fit_beside(rows, base, "probe")["en>en"]
    assert set(fitted["weights"]) == {"whole", "probe"} and fitted["weights"]["probe"] > 0
    model = LogisticModel(fitted["bias"], fitted["weights"])
    assert model.score({"whole": 0.5, "probe": 0.3}) < THRESHOLD < model.score({"whole": 0.5, "probe": 0.5})


def test_a_probe_is_fitted_to_what_tells_the_labels_apart() -> None:
    states = np.random.default_rng(0).normal(size=(200, 6)).astype(np.float32)
    supported = states[:, 2] > 0
    claims = LabelledStates(states, supported, np.ones(200), [f"evidence {i // 2}" for i in range(200)])
    settings = ClaimProbeSettings(depth=3, penalty=0.01)
    probe = fit_claims(claims, settings)
    assert probe.depth == 3 and int(np.abs(probe.weights).argmax()) == 2
    assert ((probe.logits(states) > 0) == supported).mean() > 0.95
    # A claim is scored by what others say: one whose label nothing else tells is not known.
    odd = LabelledStates(states * 0, supported, np.ones(200), claims.evidence)
    assert len(set(np.sign(crossed(odd, settings)))) <= 2 and max(map(abs, crossed(odd, settings))) < 0.5
    assert ((np.array(crossed(claims, settings)) > 0) == supported).mean() > 0.9


def test_vetoed_claims_do_not_pull_the_threshold() -> None:
    rows = [_row(0.9 - 0.02 * i, True) for i in range(10)] + [_row(0.5 - 0.02 * i, False) for i in range(10)]
    vetoed = [_row(0.95, False, "numbers", vetoed=True), _row(0.95, True, "numbers")]
    model = fitting.fit_model(rows + vetoed, ["whole"])
    assert LogisticModel(model["bias"], model["weights"]).score({"whole": 0.72}) > THRESHOLD


def test_what_is_kept_of_a_report() -> None:
    group = {"n": 3, "not_scored": 0, "balanced_accuracy": 0.9, "balanced_accuracy_ci": [0.8, 1.0], "auroc": 0.95}
    kept = fitting.kept_figures({"groups": {"own en>en": group | {"auroc_ci": [0.9, 1.0], "baselines": {}}}})
    assert set(kept["own en>en"]) == {"n", "balanced_accuracy", "balanced_accuracy_ci", "auroc", "auroc_ci"}


def test_the_bench_measures_the_same_scorer() -> None:
    claims = [
        Claim(f"c{i}", cl, el, claim, evidence, label, "own", "report")
        for label, cases in ((True, TRUE), (False, NUMBER + FOREIGN))
        for i, (claim, evidence, cl, el) in enumerate(cases, 100 * label)
        if cl == el == "en"
    ] + [Claim("ja", "ja", "en", "ダム", EN, True, "own", "report")]
    scorer = faithfulness.OfflineScorer(VERIFIER)
    scores = scorer.scores(claims)
    assert scores == [scorer.score(c.claim, c.evidence, c.lang, c.evidence_lang) for c in claims]
    report = faithfulness.evaluate_claims(
        claims, faithfulness.Scores("own", THRESHOLD, dict(zip([c.id for c in claims], scores, strict=True)))
    )
    assert report["groups"]["own en>en"]["balanced_accuracy"] == 1.0
    assert report["groups"]["own ja>en"]["not_scored"] == 1


def test_embedding_cosine_baseline() -> None:
    similarity = faithfulness.cosines(LetterEncoder())
    near, far = similarity(["abc", "abc"], ["abc", "xyz"])
    assert near == pytest.approx(1.0, abs=1e-5)
    assert far < 0.5
