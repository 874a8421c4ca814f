"""From rows to figures: each with its 95 % interval and the number of cases it rests on, over all and by group.

Refused, empty and failed cases are counted beside the measures, never folded into them: a measure's ``n`` says over how
many cases (for faithfulness and citations: claims, sentences or citations) it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from eval.intervals import balanced_accuracy_interval, bootstrap, bootstrap_mean, wilson
from eval.metrics import balanced_accuracy, latency
from eval.relevance import DEPTH
from eval.row import STATES, Row

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["MEASURES", "Summary", "summarise"]

MEASURES: Mapping[str, str] = {
    "hit@1": "answerable questions whose first passage holds a gold passage",
    "hit@5": "answerable questions with a gold passage among the first five",
    "mrr@10": "mean of 1 / rank of the first gold passage, answerable questions",
    "ndcg@10": "nDCG of the first ten passages, answerable questions",
    "faithfulness": "claims of answers that the passages they cite support",
    "citation_recall": "sentences that their citations, read together, support (ALCE)",
    "citation_precision": "citations that are needed (ALCE)",
    "contains": "answers to answerable questions that hold what the case asks for",
    "exact": "answers to answerable questions that are a reference answer",
    "f1": "token F1 with the reference answer: words in English, characters in Chinese",
    "success": "answerable questions that were answered, with an answer that holds what the case asks for",
    "refusal_precision": "refusals that were right",
    "refusal_recall": "unanswerable questions that were refused",
    "refusal_balanced_accuracy": "mean of the shares decided rightly among answerable and unanswerable questions",
    "answer_rate": "questions that got an answer",
    "language_match": "answers whose own words are in the language and script of the question",
}
"""Every measure and what it is the share or mean of. All are from 0 to 1, and higher is better."""

_OF_ROW = ("hit@1", "hit@5", "mrr@10", "ndcg@10", "contains", "exact", "f1", "language_match")
_CURVE_POINTS = 41

Summary = dict[str, Any]


def summarise(rows: Sequence[Row], seed: int = 0) -> Summary:
    """``{"all": group, "languages": {tag: group}, "directions": {"zh-Hans>en": group}, "kinds": {kind: group},
    "retrieval_curves": …, "refusal_curve": …, "refusal_threshold": …}``; ``eval.report`` has the form of a group."""
    return {
        "all": _group(rows, seed),
        "languages": _groups(rows, lambda row: row.language, seed),
        "directions": _groups(rows, lambda row: row.direction, seed),
        "kinds": _groups(rows, lambda row: row.kind, seed),
        "retrieval_curves": _retrieval_curves(rows),
        "refusal_curve": _refusal_curve(rows),
        "refusal_threshold": _refusal_threshold(rows),
    }


def _groups(rows: Sequence[Row], key: Callable[[Row], str], seed: int) -> Summary:
    found: dict[str, list[Row]] = {}
    for row in rows:
        if key(row):
            found.setdefault(key(row), []).append(row)
    return {name: _group(members, seed) for name, members in sorted(found.items())}


def _group(rows: Sequence[Row], seed: int) -> Summary:
    counts = {"total": len(rows)} | {state: sum(row.state == state for row in rows) for state in STATES}
    counts["answerable"] = sum(row.answerable for row in rows)
    claims = [claim for row in rows for claim in row.claims]
    judged = {True: "supported", False: "unsupported", None: "not_scored"}
    times = [row.milliseconds for row in rows if row.milliseconds is not None]
    measures = {name: _of_rows(rows, name, seed) for name in _OF_ROW}
    measures |= _of_claims(rows, seed) | _of_decisions(rows, seed)
    return {
        "counts": counts,
        "claims": {name: sum(claim.supported is value for claim in claims) for value, name in judged.items()},
        "measures": {name: measures[name] for name in MEASURES},
        "latency_ms": {name: round(value, 1) for name, value in latency(times).items()} if times else None,
    }


# --- measures --------------------------------------------------------------------------------------------------------


def _of_rows(rows: Sequence[Row], name: str, seed: int) -> Summary:
    found = [(value, row.cluster) for row in rows if (value := row.measure(name)) is not None]
    return _mean([value for value, _ in found], [cluster for _, cluster in found], seed)


def _of_claims(rows: Sequence[Row], seed: int) -> Summary:
    scored = [(float(c.supported), row.cluster) for row in rows for c in row.claims if c.supported is not None]
    clusters = [row.cluster for row in rows]
    sentences, supported, citations, needed = ([row.citations[i] for row in rows] for i in range(4))
    return {
        "faithfulness": _mean([value for value, _ in scored], [cluster for _, cluster in scored], seed),
        "citation_recall": _ratio(supported, sentences, clusters, seed),
        "citation_precision": _ratio(needed, citations, clusters, seed),
    }


def _of_decisions(rows: Sequence[Row], seed: int) -> Summary:
    """Refusal and answering, over the rows that did not fail; an empty answer is neither."""
    whole = [row for row in rows if row.state != "failed"]

    def share(members: Sequence[Row], holds: Callable[[Row], bool]) -> Summary:
        return _mean([float(holds(row)) for row in members], [row.cluster for row in members], seed)

    refused = [row for row in whole if row.state == "refused"]
    answerable = [row for row in rows if row.answerable]
    # A case that does not say what an answer must hold tells nothing here, whatever became of it.
    told = [row for row in answerable if row.checked]
    return {
        "refusal_precision": share(refused, lambda row: not row.answerable),
        "refusal_recall": share([row for row in whole if not row.answerable], lambda row: row.state == "refused"),
        "refusal_balanced_accuracy": _balanced(whole, seed),
        "answer_rate": share(whole, lambda row: row.state == "scored"),
        "success": share(told, lambda row: row.measure("contains") == 1.0),
    }


def _balanced(rows: Sequence[Row], seed: int) -> Summary:
    labels = [row.answerable for row in rows]
    if len(set(labels)) < 2:
        return _figure(None, None, len(rows))
    predictions = [row.state != "refused" for row in rows]
    bounds = balanced_accuracy_interval(labels, predictions, [row.cluster for row in rows], seed)
    value = balanced_accuracy(labels, predictions)
    rarer = min((labels.count(kind), kind) for kind in (True, False))[1]
    few = [row.cluster for row in rows if row.answerable is rarer]
    return _figure(value, _never_certain(bounds, value, few), len(rows))


def _mean(values: Sequence[float], clusters: Sequence[str], seed: int) -> Summary:
    if not values:
        return _figure(None, None, 0)
    value = sum(values) / len(values)
    return _figure(value, _never_certain(bootstrap_mean(values, clusters, seed), value, clusters), len(values))


def _ratio(parts: Sequence[int], wholes: Sequence[int], clusters: Sequence[str], seed: int) -> Summary:
    """A share of counts that add up over rows."""
    import numpy as np

    part, whole = sum(parts), sum(wholes)
    if not whole:
        return _figure(None, None, 0)
    above, below = np.asarray(parts, dtype=np.float64), np.asarray(wholes, dtype=np.float64)

    def statistic(weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        with np.errstate(invalid="ignore"):
            return np.asarray((weights @ above) / (weights @ below))

    counted = [cluster for cluster, count in zip(clusters, wholes, strict=True) if count]
    bounds = _never_certain(bootstrap(statistic, clusters, seed), part / whole, counted)
    return _figure(part / whole, bounds, whole)


def _never_certain(bounds: tuple[float, float], value: float, clusters: Sequence[str]) -> tuple[float, float]:
    """The bounds, or Wilson's over the clusters where every sample gave the same: then resampling tells nothing."""
    n = len(set(clusters))
    return wilson(min(max(value, 0.0), 1.0) * n, n) if bounds[1] - bounds[0] < 1e-9 else bounds


