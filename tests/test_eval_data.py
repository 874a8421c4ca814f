"""Reading the JSON-lines sets: what is there, and what a bad line is told."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from eval.data import Claim, Passage, Query, read_claims, read_corpus, read_queries
from index.errors import UsageError

# The public sets are not in this repository: where WENJU_DATA names their folder, they are read too.
DATA = Path(os.environ.get("WENJU_DATA", "none"))

PASSAGE = {"id": "p1", "lang": "zh", "title": "封装", "text": "先进封装产能紧张。"}
QUERY = {"id": "q1", "lang": "en", "text": "What is short?", "gold": ["p1"], "answerable": True, "pair": "en>zh"}
CLAIM = {
    "id": "c1", "lang": "en", "evidence_lang": "zh", "claim": "Packaging is short.", "evidence": "先进封装产能紧张。",
    "supported": True, "source": "own", "split": "fit",
}  # fmt: skip


def _write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def test_rows_become_values(tmp_path: Path) -> None:
    hant = {"id": "p2", "lang": "zh-Hant", "text": "先進封裝產能吃緊。H20 仍缺貨。"}
    _write(tmp_path / "corpus.jsonl", PASSAGE, hant)
    _write(tmp_path / "queries.jsonl", QUERY | {"answers": ["产能"], "split": "fit", "unknown key": 3})
    _write(tmp_path / "claims.jsonl", CLAIM)
    assert read_corpus(tmp_path) == [
        Passage("p1", "先进封装产能紧张。", "zh", "封装"),
        Passage("p2", "先進封裝產能吃緊。H20 仍缺貨。", "zh-Hant"),
    ]
    [query] = read_queries(tmp_path, {"p1", "p2"})
    assert query == Query("q1", "What is short?", "en", "en>zh", ("p1",), True, ("产能",), split="fit")
    [claim] = read_claims(tmp_path / "claims.jsonl")
    assert claim == Claim("c1", "en", "zh", "Packaging is short.", "先进封装产能紧张。", True, "own", "fit")
    assert claim.direction == "en>zh"


def test_a_question_without_gold_cannot_be_answered(tmp_path: Path) -> None:
    bare = {key: value for key, value in QUERY.items() if key != "answerable"}
    _write(tmp_path / "queries.jsonl", bare, bare | {"id": "q2", "gold": [], "pair": "en>none"})
    assert [query.answerable for query in read_queries(tmp_path)] == [True, False]


def test_questions_on_the_same_passages_are_one_cluster() -> None:
    one = Query("q1", "?", "en", "en>zh", ("b", "a"), True)
    other = Query("q2", "?", "zh", "zh>zh", ("a", "b"), True)
    nothing = Query("q3", "?", "zh", "zh>none", (), False)
    assert one.cluster == other.cluster != nothing.cluster


def test_byte_order_mark_blank_lines_and_line_separators(tmp_path: Path) -> None:
    row = PASSAGE | {"text": "one\u2028still one"}
    text = "\ufeff\n" + json.dumps(row, ensure_ascii=False) + "\r\n\n" + json.dumps(PASSAGE | {"id": "p2"})
    (tmp_path / "corpus.jsonl").write_text(text, encoding="utf-8", newline="")
    assert [passage.id for passage in read_corpus(tmp_path)] == ["p1", "p2"]
    assert read_corpus(tmp_path)[0].text == "one\u2028still one"


BAD_PASSAGES = [
    (b"{", "must be one JSON object: "),
    (b"[1]", "must be one JSON object, was: [1]"),
    (b'{"id": "\xff"}', "must be UTF-8, but byte 9 of the line is not"),
    (b'{"id": "p1", "id": "p2"}', "'id' must be given once"),
    (b"[" * 100_000, "recursion"),
    (b'{"id": ' + b"9" * 5000 + b"}", "4300"),
    (b"{}", "id must be a non-empty string, was: missing"),
    (b'{"id": 7, "text": "x"}', "id must be a non-empty string, was: 7"),
    (b'{"id": "x", "text": "  "}', 'text must be a non-empty string, was: "  "'),
    (b'{"id": "x", "text": "x", "title": null}', "title must be a string, was: null"),
    (b'{"id": "p1", "text": "x"}', "id must occur once, but 'p1' stands on line 1 too"),
]


@pytest.mark.parametrize(("line", "message"), BAD_PASSAGES)
def test_a_bad_line_is_named(tmp_path: Path, line: bytes, message: str) -> None:
    path = _write(tmp_path / "corpus.jsonl", PASSAGE)
    path.write_bytes(path.read_bytes() + b"\n" + line + b"\n")
    with pytest.raises(UsageError) as caught:
        read_corpus(tmp_path)
    assert str(caught.value).startswith(f"{path}, line 3: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


BAD_QUERIES = [
    ({"pair": "zh"}, "pair must be like zh>en or zh>none, was: 'zh'"),
    ({"pair": None}, "pair must be a non-empty string, was: null"),
    ({"gold": "p1"}, 'gold must be a list of strings, was: "p1"'),
    ({"gold": [1]}, "gold must be a list of strings, was: [1]"),
    ({"gold": []}, "gold must name a passage where answerable is true"),
    ({"gold": ["p1", "p9"]}, "gold must be ids of the corpus, which has no 'p9'"),
    ({"answerable": 1}, "answerable must be true or false, was: 1"),
]


@pytest.mark.parametrize(("change", "message"), BAD_QUERIES)
def test_a_bad_question_is_named(tmp_path: Path, change: dict[str, object], message: str) -> None:
    path = _write(tmp_path / "queries.jsonl", QUERY | change)
    with pytest.raises(UsageError) as caught:
        read_queries(tmp_path, {"p1"})
    assert str(caught.value).startswith(f"{path}, line 1: {message}")


def test_a_bad_claim_is_named(tmp_path: Path) -> None:
    path = _write(tmp_path / "claims.jsonl", CLAIM, CLAIM | {"id": "c2", "supported": "yes"})
    with pytest.raises(UsageError, match=r'line 2: supported must be true or false, was: "yes"'):
        read_claims(path)


def test_missing_and_empty_files(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read .*corpus\.jsonl: No such file"):
        read_corpus(tmp_path)
    (tmp_path / "corpus.jsonl").write_text("\n", encoding="utf-8")
    with pytest.raises(UsageError, match="holds no rows"):
        read_corpus(tmp_path)


def test_half_a_surrogate_pair_can_be_written_again(tmp_path: Path) -> None:
    (tmp_path / "corpus.jsonl").write_text('{"id": "a", "text": "x\\ud83d"}\n', encoding="utf-8")
    assert read_corpus(tmp_path)[0].text == "x?"


@pytest.mark.skipif(not DATA.is_dir(), reason="the public sets are not here")
def test_the_public_sets_are_read_whole() -> None:
    folder = DATA / "retrieval" / "xpool"
    queries = read_queries(folder, {passage.id for passage in read_corpus(folder)})
    pairs = Counter(query.pair for query in queries)
    assert pairs == {"zh>zh": 305, "en>zh": 305, "zh>en": 219, "en>en": 219, "zh>none": 88, "en>none": 88}
    assert len({query.cluster for query in queries if query.answerable}) == 100
    assert len(read_claims(DATA / "faithfulness" / "claims.jsonl")) == 4922
