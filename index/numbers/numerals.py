"""Numerals → values: digits with separators and scales, Chinese numerals, English number words; and one plain writing.

Everything here reads text that ``plain`` has written: ASCII digits and marks, Simplified numerals, same offsets.
"""

from __future__ import annotations

import re
from decimal import Decimal

__all__ = [
    "CHINESE",
    "DIGITS",
    "ENGLISH",
    "NUMERAL",
    "ORDINALS",
    "canonical",
    "chinese_value",
    "english_value",
    "numeral_value",
    "plain",
]

# Only characters that numerals, units and dates use; each becomes exactly one, so offsets stay those of the text.
_FROM = (
    "萬億兩貳點餘約幾數個臺幣圓歲週鐘時間號紀從達過萊種條隻樓棟層級屆"
    "輪組戶鎮縣國區項場顆門團噸貫僅將負華攝歐鎊韓盧頃畝納碼"
)
_TO = (
    "万亿两贰点余约几数个台币元岁周钟时间号纪从达过莱种条只楼栋层级届"
    "轮组户镇县国区项场颗门团吨贯仅将负华摄欧镑韩卢顷亩纳码"
)
_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_MARKS = str.maketrans("‐‑‒–—―−－～〜　\u00a0\u2009\u202f’‘○", "--------~~    ''〇")
_PLAIN = {**_WIDTH, **_MARKS, **str.maketrans(_FROM, _TO)}

