"""Units and currencies of both languages under one name, and how units of one dimension convert."""

from __future__ import annotations

import re
from decimal import Decimal

__all__ = [
    "CURRENCIES", "CURRENCY_BEFORE", "MEASURE_WORD", "PERCENT_AFTER", "convert", "currency_name", "is_hard",
    "unit_after",
]  # fmt: skip

# name | dimension | factor to the dimension's base (0: it does not convert) | Chinese forms | English forms
_TABLE = """
pm | length | 1e-12 | 皮米 | pm picometer picometers
nm | length | 1e-9 | 纳米 奈米 | nm nanometer nanometers nanometre nanometres
um | length | 1e-6 | 微米 | um µm μm micron microns micrometer micrometers micrometre micrometres
mm | length | 1e-3 | 毫米 公厘 | mm millimeter millimeters millimetre millimetres
cm | length | 1e-2 | 厘米 公分 | cm centimeter centimeters centimetre centimetres
m | length | 1 | 米 公尺 | m meter meters metre metres
km | length | 1e3 | 公里 千米 | km kilometer kilometers kilometre kilometres
mile | length | 1609.344 | 英里 哩 | mi mile miles
foot | length | 0.3048 | 英尺 呎 | ft foot feet
inch | length | 0.0254 | 英寸 英吋 吋 | inch inches
yard | length | 0.9144 | 码 | yd yard yards
nmi | length | 1852 | 海里 | nmi
ly | length | 9.4607e15 | 光年 | ly lightyear lightyears light-year light-years
mm2 | area | 1e-6 | 平方毫米 | mm² mm2
cm2 | area | 1e-4 | 平方厘米 平方公分 | cm² cm2
m2 | area | 1 | 平方米 平方公尺 | m² m2 sqm
km2 | area | 1e6 | 平方公里 平方千米 | km² km2 sqkm
mile2 | area | 2589988 | 平方英里 平方哩 |
foot2 | area | 0.09290304 | 平方英尺 平方呎 |
ha | area | 1e4 | 公顷 | ha hectare hectares
acre | area | 4046.856 | 英亩 | acre acres
mu | area | 666.6667 | 亩 | mu
m3 | volume | 1 | 立方米 立方公尺 | m³ m3
km3 | volume | 1e9 | 立方公里 | km³ km3
L | volume | 1e-3 | 升 公升 | l L liter liters litre litres
mL | volume | 1e-6 | 毫升 | ml mL milliliter milliliters millilitre millilitres
mg | mass | 1e-6 | 毫克 | mg milligram milligrams
g | mass | 1e-3 | 克 公克 | g gram grams
jin | mass | 0.5 | 斤 市斤 |
kg | mass | 1 | 公斤 千克 | kg kilogram kilograms
t | mass | 1e3 | 吨 公吨 | t tonne tonnes ton tons
lb | mass | 0.4536 | 磅 | lb lbs
K | bytes | 1e3 | | KB
MB | bytes | 1e6 | 兆字节 | MB megabyte megabytes
GB | bytes | 1e9 | 吉字节 | GB gigabyte gigabytes
TB | bytes | 1e12 | 太字节 | TB terabyte terabytes
PB | bytes | 1e15 | 拍字节 | PB petabyte petabytes
Hz | frequency | 1 | 赫兹 赫 | Hz hertz
kHz | frequency | 1e3 | 千赫 千赫兹 | kHz kilohertz
MHz | frequency | 1e6 | 兆赫 兆赫兹 | MHz megahertz
GHz | frequency | 1e9 | 吉赫 吉赫兹 | GHz gigahertz
W | power | 1 | 瓦 瓦特 | W watt watts
kW | power | 1e3 | 千瓦 | kW kilowatt kilowatts
MW | power | 1e6 | 兆瓦 | MW megawatt megawatts
GW | power | 1e9 | 吉瓦 | GW gigawatt gigawatts
kWh | energy | 1 | 千瓦时 度电 千瓦小时 | kWh
MWh | energy | 1e3 | 兆瓦时 | MWh
GWh | energy | 1e6 | 吉瓦时 | GWh
V | voltage | 1 | 伏 伏特 | V volt volts
celsius | temperature | 0 | 摄氏度 ℃ °c °C | °c ℃ celsius
fahrenheit | temperature | 0 | 华氏度 ℉ °f °F | °f ℉ fahrenheit
kelvin | temperature | 0 | 开尔文 | kelvin
degree | | 0 | 度 ° | ° degree degrees
s | time | 1 | 秒 秒钟 | s sec second seconds
min | time | 60 | 分钟 | min mins minute minutes
quarter-hour | time | 900 | 刻钟 |
h | time | 3600 | 小时 个小时 钟头 个钟头 | h hr hrs hour hours
day | time | 86400 | 天 个日夜 | day days
week | time | 604800 | 周 星期 个星期 个周 礼拜 个礼拜 | week weeks
fortnight | time | 1209600 | | fortnight fortnights
month | months | 1 | 个月 个多月 | month months
quarter | months | 3 | 季度 个季度 | quarter quarters
year | months | 12 | 年 年间 周年 年度 岁 载 | year years yr yrs yo
decade | months | 120 | | decade decades
century | months | 1200 | 个世纪 世纪 | century centuries
millennium | months | 12000 | | millennium millennia
ms | time | 1e-3 | 毫秒 | ms millisecond milliseconds
us | time | 1e-6 | 微秒 | µs microsecond microseconds
times | | 0 | 倍 | times fold x
people | | 0 | 人 名 位 口人 人次 | people persons person inhabitants residents
USD | money | 0 | 美元 美金 | dollar dollars usd
CNY | money | 0 | 元 人民币 元人民币 块钱 | yuan rmb renminbi cny
TWD | money | 0 | 新台币 元新台币 台币 | twd ntd
HKD | money | 0 | 港元 港币 | hkd
EUR | money | 0 | 欧元 | euro euros eur
GBP | money | 0 | 英镑 | gbp sterling quid
pound | | 0 | | pound pounds
JPY | money | 0 | 日元 日圆 | yen jpy
KRW | money | 0 | 韩元 | won krw
CAD | money | 0 | 加元 加币 | cad
AUD | money | 0 | 澳元 | aud
RUB | money | 0 | 卢布 | ruble rubles rouble roubles
INR | money | 0 | 卢比 | rupee rupees
"""
_SQUARES = {"kilomet": "km2", "met": "m2", "mile": "mile2", "feet": "foot2", "foot": "foot2", "km": "km2"}
_CUBES = {"kilomet": "km3", "met": "m3", "km": "km3"}


