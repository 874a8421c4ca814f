"""Answers kept in a file as they are given, so that they are asked for once: a run that was killed goes on there, and
several benchmarks read one pass.

The first line says what the answers were made from. Each further line is ``{"id", "question", "answer"}``, the answer
as ``Answer.as_dict`` has it, on disk before the next question is asked.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eval.data import Query
from index.disk import is_plain_file
from index.errors import UsageError
from rag.types import Answer

__all__ = ["AnswerFile"]

_CODE = "code"  # the one thing answers may be older than, as long as none is added


class AnswerFile:
    """The answers of one pass by question id; without a path they are kept in memory alone."""

    def __init__(self, path: Path | None, made_from: Mapping[str, Any]) -> None:
        """Start a file, or go on with the one that is there.

        Raises ``UsageError`` where its answers were made from something else, it is damaged, or cannot be written.
        """
        self._path = path
        self._answers: dict[str, tuple[str, Answer]] = {}
        self.current = True
        """Whether the answers that were there are of this version of the code."""
        if path is not None:
            try:
                self._open(path, json.loads(json.dumps(made_from)))
            except OSError as error:
                raise UsageError(
                    f"cannot use {path}: {error.strerror}; give --answers a file in a folder that exists"
                ) from error

    def answer(self, query: Query) -> Answer | None:
        """The answer of a question, None where it was not answered yet. Raises ``UsageError`` where the id stands for
        another question."""
        question, answer = self._answers.get(query.id, (query.text, None))
        if question != query.text:
            raise UsageError(f"{self._path} answers another question under {query.id!r}: give another --answers")
        return answer

    def append(self, query: Query, answer: Answer) -> None:
        """Keep an answer; it is on disk when this returns. Raises ``UsageError`` where older code gave the others."""
        self._answers[query.id] = (query.text, answer)
        if self._path is None:
            return
        if not self.current:
            raise UsageError(f"{self._path} holds answers of another version of Wenju: give another --answers")
        line = {"id": query.id, "question": query.text, "answer": answer.as_dict()}
        with self._path.open("ab", buffering=0) as file:
            whole = file.tell()
            try:
                _write(file, line)
            except OSError as error:
                os.truncate(self._path, whole)
                raise UsageError(
                    f"cannot write {self._path}: {error.strerror}; see to its space and rights, then go on with the "
                    "same --answers"
                ) from error

    def _open(self, path: Path, made_from: Mapping[str, Any]) -> None:
        if path.exists() and not is_plain_file(path):
            raise UsageError(f"{path} is no plain file: give another --answers")
        data = path.read_bytes() if path.exists() else b""
        whole = data.rfind(b"\n") + 1  # what a kill cut off is asked again
        if not whole:
            if not _line({"made_from": made_from}).startswith(data):  # a file of somebody else's is not begun anew
                raise UsageError(f"{path} is no file of answers: give another --answers")
            with path.open("wb", buffering=0) as file:
                _write(file, {"made_from": made_from})
            return
        header, *lines = data[:whole].splitlines()
        self._check(path, header, made_from)
        for number, line in enumerate(lines, 2):
            try:
                row = json.loads(line)
                self._answers[row["id"]] = (row["question"], Answer.from_dict(row["answer"]))
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
                raise UsageError(f"{path}, line {number} is damaged: take it out, or give another --answers") from error
        if whole < len(data):
            os.truncate(path, whole)

    def _check(self, path: Path, header: bytes, made_from: Mapping[str, Any]) -> None:
        try:
            there = json.loads(header)["made_from"]
            changed = [key for key in sorted({*there, *made_from}) if there.get(key) != made_from.get(key)]
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise UsageError(f"{path} is no file of answers: give another --answers") from error
        self.current = _CODE not in changed
        changed = [key for key in changed if key != _CODE]
        if changed:
            raise UsageError(f"{path} holds answers of another {changed[0]}: give another --answers")


def _line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def _write(file: io.FileIO, value: object) -> None:
    left = memoryview(_line(value))
    while left:  # a disk that fills up takes a part without a word
        left = left[file.write(left) :]
    os.fsync(file.fileno())
