"""One case through the product and the measures: ask, search, judge each claim, and put it all into a row."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeGuard

from eval.cases import Case, Gold
from eval.claims import ClaimText, answer_text, claims_of, own_words
from eval.metrics import CitedSentence, citation_scores, contains, exact_match, f1, tokens
from eval.relevance import DEPTH, GoldSpans, file_name, ranking_measures, relevance
from eval.row import JudgedClaim, Retrieved, Row, State
from eval.scorers import Judgement, Scorer
from index.errors import ConfigError, MissingExtraError, ModelError, StoreError, UnknownDocumentError, UsageError
from index.language import detect, resolve, side
from index.types import Document, Passage
from rag.types import Answer, Turn

__all__ = ["Examiner", "Knowledge", "Listed"]

# What is wrong with the whole run, not with one row of it.
_FATAL = (ConfigError, MissingExtraError, ModelError, StoreError)


class Listed(Protocol):
    """A document as a knowledge base lists it."""

    @property
    def id(self) -> str: ...

    @property
    def source(self) -> str: ...


class Knowledge(Protocol):
    """What is evaluated: ``rag.KnowledgeBase``, or anything that answers as it does."""

    def ask(self, question: str, history: Sequence[Answer | Turn] = (), language: str = "") -> Answer: ...

    def search(self, question: str, limit: int | None = None) -> list[Passage]: ...

    def documents(self) -> Sequence[Listed]: ...

    def document(self, document_id: str, /) -> Document: ...


class Examiner:
    """Turns cases into rows. As safe for threads as the knowledge base and the scorer are."""

    def __init__(self, knowledge: Knowledge, scorer: Scorer, clock: Callable[[], float] = time.perf_counter) -> None:
        self._knowledge, self._scorer, self._clock = knowledge, scorer, clock
        self._ids: dict[str, list[str]] = {}
        for item in knowledge.documents():
            self._ids.setdefault(file_name(item.source), []).append(item.id)

    def holds_gold(self, cases: Sequence[Case]) -> bool:
        """Whether the knowledge base holds any document that the cases name."""
        names = {file_name(gold.document) for case in cases for gold in case.gold}
        return not names or bool(names & self._ids.keys())

    def misplaced(self, cases: Sequence[Case]) -> list[str]:
        """Why a case's gold passages cannot be found, of each case of which they cannot: its row will fail."""
        found = []
        for case in cases:
            try:
                self._evidence(case)
            except UsageError as error:
                found.append(f"{case.id}: {error}")
        return found

    def examine(self, case: Case) -> Row:
        """The row of a case; whatever fails in it is a failed row.

        Raises ``WenjuError`` only for what would fail every row: settings, models, the knowledge base itself.
        """
        row = Row(
            id=case.id,
            question=case.question,
            language=case.language,
            kind=case.kind,
            answerable=case.answerable,
            state="failed",
            cluster=f"{case.gold[0].document}\n{case.gold[0].quote}" if case.gold else case.id,
            reference=case.answer,
            gold=tuple((gold.document, gold.quote) for gold in case.gold),
            case=case.checksum,
            checked=bool(case.short_answers or case.values),
        )
        try:
            spans, evidence = self._evidence(case)
            row = replace(row, evidence=evidence)
            started = self._clock()
            answer = self._knowledge.ask(case.question, case.history, case.language)
            row = replace(row, milliseconds=round((self._clock() - started) * 1000.0, 2), **_of_answer(answer))
            # Each step keeps what the ones before it measured: a judge that fails takes nothing from them.
            row = self._retrieved(case, answer, spans, row)
            claims = claims_of(answer)
            state: State = "refused" if answer.refused else "scored" if claims else "empty"
            row = replace(row, measures={**(row.measures or {}), **_correctness(case, answer, state)})
            return replace(self._judged(claims, answer, row), state=state)
        except Exception as error:
            # One failing row is a counted failure, whatever it raised; a document may also be removed meanwhile.
            if isinstance(error, _FATAL) and not isinstance(error, UnknownDocumentError):
                raise
            lines = str(error).strip().splitlines() or [""]
            name = "" if isinstance(error, UsageError) else f"{type(error).__name__}: "
            return replace(row, error=f"{name}{lines[0]}"[:500])

    # --- what is right -----------------------------------------------------------------------------------------------

    def _evidence(self, case: Case) -> tuple[list[GoldSpans], str]:
        """Where the gold passages stand, and their language: a tag, or ``mixed``."""
        spans: list[GoldSpans] = []
        languages: set[str] = set()
        for gold in case.gold:
            document, places = self._standing(gold)
            spans.append(GoldSpans(document.id, tuple(places)))
            # A quotation of figures alone shows no language, its document does.
            languages.add(resolve(detect(gold.quote), document.language))
        return spans, "" if not languages else languages.pop() if len(languages) == 1 else "mixed"

    def _standing(self, gold: Gold) -> tuple[Document, list[tuple[int, int]]]:
        """The document of that name in which a gold passage stands, and its offsets. Raises ``UsageError``."""
        ids = self._ids.get(file_name(gold.document), [])
        if not ids:
            raise UsageError(f"the knowledge base holds no document named {gold.document}: add it, or correct the case")
        for document_id in ids[:-1]:
            document = self._knowledge.document(document_id)
            if gold.quote in document.text:
                return document, gold.spans(document.text)
        document = self._knowledge.document(ids[-1])
        return document, gold.spans(document.text)

    def _retrieved(self, case: Case, answer: Answer, gold: Sequence[GoldSpans], row: Row) -> Row:
        passages = self._knowledge.search(answer.standalone or case.question, DEPTH)[:DEPTH]
        found = relevance(passages, gold)
        kept = tuple(
            Retrieved(file_name(p.source), p.title, p.page, p.start, p.end, p.text, holds)
            for p, holds in zip(passages, found.holds, strict=True)
        )
        measures = ranking_measures(found) if gold else {}
        return replace(row, retrieved=kept, first_hit=found.first_hit, measures=measures)

    # --- what was said -----------------------------------------------------------------------------------------------

    def _judged(self, claims: Sequence[ClaimText], answer: Answer, row: Row) -> Row:
        judged = tuple(self._judge(claim, answer, row) for claim in claims)
        return replace(row, claims=judged, citations=self._cited(claims, judged, answer))

    def _judge(self, claim: ClaimText, answer: Answer, row: Row) -> JudgedClaim:
        cited = _cited_texts(answer, claim)
        found = self._support(claim.text, list(cited.values()), answer.language)
        if found.supported is not False:
            return JudgedClaim(claim.text, claim.citations, found.score, found.supported, found.reason)
        near = list(cited.items()) or [((i, p.title), p.text) for i, p in enumerate(row.retrieved)]
        (_, title), text = max(near, key=lambda item: _nearness(claim.text, item[1]), default=((0, ""), ""))
        return JudgedClaim(claim.text, claim.citations, found.score, False, found.reason, text, title)

    def _support(self, claim: str, evidence: Sequence[str], asked: str) -> Judgement:
        if not evidence:
            return Judgement(0.0, False, "no citation")
        spoken, written = detect(claim), detect("\n".join(evidence))
        language = asked if spoken == "zh" and side(asked) == "zh" else spoken
        found = self._scorer.judge(claim, evidence, language, written)
        # A scorer of one's own may give numbers of NumPy's, which no row can hold.
        score, supported = (None, None) if found.score is None else (float(found.score), bool(found.supported))
        return Judgement(score, supported, str(found.reason or ""))

    def _cited(
        self, claims: Sequence[ClaimText], judged: Sequence[JudgedClaim], answer: Answer
    ) -> tuple[int, int, int, int]:
        """Sentences, supported ones, citations and needed ones, over the claims that were scored."""
        sentences: list[CitedSentence] = []
        known: dict[tuple[str, str], bool] = {}
        for claim, one in zip(claims, judged, strict=True):
            if one.supported is not None:
                passages = tuple(dict.fromkeys(_cited_texts(answer, claim).values()))
                sentences.append(CitedSentence(claim.text, passages))
                known[claim.text, "\n".join(passages)] = one.supported

        def supports(evidence: str, claim: str) -> bool:
            if (claim, evidence) not in known:
                known[claim, evidence] = bool(self._support(claim, [evidence], answer.language).supported)
            return known[claim, evidence]

        found = citation_scores(sentences, supports)
        return found.sentences, found.supported, found.citations, found.needed


