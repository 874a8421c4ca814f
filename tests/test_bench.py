"""``wenju bench``: its options, its sample, its report and the schema of its JSON."""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import numpy.typing as npt
import pytest

from eval import bench
from eval.bench import claim_only, collection, faithfulness, options, retrieval
from eval.bench.baselines import Collection, DocumentSearcher, baselines
from eval.bench.retrieval import evaluate_rankings
from eval.data import Claim, Passage, Query
from eval.metrics import auroc
from index.errors import QuestionError, UsageError
from index.manifest import EmbeddingIdentity
from index.store import Store
from rag.config import Config
from rag.retrieve import RetrievalSettings, Retriever


def _query(name: str, pair: str = "zh>en", gold: str = "a", split: str = "") -> Query:
    return Query(name, f"question {name}", pair.partition(">")[0], pair, tuple(gold.split()), bool(gold), split=split)


def _args(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    bench.configure(parser)
    return parser.parse_args(["retrieval", "--data", "sets", *words])


class FakeSearcher:
    """Answers from a table; a question it does not know cannot be searched."""

    def __init__(self, answers: Mapping[str, list[str]]) -> None:
        self._answers = answers
        self.limits: list[int] = []

    def search(self, question: str, limit: int) -> list[str]:
        self.limits.append(limit)
        if question not in self._answers:
            raise QuestionError("the question is empty: type one")
        return self._answers[question][:limit]


# --- the report ------------------------------------------------------------------------------------------------------


def test_measures_by_hand_per_pair() -> None:
    queries = [_query("1"), _query("2", gold="b"), _query("3", "zh>zh", "c"), _query("4", "zh>none", "")]
    report = evaluate_rankings(queries, {"1": ["a", "x"], "2": ["x", "y", "b"], "3": ["x"]})
    assert list(report["pairs"]) == ["zh>en", "zh>zh"]  # what nothing answers is left out
    pair = report["pairs"]["zh>en"]
    assert (pair["n"], pair["hit@1"], pair["hit@5"]) == (2, 0.5, 1.0)
    assert pair["mrr@10"] == pytest.approx((1 + 1 / 3) / 2, abs=1e-4)
    assert pair["ndcg@10"] == pytest.approx((1 + 0.5) / 2, abs=1e-4)  # 1 / log2(4) = .5
    assert report["pairs"]["zh>zh"]["hit@5"] == 0.0


def test_a_document_counts_once_where_its_best_passage_stands() -> None:
    ranking = ["x"] * 9 + ["y", "x", "a"]
    pair = evaluate_rankings([_query("1")], {"1": ranking})["pairs"]["zh>en"]
    assert (pair["hit@5"], pair["mrr@10"]) == (1.0, pytest.approx(1 / 3, abs=1e-4))


def test_intervals_are_by_gold_passage() -> None:
    together = [_query(str(i), gold="a" if i < 10 else "b") for i in range(20)]
    apart = [_query(str(i), gold=f"g{i}") for i in range(20)]
    rankings = {str(i): ["a", f"g{i}"] if i < 10 else ["x"] for i in range(20)}
    wide, narrow = (evaluate_rankings(queries, rankings)["pairs"]["zh>en"]["hit@5_ci"] for queries in (together, apart))
    assert wide == [0.0, 1.0]
    assert narrow[0] > 0.2
    assert narrow[1] < 0.8


def test_a_missing_ranking_is_an_error() -> None:
    with pytest.raises(UsageError, match="every answerable question, but '1' is missing"):
        evaluate_rankings([_query("1")], {})


def test_a_failed_question_is_counted_as_a_miss() -> None:
    queries = [_query("1"), _query("2")]
    found = retrieval.run(FakeSearcher({"question 2": ["a", "a", "b"]}), queries)
    assert found.rankings == {"1": (), "2": ("a", "b")}
    assert found.failures == {"1": "the question is empty: type one"}
    report = retrieval.measure(queries, found)
    assert (report["failed"], report["pairs"]["zh>en"]["n"], report["pairs"]["zh>en"]["hit@1"]) == (1, 2, 0.5)


def test_every_question_is_asked_for_as_many_passages() -> None:
    searcher = FakeSearcher({"question 1": ["a"], "question 2": ["a"]})
    retrieval.run(searcher, [_query("1"), _query("2")])
    assert len(set(searcher.limits)) == 1


# --- what is printed -------------------------------------------------------------------------------------------------

SCORES = ["hit@1", "hit@1_ci", "hit@5", "hit@5_ci", "mrr@10", "mrr@10_ci", "ndcg@10", "ndcg@10_ci"]


def test_json_is_one_object_of_the_documented_schema(capsys: pytest.CaptureFixture[str]) -> None:
    queries = [_query("1"), _query("2", "en>zh", "b")]
    good = FakeSearcher({query.text: list(query.gold) for query in queries})
    bad = FakeSearcher({query.text: ["x"] for query in queries})
    args = _args("--json", "--without", "scale", "--without", "means", "--split", "all")
    assert retrieval.report(queries, {"wenju": good, "dense": bad}, args) == 0
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    result = json.loads(printed)
    assert list(result) == ["pairs", "latency_ms", "failed", "settings", "baselines"]
    assert list(result["pairs"]) == ["en>zh", "zh>en"]
    for pair in result["pairs"].values():
        assert list(pair) == ["n", *SCORES]
        assert all(isinstance(pair[name], list if name.endswith("_ci") else float) for name in SCORES)
        low, high = pair["hit@5_ci"]
        assert 0.0 <= low <= pair["hit@5"] <= high <= 1.0
    assert list(result["latency_ms"]) == ["median", "p95"]
    assert result["settings"] == {
        "data": "sets", "split": "all", "questions": None, "seed": 0, "without": ["means", "scale"],
    }  # fmt: skip
    assert list(result["baselines"]["dense"]) == ["pairs", "latency_ms", "failed"]
    assert result["baselines"]["dense"]["pairs"]["zh>en"]["hit@5"] == 0.0


def test_without_json_an_aligned_table(capsys: pytest.CaptureFixture[str]) -> None:
    queries = [_query("1"), _query("2", "hans>hant", "b")]
    searcher = FakeSearcher({query.text: list(query.gold) for query in queries})
    retrieval.report(queries, {"wenju": searcher}, _args())
    lines = capsys.readouterr().out.splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 4
    assert len({len(line) for line in table}) == 1
    assert table[0].split() == [
        "|",
        "method",
        "|",
        "pair",
        "|",
        "n",
        "|",
        "hit@1",
        "|",
        "hit@5",
        "|",
        "mrr@10",
        "|",
        "ndcg@10",
        "|",
    ]
    assert table[2].split()[:8] == ["|", "wenju", "|", "hans>hant", "|", "1", "|", "1.000"]
    assert lines[-1].startswith("wenju: median ")


def test_the_report_part_stands_apart_where_both_parts_were_read(capsys: pytest.CaptureFixture[str]) -> None:
    queries = [_query("1", split="fit"), _query("2", gold="b", split="report")]
    searcher = FakeSearcher({"question 1": ["x"], "question 2": ["b"]})
    assert retrieval.report(queries, {"wenju": searcher}, _args("--json")) == 0
    whole = json.loads(capsys.readouterr().out)
    assert (whole["pairs"]["zh>en"]["n"], whole["pairs"]["zh>en"]["hit@1"]) == (2, 0.5)
    assert (whole["report"]["pairs"]["zh>en"]["n"], whole["report"]["pairs"]["zh>en"]["hit@1"]) == (1, 1.0)
    retrieval.report(queries, {"wenju": searcher}, _args())
    assert "wenju, report part" in capsys.readouterr().out


def test_results_are_saved_question_by_question(tmp_path: Path) -> None:
    queries = [_query("1"), _query("2", gold="b")]
    path = tmp_path / "rows.jsonl"
    searcher = FakeSearcher({"question 1": ["x", "a"]})
    retrieval.report(queries, {"wenju": searcher}, _args("--save", str(path)))
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert rows[0]["found"] == ["x", "a"]
    assert (rows[0]["mrr@10"], rows[0]["hit@1"], rows[0]["error"]) == (0.5, 0.0, "")
    assert (rows[1]["found"], rows[1]["error"]) == ([], "the question is empty: type one")
    with pytest.raises(UsageError, match="cannot write"):
        options.save_rows(tmp_path / "none" / "rows.jsonl", rows)


def test_where_results_go_is_checked_before_anything_is_measured(tmp_path: Path) -> None:
    data = tmp_path / "set"
    data.mkdir()
    queries = data / "queries.jsonl"
    queries.write_text("{}\n", encoding="utf-8")
    linked = tmp_path / "linked.jsonl"
    linked.hardlink_to(queries)
    for path, said in (
        (tmp_path / "none" / "rows.jsonl", "cannot write"),
        (data, "cannot write"),
        (queries, "read by this command"),
        (linked, "read by this command"),
    ):
        with pytest.raises(UsageError, match=said):
            bench.main(argparse.Namespace(bench="retrieval", data=data, save=path))
    assert queries.read_text(encoding="utf-8") == "{}\n"


def test_a_lone_surrogate_in_a_result_is_written_as_a_question_mark(tmp_path: Path) -> None:
    options.save_rows(tmp_path / "rows.jsonl", [{"text": "问\ud800"}])
    assert json.loads((tmp_path / "rows.jsonl").read_text(encoding="utf-8")) == {"text": "问?"}


# --- which questions -------------------------------------------------------------------------------------------------


def test_a_sample_is_per_pair_seeded_and_nested() -> None:
    queries = [_query(f"{pair}{i}", pair) for i in range(30) for pair in ("zh>en", "en>zh")]

    def ids(*words: str, of: list[Query] = queries) -> list[str]:
        return [query.id for query in retrieval.chosen(of, _args(*words))]

    ten = ids("--questions", "10")
    assert sum(name.startswith("zh>en") for name in ten) == 10
    assert len(ten) == 20
    assert ten == ids("--questions", "10")
    assert ten != ids("--questions", "10", "--seed", "1")
    assert set(ten) <= set(ids("--questions", "20"))
    assert len(ids("--questions", "100")) == 60
    alone = ids("--questions", "10", of=[query for query in queries if query.pair == "zh>en"])
    assert alone == [name for name in ten if name.startswith("zh>en")]


def test_report_means_rows_of_that_split_only() -> None:
    queries = [_query("1", split="fit"), _query("2", split="report"), _query("3"), _query("4", gold="", split="report")]
    assert [query.id for query in retrieval.chosen(queries, _args("--split", "report"))] == ["2"]
    assert [query.id for query in retrieval.chosen(queries, _args())] == ["1", "2", "3"]
    with pytest.raises(UsageError, match="no row is of split 'report'"):
        retrieval.chosen(queries[:1], _args("--split", "report"))
    with pytest.raises(UsageError, match="holds no answerable question"):
        retrieval.chosen(queries[3:], _args())


@pytest.mark.parametrize(
    "words", [["--questions", "0"], ["--questions", "-3"], ["--questions", "x"], ["--split", "x"], ["--without", "x"]]
)
def test_bad_options_are_usage_errors(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        _args(*words)
    assert caught.value.code == 2
    assert words[0] in capsys.readouterr().err


def test_data_and_a_benchmark_must_be_named() -> None:
    parser = argparse.ArgumentParser()
    bench.configure(parser)
    for words in ([], ["retrieval"], ["nonsense", "--data", "x"]):
        with pytest.raises(SystemExit):
            parser.parse_args(words)


def test_every_step_has_a_switch() -> None:
    words = [word for step in retrieval.STEPS for word in ("--without", step)]
    assert _args(*words).without == [
        "means", "whitening", "scale", "lexical", "dictionary", "names", "numbers", "rerank", "diversity",
    ]  # fmt: skip
    assert _args().without == []  # the parser's default is not what was appended to


# --- baselines -------------------------------------------------------------------------------------------------------


class FakeEncoder:
    """Points every question the same way."""

    def encode_questions(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return np.array([[1.0, 0.0]] * len(texts), dtype=np.float32)


@pytest.fixture
def small() -> dict[str, DocumentSearcher]:
    texts = ["先進封裝產能", "HBM memory prices rose", "光刻胶供应", "memory prices"]
    vectors = np.array([[1.0, 0.0], [0.6, 0.8], [0.8, 0.6], [0.0, 1.0]], dtype=np.float32)
    return baselines(Collection(["a", "b", "c", "b"], texts, vectors), FakeEncoder())


def test_the_usual_pipelines(small: dict[str, DocumentSearcher]) -> None:
    assert list(small) == ["dense", "bm25", "rrf"]
    assert small["dense"].search("anything", 4) == ["a", "c", "b", "b"]
    assert small["dense"].search("anything", 2) == ["a", "c"]
    assert small["bm25"].search("memory prices?", 4) == ["b", "b"]  # what shares no word is not found
    assert small["bm25"].search("先进封装产能", 4) == ["a"]  # the other script is
    assert small["bm25"].search("H20 售价", 4) == []


def test_fusion_by_hand(small: dict[str, DocumentSearcher]) -> None:
    # Dense a 1, c 2, b 3, b' 4; BM25 b' 1, b 2 (the shorter first): b' 1/64 + 1/61 > b 1/63 + 1/62 > a 1/61 > c 1/62.
    assert small["rrf"].search("memory prices?", 4) == ["b", "b", "a", "c"]
    assert small["rrf"].search("nothing known", 2) == ["a", "c"]


# --- a corpus as a knowledge base ------------------------------------------------------------------------------------

CORPUS = [
    Passage("p-hans", "先进封装产能紧张。交期延长到十二周。", "zh", "封装"),
    Passage("p-hant", "記憶體價格在第三季上漲。", "zh-Hant"),
    Passage("p-en", "Memory prices rose in the third quarter. Lead times grew.", "en"),
    Passage("p-mixed", "英伟达 H20 芯片恢复销售，Nvidia said so.", "zh"),
]


class HashEmbedder:
    """Vectors from a text's letters; counts what it was asked to embed."""

    identity = EmbeddingIdentity("letters", "1", 8, "", "", True, "characters")

    def __init__(self) -> None:
        self.embedded: list[str] = []

    def encode_passages(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self.embedded += texts
        return self.encode_questions(texts)

    def encode_questions(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        rows = np.ones((len(texts), 8), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            np.add.at(row, [ord(character) % 8 for character in text], 1.0)
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text) for text in texts]


def test_each_row_becomes_one_document(tmp_path: Path) -> None:
    embedder = HashEmbedder()
    generation = collection.build_store(CORPUS, tmp_path / "kb", embedder, 45).snapshot()
    assert {info.id for info in generation.document_rows()} == {row.id for row in CORPUS}
    for row in CORPUS:
        document = generation.document(row.id)
        assert (document.text, document.title) == (row.text, row.title)
        for piece in generation.chunks(generation.ordinals_of(row.id)):
            assert document.text[piece.start : piece.end] == piece.text
    assert len(generation.ordinals_of("p-en")) == 2  # the budget is kept
    passages = collection.searched(Store.open(tmp_path / "kb"))
    assert passages.vectors.shape == (len(passages.documents), 8)
    assert passages.texts[list(passages.documents).index("p-hans")].startswith("封装")  # the title is searched


def test_a_built_corpus_is_searched_by_the_products_own_retrieval(tmp_path: Path) -> None:
    embedder = HashEmbedder()
    generation = collection.build_store(CORPUS, tmp_path / "kb", embedder, 200).snapshot()
    retriever = Retriever(generation, embedder, RetrievalSettings())

    class Product:
        def search(self, question: str, limit: int) -> list[str]:
            return [passage.document_id for passage in retriever.search(question, limit)]

    queries = [
        Query("1", "先進封裝的交期？", "zh-Hant", "hant>hans", ("p-hans",), True),
        Query("2", "内存价格上涨", "zh-Hans", "hans>hant", ("p-hant",), True),
        Query("3", "memory prices", "en", "en>en", ("p-en",), True),
        Query("4", "Nvidia H20?", "en", "en>zh", ("p-mixed",), True),
    ]
    found = retrieval.run(Product(), queries)
    assert all(set(ranking) <= {row.id for row in CORPUS} for ranking in found.rankings.values())
    report = retrieval.measure(queries, found)
    assert [report["pairs"][pair]["hit@5"] for pair in ("hant>hans", "hans>hant", "en>en", "en>zh")] == [1.0] * 4


def test_an_unchanged_corpus_is_opened_as_it_is(tmp_path: Path) -> None:
    first = collection.build_store(CORPUS, tmp_path / "kb", HashEmbedder(), 200).snapshot().number
    again = HashEmbedder()
    assert collection.build_store(CORPUS[::-1], tmp_path / "kb", again, 200).snapshot().number == first
    assert again.embedded == []


def test_another_chunk_size_indexes_anew_and_embeds_only_new_texts(tmp_path: Path) -> None:
    first = collection.build_store(CORPUS, tmp_path / "kb", HashEmbedder(), 200).snapshot().number
    again = HashEmbedder()
    assert collection.build_store(CORPUS, tmp_path / "kb", again, 40).snapshot().number > first
    assert again.embedded == ["Memory prices rose in the third quarter.", "Lead times grew."]


def test_the_cache_tells_corpora_and_models_apart() -> None:
    identity = HashEmbedder.identity
    folders = {
        collection.cached_folder(CORPUS, identity),
        collection.cached_folder(CORPUS[::-1], identity),
        collection.cached_folder(CORPUS[:3], identity),
        collection.cached_folder(CORPUS, replace(identity, revision="2")),
    }
    assert len(folders) == 3


# --- faithfulness ----------------------------------------------------------------------------------------------------


def _claim(number: int, supported: bool, source: str = "own", split: str = "report", text: str = "") -> Claim:
    claim = text or f"Claim number {number} holds."
    return Claim(f"{source}-{number}", "en", "zh", claim, f"证据 {number}", supported, source, split)


def _scored(claims: Sequence[Claim], scores: Sequence[float | None], threshold: float = 0.5) -> faithfulness.Scores:
    return faithfulness.Scores("own", threshold, {c.id: s for c, s in zip(claims, scores, strict=True)})


GROUP = [
    "n", "not_scored", "supported", "supported_kept", "supported_kept_ci", "unsupported_flagged",
    "unsupported_flagged_ci", "balanced_accuracy", "balanced_accuracy_ci", "auroc", "auroc_ci",
]  # fmt: skip


OWN = SimpleNamespace(name="own", profile="words", revision="1", threshold=0.5)


def test_faithfulness_by_hand() -> None:
    claims = [_claim(i, supported=i < 2) for i in range(5)]
    report = faithfulness.evaluate_claims(claims, _scored(claims, [0.9, 0.4, 0.6, 0.1, None]))
    group = report["groups"]["own en>zh"]
    assert list(group) == GROUP
    assert (group["n"], group["not_scored"], group["supported"]) == (5, 1, 2)
    assert (group["supported_kept"], group["unsupported_flagged"], group["balanced_accuracy"]) == (0.5, 0.5, 0.5)
    assert group["auroc"] == 0.75  # .9>.6, .9>.1, .4<.6, .4>.1
    low, high = group["auroc_ci"]
    assert low <= 0.75 <= high
    assert report["directions"] == {"en>zh": {"n": 5, "groups": 1, "balanced_accuracy": 0.5, "auroc": 0.75}}
    assert report["number_swaps"] == {}


def test_a_direction_is_the_mean_of_its_groups() -> None:
    own = [_claim(i, supported=i < 2) for i in range(4)]
    other = [_claim(i, supported=i < 2, source="other") for i in range(4)]
    alone = _claim(9, True, source="alone")
    scores = [0.9, 0.4, 0.6, 0.1, 0.9, 0.8, 0.1, 0.1, 0.9]
    report = faithfulness.evaluate_claims([*own, *other, alone], _scored([*own, *other, alone], scores))
    # (.5 + 1) / 2 and (.75 + 1) / 2: a group of one label has no accuracy.
    assert report["directions"]["en>zh"] == {"n": 9, "groups": 2, "balanced_accuracy": 0.75, "auroc": 0.875}


def test_swapped_numbers_and_their_true_twins_by_hand() -> None:
    swapped = [_claim(i, False, "xquad-number") for i in range(4)]
    twins = [_claim(i, True, "xquad-number-twin") for i in range(5)]
    report = faithfulness.evaluate_claims(
        swapped + twins, _scored(swapped + twins, [0.1, 0.2, 0.3, 0.9, 0.9, 0.9, 0.9, 0.9, 0.1])
    )
    told = report["number_swaps"]["en>zh"]
    assert (told["n"], told["flagged"], told["twins"], told["false_alarms"]) == (4, 0.75, 5, 0.2)
    for figure in ("flagged", "false_alarms"):
        low, high = told[f"{figure}_ci"]
        assert low <= told[figure] <= high


def test_sources_of_one_label_are_paired_and_single_labels_have_no_accuracy() -> None:
    claims = [_claim(1, True, "uhgeval-real"), _claim(2, False, "uhgeval-hallucinated"), _claim(3, True, "alone")]
    report = faithfulness.evaluate_claims(claims, _scored(claims, [0.9, 0.1, 0.9]))
    assert list(report["groups"]) == ["alone en>zh", "uhgeval-real/hallucinated en>zh"]
    assert report["groups"]["uhgeval-real/hallucinated en>zh"]["balanced_accuracy"] == 1.0
    alone = report["groups"]["alone en>zh"]
    assert (alone["balanced_accuracy"], alone["auroc"], alone["supported_kept"]) == (None, None, 1.0)


def test_scores_must_be_from_0_to_1() -> None:
    for bad in (1.1, -0.1, float("nan")):
        with pytest.raises(ValueError, match="score must be 0 to 1"):
            _scored([_claim(1, True)], [bad])


def _giveaway(count: int, start: int, split: str) -> list[Claim]:
    """Claims whose first word tells their label."""
    return [
        _claim(i, i % 2 == 0, split=split, text=f"{'Indeed' if i % 2 == 0 else 'Allegedly'} case {i} went well.")
        for i in range(start, start + count)
    ]


def test_a_set_that_gives_itself_away_is_shown_up_by_the_claims_alone() -> None:
    fit, rest = _giveaway(40, 0, "fit"), _giveaway(20, 40, "report")
    chances = claim_only.claim_only(fit, rest)
    assert [chance >= 0.5 for chance in chances] == [claim.supported for claim in rest]
    report = faithfulness.evaluate_claims(rest, _scored(rest, [0.5] * 20), fit)
    beside = report["groups"]["own en>zh"]["baselines"]
    assert list(beside) == ["claim_only", "word_overlap"]
    assert beside["claim_only"]["balanced_accuracy"] == 1.0
    assert (beside["claim_only"]["n"], beside["word_overlap"]["balanced_accuracy"]) == (20, 0.5)


def test_claims_alone_are_at_chance_where_they_tell_nothing() -> None:
    coin = random.Random(2)
    claims = [_claim(i, coin.random() < 0.5, text=f"Case {coin.randrange(9)} went well.") for i in range(300)]
    chances = claim_only.claim_only(claims[:150], claims[150:])
    assert 0.35 < auroc([claim.supported for claim in claims[150:]], chances) < 0.65


def test_baselines_are_never_measured_on_the_rows_they_were_fitted_on() -> None:
    fit, rest = _giveaway(40, 0, "fit"), _giveaway(20, 40, "report")
    report = faithfulness.evaluate_claims(fit + rest, _scored(fit + rest, [0.5] * 60), fit)
    group = report["groups"]["own en>zh"]
    assert (group["n"], group["baselines"]["claim_only"]["n"]) == (60, 20)
    repeated = [replace(claim, id=f"again-{claim.id}", split="fit") for claim in rest]
    again = faithfulness.evaluate_claims(rest, _scored(rest, [0.5] * 20), repeated)
    assert again["groups"]["own en>zh"]["baselines"] == {}  # a claim that stands in both parts is not fitted on
    assert faithfulness.evaluate_claims(fit, _scored(fit, [0.5] * 40), fit)["groups"]["own en>zh"]["baselines"] == {}


@pytest.mark.parametrize(
    ("claim", "evidence", "share"),
    [
        ("Prices rose sharply", "The price of memory rose.", 2 / 3),  # stems meet
        ("產能緊張", "产能紧张，交期延长。", 1.0),  # the other script
        ("价格上涨", "Prices rose.", 0.0),  # words do not cross languages
        ("？", "anything", 0.0),
    ],
)
def test_word_overlap(claim: str, evidence: str, share: float) -> None:
    row = Claim("1", "zh", "zh", claim, evidence, True, "own")
    assert claim_only.word_overlap(row) == pytest.approx(share)


def test_best_threshold_by_hand() -> None:
    assert claim_only.best_threshold([False, True, True], [0.2, 0.4, 0.9]) == pytest.approx(0.3)
    assert claim_only.best_threshold([True, False], [0.1, 0.9]) < 0.1  # nothing separates them: all are kept


def test_faithfulness_prints_its_schema(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    class Always:
        def score(self, claim: str, evidence: str, claim_language: str, evidence_language: str) -> float | None:
            return 0.9 if claim.startswith("Indeed") else 0.2

    parser = argparse.ArgumentParser()
    faithfulness.configure(parser)
    saved = tmp_path / "rows.jsonl"
    claims = _giveaway(40, 0, "fit") + _giveaway(20, 40, "report")
    words = ["--data", "sets", "--split", "report", "--save", str(saved)]
    assert faithfulness.report(claims, Always(), OWN, parser.parse_args([*words, "--json"])) == 0
    result = json.loads(capsys.readouterr().out)
    assert list(result) == ["groups", "directions", "number_swaps", "scorer", "settings"]
    assert result["scorer"] == {"name": "own", "profile": "words", "revision": "1", "threshold": 0.5}
    documented = str(faithfulness.__doc__)
    assert all(f'"{key}"' in documented for key in (*result, *GROUP, *result["scorer"], *result["settings"]))
    group = result["groups"]["own en>zh"]
    assert list(group) == [*GROUP, "baselines"]
    assert (group["n"], group["balanced_accuracy"]) == (20, 1.0)
    assert len(saved.read_text(encoding="utf-8").splitlines()) == 20
    faithfulness.report(claims, Always(), OWN, parser.parse_args(words))
    printed = capsys.readouterr().out.splitlines()
    table = [line for line in printed if line.startswith("|")]
    assert len(table) == 6  # the groups, and the directions below
    assert len({len(line) for line in table[:3]}) == len({len(line) for line in table[3:]}) == 1
    assert "claim only" in table[0] and printed[0] == "own (words), revision 1, threshold 0.5"
    faithfulness.report(claims, Always(), OWN, parser.parse_args([*words, "--no-baselines"]))
    assert "claim only" not in capsys.readouterr().out


def test_claims_that_lie_beside_are_read_too(tmp_path: Path) -> None:
    def line(number: int, source: str) -> str:
        return json.dumps(asdict(_claim(number, True, source))) + "\n"

    (tmp_path / "claims.jsonl").write_text(line(1, "own"), encoding="utf-8")
    assert [claim.source for claim in faithfulness.read_all(tmp_path)] == ["own"]
    (tmp_path / "train.jsonl").write_text(line(2, "hard"), encoding="utf-8")
    assert [claim.source for claim in faithfulness.read_all(tmp_path)] == ["own", "hard"]
    assert [claim.source for claim in faithfulness.read_all(tmp_path, "train.jsonl")] == ["hard"]
    (tmp_path / "train.jsonl").write_text(line(1, "own"), encoding="utf-8")
    with pytest.raises(UsageError, match="share the id"):
        faithfulness.read_all(tmp_path)


def test_a_step_is_switched_off_in_the_configuration() -> None:
    config = collection.without(Config(), ["means", "rerank"])
    assert (config.retrieval.means, config.retrieval.scale, config.rerank.model) == (False, True, "none")
    assert config.chunking == Config().chunking
    with pytest.raises(UsageError, match="--without limit: this version has no switch for that step"):
        collection.without(Config(), ["limit"])
