"""The extractive answer: the sentences that answer, quoted word for word, each with its mark."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

from index.language import is_chinese, side
from index.types import Passage
from rag.answer.sentences import FEATURES, ScoredSentence
from rag.answer.span import answer_span
from rag.phrases import frame
from rag.types import Citation, Sentence

__all__ = ["ExtractiveSettings", "choose", "compose"]

_MARK = re.compile(r"[\[［【](\d{1,3})[\]］】]")


@dataclass(frozen=True, slots=True)
class ExtractiveSettings:
    """How many sentences to quote, and how far behind the best one, in score, another may be; further where the best
    one holds nothing of the kind asked for, such as no figure, and the other does."""

    most_sentences: int = 2
    margin: float = 1.5
    kind_margin: float = 4.0


def choose(scored: Sequence[ScoredSentence], settings: ExtractiveSettings) -> list[ScoredSentence]:
    """The sentences to quote, in reading order: the best one and those close behind it that say something else."""
    ranked = sorted(scored, key=lambda s: (-s.score, s.passage, s.start))
    chosen: list[ScoredSentence] = []
    if ranked and not _of_kind(ranked[0]):
        near = (s for s in ranked if _of_kind(s) and s.score >= ranked[0].score - settings.kind_margin)
        ranked = [ranked[0], *(replace(s, score=ranked[0].score) for s in islice(near, 1)), *ranked[1:]]
    for sentence in ranked:
        if len(chosen) == settings.most_sentences or sentence.score < ranked[0].score - settings.margin:
            break
        if all(sentence.text != other.text for other in chosen):
            chosen.append(sentence)
    return sorted(chosen, key=lambda s: (s.passage, s.start))


def _of_kind(sentence: ScoredSentence) -> bool:
    return bool(sentence.features[FEATURES.index("kind")])


def compose(
    question: str, language: str, passages: Sequence[Passage], chosen: Sequence[ScoredSentence]
) -> tuple[tuple[Sentence, ...], tuple[Citation, ...]]:
    """The pieces of the answer's text and its citations: one number a passage, in order of first use.

    A citation's quote reaches from the first to the last sentence quoted from its passage.
    """
    numbers = {passage: number for number, passage in enumerate(dict.fromkeys(s.passage for s in chosen), start=1)}
    frames = [frame(language, side(passages[sentence.passage].language)) for sentence in chosen]
    pieces: list[Sentence] = []
    for i, sentence in enumerate(chosen):
        if frames[i] and frames[i] != (frames[i - 1] if i else ""):
            pieces.append(Sentence(frames[i] + "\n", (), reason="frame"))
        number = numbers[sentence.passage]
        text = _emphasise(question, _without_marks(sentence.text)) + f"[{number}]"
        if i + 1 < len(chosen) and frames[i + 1] != frames[i]:  # what is quoted from the other language stands apart
            text += "\n"
        elif i + 1 < len(chosen) and not is_chinese(passages[sentence.passage].language):
            text += " "
        pieces.append(Sentence(text, (number,), "supported", 1.0))
    citations = tuple(
        _cite(number, passages[i], [s for s in chosen if s.passage == i]) for i, number in numbers.items()
    )
    return tuple(pieces), citations


def _without_marks(text: str) -> str:
    """A quoted sentence in which nothing reads as a mark of ours; the citation's quote keeps it as it stands."""
    return _MARK.sub(r"(\1)", text.replace("\n", " "))


def _emphasise(question: str, text: str) -> str:
    span = answer_span(question, text)
    return text if span is None or "*" in text else f"{text[: span[0]]}**{text[span[0] : span[1]]}**{text[span[1] :]}"


def _cite(number: int, passage: Passage, quoted: Sequence[ScoredSentence]) -> Citation:
    start, end = min(s.start for s in quoted), max(s.end for s in quoted)
    quote = passage.text[start - passage.start : end - passage.start]
    return Citation(
        number, passage.document_id, passage.title, passage.source, passage.page, start, end, quote, passage.language
    )
