"""The page served on a free port of this machine, and the Chromium that visits it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rag.app import launch
from rag.config import AppSettings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_CHROMIUM = Path("/usr/bin/chromium")
_SWITCHES = [
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
needs_chromium = pytest.mark.skipif(not _CHROMIUM.exists(), reason="needs chromium")


def serve(knowledge: Any, settings: AppSettings, **options: Any) -> str:
    """The address of the page over a knowledge base, for as long as the tests run."""
    ready, addresses = threading.Event(), list[str]()

    def on_ready(address: str) -> None:
        addresses.append(address)
        ready.set()

    values = {"settings": settings, "open_browser": False, "on_ready": on_ready, **options}
    threading.Thread(target=launch, args=(knowledge,), kwargs=values, daemon=True).start()
    assert ready.wait(180), "the page was not served in three minutes"
    return addresses[0]


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(_CHROMIUM), args=_SWITCHES)
        yield browser
        browser.close()
