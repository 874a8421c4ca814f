"""What kind of answer a question asks for, read from its words, and whether a sentence holds one of that kind."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Literal

from index.language import fold
from index.numbers import Quantity
from rag.answer.measures import AMOUNTS, read_quantities
from rag.answer.people import new_names

__all__ = ["AnswerKind", "answer_kind", "holds"]

AnswerKind = Literal["number", "date", "person", "place", "reason", "definition", "yes or no", "other"]

_ROLE = (
    r"(?:(?:负责|创始|创办|发明|发起|代言|主持|候选|继承|接班|当事)人|(?:[董理]事|行|部|局|司|处|科|校|院|所|市|省|县|州|队|团|会)长|"
    r"(?:执行|财务|运营|技术|法务|合规|营销|信息|战略)[官长]|经理|总裁|主席|总统|总理|作者|主任|主管|总监|教练|选手|科学家|工程师)"
)
# The first pattern that matches decides; Chinese patterns are written Simplified, questions are folded first.
_PATTERNS: tuple[tuple[AnswerKind, str], ...] = (
    (
        "reason",
        r"(?<![名称作成视改])为什么|为何|原因|缘由|何以|怎么会"
        r"|\bwhy\b|\breasons?\b|what (?:caused|led)|\bhow come\b",
    ),
    (
        "date",
        r"什么时候|何时|哪(?:一)?年|哪(?:一)?天|几月|几号|哪(?:一)?个?月|什么时间|日期|年份|几时|哪个世纪|几点"
        r"|\bwhen\b|what (?:year|date|day|month|century|decade|time)"
        r"|which (?:year|date|day|month|century)|how long ago",
    ),
    (
        "number",
        r"多少|几(?:个|种|名|人|家|次|年|倍|成|座|位|条|项|岁|层|款|台|所|支)"
        r"|多(?:大|长|高|远|久|重|快|宽|深|薄|厚)|几%|第几|百分之几|占比|比例是|比率"
        r"|\bhow (?:many|much|long|far|old|tall|high|large|big|fast|deep|wide|often|thick|thin|heavy|heavily|hot)\b"
        r"|what (?:percent|percentage|number|share|fraction|proportion|portion|amount|temperature)\b"
        r"|\b(?:revenue|price|cost|capacity|population|yield|output)\b.*\bwhat\b"
        r"|\bwhat\b.*\b(?:revenue|price|cost|capacity|population|yield|size|rate|score|total|worth|margin|budget|"
        r"throughput|wavelength|height|length|weight|speed|ratio|salary|output|profit|turnover|valuation|headcount|"
        r"(?:net|gross|operating|annual|quarterly|total) (?:income|loss|earnings)|sales|market cap(?:italization)?)\b",
    ),
    (
        "person",
        rf"谁|哪位|何人|哪个人|什么人|哪名|{_ROLE}(?:叫|名叫|的?(?:名字|姓名)[叫是])什么|\bwho\b|\bwhom\b|\bwhose\b"
        r"|which (?:person|man|woman|player|president|author|king|scientist)",
    ),
    (
        "place",
        r"哪里|哪儿|何处|何地|什么地方|哪个(?:城市|国家|地方|省|州|地区|市)|哪(?:国|座城)"
        r"|\bwhere\b|(?:which|what) (?:city|country|place|state|town|region|province|location)",
    ),
    (
        "definition",
        r"(?:是什么|什么是|是指什么|指的是什么|何谓|含义|定义)[?？。 ]*$|^什么是|何谓"
        r"|^what (?:is|are) (?:an? |the )?[\w-]+(?: [\w-]+){0,2}\??$|\bdefin(?:e|ition)|\bmeaning of",
    ),
    (
        "yes or no",
        r"是否|是不是|有没有|吗[?？]?$"
        r"|^(?:is|are|was|were|do|does|did|has|have|can|could|will|would)\b",
    ),
)
_COMPILED = tuple((kind, re.compile(pattern)) for kind, pattern in _PATTERNS)
_SIZE = re.compile(r"多大|规模|\bhow (?:large|big)\b|\bhow much of\b")
_AMOUNT = 100
# The size of these is an amount of money.
_FUNDS = re.compile(
    r"基金|市场|投资|补贴|预算|拨款|融资|\b(?:funds?|markets?|investments?|subsid|budgets?|incentives?)"
)
_REASON = re.compile(
    r"因为|由于|因此|所以|原因|为了|导致|因而|归因|从而|旨在"
    r"|because|due to|since|owing|therefore|in order to|as a result|cause|reason|so that|thus"
)
_DEFINITION = re.compile(
    r"是(?:一|指|由|以|用|对|在|为)|指的?是|即|称为|定义|属于"
    r"|\b(?:is|are|was|were) (?:an?|the|one)\b|refers? to|\bmeans\b|known as|defined"
)
_PLACE = re.compile(
    r"[省市县州国区镇村岛洲湾港]|位于|地处|在[\u4e00-\u9fff]{1,6}[省市县州国区]|\b(?:in|at|near|from|of) [A-Z]"
)


def answer_kind(question: str) -> AnswerKind:
    """The kind of answer a question asks for."""
    folded = fold(question).strip()
    return next((kind for kind, pattern in _COMPILED if pattern.search(folded)), "other")


def _is_large(quantity: Quantity) -> bool:
    return isinstance(quantity.value, Decimal) and abs(quantity.value) >= _AMOUNT


def holds(kind: AnswerKind, sentence: str, question: str) -> bool:
    """Whether a sentence holds something that could be the answer: of its kind, and not in the question already."""
    if kind in ("number", "date"):
        asked = {(q.kind, q.value) for q in read_quantities(question)}
        own = [q for q in read_quantities(sentence) if not q.weak and (q.kind, q.value) not in asked]
        dates = [q for q in own if q.kind in ("date", "year", "century", "decade", "time")]
        if kind == "date":
            return bool(dates)
        figures = [q for q in own if q not in dates]
        if _SIZE.search(fold(question)):  # "how large" and "how much of" ask for an amount, which "three phases" is not
            plain = not _FUNDS.search(fold(question))
            figures = [q for q in figures if q.kind in AMOUNTS or (plain and (q.unit or _is_large(q)))]
        return bool(figures)
    folded = fold(sentence)
    if kind == "reason":
        return bool(_REASON.search(folded))
    if kind == "definition":
        return bool(_DEFINITION.search(folded))
    if kind == "place":
        return bool(_PLACE.search(sentence) or _PLACE.search(folded))
    if kind == "person":
        return bool(new_names(question, sentence))
    return True
