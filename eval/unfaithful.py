"""An answerer that is unfaithful on purpose, to see whether a scorer tells it from the faithful one.

``wenju eval --unfaithful`` asks each question once and judges four answers to it: the answer as it is, and that answer
with its first number changed, with another document's sentence in its place, and with a negation added, each under the
citations of the faithful one. What cannot be damaged so (no number, no verb that a plain rule can deny) is left out.
"""

from __future__ import annotations

import re
import threading
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from eval.claims import MARK, OWN_WORDS
from eval.examine import Knowledge, Listed
from eval.run import RunResult
from index.language import detect, resolve, sentences, side
from index.types import Document, Passage
from index.words import cut_han
from rag.types import Answer, Sentence, Turn

__all__ = ["DAMAGES", "Remembering", "Unfaithful", "add_negation", "change_number", "told_apart"]

DAMAGES = ("number", "other document", "negation")
"""The kinds of damage."""

_HAN = re.compile(r"[\u3400-\u9fff]+")
_LIST_SIGN = re.compile(r"^[^\S\n]*(?:[(（]?\d{1,2}[)）、](?!\d)|\d{1,2}[.．](?!\d))", re.MULTILINE)
_NUMBER = re.compile(r"(?<![A-Za-z\d.])\d+")
_SHORTEST = 12  # characters of a sentence that takes another's place
_ZH_VERBS = ("没有", "沒有", "有", "为", "為", "是", "达", "達", "将", "將", "由", "在", "可以", "须", "須", "应", "應")
_EN_VERB = re.compile(
    r"\b(is|are|was|were|will|has|have|had|can|could|may|must|should|would)\b(?! not?\b| never\b|['’]t\b)"
)
_ZH_DENYING = tuple("不没沒未无無非")
_EN_PAST = re.compile(
    r"(?<=[a-z] )(?<!never )(?<!not )(?:[a-z]{2,}ed|rose|fell|grew|won|lost|began|made|took|said|sold|held|gave)\b"
)


def change_number(text: str) -> str | None:
    """The text with the first digit of its first number, that of a list aside, changed; None where it has none."""
    listed = {place for sign in _LIST_SIGN.finditer(text) for place in range(*sign.span())}
    match = next((match for match in _NUMBER.finditer(text) if match.start() not in listed), None)
    if match is None:
        return None
    digit = int(text[match.start()])
    return f"{text[: match.start()]}{(digit + 4) % 9 + 1}{text[match.start() + 1 :]}"


def add_negation(text: str) -> str | None:
    """The text with its first verb denied that a plain rule can deny and that is not denied yet, or 没有 made 有; None
    where there is none."""
    if side(detect(text)) == "en":
        if match := _EN_VERB.search(text):
            return f"{text[: match.end()]} not{text[match.end() :]}"
        match = _EN_PAST.search(text)
        return None if match is None else f"{text[: match.start()]}never {text[match.start() :]}"
    found = _chinese_verb(text)
    if found is None:
        return None
    position, verb = found
    hant = detect(text) == "zh-Hant"
    denied = {"没有": "有", "沒有": "有", "有": "沒有" if hant else "没有"}.get(
        verb, ("並不" if hant else "并不") + verb
    )
    return text[:position] + denied + text[position + len(verb) :]


def _chinese_verb(text: str) -> tuple[int, str] | None:
    """The first verb that a plain rule can deny, as a word of its own (有, but not that of 有限公司), and its place."""
    for run in _HAN.finditer(text):
        position = run.start()
        for word in cut_han(run.group()):
            if word in _ZH_VERBS and text[max(0, position - 1) : position] not in _ZH_DENYING:
                return position, word
            position += len(word)
    return None


