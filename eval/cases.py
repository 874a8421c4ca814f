"""The cases of an answer evaluation: a question, whether the documents answer it, and with what.

``eval/sets/FORMAT.md`` describes the JSON-lines form; ``read_cases`` holds a file to it, line by line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, TypeVar

from eval.jsonlines import plain, read_rows, shown
from eval.marks import checksum
from eval.metrics import tokens
from index.errors import UsageError
from rag.types import Turn

__all__ = ["KINDS", "LANGUAGES", "Case", "Gold", "Kind", "read_cases"]

Kind = Literal["single", "two-document", "disagreement", "stated-unknown", "follow-up", "near", "far"]

LANGUAGES = ("zh-Hans", "zh-Hant", "en")
# Whether a question of the kind can be answered; None where either may be.
KINDS: Mapping[str, bool | None] = {
    "single": True,
    "two-document": True,
    "disagreement": True,
    "stated-unknown": True,
    "follow-up": None,
    "near": False,
    "far": False,
}
_REQUIRED = ("id", "question", "language", "kind", "answerable")
_OPTIONAL = ("history", "gold", "answer", "short_answers", "values", "notes")


@dataclass(frozen=True, slots=True)
class Gold:
    """A passage that answers: the file's name, and a piece of the document's cleaned text, character by character."""

    document: str
    quote: str

    def __post_init__(self) -> None:
        _check(bool(self.document.strip()), "document must be a file name", self.document)
        _check(bool(self.quote.strip()), "quote must be text of the document", self.quote)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where the quote stands in the document's text (Unicode code points), every time it does.

        Raises ``UsageError`` where it does not: the set was written for another version of the document.
        """
        found: list[tuple[int, int]] = []
        start = text.find(self.quote)
        while start >= 0:
            end = start + len(self.quote)
            found.append((start, end))
            start = text.find(self.quote, end)
        if not found:
            raise UsageError(
                f"the gold passage {shown(self.quote)} does not stand in {self.document}; "
                "copy it from the document's text as indexed"
            )
        return found


@dataclass(frozen=True, slots=True)
class Case:
    """One question with what is known of its answer.

    ``short_answers`` are accepted forms of one answer, any of which will do. ``values`` are the parts of an answer that
    has several (both figures of a disagreement, the items of a list), all of which a full answer states, each given in
    its accepted forms. An unanswerable case has neither, and no gold and no ``answer``.
    """

    id: str
    question: str
    language: str
    kind: Kind
    answerable: bool
    history: tuple[Turn, ...] = ()
    gold: tuple[Gold, ...] = ()
    answer: str = ""
    short_answers: tuple[str, ...] = ()
    values: tuple[tuple[str, ...], ...] = ()
    notes: str = ""

    def __post_init__(self) -> None:
        _check(bool(self.id.strip()), "id must not be blank", self.id)
        _check(bool(self.question.strip()), "question must not be blank", self.question)
        _check(self.language in LANGUAGES, f"language must be one of {', '.join(LANGUAGES)}", self.language)
        _check(self.kind in KINDS, f"kind must be one of {', '.join(KINDS)}", self.kind)
        expected = KINDS[self.kind]
        if expected is not None:
            _check(
                self.answerable == expected, f"answerable must be {shown(expected)} for {self.kind}", self.answerable
            )
        if self.kind == "follow-up":
            _check(bool(self.history), "history must hold an earlier turn for follow-up", [])
        else:
            _check(not self.history, f"history must be empty for {self.kind}: call it follow-up", len(self.history))
        _check_evidence(self)

    @property
    def checksum(self) -> str:
        """What tells this case from another, and from itself before it was corrected; its notes aside."""
        return checksum(asdict(replace(self, notes="")))[:16]

    @property
    def needs_every_gold(self) -> bool:
        """Whether an answer rests on all gold passages; else each of them answers alone."""
        return self.kind in ("two-document", "disagreement")


def read_cases(path: str | Path) -> list[Case]:
    """The cases of a JSON-lines file in its order; blank lines are skipped.

    Raises ``UsageError`` with the file, the line's number and what must be there for the first line that is not in the
    documented form, and where there is no case at all.
    """
    return read_rows(Path(path), _case, "cases")


