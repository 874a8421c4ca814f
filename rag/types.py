"""The values a caller sees: an answer, its sentences, the passages it cites, and the events of a stream."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from index.types import Passage

__all__ = ["Answer", "Citation", "Event", "IngestFailure", "IngestReport", "Sentence", "Status", "Support", "Turn"]

Support = Literal["supported", "unsupported", "not scored"]
Mode = Literal["extractive", "generative", "fallback", "refusal"]


@dataclass(frozen=True, slots=True)
class Citation:
    """One cited passage: ``document.text[start:end] == quote``, offsets in Unicode code points.

    ``number`` is the ``[n]`` of the answer's text; ``page`` is 1-based, or None for a format without pages.
    """

    number: int
    document_id: str
    title: str
    source: str
    page: int | None
    start: int
    end: int
    quote: str
    language: str = ""

    def __post_init__(self) -> None:
        if self.number < 1:
            raise ValueError(f"number must be 1 or more, was: {self.number}")
        if len(self.quote) != self.end - self.start:
            raise ValueError(f"quote must be {self.end - self.start} characters, was: {len(self.quote)}")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an answer: its text with marks, the numbers it cites, and whether they support it.

    ``text`` is a piece of ``Answer.text``; joining all pieces gives it back whole.
    ``score`` is the support score, 0 to 1, or None where it was not scored; ``reason`` names a veto.
    """

    text: str
    citations: tuple[int, ...]
    support: Support = "not scored"
    score: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question.

    ``text`` carries ``[n]`` marks; ``language`` is the question's (``zh-Hans``, ``zh-Hant`` or ``en``),
    or the one set in ``[answer] language``.
    A refusal has no citations: ``related`` names the nearest passages, which are no answer.
    ``standalone`` is the question that was searched: the question itself, or its rewriting when it was a follow-up.
    ``confidence`` is the calibrated probability that the collection answers the question, 0 to 1.
    """

    question: str
    text: str
    language: str
    citations: tuple[Citation, ...] = ()
    refused: bool = False
    sentences: tuple[Sentence, ...] = ()
    related: tuple[Passage, ...] = ()
    standalone: str = ""
    confidence: float | None = None
    mode: Mode = "extractive"
    notes: tuple[str, ...] = ()
    timings: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionaries and lists, ready for ``json.dumps``; ``from_dict`` gives the same answer back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Answer:
        """Build an answer from what ``as_dict`` (or its JSON) holds.

        Raises ``TypeError`` or ``ValueError`` when a field is missing, unknown or out of range.
        """
        values = dict(data)
        values["citations"] = tuple(Citation(**item) for item in values.get("citations", ()))
        values["sentences"] = tuple(
            Sentence(**{**item, "citations": tuple(item["citations"])}) for item in values.get("sentences", ())
        )
        values["related"] = tuple(
            Passage(**{**item, "headings": tuple(item.get("headings", ()))}) for item in values.get("related", ())
        )
        values["notes"] = tuple(values.get("notes", ()))
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier exchange of a conversation; an ``Answer`` serves as well."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Status:
    """A step of the work on a question: ``stage`` is ``searching``, ``answering``, or ``restarting`` when a language
    model failed halfway: the sentences so far are void, and those of the extractive answer follow."""

    stage: str


Event = Status | Sentence | Answer


@dataclass(frozen=True, slots=True)
class IngestFailure:
    """A file that could not be added, and why, in one line."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest did: sources added, updated (same place, new content), unchanged, those that failed, and those
    removed because their files are gone from a folder that was added again."""

    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    failed: tuple[IngestFailure, ...] = ()
    removed: tuple[str, ...] = ()
