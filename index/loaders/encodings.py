"""Bytes to text: the encoding is found from the content, never from the locale or the file's own claim."""

from __future__ import annotations

import codecs
from functools import lru_cache

from index.errors import DocumentError

__all__ = ["decode"]

# The characters that make up half of any Chinese page, in both scripts. A wrong decoding seldom hits them.
_FREQUENT = frozenset(
    "的一是不了在有人我他这這个個们們中来來上大为為和国國地到以说說时時要就出会會可也你对對生能而子那得于於着著下自之年"
    "过過发發后後作里裡用道行所然家种種事成方多经經么麼去法学學如都同现現当當没沒动動面起看定天分还還进進好小部其些主样樣"
    "理心她本前开開但因只从從想实實日军軍者意无無力它与與长長把机機十民第公此已工使情明性知全三又关關点點正业業外将將两兩"
    "高间間由问問很最重并並物手应應战戰向头頭文体體政美相见見被利什二等产產或新己制製身果加西斯月话話合回特代内內信表化老"
    "给給世位次度门門任常先海通教儿兒原东東声聲提立及比员員解水名真论論处處走义義各入几幾口认認条條平系气氣题題活尔爾更别別"
    "打女变變四神总總何电電数數安少报報才结結反受目太量再感建务務做接必场場件计計管期市直德资資命山金指克许許统統区區保至队隊"
    "形社便空决決治展马馬科司五基眼书書非则則听聽白却卻界达達光放强強即像难難且权權思王象完设設式色路记記南品住告类類求据據"
    "程北边邊死张張该該交规規万萬取拉格望觉覺术術领領共确確传傳师師观觀清今切院让讓识識候带帶导導争爭运運"
)
_MARKS = frozenset("，。、：；！？「」『』（）《》“”‘’—…　·％")
_CANDIDATES = ("utf-8", "gb18030", "big5hkscs", "cp950", "utf-16-le", "utf-16-be")
# Enough text to tell encodings apart; more only costs time.
_SAMPLE_BYTES = 64_000
# Mean score of a character (see `_worth`) from which a decoding is believed without a second opinion.
_BELIEVED = 0.3


def decode(data: bytes) -> str:
    """The text of a file's bytes: byte-order marks, UTF-8, UTF-16 without a mark, GB18030 and Big5 by content.

    Bytes that fit no encoding become U+FFFD; a file whose parts are in different encodings is read line by line.
    Raises DocumentError where the bytes are no text in any encoding.
    """
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ):
        if data.startswith(mark):
            return data[len(mark) :].decode(name, errors="replace")
    for mark, name in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if data.startswith(mark):
            return data[2:].decode(name, errors="replace")
    text = _utf8(data)
    if text is None:
        text = _by_content(data)
    _refuse_binary(text)
    return text


def _utf8(data: bytes) -> str | None:
    """The text where the bytes are plainly UTF-8, or UTF-8 with a few broken bytes, else None."""
    if b"\x00" in data and _is_utf16(data):
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    sample = data[:_SAMPLE_BYTES]
    lenient = sample.decode("utf-8", errors="replace")
    broken = lenient.count("\ufffd")
    beyond_ascii = sum(character > "\x7f" for character in lenient)
    if 20 * broken <= beyond_ascii and not _mixed(data):
        return data.decode("utf-8", errors="replace")
    return None


def _mixed(data: bytes) -> bool:
    """Whether whole lines that are not UTF-8 are good text in another encoding."""
    return any(_line_encoding(line) not in ("utf-8", None) for line in data.splitlines()[:20_000] if not line.isascii())


def _line_encoding(line: bytes) -> str | None:
    """The encoding a line is certainly in, or None where it is in none."""
    for name in ("utf-8", "gb18030", "big5hkscs"):
        try:
            text = line.decode(name)
        except UnicodeDecodeError:
            continue
        if name == "utf-8" or (len(text) > 3 and _score(text) > _BELIEVED):
            return name
    return None


