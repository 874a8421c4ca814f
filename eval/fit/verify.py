"""``python -m eval.fit.verify --data DIR [--probe N]``: the weights by which ``rag.verify`` judges a claim.

One logistic model for each direction and profile (words alone, with meaning, with the language model), fitted on the
``fit`` rows of ``DIR/claims.jsonl``. Every source weighs the same, and so do both labels of it; adversarial sources
weigh less. Then the bias is shifted so that a score of .5 is the cut with the best balanced accuracy over the groups,
vetoes and verbatim claims included.

``--probe N`` fits the language model's probe (``eval.fit.claim_probe``) and that profile alone, on at most N claims of
each source, direction and label, those of ``DIR/train.jsonl`` too where it is there: the language model is slow. So few
claims would fit all signals badly, so what is fitted is how the stored ``meaning`` profile's logit counts beside the
probe's. ``--calibration FILE`` keeps what
``wenju bench faithfulness --split report --json`` printed beside the weights, for the reports that name their scorer.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval.bench.faithfulness import group_of, read_all
from eval.data import Claim, read_claims
from eval.fit.claim_probe import ClaimProbeSettings, LabelledStates, crossed, fit_claims
from eval.metrics import balanced_accuracy
from rag.verify import Case, Verifier, cases_of, direction
from rag.verify.features import Signals
from rag.verify.probe import claim_states
from rag.verify.text import is_verbatim
from rag.verify.weights import LogisticModel, fitted_profiles

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from rag.linear_probe import LinearProbe

    Array = npt.NDArray[np.float64]

__all__ = ["Row", "fit_beside", "fit_model", "fit_profile", "kept_figures", "names_of", "rows_of"]

_SAME = {"zh": ("whole", "best", "letters", "near letters", "stated figures", "speaker"),
         "en": ("whole", "best", "weakest", "stated figures", "speaker")}  # fmt: skip
_ACROSS = ("whole", "best", "pairs", "names")
_MORE = {"words": (), "meaning": ("meaning",)}
_PROBE = "probe"
_BASE = "base"  # the logit of the profile that the language model is added to
_SOURCE_WEIGHTS = {
    "fm2": 0.3, "summedits": 0.3, "fever-symmetric": 0.3, "expertqa": 0.0,
    "xquad-number": 0.0, "xquad-number-twin": 0.1,  # vetoes decide the numbers
}  # fmt: skip
# The probe is to see changed numbers too, though vetoes decide them.
_PROBE_WEIGHTS = {"fm2": 0.6, "summedits": 0.6, "fever-symmetric": 0.6, "expertqa": 0.3}
_PENALTY = 1.0
_ROUNDS = 30
_BATCH = 256
_FLAT = 0.004  # cuts this near to the best one count as equal; the middle one is taken


@dataclass(frozen=True, slots=True)
class Row:
    """A labelled claim with its signals; ``settled``: it stands there verbatim; ``vetoed``: figures or negation speak
    against it."""

    group: str
    source: str
    direction: str
    supported: bool
    values: dict[str, float]
    vetoed: bool
    settled: bool


def rows_of(claims: Sequence[Claim], verifier: Verifier) -> Iterator[Row]:
    """The signals of claims, in batches."""
    return (row for row, _, _ in _judged(claims, verifier))


def _judged(claims: Sequence[Claim], verifier: Verifier) -> Iterator[tuple[Row, Case, Signals]]:
    for start in range(0, len(claims), _BATCH):
        batch = claims[start : start + _BATCH]
        cases = [cases_of((c.claim, [c.evidence], c.lang, c.evidence_lang))[0] for c in batch]
        for claim, case, signals in zip(batch, cases, verifier.signals(cases), strict=True):
            settled = is_verbatim(case.claim, case.evidence)
            row = Row(
                group_of(claim),
                claim.source,
                direction(case),
                claim.supported,
                signals.values,
                bool(signals.veto),
                settled,
            )
            yield row, case, signals
        sys.stderr.write(f"{start + len(batch)}/{len(claims)} claims\n")


def names_of(profile: str, direction_name: str) -> tuple[str, ...]:
    """The signals that take part."""
    own, _, other = direction_name.partition(">")
    return (_SAME[own] if own == other else _ACROSS) + _MORE[profile]


def fit_profile(rows: Sequence[Row], profile: str) -> dict[str, Any]:
    """Bias and weights for each direction that occurs in the rows."""
    found = {}
    for name in sorted({row.direction for row in rows}):
        found[name] = fit_model([row for row in rows if row.direction == name], names_of(profile, name))
    return found


def fit_beside(rows: Sequence[Row], base: Mapping[str, Mapping[str, Any]], signal: str) -> dict[str, Any]:
    """For each direction, ``base`` (bias and weights of a profile) and one more signal, weighed against each other; as
    bias and weights of all signals."""
    found = {}
    for name in sorted({row.direction for row in rows}):
        under = LogisticModel(float(base[name]["bias"]), base[name]["weights"])
        own = [
            replace(row, values={**row.values, _BASE: under.logit(row.values)}) for row in rows if row.direction == name
        ]
        fitted = fit_model(own, (_BASE, signal))
        share = fitted["weights"].pop(_BASE)
        weights = {known: round(share * weight, 4) for known, weight in under.weights.items()}
        found[name] = {"bias": round(fitted["bias"] + share * under.bias, 4), "weights": weights | fitted["weights"]}
    return found


def fit_model(rows: Sequence[Row], names: Sequence[str]) -> dict[str, Any]:
    """L2-penalised logistic regression on standardised signals by Newton's method, its bias moved to the best cut."""
    import numpy as np

    values = np.array([[row.values[name] for name in names] for row in rows])
    mean, spread = values.mean(axis=0), np.maximum(values.std(axis=0), 1e-6)
    features = np.column_stack([np.ones(len(rows)), (values - mean) / spread])
    fitted = _newton(features, np.array([row.supported for row in rows], dtype=np.float64), _case_weights(rows))
    weights = fitted[1:] / spread
    bias = fitted[0] - weights @ mean
    logits = values @ weights + bias
    cut = _best_cut(rows, logits)
    return {
        "bias": round(float(bias - cut), 4),
        "weights": {n: round(float(w), 4) for n, w in zip(names, weights, strict=True)},
    }


