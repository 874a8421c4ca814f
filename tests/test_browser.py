"""The chat page in a real browser, over a fake knowledge base: what a person does, and what must never leave."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browsing import chromium, needs_chromium, serve
from fake_knowledge import EVIL, HOSTILE, FakeKnowledge, answers

from rag.app.text import WORDS
from rag.config import AppSettings
from rag.types import Answer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator, Page

pytest.importorskip("playwright")
pytestmark = needs_chromium

WATER, PACKAGING, LICENCE, YIELD, REFUSAL = answers().values()
PAUSE = 0.02
ALIVE = "#wenju-main :is(img, a, svg, iframe, script, form)"


@dataclass(frozen=True)
class Served:
    kb: FakeKnowledge
    address: str


@pytest.fixture(scope="module")
def served() -> Served:
    """The page on a free port of this machine, for as long as the tests run."""
    kb = FakeKnowledge(pause=PAUSE)
    return Served(kb, serve(kb, AppSettings(port=0, max_question_characters=200), examples=(LICENCE.question,)))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def contexts(browser: Browser) -> Callable[[str], BrowserContext]:
    """One profile for each browser language, so that the page's scripts are read from its cache."""
    made: dict[str, BrowserContext] = {}

    def context(locale: str) -> BrowserContext:
        if locale not in made:
            made[locale] = browser.new_context(locale=locale)
        return made[locale]

    return context


