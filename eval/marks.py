"""What kept knowledge bases and runs are told apart by."""

from __future__ import annotations

import hashlib
import json

__all__ = ["checksum"]


def checksum(value: object) -> str:
    """The SHA-256, in hex, of a value that JSON can hold; mappings are the same in any order."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode("ascii")).hexdigest()
