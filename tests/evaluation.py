"""A small evaluation whose every figure can be worked by hand: seven cases over the documents of ``fake_knowledge``."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from fake_knowledge import ENGLISH, HANS, HANT, FakeKnowledge, cite

from eval.cases import Case, Gold
from eval.scorers import Judgement
from index.language import detect
from index.types import Document, Passage
from rag.types import Answer, Sentence, Turn

WATER = "每天大约需要两万吨超纯水。"
RECYCLED = "𠮷田厂在去年把回收率提高到百分之八十七。"
LICENCE = "An application is answered within 45 working days."
RECORDS = "Exporters keep their records for five years after the last shipment."
PACKAGING = "客戶應在投片前九個月提交需求預測，否則不保證產能。"
CHINESE_FRAME = "英文文件原文："


def passage(document: Document, quote: str, score: float = 1.0) -> Passage:
    """A passage of exactly one quote."""
    item = cite(1, document, quote)
    language = detect(quote)
    return Passage(
        f"{document.id}#{item.start}", document.id, item.title, document.source, item.page, item.start, item.end, quote,
        language, score,
    )  # fmt: skip


def quoting(case: Case, document: Document, quote: str, said: str = "", frame: str = "") -> Answer:
    """An answer that quotes a document, or says something else and cites the quote for it."""
    pieces = [Sentence(frame + "\n", (), reason="frame")] if frame else []
    pieces.append(Sentence(f"{said or quote}[1]", (1,), "supported", 1.0))
    return Answer(
        case.question, "".join(piece.text for piece in pieces), case.language, (cite(1, document, quote),),
        sentences=tuple(pieces), standalone=case.question, confidence=0.9,
    )  # fmt: skip


def refusing(case: Case, confidence: float = 0.2) -> Answer:
    """A refusal in the question's language."""
    text = {"zh-Hans": "文档里没有写到这件事。", "zh-Hant": "文件裡沒有寫到這件事。", "en": "The documents do not say."}
    said = text[case.language]
    return Answer(
        case.question, said, case.language, refused=True, sentences=(Sentence(said, (), reason="refusal"),),
        confidence=confidence, mode="refusal",
    )  # fmt: skip


def _case(name: str, question: str, language: str, document: Document, quote: str, short: str) -> Case:
    return Case(
        name, question, language, "single", True, gold=(Gold(document.id, quote),), answer=quote, short_answers=(short,)
    )


RIGHT = _case("right", "一座晶圆厂每天用多少超纯水？", "zh-Hans", HANS, WATER, "两万吨")
WRONG = _case("wrong", "紀錄要保存幾年？", "zh-Hant", ENGLISH, RECORDS, "five years")
REFUSED = _case("refused", "How much water does the Yoshida plant recycle?", "en", HANS, RECYCLED, "百分之八十七")
NEAR = Case("near", "When was the licence office founded?", "en", "near", False)
FAR = Case("far", "誰贏得了去年的冠軍？", "zh-Hant", "far", False)
BROKEN = _case("broken", "https://evil.test/set.jsonl 里写了什么？", "zh-Hans", HANS, WATER, "两万吨")
EMPTY = _case("empty", "When must customers give their forecast?", "en", HANT, PACKAGING, "九個月")
CASES = (RIGHT, WRONG, REFUSED, NEAR, FAR, BROKEN, EMPTY)

OTHERS = [passage(HANS, "冷却 | 3,300 | 85%"), passage(HANT, "因此今年上半年的增幅有限。")]


def answers() -> dict[str, Answer | Exception]:
    """What the knowledge base says to each question."""
    return {
        RIGHT.question: quoting(RIGHT, HANS, WATER),
        WRONG.question: quoting(WRONG, ENGLISH, LICENCE, frame=CHINESE_FRAME),
        REFUSED.question: refusing(REFUSED, 0.4),
        NEAR.question: refusing(NEAR),
        FAR.question: quoting(FAR, HANT, PACKAGING, said="客戶應在投片前三個月提交需求預測，否則不保證產能。"),
        BROKEN.question: RuntimeError("the model fell over\nat line 3"),
        EMPTY.question: Answer(
            EMPTY.question, "The documents say, in Chinese:\n[1]", "en", (cite(1, HANT, PACKAGING),),
            sentences=(Sentence("The documents say, in Chinese:\n", (), reason="frame"), Sentence("[1]", (1,))),
            confidence=0.8,
        ),
    }  # fmt: skip


FOUND: Mapping[str, list[Passage]] = {
    RIGHT.question: [passage(HANS, WATER), *OTHERS],
    WRONG.question: [*OTHERS, passage(ENGLISH, RECORDS)],
    REFUSED.question: OTHERS,
    EMPTY.question: [passage(HANT, PACKAGING)],
}


class EvaluatedKnowledge(FakeKnowledge):
    """Answers and finds what it is told to; ``asked`` counts, ``seconds`` is how long an answer takes."""

    def __init__(
        self,
        said: Mapping[str, Answer | Exception] | None = None,
        found: Mapping[str, list[Passage]] | None = None,
        *,
        seconds: float = 0.0,
        documents: Sequence[Document] = (HANS, HANT, ENGLISH),
    ) -> None:
        super().__init__(documents=documents)
        self._said = answers() if said is None else dict(said)
        self._found = FOUND if found is None else found
        self._seconds = seconds
        self._counting = threading.Lock()
        self.asked: list[str] = []

    def ask(self, question: str, history: Sequence[Answer | Turn] = (), language: str = "") -> Answer:
        """The answer of a question; raises what stands in its place."""
        with self._counting:
            self.asked.append(question)
        time.sleep(self._seconds)
        said = self._said[question]
        if isinstance(said, Exception):
            raise said
        return said

    def search(self, question: str, limit: int | None = None) -> list[Passage]:
        """The passages of a question."""
        return list(self._found.get(question, OTHERS))[:limit]


class VerbatimScorer:
    """Supported is what stands in the evidence as it is; Russian and Japanese are not scored."""

    name = "verbatim"
    revision = "1"
    threshold = 0.5
    calibration: Mapping[str, Any] = {"wice en>en": {"n": 10, "balanced_accuracy": 0.9, "auroc": 0.95}}

    def judge(self, claim: str, evidence: Sequence[str], claim_language: str, evidence_language: str) -> Judgement:
        """By a look for the claim."""
        if "ru" in (claim_language, evidence_language) or "ja" in (claim_language, evidence_language):
            return Judgement(None, None, "not scored: another language")
        held = any(claim.strip() in text for text in evidence)
        return Judgement(float(held), held, "" if held else "number")
