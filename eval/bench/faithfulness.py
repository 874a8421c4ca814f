"""``wenju bench faithfulness``: does the scorer tell supported claims from unsupported ones?

Reads ``claims.jsonl`` of the folder, and ``train.jsonl`` where that lies beside it. With ``--json`` one object:

    {"groups": {"wice en>en": {"n": 240, "not_scored": 0, "supported": 176,
                               "supported_kept": 0.92, "supported_kept_ci": [0.88, 0.96],
                               "unsupported_flagged": 0.88, "unsupported_flagged_ci": …,
                               "balanced_accuracy": 0.9, "balanced_accuracy_ci": [0.85, 0.94],
                               "auroc": 0.95, "auroc_ci": …,
                               "baselines": {"claim_only": {"n": …, "balanced_accuracy": …, "balanced_accuracy_ci": …,
                                                            "auroc": …, "auroc_ci": …}, "word_overlap": …,
                                             "embedding_cosine": …}}, …},
     "directions": {"en>en": {"n": …, "groups": 3, "balanced_accuracy": …, "auroc": …}, …},
     "number_swaps": {"zh>en": {"n": 40, "flagged": 0.98, "flagged_ci": …,
                                "twins": 40, "false_alarms": 0.03, "false_alarms_ci": …}, …},
     "scorer": {"name": "offline", "profile": "meaning", "revision": …, "threshold": 0.5},
     "settings": {"data": …, "split": "report", "questions": null, "seed": 0}}

A group is a source (or a pair that differs in its label) and a direction, claim > evidence; a direction's
measures are the means over its groups. A claim counts as supported from the threshold up; claims it cannot judge
are counted in ``not_scored`` and left out of the rest. Measures are null where one of the two labels does not occur.
Baselines are fitted on the group's ``fit`` rows, claims that are measured too left out, and measured on the others; a
group without such rows of both labels has none. Intervals are 95 %, by evidence text.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from eval.bench.claim_groups import Report, Scores, Similarity, evaluate_claims, group_of, groups
from eval.bench.options import add_options, of_split, sample, save_rows
from eval.bench.table import aligned
from eval.data import Claim, read_claims
from index.errors import UsageError
from rag.verify.weights import PROFILES

if TYPE_CHECKING:
    from rag.verify import PassageEncoder, Verifier

__all__ = [
    "BatchScorer", "Described", "OfflineScorer", "Scorer", "Scores", "Similarity", "chosen", "configure", "cosines",
    "evaluate_claims", "group_of", "main", "markdown", "read_all", "report",
]  # fmt: skip

_BATCH = 100
_CLAIMS, _BESIDE = "claims.jsonl", "train.jsonl"


class Scorer(Protocol):
    """What is measured."""

    def score(self, claim: str, evidence: str, claim_language: str, evidence_language: str) -> float | None:
        """How surely the evidence supports the claim, 0 to 1; None where it cannot judge these languages."""


class Described(Protocol):
    """What a report says about what it measured; ``profile`` says what took part."""

    @property
    def name(self) -> str: ...

    @property
    def profile(self) -> str: ...

    @property
    def revision(self) -> str: ...

    @property
    def threshold(self) -> float: ...


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


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of ``wenju bench faithfulness``."""
    add_options(parser)
    parser.add_argument(
        "--claims",
        metavar="FILE",
        help="a file of claims in the folder (default: claims.jsonl, and train.jsonl if there)",
    )
    parser.add_argument(
        "--profile", choices=PROFILES, default="", help="what takes part (default: all that is installed)"
    )
    parser.add_argument(
        "--baselines",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="measure claim-only, word overlap and embedding cosine in the same run (default: yes)",
    )


def main(args: argparse.Namespace) -> int:
    """Measure the product's own check as the options ask; the exit code. Raises ``WenjuError``."""
    from eval.scorers import offline
    from index.embed import EmbeddingSettings, load_embeddings
    from rag.verify.bundled import bundled_verifier

    encoder = load_embeddings(EmbeddingSettings())
    verifier = bundled_verifier(args.profile, encoder)
    described = offline.OfflineScorer(verifier)
    return report(
        read_all(args.data, args.claims), OfflineScorer(verifier), described, args, similarity=cosines(encoder)
    )


