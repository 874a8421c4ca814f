"""An English turn taken apart: what it is about, and the name its answer gives."""

from __future__ import annotations

import re

from index.language import sentences
from rag.cite import split_marks
from rag.followup import Asks, Frame

__all__ = ["AUXILIARIES", "NAME", "POSSESSIVE", "PREPOSITIONS", "TIME", "WH", "frame", "names"]

AUXILIARIES = r"is|are|was|were|does|do|did|has|have|had|can|could|will|would|should|may|might|must"
WH = r"what|which|who|whom|whose|when|where|why|how"
_MONTH = "January|February|March|April|May|June|July|August|September|October|November|December"
TIME = re.compile(
    rf"\b(?:(?:(?:{_MONTH}) (?:\d{{1,2}},? )?)?(?:19|20)\d\d|Q[1-4](?: (?:19|20)\d\d)?|"
    r"(?:last|this|next) (?:year|quarter|month|week)|today|yesterday)\b"
)
_WORD = r"[A-Z0-9][\w&.+'’-]*"
# A run of capitalised words or model numbers, small joining words inside it allowed: "Bank of China", "CHIPS Act".
NAME = re.compile(rf"\b{_WORD}(?:(?: (?:of|for|and the|de|&))? {_WORD})*")
POSSESSIVE = re.compile(r"['’]s?$")
_NOT_NAMES = frozenset(
    {"I", "A", "An", "The", "In", "On", "At", "It", "Its", "They", "And", "But", "So", "If", "For", "Also", "Yes", "No"}
)
_DETERMINER = r"the|a|an|its|their|our|this|that|these|those"
PREPOSITIONS = r"of|in|on|at|for|from|to|by|with|as|into|over|under|per|since|until|during|about|between|than"
_FIRST = re.compile(
    rf"(?:{WH}|{AUXILIARIES}|and|but|so|in|at|on|for|from|by|to|tell|explain|describe)\b", re.IGNORECASE
)


def names(text: str) -> list[re.Match[str]]:
    """The proper names of a question, not counting its capitalised first word, times, or bare numbers."""
    found = []
    for match in NAME.finditer(text):
        name = match.group()
        opens = match.start() == 0 and (_FIRST.match(name) or name.split()[0] in _NOT_NAMES)
        if not opens and name not in _NOT_NAMES and not TIME.fullmatch(name) and re.search(r"[A-Z]", name):
            found.append(match)
    return found


def frame(question: str, answer: str, language: str) -> Frame:
    """The frame of an English turn; see ``rag.followup.Frame``."""
    question = question.strip().rstrip("?!. \t\n")
    asks = _asked_kind(question)
    time = TIME.search(question)
    return Frame(
        question=question,
        language=language,
        topic=_topic(question),
        asks=asks,
        named=_named(question, answer) if asks else "",
        time=time.group() if time else "",
        plural=_plural(question),
    )


_FIRMS = "company|firm|supplier|foundry|manufacturer|maker|organi[sz]ation|agency|university|bank|vendor|customer"
_PEOPLE = (
    "ceo|cto|cfo|chief|head|founder|president|chair(?:man|woman|person)?|manager|director|author|inventor|engineer"
)
_ASKED_NAMES: tuple[tuple[re.Pattern[str], Asks], ...] = (
    (
        re.compile(
            rf"\b(?:which|what) (?:\w+ )?(?:{_FIRMS}|companies|firms|foundries)\b|"
            rf"^what (?:is|was) the (?:\w+ )?(?:{_FIRMS})\b.* (?:called|named)$",
            re.IGNORECASE,
        ),
        "organisation",
    ),
    (
        re.compile(
            r"^(?:and |so )?who\b|\bwhich person\b|"
            rf"^what (?:is|was) (?:the|its|their) (?:{_PEOPLE})\b.* (?:called|named)$",
            re.IGNORECASE,
        ),
        "person",
    ),
    (
        re.compile(
            r"\b(?:which|what) (?:\w+ )?(?:chip|product|model|law|act|rule|policy|material|country|city|state|"
            r"machine|card|gpu|processor|technology|drug|book|treaty|agreement|process)\b"
            rf"|^what (?:is|was|are|were) (?!.*\b(?:{_PEOPLE})\b)(?!.*\b(?:{_FIRMS})\b).{{3,80}} (?:called|named)$",
            re.IGNORECASE,
        ),
        "thing",
    ),
)


