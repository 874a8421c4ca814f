"""Which language and script a text is in, how it is folded for matching, and where its sentences end.

Tags: ``zh-Hans``, ``zh-Hant``, ``zh`` (Han text whose script cannot be told), ``en`` (any text in Latin letters),
``ja``, ``ko``, ``ru`` and ``und`` (no letters of any language, or model numbers alone such as ``H20?``).
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import opencc

__all__ = ["Side", "detect", "fold", "is_chinese", "one_script", "resolve", "sentences", "side", "to_script"]

Side = Literal["zh", "en"]

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_KANA = re.compile(r"[\u3040-\u30fa\u30fc-\u30ff]")  # the middle dot U+30FB also joins Chinese names
_HANGUL = re.compile(r"[\uac00-\ud7af\u1100-\u11ff]")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_LATIN_WORD = re.compile(r"[A-Za-z\u00c0-\u024f]+(?:['’][A-Za-z]+)*")
_MODEL_NUMBER = re.compile(r"(?<![A-Za-z])[A-Za-z]*\d[\w.+-]*|\b[A-Z]{2,6}\b")
# One Han character carries about as much as this many Latin letters, so the two can be weighed in one text.
_LATIN_LETTERS_PER_HAN = 3.0
# How many letters decide the script: a long document shows it early, and the rest costs time for nothing.
_SCRIPT_SAMPLE = 4000


@cache
def _converter(direction: str) -> opencc.OpenCC:
    import opencc

    return opencc.OpenCC(direction)


@lru_cache(maxsize=32768)
def _script_of(character: str) -> int:
    """-1 where the character is Simplified only, 1 where it is Traditional only, 0 where both write it.

    OpenCC alone would call 台, 后 and 里 Simplified and 著 Traditional: a character of the other side's national
    standard as well is evidence of neither.
    """
    if _converter("t2s").convert(character) != character:
        return 0 if _encodes(character, "gb2312") else 1
    if _converter("s2t").convert(character) != character:
        return 0 if _encodes(character, "big5") else -1
    return 0


def _encodes(character: str, encoding: str) -> bool:
    try:
        return bool(character.encode(encoding))
    except UnicodeEncodeError:
        return False


def detect(text: str) -> str:
    """The language tag of a text, from its letters alone (see the module's list of tags)."""
    han = _HAN.findall(text)
    kana, hangul, cyrillic = (len(pattern.findall(text)) for pattern in (_KANA, _HANGUL, _CYRILLIC))
    # Model numbers and acronyms are written alike in every language: they are evidence of none.
    prose = _MODEL_NUMBER.sub(" ", text)
    latin = sum(len(word) for word in _LATIN_WORD.findall(prose)) / _LATIN_LETTERS_PER_HAN
    if kana > 0.1 * (len(han) + kana) and kana + len(han) > latin:
        return "ja"
    counts = {"zh": float(len(han)), "en": latin, "ko": float(hangul), "ru": cyrillic / _LATIN_LETTERS_PER_HAN}
    best = max(counts, key=lambda tag: counts[tag])
    if counts[best] == 0.0:
        return "und"
    return _chinese_script(han) if best == "zh" else best


def _chinese_script(han: list[str]) -> str:
    balance = sum(_script_of(character) for character in han[:_SCRIPT_SAMPLE])
    if balance == 0:
        return "zh"
    return "zh-Hant" if balance > 0 else "zh-Hans"


def resolve(tag: str, *fallbacks: str) -> str:
    """The tag an answer is written in: the question's own where it shows one, else the first fallback that does.

    Fallbacks are, in this order, the last turn's language and the interface's. A question in Han characters whose
    script cannot be told takes its script from a Chinese fallback, else Simplified.
    """
    for candidate in (tag, *fallbacks):
        if candidate in ("zh-Hans", "zh-Hant", "en") and (tag != "zh" or is_chinese(candidate)):
            return candidate
    return "zh-Hans" if is_chinese(tag) else "en"


def is_chinese(tag: str) -> bool:
    """Whether a tag is Chinese of any script."""
    return tag == "zh" or tag.startswith("zh-")


def side(tag: str) -> Side:
    """The side a tag is ranked on: Chinese and its neighbours in writing on ``zh``, everything else on ``en``."""
    return "zh" if is_chinese(tag) or tag in ("ja", "ko") else "en"


def fold(text: str) -> str:
    """One written form for matching: width and compatibility forms, case, and Traditional to Simplified.

    For matching only: what is shown is the original. Offsets are not kept.
    """
    return str(_converter("t2s").convert(unicodedata.normalize("NFKC", text)).lower())


def one_script(text: str) -> str:
    """Traditional text in Simplified characters, any other as it is: what embedding models read, so that a question
    comes as near to a passage in the other script as to one in its own."""
    return str(_converter("t2s").convert(text)) if detect(text) == "zh-Hant" else text


def to_script(text: str, tag: str) -> str:
    """Chinese text in the script of ``tag``, words included (``zh-Hant`` as written in Taiwan); others as is."""
    if tag == "zh-Hans":
        return str(_converter("tw2sp").convert(text))
    if tag == "zh-Hant":
        return str(_converter("s2twp").convert(text))
    return text


_CLOSERS = "”’」』）】》〉\"')]}»"
_HAN_STOPS = "。！？；…!?"
_ABBREVIATIONS = frozenset(
    re.findall(
        r"\S+",
        """mr mrs ms dr prof st jr sr vs etc inc ltd co corp no nos fig figs eq sec vol pp p ed eds al approx est dept
        gov gen col lt sgt rep sen hon rev jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun
        e.g i.e cf ca u.s u.k u.n e.u a.m p.m ph.d b.c a.d d.c""",
    )
)
_STOP = re.compile(r"[\n。！？；….!?]")
# What still belongs to a sentence after its stop: more stops, closing marks, the number of a note.
_NOTE_NUMBER = (
    r"[⁰¹²³⁴-⁹]+|\[\d{1,3}\]|(?:(?<=[a-z]{2}[.!?])|(?<=[.!?][”\")])|(?<=[”\")][.!?]))\d{1,2}(?=\s+[A-Z“\"]|\s*$)"
)
_AFTER_STOP = re.compile(rf"(?:[{re.escape(_CLOSERS + _HAN_STOPS)}.]|{_NOTE_NUMBER})+")
_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s\u2e80-\uffef]*$")
_LAST_WORD = re.compile(r"[A-Za-z][A-Za-z.]*$")


