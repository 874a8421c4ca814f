"""Follow-up questions in Chinese, either script: matched on folded characters, rewritten in the original ones."""

from __future__ import annotations

import re

from index.language import to_script
from rag.followup import Frame, common_start, other_year
from rag.followup.zh_frame import STEM, stem
from rag.followup.zh_words import (
    ASKS,
    COUNTED,
    EMPTY,
    LATIN,
    METRICS,
    OWNED,
    OWNED_AT,
    PARTS,
    PEOPLE,
    PLACES,
    STOPS,
    THING_NOUN,
    TIME,
    WHY,
    is_place,
    own_content,
    plain,
    tagged,
)

__all__ = ["rewrite"]

_LEAD = re.compile(
    r"^(?:那么|那|而|所以|还有|另外|然后|请问|好的?|嗯)[，, ]?(?!里|边|个|家|款|些|种|时|年|一|次|座|项|位|份|颗|条)"
)


def rewrite(question: str, before: Frame, tag: str) -> str:
    """The standalone form of a Chinese question, ``tag`` its script, or the identical string where it stands alone
    already."""
    core = question.strip().rstrip(STOPS)
    lead = _LEAD.match(plain(core))
    core = core[lead.end() :] if lead else core
    core = _with_year(core, before)
    if question.rstrip().endswith(("?", "？")) and _is_fragment(plain(core)):
        core += "呢"
    for rule in (_bare, _comparison, _contrast, _pronouns, _ownerless, _subjectless):
        found = rule(core, before)
        if found:
            return _asked(found, tag)
    return question


def _asked(text: str, tag: str) -> str:
    text = text.rstrip(STOPS)
    tail = next((tail for tail in _TAILS if text.endswith(tail)), "")
    return f"{text.removesuffix(tail)}{to_script(tail, tag)}？"


_OTHER_YEAR = re.compile(r"(?:^|(?<=[比和与跟较在那于]))(?:(?P<before>[前上]一年度?)|[后下]一年度?|次年度?)(?![会级])")


def _with_year(core: str, before: Frame) -> str:
    """A question in which 前一年 and the like, counted from the turn before, is that year; one that names a time of its
    own is left alone."""
    text = plain(core)
    found = _OTHER_YEAR.search(text)
    year = other_year(found, before.time)
    if found is None or not year or TIME.search(text):
        return core
    return f"{core[: found.start()]}{year}年{core[found.end() :]}"


_BARE = re.compile(
    rf"(?:这是|是)?(?:(?:{WHY})(?:会这样|这样)?|什么时候|何时|在?哪里|在哪|哪一?年|谁|多少|多久|怎么做到的?|原因(?:是什么)?|理由|依据是什么)(?:呢|啊|的)?"
)


def _bare(core: str, before: Frame) -> str:
    """A question word alone asks it of the whole question before."""
    return f"{before.question}，{core}" if _BARE.fullmatch(plain(core)) else ""


_COMPARED = re.compile(
    r"(?:比起|相比于?|相较于?|比|和|跟|与|同)([^，,]{1,24}?)(?:相比|比较|比起来|比)?(?:呢|如何|怎么样|怎样)"
)
_COMPARING = re.compile(
    r"(?:比起|相比|相较于?|比(?!例|较|重|特|亚)|较(?!大|小|高|低|长)|(?:和|跟|与).{1,24}?(?:有什么|有何|有哪些|的|是)(?:区别|不同|差异|差别|关系|同一|一样))"
)
_OVER_TIME = re.compile(rf"(?:比起|相比|相较于?|比|较)(?:{TIME.pattern}|同期|之前|以前)")


def _comparison(core: str, before: Frame) -> str:
    text = plain(core)
    compared = _COMPARED.fullmatch(text)
    if compared:
        other = core[compared.start(1) : compared.end(1)]
        return f"{before.question}，和{other}相比呢"
    if not before.referent or not _COMPARING.match(text):
        return ""
    # "比2023年涨了多少": what rose is the figure asked for before, not its owner.
    asked = stem(before.question)
    figure = asked != before.question and any(metric in plain(asked) for metric in METRICS)
    over_time = before.language != "en" and figure and _OVER_TIME.match(text)
    return f"{asked if over_time else before.referent}{core}"


