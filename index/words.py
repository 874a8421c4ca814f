"""Text → search words: one function for documents and questions, so that both meet in the same form.

Folded text is cut into jieba's words (search mode) and, for names jieba does not know, every pair of neighbouring Han
characters; English words are stemmed (Snowball); model numbers (``910b``, ``h20``, ``gpt-4``) stay whole; quantities
and dates become one canonical word whatever their notation (``n:50000000000`` for 500亿 and 50 billion).
"""

from __future__ import annotations

import hashlib
import logging
import re
import threading
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from index.disk import open_regular
from index.errors import UsageError
from index.language import fold
from index.numbers import search_terms

if TYPE_CHECKING:
    import jieba.posseg
    import snowballstemmer

__all__ = [
    "STOP_WORDS",
    "cut_han",
    "cut_tagged",
    "english_words",
    "forget_user_dictionary",
    "han_shares",
    "han_words",
    "is_listed",
    "load_user_dictionary",
    "stem",
    "taught",
    "tokens",
    "words",
]

_TOKEN = re.compile(
    r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+|[^\W_\u3400-\u4dbf\u4e00-\u9fff]+(?:['’.&/_+-][^\W_\u3400-\u4dbf\u4e00-\u9fff]+)*"
)
_JOINER = re.compile(r"['’.&/_+-]")
# Folded, "US" would be the pronoun, which says nothing.
_UNITED_STATES = re.compile(r"(?<![A-Za-z.])U\.?S\.?(?:A\.?)?(?![A-Za-z])")
# Folded. What asks for a place or a time holds a word that elsewhere means something (地方政府).
_ASKING = re.compile(r"(?:什么|甚么|哪个|哪些)(?:地方|时间|时候|东西)")
_PAIR_WEIGHS = 0.5  # a pair of characters that is no word of jieba's, beside one that is
_lock = threading.Lock()
_taught: list[str] = []  # the digest of the user dictionary that was loaded
_LARGEST = 2 * 2**20  # bytes of a user dictionary: some 100,000 words
_ENTRY = re.compile(
    r"(?P<word>[\u3400-\u4dbf\u4e00-\u9fff]{2,40})(?:\s+(?P<frequency>[1-9]\d{0,8}))?(?:\s+(?P<tag>[a-z]{1,8}))?",
    re.ASCII,
)

# Words that ask or bind and say nothing of the subject. They are left out of questions and documents alike.
STOP_WORDS = frozenset(
    """a an the of in on at to for from by with as is are was were be been being am do does did done doing have has
    had having will would shall should can could may might must and or but nor not no so than then that this
    these those there here it its itself he him his she her they them their theirs we us our you your i me my
    what which who whom whose when where why how many much if into about over under between among during after
    before also such s t re ve ll d o y any some each other more most very just own same both few all 的 了 是
    在 和 与 及 或 而 之 其 也 都 就 被 把 对 对于 关于 从 到 由 于 以 为 为了 因 因为 所以 但 但是 这 那 这个
    那个 这些 那些 它 他 她 们 他们 她们 它们 我 我们 你 你们 什么 甚么 谁 哪 哪个 哪些 哪里 哪儿 何 何时 何地
    何处 如何 怎么 怎样 怎么样 为何 为什么 多少 几 几个 多久 多大 多长 吗 呢 吧 啊 请问 一个 一种 有 没有 会 能
    能够 可以 可 要 将 已 已经 并 并且 等 等等 着 过 得 地 个 上 中 下 里 时 时候 哪一 哪种 哪年 哪一年 是不是
    是否""".split()
)  # fmt: skip

# Stop words that never belong to a name: no pair of characters is made across them.
_GLUE = frozenset(
    "的 了 是 在 和 与 也 都 就 被 吗 呢 吧 什么 多少 谁 哪 哪个 哪些 如何 怎么 为什么 这个 那个 一个".split()
)


@cache
def _tokenizer() -> jieba.Tokenizer:
    import jieba

    from index.models import cache_folder

    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    # Its word list is kept where nobody else can put one: it is read without a check.
    folder = cache_folder()
    if folder.is_dir():
        tokenizer.tmp_dir = str(folder)
    return tokenizer


@cache
def _tagger() -> jieba.posseg.POSTokenizer:
    import jieba.posseg

    return jieba.posseg.POSTokenizer(_tokenizer())


@cache
def _stemmer() -> snowballstemmer.stemmer:
    import snowballstemmer

    return snowballstemmer.stemmer("english")


def load_user_dictionary(path: str | Path) -> None:
    """Teach jieba the words of a file, for all of this process: UTF-8, a line a word of Han characters in either script
    and, if wanted, its frequency and its tag (``启衡微电子 1000 nz``).

    Raises ``UsageError`` when the file cannot be read or a line is none, and then teaches nothing; or where the process
    has another dictionary already: texts cut by one would not be found by questions cut by the other.
    """
    entries, digest = _entries(path)
    with _lock:
        if _taught and digest not in _taught:
            raise UsageError(f"this process has another user dictionary than {path} now: start it anew to change it")
        if not _taught:
            for word, frequency, tag in entries:
                _tokenizer().add_word(word, frequency, tag)
            _taught.append(digest)


def _entries(path: str | Path) -> tuple[list[tuple[str, int | None, str | None]], str]:
    """The words of a user dictionary, each with its frequency and tag, and the digest of the file."""
    try:
        with open_regular(Path(path)) as file:
            data = file.read(_LARGEST + 1)
        lines = data.decode("utf-8-sig").splitlines()
    except OSError as error:
        raise UsageError(f"cannot read the user dictionary {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"the user dictionary {path} must be UTF-8: save it as UTF-8") from error
    except ValueError as error:  # no path has a NUL
        raise UsageError(f"cannot read the user dictionary {str(path)!r}: {error}") from error
    if len(data) > _LARGEST:
        raise UsageError(f"the user dictionary {path} must have {_LARGEST >> 20} MiB at most, has more")
    entries: list[tuple[str, int | None, str | None]] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        match = _ENTRY.fullmatch(fold(line.strip()))
        if match is None:
            raise UsageError(
                f"the user dictionary {path}, line {number}: must be a word of 2 to 40 Han characters and, if wanted, "
                f"its frequency and tag, was: {line.strip()[:40]!r}"
            )
        entries.append((match["word"], int(match["frequency"]) if match["frequency"] else None, match["tag"]))
    return entries, hashlib.sha256(data).hexdigest()


def taught() -> tuple[str, ...]:
    """The digest of the user dictionary in use; empty without one."""
    return tuple(_taught)


def forget_user_dictionary() -> None:
    """As before one was loaded. What was cut with it stays so where it is kept."""
    with _lock:
        _taught.clear()
        _tokenizer.cache_clear()
        _tagger.cache_clear()


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The Snowball stem of one lower-case English word; words with digits stay as they are."""
    if not word.isalpha() or len(word) < 3:
        return word
    with _lock:  # the stemmer keeps the word it works on in itself
        return str(_stemmer().stemWord(word))


def words(text: str) -> list[str]:
    """The search words of a text, in order, repeated as often as they occur; its quantities come last."""
    found = [word for token, is_han in tokens(text) for word in (han_words(token) if is_han else english_words(token))]
    return found + search_terms(text)


def tokens(text: str) -> Iterator[tuple[str, bool]]:
    """The folded text in unbroken runs: each run, and whether it is of Han characters."""
    for match in _TOKEN.finditer(_ASKING.sub(" ", fold(_UNITED_STATES.sub("USA", text)))):
        token = match.group()
        yield token, "\u3400" <= token[0] <= "\u9fff"


def cut_han(run: str) -> list[str]:
    """An unbroken run of folded Han characters as jieba's words, none of them twice."""
    with _lock:
        return [str(word) for word in _tokenizer().cut(run)]


def cut_tagged(text: str) -> list[tuple[str, str]]:
    """A folded text as jieba's words, each with its tag for the part of speech."""
    with _lock:
        return [(pair.word, pair.flag) for pair in _tagger().cut(text)]


def is_listed(word: str) -> bool:
    """Whether jieba's dictionary, or the user's, lists a folded word; jieba guesses the bounds of all others."""
    tokenizer = _tokenizer()
    with _lock:
        tokenizer.check_initialized()
        return bool(tokenizer.FREQ.get(word))


def han_words(run: str) -> list[str]:
    """The words of an unbroken run of folded Han characters: jieba's, and each pair it did not see as a word."""
    return [word for word, _ in _han_spans(run).values()]


def han_shares(text: str) -> dict[str, float]:
    """How much each Han word of a question counts, 0 to 1: a character counts once at most, shared among the words over
    it (公民 and 民不 in 公民不服从). Otherwise what jieba cuts into many overlapping words would outweigh the rest."""
    shares: dict[str, float] = {}
    for run, is_han in tokens(text):
        spans = _han_spans(run) if is_han else {}
        over = [0.0] * len(run)
        for (start, end), (_, weight) in spans.items():
            for position in range(start, end):
                over[position] += weight
        for (start, end), (word, weight) in spans.items():
            share = sum(weight / max(1.0, over[position]) for position in range(start, end)) / (end - start)
            shares[word] = max(share, shares.get(word, 0.0))
    return shares


def _han_spans(run: str) -> dict[tuple[int, int], tuple[str, float]]:
    """The words of a Han run by their place, in order, and what each weighs beside others over the same characters."""
    with _lock:
        cut = [(word, start, end) for word, start, end in _tokenizer().tokenize(run, mode="search")]
    found = {(start, end): (word, 1.0) for word, start, end in cut if word not in STOP_WORDS}
    glue = {position for word, start, end in cut if word in _GLUE for position in range(start, end)}
    for start in range(len(run) - 1):
        if start not in glue and start + 1 not in glue:
            found.setdefault((start, start + 2), (run[start : start + 2], _PAIR_WEIGHS))
    return {place: own for place, own in sorted(found.items()) if own[0] not in STOP_WORDS}


def english_words(token: str) -> list[str]:
    """The words of one folded Latin token: its stem; joined parts (``gpt-4``) whole and apart."""
    token = "".join(c for c in unicodedata.normalize("NFKD", token) if not unicodedata.combining(c))
    token = re.sub(r"['’]s$", "", token)
    parts = [part for part in _JOINER.split(token) if part]
    if len(parts) > 1 and all(part.isdigit() for part in parts):
        return []  # a plain quantity: `search_terms` gives its one form
    if len(parts) == 1 and parts[0].isdigit():
        return [] if len(parts[0]) != 4 else [parts[0]]  # a year is also a word
    joined = [re.sub(r"['’.&/_+-]", "", token)] if len(parts) > 1 else []
    return [stem(word) for word in joined + parts if word not in STOP_WORDS and not (len(parts) > 1 and len(word) < 2)]
