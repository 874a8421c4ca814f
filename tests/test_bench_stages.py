"""``wenju bench evidence``, ``followups`` and ``speed``, and all benchmarks end to end on a small set of our own."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from asked import parsed

from eval.bench import evidence, followups, speed
from eval.bench.evidence import Chosen
from eval.bench.followups import Rewritten
from eval.data import EvidenceRow, Followup, Passage, Query, ReadingRow, read_evidence, read_followups, read_reading
from index import models
from index.errors import QuestionError, UsageError
from rag.cli import main
from rag.config import Config
from rag.types import IngestReport

# --- evidence --------------------------------------------------------------------------------------------------------

HANS = EvidenceRow("1", "zh", "产能紧张。交期延长到十二周。", "交期多长？", ("交期延长到十二周。",), "report")
HANT = EvidenceRow("2", "zh", "產能緊張。交期延長到十二週。", "产能如何？", ("產能緊張。",), "fit")
ENGLISH = EvidenceRow("3", "en", "Prices rose. Lead times grew.", "What grew?", ("Lead times grew.",), "report")
MIXED = EvidenceRow("4", "zh", "H20 恢复销售。Nvidia said so.", "Who said so?", ("Nvidia said so.",), "fit")


def test_evidence_by_hand() -> None:
    chosen = [
        Chosen(HANS, "交期延长"),  # 4 of 4 and 4 of 8 characters: F1 2/3
        Chosen(HANT, "交期延长到十二周。"),
        Chosen(MIXED, ""),
        Chosen(ENGLISH, "Prices rose, lead times grew."),  # 3 of 5 and 3 of 3 words: F1 .75
    ]
    result = evidence.evaluate(chosen)
    assert list(result["languages"]) == ["en", "zh"]
    chinese = result["languages"]["zh"]
    assert list(chinese) == ["n", "right", "right_ci", "mean_f1", "reachable", "none", "mean_characters"]
    assert (chinese["n"], chinese["none"], chinese["mean_characters"]) == (3, 1, 6.5)
    assert chinese["right"] == pytest.approx(1 / 3, abs=1e-4)
    assert chinese["mean_f1"] == pytest.approx(2 / 9, abs=1e-4)
    assert chinese["reachable"] == 1.0
    english = result["languages"]["en"]
    assert (english["right"], english["mean_f1"]) == (1.0, 0.75)


@pytest.mark.parametrize(
    ("sentence", "marked", "same"),
    [
        ("交期延长到十二周。", "交期延長到十二週", True),  # the other script
        ("交期", "交期延长到十二周。", False),  # F1 .4
        ("Lead times grew.", "the lead times grew again", True),
        ("A cat sat.", "Most rates rose.", False),  # the same letters are not the same words
    ],
)
def test_what_counts_as_the_sentence_people_marked(sentence: str, marked: str, same: bool) -> None:
    assert evidence.is_evidence(sentence, ["没有关系", marked]) == same


def test_evidence_prints_its_schema(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    saved = tmp_path / "rows.jsonl"
    args = parsed("evidence", "--data", "sets", "--without", "rerank", "--save", saved, "--json")
    rows = [HANS, HANT, ENGLISH, MIXED]
    chosen = evidence.choose_all(rows, lambda question, passage: passage.partition("。")[0])
    assert evidence.report(chosen, args) == 0
    result = json.loads(capsys.readouterr().out)
    assert list(result) == ["languages", "report", "settings"]
    assert [result[part]["languages"]["zh"]["n"] for part in ("report",)] == [1]
    assert result["settings"] == {
        "data": "sets", "split": "all", "questions": None, "seed": 0, "without": ["rerank"],
    }  # fmt: skip
    assert [json.loads(line)["right"] for line in saved.read_text(encoding="utf-8").splitlines()] == [
        False, True, True, False,
    ]  # fmt: skip


# --- follow-ups ------------------------------------------------------------------------------------------------------

LEANING = Followup(
    "1", "zh-Hant", (("台積電的總部在哪裡？", "在新竹[1]。"),), "那營收呢？", "台積電的營收是多少？",
    must_contain=("台積電", "營收"), must_not_contain=("總部",),
)  # fmt: skip
ALONE = Followup("2", "en", (("Who founded Arm?", "…"),), "What is a wafer?", "What is a wafer?", ("wafer",))


@pytest.mark.parametrize(
    ("case", "text", "right"),
    [
        (LEANING, "台積電的營收是多少？", True),
        (LEANING, "那營收呢？", False),  # the subject is missing
        (LEANING, "台積電的總部的營收呢？", False),  # holds what it must not
        (ALONE, "What is a wafer?", True),
        (ALONE, "What is a wafer of Arm?", False),  # not left alone
        (replace(ALONE, standalone="What is a Wafer at Arm?", must_contain=("WAFER", "arm")), "a wafer at Arm?", True),
    ],
)
def test_what_a_follow_up_must_become(case: Followup, text: str, right: bool) -> None:
    assert Rewritten(case, text).right == right


def test_followups_by_hand(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    saved = tmp_path / "rows.jsonl"
    rewritten = followups.rewrite_all([LEANING, replace(LEANING, id="3"), ALONE], lambda question, turns: question)
    assert followups.report(rewritten, parsed("followups", "--json", "--save", saved)) == 0
    result = json.loads(capsys.readouterr().out)
    assert list(result) == ["languages", "totals", "settings"]
    assert result["settings"]["data"] is None
    hant, total = result["languages"]["zh-Hant"], result["totals"]["all"]
    assert list(hant) == ["n", "right", "share", "share_ci", "leaning", "leaning_right", "alone", "alone_right"]
    assert (hant["n"], hant["right"], hant["leaning"], hant["leaning_right"], hant["alone"]) == (2, 0, 2, 0, 0)
    assert (total["n"], total["right"], total["alone"], total["alone_right"]) == (3, 1, 1, 1)
    assert total["share"] == pytest.approx(1 / 3, abs=1e-4)
    assert len(saved.read_text(encoding="utf-8").splitlines()) == 3


def test_the_shipped_followups_are_measured_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "followups", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert list(result["languages"]) == ["en", "zh-Hans", "zh-Hant"]
    assert result["totals"]["all"]["n"] == 40
    assert main(["bench", "followups", "--questions", "2"]) == 0
    table = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert len({len(line) for line in table}) == 1
    assert table[-1].split()[3:6] == ["all", "|", "6"]


# --- reading ---------------------------------------------------------------------------------------------------------

EVIDENCE = {"id": "1", "lang": "zh", "passage": "产能紧张。", "question": "如何？", "evidence": ["产能紧张。"]}
FOLLOWUP = {
    "id": "1", "language": "en", "turns": [{"question": "Who?", "answer": "Arm [1]."}], "question": "When?",
    "standalone": "When was Arm founded?", "must_contain": ["Arm"], "must_not_contain": [],
}  # fmt: skip


READING = {
    "id": "1", "lang": "zh", "passage": "产能紧张。", "question": "如何？", "answers": ["紧张"], "answerable": True,
}  # fmt: skip


def written(path: Path, *rows: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def test_rows_become_values(tmp_path: Path) -> None:
    [row] = read_evidence(written(tmp_path / "evidence.jsonl", EVIDENCE | {"split": "fit", "answers": []}))
    assert row == EvidenceRow("1", "zh", "产能紧张。", "如何？", ("产能紧张。",), "fit")
    [case] = read_followups(written(tmp_path / "followups.jsonl", FOLLOWUP))
    assert case == Followup("1", "en", (("Who?", "Arm [1]."),), "When?", "When was Arm founded?", ("Arm",))
    assert not case.stands_alone
    [reading] = read_reading(written(tmp_path / "train.jsonl", READING))
    assert reading == ReadingRow("1", "zh", "产能紧张。", "如何？", ("紧张",), True)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (EVIDENCE | {"evidence": []}, r"line 1: evidence must hold a sentence, was: \[\]"),
        (EVIDENCE | {"passage": ""}, "line 1: passage must be a non-empty string"),
        (
            READING | {"answers": []},
            r"line 1: answers must be given where answerable is true, and only there, was: \(\)",
        ),
        (READING | {"answerable": False}, r"line 1: answers must be given .*, was: \('紧张',\)"),
        (READING | {"answerable": "no"}, "line 1: answerable must be true or false"),
        (FOLLOWUP | {"turns": []}, "line 1: turns must be a list of objects with question and answer"),
        (FOLLOWUP | {"turns": [{"question": "Who?"}]}, "line 1: answer must be a non-empty string, was: missing"),
        (FOLLOWUP | {"must_contain": "Arm"}, "line 1: must_contain must be a list of strings"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, row: dict[str, object], message: str) -> None:
    read = read_followups if "passage" not in row else read_evidence if "evidence" in row else read_reading
    with pytest.raises(UsageError, match=message):
        read(written(tmp_path / "rows.jsonl", row))


# --- speed -----------------------------------------------------------------------------------------------------------


def clock(*steps: float) -> Iterator[float]:
    """Times that go on by these steps, one after each reading."""
    now = 0.0
    for step in (*steps, 0.0):
        yield now
        now += step


def test_questions_are_timed_warm() -> None:
    asked: list[str] = []

    def ask(question: str) -> None:
        asked.append(question)
        if question == "三":
            raise QuestionError("the question is empty: type one")

    ticks = clock(9.0, 0.25, 0.0, 0.5)  # the first one loads the models
    assert speed.timed(ask, ["one", "二", "三"], lambda: next(ticks)) == [250.0, 500.0]
    assert asked == ["one", "二", "三"]


def test_every_stage_has_questions_of_its_own() -> None:
    queries = [Query(str(i), "?", "zh", pair, (), False) for pair in ("zh>none", "en>none") for i in range(8)]
    parts = speed.quarters(queries)
    assert [len(part) for part in parts] == [4, 4, 4, 4]
    assert all(sum(query.pair == "zh>none" for query in part) == 2 for part in parts)
    assert {id(query) for part in parts for query in part} == {id(query) for query in queries}
    with pytest.raises(UsageError, match="8 questions or more, these are 3"):
        speed.quarters(queries[:3])


@dataclass(frozen=True)
class Listed:
    chunks: int


class FakeAdder:
    """Two passages for every file; remembers what it was given."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def add(self, paths: Sequence[str | Path], /) -> IngestReport:
        self.texts += [Path(path).read_text(encoding="utf-8") for path in paths]
        return IngestReport(added=tuple(str(path) for path in paths))

    def documents(self) -> list[Listed]:
        return [Listed(2) for _ in self.texts]


