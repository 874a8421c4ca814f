"""What a question about a figure asks to be measured: a share, money, people, a span of time, a length, or things it
names (``多少片``, ``how many cards``), and which figures of a sentence measure that."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from index.language import fold
from index.numbers import Quantity, quantities
from index.numbers.units import CURRENCIES, convert, is_hard, unit_after

__all__ = ["AMOUNTS", "Asked", "asked_measure", "figures", "fits", "likeliest", "read_quantities"]

_DATES = frozenset(("date", "year", "century", "decade", "time"))
# Dimension and the words that ask for it, folded; the first that matches decides.
_DIMENSIONS = (
    ("part", r"(?:上缴|上交|缴纳|抽成|抽走|让出|分给|交给)[^，。？?率]{0,12}多少(?![天年月日周小分秒期个人次倍])"
             r"|\bhow much of\b(?!.*\b(?:memory|storage|power|area|land)\b)"),
    ("percent", r"百分之几|几成|是[^，。？?]{1,12}的多少[？?]?$|比例"
                r"|占比|比重|份额|市占|市场占有|[利润增长良使用转换成功率税折出租]率|%|多大比|"
                r"\bpercent|\bshare\b|\bproportion|\bportion|\brate\b|\bmargin|\byield|\bfraction of|\butili[sz]ation"),
    ("people", r"多少人|几(?:个|名|位)?人|人数|多少名|多少位|员工(?:总)?数|人口|"
               r"\bhow many (?:\w+ )?(?:people|persons|employees|workers|staff|residents|students|soldiers)|"
               r"\bpopulation"),
    ("money", r"多少钱|多少[美欧日港英韩]?元|营收|收入|利润|预算|资本支出|金额|价格|售价|单价|成本|总值|市值|"
              r"投资额|总投资|薪|费用|注册资本|多少资|补助|补贴|\bcosts?\b|\bprices?\b|\brevenue|\bbudget|\bworth\b|"
              r"\bpaid\b|\bfunding|\bgrant|\baward|"
              r"(?:基金|补贴|投资|市场)[^，。]*(?:多大|规模)|\bhow (?:large|big)\b.*\b(?:funds?|markets?|subsid)|"
              r"\bspend|\bspent|\bprofit|\bsalary|\bmoney\b|\bcapital expenditure|\bhow much did\b"),
    ("time", r"多久|多长时间|几年|几个月|几周|几天|多少(?:年|个月|月|周|天|小时|分钟|秒|个工作)|"
             r"\bhow long\b|\bhow many (?:\w+ )?(?:years|months|weeks|days|hours|minutes|seconds|quarters)"),
    ("temperature", r"多少度|温度|\btemperature"),
    ("length", r"多薄|多厚|多高|多远|多宽|多深|波长|长度|高度|距离|几(?:奈|纳)米|几米|几公里|"
               r"\bhow (?:tall|high|thick|thin|far|deep|wide)\b|\bwavelength|\bdistance|\bheight"),
    ("area", r"面积|多少(?:平方|公顷|亩)|\barea\b"),
    ("power", r"多少(?:千|兆)?瓦|几瓦|功耗|\bwatts?\b|\bhow much power"),
    ("bytes", r"显存(?:容量)?|内存|\bmemory (?:size|capacity)|\bhow much memory"),
)  # fmt: skip
_COMPILED = tuple((name, re.compile(pattern)) for name, pattern in _DIMENSIONS)
_COUNTED = re.compile(
    r"(?:多少|几)(?:万|亿)?(?P<zh>[\u4e00-\u9fff])|\bhow many (?:[a-z]+ ){0,3}?(?P<en>[a-z]{3,}s)\b|"
    r"\bhow many (?P<odd>[a-z]{3,})|多少 ?(?P<unit>[a-z]{2,})"
)
_COUNTABLE = frozenset(
    "个家种片张件台座名位次项颗条款艘架辆部篇人倍支层级届任代只头枚套股栋户册卷幅首集章节页组吨车柜櫃国处所"
)
_HOW_MUCH = re.compile(r"\bhow much\b", re.IGNORECASE)  # no number of things
AMOUNTS = ("money", "percent", "fraction")
_UNITS_OF_TIME = frozenset(("time", "months"))


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be measured: a dimension, or empty; and what is counted, as a sentence writes it after its figure."""

    dimension: str = ""
    counted: str = ""


