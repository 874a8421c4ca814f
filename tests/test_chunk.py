"""Chunks: whole sentences under their headings, exact offsets, budgets kept."""

from __future__ import annotations

import random
import re

import pytest

from index.chunk import chunk
from index.clean import clean
from index.types import Block, BlockKind, Chunk, Document, Extracted

DIGEST = "0123456789abcdef" * 4


def count_tokens(texts: list[str]) -> list[int]:
    """Han characters and words, and two for the marks a tokenizer puts around every text."""
    return [len(re.findall(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+|[^\w\s]", text)) + 2 for text in texts]


def size(text: str) -> int:
    return count_tokens([text])[0] - 2


def document(*blocks: tuple[BlockKind, str] | tuple[BlockKind, str, int]) -> Document:
    made = tuple(Block(b[0], b[1], b[2] if len(b) == 3 else 0) for b in blocks)
    return clean(Extracted("题目 Title", made), source="a.txt", digest=DIGEST)


def check(doc: Document, chunks: list[Chunk]) -> None:
    """What must hold of any document's chunks."""
    covered = [0] * len(doc.text)
    for ordinal, piece in enumerate(chunks):
        assert piece.text == doc.text[piece.start : piece.end]
        assert piece.text == piece.text.strip() != ""
        assert piece.id == f"{doc.id}-{ordinal:04d}"
        assert piece.document_id == doc.id
        for offset in range(piece.start, piece.end):
            covered[offset] += 1
    assert [c.start for c in chunks] == sorted(c.start for c in chunks)
    assert max(covered, default=0) <= 1
    for section in doc.sections:
        if section.kind != "heading":
            missing = [i for i in range(section.start, section.end) if not covered[i] and not doc.text[i].isspace()]
            assert not missing, doc.text[missing[0] : missing[0] + 20]


SENTENCES = [
    "先进封装的产能在去年翻了一番。",
    "這家公司的營收成長了三成，主要來自人工智慧伺服器。",
    "The company shipped 38,000 cards in 2024, most of them to one customer.",
    "CX-8 采用 7 nm 工艺，功耗为 350 W；price unknown.",
    "没有句号的一行",
    "Where is it?",
    "很长" * 300 + "。",
    "word " * 400 + "end.",
    "一，" * 250 + "完。",
    "x" * 900,
]


@pytest.mark.parametrize("seed", range(25))
def test_any_document_is_covered_once_in_order(seed: int) -> None:
    rng = random.Random(seed)
    kinds: list[BlockKind] = ["paragraph", "paragraph", "heading", "list", "table", "code"]
    blocks = []
    for _ in range(rng.randint(1, 25)):
        kind = rng.choice(kinds)
        glue = "\n" if kind in ("list", "table", "code") else rng.choice(["", " "])
        text = glue.join(rng.choices(SENTENCES, k=rng.randint(1, 8)))
        blocks.append(
            Block(kind, text[:60] if kind == "heading" else text, rng.randint(1, 4) if kind == "heading" else 0)
        )
    doc = clean(Extracted("", tuple(blocks)), source="x.md", digest=DIGEST)
    budget = rng.choice([16, 60, 220])
    chunks = chunk(doc, count_tokens, budget)
    check(doc, chunks)
    assert all(size(c.text) <= 1.15 * budget + 1 for c in chunks if "x" * 50 not in c.text)


@pytest.mark.parametrize("sentence", [SENTENCES[0], SENTENCES[1], SENTENCES[2], SENTENCES[3].replace("；", "，")])
def test_sentences_stay_whole(sentence: str) -> None:
    doc = document(("paragraph", sentence * 30 if "\u4e00" <= sentence[0] <= "\u9fff" else (sentence + " ") * 30))
    chunks = chunk(doc, count_tokens, 60)
    assert len(chunks) > 5
    assert all(c.text.endswith((".", "。")) for c in chunks)
    check(doc, chunks)


def test_headings_start_chunks_and_go_along_as_a_path() -> None:
    doc = document(
        ("heading", "第一章", 1),
        ("paragraph", "甲。"),
        ("heading", "1.1 Scope", 2),
        ("paragraph", "Beta."),
        ("paragraph", "Gamma."),
        ("heading", "第二章", 1),
        ("paragraph", "乙。"),
    )
    chunks = chunk(doc, count_tokens)
    assert [(c.text, c.headings) for c in chunks] == [
        ("甲。", ("第一章",)),
        ("Beta.\n\nGamma.", ("第一章", "1.1 Scope")),
        ("乙。", ("第二章",)),
    ]


def test_a_heading_with_nothing_under_it_can_be_quoted() -> None:
    doc = document(("heading", "支持 FP8", 2), ("heading", "支持 FP4", 2))
    assert [c.text for c in chunk(doc, count_tokens)] == ["支持 FP8\n\n支持 FP4"]


def test_a_large_table_is_split_by_rows_under_its_first_row() -> None:
    rows = ["芯片 | 显存"] + [f"型号{i} | {i} GB" for i in range(60)]
    doc = document(("heading", "规格", 1), ("table", "\n".join(rows)), ("paragraph", "以上。"))
    chunks = chunk(doc, count_tokens, 60)
    check(doc, chunks)
    tables = chunks[:-1]
    assert len(tables) > 3
    assert all(c.headings == ("规格", "芯片 | 显存") for c in tables)
    assert chunks[-1].headings == ("规格",)
    assert all(line in rows for c in tables for line in c.text.split("\n"))


def test_a_small_table_stays_whole_among_its_paragraphs() -> None:
    doc = document(("paragraph", "如下："), ("table", "a | b\nc | d"))
    assert [c.text for c in chunk(doc, count_tokens)] == ["如下：\n\na | b\nc | d"]


def test_no_tiny_tail() -> None:
    doc = document(("paragraph", "这一句正好有十个汉字。" * 5 + "短尾。"))
    sizes = [size(c.text) for c in chunk(doc, count_tokens, 55)]
    assert sizes == [58]
    doc = document(("paragraph", "这一句正好有十个汉字。" * 10 + "短。"))
    sizes = [size(c.text) for c in chunk(doc, count_tokens, 110)]
    assert sizes == [112]


def test_language_follows_the_chunk_then_the_document() -> None:
    doc = document(
        ("heading", "A", 1),
        ("paragraph", "這裡談的是先進封裝與記憶體。" * 3),
        ("heading", "B", 1),
        ("paragraph", "H20 96 GB 2024"),
        ("heading", "C", 1),
        ("paragraph", "An English paragraph."),
    )
    assert doc.language == "zh-Hant"
    assert [c.language for c in chunk(doc, count_tokens)] == ["zh-Hant", "zh-Hant", "en"]


def test_page_is_where_the_chunk_begins() -> None:
    blocks = (Block("paragraph", "第一页。" * 30, page=1), Block("paragraph", "第三页。" * 30, page=3))
    doc = clean(Extracted("", blocks), source="a.pdf", digest=DIGEST)
    chunks = chunk(doc, count_tokens, 60)
    assert {(c.page, "三" in c.text) for c in chunks if len(set(c.text) & set("一三")) == 1} == {(1, False), (3, True)}


def test_tokens_are_counted_in_few_calls() -> None:
    calls: list[int] = []

    def counting(texts: list[str]) -> list[int]:
        calls.append(len(texts))
        return count_tokens(texts)

    chunk(document(("paragraph", "一句话。" * 2000)), counting)
    assert len(calls) <= 3


def test_a_budget_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="budget must be 8 tokens or more, was: 0"):
        chunk(document(("paragraph", "字")), count_tokens, 0)