def test_adding_is_timed_beyond_the_first(tmp_path: Path) -> None:
    rows = [Passage("1", "先进封装"), Passage("2", "先進封裝"), Passage("3", "packaging"), Passage("4", "H20 恢复销售")]
    adder, ticks = FakeAdder(), clock(1.5)
    assert speed.ingest(rows, tmp_path, adder, lambda: next(ticks)) == {
        "documents": 3, "passages": 6, "seconds": 1.5, "passages_per_second": 4.0,
    }  # fmt: skip
    assert adder.texts == [row.text for row in rows]


def test_cold_starts_are_whole_processes() -> None:
    ticks = clock(2.0, 0.0, 3.0)
    command = [sys.executable, "-c", "print('{}')"]
    assert speed.cold_starts(command, 2, lambda: next(ticks)) == [2.0, 3.0]
    for code, said in (("raise SystemExit('wenju: no such folder')", "wenju: no such folder"), ("print('[]')", "exit")):
        with pytest.raises(UsageError, match=f"a cold start failed: {said}"):
            speed.cold_starts([sys.executable, "-c", code], 1)


def test_a_configuration_is_handed_on_as_a_file(tmp_path: Path) -> None:
    config = Config().with_values(
        {"rerank": {"model": "none"}, "embedding": {"model": "模型\\夹", "query_prefix": '"'}}
    )
    path = tmp_path / "wenju.toml"
    path.write_text(speed.toml(config), encoding="utf-8")
    assert Config.load(path) == config


