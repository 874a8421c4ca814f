"""Measures of a faithfulness scorer over labelled claims: by source and direction, with what is to be compared beside.

A group is a source (or a pair of sources that differ in their label) and a direction, claim > evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eval.bench.claim_only import best_threshold, claim_only, word_overlap
from eval.data import Claim
from eval.intervals import auroc_interval, balanced_accuracy_interval, bootstrap_mean
from eval.metrics import auroc, balanced_accuracy

__all__ = ["SWAPS", "Report", "Scores", "Similarity", "directions", "evaluate_claims", "group_of", "groups", "swaps"]

# Sources that hold one label only, by the name of the pair they make.
_PAIRED = {
    "uhgeval-headline": "uhgeval-headline/near",
    "uhgeval-near": "uhgeval-headline/near",
    "uhgeval-real": "uhgeval-real/hallucinated",
    "uhgeval-hallucinated": "uhgeval-real/hallucinated",
    "xquad-cross": "xquad-cross/sibling",
    "xquad-sibling": "xquad-cross/sibling",
    "xquad-number": "xquad-number/twin",
    "xquad-number-twin": "xquad-number/twin",
}
SWAPS = "xquad-number/twin"
"""The pair of claims with one number changed and their true twins."""

Report = dict[str, Any]
Similarity = Callable[[Sequence[str], Sequence[str]], Sequence[float]]
"""The cosines of claims (first) with their evidence (second)."""


@dataclass(frozen=True, slots=True)
class Scores:
    """A scorer's name, the threshold from which it calls a claim supported, and its score of each claim by id."""

    name: str
    threshold: float
    by_id: Mapping[str, float | None]

    def __post_init__(self) -> None:
        bad = next((s for s in self.by_id.values() if s is not None and not 0.0 <= s <= 1.0), None)
        if bad is not None:
            raise ValueError(f"score must be 0 to 1, was: {bad}")


def group_of(claim: Claim) -> str:
    """The group a claim is reported in: ``wice en>en``."""
    return f"{_PAIRED.get(claim.source, claim.source)} {claim.direction}"


def groups(claims: Sequence[Claim]) -> dict[str, list[Claim]]:
    """The claims of each group, groups by name."""
    found: dict[str, list[Claim]] = {}
    for claim in claims:
        found.setdefault(group_of(claim), []).append(claim)
    return dict(sorted(found.items()))


def evaluate_claims(
    claims: Sequence[Claim],
    scores: Scores,
    fit: Sequence[Claim] = (),
    seed: int = 0,
    similarity: Similarity | None = None,
) -> Report:
    """``{"groups": …, "directions": …, "number_swaps": …}``; with ``fit`` rows, baselines too (see
    ``eval.bench.faithfulness``)."""
    fitted = groups(fit)
    found: Report = {}
    for name, group in groups(claims).items():
        judged = {claim.id: score for claim in group if (score := scores.by_id[claim.id]) is not None}
        kept = [claim for claim in group if claim.id in judged]
        measures = _measures(kept, [judged[claim.id] for claim in kept], scores.threshold, seed)
        found[name] = {"n": len(group), "not_scored": len(group) - len(kept)} | measures
        if fit:
            found[name]["baselines"] = _baselines(fitted.get(name, []), group, seed, similarity)
    return {"groups": found, "directions": directions(found), "number_swaps": swaps(found)}


def directions(found: Mapping[str, Report]) -> Report:
    """For each direction its claims, its groups with both labels, and the means of their measures."""
    members: dict[str, list[Report]] = {}
    for name, group in found.items():
        members.setdefault(name.rpartition(" ")[2], []).append(group)
    means: Report = {}
    for direction, own in sorted(members.items()):
        measured = [group for group in own if group["balanced_accuracy"] is not None]
        means[direction] = {"n": sum(group["n"] for group in own), "groups": len(measured)} | {
            name: round(sum(group[name] for group in measured) / len(measured), 4) if measured else None
            for name in ("balanced_accuracy", "auroc")
        }
    return means


def swaps(found: Mapping[str, Report]) -> Report:
    """For each direction the share of swapped numbers that were flagged, and of their true twins that were too."""
    told: Report = {}
    for name, group in found.items():
        source, _, direction = name.rpartition(" ")
        if source == SWAPS and group["supported_kept"] is not None and group["unsupported_flagged"] is not None:
            low, high = group["supported_kept_ci"]
            told[direction] = {
                "n": group["n"] - group["not_scored"] - group["supported"],
                "flagged": group["unsupported_flagged"],
                "flagged_ci": group["unsupported_flagged_ci"],
                "twins": group["supported"],
                "false_alarms": round(1.0 - group["supported_kept"], 4),
                "false_alarms_ci": [round(1.0 - high, 4), round(1.0 - low, 4)],
            }
    return told


def _measures(claims: Sequence[Claim], scores: Sequence[float], threshold: float, seed: int) -> Report:
    labels = [claim.supported for claim in claims]
    clusters = [claim.evidence for claim in claims]
    predictions = [score >= threshold for score in scores]
    found: Report = {"supported": sum(labels)}
    for name, wanted in (("supported_kept", True), ("unsupported_flagged", False)):
        hits = [(predictions[i] == wanted, clusters[i]) for i, label in enumerate(labels) if label is wanted]
        found[name] = round(sum(hit for hit, _ in hits) / len(hits), 4) if hits else None
        bounds = bootstrap_mean([float(hit) for hit, _ in hits], [c for _, c in hits], seed) if hits else None
        found[f"{name}_ci"] = None if bounds is None else _rounded(bounds)
    if found["supported"] in (0, len(labels)):
        return found | dict.fromkeys(("balanced_accuracy", "balanced_accuracy_ci", "auroc", "auroc_ci"))
    return found | {
        "balanced_accuracy": round(balanced_accuracy(labels, predictions), 4),
        "balanced_accuracy_ci": _rounded(balanced_accuracy_interval(labels, predictions, clusters, seed)),
        "auroc": round(auroc(labels, scores), 4),
        "auroc_ci": _rounded(auroc_interval(labels, scores, clusters, seed)),
    }


def _baselines(fit: Sequence[Claim], group: Sequence[Claim], seed: int, similarity: Similarity | None) -> Report:
    rest = [claim for claim in group if claim.split != "fit"]
    # A claim that stands in both parts, beside other evidence, would let the claim-only baseline remember its label.
    measured = {claim.claim for claim in rest}
    fit = [claim for claim in fit if claim.claim not in measured]
    labels = [claim.supported for claim in fit]
    if not rest or len(set(labels)) < 2:
        return {}
    found: Report = {"claim_only": {"n": len(rest)} | _measures(rest, claim_only(fit, rest), 0.5, seed)}
    signals: dict[str, Callable[[Sequence[Claim]], Sequence[float]]] = {
        "word_overlap": lambda claims: [word_overlap(claim) for claim in claims]
    }
    if similarity is not None:
        signals["embedding_cosine"] = lambda claims: similarity([c.claim for c in claims], [c.evidence for c in claims])
    for name, signal in signals.items():
        cut = best_threshold(labels, signal(fit))
        found[name] = {"n": len(rest), "threshold": round(cut, 4)} | _measures(rest, signal(rest), cut, seed)
    return found


def _rounded(bounds: Sequence[float]) -> list[float]:
    return [round(bound, 4) for bound in bounds]
