"""What the command line shows, as text: answers with their sources, passages, documents, and how far the work is.

Nothing here prints. What comes from a document, a file name or a model is made safe for a terminal.
"""

from __future__ import annotations

import logging
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from index.language import detect, resolve
from index.types import Passage
from rag.types import Answer, IngestReport

if TYPE_CHECKING:
    from index.build import Progress
    from index.store import DocumentInfo

__all__ = [
    "LineFormatter",
    "ProgressBar",
    "answer_text",
    "documents_text",
    "passages_text",
    "report_text",
    "safe",
    "terminal_language",
]

_WORDS: Mapping[str, Mapping[str, str]] = {
    "zh-Hans": {
        "sources": "来源",
        "related": "相关但未作答的段落",
        "unsupported": "来源不支持的句子",
        "page": "第 {page} 页",
        "none": "没有找到相关的段落。",
        "comma": "，",
    },
    "zh-Hant": {
        "sources": "來源",
        "related": "相關但未作答的段落",
        "unsupported": "來源不支持的句子",
        "page": "第 {page} 頁",
        "none": "沒有找到相關的段落。",
        "comma": "，",
    },
    "en": {
        "sources": "Sources",
        "related": "Related, but not an answer",
        "unsupported": "Not supported by its sources",
        "page": "page {page}",
        "none": "No passage was found.",
        "comma": ", ",
    },
}
_INDENT = "    "
_RELATED_CHARACTERS = 160
_STAGES = {
    "load": ("reading", "files"),
    "embed": ("embedding", "passages"),
    "index": ("indexing", "steps"),
    "save": ("saving", "steps"),
}


def safe(text: str) -> str:
    """Text without what could drive a terminal or reorder a line: control, format and unassigned characters."""
    return "".join(
        character if character == "\n" or not unicodedata.category(character).startswith("C") else "\ufffd"
        for character in text
    )


def terminal_language(environment: Mapping[str, str]) -> str:
    """The language of the terminal's locale: ``zh-Hant``, ``zh-Hans`` or ``en``."""
    locale = next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "")
    if not locale.lower().startswith("zh"):
        return "en"
    traditional = any(mark in locale.lower() for mark in ("tw", "hk", "mo", "hant"))
    return "zh-Hant" if traditional else "zh-Hans"


def answer_text(answer: Answer) -> str:
    """An answer, the passages it cites (or, for a refusal, the nearest ones), and what was noted about it."""
    words = _WORDS[answer.language]
    parts = [safe(answer.text).strip()]
    if answer.citations:
        cited = [
            f"[{item.number}] {_place(item.title, item.page, words)}\n{_indented(item.source)}\n{_indented(item.quote)}"
            for item in answer.citations
        ]
        parts.append("\n".join([words["sources"], *cited]))
    if answer.refused and answer.related:
        near = [f"- {_place(item.title, item.page, words)}\n{_indented(_cut(item.text))}" for item in answer.related]
        parts.append("\n".join([words["related"], *near]))
    doubtful = [f"- {safe(item.text).strip()}" for item in answer.sentences if item.support == "unsupported"]
    if doubtful:
        parts.append("\n".join([words["unsupported"], *doubtful]))
    parts += [safe(note) for note in answer.notes]
    return "\n\n".join(parts)


def passages_text(passages: Sequence[Passage], question: str, language: str) -> str:
    """Passages, best first, under words in the question's language (``language`` where it does not show one)."""
    words = _WORDS[resolve(detect(question), "", language)]
    if not passages:
        return words["none"]
    return "\n\n".join(
        f"{rank}. {_place(item.title, item.page, words)}  ({item.score:.2f})\n{_indented(item.source)}\n"
        f"{_indented(item.text)}"
        for rank, item in enumerate(passages, 1)
    )


def documents_text(documents: Sequence[DocumentInfo]) -> str:
    """One line a document: its id, language, size, title and source."""
    lines = [
        f"{item.id}  {item.language:<7}  {item.characters:>9,} characters  {item.chunks:>5,} passages  "
        f"{_flat(item.title)}  ({_flat(item.source)})"
        for item in documents
    ]
    return "\n".join([*lines, f"{len(documents)} documents"])


def report_text(report: IngestReport) -> str:
    """How many files were added, updated and unchanged, each one taken out, and each that failed with its reason."""
    counts = ("added", "updated", "unchanged", "removed", "failed")
    summary = ", ".join(f"{len(getattr(report, name))} {name}" for name in counts)
    removed = (f"removed, its file is gone: {_flat(source)}" for source in report.removed)
    failed = (f"failed: {_flat(item.path)}: {_flat(item.reason)}" for item in report.failed)
    return "\n".join([summary, *removed, *failed])


def _place(title: str, page: int | None, words: Mapping[str, str]) -> str:
    return _flat(title) + ("" if page is None else words["comma"] + words["page"].format(page=page))


def _flat(text: str) -> str:
    return safe(text).replace("\n", " ")


def _cut(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _RELATED_CHARACTERS else flat[: _RELATED_CHARACTERS - 1] + "…"


def _indented(text: str) -> str:
    return "\n".join(_INDENT + line for line in safe(text).strip().split("\n"))


class LineFormatter(logging.Formatter):
    """A log record as one line that its text cannot break; a traceback is for a log file, not for a reader."""

    def format(self, record: logging.LogRecord) -> str:
        return f"wenju: {_flat(record.getMessage())}"


class ProgressBar:
    """How far an ingest is, on standard error: a bar on a terminal, else a line when a stage starts."""

    def __init__(self) -> None:
        self._stage = ""
        self._bar: Any = None

    def __call__(self, progress: Progress) -> None:
        """Show one step."""
        if progress.stage != self._stage:
            self._start(progress)
        if self._bar is not None:
            self._bar.set_postfix_str(_flat(progress.name)[-40:], refresh=False)
            self._bar.n = progress.done
            self._bar.refresh()

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._bar is not None:
            self._bar.close()
        self._bar, self._stage = None, ""

    def _start(self, progress: Progress) -> None:
        self.close()
        self._stage = progress.stage
        verb, unit = _STAGES[progress.stage]
        if sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(total=progress.total, desc=verb, unit=f" {unit}", leave=False, file=sys.stderr)
        elif unit != "steps":
            sys.stderr.write(f"wenju: {verb} {progress.total:,} {unit}\n")
