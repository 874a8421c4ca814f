"""Documents to chunks: by structure first, then whole sentences packed up to a budget of tokens.

A heading starts a new chunk and goes with it as ``Chunk.headings``, never into its text; a heading with nothing under
it is text. A chunk is a slice of the document: ``chunk.text == document.text[chunk.start:chunk.end]``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from index.language import detect, resolve, sentences
from index.types import Chunk, Document, Section

__all__ = ["chunk", "embedding_text"]

# A last chunk smaller than this share of the budget joins the one before it, if both fit the larger share.
_SMALL_TAIL = 0.15
_STRETCHED = 1.15
_HEADINGS_LENGTH = 200  # characters of the path of headings that are searched
# Where a sentence over the budget may be cut, best first: after a clause, between words, between characters.
_CLAUSE_ENDS = re.compile(r"[，、；：,;:）)—]\s*")
_WORD_ENDS = re.compile(r"\s+")

CountTokens = Callable[[list[str]], list[int]]


@dataclass(frozen=True, slots=True)
class _Atom:
    """A span that stays whole: a sentence, a row, a line of code, or part of one that is over the budget."""

    start: int
    end: int
    headings: tuple[str, ...]
    table: int = -1  # which table it is a row of, where that table is split
    tokens: int = 0


def chunk(document: Document, count_tokens: CountTokens, budget: int = 220) -> list[Chunk]:
    """The chunks of a document in order, none overlapping, each at most about ``budget`` tokens.

    ``count_tokens`` is the embedder's own count, for a list of texts at once. Raises ValueError where the budget is
    too small to hold anything.
    """
    if budget < 8:
        raise ValueError(f"budget must be 8 tokens or more, was: {budget}")
    counter = _Counter(document.text, count_tokens)
    atoms = counter.fill(_merge_small_tables(document, list(_atoms(document)), counter, budget))
    atoms = [part for atom in atoms for part in _within_budget(atom, counter, budget)]
    chunks: list[Chunk] = []
    for _, run in groupby(atoms, key=lambda atom: (atom.headings, atom.table)):
        for group in _pack(list(run), budget):
            chunks.append(_chunk(document, group, len(chunks)))
    return chunks


class _Counter:
    """Counts the tokens of spans of one text, without what the tokenizer adds to every text."""

    def __init__(self, text: str, count_tokens: CountTokens) -> None:
        self._text = text
        self._count = count_tokens
        self._added = count_tokens([""])[0]

    def counts(self, spans: Sequence[tuple[int, int]]) -> list[int]:
        if not spans:
            return []
        return [max(1, n - self._added) for n in self._count([self._text[start:end] for start, end in spans])]

    def fill(self, atoms: Sequence[_Atom]) -> list[_Atom]:
        counts = self.counts([(atom.start, atom.end) for atom in atoms])
        return [replace(atom, tokens=count) for atom, count in zip(atoms, counts, strict=True)]

    def text(self, start: int, end: int) -> str:
        return self._text[start:end]


def _atoms(document: Document) -> Iterator[_Atom]:
    """Every sentence, row and line outside headings, in order, each with the path of headings it stands under."""
    path: list[tuple[int, str]] = []
    for i, section in enumerate(document.sections or (Section("paragraph", 0, len(document.text)),)):
        if section.kind == "heading":
            path = [(level, text) for level, text in path if level < section.level]
            heading = document.text[section.start : section.end]
            if _has_body(document.sections, i) or heading == document.title:
                path.append((section.level, heading))
                continue
        headings = tuple(text for _, text in path)
        spans = _lines(document, section) if section.kind in ("table", "code") else _sentences(document, section)
        for start, end in spans:
            yield _Atom(start, end, headings, i if section.kind == "table" else -1)


def _has_body(sections: Sequence[Section], index: int) -> bool:
    """Whether text or a deeper heading follows a heading; one without is a line of text."""
    following = sections[index + 1] if index + 1 < len(sections) else None
    return following is not None and (following.kind != "heading" or following.level > sections[index].level)


def _sentences(document: Document, section: Section) -> Iterator[tuple[int, int]]:
    for start, end in sentences(document.text[section.start : section.end]):
        yield section.start + start, section.start + end


def _lines(document: Document, section: Section) -> Iterator[tuple[int, int]]:
    for match in re.finditer(r"[^\n]*\S[^\n]*", document.text[section.start : section.end]):
        yield section.start + match.start(), section.start + match.end()


def _merge_small_tables(document: Document, atoms: list[_Atom], counter: _Counter, budget: int) -> list[_Atom]:
    """A table within the budget becomes one atom; the rows of a larger one get its first row as a heading."""
    merged: list[_Atom] = []
    for table, run in groupby(atoms, key=lambda atom: atom.table):
        rows = list(run)
        if table < 0:
            merged += rows
            continue
        whole = _Atom(rows[0].start, rows[-1].end, rows[0].headings)
        if counter.counts([(whole.start, whole.end)])[0] <= budget:
            merged.append(whole)
            continue
        header = document.text[rows[0].start : rows[0].end][:200]
        merged += [replace(row, headings=(*row.headings, header)) for row in rows]
    return merged


def _within_budget(atom: _Atom, counter: _Counter, budget: int) -> list[_Atom]:
    """The atom, or the parts it is cut into where it is over the budget."""
    if atom.tokens <= budget:
        return [atom]
    spans = [(atom.start, atom.end)]
    for ends in (_CLAUSE_ENDS, _WORD_ENDS):
        spans = _cut(spans, ends, counter, budget)
    parts = [part for span in spans for part in _halve(span, counter, budget)]
    return [replace(atom, start=start, end=end, tokens=count) for (start, end), count in _regroup(parts, budget)]


def _cut(
    spans: Sequence[tuple[int, int]], ends: re.Pattern[str], counter: _Counter, budget: int
) -> list[tuple[int, int]]:
    """The spans, those over the budget cut at every place where ``ends`` matches."""
    result: list[tuple[int, int]] = []
    for (start, end), count in zip(spans, counter.counts(spans), strict=True):
        if count <= budget:
            result.append((start, end))
            continue
        cuts = [start, *(start + match.end() for match in ends.finditer(counter.text(start, end))), end]
        result += [(a, b) for a, b in pairwise(cuts) if counter.text(a, b).strip()]
    return result


def _halve(span: tuple[int, int], counter: _Counter, budget: int) -> list[tuple[tuple[int, int], int]]:
    """A span and its count, cut in equal parts until each is within the budget."""
    pending, done = [span], []
    while pending:
        larger: list[tuple[int, int]] = []
        for (start, end), count in zip(pending, counter.counts(pending), strict=True):
            if count <= budget or end - start < 2:
                done.append(((start, end), count))
            else:
                parts = min(end - start, count // budget + 1)
                cuts = [start + (end - start) * i // parts for i in range(parts + 1)]
                larger += pairwise(cuts)
        pending = larger
    return sorted(done)


def _regroup(parts: Sequence[tuple[tuple[int, int], int]], budget: int) -> list[tuple[tuple[int, int], int]]:
    """Neighbouring parts of one sentence put together again while they are within the budget."""
    groups: list[tuple[tuple[int, int], int]] = []
    for (start, end), count in parts:
        if groups and groups[-1][1] + count <= budget:
            groups[-1] = ((groups[-1][0][0], end), groups[-1][1] + count)
        else:
            groups.append(((start, end), count))
    return groups


def _pack(atoms: Sequence[_Atom], budget: int) -> list[list[_Atom]]:
    """Atoms in groups within the budget; a small last group joins the one before it or is filled up from it."""
    groups: list[list[_Atom]] = []
    for atom in atoms:
        if groups and _size(groups[-1]) + atom.tokens <= budget:
            groups[-1].append(atom)
        else:
            groups.append([atom])
    if len(groups) < 2 or _size(groups[-1]) >= _SMALL_TAIL * budget:
        return groups
    before, tail = groups[-2], groups[-1]
    if _size(before) + _size(tail) <= _STRETCHED * budget:
        return [*groups[:-2], before + tail]
    while len(before) > 1 and _size(tail) < 2 * _SMALL_TAIL * budget and _size(tail) + before[-1].tokens <= budget:
        tail.insert(0, before.pop())
    return groups


def _size(group: Sequence[_Atom]) -> int:
    return sum(atom.tokens for atom in group)


def _chunk(document: Document, group: Sequence[_Atom], ordinal: int) -> Chunk:
    start, end = group[0].start, group[-1].end
    # A part of a long sentence may begin or end with the space it was cut at.
    text = document.text[start:end]
    start += len(text) - len(text.lstrip())
    text = text.strip()
    return Chunk(
        id=f"{document.id}-{ordinal:04d}",
        document_id=document.id,
        start=start,
        end=start + len(text),
        text=text,
        language=_language(text, document.language),
        page=document.page_at(start),
        headings=group[0].headings,
    )


def _language(text: str, fallback: str) -> str:
    tag = detect(text)
    if tag == "und":
        return fallback
    return resolve(tag, fallback) if tag == "zh" else tag


def embedding_text(chunk: Chunk, title: str) -> str:
    """What is embedded and searched of a chunk: its path of headings (the document's title where it has none) and
    its text."""
    path = " > ".join(chunk.headings) or title
    return f"{path[:_HEADINGS_LENGTH]}\n{chunk.text}" if path else chunk.text