def _check_evidence(case: Case) -> None:
    if not case.answerable:
        for key in ("gold", "answer", "short_answers", "values"):
            given = getattr(case, key)
            _check(
                not given, f"{key} must be empty where answerable is false", given if key == "answer" else len(given)
            )
        return
    _check(bool(case.gold), "gold must name a passage where answerable is true", [])
    _check(bool(case.answer.strip()), "answer must be given where answerable is true", case.answer)
    # A form without a letter, figure or sign that is compared (√) would be found in no answer.
    _check(all(map(tokens, case.short_answers)), "short_answers must not be blank, nor signs alone", case.short_answers)
    good = all(forms and all(map(tokens, forms)) for forms in case.values)
    _check(good, "values must not be blank, nor signs alone", case.values)
    if case.kind == "two-document":
        documents = sorted({gold.document for gold in case.gold})
        _check(len(documents) >= 2, "gold must name two documents for two-document", documents)
    if case.kind == "disagreement":
        _check(len(case.gold) >= 2, "gold must name a passage for each value of a disagreement", len(case.gold))
        _check(len(case.values) >= 2, "values must hold two values or more for a disagreement", len(case.values))


def _case(row: Mapping[str, object]) -> Case:
    missing = [key for key in _REQUIRED if key not in row]
    if missing:
        raise ValueError(f"{missing[0]} is missing: a case must have {', '.join(_REQUIRED)}")
    _known(row, (*_REQUIRED, *_OPTIONAL), "a case")
    kind = _text(row, "kind")
    return Case(
        id=_text(row, "id"),
        question=_text(row, "question"),
        language=_text(row, "language"),
        kind=kind,  # type: ignore[arg-type]  # Case itself refuses a kind it does not know
        answerable=_truth(row, "answerable"),
        history=_list(row, "history", _turn),
        gold=_list(row, "gold", _gold),
        answer=_text(row, "answer", ""),
        short_answers=_list(row, "short_answers", _plain),
        values=_list(row, "values", _forms),
        notes=_text(row, "notes", ""),
    )


def _turn(item: object) -> Turn:
    row = _pair(item, ("question", "answer"))
    return Turn(question=_text(row, "question"), answer=_text(row, "answer"))


def _gold(item: object) -> Gold:
    row = _pair(item, ("document", "quote"))
    return Gold(document=_text(row, "document"), quote=_text(row, "quote"))


def _pair(item: object, keys: tuple[str, str]) -> Mapping[str, object]:
    if not isinstance(item, dict):
        raise ValueError(f"must be objects with {' and '.join(keys)}, was: {shown(item)}")
    _known(item, keys, "it")
    for key in keys:
        if key not in item:
            raise ValueError(f"must have {' and '.join(keys)}, {key} is missing")
    return item


def _forms(item: object) -> tuple[str, ...]:
    """One value: its accepted forms, or the only one as a plain string."""
    return tuple(_plain(form) for form in item) if isinstance(item, list) else (_plain(item),)


def _plain(item: object) -> str:
    if not isinstance(item, str):
        raise ValueError(f"must be strings, was: {shown(item)}")
    return plain(item)


def _text(row: Mapping[str, object], key: str, default: str | None = None) -> str:
    value = row.get(key, default)
    if not isinstance(value, str):
        raise ValueError(f"{key} must be a string, was: {shown(value)}")
    return _plain(value)


def _truth(row: Mapping[str, object], key: str) -> bool:
    value = row[key]
    if not isinstance(value, bool):
        raise ValueError(f"{key} must be true or false, was: {shown(value)}")
    return value


ItemT = TypeVar("ItemT")


def _list(row: Mapping[str, object], key: str, build: Callable[[object], ItemT]) -> tuple[ItemT, ...]:
    items = row.get(key, [])
    if not isinstance(items, list):
        raise ValueError(f"{key} must be a list, was: {shown(items)}")
    try:
        return tuple(build(item) for item in items)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from error


def _known(row: Mapping[str, object], keys: tuple[str, ...], owner: str) -> None:
    unknown = [key for key in row if key not in keys]
    if unknown:
        raise ValueError(f"{_plain(unknown[0])!r} is an unknown key: {owner} may have {', '.join(keys)}")


def _check(holds: bool, rule: str, value: object) -> None:
    if not holds:
        raise ValueError(f"{rule}, was: {shown(value)}")
