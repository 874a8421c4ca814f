"""Loaders: what each format yields, and what a broken or hostile file costs (itself only)."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from loading import BODY, ENGLISH, HANS, HANT, MIXED, PAGE, body, kinds, pdf, read, reason, texts, word

from index.errors import DocumentError, UsageError
from index.loaders import LoadLimits, find_files, load
from index.loaders.sandbox import Sandbox

# --- plain text -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [HANS, HANT, ENGLISH, MIXED, HANS[:12], HANT[:12]])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030", "big5"])
def test_encodings(text: str, encoding: str) -> None:
    try:
        data = text.encode(encoding)
    except UnicodeEncodeError:
        pytest.skip("the encoding does not have these characters")
    assert texts(read(data)) == [text]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Le café est fermé. Les élèves sont arrivés à l'école.", "latin-1"),
        ("半導体の生産はまだ足りないので、価格が上がっています。", "shift_jis"),
    ],
)
def test_encodings_of_others(text: str, encoding: str) -> None:
    assert texts(read(text.encode(encoding))) == [text]


def test_parts_in_different_encodings() -> None:
    data = b"\n".join([HANS.encode(), HANS.encode("gb18030"), b"plain", HANT.encode()])
    assert texts(read(data)) == [HANS, HANS, "plain", HANT]


def test_broken_bytes_do_not_crash() -> None:
    assert HANS[:-2] in texts(read((HANS * 20).encode()[:-2]))[0]
    assert HANS in texts(read(b"abc \xed\xa0\x80 " + HANS.encode()))[0]
    assert "hello" in texts(read(b"\x00a\x00\x00 hello, this is text \x00\n"))[0]


@pytest.mark.parametrize("seed", range(30))
def test_random_bytes_are_text_or_a_reason(seed: int) -> None:
    data = random.Random(seed).randbytes(500)
    try:
        extracted = read(data)
    except DocumentError:
        return
    assert any(texts(extracted))


def test_marks_of_converters_are_no_text() -> None:
    data = f"前文。\n![]()\n**{HANS}**\n后文。".encode()
    assert texts(read(data)) == ["前文。", HANS, "后文。"]


def test_one_very_long_line() -> None:
    started = time.perf_counter()
    assert len(texts(read(("中文数据很多，" * 80_000).encode()))[0]) == 560_000
    assert time.perf_counter() - started < 5


def test_a_large_text_is_read_by_the_child_under_its_limits() -> None:
    large = ("中文数据很多，" * 120_000).encode()
    assert len(texts(read(large))[0]) == 840_000
    assert "memory" in reason(large, limits=LoadLimits(memory_mb=20))


# --- Markdown -------------------------------------------------------------------------------------------------------

MARKDOWN = """---
title: "芯片 Notes"
---
# 第一章 **粗体** [链接](https://example.com)

中文在这里断开
继续。English breaks
here. **注意：**后面 ![](x.png)`code`

- 甲
  续行
- item
    1. nested

| 产品 | 2024 |
|---|---|
| H20 | 1,000 |

