"""``wenju draft-cases``: cases drafted from a person's own documents, for that person to correct.

Sentences that state a figure, a date or a definition become questions in their own language, by rules
(``eval.drafting``), or by a chat model where one is configured. Every draft holds the sentence as its gold passage and
loads with ``read_cases``; its notes say ``draft``.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from eval.cases import Case, Gold
from eval.drafting import Question, question_of
from eval.examine import Knowledge
from eval.relevance import file_name
from index.errors import UsageError
from index.language import detect, resolve, sentences, side
from index.types import Document

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from rag.config import AnswerSettings

__all__ = ["Asker", "draft_cases", "write_cases"]

Asker = Callable[[str, str], Question | None]
"""A sentence and its language to a question about it, or None where it gives none."""

_SHORTEST, _LONGEST = 12, 300  # characters of a sentence that can stand alone


@dataclass(frozen=True, slots=True)
class _Draft:
    document: str
    sentence: str
    language: str
    question: Question


def draft_cases(
    knowledge: Knowledge,
    count: int,
    *,
    seed: int = 0,
    settings: AnswerSettings | None = None,
    model: BaseChatModel | None = None,
) -> list[Case]:
    """At most ``count`` drafts, as many of each document as there are, in a seeded choice.

    With a chat model (``model``, or the one ``settings`` name) the model asks, and the rules where it gives nothing.
    Raises ``UsageError`` where no sentence gives a question.
    """
    ask = _asker(settings, model)
    documents = [knowledge.document(item.id) for item in knowledge.documents()]
    queues = [_drafts(document, ask, seed) for document in sorted(documents, key=lambda d: (d.source, d.id))]
    chosen: list[_Draft] = []
    seen: set[str] = set()
    while queues and len(chosen) < count:
        for queue in list(queues):
            found = next((draft for draft in queue if draft.question.text not in seen), None)
            if found is None:
                queues.remove(queue)
            elif len(chosen) < count:
                seen.add(found.question.text)
                chosen.append(found)
    if not chosen:
        raise UsageError("no sentence of these documents states a figure, a date or a definition: write cases by hand")
    return _numbered(chosen)


def write_cases(cases: Sequence[Case]) -> str:
    """Cases as JSON lines in the documented form."""
    rows = []
    for case in cases:
        row = {key: value for key, value in asdict(case).items() if value not in ((), [], "")}
        rows.append(json.dumps({**row, "answerable": case.answerable}, ensure_ascii=False) + "\n")
    return "".join(rows)


def _drafts(document: Document, ask: Asker, seed: int) -> Iterator[_Draft]:
    """The drafts a document gives, in a seeded order, made only as they are asked for."""
    whole = [
        document.text[start:end]
        for section in document.sections
        if section.kind in ("paragraph", "list")
        for start, end in _spans(document.text, section.start, section.end)
    ]
    fitting = [sentence for sentence in dict.fromkeys(whole) if _SHORTEST <= len(sentence) <= _LONGEST]
    for sentence in sorted(fitting, key=lambda s: hashlib.sha256(f"{seed}\n{s}".encode("utf-8", "replace")).digest()):
        language = resolve(detect(sentence), document.language)
        question = ask(sentence, language)
        if question is not None:
            yield _Draft(file_name(document.source), sentence, language, question)


def _spans(text: str, start: int, end: int) -> list[tuple[int, int]]:
    return [(start + first, start + last) for first, last in sentences(text[start:end])]


def _numbered(drafts: Sequence[_Draft]) -> list[Case]:
    counts: Counter[str] = Counter()
    cases: list[Case] = []
    for draft in drafts:
        counts[draft.language] += 1
        cases.append(
            Case(
                id=f"draft-{draft.language}-{counts[draft.language]:03}",
                question=draft.question.text,
                language=draft.language,
                kind="single",
                answerable=True,
                gold=(Gold(draft.document, draft.sentence),),
                answer=draft.question.answer or draft.sentence,
                short_answers=(draft.question.short,),
                notes="draft",
            )
        )
    return cases


def _asker(settings: AnswerSettings | None, model: BaseChatModel | None) -> Asker:
    if model is None and settings is not None and settings.model:
        from rag.answer.chat_models import load_chat_model

        model = load_chat_model(settings)
    if model is None:
        return question_of
    asked = model
    return lambda sentence, language: _by_model(asked, sentence, language) or question_of(sentence, language)


def _by_model(model: BaseChatModel, sentence: str, language: str) -> Question | None:
    """The model's question, kept only where its short answer stands in the sentence, and not in the question."""
    import prompts
    from rag.cite import neutralise

    names = {"zh-Hans": "简体中文", "zh-Hant": "繁體中文", "en": "English"}
    messages = prompts.load("draft", side(language)).messages(sentence=neutralise(sentence), language=names[language])
    reply = str(model.invoke(messages).text)
    try:
        row = json.loads(reply[reply.index("{") : reply.rindex("}") + 1])
        text, short, answer = (row[key].strip() for key in ("question", "short_answer", "answer"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    usable = text and short and short in sentence and short not in text
    return Question(text, short, answer or sentence) if usable else None