def _asked_kind(question: str) -> Asks:
    return next((kind for pattern, kind in _ASKED_NAMES if pattern.search(question)), "")


def _topic(question: str) -> str:
    """What a question is about: ``TSMC`` in "What was TSMC's revenue", ``the H100`` in "does the H100 have"."""
    possessive = re.search(rf"\b({_WORD}(?: {_WORD})*)['’]s\b", question)
    if possessive and possessive.start() > 0:
        return possessive.group(1)
    owner = re.search(rf"\b(?:is|are|was|were) (?:{_DETERMINER}) [\w -]{{2,40}}? of ((?:the )?[\w&.+' -]+)", question)
    if owner:
        return _noun_phrase(owner.group(1))
    subject = re.search(rf"\b(?:{AUXILIARIES}) (.+)$", question, re.IGNORECASE)
    phrase = _noun_phrase(subject.group(1)) if subject else ""
    if phrase:
        return phrase
    known = names(question)
    return known[-1].group() if known else ""


_VERBISH = re.compile(r"\w+(?:ed|ing)|made|used|built|sold|known|called|works?|means?|costs?|have|take|form")
# Common nouns that go on with a name: "the CHIPS Act" needs none, "the N5 process" does.
_HEAD_NOUN = re.compile(
    r" (?:process|node|card|chip|rules?|act|law|memory|fab|dynasty|empire|company|university)\b(?= )"
)
_NO_TOPIC = re.compile(rf"(?:{_DETERMINER}|it|they|there|he|she|you|we|i)?", re.IGNORECASE)


def _noun_phrase(text: str) -> str:
    """The noun phrase at the start of a text, article included, up to its verb or preposition; may be empty."""
    name = re.match(rf"(?:(?:the|a|an) )?{NAME.pattern[2:]}", text)
    if name:
        noun = _HEAD_NOUN.match(text, name.end())
        phrase = name.group() + (noun.group() if noun else "")
        return "" if TIME.fullmatch(phrase) else phrase
    kept: list[str] = []
    for word in text.split()[:6]:
        if re.fullmatch(PREPOSITIONS, word) or (kept and _VERBISH.fullmatch(word)):
            break
        kept.append(word)
    phrase = " ".join(kept[:5]).strip(" ,.")
    return "" if _NO_TOPIC.fullmatch(phrase) else phrase


def _named(question: str, answer: str) -> str:
    """The name that the first sentence of an answer gives to a question that asked for one; may be empty."""
    spans = sentences(answer)
    first = split_marks(answer[spans[0][0] : spans[0][1]])[0] if spans else ""
    for match in NAME.finditer(first):
        name = POSSESSIVE.sub("", match.group().rstrip(".,"))
        known = name in _NOT_NAMES or name.lower() in question.lower() or TIME.fullmatch(name)
        if not known and re.search(r"[A-Z]", name):
            return re.sub(r"^(?:The|A|An) ", "", name)
    return ""


def _plural(question: str) -> str:
    """What ``they`` means after "How many N does S have" (S's N) or "Which N apply to X" (the N that apply to X)."""
    had = re.match(
        r"(?:how many|which|what) ([\w -]+?s) (?:does|do|did) (.+?) (?:have|own|make|offer|employ)\b", question, re.I
    )
    if had:
        owner = had.group(2)
        return f"{owner}{'’' if owner.endswith('s') else '’s'} {had.group(1)}"
    did = re.match(rf"(?:which|what) ((?:[\w-]+ )?[\w-]+s) (?!(?:{AUXILIARIES}|of)\b)([a-z]+ .+)", question, re.I)
    return f"the {did.group(1)} that {did.group(2)}" if did else ""