```
x = 1
```
<!-- hidden --><div>shown</div>
"""


def test_markdown() -> None:
    extracted = read(MARKDOWN.encode(), "a.md")
    assert extracted.title == "芯片 Notes"
    assert kinds(extracted) == [
        ("heading", "第一章 粗体 链接"),
        ("paragraph", "中文在这里断开继续。English breaks here. 注意：后面 code"),
        ("list", "甲续行\nitem\n1. nested"),
        ("table", "产品 | 2024\nH20 | 1,000"),
        ("code", "x = 1"),
        ("paragraph", "shown"),
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 100_000,
        b"[" * 40_000,
        b"*a " * 15_000,
        b"`a``b" * 9_000,
        b">" * 5_000 + b" x",
        b"<!-- a -->\n" * 60 + b"\n# Note\n\nThe boss is Zed.\n",
        b"# a\n\ntext\n\n" + b"<script " * 20_000 + b"a" * 300_000,
        b"# a\n\ntext\n\n<div>" + b"<!-- " * 20_000 + b"a" * 300_000,
    ],
)
def test_hostile_markdown_is_fast(data: bytes) -> None:
    started = time.perf_counter()
    assert texts(read(data, "a.md"))
    assert time.perf_counter() - started < 5


# --- HTML -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [HANS, HANT, ENGLISH, MIXED])
def test_html(text: str) -> None:
    extracted = read(PAGE.format(charset="utf-8", title="标题", text=text).encode(), "a.html")
    assert extracted.title == "标题"
    assert kinds(extracted) == [
        ("heading", "标题"),
        ("paragraph", text),
        ("list", "one bold\ntwo\n1. inner"),
        ("table", "芯片 | 显存\nH20 | 96 GB"),
        ("code", "a\n  b"),
    ]


def test_html_content_decides_against_the_declared_encoding() -> None:
    page = PAGE.format(charset="big5", title="标题", text=HANS)
    assert HANS in texts(read(page.encode("gb18030"), "a.html"))


def test_the_article_of_a_page_is_what_counts() -> None:
    page = f"<html><body><div>Buy now! Cookies.</div><main><h2>A</h2><p>{ENGLISH}</p></main></body></html>"
    assert texts(read(page.encode(), "a.html")) == ["A", ENGLISH]


@pytest.mark.parametrize("tag", ["div", "b", "ul><li", "table><tr><td", "section"])
def test_html_nested_very_deeply(tag: str) -> None:
    data = b"<html><body>" + f"<{tag}>".encode() * 100_000 + b"deep down</body></html>"
    assert "deep down" in " ".join(texts(read(data, "a.html")))


# --- what a file is, and limits -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.pdf", "a.docx", "a.md", "a.html", "a"])
def test_content_decides_the_type(name: str) -> None:
    assert HANS in texts(read(word(), name))
    assert BODY[0] in " ".join(texts(read(pdf(body(700)), name)))
    assert HANS in texts(read(PAGE.format(charset="utf-8", title="标题", text=HANS).encode(), name))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it is empty"),
        (b" \n\x00\n", "it is empty"),
        (b"\x89PNG\r\n\x1a\n0000", "OCR"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"0" * 600, ".docx"),
        (b"PK\x03\x04 broken", "damaged zip"),
        (bytes(range(256)) * 40, "binary"),
        ("\ufeff\u200b".encode(), "no text"),
    ],
)
def test_what_is_no_document_says_why(data: bytes, said: str) -> None:
    assert said in reason(data)


def test_limits() -> None:
    assert reason(HANS.encode(), limits=LoadLimits(characters=10)).startswith("it holds more than 10 characters")
    page = f"<html><body><p>{ENGLISH}</p></body></html>".encode()
    assert reason(page, "a.html", LoadLimits(characters=40)).startswith("it holds more than 40 characters")
    with pytest.raises(ValueError, match="seconds must be 1 or more, was: 0"):
        LoadLimits(seconds=0)


def test_a_slow_or_greedy_file_costs_itself_only() -> None:
    sandbox = Sandbox()
    try:
        large = b"<html><body>" + b"<p>hello world, a text</p>" * 600_000
        with pytest.raises(DocumentError, match="took more than 1 s"):
            sandbox.extract("html", large, LoadLimits(seconds=1))
        with pytest.raises(DocumentError, match=r"memory|damaged|crashed"):
            sandbox.extract("html", large, LoadLimits(memory_mb=150))
        assert texts(sandbox.extract("html", b"<p>fine</p>", LoadLimits())) == ["fine"]
    finally:
        sandbox.close()


def test_plain_text_starts_no_child_and_loads_no_parser(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(HANS, "utf-8")
    code = (
        "import sys; from pathlib import Path; from index.loaders import load; load(Path(sys.argv[1]));"
        "print([m for m in ('lxml', 'docx', 'pypdfium2', 'subprocess') if m in sys.modules])"
    )
    root = Path(__file__).resolve().parents[1]
    ran = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a.txt")], cwd=root, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"


# --- finding files --------------------------------------------------------------------------------------------------


def test_files_are_found_sorted_once_and_the_rest_is_named(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("out")
    folder = tmp_path / "docs 文档"
    (folder / "sub").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    for name in ("b.txt", "a.MD", "c.exe", ".secret.txt", "sub/d 😀.html", ".hidden/e.txt"):
        (folder / name).write_text("x")
    os.symlink(outside, folder / "link.txt")
    os.symlink(tmp_path, folder / "loop")
    os.symlink(folder / "b.txt", folder / "inside.txt")
    found = find_files([folder, folder / "b.txt"])
    assert [str(p.relative_to(folder)) for p in found.files] == ["a.MD", "b.txt", "inside.txt", "sub/d 😀.html"]
    assert {p.name: why for p, why in found.skipped} == {
        "c.exe": "unsupported type .exe",
        "link.txt": "a link that leads out of the folder",
        "loop": "a link to a folder",
    }
    assert find_files([str(folder / "c.exe")]).files == (folder / "c.exe",)


@pytest.mark.parametrize("path", ["no/such/file", "a\x00b", "x" * 5000, "..\n/evil"])
def test_a_path_that_does_not_exist_is_named_on_one_line(path: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_files([path])
    assert path[:6].replace("\x00", "?").replace("\n", "?") in str(caught.value)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500


def test_an_unreadable_path_is_a_document_error(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="it is not a regular file"):
        load(tmp_path)
    large = tmp_path / "a.txt"
    large.write_bytes(b"x" * (2**20 + 1))
    with pytest.raises(DocumentError, match="larger than 1 MB"):
        load(large, LoadLimits(file_mb=1))