class Remembering:
    """A knowledge base that is asked each question once, whoever asks it after that. Safe for threads as it is."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self._lock = threading.Lock()
        self._answers: dict[tuple[str, tuple[tuple[str, str], ...], str], Answer] = {}
        self._found: dict[tuple[str, int | None], list[Passage]] = {}

    def ask(self, question: str, history: Sequence[Answer | Turn] = (), language: str = "") -> Answer:
        """See ``rag.KnowledgeBase.ask``."""
        said = tuple((turn.question, turn.text if isinstance(turn, Answer) else turn.answer) for turn in history)
        key = (question, said, language)
        if key not in self._answers:
            answer = self._knowledge.ask(question, history, language)
            with self._lock:
                self._answers[key] = answer
        return self._answers[key]

    def search(self, question: str, limit: int | None = None) -> list[Passage]:
        """See ``rag.KnowledgeBase.search``."""
        if (question, limit) not in self._found:
            passages = self._knowledge.search(question, limit)
            with self._lock:
                self._found[question, limit] = passages
        return self._found[question, limit]

    def documents(self) -> Sequence[Listed]:
        """See ``rag.KnowledgeBase.documents``."""
        return self._knowledge.documents()

    def document(self, document_id: str, /) -> Document:
        """See ``rag.KnowledgeBase.document``."""
        return self._knowledge.document(document_id)


class Unfaithful:
    """A knowledge base whose answers have each sentence damaged in one way, and cite what they cited before."""

    def __init__(self, knowledge: Knowledge, damage: str) -> None:
        if damage not in DAMAGES:
            raise ValueError(f"damage must be one of {', '.join(DAMAGES)}, was: {damage!r}")
        self._knowledge, self._damage = knowledge, damage
        self._lock = threading.Lock()
        self._others: dict[str, list[str]] = {}

    def ask(self, question: str, history: Sequence[Answer | Turn] = (), language: str = "") -> Answer:
        """The answer, damaged; without the sentences that could not be."""
        answer = self._knowledge.ask(question, history, language)
        if answer.refused:
            return answer
        cited = {citation.document_id for citation in answer.citations}
        own = answer.sentences or (Sentence(answer.text, tuple(c.number for c in answer.citations)),)
        pieces = tuple(damaged for piece in own if (damaged := self._damaged(piece, cited)) is not None)
        return replace(answer, text="".join(piece.text for piece in pieces) or " ", sentences=pieces or (_NOTHING,))

    def search(self, question: str, limit: int | None = None) -> list[Passage]:
        """The passages as they are."""
        return self._knowledge.search(question, limit)

    def documents(self) -> Sequence[Listed]:
        """The documents as they are."""
        return self._knowledge.documents()

    def document(self, document_id: str, /) -> Document:
        """A document as it is."""
        return self._knowledge.document(document_id)

    def _damaged(self, piece: Sentence, cited: set[str]) -> Sentence | None:
        if piece.reason in OWN_WORDS:
            return piece
        marks = "".join(match.group() for match in MARK.finditer(piece.text))
        plain = MARK.sub("", piece.text.replace("**", "")).strip()
        makers: Mapping[str, Callable[[str], str | None]] = {
            "number": change_number, "negation": add_negation, "other document": lambda text: self._other(text, cited),
        }  # fmt: skip
        said = makers[self._damage](plain)
        return None if said is None else replace(piece, text=f"{said}{marks}\n")

    def _other(self, text: str, cited: set[str]) -> str | None:
        """A sentence of a document that is not cited, in the language of the text; the same one for the same text."""
        pool: list[str] = []
        for item in self._knowledge.documents():
            if item.id not in cited:
                pool += self._sentences(item.id, side(detect(text)))
        return pool[zlib.crc32(text.encode("utf-8", "replace")) % len(pool)] if pool else None

    def _sentences(self, document_id: str, name: str) -> list[str]:
        key = f"{name} {document_id}"
        with self._lock:
            if key not in self._others:
                text = self._knowledge.document(document_id).text
                pieces = [text[start:end] for start, end in sentences(text)]
                self._others[key] = [
                    piece
                    for piece in pieces
                    if len(piece) >= _SHORTEST and "|" not in piece and side(resolve(detect(piece))) == name
                ]
            return self._others[key]


_NOTHING = Sentence("", (), reason="frame")


def told_apart(faithful: RunResult, damaged: Mapping[str, RunResult]) -> dict[str, dict[str, Any]]:
    """By slice (all, each language, each direction): the faithfulness found for the faithful answers and for each kind
    of damage, each as ``{"value": …, "ci": …, "n": claims}``.

    ``told_apart`` says whether every damaged one is below the faithful one by more than both intervals.
    """
    found: dict[str, dict[str, Any]] = {}
    for name, group in _slices(faithful).items():
        figures = {"faithful": group["measures"]["faithfulness"]}
        for kind, run in damaged.items():
            there = _slices(run).get(name)
            figures[kind] = there["measures"]["faithfulness"] if there else {"value": None, "ci": None, "n": 0}
        found[name] = figures | {"told_apart": _apart(figures)}
    return found


def _slices(run: RunResult) -> dict[str, Any]:
    return {"all": run.summary["all"], **run.summary["languages"], **run.summary["directions"]}


def _apart(figures: Mapping[str, Any]) -> bool | None:
    """None where the faithful answers, or all damaged ones, state nothing."""
    faithful = figures["faithful"]
    others = [figure for name, figure in figures.items() if name != "faithful" and figure["n"]]
    if not faithful["n"] or not others:
        return None
    return all(figure["ci"][1] < faithful["ci"][0] for figure in others)
