"""Name pairs that a collection makes itself: ``中芯国际 (SMIC)``, ``Nvidia (英伟达)``, rows and lines of glossaries.

Where a Chinese name before a bracket begins is found out by ``index.reach``. A pair that nothing settles is left out: a
wrong one does more harm than a missing one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from index.equivalents import Pair
from index.glossary import is_gloss
from index.language import fold
from index.likeness import explained, spells
from index.reach import ACRONYM, LONGEST_RUN, NO_BEGINNING, Mention, cut_name, is_common, name_before, suffixes
from index.recurrence import Recurrence, count
from index.words import STOP_WORDS, words

__all__ = ["Pair", "mine"]

_BRACKET = re.compile(r"\(([^()\n]{2,80})\)")
_LEFT = 60  # characters before a bracket looked at
_HAN = r"\u3400-\u9fff"
_RUN = re.compile(rf"[{_HAN}·]+$")
_QUOTED = re.compile(r"[《“「『\"]([^《》“”「」『』\"\n]{2,24})[》”」』\"]$")
_QUOTED_PHRASE = re.compile(r"[“\"'‘]([A-Za-z][A-Za-z .&+'’-]{1,40})[”\"'’](?: [a-z]+)?$")
_PURE_HAN = re.compile(rf"[{_HAN}·]{{2,14}}\+?")
_LATIN = re.compile(r"[A-Za-z][A-Za-z.&'’+-]*(?: [A-Za-z.&'’+-]+){0,6}")
_CAPITALISED = re.compile(r"[A-Z][\w&.'’-]*(?: (?:(?:of|and|for|the|de|&) )*[A-Z][\w&.'’-]*)*$")
_LABEL = re.compile(r"^(?:以下)?(?:[简簡下又也亦俗全][称稱]|即|英文名?[称稱]?)(?:[为為是])?[::]?\s*")
_NAMED = re.compile(r"^(?:以下)?[简簡下又也亦俗][称稱]")
_PART = re.compile(r"[,;、/]\s*")
_ENGLISH_SIDE, _CHINESE_SIDE = r"([A-Za-z][A-Za-z .&'’-]{1,40}?)", rf"([{_HAN}·]{{2,10}})"
_LINE = re.compile(rf"{_ENGLISH_SIDE}[ :]+{_CHINESE_SIDE}|{_CHINESE_SIDE}[ :]+{_ENGLISH_SIDE}")
_CELL = re.compile(r"\s*[|\t]\s*")

_SHARED = 2  # characters of a name that another Chinese name for it keeps
_CITED = re.compile(r"\d{4}")  # (Mitchell, 1980) says who, not what
_GROUP, _GROUP_SHARE = 3, 0.6  # rows of a table and the share of them that must be pairs by themselves
_NO_NAMES = frozenset(
    "million billion trillion thousand minutes hours days weeks months years units percent total note notes source"
    " table figure see ibid pdf usd rmb cny twd hkd eur mm nm cm km kg mw gw kw gb tb yes no english chinese".split()
)
_Key = tuple[str, tuple[str, ...], str]  # the Chinese name, the English search words, the other Chinese name


@dataclass(slots=True)
class _Votes:
    proved: int = 0
    likely: int = 0


def mine(texts: Iterable[str]) -> tuple[Pair, ...]:
    """The pairs of Chinese names with English or other Chinese ones in a collection's texts, ordered by the names."""
    held = [unicodedata.normalize("NFKC", text) for text in dict.fromkeys(texts)]
    mentions = [mention for text in held for mention in _mentions(text)]
    foreign = [pair for text in held for pair in _behind_latin(text)]
    candidates = {name for mention in mentions for name in suffixes(mention.pieces)} | {han for _, han, _ in foreign}
    recurrence = count(candidates, (fold(text) for text in held)) if candidates else {}
    votes: dict[_Key, _Votes] = {}
    for chinese, english, alias, proved in _found(held, mentions, foreign, recurrence):
        for key in _keys(chinese, english, alias):
            own = votes.setdefault(key, _Votes())
            own.proved += proved
            own.likely += not proved
    return _settled(votes)