_CONTRAST = re.compile(r"(?:在|对|就)?(.{1,24}?)(?:的话)?(?:呢|又如何|又怎么样|又怎样)")
_FRAGMENT = re.compile(r"[^，。,的是有在]{1,12}")


def _contrast(core: str, before: Frame) -> str:
    """``那X呢``: X takes the place of what is of its kind in the question before."""
    text = plain(core)
    match = _CONTRAST.fullmatch(text)
    if match is None and not (TIME.fullmatch(text) or (LATIN.fullmatch(text) and re.search(r"\d", text))):
        return ""
    span = match.span(1) if match else (0, len(text))
    other, folded = core[span[0] : span[1]], text[span[0] : span[1]]
    if ASKS.search(folded) or re.match(r"它|其|他|她|这|该|上述|此", folded):
        return ""
    owner = re.fullmatch(r"(.{2,20}?)的(.{1,10})", folded)
    if owner and owner.group(1) != plain(before.topic) and owner.group(2).endswith(tuple(OWNED)):
        whole = f"{before.topic}的{other}" if owner.group(1) in PARTS and before.topic else other
        return f"{whole}{_tail(owner.group(2))}"
    if before.language == "en":
        return f"{before.topic}的{other}{_tail(folded)}" if folded in OWNED else _other_language(other, before)
    return _swap_attribute(other, folded, before) or _swap_kind(other, folded, before)


def _is_fragment(text: str) -> bool:
    if not _FRAGMENT.fullmatch(text) or ASKS.search(text):
        return False
    return bool(TIME.fullmatch(text) or LATIN.fullmatch(text)) or all(w.tag[0] in "njmeb" for w in tagged(text))


def _other_language(other: str, before: Frame) -> str:
    return f"{before.question}（{other}）"


_TAILS = ("是谁", "在哪里", "是多少", "是什么")


def _tail(noun: str) -> str:
    if noun in PEOPLE:
        return "是谁"
    if noun in PLACES:
        return "在哪里"
    return "是多少" if noun in METRICS else "是什么"


def _swap_attribute(other: str, folded: str, before: Frame) -> str:
    if folded not in OWNED and not (len(folded) > 2 and OWNED_AT.search(folded) and folded.endswith(tuple(OWNED))):
        return ""
    text = plain(before.question)
    kind = _tail(folded)
    for match in OWNED_AT.finditer(text):
        if _tail(match.group()) == kind:
            return before.question[: match.start()] + other + before.question[match.end() :]
    if before.topic:
        time = before.time if before.time and before.time not in before.topic else ""
        return f"{before.topic}{time}的{other}{kind}"
    return f"{stem(before.question)}的{other}{kind}"


def _swap_kind(other: str, folded: str, before: Frame) -> str:
    question, text = before.question, plain(before.question)
    span = _same_kind(folded, text) or _counterpart(folded, before, text)
    if span:
        return question[: span[0]] + other + question[span[1] :]
    at = text.find(plain(before.topic)) + len(before.topic) if before.topic else 0
    return question[:at] + other + question[at:]


def _same_kind(folded: str, text: str) -> tuple[int, int] | None:
    """Where the question before holds a time, count, model name or place, when ``folded`` is one."""
    if TIME.fullmatch(folded):
        time = TIME.search(text)
        return time.span() if time else (0, 0) if not text else None
    if COUNTED.fullmatch(folded):
        same = [m for m in COUNTED.finditer(text) if m.group()[-1] == folded[-1]]
        return same[0].span() if same else None
    if LATIN.fullmatch(folded):
        names = list(LATIN.finditer(text))
        return max(names, key=lambda m: (common_start(m.group(), folded), -m.start())).span() if names else None
    words = tagged(folded)
    places = _places(text)
    if places and words and (all(word.tag == "ns" for word in words) or is_place(folded)):
        placed = [span for span in places if text[max(0, span[0] - 1) : span[0]] in ("在", "于", "到")]
        return (placed or places)[0]
    return None