# --- end to end ------------------------------------------------------------------------------------------------------

CORPUS = [
    {"id": "hans", "text": "启衡微电子在苏州生产模拟芯片。它的总经理是林若澄。公司今年新建一条产线。", "lang": "zh"},
    {"id": "hant", "text": "嶺川半導體的月產能是三萬二千片。瓶頸在測試機台，交期約三十八週。", "lang": "zh"},
    {"id": "en", "text": "Exporters keep their records for five years. An application is answered within 45 days.",
     "lang": "en"},
    {"id": "mixed", "text": "英伟达 H20 芯片恢复销售。Nvidia said so in July，但价格没有公布。", "lang": "zh"},
]  # fmt: skip
QUERIES = [
    {"id": "1", "lang": "zh", "text": "启衡微电子的总经理是谁？", "gold": ["hans"], "pair": "zh>zh",
     "answers": ["林若澄"], "split": "fit"},
    {"id": "2", "lang": "zh", "text": "岭川半导体的月产能是多少？", "gold": ["hant"], "pair": "zh>zh",
     "answers": ["三万二千片"], "split": "report"},
    {"id": "3", "lang": "en", "text": "How long do exporters keep their records?", "gold": ["en"], "pair": "en>en",
     "answers": ["five years"], "split": "report"},
    {"id": "4", "lang": "en", "text": "Which H20 went on sale again?", "gold": ["mixed"], "pair": "en>zh",
     "answers": ["英伟达"], "split": "report"},
    {"id": "5", "lang": "zh", "text": "糖醋排骨怎麼做？", "gold": [], "pair": "zh>none", "split": "report"},
]  # fmt: skip


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of all a benchmark reads, and a cache of the test's own that has the models of the user's."""
    if not models.is_installed(models.EMBEDDER):
        pytest.skip(f"needs the bundled embedder: {models.EMBEDDER.remedy}")
    models.prepare(models.EMBEDDER)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "models").symlink_to(models.cache_folder() / "models")
    monkeypatch.setenv("WENJU_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "set"
    written(folder / "corpus.jsonl", *CORPUS)
    written(folder / "queries.jsonl", *QUERIES)
    rows = [
        {"id": row["id"], "lang": row["lang"], "passage": row["text"], "question": asked["text"], "evidence": [first]}
        for row, asked, first in zip(
            CORPUS, QUERIES, ("它的总经理是林若澄。", "嶺川半導體的月產能是三萬二千片。",
                              "Exporters keep their records for five years.", "英伟达 H20 芯片恢复销售。"), strict=False
        )
    ]  # fmt: skip
    written(folder / "evidence.jsonl", *rows)
    return folder


def test_all_on_a_small_set(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = ["--answers", str(tmp_path / "answers.jsonl"), "--without", "rerank", "--json"]
    printed = {}
    for name in ("refusal", "answers", "citations"):
        assert main(["bench", name, "--data", str(data), *kept]) == 0
        said = capsys.readouterr()
        assert ("5/5 questions" in said.err) == (name == "refusal")  # the others ask nothing again
        printed[name] = json.loads(said.out)
    assert printed["refusal"]["languages"]["zh"]["unanswerable"] == 1
    assert printed["answers"]["totals"]["same language"]["n"] == 3
    assert printed["citations"]["totals"]["all"]["quotes_elsewhere"] == 0
    assert printed["answers"]["report"]["pairs"]["zh>zh"]["n"] == 1
    assert main(["bench", "evidence", "--data", str(data), "--without", "rerank", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["languages"]
    assert (found["zh"]["n"], found["zh"]["none"], found["en"]["right"]) == (3, 0, 1.0)


def test_speed_on_a_small_set(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved = tmp_path / "rows.jsonl"
    twice = [*QUERIES, *({**row, "id": f"{row['id']}-2", "text": f"{row['text']}?"} for row in QUERIES)]
    written(data / "queries.jsonl", *twice)
    words = ["--without", "rerank", "--passages", "2", "--runs", "1", "--save", str(saved)]
    assert main(["bench", "speed", "--data", str(data), "--json", *words]) == 0
    result = json.loads(capsys.readouterr().out)
    assert list(result) == ["profiles", "ingest", "settings"]
    assert list(result["profiles"]) == ["without reranker", "with reranker"]
    assert result["profiles"]["with reranker"] is None
    profile = result["profiles"]["without reranker"]
    assert list(profile) == ["search_ms", "ask_ms", "cold_ask_s"]
    assert all(list(figures) == ["n", "median", "p95"] and figures["median"] > 0 for figures in profile.values())
    assert (result["ingest"]["documents"], result["settings"]["passages"], result["settings"]["runs"]) == (2, 2, 1)
    assert {json.loads(line)["stage"] for line in saved.read_text(encoding="utf-8").splitlines()} == {
        "search_ms", "ask_ms",
    }  # fmt: skip
    table = speed.markdown(result).splitlines()
    assert len({len(line) for line in table if line.startswith("|")}) == 1
    assert table[2].startswith("| without reranker |")