@lru_cache(maxsize=256)
def asked_measure(question: str) -> Asked:
    """What a question about a figure asks to be measured."""
    folded = fold(question)
    counted = ""
    if match := _COUNTED.search(folded):
        word = match["zh"] or match["en"] or match["odd"] or match["unit"] or ""
        counted = word if not match["zh"] or word in _COUNTABLE else ""
    dimension = next((name for name, pattern in _COMPILED if pattern.search(folded)), "")
    return Asked(
        "" if counted and dimension in ("part", "percent", "money", "length", "power", "bytes") else dimension, counted
    )


@lru_cache(maxsize=16384)
def read_quantities(text: str) -> tuple[Quantity, ...]:
    """The quantities of a text, remembered: each sentence is asked for them several times."""
    return tuple(quantities(text))


def figures(question: str, sentence: str, dates: bool = False) -> list[Quantity]:
    """The figures of a sentence that could be an answer, or its dates: none that the question states itself."""
    asked = {(q.kind, q.value) for q in read_quantities(question)}
    return [
        q
        for q in read_quantities(sentence)
        if not q.weak and (q.kind in _DATES) == dates and (q.kind, q.value) not in asked
    ]


def fits(asked: Asked, found: Quantity, sentence: str) -> bool | None:
    """Whether a figure measures what is asked; None where the question does not say what that would be, or a cell of a
    table leaves its unit to the column head."""
    if " | " in sentence and found.kind == "number" and not found.unit:
        return None
    if asked.counted:
        after = fold(sentence[found.end : found.end + 24]).lstrip()
        own = fold(sentence[found.start : found.end])
        if re.search(r"[\u4e00-\u9fff]", asked.counted):
            if after.startswith(asked.counted) or own.endswith(asked.counted):
                return True
            if re.match(r"[\u4e00-\u9fff]", after):
                return False
        elif re.match(rf"(?:[a-z0-9-]+ ){{0,3}}{re.escape(asked.counted.removesuffix('s'))}", after):
            return True
        elif re.match(r"[a-z]", after):
            return asked.dimension in ("people", "time") and bool(_of_dimension(asked.dimension, found))
    if not asked.dimension:  # what is counted has no unit of measure, unless it is one
        return False if asked.counted and is_hard(found.unit) and not unit_after(asked.counted, 0)[0] else None
    return _of_dimension(asked.dimension, found)


def _of_dimension(dimension: str, found: Quantity) -> bool | None:
    if dimension == "part":  # of a sum, a share or an amount of money; of anything else, anything
        return _of_dimension("percent", found) or _of_dimension("money", found) or None
    if dimension == "percent":
        return found.kind in ("percent", "fraction")
    if dimension == "money":
        return found.kind == "money" or found.unit in CURRENCIES
    if dimension == "people":
        return found.unit == "people"
    converted = convert(Decimal(1), found.unit)
    own = converted[0] if converted else ""
    if dimension == "temperature":
        return found.unit in ("celsius", "fahrenheit", "kelvin", "degree")
    return own in _UNITS_OF_TIME if dimension == "time" else own == dimension


def likeliest(question: str, sentence: str, found: Sequence[Quantity]) -> list[Quantity]:
    """Those of the figures that measure what is asked, or else those that may."""
    asked = asked_measure(question)
    said = [(one, fits(asked, one, sentence)) for one in found]
    plain = [one for one, fit in said if fit is None]
    amounts = [one for one in plain if one.kind in AMOUNTS or one.unit] if _HOW_MUCH.search(question) else []
    return [one for one, fit in said if fit] or amounts or plain