class Visitor:
    """Opens the page, each time a session of its own, and keeps all it asks for and complains about."""

    def __init__(self, address: str, contexts: Callable[[str], BrowserContext]) -> None:
        self._address, self._contexts = address, contexts
        self.pages: list[Page] = []
        self.requests: list[str] = []
        self.complaints: list[str] = []

    def __call__(self, locale: str = "en-US", width: int = 1400, height: int = 900) -> Page:
        context = self._contexts(locale)
        context.clear_cookies()
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": height})
        self.pages.append(page)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        page.goto(self._address)
        page.locator(".welcome").wait_for()
        return page

    def _hear(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(message.text)


@pytest.fixture
def visit(served: Served, contexts: Callable[[str], BrowserContext]) -> Iterator[Visitor]:
    """A visitor; at the end no request has left this machine and no script has failed."""
    visitor = Visitor(served.address, contexts)
    yield visitor
    for page in visitor.pages:
        page.close()
    assert visitor.requests
    assert [url for url in visitor.requests if not url.startswith((served.address, "data:", "blob:"))] == []
    assert visitor.complaints == []


@pytest.fixture
def permits(served: Served) -> Iterator[threading.Semaphore]:
    """Holds every stream: one event goes on for each permit given."""
    served.kb.permits = permits = threading.Semaphore(0)
    yield permits
    served.kb.permits = None
    permits.release(100)


def send(page: Page, question: str) -> None:
    page.wait_for_timeout(120)  # as a person would: Gradio ignores Enter until the answer before is filed away
    page.locator("#wenju-box textarea").fill(question)
    page.keyboard.press("Enter")


def finished(page: Page, turns: int = 1) -> Locator:
    """The last turn, once the question box takes a question again."""
    page.locator("#wenju-send").wait_for()
    page.locator(f'.thread[data-turns="{turns}"]').wait_for()
    turn = page.locator(f'.turn[data-turn="{turns - 1}"]')
    turn.locator(".status").wait_for(state="detached")
    page.locator("#wenju-send").wait_for()
    return turn


def texts(locator: Locator) -> str:
    return "".join(locator.all_text_contents())


@pytest.mark.parametrize(
    ("answer", "locale", "language"),
    [
        (WATER, "zh-CN", "zh-Hans"),
        (PACKAGING, "zh-TW", "zh-Hant"),
        (LICENCE, "en-US", "en"),
        (LICENCE, "zh-CN", "zh-Hans"),
    ],
    ids=["zh-Hans", "zh-Hant", "en", "mixed"],
)
def test_ask_stream_open_a_citation_and_see_its_span(
    visit: Visitor, permits: threading.Semaphore, answer: Answer, locale: str, language: str
) -> None:
    page, words = visit(locale), WORDS[language]
    send(page, answer.question)
    page.locator(".turn .status", has_text=words.searching).wait_for()
    assert page.locator("#wenju-stop").is_visible()
    assert not page.locator("#wenju-send").is_visible()
    for count in range(len(answer.sentences)):
        permits.release(1 if count else 2)
        page.locator(".sentence").nth(count).wait_for()
        assert page.locator(".sentence").count() == count + 1
        assert page.locator("button.cite").count() == 0, "what is not finished cannot be opened"
    permits.release()
    turn = finished(page)
    assert texts(turn.locator(".sentence")) == re.sub(r"\*\*(.+?)\*\*", r"\1", answer.text)
    assert page.locator("html").get_attribute("lang") == language
    for item in answer.citations:
        turn.locator(f'button.cite[data-number="{item.number}"]').first.click()
        page.locator(f'.source[data-place="0:{item.number}:{item.document_id}"]').wait_for()
        mark = page.locator(".paper mark")
        assert texts(mark) == item.quote
        mark.first.scroll_into_view_if_needed()
        assert mark.first.bounding_box()["y"] < 900  # type: ignore[index]


def test_a_citation_deep_in_a_long_document_is_scrolled_to(visit: Visitor) -> None:
    page = visit(height=500)
    send(page, WATER.question)
    finished(page).locator('button.cite[data-number="2"]').click()
    page.locator('.source[data-place^="0:2:"]').wait_for()
    page.wait_for_function("document.querySelector('.paper').scrollTop > 0")
    paper, mark = page.locator(".paper").bounding_box(), page.locator(".paper mark").first.bounding_box()
    assert paper and mark and paper["y"] <= mark["y"] <= paper["y"] + paper["height"] / 2
    page.get_by_label("Next").click()
    page.locator('.source[data-place^="0:3:"]').wait_for()
    assert texts(page.locator(".paper mark")) == WATER.citations[2].quote


def test_what_documents_and_answers_hold_stays_text(visit: Visitor, permits: threading.Semaphore) -> None:
    page = visit()
    send(page, YIELD.question)
    permits.release(2)
    page.locator("span.cite").first.wait_for()
    assert page.locator(ALIVE).count() == 0, "while it streams"
    permits.release(10)
    finished(page).locator("button.cite").first.click()
    page.locator(".paper mark").first.wait_for()
    assert texts(page.locator(".paper mark")) == YIELD.citations[0].quote
    page.locator('[data-open="documents"]:visible').first.click()
    page.locator(".documents .open", has_text="svg onload").click()
    page.locator(f".source[data-place='{EVIL.id}']").wait_for()
    send(page, f"{HOSTILE} [x](javascript:alert(1))")
    assert HOSTILE in texts(finished(page, 2).locator(".asked"))
    assert page.locator(ALIVE).count() == 0
    assert page.title() == "问据 Wenju"


def test_the_policy_would_stop_what_escaping_let_through(visit: Visitor) -> None:
    page = visit()
    page.evaluate("""() => {
        window.refused = [];
        document.addEventListener("securitypolicyviolation", (event) => window.refused.push(event.effectiveDirective));
        const place = document.createElement("div");
        place.innerHTML = '<img src="data:," onerror="window.ran = true">';
        document.body.append(place);
        const script = document.createElement("script");
        script.textContent = "window.ran = true";
        document.body.append(script);
    }""")
    page.wait_for_function("window.refused.length >= 2")
    assert page.evaluate("window.ran") is None
    assert set(page.evaluate("window.refused")) == {"script-src-attr", "script-src-elem"}
    visit.complaints[:] = [line for line in visit.complaints if "Content Security Policy" not in line]


def test_a_refusal_looks_calm_and_shows_related_passages(visit: Visitor) -> None:
    page = visit("zh-CN")
    send(page, REFUSAL.question)
    turn = finished(page)
    assert REFUSAL.text in texts(turn.locator(".refusal"))
    turn.locator(".chip").nth(1).click()
    page.locator(".paper mark").first.wait_for()
    assert texts(page.locator(".paper mark")) == REFUSAL.related[1].text


def test_errors_are_lines_and_the_conversation_goes_on(visit: Visitor) -> None:
    page, box = visit(), "#wenju-box textarea"
    send(page, "   ")
    page.locator(".notice", has_text=WORDS["en"].empty_question).wait_for()
    send(page, "x" * 201)
    page.locator(".notice", has_text="201 characters, at most 200").wait_for()
    assert page.input_value(box) == "x" * 201
    send(page, "please raise")
    assert WORDS["en"].trouble in texts(finished(page).locator(".error"))
    assert page.input_value(box) == ""
    page.fill(box, "one")
    page.keyboard.press("Shift+Enter")
    assert page.input_value(box) == "one\n"
    send(page, LICENCE.question)
    assert "4800" in texts(finished(page, 2).locator(".reply"))


def test_stop_keeps_what_was_said_and_frees_the_worker(
    visit: Visitor, served: Served, permits: threading.Semaphore
) -> None:
    page = visit()
    send(page, WATER.question)
    permits.release(2)
    page.locator(".sentence").first.wait_for()
    page.locator("#wenju-stop").click()
    page.locator(".turn .line", has_text=WORDS["en"].stopped).wait_for()
    assert page.locator(".sentence").count() == 1
    permits.release(100)
    wait_until(lambda: served.kb.running == 0)
    send(page, LICENCE.question)
    assert "4800" in texts(finished(page, 2).locator(".reply"))


def test_closing_the_browser_frees_the_worker(visit: Visitor, served: Served, permits: threading.Semaphore) -> None:
    page = visit()
    send(page, WATER.question)
    page.locator(".status").wait_for()
    assert served.kb.running == 1
    page.close()
    time.sleep(1)
    permits.release(1)  # of the five it would need to come to its end
    wait_until(lambda: served.kb.running == 0)


def wait_until(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.05)


def test_two_sessions_do_not_see_each_other(visit: Visitor) -> None:
    first, second = visit(), visit("zh-CN")
    send(first, LICENCE.question)
    finished(first)
    send(second, PACKAGING.question)
    assert PACKAGING.question in texts(finished(second).locator(".asked"))
    assert second.locator(".turn").count() == first.locator(".turn").count() == 1
    first.get_by_role("button", name=WORDS["en"].new_conversation).click()
    first.locator(".welcome h2", has_text=WORDS["en"].welcome).wait_for()
    assert second.locator(".turn").count() == 1


def test_the_language_is_kept_and_changes_everything_said(visit: Visitor) -> None:
    page = visit("en-US")
    send(page, WATER.question)
    finished(page)
    page.get_by_role("button", name="繁體").click()
    page.locator('.bar[data-language="zh-Hant"]').wait_for()
    hant = WORDS["zh-Hant"]
    page.locator(".legend", has_text=hant.unsupported).wait_for()
    assert page.get_attribute("#wenju-box textarea", "placeholder") == hant.placeholder
    assert page.text_content("#wenju-send").strip() == hant.send  # type: ignore[union-attr]
    page.reload()
    page.locator(".welcome h2", has_text=hant.welcome).wait_for()


def test_documents_are_added_and_removed(visit: Visitor, served: Served, tmp_path: Path) -> None:
    page = visit("zh-CN")
    page.locator('#wenju-tabs [data-open="documents"]').click()
    good, bad = tmp_path / "新 品.txt", tmp_path / "坏.pdf"
    good.write_text("新品说明\n\n第一代每小时处理一百片。\n", encoding="utf-8")
    bad.write_bytes(b"\0")
    page.set_input_files(".drop input", [good, bad])
    results = page.locator(".results")
    results.wait_for()
    assert "未能添加坏.pdf" in texts(results) and "已添加" in texts(results)
    row = page.locator(".documents li", has_text="新品说明")
    row.locator(".remove").click()
    assert len(served.kb.documents()) == 5, "one click must only ask"
    row.locator(".remove", has_text=WORDS["zh-Hans"].confirm).click()
    row.wait_for(state="detached")
    assert len(served.kb.documents()) == 4


def test_a_narrow_window_opens_the_evidence_as_a_sheet_by_keyboard(visit: Visitor) -> None:
    page = visit(width=420, height=850)
    assert not page.locator("#wenju-panel").is_visible()
    send(page, LICENCE.question)
    finished(page).locator("button.cite").first.focus()
    page.keyboard.press("Enter")
    page.locator(".paper mark").first.wait_for()
    assert page.locator("#wenju-panel").is_visible()
    page.keyboard.press("Escape")
    page.locator("#wenju-panel").wait_for(state="hidden")
    assert page.evaluate("document.documentElement.scrollWidth") <= 420


def test_asking_brings_the_evidence_forward(visit: Visitor) -> None:
    page = visit()
    page.locator('#wenju-tabs [data-open="documents"]').click()
    page.locator("#wenju-documents").wait_for()
    send(page, LICENCE.question)
    finished(page)
    page.locator("#wenju-evidence .card").first.wait_for()
    assert not page.locator("#wenju-documents").is_visible()


def test_the_panel_is_a_tab_list(visit: Visitor) -> None:
    page, words = visit(), WORDS["en"]
    tabs = page.get_by_role("tablist", name=words.panel).get_by_role("tab")
    assert tabs.count() == 2, "without an evaluator there is no third"
    assert page.get_by_role("tab", selected=True).text_content() == words.evidence
    tabs.first.focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#wenju-tabs :focus").get_attribute("aria-selected") == "true"
    page.get_by_role("tabpanel", name=words.documents).wait_for()
    assert not page.locator("#wenju-evidence").is_visible()
    page.keyboard.press("ArrowRight")
    page.get_by_role("tabpanel", name=words.evidence).wait_for()


def test_asking_opens_no_sheet_over_the_answer(visit: Visitor) -> None:
    page = visit(width=390, height=850)
    send(page, LICENCE.question)
    finished(page)
    assert not page.locator("#wenju-panel").is_visible()


def test_an_example_asks_itself(visit: Visitor) -> None:
    page = visit()
    example = page.locator(".examples button").first
    question = example.text_content()
    example.click()
    assert texts(finished(page).locator(".asked")) == question