def _rows() -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in _TABLE.strip().splitlines()]


_CONVERSION = {name: (dimension, Decimal(factor)) for name, dimension, factor, _, _ in _rows()}
_CHINESE = {form: row[0] for row in _rows() for form in row[3].split()}
_ENGLISH = {form: row[0] for row in _rows() for form in row[4].split()}
CURRENCIES = frozenset(name for name, (dimension, _) in _CONVERSION.items() if dimension == "money")
_CURRENCY_SIGNS = {
    "us$": "USD", "$": "USD", "usd": "USD", "hk$": "HKD", "hkd": "HKD", "nt$": "TWD", "ntd": "TWD", "twd": "TWD",
    "a$": "AUD", "aud": "AUD", "€": "EUR", "eur": "EUR", "£": "GBP", "gbp": "GBP", "¥": "CNY", "rmb": "CNY",
    "cny": "CNY", "jpy": "JPY", "人民币": "CNY", "新台币": "TWD", "台币": "TWD", "美金": "USD", "港币": "HKD",
}  # fmt: skip
CURRENCY_BEFORE = re.compile(
    r"(?:(?<![A-Za-z])(?:US\$|HK\$|NT\$|A\$|USD|HKD|NTD|TWD|AUD|EUR|GBP|RMB|CNY|JPY)|[$€£¥]|人民币|新台币|台币|美金|港币)\s?$",
    re.ASCII | re.IGNORECASE,
)