def _found(
    held: Sequence[str],
    mentions: Sequence[Mention],
    foreign: Sequence[tuple[str, str, bool]],
    recurrence: Recurrence,
) -> Iterator[tuple[str, str, str, bool]]:
    """Each pair that is found: the Chinese name, the English or the other Chinese one, and whether it is proved."""
    for mention in mentions:
        name, proved = name_before(mention, recurrence)
        if name:
            yield from ((name, form, "", proved) for form in mention.forms)
            if mention.alias and mention.alias not in name and name not in mention.alias:
                yield name, "", mention.alias, proved
    for english, han, quoted in foreign:
        phrase, proved = _phrase(english, han, quoted, recurrence)
        if phrase:
            yield han, phrase, "", proved
    for text in held:
        yield from ((han, english, "", True) for english, han in _rows(text))


def _keys(chinese: str, english: str, alias: str) -> Iterator[_Key]:
    """What a pair is counted under; a name of several parts (普莉雅·拉曼, Priya Raman) counts for each of them too."""
    spelled = tuple(words(english)) if english else ()
    if alias or (spelled and not _is_another_word(english, spelled)):
        yield chinese, spelled, alias
    parts = chinese.split("·")
    if 1 < len(parts) == len(spelled):
        yield from ((part, (word,), "") for part, word in zip(parts, spelled, strict=True) if len(part) >= 2)


def _mentions(text: str) -> Iterator[Mention]:
    for match in _BRACKET.finditer(text):
        left = text[max(0, match.start() - _LEFT) : match.start()].rstrip(" ").rpartition("\n")[2]
        if _CITED.search(match.group(1)):
            continue
        parts = [part.strip() for part in _PART.split(match.group(1))]
        forms = tuple(form for part in parts if (form := _LABEL.sub("", part)) and _is_name(form))
        alias = next((alias for part in parts if (alias := _alias(part, left))), "")
        if not (forms or alias) or not (forms or alias == _LABEL.sub("", parts[0]).strip('“”「」"')):
            continue
        quoted = _QUOTED.search(left)
        run = quoted.group(1) if quoted else (found.group() if (found := _RUN.search(left)) else "")
        if len(run) >= 2 and re.fullmatch(rf"[{_HAN}·]+", run):
            whole = len(run) <= LONGEST_RUN
            before = left[: len(left) - len(run)][-1:] if whole and not quoted else "" if quoted else "…"
            opened = whole and before and before in "《“「『"
            yield Mention(tuple(cut_name(fold(run[-LONGEST_RUN:]))), bool(quoted or opened), before, forms, alias)


def _is_name(text: str) -> bool:
    code = len(text) <= 2 and text.islower()  # en, zh
    return bool(_LATIN.fullmatch(text)) and len(text) >= 2 and not code and text.lower().split()[-1] not in _NO_NAMES


def _alias(part: str, left: str) -> str:
    """The other Chinese name in a bracket: one in quotation marks, one called so, or one of the name's characters."""
    bare = _LABEL.sub("", part)
    name = bare.strip('“”「」"')
    if not re.fullmatch(rf"[{_HAN}]{{2,8}}", name):
        return ""
    run = _RUN.search(left.rstrip('》”」』"'))
    characters = iter(fold(run.group())) if run else iter("")
    shortened = all(character in characters for character in fold(name)) and len(name) >= 3
    related = (
        run is not None and len(set(fold(name)) & set(fold(run.group()))) >= _SHARED and name[0] not in "某本该該公"
    )
    called = _NAMED.match(part) or (bare != name and len(name) <= 6)
    return fold(name) if shortened or (related and called) else ""


def _behind_latin(text: str) -> Iterator[tuple[str, str, bool]]:
    """(English before, Chinese inside, whether the English is in quotation marks) of brackets behind Latin text."""
    for match in _BRACKET.finditer(text):
        inside = match.group(1).strip('“”"「」 ')
        if not _PURE_HAN.fullmatch(inside) or next(cut_name(fold(inside)), "") in NO_BEGINNING:
            continue
        left = text[max(0, match.start() - _LEFT) : match.start()].rstrip(" ").rpartition("\n")[2]
        if quoted := _QUOTED_PHRASE.search(left):
            yield quoted.group(1), fold(inside), True
        elif run := re.search(r"[A-Za-z][A-Za-z&.'’ -]*$", left):
            yield run.group(), fold(inside), False


