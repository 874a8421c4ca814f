"""``wenju bench faithfulness``: does the scorer tell supported claims from unsupported ones?

With ``--json`` one object:

    {"groups": {"wice en>en": {"n": 240, "supported": 176, "not_scored": 0,
                               "balanced_accuracy": 0.9, "balanced_accuracy_ci": [0.85, 0.94],
                               "auroc": 0.95, "auroc_ci": …, "supported_kept": 0.92, "unsupported_flagged": 0.88,
                               "baselines": {"claim_only": {"n": …, "balanced_accuracy": …, "balanced_accuracy_ci": …,
                                                            "auroc": …, "auroc_ci": …}, "word_overlap": …}}, …},
     "scorer": {"name": "offline", "threshold": 0.5},
     "settings": {"data": …, "split": "report", "questions": null, "seed": 0}}

A group is a source (or a pair of sources that differ in their label) and a direction, claim > evidence. A claim counts
as supported from the threshold up; claims the scorer cannot judge are counted in ``not_scored`` and left out of the
rest. Measures are null where one of the two labels does not occur. Baselines are fitted on the group's ``fit`` rows,
claims that are measured too left out, and measured on the others; a group without such rows of both labels has none.
Intervals are 95 %, by evidence text.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from eval.bench.claim_only import best_threshold, claim_only, word_overlap
from eval.bench.options import add_options, of_split, sample, save_rows
from eval.bench.table import aligned
from eval.data import Claim, read_claims
from eval.intervals import auroc_interval, balanced_accuracy_interval
from eval.metrics import auroc, balanced_accuracy

if TYPE_CHECKING:
    from rag.verify import PassageEncoder, Verifier

__all__ = [
    "BatchScorer", "OfflineScorer", "Scorer", "Scores", "Similarity", "chosen", "configure", "cosines",
    "evaluate_claims", "group_of", "main", "markdown", "report",
]  # fmt: skip

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
_BATCH = 100

Report = dict[str, Any]
Similarity = Callable[[Sequence[str], Sequence[str]], Sequence[float]]
"""The cosines of claims (first) with their evidence (second)."""


class Scorer(Protocol):
    """What is measured."""

    def score(self, claim: str, evidence: str, claim_language: str, evidence_language: str) -> float | None:
        """How surely the evidence supports the claim, 0 to 1; None where it cannot judge these languages."""


class BatchScorer(Scorer, Protocol):
    """A scorer that is faster on many claims at once."""

    def scores(self, claims: Sequence[Claim]) -> list[float | None]:
        """As ``score``, for each claim."""


class OfflineScorer:
    """The product's own check (``rag.verify``) as what is measured."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier

    def score(self, claim: str, evidence: str, claim_language: str, evidence_language: str) -> float | None:
        """See ``Scorer``."""
        found = self._verifier.support(claim, [evidence], claim_language, evidence_language)
        return None if found.reason == "language" else found.score

    def scores(self, claims: Sequence[Claim]) -> list[float | None]:
        """See ``BatchScorer``."""
        found = self._verifier.supports([(c.claim, [c.evidence], c.lang, c.evidence_lang) for c in claims])
        return [None if support.reason == "language" else support.score for support in found]


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


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of ``wenju bench faithfulness``."""
    add_options(parser)
    parser.add_argument("--claims", default="claims.jsonl", metavar="FILE", help="the file of claims in the folder")
    parser.add_argument("--likelihood", action="store_true", help="let the language model take part")
    parser.add_argument(
        "--baselines", action="store_true", help="measure claim-only, word overlap and embedding cosine in the same run"
    )


def main(args: argparse.Namespace) -> int:
    """Measure the product's own check as the options ask; the exit code. Raises ``WenjuError``."""
    from index.embed import EmbeddingSettings, load_embeddings
    from rag.language_model import language_model
    from rag.verify import THRESHOLD, Verifier

    encoder = load_embeddings(EmbeddingSettings())
    verifier = Verifier(encoder, language_model() if args.likelihood else None)
    claims = read_claims(args.data / args.claims)
    name = f"offline ({verifier.profile})"
    return report(claims, OfflineScorer(verifier), name, THRESHOLD, args, similarity=cosines(encoder))


def cosines(encoder: PassageEncoder) -> Similarity:
    """The plain cosine of a claim and its evidence under an embedding model."""

    def similarity(claims: Sequence[str], evidence: Sequence[str]) -> list[float]:
        texts = list(dict.fromkeys([*claims, *evidence]))
        vectors = encoder.encode_passages(texts)
        rows = {text: row for row, text in enumerate(texts)}
        return [float(vectors[rows[a]] @ vectors[rows[b]]) for a, b in zip(claims, evidence, strict=True)]

    return similarity


def group_of(claim: Claim) -> str:
    """The group a claim is reported in: ``wice en>en``."""
    return f"{_PAIRED.get(claim.source, claim.source)} {claim.direction}"