def _newton(features: Array, labels: Array, weights: Array) -> Array:
    import numpy as np

    found: Array = np.zeros(features.shape[1])
    penalty = _PENALTY * np.eye(features.shape[1])
    penalty[0, 0] = 1e-6
    for _ in range(_ROUNDS):
        chance = 1.0 / (1.0 + np.exp(-np.clip(features @ found, -30.0, 30.0)))
        slope = features.T @ (weights * (chance - labels)) + penalty @ found
        curve = (features * (weights * np.maximum(chance * (1.0 - chance), 1e-6))[:, None]).T @ features + penalty
        found = found - np.linalg.solve(curve, slope)
    return found


def _case_weights(rows: Sequence[Row], of_source: Mapping[str, float] = _SOURCE_WEIGHTS) -> Array:
    """Every group and label weighs 100 cases, whatever its size, times its source's weight."""
    import numpy as np

    sizes: dict[tuple[str, bool], int] = {}
    for row in rows:
        sizes[row.group, row.supported] = sizes.get((row.group, row.supported), 0) + 1
    return np.array([of_source.get(row.source, 1.0) * 100.0 / sizes[row.group, row.supported] for row in rows])


def _best_cut(rows: Sequence[Row], logits: Array) -> float:
    """The middle of the logits from which balanced accuracy is best: the mean over the groups and their lowest, alike.

    The mean alone would pay for an easy group with a hard one. Adversarial groups take no part in the lowest.
    """
    import numpy as np

    groups: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        groups.setdefault(row.group, []).append(place)
    groups = {name: places for name, places in groups.items() if len({rows[i].supported for i in places}) == 2}
    cuts = np.linspace(np.quantile(logits, 0.01), np.quantile(logits, 0.99), 400)

    def merit(cut: float) -> float:
        kept = [row.settled or (not row.vetoed and bool(logit >= cut)) for row, logit in zip(rows, logits, strict=True)]
        scores = {
            name: balanced_accuracy([rows[i].supported for i in places], [kept[i] for i in places])
            for name, places in groups.items()
        }
        common = [score for name, score in scores.items() if _is_common(rows[groups[name][0]])]
        return sum(scores.values()) / len(scores) + min(common or list(scores.values()))

    found = np.array([merit(float(cut)) for cut in cuts])
    return float(np.median(cuts[found >= found.max() - _FLAT]))


