"""What the page shows, as pure functions from values to HTML.

Questions, answers, titles, file names and document text are other people's: each is escaped here, whatever it holds.
The one markup an answer may carry is ``**bold**``, rendered by us; links, images and HTML stay text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Protocol

from index.types import Document
from rag.app.session import Conversation, Exchange, Focus, evidence
from rag.app.source import excerpt, safe
from rag.app.text import LANGUAGES, WORDS, Words
from rag.types import Answer, Citation, IngestReport, Sentence

__all__ = [
    "Listed",
    "conversation",
    "document_list",
    "document_view",
    "evidence_list",
    "evidence_view",
    "file_name",
    "header",
    "ingest_results",
    "line",
    "notice",
    "panel_tabs",
    "upload_zone",
    "welcome",
]

_FORMATS = ".txt,.md,.html,.htm,.pdf,.docx"
_BEGINNING = 24  # characters
_BOLD = re.compile(r"\*\*(?=\S)([^*\n]+?)(?<=\S)\*\*")
_MARK = re.compile(r"\[([1-9][0-9]{0,3})\]")
# Marks and the punctuation after them stay on one line: Chinese lines do not begin with a full stop.
_MARKS = re.compile(r"((?:\[[1-9][0-9]{0,3}\])+)([。，、；：！？…）」』”’》.,;:!?)]*)")


class Listed(Protocol):
    """A document as the list shows it."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def chunks(self) -> int: ...


def file_name(source: str) -> str:
    """The last part of a path of either kind of system."""
    return re.split(r"[/\\]", source.rstrip("/\\"))[-1]


def header(words: Words) -> str:
    """The bar at the top: the name, the language switch, a new conversation, and on a narrow window the panel."""
    switch = "".join(
        f'<button type="button" data-event="select" data-action="language" data-value="{tag}" lang="{tag}"'
        f' aria-pressed="{str(tag == words.tag).lower()}">{safe(WORDS[tag].own_name)}</button>'
        for tag in LANGUAGES
    )
    return (
        f'<div class="bar" data-language="{words.tag}"><div class="brand">'
        f'<span class="seal" aria-hidden="true">{safe(words.seal)}</span>'
        f'<h1>{safe(words.name)} <span class="latin">Wenju</span></h1>'
        f'<span class="tagline">{safe(words.tagline)}</span></div>'
        f'<div class="tools"><div class="switch" role="group" aria-label="{safe(words.language)}">{switch}</div>'
        f'<button type="button" class="quiet" data-event="clear" data-action="new">{safe(words.new_conversation)}'
        f'</button><button type="button" class="quiet narrow-only" data-open="documents">{safe(words.documents)}'
        "</button></div></div>"
    )


def panel_tabs(words: Words, count: int) -> str:
    """The tabs of the side panel, switched in the browser alone."""
    counted = f'<span class="count">{count}</span>'
    tabs = (
        ("evidence", words.evidence, ""),
        ("documents", words.documents, counted),
        ("evaluation", words.evaluation, ""),
    )
    buttons = "".join(
        f'<button type="button" role="tab" aria-controls="wenju-{name}" data-open="{name}">{safe(label)}{extra}'
        "</button>"
        for name, label, extra in tabs
    )
    close = f'<button type="button" class="close" data-open="" aria-label="{safe(words.close)}">×</button>'
    return f'<div class="tabs"><div role="tablist" aria-label="{safe(words.panel)}">{buttons}</div>{close}</div>'


def conversation(held: Conversation, focus: Focus, words: Words) -> str:
    """All exchanges of a session."""
    turns = "".join(
        _turn(exchange, turn, focus.number if focus.turn == turn else 0, words)
        for turn, exchange in enumerate(held.exchanges)
    )
    label = safe(words.conversation)
    return f'<div class="thread" role="log" aria-label="{label}" data-turns="{len(held.exchanges)}">{turns}</div>'


