"""The JSON-lines sets a benchmark reads: ``corpus.jsonl`` and ``queries.jsonl`` in one folder, and files of claims, of
evidence sentences, of passages to read and of follow-ups.

One JSON object a line, UTF-8, blank lines skipped. An optional key may be left out; keys not named here are ignored.

    corpus     id, text; lang, title, article optional
    queries    id, lang, text, gold (ids of passages), pair (``zh>en``: a Chinese question, answered in English);
               answerable (default: whether gold names any), answers, evidence, article, split optional
    claims     id, lang, evidence_lang, claim, evidence, supported (true or false), source; split optional
    evidence   id, lang, passage, question, evidence (sentences of the passage that answer, as a person marked them);
               split optional
    reading    id, lang, passage, question, answers (as they stand in the passage), answerable (true or false)
    followups  id, language, turns (objects with question and answer, oldest first), question, standalone (the same
               as question where that stands alone), must_contain, must_not_contain; split optional

A line that is not so raises ``UsageError`` with the file, the line's number and what must be there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from eval.jsonlines import plain, read_rows, shown

__all__ = [
    "Claim", "EvidenceRow", "Followup", "Passage", "Query", "ReadingRow", "read_claims", "read_corpus", "read_evidence",
    "read_followups", "read_queries", "read_reading",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Passage:
    """A row of a corpus: one document of the collection to search."""

    id: str
    text: str
    lang: str = ""
    title: str = ""
    article: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """A question: ``gold`` are the ids of the passages that answer it, empty where none does."""

    id: str
    text: str
    lang: str
    pair: str
    gold: tuple[str, ...]
    answerable: bool
    answers: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    article: str = ""
    split: str = ""

    def __post_init__(self) -> None:
        asked, arrow, found = self.pair.partition(">")
        if not (asked and arrow and found):
            raise ValueError(f"pair must be like zh>en or zh>none, was: {self.pair!r}")
        if self.answerable and not self.gold:
            raise ValueError("gold must name a passage where answerable is true, was: []")

    @property
    def cluster(self) -> str:
        """What makes questions dependent on each other: the same gold passages."""
        return " ".join(sorted(self.gold)) or self.id


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence, a text, and whether the text supports the sentence, as a person (or construction) labelled it."""

    id: str
    lang: str
    evidence_lang: str
    claim: str
    evidence: str
    supported: bool
    source: str
    split: str = ""

    @property
    def direction(self) -> str:
        """Claim's language > evidence's language."""
        return f"{self.lang}>{self.evidence_lang}"


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """A question on one given passage, with the sentences people marked as its evidence."""

    id: str
    lang: str
    passage: str
    question: str
    evidence: tuple[str, ...]
    split: str = ""

    def __post_init__(self) -> None:
        if not self.evidence:
            raise ValueError("evidence must hold a sentence, was: []")


@dataclass(frozen=True, slots=True)
class ReadingRow:
    """A question on one given passage, with the answers that stand in it; none where it does not answer."""

    id: str
    lang: str
    passage: str
    question: str
    answers: tuple[str, ...]
    answerable: bool

    def __post_init__(self) -> None:
        if self.answerable != bool(self.answers):
            raise ValueError(f"answers must be given where answerable is true, and only there, was: {self.answers!r}")


@dataclass(frozen=True, slots=True)
class Followup:
    """A question after earlier (question, answer) turns, and what it must become and hold to be searched alone."""

    id: str
    language: str
    turns: tuple[tuple[str, str], ...]
    question: str
    standalone: str
    must_contain: tuple[str, ...] = ()
    must_not_contain: tuple[str, ...] = ()
    split: str = ""

    @property
    def stands_alone(self) -> bool:
        """Whether the question is to be left as it is."""
        return self.standalone == self.question


def read_corpus(folder: str | Path) -> list[Passage]:
    """The passages of ``folder/corpus.jsonl`` in the file's order. Raises ``UsageError``."""
    return read_rows(Path(folder) / "corpus.jsonl", _passage)


def read_queries(folder: str | Path, known: Collection[str] | None = None) -> list[Query]:
    """The questions of ``folder/queries.jsonl`` in the file's order. Raises ``UsageError``.

    With ``known``, the ids of the corpus, every gold id must be one of them.
    """
    return read_rows(Path(folder) / "queries.jsonl", lambda row: _query(row, known))


