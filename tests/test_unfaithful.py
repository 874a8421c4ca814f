"""A deliberately unfaithful answerer is told from the faithful one on every slice, over the shipped sample set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from evaluation import CASES, FOUND, RIGHT, EvaluatedKnowledge, VerbatimScorer, quoting, refusing
from fake_knowledge import HANS, FakeKnowledge, cite
from real import ENGLISH, real, real_folder  # noqa: F401 - fixtures
from real import HANS as HANS_FILES
from real import HANT as HANT_FILES

from eval.cases import Case, read_cases
from eval.run import RunResult, evaluate
from eval.sample import SHIPPED
from eval.scorers.offline import OfflineScorer
from eval.unfaithful import DAMAGES, Remembering, Unfaithful, add_negation, change_number, told_apart
from index.language import detect, side
from index.types import Document
from rag import KnowledgeBase
from rag.types import Answer, Sentence, Turn
from rag.verify import Verifier

# --- damage, by hand -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number", "negation"),
    [
        ("公司有17台设备推迟交付。", "公司有67台设备推迟交付。", "公司没有17台设备推迟交付。"),
        ("公司有17台設備延後交付。", "公司有67台設備延後交付。", "公司沒有17台設備延後交付。"),
        ("It was built in 2019.", "It was built in 7019.", "It was not built in 2019."),
        ("H20 是 Nvidia 的芯片。", None, "H20 并不是 Nvidia 的芯片。"),
        ("公司没有涨价。", None, "公司有涨价。"),
        ("启衡有限公司现在由沈立衡领导。", None, "启衡有限公司现在并不由沈立衡领导。"),
        ("Prices rose.", None, "Prices never rose."),
        ("Prices up.", None, None),
    ],
)
def test_damage_by_hand(text: str, number: str | None, negation: str | None) -> None:
    assert (change_number(text), add_negation(text)) == (number, negation)


def test_citations_stay_and_marks_are_not_numbers() -> None:
    said = quoting(RIGHT, HANS, "每天大约需要两万吨超纯水。", said="每天大约需要2万吨超纯水。")
    knowledge = EvaluatedKnowledge({RIGHT.question: said})
    damaged = Unfaithful(knowledge, "number").ask(RIGHT.question)
    assert damaged.text == "每天大约需要7万吨超纯水。[1]\n"
    assert (damaged.citations, damaged.sentences[0].citations) == (said.citations, (1,))
    other = Unfaithful(knowledge, "other document").ask(RIGHT.question)
    assert other.text.removesuffix("[1]\n") not in HANS.text and side(detect(other.text)) == "zh"
    assert Unfaithful(knowledge, "other document").ask(RIGHT.question) == other


def test_what_cannot_be_damaged_is_left_out_and_a_refusal_stays() -> None:
    said = quoting(RIGHT, HANS, "每天大约需要两万吨超纯水。")  # no number in digits
    refusal = refusing(CASES[3])
    knowledge = EvaluatedKnowledge({RIGHT.question: said, CASES[3].question: refusal})
    damaged = Unfaithful(knowledge, "number").ask(RIGHT.question)
    assert not damaged.text.strip() and not damaged.refused
    assert Unfaithful(knowledge, "number").ask(CASES[3].question) == refusal
    with pytest.raises(ValueError, match="damage must be one of number, other document, negation"):
        Unfaithful(knowledge, "typo")


def test_a_question_is_asked_once() -> None:
    knowledge = EvaluatedKnowledge()
    asked = Remembering(knowledge)
    first = asked.ask(RIGHT.question)
    assert all(Unfaithful(asked, kind).ask(RIGHT.question).question == first.question for kind in DAMAGES)
    assert asked.search(RIGHT.question) == FOUND[RIGHT.question]
    assert knowledge.asked == [RIGHT.question]


def test_the_same_words_after_another_answer_are_another_question() -> None:
    knowledge = EvaluatedKnowledge()
    asked = Remembering(knowledge)
    for said in ("Aurora-1", "Aurora-2", "Aurora-1"):
        asked.ask(RIGHT.question, [Turn("Which one?", said)])
    assert len(knowledge.asked) == 2


@pytest.mark.parametrize(
    ("text", "damaged"),
    [
        ("1. The plant has 300 workers.", "1. The plant has 800 workers."),
        ("2. 三厂预算为42亿元。", "2. 三厂预算为92亿元。"),
        ("3.5 million", "8.5 million"),
        ("1. The plant is open.", None),
    ],
)
def test_the_number_of_a_list_is_no_figure_to_change(text: str, damaged: str | None) -> None:
    assert change_number(text) == damaged


@pytest.mark.parametrize("text", ["It can't open today.", "There is no plant.", "工厂并不在上海。"])
def test_what_is_denied_already_is_not_denied_again(text: str) -> None:
    assert add_negation(text) is None


def test_told_apart_by_hand(tmp_path: Path) -> None:
    cases = [replace(RIGHT, id=f"c{i}", question=f"{RIGHT.question}{i}") for i in range(8)]
    said = {
        case.question: replace(quoting(RIGHT, HANS, "回收率是衡量水管理的首要指标。"), question=case.question)
        for case in cases
    }
    knowledge = EvaluatedKnowledge(dict(said), {})
    runs = _runs(knowledge, cases, VerbatimScorer(), tmp_path)
    found = told_apart(runs[0], runs[1])
    assert found["all"]["faithful"]["value"] == 1.0 and found["all"]["negation"]["value"] == 0.0
    assert found["all"]["number"] == {"value": None, "ci": None, "n": 0}  # it states none
    assert found["zh-Hans"]["other document"]["n"] == 8
    # Eight cases of one cluster are one observation: they tell nothing apart for sure.
    assert found["all"]["told_apart"] is False


def _runs(
    knowledge: object, cases: Sequence[Case], scorer: object, folder: Path
) -> tuple[RunResult, dict[str, RunResult]]:
    asked = Remembering(knowledge)  # type: ignore[arg-type]
    faithful = evaluate(asked, cases, out=folder / "faithful", scorer=scorer)  # type: ignore[arg-type]
    return faithful, {
        kind: evaluate(Unfaithful(asked, kind), cases, out=folder / kind, scorer=scorer)  # type: ignore[arg-type]
        for kind in DAMAGES
    }


# --- the product's own answers to the sample set ---------------------------------------------------------------------


def test_quoted_answers_are_told_from_damaged_ones_on_every_slice(real: KnowledgeBase, tmp_path: Path) -> None:  # noqa: F811
    names = {*HANS_FILES, *HANT_FILES, *ENGLISH}
    fitting = [case for case in read_cases(SHIPPED) if case.answerable and {g.document for g in case.gold} <= names]
    cases = [case for tag in ("zh-Hans", "zh-Hant", "en") for case in [c for c in fitting if c.language == tag][:6]]
    found = told_apart(*_runs(real, cases, OfflineScorer(Verifier()), tmp_path))
    for name in ("all", "zh-Hans", "zh-Hant", "en"):
        figures = found[name]
        assert figures["faithful"]["value"] == 1.0, (name, figures)
        for kind in DAMAGES:
            assert figures[kind]["n"] >= 2 and figures[kind]["value"] <= 0.34, (name, kind, figures)
    assert found["all"]["told_apart"] is True


# --- answers in the asker's own words, in every direction ------------------------------------------------------------


class Referring(FakeKnowledge):
    """Gives each case's reference answer and cites its gold passages."""

    def __init__(self, cases: Sequence[Case]) -> None:
        quotes: dict[str, dict[str, None]] = {}
        for case in read_cases(SHIPPED):
            for gold in case.gold:
                quotes.setdefault(gold.document, {})[gold.quote] = None
        texts = {name: "\n".join(own) for name, own in quotes.items()}
        super().__init__(documents=[Document(n, n, f"/d/{n}", t, detect(t), "0" * 64) for n, t in texts.items()])
        self._cases = {case.question: case for case in cases}

    def ask(self, question: str, history: object = (), language: str = "") -> Answer:
        case = self._cases[question]
        cited = tuple(cite(i, self.document(g.document), g.quote) for i, g in enumerate(case.gold, 1))
        numbers = tuple(citation.number for citation in cited)
        said = case.answer + "".join(f"[{number}]" for number in numbers)
        return Answer(question, said, case.language, cited, sentences=(Sentence(said, numbers),), standalone=question)

    def search(self, question: str, limit: int | None = None) -> list[object]:  # type: ignore[override]
        return []