def welcome(words: Words, examples: Sequence[str], *, empty: bool) -> str:
    """What stands there before the first question: ``examples`` to ask, else a hint of what can be asked; with no
    documents (``empty``) where to add some."""
    if empty:
        return f'<div class="welcome"><h2>{safe(words.welcome)}</h2><p>{safe(words.welcome_empty)}</p></div>'
    buttons = "".join(
        f'<button type="button" data-event="submit" data-question="{safe(example)}">{safe(example)}</button>'
        for example in examples
    )
    offered = f'<p class="label">{safe(words.examples)}</p><div class="examples">{buttons}</div>'
    more = offered if examples else f'<p class="hint">{safe(words.hint)}</p>'
    return f'<div class="welcome"><h2>{safe(words.welcome)}</h2><p>{safe(words.welcome_more)}</p>{more}</div>'


def _turn(exchange: Exchange, turn: int, current: int, words: Words) -> str:
    parts = [f'<h2 class="asked" dir="auto">{safe(exchange.question)}</h2>']
    if exchange.answer is not None:
        parts.append(_answer(exchange.answer, turn, current, words))
    elif exchange.sentences:
        parts.append(_text(exchange.sentences, None, turn, 0, words))
    if exchange.stage:
        parts.append(f'<p class="line status" role="status">{safe(words.stage(exchange.stage))}</p>')
    for ended, line in ((exchange.error, exchange.error), (exchange.stopped, words.stopped)):
        if ended:
            parts.append(f'<p class="line {"error" if exchange.error else ""}" role="alert">{safe(line)}</p>')
    return f'<article class="turn" data-turn="{turn}">{"".join(parts)}</article>'


def _answer(answer: Answer, turn: int, current: int, words: Words) -> str:
    sentences = answer.sentences or (Sentence(answer.text, tuple(item.number for item in answer.citations)),)
    text = _text(sentences, answer, turn, current, words)
    parts = [f'<div class="refusal"><p class="label">{safe(words.refusal)}</p>{text}</div>' if answer.refused else text]
    if any(sentence.support == "unsupported" for sentence in sentences):
        parts.append(
            f'<p class="line legend"><span class="wave" aria-hidden="true">～</span>{safe(words.unsupported)}</p>'
        )
    parts.extend(f'<p class="line note">{safe(note)}</p>' for note in answer.notes)
    if answer.standalone not in ("", answer.question):
        parts.append(f'<p class="line note">{safe(words.searched_as.format(question=answer.standalone))}</p>')
    items = evidence(answer)
    if items:
        label = words.related if answer.refused else words.cited
        chips = "".join(_chip(item, items, turn, current, words) for item in items)
        parts.append(f'<div class="sources"><p class="label">{safe(label)}</p>{chips}</div>')
    return "".join(parts)


def _text(sentences: Iterable[Sentence], answer: Answer | None, turn: int, current: int, words: Words) -> str:
    """Sentences as they read; without an answer yet, marks are shown but cannot be opened."""
    known = {item.number: item for item in answer.citations} if answer else {}
    language = f' lang="{safe(answer.language)}"' if answer else ""
    spans = []
    for sentence in sentences:
        shown = {
            number: _cite(number, known.get(number), turn, number == current, words)
            for number in sentence.citations
            if answer is None or number in known
        }
        body = _linked(_BOLD.sub(r"<strong>\1</strong>", safe(sentence.text)), shown)
        spans.append(_sentence(sentence, body, words))
    return f'<div class="reply"{language} dir="auto">{"".join(spans)}</div>'


def _linked(text: str, shown: dict[int, str]) -> str:
    """Escaped text with the marks of the numbers in ``shown`` replaced; any other ``[n]`` is text and stays."""

    def run(match: re.Match[str]) -> str:
        marks = _MARK.sub(lambda mark: shown.get(int(mark.group(1)), mark.group()), match.group(1))
        return match.group() if marks == match.group(1) else f'<span class="keep">{marks}{match.group(2)}</span>'

    return _MARKS.sub(run, text)


def _sentence(sentence: Sentence, body: str, words: Words) -> str:
    if sentence.support != "unsupported":
        return f'<span class="sentence">{body}</span>'
    reason = f' title="{safe(sentence.reason)}"' if sentence.reason else ""
    flag = f'<small class="flag"{reason}>{safe(words.unsupported_mark)}</small>'
    trimmed = body.rstrip()
    return f'<span class="sentence unsupported">{trimmed}</span>{flag}{body[len(trimmed) :]}'


