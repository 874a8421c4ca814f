"""Citation recall and precision by the rule of ALCE (Gao et al. 2023, "Enabling LLMs to generate text with citations").

Recall: the sentences whose cited passages, read together, support them, over all sentences. Precision: the citations
that are needed, over all citations; one is needed where its sentence is supported and it supports the sentence alone or
the others do not support it without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

__all__ = ["CitationScores", "CitedSentence", "Supports", "citation_scores"]

Supports = Callable[[str, str], bool]
"""Whether an evidence text (first) supports a sentence (second)."""


@dataclass(frozen=True, slots=True)
class CitedSentence:
    """A sentence without its marks, and the texts of the passages it cites."""

    text: str
    passages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CitationScores:
    """Counts, which add up over answers."""

    sentences: int = 0
    supported: int = 0
    citations: int = 0
    needed: int = 0

    def __add__(self, other: CitationScores) -> CitationScores:
        return CitationScores(
            self.sentences + other.sentences,
            self.supported + other.supported,
            self.citations + other.citations,
            self.needed + other.needed,
        )

    @property
    def recall(self) -> float:
        """Supported sentences over sentences, 0.0 without any."""
        return self.supported / self.sentences if self.sentences else 0.0

    @property
    def precision(self) -> float:
        """Needed citations over citations, 0.0 without any (as ALCE has it)."""
        return self.needed / self.citations if self.citations else 0.0


def citation_scores(sentences: Iterable[CitedSentence], supports: Supports) -> CitationScores:
    """The counts over the sentences of an answer; ``supports`` is asked once or a few times a sentence."""
    total = CitationScores()
    for sentence in sentences:
        total += _of_sentence(sentence.text, list(dict.fromkeys(sentence.passages)), supports)
    return total


def _of_sentence(text: str, passages: list[str], supports: Supports) -> CitationScores:
    if not passages or not supports("\n".join(passages), text):
        return CitationScores(sentences=1, citations=len(passages))
    needed = sum(_is_needed(text, position, passages, supports) for position in range(len(passages)))
    return CitationScores(sentences=1, supported=1, citations=len(passages), needed=needed)


def _is_needed(text: str, position: int, passages: list[str], supports: Supports) -> bool:
    if len(passages) == 1 or supports(passages[position], text):
        return True
    return not supports("\n".join(passages[:position] + passages[position + 1 :]), text)
