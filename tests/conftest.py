"""What every test runs under: no network beyond this machine, no hub, no knowledge base of the user's own."""

from __future__ import annotations

import ipaddress
import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest

os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", GRADIO_ANALYTICS_ENABLED="False")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the command line sets it: waiting threads must not spin
os.environ.pop("WENJU_KB", None)

_attempts: list[str] = []
# What each event names its host by: an address, or the host itself.
_EVENTS = {"socket.connect": 1, "socket.sendto": 1, "socket.getaddrinfo": 0, "socket.gethostbyname": 0}


class NetworkUsedError(RuntimeError):
    """Something tried to reach another machine."""


def _stays_here(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if not isinstance(host, str) or host in ("", "localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _forbid_network(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in _EVENTS:
        return
    target = arguments[_EVENTS[event]]
    if event in ("socket.connect", "socket.sendto"):
        if not isinstance(target, tuple):  # a socket of this machine's file system
            return
        target = target[0]
    if not _stays_here(target):
        _attempts.append(f"{event} {target!r}")
        raise NetworkUsedError(f"tests must not reach a network, but {event} went to {target!r}")


sys.addaudithook(_forbid_network)


@pytest.fixture(autouse=True)
def no_network() -> Iterator[list[str]]:
    """Fails the test during which another machine was called, also where the library hid that it failed."""
    _attempts.clear()
    yield _attempts
    assert not _attempts


@pytest.fixture
def untaught() -> Iterator[None]:
    """What a user dictionary teaches in a test is forgotten after it: it holds for the whole process otherwise."""
    from index.words import forget_user_dictionary

    yield
    forget_user_dictionary()