def read_all(folder: Path, name: str | None = None) -> list[Claim]:
    """The claims of a file in a folder; without a name those of ``claims.jsonl`` and, where it is there,
    ``train.jsonl``. Raises ``UsageError``."""
    if name:
        return read_claims(folder / name)
    beside = folder / _BESIDE
    claims = read_claims(folder / _CLAIMS)
    more = read_claims(beside) if beside.exists() else []
    if both := {claim.id for claim in claims} & {claim.id for claim in more}:  # scores are kept by id
        raise UsageError(f"{folder / _CLAIMS} and {beside} share the id {min(both)!r}: give each claim its own")
    return claims + more


def cosines(encoder: PassageEncoder) -> Similarity:
    """The plain cosine of a claim and its evidence under an embedding model."""

    def similarity(claims: Sequence[str], evidence: Sequence[str]) -> list[float]:
        texts = list(dict.fromkeys([*claims, *evidence]))
        vectors = encoder.encode_passages(texts)
        rows = {text: row for row, text in enumerate(texts)}
        return [float(vectors[rows[a]] @ vectors[rows[b]]) for a, b in zip(claims, evidence, strict=True)]

    return similarity


def chosen(claims: Sequence[Claim], args: argparse.Namespace) -> list[Claim]:
    """The claims the options ask for, by group. Raises ``UsageError`` when there are none."""
    return sample(groups(of_split(claims, args.split)), args.questions, args.seed)


def report(
    claims: Sequence[Claim],
    scorer: Scorer,
    described: Described,
    args: argparse.Namespace,
    *,
    similarity: Similarity | None = None,
) -> int:
    """Score the claims the options ask for and print what came out; the exit code."""
    asked = chosen(claims, args)
    scores = Scores(described.name, described.threshold, _run(scorer, asked))
    fit = [claim for claim in claims if claim.split == "fit"] if args.baselines else []
    result = evaluate_claims(asked, scores, fit, args.seed, similarity) | {
        "scorer": {name: getattr(described, name) for name in ("name", "profile", "revision", "threshold")},
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


def markdown(result: Report) -> str:
    """The report as aligned Markdown tables: a row for each group, with the baselines' balanced accuracies beside; for
    each direction; and for numbers that were swapped."""
    scorer = result["scorer"]
    parts = [
        f"{scorer['name']} ({scorer['profile']}), revision {scorer['revision']}, threshold {scorer['threshold']}",
        "\n".join(_group_rows(result["groups"])),
        "[95 % interval, by evidence text; baselines: balanced accuracy off the fit rows]",
        "\n".join(_direction_rows(result["directions"])),
    ]
    if result["number_swaps"]:
        parts.append("\n".join(_swap_rows(result["number_swaps"])))
    return "\n\n".join(parts)


def _group_rows(found: Mapping[str, Report]) -> list[str]:
    names = list(dict.fromkeys(name for group in found.values() for name in group.get("baselines", {})))
    own = ("balanced_accuracy", "auroc", "supported_kept", "unsupported_flagged")
    rows = [["group", "n", "not scored", *(name.replace("_", " ") for name in (*own, *names))]]
    for name, group in found.items():
        beside = [_cell(group["baselines"].get(n, {}), "balanced_accuracy") for n in names]
        rows.append([name, str(group["n"]), str(group["not_scored"]), *(_cell(group, key) for key in own), *beside])
    return aligned(rows)


def _direction_rows(found: Mapping[str, Report]) -> list[str]:
    rows = [["direction", "n", "groups", "mean balanced accuracy", "mean AUROC"]]
    for name, means in found.items():
        figures = ["-" if means[key] is None else f"{means[key]:.3f}" for key in ("balanced_accuracy", "auroc")]
        rows.append([name, str(means["n"]), str(means["groups"]), *figures])
    return aligned(rows)


def _swap_rows(found: Mapping[str, Report]) -> list[str]:
    rows = [["number swaps", "n", "flagged", "true twins", "false alarms"]]
    for name, told in found.items():
        twins = [str(told["twins"]), _cell(told, "false_alarms")]
        rows.append([name, str(told["n"]), _cell(told, "flagged"), *twins])
    return aligned(rows)


def _cell(values: Mapping[str, Any], measure: str) -> str:
    if values.get(measure) is None:
        return "-"
    low, high = values[f"{measure}_ci"]
    return f"{values[measure]:.3f} [{low:.3f}, {high:.3f}]"
