"""Follow-up questions in English: light rules over words, capitals and word order."""

from __future__ import annotations

import re

from rag.followup import Frame, common_start, other_year
from rag.followup.en_frame import AUXILIARIES, NAME, POSSESSIVE, PREPOSITIONS, TIME, WH, names

__all__ = ["rewrite"]

_LEAD = re.compile(r"^(?:and|but|so|ok|okay|also|then|well)\b,? +", re.IGNORECASE)
_ABOUT = re.compile(r"^(?:what|how) about +(.{1,60})$", re.IGNORECASE)
_BARE = re.compile(
    rf"(?:{WH})(?: (?:so|not|exactly|then|is that|is this|was that|else))?|in (?:which|what) year|since when|"
    r"until when|by how much|how (?:much|many|long|far|often|come|so)|by whom|for whom|for how long|from whom|"
    r"where exactly|why not",
    re.IGNORECASE,
)
_COMPARED = re.compile(
    r"^(?:compared|relative|versus|vs\.?|than|faster than|slower than|more than|less than|better than)\b", re.IGNORECASE
)
_OTHER_YEAR = re.compile(
    r"\b(?:(?P<before>the (?:year before|(?:previous|prior|preceding) year)|a year earlier)|"
    r"the (?:year after|(?:following|next) year)|a year later)(?=$|,)",
    re.IGNORECASE,
)
# "And what share for memory": another amount, asked without a verb.
_ANOTHER = re.compile(
    r"(?:(?:what|which) (?:share|percentage|percent|part|proportion|portion|fraction|amount|number|price|cost|rate|"
    rf"value|level|size|date|limit)|how (?:much|many)) (?:for|of|in|on|from|with) (?:(?!\b(?:{AUXILIARIES})\b).)+",
    re.IGNORECASE,
)


def rewrite(question: str, before: Frame) -> str:
    """The standalone form of an English question, or the identical string where it stands alone already."""
    core = question.strip().rstrip("?!. \t\n")
    lead = _LEAD.match(core)
    rest = _with_year(core[lead.end() :] if lead else core, before)
    marked = question.rstrip().endswith("?")
    for found in (
        _at_other_time(rest, before),
        _bare(rest, before),
        _contrast(rest, before, led=bool(lead) and marked),
        _event(rest, before),
        _pronouns(rest, before),
        _ownerless(rest, before),
        f"{before.question}, and {rest}" if lead and _ANOTHER.fullmatch(rest) and not names(rest) else "",
    ):
        if found:
            return found[0].upper() + found[1:].rstrip("?., ") + "?"
    return question


def _with_year(core: str, before: Frame) -> str:
    """A question in which "the year before" and the like, counted from the turn before, is that year; one that names a
    time of its own is left alone."""
    found = _OTHER_YEAR.search(core)
    year = other_year(found, before.time)
    if found is None or not year or TIME.search(core):
        return core
    head = core[: found.start()]
    return f"{head}{'' if not head or _PLACED.search(head) else 'in '}{year}{core[found.end() :]}"


_SAME_FIGURE = re.compile(
    rf"(?:what|how (?:much|many)) (?:is|was|are|were) (?:it|that|they|these) ((?:\w+ )?{TIME.pattern})", re.IGNORECASE
)
_ASKS_FIGURE = re.compile(r"(?:what (?:is|was|are|were)|how (?:much|many))\b", re.IGNORECASE)


def _at_other_time(core: str, before: Frame) -> str:
    """``What was it in 2022``: the figure of the question before."""
    same = _SAME_FIGURE.fullmatch(core)
    return _swap_time(same.group(1), before) if same and _ASKS_FIGURE.match(before.question) else ""


def _bare(core: str, before: Frame) -> str:
    if not _BARE.fullmatch(core) and not _COMPARED.match(core):
        return ""
    joint = ", " if _COMPARED.match(core) else ", and "
    return f"{before.question}{joint}{core[0].lower()}{core[1:]}"


def _contrast(core: str, before: Frame, led: bool) -> str:
    """``What about X``, ``And X``, ``And in 2024``, ``H200?``: X takes the place of what is of its kind."""
    same = _SAME_ASKED.fullmatch(core)
    if same and re.match(rf"how {same['how']}\b", before.question, re.IGNORECASE):
        return _swap_time(same["where"], before) or _swap_name(same["where"], before)
    about = _ABOUT.match(core)
    fragment = not re.search(rf"\b(?:{WH}|{AUXILIARIES})\b", core, re.IGNORECASE) and len(core.split()) <= 6
    alone = any(name.group() == core for name in names(core)) or bool(TIME.fullmatch(core))
    if not about and not (fragment and (led or alone or _PREPOSITION.match(core))):
        return ""
    other = about.group(1) if about else core
    if re.search(r"\b(?:it|them|they|that|this)\b", other):
        return ""
    return _swap_time(other, before) or _swap_attribute(other, before) or _swap_name(other, before)


