"""The evaluation tab in a real browser: a run that goes on, is stopped, fails; and a report that cannot reach out."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pytest
from browsing import chromium, needs_chromium, serve
from fake_knowledge import FakeKnowledge

from eval.run import Progress
from rag.app.evaluation import Stopped, Tell
from rag.app.text import WORDS, Words
from rag.config import AppSettings
from rag.errors import UsageError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytest.importorskip("playwright")
pytestmark = needs_chromium

REPORT = """<!doctype html><html><head><style>h1 { color: rgb(1, 2, 3) }</style></head><body><h1>忠实度 0.97</h1>
<svg width="10" height="10"><rect width="10" height="10"/></svg><a href="OUTSIDE/leave">leave</a>
<img src="OUTSIDE/picture.png"><script>top.ran = true; fetch("OUTSIDE/script")</script></body></html>"""


class FakeEvaluator:
    """Four cases, one for each permit; the report above over however many were done."""

    def __init__(self, folder: Path, outside: str) -> None:
        self.folder, self.outside, self.permits = folder, outside, threading.Semaphore(0)
        self.asked: list[tuple[str, int | None]] = []

    def __call__(self, cases: Path | None, limit: int | None, tell: Tell, /) -> Path:
        """See ``Evaluator``; a set that is not JSON lines is refused, one that says "raise" raises."""
        text = "" if cases is None else cases.read_text(encoding="utf-8")
        self.asked.append((text, limit))
        if "raise" in text:
            raise RuntimeError("the scorer fell over")
        if text and not text.startswith("{"):
            raise UsageError("cases.jsonl, line 1: must be a JSON object <b>")
        try:
            for done in range(5):
                tell(Progress(done, 4, int(done > 1), None if done == 0 else 65.0 * (4 - done)))
                if done < 4:
                    assert self.permits.acquire(timeout=60)
        except Stopped:
            done += 100
        path = self.folder / "报告.html"
        report = REPORT.replace("0.97", f"0.97 ({done})").replace("OUTSIDE", self.outside)
        path.write_text(report, encoding="utf-8")
        return path


class Outside(BaseHTTPRequestHandler):
    """Another server: whatever reaches it has left."""

    reached: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.reached.append(self.path)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Nothing is said."""


@pytest.fixture(scope="module")
def evaluator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeEvaluator]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Outside) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield FakeEvaluator(tmp_path_factory.mktemp("evaluations"), f"http://127.0.0.1:{server.server_port}")
        server.shutdown()


@pytest.fixture(scope="module")
def address(evaluator: FakeEvaluator) -> str:
    return serve(FakeKnowledge(), AppSettings(port=0), evaluator=evaluator)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(params=["zh-CN", "zh-TW", "en-US"])
def page(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Page]:
    opened = browser.new_page(locale=request.param, viewport={"width": 1200, "height": 800})
    opened.set_default_timeout(60_000)
    opened.goto(address)
    opened.locator(".welcome").wait_for()
    opened.locator('#wenju-tabs [data-open="evaluation"]').click()
    opened.locator(".trial .main").wait_for()
    yield opened
    opened.close()
    assert Outside.reached == []


def words_of(page: Page) -> Words:
    return WORDS[str(page.locator(".bar").get_attribute("data-language"))]


def test_a_run_shows_how_far_it_is_and_then_its_report(page: Page, evaluator: FakeEvaluator) -> None:
    words = words_of(page)
    page.select_option(".trial select", "30")
    page.locator(".trial .main", has_text=words.evaluate).click()
    line = page.locator(".trial .line.busy")
    evaluator.permits.release(2)
    line.filter(has_text=words.evaluation_done.format(done=2, total=4)).wait_for()
    assert "2:10" in str(line.text_content()) and page.locator("progress").get_attribute("value") == "2"
    page.get_by_role("button", name="English").click()
    line.filter(has_text="2 of 4 questions, 1 failed, about 2:10 left").wait_for()
    evaluator.permits.release(2)
    heading = page.frame_locator(".report iframe").locator("h1")
    assert heading.text_content() == "忠实度 0.97 (4)"
    assert heading.evaluate("element => getComputedStyle(element).color") == "rgb(1, 2, 3)"
    assert evaluator.asked[-1] == ("", 30)
    assert "报告.html" in str(page.locator(".report .file").text_content())
    page.locator(".report [data-whole]").click()
    box = page.locator(".report iframe").bounding_box()
    assert box and box["width"] > 1150
    page.keyboard.press("Escape")
    assert page.locator(".report.whole").count() == 0
    page.frame_locator(".report iframe").locator("a").click()
    page.wait_for_timeout(300)
    assert page.evaluate("window.ran") is None


def test_a_run_that_is_stopped_reports_what_was_done(page: Page, evaluator: FakeEvaluator) -> None:
    words = words_of(page)
    page.select_option(".trial select", "")
    page.locator(".trial .main").click()
    page.locator(".trial .line.busy", has_text=words.evaluation_done.format(done=0, total=4)).wait_for()
    page.locator('.trial [data-action="end"]', has_text=words.stop).click()
    page.locator('.trial [data-action="end"][disabled]').wait_for()
    evaluator.permits.release(1)
    assert page.frame_locator(".report iframe").locator("h1").text_content() == "忠实度 0.97 (101)"
    assert evaluator.asked[-1] == ("", None)
    page.locator(".trial .main").wait_for()


@pytest.mark.parametrize("content", ["no JSON\n", "raise"])
def test_a_set_of_ones_own_and_what_is_wrong_with_it(
    page: Page, evaluator: FakeEvaluator, tmp_path: Path, content: str
) -> None:
    own = tmp_path / "题集 one.jsonl"
    own.write_text(content, encoding="utf-8")
    page.set_input_files(".trial input", own)
    assert page.locator(".trial .own").text_content() == own.name
    page.locator(".trial .main").click()
    notice = page.locator(".trial .notice")
    notice.wait_for()
    trouble = words_of(page).evaluation_trouble
    assert (trouble if content == "raise" else "line 1: must be a JSON object <b>") in str(notice.text_content())
    assert evaluator.asked[-1] == (content, 10)
    own.write_text(json.dumps({"id": "一"}), encoding="utf-8")
    page.set_input_files(".trial input", own)
    page.locator(".trial .main").click()
    evaluator.permits.release(4)
    page.locator(".report").wait_for()
    assert evaluator.asked[-1][0] == own.read_text(encoding="utf-8") and page.locator(".trial .notice").count() == 0


def test_a_page_without_an_evaluator_has_no_such_tab(browser: Browser) -> None:
    plain = browser.new_page()
    plain.goto(serve(FakeKnowledge(), AppSettings(port=0)))
    plain.locator(".welcome").wait_for()
    assert not plain.locator('[data-open="evaluation"]').is_visible()
    plain.close()
