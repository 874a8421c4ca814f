"""What the support of a claim is judged by: one row of figures for a claim and its evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from index.dense import centre, stored_means
from index.language import Side
from rag.verify.figures import figures
from rag.verify.overlap import WINDOW, Overlap, crossing, native
from rag.verify.polarity import opposed, polarity, reversed_words
from rag.verify.text import claim_sentences, read, search_words, speaks

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float32]

__all__ = ["Case", "PassageEncoder", "Signals", "meaning_signals", "word_signals"]

_ALIKE = 0.5  # share of a claim's words in one sentence


class PassageEncoder(Protocol):
    """What verification needs of an embedding model."""

    def encode_passages(self, texts: Sequence[str]) -> Matrix:
        """Unit vectors, float32, shape (len(texts), dimension)."""


@dataclass(frozen=True, slots=True)
class Case:
    """A claim without its marks, the passages of one side that it rests on, and the sides of both.

    ``cited`` are all its passages, of either side: any of them may state its figures.
    """

    claim: str
    evidence: tuple[str, ...]
    claim_side: Side
    evidence_side: Side
    cited: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All the evidence."""
        return "\n".join(self.evidence)

    @property
    def crosses(self) -> bool:
        """Whether claim and evidence are in different languages."""
        return self.claim_side != self.evidence_side


@dataclass(frozen=True, slots=True)
class Signals:
    """The figures by name, the veto (a reason, or empty), and the evidence sentences nearest by words."""

    values: dict[str, float]
    veto: str
    window: tuple[int, int]


def word_signals(case: Case) -> Signals:
    """Words, numbers and polarity: no model is used."""
    evidence = read(case.text)
    overlap = _overlap(case)
    weakest = min((_overlap(part).whole for part in _parts(case)), default=overlap.whole)
    stated = figures(case.claim, case.cited or case.evidence, case.crosses)
    claim = polarity(case.claim)
    window = polarity("\n".join(evidence.sentences[slice(*overlap.window)]))
    whole = polarity(case.text)
    turned = frozenset() if case.crosses else reversed_words(claim, window, whole)
    against = opposed(claim, window, crosses=case.crosses)
    values = {
        "whole": overlap.whole,
        "best": overlap.best,
        "single": overlap.single,
        "weakest": weakest,
        "pairs": overlap.pairs,
        "names": overlap.names,
        "letters": overlap.letters,
        "near letters": overlap.near_letters,
        "figures": min(stated.missing, 3) / 3.0,
        "stated figures": float(stated.stated > 0 and not stated.missing),
        "speaker": float(speaks(case.claim, case.text)),
        "reversed": float(len(turned) > 0),
        "opposed": float(len(against) > 0),
        "negation added": float(claim.negates and not window.tinged),
        "negation lost": float(window.negates and not claim.tinged),
    }
    return Signals(values, stated.veto or _reversal(values), overlap.window)


def _reversal(values: Mapping[str, float]) -> str:
    """The veto of a claim that turns round what its evidence says; opposites count in what is otherwise alike."""
    alike = values["single"] >= _ALIKE
    return "negation" if values["reversed"] or values["negation added"] or (values["opposed"] and alike) else ""


def _overlap(case: Case) -> Overlap:
    if case.crosses:
        return crossing(case.claim, case.claim_side, read(case.text), case.evidence_side)
    return native(case.claim, read(case.text))


def _parts(case: Case) -> list[Case]:
    """A claim's sentences as claims of their own; none for a claim of one."""
    pieces = [piece for piece in claim_sentences(case.claim) if len(set(search_words(piece))) > 1]
    return [replace(case, claim=piece) for piece in pieces] if len(pieces) > 1 else []


def meaning_signals(cases: Sequence[Case], encoder: PassageEncoder, model: str) -> list[dict[str, float]]:
    """Closeness of meaning of each claim and the sentences of its evidence, the mean of each language removed.

    A window's vector is the sum of its sentences', so that every text is embedded once.
    """
    import numpy as np

    texts = list(dict.fromkeys(text for case in cases for text in (case.claim, *read(case.text).sentences)))
    vectors = encoder.encode_passages(texts)
    rows = {text: row for row, text in enumerate(texts)}
    means = stored_means(model, vectors.shape[1]).passages
    found = []
    for case in cases:
        claim = centre(vectors[[rows[case.claim]]], means[case.claim_side])[0]
        own = centre(vectors[[rows[text] for text in read(case.text).sentences]], means[case.evidence_side])
        cosines = own @ claim
        windows = [cosines]
        for length in range(2, min(WINDOW, len(own)) + 1):
            sums = np.array([own[i : i + length].sum(axis=0) for i in range(len(own) - length + 1)])
            windows.append((sums @ claim) / np.maximum(np.linalg.norm(sums, axis=1), 1e-12))
        found.append(
            {
                "meaning": float(max(window.max(initial=-1.0) for window in windows)),
                "sentence meaning": float(cosines.max(initial=-1.0)),
            }
        )
    return found