def sentences(text: str) -> list[tuple[int, int]]:
    """The spans of the sentences of a text, without the white space around them, in order.

    Chinese stops (``。！？；…`` with the closing quotes after them), English stops before a space (abbreviations,
    initials, decimals and addresses excepted) and line ends all end a sentence, in any mixture of the two languages.
    The number of a note (``.¹``, ``。[3]``, ``measures.12 The``) stays with the sentence it closes.
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for match in _STOP.finditer(text):
        if match.start() < start or not _ends_sentence(text, match.start()):
            continue
        tail = _AFTER_STOP.match(text, match.end())
        end = tail.end() if tail else match.end()
        _append_span(spans, text, start, end)
        start = end
    _append_span(spans, text, start, len(text))
    return spans


def _append_span(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    end -= len(piece) - len(piece.rstrip())
    if start >= end:
        return
    # A piece of closing marks alone belongs to the sentence before it, unless a line end stands between.
    if spans and all(c in _CLOSERS + _HAN_STOPS for c in text[start:end]) and "\n" not in text[spans[-1][1] : start]:
        spans[-1] = (spans[-1][0], end)
    else:
        spans.append((start, end))


def _ends_sentence(text: str, position: int) -> bool:
    character = text[position]
    if character == "\n" or character in "。！？；…":
        return True
    if character not in ".!?":
        return False
    tail = _AFTER_STOP.match(text, position + 1)
    rest = text[tail.end() if tail else position + 1 :][:8]
    if rest and not rest[0].isspace() and _ADDRESS.search(text, max(0, position - 300), position):
        return bool(_HAN.match(rest))
    if character == "." and rest and not rest[0].isspace():
        # "3.5", "U.S.A", "example.com"; but a full stop straight before Han text ends an English sentence.
        return bool(_HAN.match(rest)) and not text[position - 1 : position].isdigit()
    if character == "." and _is_abbreviation(text, position):
        return False
    following = rest.lstrip()
    return not following or not following[0].islower()


def _is_abbreviation(text: str, position: int) -> bool:
    match = _LAST_WORD.search(text, max(0, position - 12), position)
    if match is None:
        # A lone number at the start of a line numbers the line ("1. Introduction").
        line = text[text.rfind("\n", 0, position) + 1 : position].strip()
        return line.isdigit() and len(line) <= 3
    word = match.group()
    initial = len(word) == 1 and word.isupper()
    return initial or word.lower() in _ABBREVIATIONS