def _cite(number: int, citation: Citation | None, turn: int, current: bool, words: Words) -> str:
    face = f"<i>[</i>{number}<i>]</i>"
    if citation is None:
        return f'<span class="cite">{face}</span>'
    return f'<button type="button" class="cite" {_opens(citation, turn, current, words)}>{face}</button>'


def _opens(item: Citation, turn: int, current: bool, words: Words) -> str:
    """The attributes of whatever opens a passage."""
    label = words.show_citation.format(number=item.number)
    pressed = ' aria-current="true"' if current else ""
    return (
        f'data-event="select" data-action="cite" data-turn="{turn}" data-number="{item.number}"'
        f' title="{_title(item)}" aria-label="{safe(label)}"{pressed}'
    )


def _title(item: Citation | Listed | Document) -> str:
    return safe(item.title or file_name(item.source))


def _where(item: Citation, document: Document | None, words: Words) -> str:
    """Page, language and file of a passage; a passage that runs over a page end names both pages."""
    last = document.page_at(max(item.start, item.end - 1)) if document else item.page
    parts = []
    if item.page is not None:
        spread = last is not None and last > item.page
        page = words.pages.format(first=item.page, last=last) if spread else words.page.format(page=item.page)
        parts.append(f'<span class="where">{safe(page)}</span>')
    if item.language:
        parts.append(f'<span class="tongue">{safe(words.tongue(item.language))}</span>')
    parts.append(f'<span class="file" dir="auto">{safe(file_name(item.source))}</span>')
    return f'<span class="meta">{"".join(parts)}</span>'


def _chip(item: Citation, items: Sequence[Citation], turn: int, current: int, words: Words) -> str:
    """A passage by its document and page; where others of ``items`` share both, also by its first words."""
    page = "" if item.page is None else f" · {words.page.format(page=item.page)}"
    shared = sum(_title(other) == _title(item) and other.page == item.page for other in items) > 1
    language = f'lang="{safe(item.language)}" dir="auto"'
    begins = f'<span class="begins" {language}>{safe(_beginning(item.quote))}</span>' if shared else ""
    return (
        f'<button type="button" class="chip" {_opens(item, turn, item.number == current, words)}>'
        f"<b>{item.number}</b><span {language}>{_title(item)}</span>{safe(page)}{begins}</button>"
    )


