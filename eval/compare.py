"""Two runs over the same cases: better, worse or unchanged, by how much, and whether that is noise.

Each measure is compared over the cases that have it in both runs: the mean difference with its paired bootstrap
interval, and for yes-or-no measures McNemar's exact test (McNemar 1947). A difference is noise where its interval holds
0, or where that test's p is .05 or more. Judgements of two scorers are not compared, nor a case that was corrected.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from eval.cases import Case
from eval.intervals import paired_difference
from eval.row import Row
from eval.run import RunResult
from index.errors import UsageError

__all__ = ["COMPARED", "Change", "changed_settings", "check_comparable", "compare", "mcnemar", "same_scorer"]

Verdict = Literal["better", "worse", "noise", "unchanged"]

_SIGNIFICANT = 0.05
_NO_SETTINGS = ("cases", "cases_in_set", "set_name")
_OF_SCORER = ("faithfulness", "citation_recall", "citation_precision")


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _faithful(row: Row) -> float | None:
    scored = [claim.supported for claim in row.claims if claim.supported is not None]
    return _share(sum(scored), len(scored))


def _decided(row: Row) -> float | None:
    return None if row.state == "failed" else float(row.answerable == (row.state != "refused"))


def _succeeded(row: Row) -> float | None:
    if not row.answerable or not row.checked:
        return None
    return row.measure("contains") or 0.0


def _measured(name: str) -> Callable[[Row], float | None]:
    return lambda row: row.measure(name)


COMPARED: Mapping[str, Callable[[Row], float | None]] = {
    **{name: _measured(name) for name in ("hit@1", "hit@5", "mrr@10", "ndcg@10")},
    "faithfulness": _faithful,
    "citation_recall": lambda row: _share(row.citations[1], row.citations[0]),
    "citation_precision": lambda row: _share(row.citations[3], row.citations[2]),
    **{name: _measured(name) for name in ("contains", "exact", "f1")},
    "success": _succeeded,
    "refusal_decision": _decided,
    "language_match": _measured("language_match"),
    "latency_ms": lambda row: row.milliseconds,
}
"""What is compared, case by case; a case without the measure is left out. Only in ``latency_ms`` less is better."""


@dataclass(frozen=True, slots=True)
class Change:
    """How one measure changed over ``n`` cases: means before and after, their difference with its 95 % interval, how
    many cases are better, worse and unchanged, McNemar's ``p`` (None unless yes-or-no), and the verdict."""

    n: int
    before: float
    after: float
    difference: float
    ci: tuple[float, float]
    better: int
    worse: int
    unchanged: int
    p: float | None
    verdict: Verdict


def check_comparable(before: RunResult, cases: Sequence[Case]) -> None:
    """Raises ``UsageError`` where a run is of damaged answers, or shares no question with cases yet to be asked."""
    if before.settings.get("damage"):
        raise UsageError(f"the run in {before.out} is of answers made unfaithful: compare with the run beside it")
    earlier = {row.id: row for row in before.rows}
    if not any(case.id in earlier and _is_of(earlier[case.id], case) for case in cases):
        raise UsageError("the run to compare with shares no question with these cases: compare runs over the same set")


def same_scorer(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether the settings of two runs say that one version of one scorer judged both, by one threshold."""
    return all(before["scorer"].get(key) == after["scorer"].get(key) for key in ("name", "revision", "threshold"))


def changed_settings(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What two runs were made with that is not alike, by the dotted name of the setting: before, and after."""
    old, new = dict(_settings(before)), dict(_settings(after))
    return {name: [old.get(name), new.get(name)] for name in sorted({*old, *new}) if old.get(name) != new.get(name)}


def _settings(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _settings(value, f"{above}{name}.")
        elif f"{above}{name}" not in _NO_SETTINGS and not above.startswith("scorer.calibration"):
            yield f"{above}{name}", value


def compare(before: Sequence[Row], after: Sequence[Row], seed: int = 0, *, judged_alike: bool = True) -> dict[str, Any]:
    """``{"cases": n, "left_out": [name, …], "measures": {name: …}}``: the fields of ``Change`` for each measure that
    both runs have, and which are left out because two scorers judged (``judged_alike`` is false). Cases are those
    of which nothing but the notes was changed in between.

    Raises ``UsageError`` where the runs share none.
    """
    earlier = {row.id: row for row in before}
    pairs = [(earlier[row.id], row) for row in after if row.id in earlier and _alike(earlier[row.id], row)]
    if not pairs:
        raise UsageError("the two runs share no question: compare runs over the same set")
    left_out = [] if judged_alike else list(_OF_SCORER)
    changes = {name: _change(name, value, pairs, seed) for name, value in COMPARED.items() if name not in left_out}
    measures = {name: found for name, found in changes.items() if found is not None}
    return {"cases": len(pairs), "left_out": left_out, "measures": measures}


def _alike(old: Row, new: Row) -> bool:
    """Whether two rows are of one case; rows of before cases were marked, by what they say of it."""
    if old.case and new.case:
        return old.case == new.case
    return (old.question, old.gold, old.reference) == (new.question, new.gold, new.reference)


def _is_of(row: Row, case: Case) -> bool:
    return row.case == case.checksum if row.case else row.question == case.question


def _change(
    name: str, value: Callable[[Row], float | None], pairs: Sequence[tuple[Row, Row]], seed: int
) -> dict[str, Any] | None:
    found = [(value(old), value(new), new.cluster) for old, new in pairs]
    both = [(old, new, cluster) for old, new, cluster in found if old is not None and new is not None]
    if not both:
        return None
    old, new = [item[0] for item in both], [item[1] for item in both]
    difference = paired_difference(old, new, [item[2] for item in both], seed)
    sign = -1.0 if name == "latency_ms" else 1.0
    better = sum(sign * (b - a) > 0 for a, b in zip(old, new, strict=True))
    worse = sum(sign * (b - a) < 0 for a, b in zip(old, new, strict=True))
    p = mcnemar(better, worse) if set(old) | set(new) <= {0.0, 1.0} else None
    noise = difference.noise or (p is not None and p >= _SIGNIFICANT)
    verdict: Verdict = "better" if sign * difference.mean > 0 else "worse"
    if not better and not worse:
        verdict = "unchanged"
    elif noise:
        verdict = "noise"
    change = Change(
        n=len(both),
        before=round(sum(old) / len(old), 4),
        after=round(sum(new) / len(new), 4),
        difference=round(difference.mean, 4),
        ci=(round(difference.low, 4), round(difference.high, 4)),
        better=better,
        worse=worse,
        unchanged=len(both) - better - worse,
        p=None if p is None else round(p, 4),
        verdict=verdict,
    )
    return {key: list(v) if isinstance(v := getattr(change, key), tuple) else v for key in Change.__slots__}


def mcnemar(better: int, worse: int) -> float:
    """The two-sided exact p of so many changes one way and the other, were both equally likely; 1.0 without changes."""
    changes = better + worse
    if not changes:
        return 1.0
    tail = sum(math.comb(changes, k) for k in range(min(better, worse) + 1)) / 2.0**changes
    return min(1.0, 2.0 * tail)
