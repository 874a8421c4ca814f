"""The extractive answer: the sentences that answer, quoted word for word, each with its mark."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from index.equivalents import Names
from index.language import Side, detect, is_chinese, resolve, sentences, side
from index.types import Passage
from rag.answer.disagreement import DisagreementSettings, disagreement
from rag.answer.sentences import ScoredSentence
from rag.answer.span import answer_span
from rag.phrases import frame, phrase
from rag.types import Citation, Sentence

__all__ = ["Choice", "ExtractiveSettings", "best_first", "choose", "compose"]

_PARTLY, _FULLY = 0.5, 0.8  # of a question's words
_MARK = re.compile(r"[\[［【〔](\d{1,3})[\]］】〕]")


@dataclass(frozen=True, slots=True)
class ExtractiveSettings:
    """How many sentences to quote, how far behind the best one, in score, another may be, and the most of a passage, in
    characters, that more than one sentence may make up. ``kind_margin`` holds where the best one has nothing of the
    kind asked for, such as no figure, and the other has."""

    most_sentences: int = 2
    margin: float = 1.5
    kind_margin: float = 6.5
    most_of_passage: float = 0.3
    disagreement: DisagreementSettings = field(default_factory=DisagreementSettings)


@dataclass(frozen=True, slots=True)
class Choice:
    """The sentences to quote, in the order they are shown, and whether they give different values for what is asked."""

    sentences: tuple[ScoredSentence, ...] = ()
    disagree: bool = False


def choose(
    question: str,
    scored: Sequence[ScoredSentence],
    passages: Sequence[Passage],
    settings: ExtractiveSettings,
    names: Names | None = None,
) -> Choice:
    """The best sentence and those close behind it that say something else; the two that disagree where two do (see
    ``disagreement`` for ``names``)."""
    apart = disagreement(question, scored, passages, settings.disagreement, names)
    if apart is not None:
        return Choice(_in_order(apart), disagree=True)
    ranked = best_first(scored, settings)
    chosen = ranked[:1]
    for sentence in ranked[1:]:
        margin = settings.kind_margin if _of_kind(sentence) and not any(map(_of_kind, chosen)) else settings.margin
        near = len(chosen) < settings.most_sentences and sentence.score >= ranked[0].score - margin
        if near and _fits(sentence, chosen, passages, settings):
            chosen.append(sentence)
    return Choice(_in_order(chosen))


def best_first(scored: Sequence[ScoredSentence], settings: ExtractiveSettings) -> list[ScoredSentence]:
    """The sentences by their scores, led by one of another passage close behind where that holds what is asked about
    and the best one does not: scores of two languages are not quite on one scale, but who lacks the manager cannot name
    one. What led before is left out."""
    ranked = sorted(scored, key=lambda s: (-s.score, s.passage, s.start))
    if not ranked or ranked[0].share > _PARTLY:
        return ranked
    best = ranked[0]
    fuller = (
        s for s in ranked[1:] if s.passage != best.passage and s.share >= _FULLY and _of_kind(s) >= _of_kind(best)
    )
    leader = next(fuller, None)
    if leader is None or leader.score < best.score - settings.kind_margin:
        return ranked
    return [leader, *(s for s in ranked[1:] if s is not leader)]


def _in_order(chosen: Sequence[ScoredSentence]) -> tuple[ScoredSentence, ...]:
    """What holds the figure, date or name asked for before what does not; then the passage of the best sentence first,
    and each in reading order."""
    best = {s.passage: max(other.score for other in chosen if other.passage == s.passage) for s in chosen}
    return tuple(sorted(chosen, key=lambda s: (not _of_kind(s), -best[s.passage], s.passage, s.start)))


def _of_kind(sentence: ScoredSentence) -> bool:
    return any(value for name, value in sentence.named().items() if name.endswith(" held"))


def _fits(
    sentence: ScoredSentence,
    chosen: Sequence[ScoredSentence],
    passages: Sequence[Passage],
    settings: ExtractiveSettings,
) -> bool:
    """Whether one more sentence says something new and leaves the answer short."""
    if any(sentence.text == other.text for other in chosen):
        return False
    if sum(len(sentences(s.text)) + (s.head is not None) for s in (*chosen, sentence)) > settings.most_sentences:
        return False
    quoted = len(sentence.text) + sum(len(s.text) for s in chosen if s.passage == sentence.passage)
    return quoted <= settings.most_of_passage * len(passages[sentence.passage].text)


def compose(
    question: str, language: str, passages: Sequence[Passage], choice: Choice, unanswered: str = ""
) -> tuple[tuple[Sentence, ...], tuple[Citation, ...]]:
    """The pieces of the answer's text and its citations: one number a passage, in order of first use.

    A citation's quote reaches from the first to the last sentence quoted from its passage. ``unanswered`` is the half
    of the question that nothing answers: the last piece says so.
    """
    chosen = choice.sentences
    numbers = {passage: number for number, passage in enumerate(dict.fromkeys(s.passage for s in chosen), start=1)}
    frames = [frame(language, _spoken(sentence, passages[sentence.passage])) for sentence in chosen]
    pieces: list[Sentence] = []
    if choice.disagree:
        pieces.append(Sentence(phrase("disagree", language) + "\n", (), reason="frame"))
    for i, sentence in enumerate(chosen):
        if frames[i] and frames[i] != (frames[i - 1] if i else ""):
            pieces.append(Sentence(frames[i] + "\n", (), reason="frame"))
        number = numbers[sentence.passage]
        text = _quoted(question, sentence, passages[sentence.passage]) + f"[{number}]"
        if i + 1 < len(chosen):
            text += _joint(sentence, chosen[i + 1], passages, choice.disagree or frames[i + 1] != frames[i])
        pieces.append(Sentence(text, (number,), "supported", 1.0))
    if unanswered:
        said = phrase("unanswered", language, question=_without_marks(" ".join(unanswered.split())))
        pieces.append(Sentence(f"\n{said}", (), reason="frame"))
    citations = tuple(
        _cite(number, passages[i], [s for s in chosen if s.passage == i]) for i, number in numbers.items()
    )
    return tuple(pieces), citations


def _spoken(sentence: ScoredSentence, passage: Passage) -> Side:
    """The side of a sentence's own language: a passage may hold both. Figures alone are of their passage's."""
    return side(resolve(detect(sentence.text), passage.language))


def _joint(one: ScoredSentence, other: ScoredSentence, passages: Sequence[Passage], apart: bool) -> str:
    """What stands between two quotes: rows, disagreeing ones and those of two languages have a line each."""
    if apart or one.feature("row") or other.feature("row"):
        return "\n"
    return "" if is_chinese(passages[one.passage].language) else " "


def _quoted(question: str, sentence: ScoredSentence, passage: Passage) -> str:
    """A sentence as it is shown: with the span that answers in bold, and a row under its column heads."""
    text = _emphasise(question, _without_marks(sentence.text), sentence.lead)
    if sentence.head is None:
        return text
    start, end = sentence.head
    return f"{_without_marks(passage.text[start - passage.start : end - passage.start])}\n{text}"


def _without_marks(text: str) -> str:
    """A quoted sentence in which nothing reads as a mark of ours; the citation's quote keeps it as it stands."""
    return _MARK.sub(r"(\1)", text.replace("\n", " "))


def _emphasise(question: str, text: str, lead: str) -> str:
    span = answer_span(question, text, lead)
    return text if span is None or "*" in text else f"{text[: span[0]]}**{text[span[0] : span[1]]}**{text[span[1] :]}"


def _cite(number: int, passage: Passage, quoted: Sequence[ScoredSentence]) -> Citation:
    start = min(s.start if s.head is None else s.head[0] for s in quoted)
    end = max(s.end for s in quoted)
    quote = passage.text[start - passage.start : end - passage.start]
    return Citation(
        number, passage.document_id, passage.title, passage.source, passage.page, start, end, quote, passage.language
    )