_PREPOSITION = re.compile(rf"(?:{PREPOSITIONS}) ", re.IGNORECASE)
# "How many in Taiwan": as many of the same, elsewhere.
_SAME_ASKED = re.compile(
    rf"(?i:how (?P<how>many|much|long|often|far|large|big|high)) "
    rf"(?P<where>(?:{PREPOSITIONS}) (?:the )?(?:{NAME.pattern[2:]}|{TIME.pattern[2:]}))"
)
_PARTS_OF_PLACES = "mainland|northern|southern|eastern|western|central|greater|the"


def _swap_time(other: str, before: Frame) -> str:
    time = TIME.search(other)
    if not time or not re.fullmatch(r"(?:in|for|during|by|since|as of|at the end of)? *", other[: time.start()], re.I):
        return ""
    if before.time:
        return before.question.replace(before.time, time.group())
    return f"{before.question} {other if _PREPOSITION.match(other) else 'in ' + other}"


_ATTRIBUTE = re.compile(r"(?:the|its|their|his|her) ([a-z][\w ]{1,30}?)(?: (?:in|on|for) .+)?$")


def _swap_attribute(other: str, before: Frame) -> str:
    attribute = _ATTRIBUTE.match(other)
    if not attribute or names(other) or not before.topic:
        return ""
    return f"What is the {attribute.group(1)} of {before.topic}"


def _swap_name(other: str, before: Frame) -> str:
    preposition = _PREPOSITION.match(other)
    name = re.sub(r"^(?:the|a|an) ", "", other[preposition.end() :] if preposition else other, flags=re.IGNORECASE)
    if preposition:
        place = rf"\b{preposition.group().strip()} ((?:(?:{_PARTS_OF_PLACES}) )?{NAME.pattern[2:]})"
        same = re.search(place, before.question)
        if same:
            return before.question[: same.start(1)] + other[preposition.end() :] + before.question[same.end(1) :]
        return f"{before.question} {other}"
    known = names(before.question)
    bare_topic = re.sub(r"^(?:the|a|an) ", "", before.topic, flags=re.IGNORECASE)
    best = max(known, key=lambda m: (common_start(m.group(), name), m.group() == bare_topic, m.start()), default=None)
    old = POSSESSIVE.sub("", best.group()) if best else bare_topic
    if not old:
        return f"{before.question}, and {other}"
    at = before.question.find(old)
    return before.question[:at] + name + before.question[at + len(old) :]


_EVENT = re.compile(
    rf"^({WH}|how long|in what year|in which year) (?:{AUXILIARIES}) (?:this|that|it|these things) "
    r"(?:happen(?:ing)?|take place|occur|work|come about|be done)\b *",
    re.IGNORECASE,
)
_CLAUSE = re.compile(rf"^(?:{WH}|how (?:much|many|long))(?: [\w-]+)?? ((?:{AUXILIARIES}) .+)$", re.IGNORECASE)


def _event(core: str, before: Frame) -> str:
    """``When did that happen``: the other question word asked of the same clause."""
    event = _EVENT.match(core)
    clause = _CLAUSE.match(before.question) if event else None
    return f"{event.group(1)} {clause.group(1)} {core[event.end() :]}" if event and clause else ""


_FIRMS = "company|firm|supplier|manufacturer|foundry|organi[sz]ation|agency"
_THINGS = (
    "chip|card|product|law|act|rule|regulation|policy|machine|process|technology|country|city|device|treaty|deal|"
    "agreement|report|project|plant|fab|factory|model|disease|drug"
)
_BEFORE_THAT = ("is", "do", "does", "about", "of", "than", "cover", "to", "like", "with")
_AFTER_THAT = "and|or|in|on|for|as|too|also|apply|mean|cost|work|affect|change|compare|differ"
_THAT = "|".join(rf"(?<=\b{word} )" for word in _BEFORE_THAT)
_PRONOUN = re.compile(
    rf"\b(?P<org>(?:the|that|this) (?:{_FIRMS})(?P<of>['’]s)?(?= |$|,))"
    rf"|\b(?P<thing>(?:that|this|these|those|the said) (?:{_FIRMS}|{_THINGS})s?)\b"
    r"|\b(?P<own>its|their|his|her(?= [a-z]))\b|\b(?P<person>he|she|him)\b|\b(?P<they>they|them)\b|\b(?P<it>it)\b"
    rf"|(?P<that>(?:{_THAT})(?:that|this)(?=$| (?:{_AFTER_THAT})\b))",
    re.IGNORECASE,
)
_EXPLETIVE = re.compile(
    r"\b(?:does|did|will|would|can|do) it (?:take|cost .* to|matter|make sense|happen|rain|snow|seem)\b"
    r"|\b(?:is|was|would|will|isn't) it (?:be )?(?:\w+ )?(?:legal|illegal|possible|true|likely|necessary|important|"
    r"safe|better|hard|easy|difficult|allowed|raining|worth|common|ok|okay|expensive to|cheap to|time)\b"
    r"|\bwhat time is it\b|\bis it called when\b|\bdoes it mean (?:for|to|when|if|that)\b"
    r"|\bit (?:is|was) (?:\w+ )?(?:to|that)\b",
    re.IGNORECASE,
)


