"""The report of a run: ``report.md``, ``report.json`` and ``report.html`` in its folder.

``report.json`` is one object:

    {"schema": 1,
     "run": {"partial": false, "rows": 174, "cases": 174, "cases_in_set": 174, "seed": 0, "version": …, …},
     "scorer": {"name": "offline", "revision": …, "threshold": 0.5, "calibration": {…}},
     "all": GROUP, "languages": {"zh-Hans": GROUP, …}, "directions": {"zh-Hans>en": GROUP, …}, "kinds": {…},
     "retrieval_curves": {"all": [hit@1, …, hit@10], "zh-Hans": …},
     "refusal_curve": [{"threshold": 0.5, "answered": 0.9, "refused": 0.8}, …], "refusal_threshold": 0.2 or null,
     "bars": [{"measure": "faithfulness", "least": 0.9, "value": 0.97, "met": true}, …],
     "comparison": null or {"cases": 174, "left_out": [], "with": folder, "changed": {setting: [before, after], …},
                            "measures": {"hit@1": {"n": …, "before": …, "after": …, "difference": …,
                                                   "ci": [low, high], "better": …, "worse": …, "unchanged": …, "p": …,
                                                   "verdict": "noise"}}},
     "unfaithful": null or {"all": {"faithful": {"value": 0.97, "ci": …, "n": …}, "number": …, "other document": …,
                            "negation": …, "told_apart": true}, "zh-Hans": …, "zh-Hans>en": …}}

and a GROUP

    {"counts": {"total": 58, "scored": 44, "refused": 13, "empty": 0, "failed": 1, "answerable": 46},
     "claims": {"supported": 71, "unsupported": 2, "not_scored": 0},
     "measures": {"faithfulness": {"value": 0.97, "ci": [0.93, 1.0], "n": 73}, …},      null where nothing was measured
     "latency_ms": {"median": 420.0, "p95": 900.0}}

``eval.summary.MEASURES`` says what each measure is. Only ``latency_ms`` differs between two runs of one thing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eval.journal import write_whole
from eval.run import RunResult
from index.errors import UsageError

__all__ = ["SCHEMA", "build_report", "write_report"]

SCHEMA = 1

Report = dict[str, Any]


def build_report(
    result: RunResult,
    bars: Sequence[Mapping[str, Any]] = (),
    comparison: Mapping[str, Any] | None = None,
    unfaithful: Mapping[str, Any] | None = None,
) -> Report:
    """The object of ``report.json``. ``bars`` come from ``eval.bars``, ``comparison`` from ``eval.compare`` and
    ``unfaithful`` from ``eval.unfaithful.told_apart``."""
    settings = {key: value for key, value in result.settings.items() if key not in ("scorer", "cases")}
    run = {"partial": result.partial, "rows": len(result.rows), "cases": len(result.settings["cases"]), **settings}
    return {
        "schema": SCHEMA,
        "run": run,
        "scorer": dict(result.settings["scorer"]),
        **result.summary,
        "bars": [dict(bar) for bar in bars],
        "comparison": None if comparison is None else dict(comparison),
        "unfaithful": None if unfaithful is None else dict(unfaithful),
    }


def write_report(result: RunResult, report: Report) -> dict[str, Path]:
    """Write the three forms into the run's folder; their paths by ``md``, ``json`` and ``html``.

    Raises ``UsageError`` where they cannot be written.
    """
    from eval.report.markdown import markdown
    from eval.report.page import page

    texts = {
        "md": markdown(report) + "\n",
        "json": json.dumps(report, ensure_ascii=False, indent=1) + "\n",
        "html": page(report, result.rows),
    }
    paths = {kind: result.out / f"report.{kind}" for kind in texts}
    for kind, text in texts.items():
        try:
            write_whole(paths[kind], text.encode("utf-8", "replace"))
        except OSError as error:
            raise UsageError(
                f"cannot write {paths[kind]}: {error.strerror}; see to its space and rights, then go on with the same "
                "--out"
            ) from error
    return paths
