"""Retrieval over real documents of both languages: what must hold whatever the fitted numbers are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from real import ENGLISH, HANS, HANT, PLAIN, copied, of_files, real, real_folder

from index.embed import EmbeddingSettings, load_embeddings
from index.language import fold, is_chinese, side
from index.store import Store
from index.types import Passage
from rag import KnowledgeBase
from rag.retrieve import RetrievalSettings, Retriever, stored_scales

__all__ = ["copied", "real", "real_folder"]

QUESTIONS = {
    "zh-Hans": "CX-8的显存带宽是多少？",
    "zh-Hant": "輝達H20的記憶體頻寬是多少？",
    "en": "How much will Northgate pay in advance?",
    "mixed": "Northgate 与嶺川签的 agreement 值多少钱？",
    "und": "H20?",
}
each_question = pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS.keys())


class Remembering:
    """The real embedder, which embeds no text twice."""

    def __init__(self) -> None:
        self._embeddings = load_embeddings(EmbeddingSettings())
        self._known: dict[tuple[str, str], npt.NDArray[np.float32]] = {}

    def encode_questions(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return self._encode("question", texts)

    def encode_passages(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return self._encode("passage", texts)

    def _encode(self, kind: str, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        missing = [text for text in dict.fromkeys(texts) if (kind, text) not in self._known]
        if missing:
            encode = self._embeddings.encode_questions if kind == "question" else self._embeddings.encode_passages
            self._known |= {(kind, text): row for text, row in zip(missing, encode(missing), strict=True)}
        return np.array([self._known[kind, text] for text in texts], dtype=np.float32).reshape(-1, 384)


@cache
def embedder() -> Remembering:
    return Remembering()


def retriever(folder: Path, **settings: object) -> Retriever:
    return Retriever(Store.open(folder).snapshot(), embedder(), replace(RetrievalSettings(), **settings))  # type: ignore[arg-type]


def ids(passages: Sequence[Passage]) -> list[str]:
    return [passage.chunk_id for passage in passages]


def sources(passages: Sequence[Passage]) -> list[str]:
    return [Path(passage.source).name for passage in passages]


# --- the order -----------------------------------------------------------------------------------------------------


@each_question
def test_a_limit_never_reorders(real_folder: Path, question: str) -> None:
    found = retriever(real_folder)
    every = ids(found.search(question, 60))
    assert len(every) == len(set(every)) == 60
    for limit in (0, 1, 2, 3, 7, 10, 25):
        assert ids(found.search(question, limit)) == every[:limit]
    assert ids(found.search(question)) == every[: RetrievalSettings().limit]


@each_question
def test_the_same_question_gives_the_same_order_and_scores(real_folder: Path, question: str) -> None:
    one, other = retriever(real_folder), retriever(real_folder)
    assert one.candidates(question) == one.candidates(question) == other.candidates(question)
    assert one.search(question, 20) == other.search(question, 20)


@each_question
def test_scores_fall_and_ties_are_broken_by_row(real_folder: Path, question: str) -> None:
    found = retriever(real_folder).candidates(question)
    keys = [(-candidate.score, candidate.row) for candidate in found]
    assert keys == sorted(keys) and len({candidate.row for candidate in found}) == len(found)


@each_question
def test_passages_are_what_stands_in_their_documents(real: KnowledgeBase, real_folder: Path, question: str) -> None:
    for passage in retriever(real_folder).search(question, 8):
        document = real.document(passage.document_id)
        assert document.text[passage.start : passage.end] == passage.text
        assert passage.title == document.title and passage.source == document.source
        assert passage.page == document.page_at(passage.start)


# --- two languages -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", ["zh", "en"])
def test_a_language_is_ranked_as_if_the_other_were_not_there(real_folder: Path, tmp_path: Path, kept: str) -> None:
    alone = of_files(real_folder, tmp_path / "kb", (*HANS, *HANT) if kept == "zh" else ENGLISH)
    alone.close()
    one, both = retriever(tmp_path / "kb"), retriever(real_folder)
    for question in QUESTIONS.values():
        own = one.candidates(question)
        same = [candidate for candidate in both.candidates(question) if candidate.side == kept]
        assert len(own) == len(same) > 20
        assert ids(one.passages(own)) == ids(both.passages(same))
        np.testing.assert_allclose([c.score for c in own], [c.score for c in same], rtol=1e-5)


@pytest.mark.parametrize(
    ("question", "document"),
    [
        ("GlobalFoundries获得了多少直接资助？", "chips-act-digest.pdf"),
        ("獨立測試中，澄星CX-8閒置時的功耗是多少？", "cx8-benchmark-report.html"),
        ("Who leads the joint laboratory of Qiheng and Hetong Materials?", HANS[2]),
        ("What tax credit does Taiwan give for machinery of advanced processes?", HANT[0]),
    ],
)
def test_an_answer_in_the_other_language_is_found(real_folder: Path, question: str, document: str) -> None:
    assert document in sources(retriever(real_folder).search(question, 5))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("輝達成立於哪一年？", "辉达成立于哪一年？"),
        ("临江市的算力券最高多少万元？", "臨江市的算力券最高多少萬元？"),
    ],
)
def test_both_scripts_of_a_question_find_the_same(real_folder: Path, one: str, other: str) -> None:
    assert fold(one) == fold(other) and one != other
    found = retriever(real_folder)
    overlap, same = ({c.row: c.overlap for c in found.candidates(question)} for question in (one, other))
    assert all(overlap[row] == pytest.approx(same[row], rel=1e-5) for row in overlap.keys() & same.keys())
    assert ids(found.search(one, 1)) == ids(found.search(other, 1))
    assert found.query_terms(one) == found.query_terms(other)


def test_a_question_of_no_language_is_asked_of_both_sides(real_folder: Path) -> None:
    found = retriever(real_folder).candidates("H20?")
    for name in ("zh", "en"):
        own = [candidate for candidate in found if candidate.side == name]
        assert len(own) > 20
    # Each side is asked in its own language: the name itself is what it holds, translated by nobody.
    terms = retriever(real_folder).query_terms("H20?")
    assert all(any(reading == ("h20",) for term in own.terms for reading, _ in term.readings) for own in terms.values())
    best = retriever(real_folder).search("H20?", 1)[0]
    assert "H20" in best.text


# --- the steps -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["means", "whitening", "scale", "lexical", "dictionary", "names", "numbers"])
def test_each_step_does_something_and_can_be_switched_off(real_folder: Path, step: str) -> None:
    if step == "scale" and not stored_scales("multilingual-e5-small"):
        pytest.skip("no scales are fitted for the bundled model")
    with_it, without = retriever(real_folder), retriever(real_folder, **{step: False})
    asked = (*QUESTIONS.values(), "Who is Lisa Müller?", "Who is Tang Ruoxi?", "500亿元是什么？", "What cost 50%?")
    assert any(with_it.candidates(question) != without.candidates(question) for question in asked)
    if step == "lexical":
        assert all(c.overlap == 0.0 for question in QUESTIONS.values() for c in without.candidates(question))


def test_candidates_are_as_deep_as_the_settings_say(real_folder: Path) -> None:
    shallow = retriever(real_folder, depth=10).candidates(QUESTIONS["en"])
    deep = retriever(real_folder).candidates(QUESTIONS["en"])
    assert 20 <= len(shallow) <= 40 < len(deep)
    assert {candidate.row for candidate in shallow} < {candidate.row for candidate in deep}


REPEATS = {
    "a.txt": "启衡微电子2024年的12英寸晶圆月产能为4.5万片，同比增长一成，主要来自二厂的扩产。",
    "b.txt": "啟衡微電子2024年的12英寸晶圓月產能為4.5萬片，同比增長一成，主要來自二廠的擴產。",
    "c.txt": "启衡微电子2024年的12英寸晶圆月产能为5.2万片，同比增长一成，主要来自二厂的扩产。",
    "d.txt": "Qiheng Micro could make 45,000 wafers of 12 inches a month in 2024, a tenth more than before.",
}


def test_repeats_are_left_out_but_differing_figures_are_not(tmp_path: Path, real_folder: Path) -> None:
    for name, text in REPEATS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    kb = KnowledgeBase.open(tmp_path / "kb", create=True, config=PLAIN)
    assert len(kb.add(sorted(tmp_path.glob("*.txt"))).added) == 4
    kb.close()
    question = "启衡微电子的月产能是多少？"
    found = sources(retriever(tmp_path / "kb").search(question))
    assert len(found) == 3 and {"c.txt", "d.txt"} < set(found)
    assert sorted(sources(retriever(tmp_path / "kb", diversity=False).search(question))) == sorted(REPEATS)


# --- what the later stages ask for ---------------------------------------------------------------------------------


def test_the_terms_of_a_question_weigh_what_they_say(real_folder: Path) -> None:
    terms = retriever(real_folder).query_terms("临江市的算力券是多少？")
    own = terms["zh"]
    assert own.coverage == 1.0 and len(own.terms) == len(own.weights)
    held = {reading[0] for term in own.terms for reading, _ in term.readings}
    assert own.share(held) == pytest.approx(1.0, abs=1e-6) and own.share(()) == 0.0 == own.covered(())
    part = set(sorted(held)[:1])
    assert 0.0 < own.share(part) < 1.0
    assert own.covered(part) < own.covered(held)


def test_sentences_and_questions_are_compared_as_passages_are(real_folder: Path) -> None:
    found = retriever(real_folder)
    texts = ["CX-8的显存带宽为1.6 TB/s。", "The weather in Dresden is mild."]
    vectors = found.centred_texts(texts, ["zh", "en"])
    question = found.centred_question(QUESTIONS["zh-Hans"], "zh")
    np.testing.assert_allclose(np.linalg.norm([*vectors, question], axis=1), 1.0, atol=1e-5)
    assert vectors[0] @ question > vectors[1] @ found.centred_question(QUESTIONS["zh-Hans"], "en")
    assert found.centred_texts([], []).shape == (0, 384)


def test_a_removed_document_is_found_no_more(copied: KnowledgeBase) -> None:
    question = "GlobalFoundries获得了多少直接资助？"
    before = copied.search(question, 20)
    gone = next(passage.document_id for passage in before if Path(passage.source).name == "chips-act-digest.pdf")
    copied.remove(gone)
    after = copied.search(question, 20)
    assert all(passage.document_id != gone for passage in after) and copied.verify() == []
    assert {side(passage.language) for passage in after} == {"zh", "en"}
    assert any(is_chinese(passage.language) for passage in after)
