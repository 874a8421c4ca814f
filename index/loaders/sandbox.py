"""Parsing in a child process: one is kept for many files, and replaced when a file crashes it or takes too long."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from index.errors import DocumentError
from index.loaders.limits import LoadLimits
from index.types import Block, BlockKind, Extracted

__all__ = ["Sandbox", "extract_in_child"]


class Sandbox:
    """A parser in a child process, started when first used; safe to call from several threads, one file at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def extract(self, kind: str, data: bytes, limits: LoadLimits) -> Extracted:
        """The blocks of a file. Raises DocumentError with the reason, also where the parser died or was too slow."""
        with self._lock:
            answer = self._ask(kind, data, limits)
        if "error" in answer:
            raise DocumentError(answer["error"])
        blocks = (Block(cast(BlockKind, kind), text, level, page) for kind, text, level, page in answer["blocks"])
        return Extracted(answer["title"], tuple(blocks))

    def close(self) -> None:
        """End the child process, if there is one."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # bytes that the dead child never took
                    continue

    def _ask(self, kind: str, data: bytes, limits: LoadLimits) -> dict[str, Any]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._process = _start()
        process = self._process
        too_slow = threading.Event()

        def give_up() -> None:
            too_slow.set()
            process.kill()

        timer = threading.Timer(limits.seconds, give_up)
        timer.daemon = True
        timer.start()
        try:
            line = _exchange(process, {"kind": kind, "size": len(data), "limits": asdict(limits)}, data)
        finally:
            timer.cancel()
        if not line.endswith(b"\n"):
            self.close()
            slow = f"reading it took more than {limits.seconds} s"
            raise DocumentError(slow if too_slow.is_set() else "its parser crashed: the file is damaged or hostile")
        answer: dict[str, Any] = json.loads(line)
        return answer


def _start() -> subprocess.Popen[bytes]:
    root = Path(__file__).resolve().parents[2]
    paths = [str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    # -P: nothing is imported from the folder the user happens to stand in.
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "index.loaders.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )


def _exchange(process: subprocess.Popen[bytes], request: dict[str, Any], data: bytes) -> bytes:
    """The child's answer line, or what there was of it when the child died."""
    if process.stdin is None or process.stdout is None:
        return b""
    try:
        process.stdin.write(json.dumps(request).encode("ascii") + b"\n")
        process.stdin.write(data)
        process.stdin.flush()
    except OSError:
        return b""
    return process.stdout.readline()


_SANDBOX = Sandbox()
atexit.register(_SANDBOX.close)


def extract_in_child(kind: str, data: bytes, limits: LoadLimits) -> Extracted:
    """The blocks of a pdf, docx or html file, parsed in the process's one child. Raises DocumentError."""
    return _SANDBOX.extract(kind, data, limits)
