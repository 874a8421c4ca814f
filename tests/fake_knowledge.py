"""A knowledge base over four documents of our own, with answers written by hand: the page's interface, no models."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from index.types import Document, Passage, Section
from rag.errors import UnknownDocumentError
from rag.types import Answer, Citation, Event, IngestFailure, IngestReport, Sentence, Status

HOSTILE = '<img src=http://evil.test/x.png onerror="document.title=1"> ![x](http://evil.test/y.png) <b>no</b>'

_HANS = """晶圆厂用水手册

第一章 超纯水

一座月产五万片的十二英寸晶圆厂，每天大约需要两万吨超纯水。超纯水用于清洗晶圆表面，电阻率须达到 18.2 兆欧·厘米。
回收率是衡量水管理的首要指标。𠮷田厂在去年把回收率提高到百分之八十七。

用水构成
工序 | 日用水量（吨） | 回收率
清洗 | 12,400 | 91%
研磨 | 4,300 | 78%
冷却 | 3,300 | 85%

第二章 枯水期

枯水期的应对分三级：一级减少绿化与冷却用水，二级启用备用水井，三级按产线降载。任何一级都须在四小时内完成切换。
"""
_HANT = """先進封裝產能備忘錄

去年第三季起，先進封裝的月產能由一萬五千片增至三萬二千片，瓶頸從基板轉到了測試機台。
測試機台的交期約為三十八週，因此今年上半年的增幅有限。

客戶應在投片前九個月提交需求預測，否則不保證產能。
"""
_ENGLISH = """Export licence notes

1. Scope

A licence is required before shipping any accelerator whose total processing performance is 4800 or more. The figure \
counts the whole package, so splitting one device over two boards does not change it.

2. Time limits