def _beginning(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _BEGINNING else flat[: _BEGINNING - 1] + "…"


def evidence_list(answer: Answer | None, turn: int, words: Words) -> str:
    """The passages beside an answer as cards; without an answer, what this panel is for."""
    items = evidence(answer) if answer else ()
    if answer is None or not items:
        return f'<div class="nothing"><span aria-hidden="true">¶</span><p>{safe(words.evidence_empty)}</p></div>'
    cards = "".join(
        f'<button type="button" class="card" {_opens(item, turn, False, words)}><b>{item.number}</b>'
        f'<span class="title" lang="{safe(item.language)}" dir="auto">{_title(item)}</span>{_where(item, None, words)}'
        f'<span class="quote" lang="{safe(item.language)}" dir="auto">{safe(item.quote)}</span></button>'
        for item in items
    )
    label, more = (words.related, f"<p>{safe(words.related_more)}</p>") if answer.refused else (words.cited, "")
    return f'<div class="cards"><p class="label">{safe(label)}</p>{more}{cards}</div>'


def evidence_view(document: Document, items: Sequence[Citation], number: int, turn: int, words: Words) -> str:
    """The source of passage ``number`` of ``items`` with its span marked, and ways to the passages beside it.

    Raises ``ValueError`` when no item has that number.
    """
    numbers = [item.number for item in items]
    place = numbers.index(number)
    item = items[place]
    steps = _step(items, place - 1, turn, words.previous, "‹") + _step(items, place + 1, turn, words.next, "›")
    back = f'<button type="button" class="quiet" {_goes(turn, 0)}>← {safe(words.all_passages)}</button>'
    return (
        f'<div class="source" data-place="{turn}:{number}:{safe(item.document_id)}"><div class="steps">{back}'
        f'<span class="spacer"></span>{steps}<span class="label">{place + 1} / {len(items)}</span></div>'
        f'<h3 lang="{safe(item.language)}" dir="auto"><b>{item.number}</b>{_title(item)}</h3>'
        f"{_where(item, document, words)}{_paper(document, item.start, item.end, words)}</div>"
    )


def _step(items: Sequence[Citation], place: int, turn: int, label: str, sign: str) -> str:
    goes = _goes(turn, items[place].number) if 0 <= place < len(items) else "disabled"
    return f'<button type="button" class="step" {goes} aria-label="{safe(label)}">{sign}</button>'


def _goes(turn: int, number: int) -> str:
    return f'data-event="select" data-action="cite" data-turn="{turn}" data-number="{number}"'


def _paper(document: Document, start: int, end: int, words: Words) -> str:
    text, partial = excerpt(document, start, end)
    note = f'<p class="line note">{safe(words.part)}</p>' if partial else ""
    return f'<div class="paper" lang="{safe(document.language)}" dir="auto" tabindex="0">{note}{text}</div>'


def document_view(document: Document, words: Words) -> str:
    """The beginning of a document, with nothing marked."""
    name = f'<span class="meta"><span class="file" dir="auto">{safe(file_name(document.source))}</span></span>'
    title = f'<h3 lang="{safe(document.language)}" dir="auto">{_title(document)}</h3>'
    return f'<div class="source" data-place="{safe(document.id)}">{title}{name}{_paper(document, 0, 0, words)}</div>'


def upload_zone(words: Words) -> str:
    """Where files are chosen or dropped; the browser sends them, then one event with what arrived."""
    return (
        f'<label class="drop"><input type="file" multiple accept="{_FORMATS}" aria-label="{safe(words.add)}">'
        f'{safe(words.add)}</label><p class="line">{safe(words.formats)}</p>'
    )


def document_list(documents: Sequence[Listed], words: Words) -> str:
    """All documents, each to open or to remove."""
    if not documents:
        return f'<div class="nothing"><p>{safe(words.documents_empty)}</p></div>'
    rows = "".join(
        f'<li><button type="button" class="open" data-event="select" data-action="open" data-value="{safe(item.id)}">'
        f'<span class="title" lang="{safe(item.language)}" dir="auto">{_title(item)}</span><span class="meta">'
        f'<span class="tongue">{safe(words.tongue(item.language))}</span>'
        f"<span>{safe(words.passages.format(count=item.chunks))}</span>"
        f'<span class="file" dir="auto">{safe(file_name(item.source))}</span></span></button>'
        f'<button type="button" class="remove" data-event="delete" data-action="remove" data-value="{safe(item.id)}"'
        f' data-confirm="{safe(words.confirm)}">{safe(words.remove)}</button></li>'
        for item in documents
    )
    return f'<ul class="documents">{rows}</ul>'


def ingest_results(report: IngestReport, words: Words) -> str:
    """What became of each file, failures first."""
    rows = [(words.failed, "bad", failure.path, failure.reason) for failure in report.failed]
    for label, sources in (
        (words.added, report.added),
        (words.updated, report.updated),
        (words.unchanged, report.unchanged),
    ):
        rows.extend((label, "good", source, "") for source in sources)
    lines = "".join(
        f'<li class="{tone}"><span class="state">{safe(label)}</span><span dir="auto">{safe(file_name(path))}</span>'
        f"{f'<small>{safe(reason)}</small>' if reason else ''}</li>"
        for label, tone, path, reason in rows
    )
    return f'<ul class="results" role="status">{lines}</ul>'


def notice(text: str) -> str:
    """One line that asks for something to be done."""
    return f'<p class="line notice" role="alert">{safe(text)}</p>'


def line(text: str, *, busy: bool = False) -> str:
    """One calm line; ``busy`` while work goes on."""
    return f'<p class="line{" busy" if busy else ""}" role="status">{safe(text)}</p>'
