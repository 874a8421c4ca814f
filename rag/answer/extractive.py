"""The extractive answer: the sentences that answer, quoted word for word, each with its mark. Faithful by construction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from index.language import is_chinese, side
from index.types import Passage
from rag.answer.sentences import ScoredSentence
from rag.answer.span import answer_span
from rag.phrases import frame
from rag.types import Citation, Sentence

__all__ = ["ExtractiveSettings", "choose", "compose"]


@dataclass(frozen=True, slots=True)
class ExtractiveSettings:
    """How many sentences to quote, and how far behind the best one, in score, another may be."""

    most_sentences: int = 2
    margin: float = 1.5


def choose(scored: Sequence[ScoredSentence], settings: ExtractiveSettings) -> list[ScoredSentence]:
    """The sentences to quote, in reading order: the best one and those close behind it that say something else."""
    ranked = sorted(scored, key=lambda s: (-s.score, s.passage, s.start))
    chosen: list[ScoredSentence] = []
    for sentence in ranked:
        if len(chosen) == settings.most_sentences or sentence.score < ranked[0].score - settings.margin:
            break
        if all(sentence.text != other.text for other in chosen):
            chosen.append(sentence)
    return sorted(chosen, key=lambda s: (s.passage, s.start))


def compose(
    question: str, language: str, passages: Sequence[Passage], chosen: Sequence[ScoredSentence]
) -> tuple[tuple[Sentence, ...], tuple[Citation, ...]]:
    """The pieces of the answer's text and its citations: one number a passage, in order of first use.

    A citation's quote reaches from the first to the last sentence quoted from its passage.
    """
    numbers = {passage: number for number, passage in enumerate(dict.fromkeys(s.passage for s in chosen), start=1)}
    pieces: list[Sentence] = []
    framed = ""
    for i, sentence in enumerate(chosen):
        passage = passages[sentence.passage]
        introduction = frame(language, side(passage.language))
        if introduction and introduction != framed:
            pieces.append(Sentence(("\n" if pieces else "") + introduction + "\n", (), reason="frame"))
        framed = introduction
        mark = f"[{numbers[sentence.passage]}]"
        text = _emphasise(question, sentence.text.replace("\n", " ")) + mark
        joint = "" if i == len(chosen) - 1 else ("" if is_chinese(passage.language) else " ")
        pieces.append(Sentence(text + joint, (numbers[sentence.passage],), "supported", 1.0))
    citations = tuple(_cite(number, passages[i], [s for s in chosen if s.passage == i]) for i, number in numbers.items())
    return tuple(pieces), citations


def _emphasise(question: str, text: str) -> str:
    span = answer_span(question, text)
    return text if span is None else f"{text[: span[0]]}**{text[span[0] : span[1]]}**{text[span[1] :]}"


def _cite(number: int, passage: Passage, quoted: Sequence[ScoredSentence]) -> Citation:
    start, end = min(s.start for s in quoted), max(s.end for s in quoted)
    quote = passage.text[start - passage.start : end - passage.start]
    return Citation(
        number, passage.document_id, passage.title, passage.source, passage.page, start, end, quote, passage.language
    )