_DIGIT_VALUES = {char: index for index, char in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_SMALL_SCALES = {"十": 10, "百": 100, "千": 1000}
_LARGE_SCALES = {"万": 10**4, "亿": 10**8, "兆": 10**12}
_SCALES = _SMALL_SCALES | _LARGE_SCALES
# Financial numerals are also common characters (大陆, 队伍), so they count only in runs that hold one of 拾佰仟.
_FINANCIAL = re.compile(r"[壹贰叁肆伍陆柒捌玖拾佰仟零万亿]{2,}", re.ASCII)
_FINANCIAL_MAP = str.maketrans("壹贰叁肆伍陆柒捌玖拾佰仟", "一二三四五六七八九十百千")

_UNITS = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen""".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_WORDS = {word: value for value, word in enumerate(_UNITS)} | {word: 10 * n for n, word in enumerate(_TENS, 2)}
_ENGLISH_SCALES = {
    "hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12, "dozen": 12,
    "mn": 10**6, "mln": 10**6, "bn": 10**9, "tn": 10**12, "trn": 10**12,
}  # fmt: skip
_ORDINAL_UNITS = """first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth
fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth""".split()
ORDINALS: dict[str, int] = {word: value for value, word in enumerate(_ORDINAL_UNITS, 1)}
ORDINALS |= {word[:-1] + "ieth": 10 * n for n, word in enumerate(_TENS, 2)} | {"hundredth": 100, "thousandth": 1000}
ORDINALS |= {
    f"{ten}-{unit}": 10 * n + k for n, ten in enumerate(_TENS, 2) for k, unit in enumerate(_ORDINAL_UNITS[:9], 1)
}

# Runs are bounded: a page of digits is no number, and it must not cost quadratic time.
DIGITS = r"(?:(?:\d{1,3}(?:,\d{3}){1,8}(?!\d)|\d{1,24})(?:\.\d{1,12})?|(?<![\w.,])\.\d{2,12})"
_SCALE_RUN = r"(?:[十百千]?(?:万亿|[万亿]|兆(?![瓦赫字比帕欧]))|[百千](?![分米克瓦赫字卡帕]))"
_SCALED_DIGITS = rf"(?:{DIGITS}\s?{_SCALE_RUN}){{1,4}}(?:\d{{4}}(?![\d年]))?"
CHINESE = r"[〇零一二三四五六七八九十百千万亿两廿卅]{1,24}(?:点[〇零一二三四五六七八九]{1,12})?"
_WORD = (
    "(?:"
    + "|".join(
        sorted([*_WORDS, "hundred", "thousand", "million", "billion", "trillion", "dozen"], key=len, reverse=True)
    )
    + ")"
)
_START = (
    "(?:"
    + "|".join(sorted(_WORDS, key=len, reverse=True))
    + r"|an?\s+(?:hundred|thousand|million|billion|trillion|dozen))"
)
_AND = r"(?:(?<=hundred)|(?<=thousand)|(?<=million))\s+and\s+"
ENGLISH = rf"\b{_START}(?:(?:{_AND}|[\s-]+){_WORD}){{0,16}}\b"
_WORD_SCALE = r"(?:(?:hundred|thousand|million|billion|trillion|dozen)\b\s?|(?:mn|mln|bn|tn|trn)\b)"
_WORDED_DIGITS = rf"{DIGITS}[\s-]?(?:{_WORD_SCALE}){{1,3}}"
NUMERAL = rf"(?:{_SCALED_DIGITS}|{_WORDED_DIGITS}|{DIGITS}|{CHINESE}|{ENGLISH})"


def plain(text: str) -> str:
    """The text with one writing of digits, marks and numeral characters; every character keeps its offset."""
    written = text.translate(_PLAIN)
    return _FINANCIAL.sub(
        lambda run: run.group().translate(_FINANCIAL_MAP) if re.search("[拾佰仟]", run.group()) else run.group(),
        written,
    )


def canonical(value: Decimal) -> str:
    """A value as plain digits: no exponent, no trailing zeros."""
    if value == value.to_integral_value():
        return format(value.quantize(Decimal(1)), "f")
    return format(value.normalize(), "f")


def numeral_value(numeral: str) -> Decimal | None:
    """The value of a whole match of ``NUMERAL``, or None where its parts make no number (``三四``, ``one two``)."""
    numeral = numeral.strip()
    if numeral[0].isascii() and numeral.lstrip(".")[0].isdigit():
        return _digit_value("0" * numeral.startswith(".") + numeral.replace(",", "").lower())
    return english_value(numeral) if numeral[0].isascii() else chinese_value(numeral)


def _digit_value(numeral: str) -> Decimal:
    total = Decimal(0)
    for digits, scales in re.findall(r"(\d+(?:\.\d+)?)([^\d]*)", numeral):
        part = Decimal(digits)
        for char in scales:
            part *= _SCALES.get(char, 1)
        for word in re.findall(r"[a-z]+", scales):
            part *= _ENGLISH_SCALES.get(word, 1)
        total += part
    return total


def chinese_value(numeral: str) -> Decimal | None:
    """The value of Chinese numerals (``三百五十万``, ``二〇二四``, ``三点五``), or None where they are none."""
    whole, _, decimals = numeral.replace("廿", "二十").replace("卅", "三十").partition("点")
    if decimals and all(char in _DIGIT_VALUES for char in decimals):
        value = chinese_value(whole)
        return None if value is None else value + Decimal("0." + "".join(str(_DIGIT_VALUES[c]) for c in decimals))
    if not whole or decimals:
        return None
    if all(char in _DIGIT_VALUES for char in whole):
        return Decimal("".join(str(_DIGIT_VALUES[char]) for char in whole)) if _reads_digit_by_digit(whole) else None
    return _place_value(whole)


def _reads_digit_by_digit(digits: str) -> bool:
    # Two neighbours (三四, 七八) are an estimate, not a number.
    return len(digits) != 2 or "〇" in digits


def _place_value(numeral: str) -> Decimal | None:
    total = section = 0
    digit: int | None = None
    last_scale = 1
    for char in numeral:
        if char in _DIGIT_VALUES:
            if digit:
                return None
            digit = _DIGIT_VALUES[char]
            last_scale = 1 if digit == 0 else last_scale
        elif char in _SMALL_SCALES:
            section += (1 if digit is None else digit) * _SMALL_SCALES[char]
            digit, last_scale = None, _SMALL_SCALES[char]
        else:
            section += digit or 0
            scale = _LARGE_SCALES[char]
            # 三万亿: the second scale multiplies all that stands before it.
            total = (total + section) * scale if section == 0 or total < scale else total + section * scale
            total = total or scale
            section, digit, last_scale = 0, None, scale
    # 两百五, 三万五: a last digit stands for the next lower place.
    rest = (digit or 0) * (last_scale // 10 if last_scale >= 100 else 1)
    return Decimal(total + section + rest)


def english_value(numeral: str) -> Decimal | None:
    """The value of English number words (``three hundred and fifty``, ``a million``), or None where they are none."""
    total = current = 0
    for word in re.split(r"[\s-]+", numeral.lower()):
        if word in ("a", "an"):
            current = 1
        elif word in _WORDS:
            value = _WORDS[word]
            taken = current % 100
            if taken and not (value < 10 and taken % 10 == 0 and taken >= 20):
                return None
            current += value
        elif word in ("hundred", "dozen"):
            current = max(current, 1) * _ENGLISH_SCALES[word]
        elif word in _ENGLISH_SCALES:
            total += max(current, 1) * _ENGLISH_SCALES[word]
            current = 0
    return Decimal(total + current)
