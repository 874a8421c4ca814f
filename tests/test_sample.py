"""The sample holds what its maintainers' list promises: languages, formats, encodings, facts, disagreements."""

from __future__ import annotations

import html
import itertools
import json
import re
import zipfile
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from index.language import detect

SETS = Path(__file__).resolve().parent.parent / "eval" / "sets"
SAMPLE, SOURCES = SETS / "sample", SETS / "sample_sources"
FORMATS = ("txt", "md", "html", "pdf", "docx")


@dataclass(frozen=True, slots=True)
class Row:
    """One document as ``manifest.json`` describes it."""

    file: str
    language: str
    source: str | None = None
    encoding: str = "utf-8"
    mixed: bool = False

    @property
    def path(self) -> Path:
        return SAMPLE / self.file


ROWS = [Row(**row) for row in json.loads((SOURCES / "manifest.json").read_text(encoding="utf-8"))]
BY_FILE = {row.file: row for row in ROWS}
FACTS = (SETS / "sample_facts.md").read_text(encoding="utf-8")


@cache
def shown(file: str) -> str:
    """The text a reader of the committed file sees, without white space (a PDF breaks lines anywhere)."""
    row = BY_FILE[file]
    suffix = row.path.suffix
    if suffix == ".pdf":
        text = _pdf_text(row.path)
    elif suffix == ".docx":
        with zipfile.ZipFile(row.path) as archive:
            text = html.unescape(re.sub(r"<[^>]+>", "", archive.read("word/document.xml").decode("utf-8")))
    else:
        text = row.path.read_bytes().decode(row.encoding)
        text = html.unescape(re.sub(r"<[^>]+>", "", text)) if suffix == ".html" else text
    return squeeze(text)


def _pdf_text(path: Path) -> str:
    import pypdfium2  # type: ignore[import-untyped]

    document = pypdfium2.PdfDocument(path)
    try:
        return "".join(page.get_textpage().get_text_bounded() for page in document)
    finally:
        document.close()


def squeeze(text: str) -> str:
    return re.sub(r"\s+", "", text)


def section(title: str) -> str:
    """The lines of the maintainers' list under a second-level heading that starts with ``title``."""
    return FACTS.partition(f"\n## {title}")[2].partition("\n## ")[0]


def table(title: str) -> list[list[str]]:
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


DISAGREEMENTS = table("Disagreeing pairs")
NEAR_MISSES = table("Near-miss questions")
DOCUMENTED = {
    (tag, part.partition("\n")[0].strip()): re.findall(r"`([^`]+)`", part.partition("\n")[2])
    for tag in ("zh-Hans", "zh-Hant", "en")
    for part in section(f"Documents: {tag}").split("\n### ")[1:]
}


def test_the_folder_holds_the_listed_files_and_no_others() -> None:
    assert sorted(path.name for path in SAMPLE.iterdir()) == sorted(BY_FILE)
    built = {row.source for row in ROWS if row.source}
    assert built | {"manifest.json", "print.css"} == {path.name for path in SOURCES.iterdir()}


def test_a_third_of_the_documents_is_in_each_language() -> None:
    assert Counter(row.language for row in ROWS) == {
        "zh-Hans": 12,
        "zh-Hant": 12,
        "en": 12,
    }


def test_each_format_has_six_documents_and_stands_in_each_language() -> None:
    counts = Counter(row.path.suffix[1:] for row in ROWS)
    assert set(counts) == set(FORMATS)
    assert min(counts.values()) >= 6
    pairs = {(row.language, row.path.suffix[1:]) for row in ROWS}
    assert len(pairs) == len(FORMATS) * 3


def test_files_are_small() -> None:
    sizes = {row.file: row.path.stat().st_size for row in ROWS}
    assert max(sizes.values()) < 200_000
    assert sum(sizes.values()) < 3_000_000


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.file)
def test_a_document_is_in_its_language_and_long_enough(row: Row) -> None:
    text = shown(row.file)
    assert len(text) >= 900
    if not row.mixed:
        # With the white space gone, Latin words run together; their letters still count alike.
        assert detect(text) == row.language


def test_text_encodings_are_as_promised() -> None:
    encodings = {row.encoding: row for row in ROWS if row.encoding != "utf-8"}
    assert {name: row.language for name, row in encodings.items()} == {
        "gb18030": "zh-Hans",
        "big5": "zh-Hant",
    }
    for name, row in encodings.items():
        assert row.source is not None
        written = row.path.read_bytes()
        with pytest.raises(UnicodeDecodeError):
            written.decode("utf-8")
        assert written.decode(name) == (SOURCES / row.source).read_text(encoding="utf-8")


def test_one_document_alternates_between_the_languages() -> None:
    (row,) = [row for row in ROWS if row.mixed]
    paragraphs = row.path.read_text(encoding="utf-8").split("\n\n")
    prose = [p for p in paragraphs if not p.startswith(("#", "|")) and len(p) > 30]
    tags = [detect(p) for p in prose]
    assert set(tags) == {"zh-Hant", "en"}
    changes = sum(before != after for before, after in itertools.pairwise(tags))
    assert changes >= 6


def test_at_least_ten_documents_hold_a_table() -> None:
    def has_table(row: Row) -> bool:
        if row.source is None or row.encoding != "utf-8":
            text = row.path.read_bytes().decode(row.encoding)
        else:
            text = (SOURCES / row.source).read_text(encoding="utf-8")
        return "\n|---" in text or "<table" in text

    kinds = Counter(row.path.suffix for row in ROWS if has_table(row))
    assert set(kinds) == {".md", ".html", ".pdf", ".docx"}
    assert kinds.total() >= 10


def test_every_document_has_its_facts_written_down() -> None:
    assert {(row.language, row.file) for row in ROWS} == set(DOCUMENTED)
    assert min(len(facts) for facts in DOCUMENTED.values()) >= 5


@pytest.mark.parametrize("file", sorted(BY_FILE))
def test_the_written_facts_stand_in_the_document(file: str) -> None:
    facts = DOCUMENTED[(BY_FILE[file].language, file)]
    text = shown(file)
    assert [fact for fact in facts if squeeze(fact) not in text] == []


def test_there_are_enough_disagreements_and_near_misses() -> None:
    assert len(DISAGREEMENTS) >= 8
    assert len(NEAR_MISSES) >= 15
    across = [row for row in DISAGREEMENTS if (BY_FILE[row[2]].language == "en") != (BY_FILE[row[4]].language == "en")]
    assert len(across) >= 4


@pytest.mark.parametrize("row", DISAGREEMENTS, ids=lambda row: row[1])
def test_both_figures_of_a_disagreement_really_stand(row: list[str]) -> None:
    _, _, one, figure, other, contrary = row
    assert squeeze(figure) in shown(one)
    assert squeeze(contrary) in shown(other)
    assert squeeze(figure) not in shown(other)
    assert squeeze(contrary) not in shown(one)


@pytest.mark.parametrize("row", NEAR_MISSES, ids=lambda row: row[0])
def test_what_tempts_an_answer_to_a_near_miss_really_stands(row: list[str]) -> None:
    _, question, file, neighbour = row
    assert squeeze(neighbour) in shown(file)
    assert not any(squeeze(question) in shown(name) for name in BY_FILE)
