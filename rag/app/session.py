"""What one browser session holds: its exchanges and the passage it looks at. Kept per session, never shared."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rag.app.text import WORDS, Words
from rag.types import Answer, Citation, Sentence

__all__ = ["Conversation", "Exchange", "Focus", "Voice", "evidence"]


@dataclass(slots=True)
class Voice:
    """The interface language of one session. The one value that changes in place: an answer that is still on its
    way goes on in the language chosen meanwhile."""

    tag: str = "en"

    @property
    def words(self) -> Words:
        """What the page says in it."""
        return WORDS[self.tag]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question and what came of it so far.

    ``stage`` is the running step's name, empty once the work has ended; ``error`` is one line, empty if all went
    well; ``stopped`` says that the person ended it.
    """

    question: str
    stage: str = ""
    sentences: tuple[Sentence, ...] = ()
    answer: Answer | None = None
    error: str = ""
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Conversation:
    """The exchanges of one browser tab, oldest first."""

    exchanges: tuple[Exchange, ...] = ()

    @property
    def running(self) -> bool:
        """Whether the last exchange is still on its way."""
        return bool(self.exchanges and self.exchanges[-1].stage)

    @property
    def history(self) -> list[Answer]:
        """The finished answers, oldest first."""
        return [exchange.answer for exchange in self.exchanges if exchange.answer is not None]

    def begin(self, question: str) -> Conversation:
        """With a new exchange at the end, searching; one that was still running counts as stopped."""
        return Conversation((*self.stop().exchanges, Exchange(question, stage="searching")))

    def update(self, exchange: Exchange) -> Conversation:
        """With the last exchange replaced."""
        return Conversation((*self.exchanges[:-1], exchange))

    def stop(self) -> Conversation:
        """With the running exchange ended where it stands; unchanged when nothing runs."""
        if not self.running:
            return self
        return self.update(replace(self.exchanges[-1], stage="", stopped=True))


@dataclass(frozen=True, slots=True)
class Focus:
    """Which evidence is open: passage ``number`` of exchange ``turn``; number 0 is the list, turn -1 nothing."""

    turn: int = -1
    number: int = 0

    def answer(self, conversation: Conversation) -> Answer | None:
        """The answer it points into, or None where there is none."""
        if not 0 <= self.turn < len(conversation.exchanges):
            return None
        return conversation.exchanges[self.turn].answer

    def citation(self, conversation: Conversation) -> Citation | None:
        """The passage it points at, or None for the list and for what the conversation does not hold."""
        answer = self.answer(conversation)
        items = evidence(answer) if answer else ()
        return next((item for item in items if item.number == self.number), None)


def evidence(answer: Answer) -> tuple[Citation, ...]:
    """The passages to show beside an answer: those it cites, or for a refusal the related ones, numbered from 1."""
    if not answer.refused:
        return answer.citations
    return tuple(
        Citation(
            number,
            passage.document_id,
            passage.title,
            passage.source,
            passage.page,
            passage.start,
            passage.end,
            passage.text,
            passage.language,
        )
        for number, passage in enumerate(answer.related, 1)
    )
