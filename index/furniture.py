"""Page furniture: the headers, footers and page numbers that repeat from page to page and are no part of the text."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby

from index.lines import is_footnote, is_page_number, width
from index.types import Block

__all__ = ["drop_furniture"]

# Furniture stands in the outermost lines of a page, is short, and repeats on pages close to each other.
_EDGE_LINES = 3
_WIDEST = 120
_FEWEST_PAGES = 3
_NEARBY_PAGES = 2

# A line by where it stands: index of its block, index in the block.
_Place = tuple[int, int]


def drop_furniture(blocks: Sequence[Block]) -> list[Block]:
    """The blocks without the lines that repeat (numbers aside) at the edges of at least three pages near each other,
    and without page numbers. Blocks without a page, and tables, are left alone."""
    edges = _edges(blocks)
    places: dict[str, list[tuple[int, _Place]]] = defaultdict(list)
    for page, place, line in edges:
        places[_shape(line)].append((page, place))
    pages = {page for page, _, _ in edges}
    dropped = {place for found in places.values() for place in _repeated(found)}
    if len(pages) == 2:
        dropped |= _on_both_pages(edges)
    dropped |= _page_numbers(edges)
    dropped = _without_titles(blocks, dropped)
    return [_without(block, i, dropped) for i, block in enumerate(blocks)] if dropped else list(blocks)


def _edges(blocks: Sequence[Block]) -> list[tuple[int, _Place, str]]:
    """The outermost lines of every page: page, place, text."""
    lines = (
        (block.page, (i, j), line.strip())
        for i, block in enumerate(blocks)
        if block.page is not None and block.kind != "table"
        for j, line in enumerate(block.text.split("\n"))
        if line.strip()
    )
    edges: list[tuple[int, _Place, str]] = []
    for _, group in groupby(sorted(lines), key=lambda entry: entry[0]):
        page = list(group)
        outer = page if len(page) <= 2 * _EDGE_LINES else page[:_EDGE_LINES] + page[-_EDGE_LINES:]
        edges += [(number, place, line) for number, place, line in outer if number and width(line) <= _WIDEST]
    return edges


def _shape(line: str) -> str:
    return re.sub(r"\d+", "#", re.sub(r"\s+", "", line)).lower()


def _repeated(found: Sequence[tuple[int, _Place]]) -> Iterable[_Place]:
    pages = sorted({page for page, _ in found})
    near = [
        page
        for page in pages
        if sum(abs(page - other) <= _NEARBY_PAGES * _FEWEST_PAGES for other in pages) >= _FEWEST_PAGES
    ]
    kept = set(near)
    return [place for page, place in found if page in kept]


def _on_both_pages(edges: Sequence[tuple[int, _Place, str]]) -> set[_Place]:
    """For a file of two pages: what is the first line of both, or the last of both."""
    ends = [list(group) for _, group in groupby(edges, key=lambda edge: edge[0])]
    return {
        ends[page][end][1]
        for end in (0, -1)
        for page in (0, 1)
        if _shape(ends[0][end][2]) == _shape(ends[1][end][2]) and not is_footnote(ends[0][end][2])
    }


def _page_numbers(edges: Sequence[tuple[int, _Place, str]]) -> set[_Place]:
    """The lines that number their page: as words (``第 3 页``), or bare and in step with the pages."""
    numbers = [(page, place, line) for page, place, line in edges if is_page_number(line) and not is_footnote(line)]
    places = {place for _, place, line in numbers if re.search(r"[页頁]|^(page|p\.)", line, re.IGNORECASE)}
    in_step: dict[int, list[_Place]] = defaultdict(list)
    for page, place, line in numbers:
        digits = re.search(r"\d+", line)
        if digits:
            in_step[int(digits.group()) - page].append(place)
    for found in in_step.values():
        if len({place[0] for place in found}) > 1 or len(found) > 1:
            places.update(found)
    return places


def _without_titles(blocks: Sequence[Block], dropped: set[_Place]) -> set[_Place]:
    """The places to drop, less the headings that mostly plain running lines repeat: they are the text's own title."""
    by_shape: dict[str, list[_Place]] = defaultdict(list)
    for i, j in dropped:
        by_shape[_shape(blocks[i].text.split("\n")[j])].append((i, j))
    kept: set[_Place] = set()
    for places in by_shape.values():
        headings = [place for place in places if blocks[place[0]].kind == "heading"]
        if 2 * len(headings) < len(places):
            kept.update(headings)
    return dropped - kept


def _without(block: Block, index: int, dropped: set[_Place]) -> Block:
    lines = block.text.split("\n")
    kept = [line for j, line in enumerate(lines) if (index, j) not in dropped]
    return block if len(kept) == len(lines) else Block(block.kind, "\n".join(kept), block.level, block.page)
