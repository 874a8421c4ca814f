"""The child process that parses pdf, docx, html and large texts: ``python -m index.loaders.worker``.

It reads requests from standard input, each one JSON line (``kind``, ``size``, ``limits``) and ``size`` bytes of file,
and answers each with one JSON line: ``title`` and ``blocks``, or ``error``. It imports a parser when
first asked for it.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any, BinaryIO

from index.errors import DocumentError
from index.loaders.limits import LoadLimits
from index.types import Extracted

__all__ = ["main", "parse"]

_MODULES = {
    "txt": "index.loaders.text",
    "md": "index.loaders.markdown",
    "html": "index.loaders.html",
    "pdf": "index.loaders.pdf",
    "docx": "index.loaders.docx",
}


def parse(kind: str, data: bytes, limits: LoadLimits) -> Extracted:
    """The blocks of a file of the given kind, parsed in this process. Raises DocumentError."""
    extracted: Extracted = importlib.import_module(_MODULES[kind]).extract(data, limits)
    return extracted


def _confine(limits: LoadLimits) -> None:
    """Cap this process's memory and processor time, and let it write no file and leave no core dump."""
    try:
        import resource
    except ImportError:  # Windows: the parent's clock is the only cap there
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + limits.seconds + 5
    for name, amount in (("AS", limits.memory_mb * 2**20), ("CPU", seconds), ("FSIZE", 0), ("CORE", 0)):
        which = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(which)[1]
        resource.setrlimit(which, (amount if hard == resource.RLIM_INFINITY else min(amount, hard), hard))


def _answer(kind: str, data: bytes, limits: LoadLimits) -> dict[str, Any]:
    try:
        _confine(limits)
        extracted = parse(kind, data, limits)
        blocks = [(block.kind, block.text, block.level, block.page) for block in extracted.blocks]
        return {"title": extracted.title, "blocks": blocks}
    except DocumentError as error:
        return {"error": str(error)}
    except MemoryError:
        return {"error": f"reading it needs more than {limits.memory_mb} MB of memory"}
    except RecursionError:
        return {"error": "it is nested too deeply"}
    except Exception as error:  # noqa: BLE001 - parsers raise what they like on a damaged file; it costs this file only
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        return {"error": f"it is damaged or not what it seems ({reason})"}


def _serve(requests: BinaryIO, answers: BinaryIO) -> None:
    while line := requests.readline():
        request = json.loads(line)
        data = requests.read(request["size"])
        answer = _answer(request["kind"], data, LoadLimits(**request["limits"]))
        del data
        answers.write(json.dumps(answer).encode("ascii") + b"\n")
        answers.flush()


def main() -> None:
    """Serve until standard input ends. What a parser prints goes nowhere: standard output carries answers only."""
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    _serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