def _places(text: str) -> list[tuple[int, int]]:
    """Where places stand, one within another (美国亚利桑那州) as one."""
    spans: list[tuple[int, int]] = []
    for word in tagged(text):
        if word.tag != "ns":
            continue
        if spans and spans[-1][1] == word.start:
            spans[-1] = (spans[-1][0], word.end)
        else:
            spans.append((word.start, word.end))
    return spans


_OBJECT = re.compile(r"(?:用于|用在|投入|投向|流向|给予?|对)(?!多少|什么)([^，的]{1,12}?)(?=的|$)")


def _counterpart(folded: str, before: Frame, text: str) -> tuple[int, int] | None:
    if TIME.fullmatch(folded):
        return None
    target = _OBJECT.search(text)
    if target and not ASKS.search(target.group(1)) and before.topic.startswith("《") and not folded.startswith("《"):
        return target.span(1)
    if before.topic:
        start = text.find(plain(before.topic))
        return start, start + len(before.topic)
    last = [word for word in tagged(text) if word.tag[0] in "nej" and word.text not in EMPTY | OWNED]
    return (last[-1].start, last[-1].end) if last else None


_ORGANISATION = r"(?:这|那|该|此|上述)(?:一?[家个间所])?(?:公司|企业|厂商|机构|集团|供应商|代工厂|大学|学校|银行|基金)"
_THING = rf"(?:这|那|该|此|上述|前述)(?:一?[款个种项部座台条颗类些份次本道])?(?:{THING_NOUN})"
_PRONOUN = re.compile(
    rf"(?P<org>{_ORGANISATION})|(?P<thing>{_THING})|(?P<person>他们|她们|(?<![其吉排利])他(?!国|人|乡)|她)"
    r"|(?P<it>它们|(?<!其)它|(?<![尤与极])其(?!他|它|中|实|余|次|间)|前者|后者|这(?=是|和|与|跟|会|对|有|种|意味|需|要)|此(?=[与和外]))"
)
_THEN = re.compile(r"当时|那时候?|那一?年|同年|当年|同期")
_THERE = re.compile(r"那里|那边|那儿|当地|这里")
_AMONG = re.compile(r"[其这那]中(?=有|的|哪|多少|几)")
_ASKS_PLACE = re.compile(r"在|哪[里儿]|何处|何地|什么地方|哪一?(?:个|座)?(?:城市|国家|地方|省|州|地区|市|国)")


def _names_place(before: Frame) -> bool:
    """Whether the turn before speaks of a place other than its topic, which "there" then means."""
    text = plain(before.question).replace(plain(before.topic), "，")
    return bool(_ASKS_PLACE.search(text)) or any(word.tag == "ns" for word in tagged(text))


def _pronouns(core: str, before: Frame) -> str:
    """Every pronoun without an antecedent of its own is replaced by what it means."""
    text = plain(core)
    out, position, changed = "", 0, False
    for match in _PRONOUN.finditer(text):
        meant = "" if _has_antecedent(text[: match.start()], _is_owner(match)) else _meaning(match, core, before)
        if meant:
            out = _put(out, core[position : match.start()], meant)
            position, changed = match.end(), True
    out = _put(out, core[position:])
    then = _THEN.search(plain(out))
    if then and before.time and not TIME.search(plain(out)):
        out, changed = out[: then.start()] + before.time + out[then.end() :], True
        return out if own_content(plain(core)) or changed and _PRONOUN.search(text) else before.topic + out
    there = _THERE.search(text)
    if there and there.group() != "当地" and not changed and before.topic and not _names_place(before):
        return _put(core[: there.start()], before.topic, core[there.end() :])
    if not changed and (there or _AMONG.match(text) or _PRONOUN.match(text)):
        return f"{before.question}，{core}"
    return out if changed else ""


def _put(*pieces: str) -> str:
    """The pieces as one text; a space keeps a Latin name from the figure behind it (Aurora-2 and 2024年)."""
    out = ""
    for piece in pieces:
        out += f" {piece}" if _WORDLIKE.match(out[-1:]) and _WORDLIKE.match(piece[:1]) else piece
    return out


_WORDLIKE = re.compile(r"[A-Za-z0-9]")