def _pronouns(core: str, before: Frame) -> str:
    if _EXPLETIVE.search(core):
        return ""
    out, position, owner = "", 0, ""
    for match in _PRONOUN.finditer(core):
        # "the company … it": the thing that was asked for, where the company was not.
        other = bool(owner) and match.lastgroup == "it" and before.asks == "thing" and before.named
        if not other and _has_antecedent(core[: match.start()], match.lastgroup == "own"):
            continue
        meant = before.named if other else _meaning(match, before)
        owner = owner or (meant if match.lastgroup in ("org", "of") else "")
        if meant:
            out += core[position : match.start()] + meant
            position = match.end()
    return out + core[position:] if position else ""


_PLACED = re.compile(r"(?:in|at|from|to|since|by) $")
_OWN_SUBJECT = re.compile(
    rf"^(?:(?:which|what|how many) (?!(?:{AUXILIARIES}|of|about|if)\b)|who (?!(?:{AUXILIARIES})\b))", re.IGNORECASE
)


def _has_antecedent(head: str, owner: bool) -> bool:
    """Whether what a pronoun means stands before it in its question: a name, the noun asked for, or a long clause."""
    if owner and _OWN_SUBJECT.match(head):
        return True
    if any(not _PLACED.search(head[: name.start()]) for name in names(head)) or len(head.split()) > 5:
        return True
    return bool(re.search(r"\b(?:a|an|the) [a-z]+.*\b(?:and|when|if|because|that|which)\b", head))


# Of a person whose name the answer gives in Chinese, their role is said: "the head of the fund".
_WHO_IS = re.compile(r"who (?:is|was) (the [\w&.,'’ -]{3,80})$", re.IGNORECASE)


def _meaning(match: re.Match[str], before: Frame) -> str:
    kind = match.lastgroup if match.lastgroup != "of" else "org"
    asked = before.named if before.asks else ""
    if kind == "org":
        meant = (before.named if before.asks == "organisation" else "") or before.topic or asked
        return _possessive(meant) if meant and match.group("of") else meant
    if kind == "person":
        described = _WHO_IS.match(before.question)
        role = described.group(1) if described else before.topic
        return before.named if before.asks == "person" and before.named else role
    if kind == "they":
        return before.plural or before.referent
    meant = _referent(before)
    return _possessive(meant) if kind == "own" and meant else meant


def _referent(before: Frame) -> str:
    """``it``: the thing that was asked for; a question of who asks for a person, so ``it`` is then its topic."""
    if before.asks == "person":
        return before.topic or before.named
    return before.referent


def _possessive(name: str) -> str:
    return f"{name}'" if name.endswith("s") else f"{name}'s"


_OWNERLESS = re.compile(
    r"^(what|where|who|when|how much|how many)(?: exactly)? (is|are|was|were) the ([a-z]+(?: [a-z]+)?)"
    r"((?: (?:in|for|on|at) .+)?)$",
    re.IGNORECASE,
)
_OWNED = frozenset(
    """
    price cost revenue profit margin headquarters capacity yield bandwidth memory power ceo chairman founder deadline
    penalty penalties goal purpose reason advantages disadvantages benefits drawbacks risks exceptions population fare
    customers suppliers budget size weight speed
    """.split()
) | {"power consumption", "effective date", "release date", "market share", "main customers", "chief executive"}


def _ownerless(core: str, before: Frame) -> str:
    """``What is the price``: a noun that belongs to something gets the topic before it as its owner."""
    match = _OWNERLESS.match(core)
    if not match or match.group(3).lower() not in _OWNED or not before.topic:
        return ""
    return f"{match.group(1)} {match.group(2)} the {match.group(3)} of {_referent(before)}{match.group(4)}"
