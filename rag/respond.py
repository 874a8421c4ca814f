"""One question through the stages: retrieve → rerank → answer → cite → verify, or refuse. ``KnowledgeBase`` asks it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import zip_longest
from typing import TYPE_CHECKING

from index.language import detect, resolve, side
from index.types import Passage
from rag import refuse
from rag.answer.extractive import Choice, ExtractiveSettings, best_first, choose, compose
from rag.answer.parts import parts_of
from rag.answer.sentences import PASSAGES_READ, Probe, ScoredSentence, score_sentences
from rag.converse import standalone
from rag.phrases import phrase
from rag.rerank import Reranker, load_reranker
from rag.retrieve import Retriever, TextEmbedder
from rag.types import Answer, Citation, Event, Sentence, Status, Support, Turn

if TYPE_CHECKING:
    from index.store import Generation
    from rag.answer.generative import GenerativeAnswerer
    from rag.config import Config
    from rag.verify import Verifier

__all__ = ["Responder"]

_RELATED = 3  # passages a refusal names
_UNSURE = 0.4  # the probability below which quotes come with a warning: of such answers about half are right
_QUOTING = ExtractiveSettings()


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What was found for a question: the passages read, their sentences, and whether they answer it."""

    question: str
    passages: tuple[Passage, ...]
    scored: tuple[ScoredSentence, ...]
    verdict: refuse.Verdict
    timings: dict[str, float]
    chosen: tuple[ScoredSentence, ...] = ()  # where a question's two parts were answered, a sentence for each
    unanswered: str = ""  # where one of them was, what the other is about


class Responder:
    """The online stages over one generation. Safe to use from several threads."""

    def __init__(
        self,
        generation: Generation,
        embedder: TextEmbedder,
        config: Config,
        announce: Callable[[str], None] | None = None,
    ) -> None:
        self._announce = announce
        self.retriever = Retriever(generation, embedder, config.retrieval)
        self._model = generation.manifest.embedding.name
        self._config = config

    @cached_property
    def _reranker(self) -> Reranker:
        return load_reranker(self._config.rerank, self.retriever, self._announce)

    @cached_property
    def _probe(self) -> Probe | None:
        from rag.answer.probe import probe_beside

        return probe_beside(self._reranker)

    @cached_property
    def _generator(self) -> GenerativeAnswerer | None:
        if not self._config.answer.model:
            return None
        from rag.answer.generative import GenerativeAnswerer, load_chat_model

        return GenerativeAnswerer(load_chat_model(self._config.answer), self._config.answer)

    @cached_property
    def _verifier(self) -> Verifier:
        from rag.verify import Verifier
        from rag.verify.bundled import bundled_reader

        # Only what a chat model wrote is checked, so the language model costs quoted answers nothing.
        reads_on = self._config.rerank.model in ("auto", "likelihood")
        return Verifier(self.retriever.embedder, bundled_reader() if reads_on else None)

    def search(self, question: str, limit: int | None = None) -> list[Passage]:
        """The passages that answer a question best, best first, reranked when a reranker is on."""
        return self._reranker.rerank(question, self._config.retrieval.limit if limit is None else limit)

    def stream(self, question: str, history: Sequence[Answer | Turn], language: str) -> Iterator[Event]:
        """The events of one question; the last is the ``Answer``."""
        asked = standalone(question, history) if history else question
        last = detect(history[-1].question) if history else ""
        tag = self._config.answer.language or resolve(detect(question), last, language)
        _ = self._generator  # a model that cannot be used is said so whatever the question
        yield Status("searching")
        evidence = self._evidence(asked)
        base = Answer(
            question, "", tag, standalone=asked, confidence=evidence.verdict.probability, timings=evidence.timings
        )
        if not evidence.verdict.answers:
            yield _refusal(base, evidence.passages)
            return
        yield Status("answering")
        if self._generator is None:
            yield from self._extract(base, evidence)
        else:
            yield from self._generate(base, asked, evidence, history)

    def _evidence(self, question: str) -> _Evidence:
        """What was found for a question; where it asks two things and both are answered, for each; where one is, for
        that one alone, unless the whole has a surer answer."""
        parts = parts_of(question)
        if parts is None:
            return self._found(question)
        first = self._found(parts.first)
        said = best_first(first.scored, _QUOTING)[0].text if first.verdict.answers else ""
        second = self._found(standalone(parts.second, [Turn(parts.first, said)]))
        if first.verdict.answers and second.verdict.answers:
            return _joined(question, first, second)
        whole = self._found(question)
        if not (first.verdict.answers or second.verdict.answers) or self._generator is not None:
            return whole  # a chat model is given what was found for all, and sees itself what is not there
        half, other = (first, parts.other) if first.verdict.answers else (second, parts.one)
        surer = (whole.verdict.probability or 0.0) > (half.verdict.probability or 0.0)
        same = bool(whole.scored) and _leader(whole) == _leader(half)
        return whole if surer and not same else replace(half, unanswered=other)

    def _found(self, question: str) -> _Evidence:
        started = time.perf_counter()
        passages = self.search(question, self._config.retrieval.limit)
        found = time.perf_counter()
        read = passages[:PASSAGES_READ]
        scored = score_sentences(question, read, self.retriever, self._probe)
        if not scored:
            verdict = refuse.Verdict(0.0, False)
        else:
            asked = side(detect(question))
            terms = self.retriever.query_terms(question)
            features = refuse.evidence_features(question, read, scored, terms, asked)
            missing = refuse.missing_parts(question, features, scored, read)
            verdict = refuse.judge(features, self._model + self._reranker.profile, missing)
        timings = {"search": found - started, "read": time.perf_counter() - found}
        return _Evidence(question, tuple(passages), tuple(scored), verdict, timings)

    def _quotes(self, base: Answer, evidence: _Evidence) -> tuple[tuple[Sentence, ...], tuple[Citation, ...]]:
        """The pieces of the answer in quotes, and its citations."""
        question, passages = evidence.question, evidence.passages
        choice = Choice(evidence.chosen)
        if not evidence.chosen:
            choice = choose(question, evidence.scored, passages, _QUOTING, self.retriever.names)
        return compose(question, base.language, passages, choice, evidence.unanswered)

    def _extract(self, base: Answer, evidence: _Evidence) -> Iterator[Event]:
        pieces, citations = self._quotes(base, evidence)
        yield from pieces
        yield _finished(base, pieces, citations)

    def _generate(
        self, base: Answer, question: str, evidence: _Evidence, history: Sequence[Answer | Turn]
    ) -> Iterator[Event]:
        """The chat model's answer, each sentence checked before it is shown; quotes instead where the model fails."""
        from rag.answer.generative import GenerationFailed

        assert self._generator is not None
        passages = evidence.passages[:PASSAGES_READ]
        written: list[Sentence] = []
        cited: dict[int, int] = {}
        notes: list[str] = []
        try:
            for piece in self._generator.stream(question, passages, base.language, history):
                cited.update(zip(piece.numbers, piece.passages, strict=True))
                if piece.dropped:
                    notes.append(f"{piece.dropped} marks that named no source were removed")
                sentence = self._checked(piece.text, piece.numbers, [passages[i] for i in piece.passages])
                if sentence.support == "unsupported" and self._config.answer.strict:
                    notes.append("a sentence that its passages do not support was left out")
                    continue
                written.append(sentence)
                yield sentence
        except GenerationFailed as failure:
            yield from self._fall_back(base, evidence, written, str(failure))
            return
        if not any(sentence.support == "supported" for sentence in written):
            # The second decision: nothing the model wrote stands on the passages it was given.
            if written:
                yield Status("restarting")
            yield _refusal(base, evidence.passages)
            return
        used = {number for sentence in written for number in sentence.citations}
        citations = tuple(_cite_whole(number, passages[cited[number]]) for number in sorted(used))
        yield replace(_finished(base, tuple(written), citations, notes), mode="generative")

    def _checked(self, text: str, numbers: Sequence[int], passages: Sequence[Passage]) -> Sentence:
        if not numbers:
            return Sentence(text, (), "unsupported", 0.0, "no citation")
        support = self._verifier.support(text, [passage.text for passage in passages], detect(text), "")
        state: Support = "supported" if support.supported else "unsupported"
        if support.reason == "language":
            return Sentence(text, tuple(numbers), "not scored", None, support.reason)
        return Sentence(text, tuple(numbers), state, support.score, support.reason)

    def _fall_back(
        self, base: Answer, evidence: _Evidence, written: Sequence[Sentence], reason: str
    ) -> Iterator[Event]:
        """Quotes after a model that failed, labelled as such; what it wrote before is not part of the answer."""
        label = Sentence(phrase("fallback", base.language, reason=reason) + "\n", (), reason="frame")
        quotes, citations = self._quotes(base, evidence)
        pieces = (label, *quotes)
        if written:
            yield Status("restarting")
        yield from pieces
        yield replace(_finished(base, pieces, citations, [reason]), mode="fallback")