def _is_owner(match: re.Match[str]) -> bool:
    return match.group() == "其" or (match.lastgroup in ("it", "person") and match.string[match.end() :][:1] == "的")


def _has_antecedent(head: str, possessive: bool) -> bool:
    """Whether what stands before a pronoun in its own question can be what it means.

    An owner can be the subject of the same clause; anything else must stand in a clause or a pair before it.
    """
    if possessive or re.search(r"[，,；、和与跟]|的时候|说|认为|表示|声称|宣布|指出|透露", head):
        return bool(own_content(head))
    return False


def _meaning(match: re.Match[str], core: str, before: Frame) -> str:
    kind, text = match.lastgroup, match.group()
    if kind == "person" and text in ("他", "她"):
        return before.named if before.asks == "person" and before.named else before.topic
    if kind == "org":
        return (before.named if before.asks == "organisation" else "") or before.topic
    if kind == "thing" and re.match(r"上述|前述|这些|那些", text) and before.topic:
        noun = re.search(THING_NOUN, text)
        stem = STEM.sub("", plain(before.question))
        length = len(stem) if noun and stem and before.language != "en" else 0
        owner = before.question[:length] or before.topic
        return f"{owner}的{core[match.start() + (noun.start() if noun else 0) : match.end()]}"
    if kind == "person" and before.asks == "person":
        return before.topic or before.named
    return before.plural if text in ("它们", "他们") and before.plural else before.referent


_INSTANCE = re.compile(
    r"什么时候|何时|哪一?年|哪里|在哪|由谁|谁|多少|几|有什么|有哪些|有没有|多久|多大|多快|多高|吗|是否|哪些"
)
_MANNER = re.compile(r"如何|怎么|怎样|为什么|为何")
_LIGHT_VERBS = frozenset(
    "做 办 工作 运作 计算 实现 使用 用 运行 解决 解释 进行 发生 避免 申请 缓解 预防 治疗 应对".split()
)
_ORDINAL = re.compile(r"第[一二三四五六七八九十\d]+[座期代批款家条个](?=什么|何|多|在|是|有|的|由|会|将|能|目前|预计)")
_DEFINES = re.compile(r"什么(?:是|叫)|何谓|.*(?:是什么意思|指什么|的定义)")


def _ownerless(core: str, before: Frame) -> str:
    """A question whose every noun belongs to something it does not name gets the topic before it."""
    text = plain(core)
    topic = before.referent or (stem(before.question) if before.language != "en" else "")
    if not topic or len(text) > 30 or _DEFINES.match(text) or not ASKS.search(text):
        return ""
    if _ORDINAL.match(text) and before.language != "en":
        return f"{stem(before.question).removesuffix('了')}的{core}"
    if own_content(text):
        return ""
    owned = OWNED_AT.search(text)
    if owned and owned.group() in METRICS and re.fullmatch(r"(?:是|指)?什么", text[owned.end() :]):
        return ""
    if not owned and not _INSTANCE.search(text) and not _leans_on_manner(text, before):
        return ""
    joint = "的" if owned and OWNED_AT.match(text) or text.startswith(("最", "主要", "第")) and owned else ""
    # A figure is of the time that was spoken of.
    dated = owned and owned.group() in METRICS and before.time and not TIME.search(text)
    time = before.time if dated and before.time not in topic else ""
    time += "年" if re.fullmatch(r"\d{4}", time) else ""
    return f"{topic}{time}{joint}{core}"


_VERB_FIRST = re.compile(r"(?:适合|适用于?|支持|采用|用于|位于|拥有|属于|面向|针对)(?:多少|几|哪|什么|谁)")


def _subjectless(core: str, before: Frame) -> str:
    """``适合哪些用户``: a question that begins with its verb is asked of the topic before it."""
    return f"{before.referent}{core}" if before.referent and _VERB_FIRST.match(plain(core)) else ""


def _leans_on_manner(text: str, before: Frame) -> bool:
    if not _MANNER.search(text):
        return False
    verbs = {word.text for word in tagged(text) if word.tag[0] == "v"}
    return bool(verbs) and verbs <= {verb for verb in verbs if verb in _LIGHT_VERBS or verb in plain(before.question)}