def _phrase(english: str, han: str, quoted: bool, recurrence: Recurrence) -> tuple[str, bool]:
    """The English name before a bracket with a Chinese one, and whether it is proved; empty where it is not settled."""
    if quoted:
        return english, True
    pieces = list(cut_name(han))
    found = _CAPITALISED.search(english)
    run = found.group().split() if found else english.split()[-4:]
    while run and run[0].lower() in STOP_WORDS:
        run = run[1:]
    if "·" in han and han.count("·") + 1 == len(run):
        return " ".join(run), True
    for first in range(len(run) - 1, -1, -1):
        phrase = " ".join(run[first:])
        marked, share = explained(pieces, run[first:])
        acronym = first == len(run) - 1 and ACRONYM.fullmatch(phrase) and spells(pieces, phrase)
        if acronym or (share == 1.0 and 0 in marked):
            return phrase, True
    if found and run and not is_common(han) and recurrence.get(han, (0, 0))[0] >= 2:
        name = " ".join(run).rpartition(" and ")[2]
        return ("" if ACRONYM.fullmatch(name) else name), False
    return "", False


def _rows(text: str) -> Iterator[tuple[str, str]]:
    """(English, Chinese) of tables and lines that hold one of each: those that are a pair by themselves, and their
    neighbours where most are."""
    groups: dict[int, list[tuple[str, str]]] = {}
    for line in text.splitlines():
        cells = _CELL.split(line.strip().strip("|"))
        for place in range(len(cells) - 1):
            for english, han in (cells[place : place + 2], cells[place : place + 2][::-1]):
                if _is_name(english) and _PURE_HAN.fullmatch(han) and len(han) <= 10:
                    groups.setdefault(place, []).append((english, fold(han)))
        if match := _LINE.fullmatch(line.strip()):
            english, han = match.group(1) or match.group(4), match.group(2) or match.group(3)
            if _is_name(english):
                groups.setdefault(-1, []).append((english, fold(han)))
    for rows in groups.values():
        own = [row for row in rows if _same(*row)]
        yield from rows if len(rows) >= _GROUP and len(own) >= _GROUP_SHARE * len(rows) else own


def _same(english: str, han: str) -> bool:
    pieces = list(cut_name(han))
    if ACRONYM.fullmatch(english):
        return spells(pieces, english)
    marked, share = explained(pieces, english.replace("-", " ").split())
    return share == 1.0 and 0 in marked


def _is_another_word(english: str, spelled: tuple[str, ...]) -> bool:
    """Whether the stem of a name is that of a common word: Corning's is corn, CHIPS's chip."""
    return not english.islower() and len(spelled) == 1 and spelled[0] != english.lower() and is_gloss(spelled[0])


def _settled(votes: dict[_Key, _Votes]) -> tuple[Pair, ...]:
    """The pairs that stand: of an English name's Chinese ones, one that is another with more in front gives way to
    the better proved, and those that are only likely give way to those that are proved."""
    groups: dict[tuple[str, ...], dict[str, _Votes]] = {}
    for (chinese, english, _), own in votes.items():
        if english:
            groups.setdefault(english, {})[chinese] = own
    kept: list[Pair] = []
    for english, names in groups.items():
        proved = any(own.proved for own in names.values())
        for chinese, own in names.items():
            total = own.proved + own.likely
            if proved and not own.proved and total < 2:
                continue
            rivals = [o for n, o in names.items() if n != chinese and (n.endswith(chinese) or chinese.endswith(n))]
            if all((own.proved > 0, total) >= (o.proved > 0, o.proved + o.likely) for o in rivals):
                kept.append(Pair(chinese, english, total))
    kept += [Pair(c, (), own.proved + own.likely, alias) for (c, english, alias), own in votes.items() if not english]
    return tuple(sorted(kept, key=lambda pair: (pair.chinese, pair.english, pair.alias)))