_HAN_UNIT = re.compile(r"\s?(" + "|".join(sorted(map(re.escape, _CHINESE), key=len, reverse=True)) + ")", re.ASCII)
_NATION = r"(?:(?:US|U\.S\.|American|Hong Kong|Australian|Canadian|New Taiwan|Chinese|Japanese|British)\s)?"
_LATIN_UNIT = re.compile(
    rf"[\s-]?{_NATION}((?:square|cubic)\s[a-z]+|degrees?\s(?:Celsius|Fahrenheit|C|F)\b|light-years?|[A-Za-zµμ]+(?:[²³]|[23](?![\w.]))?|°\s?[CFcf]?\b|°)",
    re.ASCII,
)
# 分 counts minutes only between hours and seconds (4分11秒, 1小时30分); alone it may be points or cents.
_MINUTES = re.compile(
    r"\s?分(?!钟)(?:(?=\s?[\d一二三四五六七八九十]{1,3}(?:\.\d+)?\s?秒)|(?<=小时[\d一二三四五六七八九十]分)"
    r"|(?<=小时[\d二三四五十][\d一二三四五六七八九十]分)|(?<=小时[二三四五]十[一二三四五六七八九]分))",
    re.ASCII,
)
# What makes a numeral a share of a hundred; of basis points, a hundred make one percent.
PERCENT_AFTER = re.compile(
    r"\s?(?:%|个?百分点|[\s-]?(?:percent|per\s?cent|percentage[\s-]points?|pct)\b|"
    r"(?P<basis>个?基点|[\s-]?(?:basis[\s-]points?|bps)\b))",
    re.ASCII | re.IGNORECASE,
)
# A measure word makes a lone Chinese digit a number (三个, 五名); 三星 and 一些 are words.
MEASURE_WORD = re.compile(
    r"\s?(?:个|名|位|人|只|头|条|项|次|家|种|座|间|所|艘|架|辆|台|部|篇|张|件|份|枚|颗|粒|支|枝|根|片|层|级|届|任|代|天|岁|倍|处|场|"
    r"批|组|轮|步|类|款|套|股|栋|幢|户|册|卷|幅|首|集|章|节|页|句|段|门|发|剂|轨|把|顶|匹|吨|秒|分钟|小时|年|周|季|日|大(?!陆|学|型|多|概|约)|"
    r"方面|国集团|英|公里|公斤|斤|亩|刻钟|打|平方|立方|美元|欧元|英镑|元|块|米|克|升|度(?!过)|成(?![为立功员就本]))",
    re.ASCII,
)


def unit_after(text: str, position: int) -> tuple[str, int]:
    """The unit that follows ``position`` in plain text and where it ends; ``("", position)`` where none does."""
    if minutes := _MINUTES.match(text, position):
        return "min", minutes.end()
    match = _HAN_UNIT.match(text, position)
    if match:
        return _CHINESE[match[1]], match.end()
    match = _LATIN_UNIT.match(text, position)
    name = _latin_name(match[1]) if match else ""
    if (
        match
        and name
        and not text[match.end() : match.end() + 1].isalnum() | (match[1] == "s" and text[position] in " -")
    ):
        return (currency_name(match.group()) or name), match.end()
    return "", position


def _latin_name(form: str) -> str:
    low = form.lower().replace("° ", "°")
    if low.startswith(("square ", "cubic ")):
        table, rest = (_SQUARES if low[0] == "s" else _CUBES), low.split()[1]
        return next((name for stem, name in table.items() if rest.startswith(stem)), "")
    if low.startswith("degree") and " " in low:
        return "celsius" if low.split()[1].startswith("c") else "fahrenheit"
    # Short symbols mean what their case says (m and M, g and G); words do not.
    return _ENGLISH.get(form) or (_ENGLISH.get(low, "") if len(form) > 3 or "°" in form else "")


def currency_name(sign: str) -> str:
    """The currency code of a sign or of a nation's dollar (``US$``, ``Hong Kong dollars``), or an empty string."""
    low = sign.strip(" -").lower()
    for nation, code in (("hong kong", "HKD"), ("australian", "AUD"), ("new taiwan", "TWD"), ("canadian", "CAD")):
        if low.startswith(nation):
            return code
    return _CURRENCY_SIGNS.get(low, "")


def is_hard(unit: str) -> bool:
    """Whether quantities of different hard units cannot be the same (5 km, 5 years); people and degrees are soft."""
    return bool(_CONVERSION.get(unit, ("", 0))[0])


def convert(value: Decimal, unit: str) -> tuple[str, Decimal] | None:
    """The dimension and the value in its base unit (metre, kilogram, second, month…), or None without conversion."""
    dimension, factor = _CONVERSION.get(unit, ("", Decimal(0)))
    return (dimension, value * factor) if factor else None