def read_claims(path: str | Path) -> list[Claim]:
    """The claims of a file in its order. Raises ``UsageError``."""
    return read_rows(Path(path), _claim)


def read_evidence(path: str | Path) -> list[EvidenceRow]:
    """The questions of a file of evidence sentences in its order. Raises ``UsageError``."""
    return read_rows(Path(path), _evidence)


def read_reading(path: str | Path) -> list[ReadingRow]:
    """The questions of a file of passages to read in its order. Raises ``UsageError``."""
    return read_rows(Path(path), _reading)


def read_followups(path: str | Path) -> list[Followup]:
    """The follow-ups of a file in its order. Raises ``UsageError``."""
    return read_rows(Path(path), _followup)


def _passage(row: Mapping[str, object]) -> Passage:
    return Passage(
        id=_text(row, "id"),
        text=_text(row, "text"),
        lang=_text(row, "lang", ""),
        title=_text(row, "title", ""),
        article=_text(row, "article", ""),
    )


def _query(row: Mapping[str, object], known: Collection[str] | None) -> Query:
    gold = _texts(row, "gold")
    unknown = [] if known is None else [identity for identity in gold if identity not in known]
    if unknown:
        raise ValueError(f"gold must be ids of the corpus, which has no {unknown[0]!r}")
    return Query(
        id=_text(row, "id"),
        text=_text(row, "text"),
        lang=_text(row, "lang"),
        pair=_text(row, "pair"),
        gold=gold,
        answerable=_truth(row, "answerable", bool(gold)),
        answers=_texts(row, "answers", ()),
        evidence=_texts(row, "evidence", ()),
        article=_text(row, "article", ""),
        split=_text(row, "split", ""),
    )


def _claim(row: Mapping[str, object]) -> Claim:
    return Claim(
        id=_text(row, "id"),
        lang=_text(row, "lang"),
        evidence_lang=_text(row, "evidence_lang"),
        claim=_text(row, "claim"),
        evidence=_text(row, "evidence"),
        supported=_truth(row, "supported"),
        source=_text(row, "source"),
        split=_text(row, "split", ""),
    )


def _evidence(row: Mapping[str, object]) -> EvidenceRow:
    return EvidenceRow(
        id=_text(row, "id"),
        lang=_text(row, "lang"),
        passage=_text(row, "passage"),
        question=_text(row, "question"),
        evidence=_texts(row, "evidence"),
        split=_text(row, "split", ""),
    )


def _reading(row: Mapping[str, object]) -> ReadingRow:
    return ReadingRow(
        id=_text(row, "id"),
        lang=_text(row, "lang"),
        passage=_text(row, "passage"),
        question=_text(row, "question"),
        answers=_texts(row, "answers"),
        answerable=_truth(row, "answerable"),
    )


def _followup(row: Mapping[str, object]) -> Followup:
    return Followup(
        id=_text(row, "id"),
        language=_text(row, "language"),
        turns=_turns(row),
        question=_text(row, "question"),
        standalone=_text(row, "standalone"),
        must_contain=_texts(row, "must_contain"),
        must_not_contain=_texts(row, "must_not_contain"),
        split=_text(row, "split", ""),
    )


def _turns(row: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    value = row.get("turns")
    if not isinstance(value, list) or not value or not all(isinstance(turn, dict) for turn in value):
        raise ValueError(f"turns must be a list of objects with question and answer, was: {_shown(row, 'turns')}")
    return tuple((_text(turn, "question"), _text(turn, "answer")) for turn in value)


def _text(row: Mapping[str, object], key: str, default: str | None = None) -> str:
    """A text of a row; a required one (no default) must not be blank."""
    value = row.get(key, default)
    if not isinstance(value, str) or (default is None and not value.strip()):
        raise ValueError(f"{key} must be a {'non-empty ' if default is None else ''}string, was: {_shown(row, key)}")
    return plain(value)


def _texts(row: Mapping[str, object], key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
    value = row.get(key, default)
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"{key} must be a list of strings, was: {_shown(row, key)}")
    return tuple(value)


def _truth(row: Mapping[str, object], key: str, default: bool | None = None) -> bool:
    value = row.get(key, default)
    if not isinstance(value, bool):
        raise ValueError(f"{key} must be true or false, was: {_shown(row, key)}")
    return value


def _shown(row: Mapping[str, object], key: str) -> str:
    return shown(row[key]) if key in row else "missing"
