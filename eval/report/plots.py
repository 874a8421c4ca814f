"""The report's plots as SVG, to be put into the page as they are: no file, font or script from elsewhere."""

from __future__ import annotations

import importlib.util
import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["available", "plots"]

Report = Mapping[str, Any]

_INK, _MAIN, _SECOND, _GREY = "#1f2933", "#0b6e75", "#b4530a", "#8a94a0"
_LINES = (_INK, _MAIN, _SECOND, "#5b4b9a")
_STYLE: Any = {
    "svg.fonttype": "none",  # words stay words: sharp, and set in the page's own font
    "svg.hashsalt": "wenju",  # the same figures give the same file
    "font.size": 9,
    "font.family": ["sans-serif"],
    "axes.edgecolor": _GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
}
_PROLOGUE = re.compile(r"^.*?(?=<svg)|<metadata>.*?</metadata>", re.DOTALL)


def available() -> bool:
    """Whether plots can be drawn here: they need matplotlib (``pip install "wenju[eval]"``)."""
    return importlib.util.find_spec("matplotlib") is not None


def plots(report: Report) -> dict[str, str]:
    """``faithfulness``, ``retrieval``, ``refusal`` and ``latency`` as SVG; those without a figure are left out."""
    drawn: dict[str, tuple[Callable[[Axes, Any], None], Any]] = {
        "faithfulness": (_faithfulness, _with_faithfulness(report)),
        "retrieval": (_retrieval, report["retrieval_curves"]),
        "refusal": (_refusal, _with_threshold(report)),
        "latency": (_latency, {n: g["latency_ms"] for n, g in _groups(report).items() if g["latency_ms"]}),
    }
    return {name: _svg(name, draw, figures) for name, (draw, figures) in drawn.items() if figures}


def _groups(report: Report) -> dict[str, Any]:
    return {"all": report["all"], **report["languages"], **report["directions"]}


def _with_faithfulness(report: Report) -> dict[str, Any]:
    measured = {name: group["measures"]["faithfulness"] for name, group in _groups(report).items()}
    return {name: figure for name, figure in measured.items() if figure["value"] is not None}


def _with_threshold(report: Report) -> dict[str, Any]:
    curve = report["refusal_curve"]
    return {"curve": curve, "between": report["refusal_threshold"]} if curve else {}


def _svg(name: str, draw: Callable[[Axes, Any], None], figures: Any) -> str:
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with rc_context({**_STYLE, "svg.hashsalt": f"wenju-{name}"}):
        height = 1.0 + 0.26 * len(figures) if name in ("faithfulness", "latency") else 3.2
        figure = Figure(figsize=(5.4, max(2.2, height)), layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure.add_subplot(), figures)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = _PROLOGUE.sub("", buffer.getvalue())
    # Four plots in one page: ids must not meet. Sized by the page, not in points.
    text = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{name}-", text)
    return re.sub(
        r'<svg([^>]*?) width="[^"]*"', r"<svg\1", re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    )


def _faithfulness(axes: Axes, figures: Mapping[str, Any]) -> None:
    names = list(figures)[::-1]
    for place, name in enumerate(names):
        figure = figures[name]
        low, high = figure["ci"]
        axes.plot([low, high], [place, place], color=_MAIN, linewidth=2, solid_capstyle="round")
        axes.plot(figure["value"], place, "o", color=_MAIN, markersize=5)
    axes.set_yticks(range(len(names)), [f"{name}  (n={figures[name]['n']})" for name in names])
    axes.set_xlim(0, 1.02)
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.set_xlabel("claims supported, 95 % interval")
    axes.grid(axis="x", color="#e3e7eb", linewidth=0.8)
    axes.set_axisbelow(True)


def _retrieval(axes: Axes, curves: Mapping[str, Sequence[float]]) -> None:
    for color, (name, values) in zip(_LINES, curves.items(), strict=False):
        wide = 2.4 if name == "all" else 1.3
        axes.plot(range(1, len(values) + 1), values, color=color, linewidth=wide, marker="o", markersize=3, label=name)
    axes.set_xlabel("k: passages looked at")
    axes.set_ylabel("hit@k")
    axes.set_ylim(0, 1.02)
    axes.set_xticks(range(1, 11))
    axes.legend(frameon=False, loc="lower right")
    axes.grid(color="#e3e7eb", linewidth=0.8)


def _refusal(axes: Axes, figures: Mapping[str, Any]) -> None:
    curve: Sequence[Mapping[str, float]] = figures["curve"]
    points = [point["threshold"] for point in curve]
    for color, key, label in (
        (_MAIN, "answered", "answerable: answered"),
        (_SECOND, "refused", "unanswerable: refused"),
    ):
        axes.plot(points, [point[key] for point in curve], color=color, linewidth=2, label=label)
    if figures["between"] is not None:
        axes.axvline(
            figures["between"], color=_GREY, linewidth=1.2, linestyle="--", label="between refused and answered"
        )
    axes.set_xlabel("threshold on confidence")
    axes.set_ylabel("share of questions")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.legend(frameon=False, loc="lower center")
    axes.grid(color="#e3e7eb", linewidth=0.8)


def _latency(axes: Axes, figures: Mapping[str, Mapping[str, float]]) -> None:
    names = list(figures)[::-1]
    places = range(len(names))
    axes.barh(places, [figures[name]["p95"] for name in names], color="#cfe3e4", height=0.7, label="95th percentile")
    axes.barh(places, [figures[name]["median"] for name in names], color=_MAIN, height=0.35, label="median")
    axes.set_yticks(places, names)
    axes.set_xlabel("milliseconds an answer")
    axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