def _is_utf16(data: bytes) -> bool:
    """Whether bytes with NULs among them are UTF-16 without a mark: NULs stand at every other place, or Han does."""
    sample = data[:_SAMPLE_BYTES]
    at_even, at_odd = sample[::2].count(0), sample[1::2].count(0)
    if max(at_even, at_odd) > 0.3 * len(sample) / 2 and min(at_even, at_odd) * 10 < max(at_even, at_odd):
        return True
    return any(_score(_lenient(sample, name)) > _BELIEVED for name in ("utf-16-le", "utf-16-be"))


def _by_content(data: bytes) -> str:
    sample = data[:_SAMPLE_BYTES]
    scores = {name: _score(_lenient(sample, name)) for name in _CANDIDATES}
    best = max(_CANDIDATES, key=lambda name: scores[name])
    if scores[best] > _BELIEVED and not (best == "utf-8" or (not best.startswith("utf-16") and _several(data, best))):
        return data.decode(best, errors="replace")
    if b"\x00" in data and _is_utf16(data):
        return data.decode(_utf16_order(sample), errors="replace")
    if scores[best] > 0.0 or scores["utf-8"] > -0.2:
        lines = [_decode_line(line, best) for line in data.splitlines()]
        if any(line is not None for line in lines):
            return "\n".join(
                _foreign(raw) if line is None else line for raw, line in zip(data.splitlines(), lines, strict=True)
            )
    return _foreign(data)


def _utf16_order(sample: bytes) -> str:
    return "utf-16-be" if sample[::2].count(0) > sample[1::2].count(0) else "utf-16-le"


def _several(data: bytes, best: str) -> bool:
    """Whether some lines are UTF-8 while the file as a whole is of another encoding."""
    for line in data.splitlines()[:2000]:
        if line.isascii():
            continue
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            continue
        # Two GB18030 bytes are now and then valid UTF-8 by accident; a line of common characters is not.
        if _score(text) > max(_BELIEVED, _score(_lenient(line, best))):
            return True
    return False


def _decode_line(line: bytes, best: str) -> str | None:
    if line.isascii():
        return line.decode("ascii")
    name = _line_encoding(line)
    if name is not None:
        return line.decode(name)
    text = _lenient(line, best)
    return text if _score(text) > _BELIEVED else None


def _foreign(data: bytes) -> str:
    """Bytes in none of the encodings above (Latin-1, Shift JIS, EUC-KR, KOI8-R…): a second opinion decides."""
    import charset_normalizer

    found = charset_normalizer.from_bytes(data[:_SAMPLE_BYTES]).best()
    name = found.encoding if found is not None else "utf-8"
    return data.decode(name, errors="replace")


def _lenient(data: bytes, name: str) -> str:
    return data.decode(name, errors="replace")


def _score(text: str) -> float:
    """How much a decoding looks like real text: the mean worth of its characters outside ASCII, from -1 to 1."""
    beyond = [character for character in text if character > "\x7f" or character == "\x00"]
    return sum(map(_worth, beyond)) / len(beyond) if beyond else 0.0


@lru_cache(maxsize=65536)
def _worth(character: str) -> float:
    if character in _FREQUENT or character in _MARKS:
        return 1.0
    if "\u4e00" <= character <= "\u9fff":
        return 0.2 if _is_listed(character) else -0.3
    if character in "\x00\ufffd" or "\x80" <= character <= "\x9f" or "\ue000" <= character <= "\uf8ff":
        return -1.0
    return 0.1 if character.isalpha() and character < "\u0250" else -0.1


def _is_listed(character: str) -> bool:
    """Whether a national standard lists the character as common: GB 2312 level 1 or Big5 level 1."""
    for name, first, last in (("gb2312", 0xB0, 0xD7), ("big5", 0xA4, 0xC6)):
        try:
            if first <= character.encode(name)[0] <= last:
                return True
        except UnicodeEncodeError:
            continue
    return False


def _refuse_binary(text: str) -> None:
    sample = text[:_SAMPLE_BYTES]
    odd = sum(
        character == "\ufffd" or (character < " " and character not in "\t\n\r\f\v\x1b\x00") for character in sample
    )
    if odd > 0.1 * len(sample) and len(sample) > 20:
        raise DocumentError("it holds binary data, not text in any encoding known here")