def _leader(evidence: _Evidence) -> tuple[str, int]:
    """The document and place of the sentence that an answer would lead with."""
    best = best_first(evidence.scored, _QUOTING)[0]
    return evidence.passages[best.passage].document_id, best.start


def _joined(question: str, first: _Evidence, second: _Evidence) -> _Evidence:
    """The evidence of two questions as one: the passages of both, best ones first, and the best sentence for each."""
    passages: list[Passage] = []
    for pair in zip_longest(first.passages, second.passages):
        passages += [
            one for one in pair if one is not None and all(one.chunk_id != other.chunk_id for other in passages)
        ]
    places = {passage.chunk_id: number for number, passage in enumerate(passages)}

    def moved(part: _Evidence) -> list[ScoredSentence]:
        return [replace(s, passage=places[part.passages[s.passage].chunk_id]) for s in part.scored]

    best = [best_first(moved(part), _QUOTING)[0] for part in (first, second)]
    chosen = {(sentence.passage, sentence.start): sentence for sentence in best}
    verdict = min(first.verdict, second.verdict, key=lambda verdict: verdict.probability or 0.0)
    timings = {name: first.timings[name] + second.timings[name] for name in first.timings}
    return _Evidence(
        question, tuple(passages), (*moved(first), *moved(second)), verdict, timings, tuple(chosen.values())
    )


def _finished(
    base: Answer, pieces: tuple[Sentence, ...], citations: tuple[Citation, ...], notes: Sequence[str] = ()
) -> Answer:
    """The answer in its pieces; with a warning where there is little certainty that the documents give one."""
    unsure = base.confidence is not None and base.confidence < _UNSURE
    doubts = (phrase("unsure", base.language),) if unsure else ()
    text = "".join(piece.text for piece in pieces)
    return replace(base, text=text, citations=citations, sentences=pieces, notes=(*doubts, *notes))


def _cite_whole(number: int, passage: Passage) -> Citation:
    return Citation(
        number, passage.document_id, passage.title, passage.source, passage.page, passage.start, passage.end,
        passage.text, passage.language,
    )  # fmt: skip


def _refusal(base: Answer, passages: Sequence[Passage]) -> Answer:
    text = phrase("refusal", base.language)
    sentence = Sentence(text, (), reason="refusal")
    return replace(
        base, text=text, refused=True, sentences=(sentence,), related=tuple(passages[:_RELATED]), mode="refusal"
    )
