"""Does the evidence support the sentence? One scorer for answers and evaluation, offline, also across languages.

A claim that stands in its evidence word for word is supported. Otherwise figures, dates and reversed statements veto,
and a logistic model judges the rest from words, closeness of meaning and, where a language model is given, a probe of
what it holds of the claim after the evidence. Weights are fitted per direction and per set of models (``wenju bench
faithfulness`` measures them) and stored with the name of the embedding model they were fitted for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from index.language import Side, detect, is_chinese, side
from rag.verify.features import (
    Case,
    PassageEncoder,
    Signals,
    meaning_signals,
    word_signals,
)
from rag.verify.probe import ClaimReader, probe_signal
from rag.verify.text import is_verbatim, legible, plain
from rag.verify.weights import LogisticModel, fitted_encoder, stored_model

__all__ = [
    "THRESHOLD", "Case", "ClaimReader", "LogisticModel", "PassageEncoder", "Request", "Support", "Verifier", "cases_of",
    "direction", "judges", "stored_model",
]  # fmt: skip

THRESHOLD = 0.5  # scores are shifted in fitting so that this is the best cut of every direction
_SURE = 0.02  # scores this near to 0 or 1 by words and meaning alone stand: the language model is slow
_VETOED = 0.2  # a vetoed claim keeps this share of its score: below the threshold, still in order

Request = tuple[str, Sequence[str], str, str]
"""A claim, its evidence passages, the claim's language tag and the evidence's (empty: told for each passage)."""


@dataclass(frozen=True, slots=True)
class Support:
    """How surely evidence supports a claim, 0 to 1, and whether that is enough.

    ``reason`` is empty for a supported claim, else ``number``, ``date``, ``negation``, ``other document``,
    ``little overlap``, ``not stated``, ``no evidence`` or ``language`` (one that cannot be judged).
    """

    score: float
    supported: bool
    reason: str = ""

    def __post_init__(self) -> None:
        if not 0.0 <= self.score <= 1.0:
            raise ValueError(f"score must be 0 to 1, was: {self.score}")


def direction(case: Case) -> str:
    """What weights are kept by: ``zh>en`` for a Chinese claim on English evidence."""
    return f"{case.claim_side}>{case.evidence_side}"


def judges(language: str) -> bool:
    """Whether texts of a language can be judged: Chinese and what is written in Latin letters or without letters."""
    return is_chinese(language) or language in ("en", "und", "")


class Verifier:
    """Checks claims against evidence. ``encoder`` and ``model`` may be None: then words (and meaning) decide alone.

    ``encoder_name`` is the embedding model's, by default the encoder's own ``identity.name``; one that the weights were
    not fitted for is not asked. Safe to use from several threads when its parts are.
    """

    def __init__(
        self, encoder: PassageEncoder | None = None, model: ClaimReader | None = None, encoder_name: str = ""
    ) -> None:
        self._given = encoder
        self._encoder_name = encoder_name
        self._given_model = model

    @cached_property
    def _encoder(self) -> PassageEncoder | None:
        fitted = fitted_encoder()
        name = self._encoder_name or getattr(getattr(self._given, "identity", None), "name", fitted)
        return self._given if name == fitted else None

    @property
    def _model(self) -> ClaimReader | None:
        return self._given_model if self._encoder is not None else None

    @property
    def profile(self) -> str:
        """Which signals take part: ``words``, ``meaning`` (and words) or ``probe`` (and both)."""
        return "words" if self._encoder is None else "meaning" if self._model is None else "probe"

    def support(self, claim: str, evidence: Sequence[str], claim_language: str, evidence_language: str) -> Support:
        """Whether passages support a claim. Marks such as ``[1]`` and ``**`` are not part of the claim.

        With an empty ``evidence_language`` that of each passage is told from its text. Where they are of both sides,
        the one that supports the claim best decides; figures are looked for in all of them.
        """
        return self.supports([(claim, evidence, claim_language, evidence_language)])[0]

    def supports(self, requests: Sequence[Request]) -> list[Support]:
        """``support`` for many claims at once, in their order: texts are embedded together."""
        found = [_at_once(request) for request in requests]
        open_cases = [
            (place, case)
            for place, request in enumerate(requests)
            if found[place] is None
            for case in cases_of(request)
        ]
        signals = self.signals([case for _, case in open_cases])
        for (place, case), own in zip(open_cases, signals, strict=True):
            support, earlier = self._judge(case, own), found[place]
            if earlier is None or support.score > earlier.score:
                found[place] = support
        return [support for support in found if support is not None]

    def signals(self, cases: Sequence[Case]) -> list[Signals]:
        """The signals of words and meaning of each case; the language model's is asked for one by one."""
        found = [word_signals(case) for case in cases]
        if self._encoder is None or not cases:
            return found
        near = meaning_signals(cases, self._encoder, fitted_encoder())
        return [replace(own, values={**own.values, **more}) for own, more in zip(found, near, strict=True)]

    def _judge(self, case: Case, signals: Signals) -> Support:
        """A case by its words and meaning; the language model is asked where these leave it open."""
        quick = "words" if self._encoder is None else "meaning"
        score = stored_model(quick, direction(case)).score(signals.values)
        if self._model is not None and not signals.veto and _SURE < score < 1.0 - _SURE:
            values = {**signals.values, **probe_signal(case, signals, self._model)}
            score = stored_model("probe", direction(case)).score(values)
        if signals.veto:
            return Support(score * _VETOED, False, signals.veto)
        supported = score >= THRESHOLD
        return Support(score, supported, "" if supported else _reason(signals.values))


def _at_once(request: Request) -> Support | None:
    """What needs no signals: nothing to check, nothing to check it against, or a claim that stands there as it is."""
    _, evidence, claim_language, evidence_language = request
    if not (judges(claim_language) and judges(evidence_language)):
        return Support(0.0, False, "language")
    if not any(text.strip() for text in evidence):
        return Support(0.0, False, "no evidence")
    stands = is_verbatim(plain(legible(request[0])), [legible(text) for text in evidence])
    return Support(1.0, True) if stands else None


def cases_of(request: Request) -> list[Case]:
    """A request made ready: the claim without marks, with its passages of each side, all legible."""
    claim, evidence, claim_language, evidence_language = request
    claim, cited = legible(claim), tuple(legible(text) for text in evidence if text.strip())
    tags = [evidence_language or detect(text) for text in cited]
    # A text without letters (`H20`) is of no language: it is compared in the other's.
    told = [tag for tag in tags if tag != "und"] or [claim_language]
    claim_side = side(told[0] if claim_language in ("und", "") else claim_language)
    sides: dict[Side, list[str]] = {}
    for text, tag in zip(cited, tags, strict=True):
        sides.setdefault(claim_side if tag == "und" else side(tag), []).append(text)
    return [Case(plain(claim), tuple(texts), claim_side, name, cited) for name, texts in sides.items()]


def _reason(values: Mapping[str, float]) -> str:
    """What weighs most against a claim that no veto struck."""
    if values["best"] < 0.2:
        return "other document"
    if values["whole"] < 0.6:
        return "little overlap"
    return "negation" if values["reversed"] or values["opposed"] else "not stated"