def _is_common(row: Row) -> bool:
    return _SOURCE_WEIGHTS.get(row.source, 1.0) == 1.0


def _few(claims: Sequence[Claim], most: int) -> list[Claim]:
    """At most so many claims of each source, direction and label, in an order that does not depend on the file's."""
    kept: dict[tuple[str, str, bool], list[Claim]] = {}
    for claim in sorted(claims, key=lambda c: c.id[::-1]):
        kept.setdefault((claim.source, claim.direction, claim.supported), []).append(claim)
    return [claim for group in kept.values() for claim in group[:most]]


def main() -> None:
    """Fit and write ``rag/data/support.json``. Raises ``UsageError``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder with claims.jsonl")
    parser.add_argument(
        "--probe", type=int, metavar="N", help="fit that profile, on N claims of each source, direction and label"
    )
    parser.add_argument("--calibration", type=Path, metavar="FILE", help="only keep the figures of a report")
    arguments = parser.parse_args()
    path = Path(__file__).resolve().parents[2] / "rag" / "data" / "support.json"
    stored = json.loads(path.read_text(encoding="ascii"))
    if arguments.calibration:
        report = json.loads(arguments.calibration.read_text(encoding="utf-8"))
        stored.setdefault("calibration", {})[report["scorer"]["profile"]] = kept_figures(report)
    elif arguments.probe:
        probe, stored["profiles"][_PROBE] = _with_probe(arguments.data, arguments.probe)
        probe_path = path.with_name("support-probe.json")
        source = f"faithfulness/claims and train, fit parts, {arguments.probe} claims of a source, direction and label"
        probe_path.write_text(probe.to_json(source), encoding="ascii")
    else:
        stored["profiles"] |= _fitted(arguments.data)
    path.write_text(json.dumps(stored, indent=1) + "\n", encoding="ascii")


def kept_figures(report: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a report on a scorer: per group how many claims, both measures with their intervals, and the
    balanced accuracy of each baseline."""
    keys = ("n", "balanced_accuracy", "balanced_accuracy_ci", "auroc", "auroc_ci")
    return {
        name: {key: group[key] for key in keys}
        | {beside: values["balanced_accuracy"] for beside, values in group.get("baselines", {}).items()}
        for name, group in report["groups"].items()
    }


def _fitted(folder: Path) -> dict[str, Any]:
    from index.embed import EmbeddingSettings, load_embeddings

    claims = [claim for claim in read_claims(folder / "claims.jsonl") if claim.split == "fit"]
    rows = list(rows_of(claims, Verifier(load_embeddings(EmbeddingSettings()))))
    return {profile: fit_profile(rows, profile) for profile in _MORE}


def _with_probe(folder: Path, most: int) -> tuple[LinearProbe, dict[str, Any]]:
    """The language model's probe, and the profile that it takes part in."""
    import numpy as np

    from index.embed import EmbeddingSettings, load_embeddings
    from rag.language_model import language_model

    settings = ClaimProbeSettings()
    claims = _few([claim for claim in read_all(folder) if claim.split == "fit"], most)
    rows: list[Row] = []
    states: list[npt.NDArray[np.float32]] = []
    for row, case, signals in _judged(claims, Verifier(load_embeddings(EmbeddingSettings()))):
        rows.append(row)
        states.append(claim_states(case, signals, language_model(), settings.depth))
    labelled = LabelledStates(
        np.stack(states),
        np.array([row.supported for row in rows]),
        _case_weights(rows, _PROBE_WEIGHTS),
        [claim.evidence for claim in claims],
    )
    scores = crossed(labelled, settings)
    scored = [replace(row, values={**row.values, _PROBE: s}) for row, s in zip(rows, scores, strict=True)]
    return fit_claims(labelled, settings), fit_beside(scored, fitted_profiles()["meaning"], _PROBE)


if __name__ == "__main__":
    main()