def chosen(claims: Sequence[Claim], args: argparse.Namespace) -> list[Claim]:
    """The claims the options ask for, by group. Raises ``UsageError`` when there are none."""
    return sample(_groups(of_split(claims, args.split)), args.questions, args.seed)


def report(
    claims: Sequence[Claim],
    scorer: Scorer,
    name: str,
    threshold: float,
    args: argparse.Namespace,
    *,
    similarity: Similarity | None = None,
) -> int:
    """Score the claims the options ask for and print what came out; the exit code."""
    asked = chosen(claims, args)
    scores = Scores(name, threshold, _run(scorer, asked))
    fit = [claim for claim in claims if claim.split == "fit"] if args.baselines else []
    result = evaluate_claims(asked, scores, fit, args.seed, similarity) | {
        "scorer": {"name": name, "threshold": threshold},
        "settings": {"data": str(args.data), "split": args.split, "questions": args.questions, "seed": args.seed},
    }
    if args.save:
        rows = (
            {"id": c.id, "group": group_of(c), "supported": c.supported, "score": scores.by_id[c.id]} for c in asked
        )
        save_rows(args.save, rows)
    text = json.dumps(result, ensure_ascii=False) if getattr(args, "json", False) else markdown(result)
    sys.stdout.write(text + "\n")
    return 0


def _run(scorer: Scorer, claims: Sequence[Claim]) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for start in range(0, len(claims), _BATCH):
        batch = claims[start : start + _BATCH]
        many = getattr(scorer, "scores", None)
        scores = many(batch) if many else [scorer.score(c.claim, c.evidence, c.lang, c.evidence_lang) for c in batch]
        found |= {claim.id: score for claim, score in zip(batch, scores, strict=True)}
        sys.stderr.write(f"{len(found)}/{len(claims)} claims\n")
    return found


def evaluate_claims(
    claims: Sequence[Claim],
    scores: Scores,
    fit: Sequence[Claim] = (),
    seed: int = 0,
    similarity: Similarity | None = None,
) -> Report:
    """``{"groups": …}`` for the claims; with ``fit`` rows, baselines too (see the module's docstring)."""
    fitted = _groups(fit)
    groups: Report = {}
    for name, group in _groups(claims).items():
        judged = {claim.id: score for claim in group if (score := scores.by_id[claim.id]) is not None}
        kept = [claim for claim in group if claim.id in judged]
        measures = _measures(kept, [judged[claim.id] for claim in kept], scores.threshold, seed)
        groups[name] = {"n": len(group), "not_scored": len(group) - len(kept)} | measures
        if fit:
            groups[name]["baselines"] = _baselines(fitted.get(name, []), group, seed, similarity)
    return {"groups": groups}


def _groups(claims: Sequence[Claim]) -> dict[str, list[Claim]]:
    groups: dict[str, list[Claim]] = {}
    for claim in claims:
        groups.setdefault(group_of(claim), []).append(claim)
    return dict(sorted(groups.items()))


def _measures(claims: Sequence[Claim], scores: Sequence[float], threshold: float, seed: int) -> Report:
    labels = [claim.supported for claim in claims]
    predictions = [score >= threshold for score in scores]
    found: Report = {
        "supported": sum(labels),
        "supported_kept": _share([predicted for predicted, label in zip(predictions, labels, strict=True) if label]),
        "unsupported_flagged": _share([not p for p, label in zip(predictions, labels, strict=True) if not label]),
    }
    if found["supported"] in (0, len(labels)):
        return found | dict.fromkeys(("balanced_accuracy", "balanced_accuracy_ci", "auroc", "auroc_ci"))
    clusters = [claim.evidence for claim in claims]
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


def _share(hits: Sequence[bool]) -> float | None:
    return round(sum(hits) / len(hits), 4) if hits else None


def _rounded(bounds: Sequence[float]) -> list[float]:
    return [round(bound, 4) for bound in bounds]


def markdown(result: Report) -> str:
    """The report as an aligned Markdown table, a row for each group, with the baselines' balanced accuracies beside."""
    names = list(dict.fromkeys(n for group in result["groups"].values() for n in group.get("baselines", {})))
    rows = [["group", "n", "not scored", "balanced accuracy", "AUROC", *names]]
    for name, group in result["groups"].items():
        beside = [_cell(group["baselines"].get(n, {}), "balanced_accuracy") for n in names]
        own = [_cell(group, "balanced_accuracy"), _cell(group, "auroc")]
        rows.append([name, str(group["n"]), str(group["not_scored"]), *own, *beside])
    return "\n".join(
        [*aligned(rows), "", "[95 % interval, by evidence text; baselines: balanced accuracy off the fit rows]"]
    )


def _cell(values: Mapping[str, Any], measure: str) -> str:
    if values.get(measure) is None:
        return "-"
    low, high = values[f"{measure}_ci"]
    return f"{values[measure]:.3f} [{low:.3f}, {high:.3f}]"
