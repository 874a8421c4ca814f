"""The chat page in a real browser over the real product: the bundled embedder, the sample's documents."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browsing import chromium, needs_chromium, serve
from real import PLAIN, real_folder  # noqa: F401 - a fixture

from rag import KnowledgeBase
from rag.config import AppSettings
from rag.types import Answer

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytest.importorskip("playwright")
pytestmark = needs_chromium

QUESTIONS = (
    "启衡微电子与谁签署了光刻胶合作协议？",
    "輝達的AI伺服器由哪些公司代工組裝？",
    "When was the CHIPS and Science Act signed?",
    "《芯片与科学法案》是什么时候签署的？",
)


@pytest.fixture(scope="module")
def knowledge(real_folder: Path) -> KnowledgeBase:  # noqa: F811 - pytest hands it in
    return KnowledgeBase.open(real_folder, config=PLAIN)


@pytest.fixture(scope="module")
def page(knowledge: KnowledgeBase) -> Iterator[Page]:
    address = serve(knowledge, AppSettings(port=0))
    with chromium() as browser:
        opened = browser.new_page(locale="zh-CN", viewport={"width": 1400, "height": 900})
        opened.set_default_timeout(120_000)
        requests: list[str] = []
        opened.on("request", lambda request: requests.append(request.url))
        opened.goto(address)
        opened.locator(".welcome").wait_for()
        yield opened
    assert [url for url in requests if not url.startswith((address, "data:", "blob:"))] == []


def test_each_answer_streams_and_each_citation_opens_on_its_span(page: Page, knowledge: KnowledgeBase) -> None:
    history: list[Answer] = []
    for number, question in enumerate(QUESTIONS):
        page.wait_for_timeout(300)
        page.locator("#wenju-box textarea").fill(question)
        page.keyboard.press("Enter")
        page.locator(f'.thread[data-turns="{number + 1}"]').wait_for()
        turn = page.locator(f'.turn[data-turn="{number}"]')
        turn.locator(".status").wait_for(state="detached")
        page.locator("#wenju-send").wait_for()
        expected = knowledge.ask(question, history)
        history.append(expected)
        assert not expected.refused, question
        shown = "".join(turn.locator(".sentence").all_text_contents())
        assert shown == re.sub(r"\*\*(.+?)\*\*", r"\1", expected.text)
        for item in expected.citations:
            turn.locator(f'button.cite[data-number="{item.number}"]').first.click()
            page.locator(f'.source[data-place="{number}:{item.number}:{item.document_id}"]').wait_for()
            assert "".join(page.locator(".paper mark").all_text_contents()) == item.quote
            assert knowledge.document(item.document_id).text[item.start : item.end] == item.quote
