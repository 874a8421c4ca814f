"""The page's views and handlers, without a browser: what they show, and that nothing of others' is ever markup."""

from __future__ import annotations

import random
import re
from dataclasses import fields, replace
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fake_knowledge import ENGLISH, EVIL, HANS, HANT, HOSTILE, FakeKnowledge, Listed, answers, cite

from index.types import Document
from rag.app import views
from rag.app.evaluation import Trial
from rag.app.handlers import Handlers, after, load_gradio
from rag.app.session import Conversation, Exchange, Focus, Voice, evidence
from rag.app.source import excerpt
from rag.app.text import LANGUAGES, WORDS, preferred_language
from rag.app.trial import TrialHandlers
from rag.config import AppSettings
from rag.types import Answer, IngestFailure, IngestReport, Sentence, Status

ANSWERS = list(answers().values())
WATER, PACKAGING, LICENCE, YIELD, REFUSAL = ANSWERS
TAGS = {"article", "b", "button", "div", "h1", "h2", "h3", "i", "input", "label", "li", "mark", "p", "small", "span"}


class Page(HTMLParser):
    """Every tag and attribute of a piece of HTML, and its text by class."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.open: list[tuple[str, str]] = []
        self.pieces: list[tuple[list[tuple[str, str]], str]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag != "input":
            self.open.append((tag, dict(attrs).get("class") or ""))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        self.pieces.append((list(self.open), data))

    def text(self, inside: str, *, without: str = "-") -> str:
        """The text within a tag or class, less what is in another."""

        def named(name: str, where: list[tuple[str, str]]) -> bool:
            return any(name == tag or name in classes.split() for tag, classes in where)

        return "".join(data for where, data in self.pieces if named(inside, where) and not named(without, where))


def shown(answer: Answer, language: str = "en") -> Page:
    held = Conversation((Exchange(answer.question, answer=answer),))
    return Page(views.conversation(held, Focus(0, 1), WORDS[language]))


def everything(language: str) -> dict[str, str]:
    """Each view, filled with hostile values wherever it takes one."""
    words = WORDS[language]
    listed = Listed('"><script>x</script>', HOSTILE, f"/tmp/{HOSTILE}.txt", '"><img src=x>', 1)
    answer = replace(YIELD, question=HOSTILE, notes=(HOSTILE,), standalone=HOSTILE + "?", language='"><b>')
    bad = replace(answer.sentences[0], support="unsupported", reason=HOSTILE)
    refusal = replace(answer, refused=True, related=REFUSAL.related, sentences=(Sentence(HOSTILE, ()),))
    exchanges = (Exchange(HOSTILE, answer=replace(answer, sentences=(bad,))), Exchange(HOSTILE, answer=refusal))
    running = Exchange(HOSTILE, "<b>", (Sentence(HOSTILE, ()),), error=HOSTILE)
    report = IngestReport((HOSTILE,), (HOSTILE,), (HOSTILE,), (IngestFailure(HOSTILE, HOSTILE),))
    return {
        "header": views.header(words),
        "tabs": views.panel_tabs(words, 3),
        "upload": views.upload_zone(words),
        "welcome": views.welcome(words, (HOSTILE,), empty=False),
        "conversation": views.conversation(Conversation((*exchanges, running)), Focus(0, 1), words),
        "evidence list": views.evidence_list(answer, 0, words),
        "evidence view": views.evidence_view(EVIL, YIELD.citations, 1, 0, words),
        "document view": views.document_view(EVIL, words),
        "documents": views.document_list([listed], words),
        "results": views.ingest_results(report, words),
        "line": views.line(HOSTILE) + views.notice(HOSTILE),
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_of_others_becomes_markup(language: str) -> None:
    for name, html in everything(language).items():
        page = Page(html)
        assert set(page.tags) <= TAGS | {"ul", "strong"}, name
        assert not {a for a in page.attributes if a.startswith("on") or a in ("src", "href", "style", "srcset")}, name
        assert not page.open, name


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.question[:12])
def test_an_answer_reads_as_its_text(answer: Answer) -> None:
    text = shown(answer).text("reply", without="flag")
    assert text == re.sub(r"\*\*(\S.*?)\*\*", r"\1", answer.text)


def test_bold_is_the_only_markup_of_an_answer() -> None:
    text = "**Lead.** [a](http://x) ![i](http://x) `c` # h ** loose ** 2**3 <b>b</b> **[1]**"
    page = shown(replace(LICENCE, text=text, sentences=(Sentence(text, (1,)),)))
    assert page.text("strong") == "Lead.[1]"
    assert page.text("reply") == text.replace("**Lead.**", "Lead.").replace("**[1]**", "[1]")


def test_only_given_citations_can_be_opened() -> None:
    text = "One [1][2] two [9] three [1234567] ［1］ 【1】 [01] [１]."
    answer = replace(LICENCE, text=text, sentences=(Sentence(text, (1, 2)),))
    assert shown(answer).text("cite") == "[1]", "[2] was not given, and the others are text of the sentence"


def test_a_mark_keeps_its_punctuation_on_the_line() -> None:
    assert shown(WATER).text("keep").startswith("[1]。[2]。[3]。")


def test_an_unsupported_sentence_is_marked_and_explained() -> None:
    for language in LANGUAGES:
        page = shown(WATER, language)
        assert page.text("unsupported") == WATER.sentences[2].text
        assert page.text("flag") == WORDS[language].unsupported_mark
        assert WORDS[language].unsupported in page.text("legend")
    assert not shown(LICENCE).text("legend")


def test_a_refusal_shows_related_passages_as_no_answer() -> None:
    page = shown(REFUSAL, "zh-Hans")
    assert REFUSAL.text in page.text("refusal")
    assert WORDS["zh-Hans"].related in page.text("sources")
    assert [item.quote for item in evidence(REFUSAL)] == [passage.text for passage in REFUSAL.related]
    cards = Page(views.evidence_list(REFUSAL, 0, WORDS["zh-Hans"]))
    assert cards.text("quote") == "".join(passage.text for passage in REFUSAL.related)


def test_related_passages_of_one_document_are_told_apart() -> None:
    first, other = REFUSAL.related
    text = "一座月产五万片的十二英寸晶圆厂，\n每天" * 3
    second = replace(first, start=0, end=len(text), text=text)
    page = shown(replace(REFUSAL, related=(first, second, other)), "zh-Hans")
    assert page.text("begins") == first.text + "一座月产五万片的十二英寸晶圆厂， 每天一座月产…"
    assert not shown(REFUSAL).text("begins"), "the document's name is enough"


def test_sentences_on_their_way_are_shown_but_not_to_be_opened() -> None:
    held = Conversation().begin("q").update(Exchange("q", "checking", WATER.sentences[:1]))
    html = views.conversation(held, Focus(), WORDS["en"])
    assert "[1]" in Page(html).text("cite") and "data-number" not in html
    assert Page(html).text("status") == WORDS["en"].checking


@pytest.mark.parametrize("document", [HANS, HANT, ENGLISH, EVIL], ids=lambda document: document.language)
def test_the_marked_text_is_the_quote(document: Document) -> None:
    spans = random.Random(7)
    length = len(document.text)
    for _ in range(50):
        start, end = sorted((spans.randrange(length), spans.randrange(length + 1)))
        html, part = excerpt(document, start, end)
        page = Page(f"<div class='all'>{html}</div>")
        assert page.text("mark") == document.text[start:end]
        assert page.text("all") in document.text
        assert part or page.text("all") == document.text


def test_a_citation_over_a_table_and_a_page_end() -> None:
    item = cite(1, HANS, "回收率是衡量", "研磨 | 4,300")
    html = views.evidence_view(HANS, (item,), 1, 0, WORDS["en"])
    assert Page(html).text("mark") == item.quote
    assert Page(html).text("where") == "pp. 1–2"
    assert 'data-page="2"' in html


def test_a_long_document_shows_the_part_around_the_citation() -> None:
    lines = [f"第{n}行，共三千行。" for n in range(3000)]
    document = Document("d", "t", "/d.txt", "\n".join(lines), "zh-Hans", "0")
    item = cite(1, document, "第1500行", "共三千行。")
    html = views.evidence_view(document, (item,), 1, 0, WORDS["zh-Hans"])
    assert Page(html).text("mark") == item.quote
    assert len(html) < 15_000 and WORDS["zh-Hans"].part in html


def test_neighbours_of_a_citation() -> None:
    html = views.evidence_view(HANS, WATER.citations, 1, 4, WORDS["en"])
    assert 'data-turn="4" data-number="2" aria-label="Next"' in html
    assert 'disabled aria-label="Previous"' in html


def test_every_language_fills_the_same_places() -> None:
    for field in fields(WORDS["en"]):
        if field.name == "tongues":
            continue
        texts = [str(getattr(words, field.name)) for words in WORDS.values()]
        assert all(texts), field.name
        assert len({tuple(sorted(re.findall(r"\{\w+\}", text))) for text in texts}) == 1, field.name


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        ("zh-TW,zh;q=0.9", "zh-Hant"),
        ("zh-Hant-HK", "zh-Hant"),
        ("fr-FR,fr;q=0.9,zh-HK;q=0.5,en;q=0.4", "zh-Hant"),
        ("en;q=0.2,zh;q=0.7", "zh-Hans"),
        ("de", "en"),
        ("", "en"),
        (";q=x,,zh;q=", "zh-Hans"),
    ],
)
def test_the_interface_speaks_the_browsers_language(header: str, language: str) -> None:
    assert preferred_language(header) == language


def test_a_focus_reaches_only_what_the_session_holds() -> None:
    held = Conversation((Exchange("q", answer=LICENCE), Exchange("r", error="x")))
    assert Focus(0, 1).citation(held) == LICENCE.citations[0]
    for turn, number in ((0, 2), (0, 0), (1, 1), (2, 1), (-1, 1), (-2, 1)):
        assert Focus(turn, number).citation(held) is None


def test_stopping_keeps_what_was_said() -> None:
    held = Conversation().begin("q").update(Exchange("q", "answering", WATER.sentences[:1])).stop()
    assert held.exchanges == (Exchange("q", "", WATER.sentences[:1], stopped=True),)
    assert held.stop() == held
    assert Conversation().begin("a").begin("b").exchanges[0].stopped


# --- handlers ---------------------------------------------------------------------------------------------------------


def handlers(kb: FakeKnowledge, uploads: Path | None = None) -> Handlers:
    return Handlers(kb, AppSettings(max_question_characters=100), (), uploads)


def event(**data: object) -> Any:
    return SimpleNamespace(_data=data)


def ask(kb: FakeKnowledge, question: str, held: Conversation | None = None) -> list[list[Any]]:
    return list(handlers(kb).ask(question, held or Conversation(), Focus(), Voice()))


def test_asking_shows_a_status_first_then_sentence_by_sentence() -> None:
    steps = ask(FakeKnowledge(), WATER.question)
    assert WORDS["en"].searching in steps[0][2]
    counts = [step[2].count('class="sentence') for step in steps]
    assert counts == sorted(counts) and set(counts) == {0, 1, 2, 3}
    held, focus = steps[-1][:2]
    assert held.exchanges[0].answer == WATER and focus == Focus(0)


def test_a_second_question_takes_the_first_answer_along() -> None:
    kb = FakeKnowledge()
    held = ask(kb, WATER.question)[-1][0]
    ask(kb, LICENCE.question, held)
    assert kb.histories == [0, 1]


@pytest.mark.parametrize("question", ["", "  \n ", "问" * 101], ids=["empty", "blank", "long"])
def test_a_bad_question_costs_one_line_and_loses_nothing(question: str) -> None:
    kb = FakeKnowledge()
    steps = ask(kb, question)
    untouched = load_gradio().skip()
    assert len(steps) == 1 and "notice" in steps[0][3]
    assert [value for place, value in enumerate(steps[0]) if place != 3] == [untouched] * 7
    assert kb.histories == []


@pytest.mark.parametrize(
    ("question", "line"),
    [("raise it", WORDS["en"].trouble), ("gone", "gone.pdf is no longer here")],
    ids=["bug", "named"],
)
def test_an_error_is_one_line_of_the_conversation(question: str, line: str) -> None:
    kb = FakeKnowledge()
    held = ask(kb, question)[-1][0]
    assert line in held.exchanges[0].error and not held.exchanges[0].stage
    assert kb.running == 0
    assert ask(kb, LICENCE.question, held)[-1][0].exchanges[1].answer == LICENCE


def test_closing_the_page_in_the_middle_ends_the_stream() -> None:
    kb = FakeKnowledge()
    steps = handlers(kb).ask(WATER.question, Conversation(), Focus(), Voice())
    for _ in range(4):
        next(steps)
    assert kb.running == 1
    steps.close()  # type: ignore[attr-defined]
    assert kb.running == 0


def test_a_lone_surrogate_is_no_trouble() -> None:
    steps = ask(FakeKnowledge(), "a\ud800b")
    assert steps[-1][0].exchanges[0].question == "a?b"
    steps[-1][2].encode("utf-8")


@pytest.mark.parametrize(
    "data",
    [{}, {"turn": "9", "number": "1"}, {"turn": [1], "number": {}}, {"turn": "-1"}, {"turn": "１", "number": "x"}],
)
def test_forged_clicks_open_nothing(data: dict[str, object]) -> None:
    held = Conversation((Exchange("q", answer=LICENCE),))
    _, _, shown_evidence = handlers(FakeKnowledge()).look(event(**data), held, Voice())
    assert "<mark>" not in shown_evidence and ENGLISH.text[:20] not in shown_evidence


def test_only_files_this_page_received_are_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "received"))
    received, secret = tmp_path / "received" / "新.txt", tmp_path / "secret.txt"
    for path in (received, secret):
        path.parent.mkdir(exist_ok=True)
        path.write_text("标题\n内容。", encoding="utf-8")
    (tmp_path / "received" / "link.txt").symlink_to(secret)
    kb, uploads = FakeKnowledge(documents=()), tmp_path / "uploads"
    names = [str(received), str(secret), f"{tmp_path}/received/../secret.txt", f"{tmp_path}/received/link.txt", 7, "\0"]
    steps = list(handlers(kb, uploads).add(event(paths=names, lost=["big.pdf", None]), Voice("zh-Hans")))
    assert [document.source for document in kb.documents()] == ["/data/新.txt"]
    assert (uploads / "新.txt").exists() and secret.exists() and not received.exists()
    assert "big.pdf" in steps[-1][0] and WORDS["zh-Hans"].lost in steps[-1][0]


def test_removing_what_is_not_there_is_one_line() -> None:
    result, library, tabs = handlers(FakeKnowledge()).remove(event(value="none"), Voice())
    assert "no document has the id" in result and HANS.title in library and ">4<" in tabs


@pytest.mark.parametrize(
    ("cookies", "headers", "language"),
    [
        ({}, {"accept-language": "zh-TW"}, "zh-Hant"),
        ({"wenju_language": "en"}, {"accept-language": "zh-TW"}, "en"),
        ({"wenju_language": "<b>"}, {}, "en"),
    ],
)
def test_the_chosen_language_comes_before_the_browsers(
    cookies: dict[str, str], headers: dict[str, str], language: str
) -> None:
    voice = Voice()
    values = handlers(FakeKnowledge()).greet(SimpleNamespace(cookies=cookies, headers=headers), voice)
    assert voice.tag == language and f'data-language="{language}"' in values[0]


def test_no_documents_yet_says_what_to_do() -> None:
    values = handlers(FakeKnowledge(documents=())).speak(Conversation(), Focus(), Voice("zh-Hant"))
    assert WORDS["zh-Hant"].welcome_empty in values[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_questions_known_to_be_answered_are_offered(language: str) -> None:
    own = handlers(FakeKnowledge()).speak(Conversation(), Focus(), Voice(language))[1]
    assert Page(own).text("hint") == WORDS[language].hint and "<button" not in own
    given = Handlers(FakeKnowledge(), AppSettings(), (LICENCE.question,), None)
    offered = given.speak(Conversation(), Focus(), Voice(language))[1]
    assert Page(offered).text("examples") == LICENCE.question and WORDS[language].hint not in offered
    bare = Handlers(FakeKnowledge(documents=()), AppSettings(), (LICENCE.question,), None)
    assert "<button" not in bare.speak(Conversation(), Focus(), Voice(language))[1]


def test_an_answer_on_its_way_goes_on_in_the_language_chosen_meanwhile() -> None:
    page, voice = handlers(FakeKnowledge()), Voice("en")
    steps = page.ask(WATER.question, Conversation(), Focus(), voice)
    assert WORDS["en"].searching in next(steps)[2]
    page.choose(event(value="zh-Hant"), Conversation(), Focus(), voice)
    assert WORDS["zh-Hant"].searching in next(steps)[2]
    assert WORDS["zh-Hant"].cited in list(steps)[-1][2]
    page.choose(event(value="<b>"), Conversation(), Focus(), voice)
    assert voice.tag == "zh-Hant"


def test_a_look_meanwhile_cannot_cover_the_end_of_an_answer() -> None:
    page, voice, skip = handlers(FakeKnowledge()), Voice("en"), load_gradio().skip()
    held = next(page.ask(WATER.question, Conversation(), Focus(), voice))[0]
    spoken = page.choose(event(value="zh-Hant"), held, Focus(), voice)
    assert spoken[1] == spoken[7] == skip and skip not in [spoken[0], *spoken[2:7], *spoken[8:]]
    assert page.look(event(turn="0", number="1"), held, voice)[1] == skip
    assert skip not in page.choose(event(value="zh-Hant"), held.stop(), Focus(), voice)


def test_a_look_meanwhile_cannot_cover_the_report_of_a_run(tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    report.write_text("<h1>98 %</h1>", encoding="utf-8")
    trial, voice = Trial(), Voice("en")
    tab = TrialHandlers(lambda cases, limit, tell: report)
    run = tab.evaluate(event(limit="10"), trial, voice)
    assert WORDS["en"].evaluation_preparing in next(run)
    assert tab.show(trial, voice) == load_gradio().skip()
    *_, last = run
    assert "98 %" in last and tab.show(trial, voice) == last


def test_what_a_failed_model_wrote_does_not_stay_on_the_page() -> None:
    exchange = Exchange("问")
    for event in (Status("answering"), Sentence("half an ans", ()), Status("restarting"), Sentence("引文。[1]", (1,))):
        exchange = after(exchange, event)
    assert [sentence.text for sentence in exchange.sentences] == ["引文。[1]"]
    assert exchange.stage == "answering"