def _of_answer(answer: Answer) -> dict[str, Any]:
    return {
        "answer": answer.text,
        "answer_language": answer.language,
        "mode": answer.mode,
        "standalone": answer.standalone,
        "confidence": round(answer.confidence, 6) if _is_number(answer.confidence) else None,
        "notes": answer.notes,
    }


def _is_number(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)


def _cited_texts(answer: Answer, claim: ClaimText) -> Mapping[tuple[int, str], str]:
    """The quotes a claim cites, by number and title; numbers that no citation has are left out."""
    return {(c.number, c.title): c.quote for c in answer.citations if c.number in claim.citations}


def _correctness(case: Case, answer: Answer, state: State) -> dict[str, float]:
    """What the case itself says of an answer: its language, and of one to an answerable question contains, exact and F1
    against what the case accepts."""
    measures = {"language_match": float(_speaks(answer, case.language))}
    if not case.answerable or state != "scored":
        return measures
    said, references = answer_text(answer), [case.answer, *case.short_answers]
    measures |= {"exact": exact_match(said, references), "f1": f1(said, references)}
    if case.short_answers or case.values:
        parts = [*([case.short_answers] if case.short_answers else []), *case.values]
        measures["contains"] = min(contains(said, forms) for forms in parts)
    return measures


def _speaks(answer: Answer, language: str) -> bool:
    """Whether an answer calls itself, and is in what Wenju itself says, of the question's language and script."""
    tag = detect(own_words(answer))
    unclear = tag == "und" or (tag == "zh" and side(language) == "zh")
    return answer.language == language and (unclear or tag == language)


def _nearness(claim: str, passage: str) -> float:
    own = set(tokens(claim))
    return len(own & set(tokens(passage))) / len(own) if own else 0.0