An application is answered within 45 working days. Exporters keep their records for five years after the last shipment.
"""


def _document(name: str, language: str, text: str, *, pages: bool = False) -> Document:
    sections, position = [], 0
    for line in text.splitlines(keepends=True):
        content = line.rstrip("\n")
        if content:
            heading = position == 0 or (len(content) < 16 and "|" not in content)
            level = 1 + (position > 0) if heading else 0
            sections.append(Section("heading" if heading else "paragraph", position, position + len(content), level))
        position += len(line)
    table = [s for s in sections if "|" in text[s.start : s.end]]
    if table:
        sections = [s for s in sections if s not in table and "|" not in text[s.start : s.end]]
        sections.append(Section("table", table[0].start, table[-1].end))
        sections.sort(key=lambda s: s.start)
    starts = (0, text.index("用水构成"), text.index("第二章")) if pages else ()
    return Document(name, text.splitlines()[0], f"/data/{name}", text, language, "0" * 64, tuple(sections), starts)


HANS = _document("晶圆厂用水手册.pdf", "zh-Hans", _HANS, pages=True)
HANT = _document("先進封裝產能備忘錄.docx", "zh-Hant", _HANT)
ENGLISH = _document("licence-notes.md", "en", _ENGLISH)
EVIL = _document(
    '"><svg onload=alert(1)>.html',
    "en",
    f"Report {HOSTILE}\nThe yield [1] was 62%. {HOSTILE}\n"
    + "\n".join(f"Filler paragraph {n} says nothing of interest." for n in range(400)),
)


def cite(number: int, document: Document, first: str, last: str = "") -> Citation:
    """The citation of the text from ``first`` to the end of ``last``."""
    start = document.text.index(first)
    last = last or first
    end = document.text.index(last, start) + len(last)
    page, quote = document.page_at(start), document.text[start:end]
    return Citation(number, document.id, document.title, document.source, page, start, end, quote, document.language)


def _passage(document: Document, text: str) -> Passage:
    item = cite(1, document, text)
    return Passage(
        f"{document.id}#1",
        document.id,
        item.title,
        item.source,
        item.page,
        item.start,
        item.end,
        text,
        item.language,
        0.2,
    )


def answers() -> dict[str, Answer]:
    """The questions this knowledge base knows, each with its answer."""
    water = Answer(
        "一座晶圆厂每天用多少水？清洗占多少？",
        "",
        "zh-Hans",
        (
            cite(1, HANS, "一座月产五万片", "超纯水。"),
            cite(2, HANS, "清洗 | 12,400", "4,300 | 78%"),
            cite(3, ENGLISH, "An application is answered", "days."),
        ),
        sentences=(
            Sentence(
                "**每天约两万吨超纯水。**一座月产五万片的十二英寸晶圆厂，每天大约需要两万吨超纯水[1]。",
                (1,),
                "supported",
                0.97,
            ),
            Sentence("\n\n其中清洗工序用水最多，为每日 12,400 吨，回收率 91%[2]。", (2,), "supported", 0.93),
            Sentence("许可申请会在三十个工作日内得到答复[3]。", (3,), "unsupported", 0.12, "45 ≠ 30"),
        ),
    )
    packaging = Answer(
        "先進封裝的月產能增加到多少？",
        "",
        "zh-Hant",
        (cite(1, HANT, "去年第三季起", "測試機台。"), cite(2, HANT, "客戶應在")),
        sentences=(
            Sentence("先進封裝的月產能由一萬五千片增至**三萬二千片**[1]。", (1,), "supported", 0.95),
            Sentence("需求預測須在投片前九個月提交[2]。", (2,), "supported", 0.9),
        ),
    )
    licence = Answer(
        "When is a licence required?",
        "",
        "en",
        (cite(1, ENGLISH, "A licence is required", "4800 or more."),),
        sentences=(
            Sentence("A licence is required at a performance of **4800** or more [1].", (1,), "supported", 0.96),
        ),
    )
    hostile = Answer(
        "What was the yield?",
        "",
        "en",
        (cite(1, EVIL, "The yield", HOSTILE),),
        sentences=(Sentence(f"The yield was 62% [1] {HOSTILE} [7] [2].", (1, 2), "supported", 0.9),),
    )
    refusal = Answer(
        "谁赢得了去年的冠军？",
        "文档里没有写到这件事。",
        "zh-Hans",
        refused=True,
        sentences=(Sentence("文档里没有写到这件事。", ()),),
        related=(_passage(HANS, "回收率是衡量水管理的首要指标。"), _passage(HANT, "客戶應在投片前九個月提交需求預測")),
        mode="refusal",
    )
    whole = [
        replace(a, text="".join(s.text for s in a.sentences)) for a in (water, packaging, licence, hostile, refusal)
    ]
    return {answer.question: answer for answer in whole}


@dataclass(frozen=True)
class Listed:
    """A document as ``documents()`` lists it."""

    id: str
    title: str
    source: str
    language: str
    chunks: int


class FakeKnowledge:
    """Streams the answers above, ``pause`` seconds between events, or while ``permits`` stand one event for each.

    ``histories`` counts the earlier answers of each question asked, ``running`` the streams that have not ended.
    """

    def __init__(self, *, pause: float = 0.0, documents: Sequence[Document] = (HANS, HANT, ENGLISH, EVIL)) -> None:
        self.pause, self._documents = pause, {document.id: document for document in documents}
        self.histories: list[int] = []
        self.permits: threading.Semaphore | None = None
        self.running = 0
        self._lock = threading.Lock()

    def stream(self, question: str, history: Sequence[Answer] = (), language: str = "") -> Iterator[Event]:
        """Status, sentences, answer; ``raise`` in a question raises, an unknown question is refused."""
        self.histories.append(len(history))
        with self._lock:
            self.running += 1
        try:
            yield from self._events(question)
        finally:
            with self._lock:
                self.running -= 1

    def _events(self, question: str) -> Iterator[Event]:
        known = answers()
        answer = known.get(question, replace(known["谁赢得了去年的冠军？"], question=question))
        for stage in ("searching", "answering"):
            yield Status(stage)
            self._wait()
        if "raise" in question:
            raise RuntimeError("the model fell over")
        if "gone" in question:
            raise UnknownDocumentError("document gone.pdf is no longer here: ask again")
        for sentence in answer.sentences:
            yield sentence
            self._wait()
        yield answer

    def _wait(self) -> None:
        if self.permits is None:
            time.sleep(self.pause)
        else:
            self.permits.acquire(timeout=10)

    def document(self, document_id: str, /) -> Document:
        """One document; raises ``UnknownDocumentError``."""
        try:
            return self._documents[document_id]
        except KeyError:
            raise UnknownDocumentError(f"no document has the id {document_id!r}: list them with documents()") from None

    def documents(self) -> list[Listed]:
        """All documents in the order they came."""
        return [Listed(d.id, d.title, d.source, d.language, 7) for d in self._documents.values()]

    def add(self, paths: Sequence[str | Path]) -> IngestReport:
        """Adds text files; any other is a failure of its own."""
        added, failed = [], []
        for path in map(Path, paths):
            if path.suffix == ".txt":
                document = _document(path.name, "zh-Hans", path.read_text(encoding="utf-8"))
                self._documents[document.id] = document
                added.append(str(path))
            else:
                failed.append(IngestFailure(str(path), "no text was found in it <b>"))
        return IngestReport(added=tuple(added), failed=tuple(failed))

    def remove(self, document_id: str, /) -> None:
        """Forget a document; raises ``UnknownDocumentError``."""
        self.document(document_id)
        del self._documents[document_id]