def _figure(value: float | None, bounds: tuple[float, float] | None, n: int) -> Summary:
    return {
        "value": None if value is None else round(value, 4),
        "ci": None if bounds is None else [round(bound, 4) for bound in bounds],
        "n": n,
    }


# --- curves ----------------------------------------------------------------------------------------------------------


def _retrieval_curves(rows: Sequence[Row]) -> dict[str, list[float]]:
    """hit@1 to hit@10 over all questions with gold passages that were searched, and by the question's language."""
    searched = [row for row in rows if row.measure("hit@1") is not None]
    groups = {"all": searched} | {tag: [r for r in searched if r.language == tag] for tag in _languages(searched)}
    return {
        name: [
            round(sum((row.first_hit or DEPTH + 1) <= k for row in members) / len(members), 4)
            for k in range(1, DEPTH + 1)
        ]
        for name, members in groups.items()
        if members
    }


def _languages(rows: Sequence[Row]) -> list[str]:
    return sorted({row.language for row in rows})


def _refusal_curve(rows: Sequence[Row]) -> list[dict[str, float]]:
    """For thresholds over the confidence: the share of answerable questions that would be answered, and of unanswerable
    ones that would be refused; empty unless both kinds state a confidence."""
    known = [(row.confidence, row.answerable) for row in rows if row.confidence is not None and row.state != "failed"]
    sides = [[value for value, answerable in known if answerable is kind] for kind in (True, False)]
    if not all(sides):
        return []
    points = [i / (_CURVE_POINTS - 1) for i in range(_CURVE_POINTS)]
    return [
        {
            "threshold": point,
            "answered": round(sum(value >= point for value in sides[0]) / len(sides[0]), 4),
            "refused": round(sum(value < point for value in sides[1]) / len(sides[1]), 4),
        }
        for point in points
    ]


def _refusal_threshold(rows: Sequence[Row]) -> float | None:
    """Between the surest refusal and the least sure answer, where the threshold lay; None where they cross."""
    refused = [row.confidence for row in rows if row.confidence is not None and row.state == "refused"]
    answered = [row.confidence for row in rows if row.confidence is not None and row.state == "scored"]
    if not refused or not answered or max(refused) >= min(answered):
        return None
    return round((max(refused) + min(answered)) / 2.0, 4)