@cache
def _referring() -> tuple[list[Case], Referring]:
    cases = [c for c in read_cases(SHIPPED) if c.answerable and c.kind == "single" and "|" not in c.gold[0].quote]
    return cases, Referring(cases)


def test_reworded_answers_are_told_from_damaged_ones_in_every_direction(tmp_path: Path) -> None:
    cases, knowledge = _referring()
    runs = _runs(knowledge, cases, OfflineScorer(Verifier()), tmp_path)
    kept: dict[str, dict[str, list[bool]]] = {}
    for kind, run in {"faithful": runs[0], **runs[1]}.items():
        for row in run.rows:
            written = side(row.evidence)
            claims = [bool(claim.supported) for claim in row.claims if claim.supported is not None]
            for name in (row.language, f"{side(row.language)}>{written}"):
                kept.setdefault(name, {}).setdefault(kind, []).extend(claims)
    assert set(kept) == {"zh-Hans", "zh-Hant", "en", "zh>zh", "zh>en", "en>zh", "en>en"}
    for name, found in kept.items():
        shares = {kind: sum(values) / len(values) for kind, values in found.items()}
        assert all(len(values) >= 3 for values in found.values()), name
        assert max(shares[kind] for kind in DAMAGES) < shares["faithful"] - 0.2, (name, shares)
