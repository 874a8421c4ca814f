"""One row of a run: what was asked, what came back, how each claim was judged, and the measures of this one case.

A row is plain values, so that it is written as one JSON line and read back the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from types import UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

__all__ = ["STATES", "JudgedClaim", "Retrieved", "Row", "State"]

State = Literal["scored", "refused", "empty", "failed"]

_LARGEST = 1e15  # no number of a row comes near it; what is not finite is not below it

ValueT = TypeVar("ValueT")

STATES: tuple[State, ...] = ("scored", "refused", "empty", "failed")


@dataclass(frozen=True, slots=True)
class JudgedClaim:
    """A claim of an answer; ``supported`` is None where it was not scored.

    For one that is not supported, ``passage`` is the cited passage (retrieved, where none was cited) nearest to it.
    """

    text: str
    citations: tuple[int, ...]
    score: float | None
    supported: bool | None
    reason: str = ""
    passage: str = ""
    passage_title: str = ""


@dataclass(frozen=True, slots=True)
class Retrieved:
    """A passage that was found, best first; ``gold`` where it answers."""

    document: str
    title: str
    page: int | None
    start: int
    end: int
    text: str
    gold: bool


@dataclass(frozen=True, slots=True)
class Row:
    """The result of one case.

    ``state``: ``scored`` (it was answered), ``refused``, ``empty`` (an answer that states nothing) or ``failed``,
    with the reason in ``error``. ``evidence`` is the language of the gold passages: a tag, ``mixed``, or empty.
    ``first_hit`` is the rank of the first gold passage among the first ten, else None. ``measures`` holds those that
    apply to the case; ``citations`` the counts of ALCE's rule: sentences, supported ones, citations, needed ones.
    ``case`` is the checksum of the case it is of, and ``checked`` whether that says what a right answer holds.
    ``milliseconds`` is the one value that differs between two runs.
    """

    id: str
    question: str
    language: str
    kind: str
    answerable: bool
    state: State
    evidence: str = ""
    cluster: str = ""
    reference: str = ""
    gold: tuple[tuple[str, str], ...] = ()
    error: str = ""
    answer: str = ""
    answer_language: str = ""
    mode: str = ""
    standalone: str = ""
    confidence: float | None = None
    notes: tuple[str, ...] = ()
    claims: tuple[JudgedClaim, ...] = ()
    retrieved: tuple[Retrieved, ...] = ()
    first_hit: int | None = None
    measures: Mapping[str, float] | None = None
    citations: tuple[int, int, int, int] = (0, 0, 0, 0)
    milliseconds: float | None = None
    case: str = ""
    checked: bool = True

    def __post_init__(self) -> None:
        if self.state not in STATES:
            raise ValueError(f"state must be one of {', '.join(STATES)}, was: {self.state!r}")

    @property
    def direction(self) -> str:
        """``zh-Hans>en``: the question's language and the evidence's; empty where there is no evidence."""
        return f"{self.language}>{self.evidence}" if self.evidence else ""

    def measure(self, name: str) -> float | None:
        """One of its measures, None where it does not apply."""
        return (self.measures or {}).get(name)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for ``json.dumps``; ``from_dict`` gives the row back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Row:
        """The row that ``as_dict`` (or its JSON) holds. Raises ``TypeError``, ``KeyError`` or ``ValueError``."""
        values = dict(data)
        claims = [JudgedClaim(**{**claim, "citations": tuple(claim["citations"])}) for claim in values["claims"]]
        values["claims"] = tuple(map(_typed, claims))
        values["retrieved"] = tuple(_typed(Retrieved(**passage)) for passage in values["retrieved"])
        values["gold"] = tuple((document, quote) for document, quote in values["gold"])
        values["notes"], values["citations"] = tuple(values["notes"]), tuple(values["citations"])
        return _typed(cls(**values))


def _typed(value: ValueT) -> ValueT:
    """The value, each field of which is of the type it says. Raises ``TypeError``."""
    for name, hint in _hints()[type(value)].items():
        if not _is(getattr(value, name), hint):
            raise TypeError(f"{name} must be {hint}")
    return value


@cache
def _hints() -> Mapping[type, Mapping[str, Any]]:
    return {kind: get_type_hints(kind) for kind in (Row, JudgedClaim, Retrieved)}


def _is(value: object, hint: Any) -> bool:
    """Whether a value is of the type of a field of a row."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is UnionType:
        return any(_is(value, part) for part in parts)
    if origin is Literal:
        return value in parts
    if origin is tuple:
        items = parts[:1] * len(value) if isinstance(value, tuple) and parts[-1] is ... else parts
        return isinstance(value, tuple) and len(value) == len(items) and all(map(_is, value, items))
    if origin is not None:
        return isinstance(value, Mapping) and all(_is(key, parts[0]) and _is(value[key], parts[1]) for key in value)
    if hint in (int, float):
        kinds = int if hint is int else int | float
        return isinstance(value, kinds) and not isinstance(value, bool) and abs(value) < _LARGEST
    return isinstance(value, hint)
