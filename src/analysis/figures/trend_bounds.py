"""Intervals of the effect by how far trends may differ, and where the conclusion gives way."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes

from analysis.checks.parallel_trends_bounds import Breakdown
from analysis.figures._style import COLOUR, new_axes, style
from analysis.words import Words

CAPTION = {
    "zh": "趋势允许相差多少，对“{outcome}”的影响就有多不确定（{by}）",
    "en": "How uncertain the effect on “{outcome}” becomes as trends may differ ({by})",
}


def draw(answer: Breakdown, words: Words, *, ax: Axes | None = None) -> Axes:
    """Left the interval under parallel trends, then one per size; a dashed line where zero first lies inside."""
    with style():
        ax = ax or new_axes((6.7, 3.2))
        found, rows, unit, truth = answer.bounds, answer.bounds.rows, answer.unit, answer.truth
        place = _places(answer, words)
        step = place[1] - place[0]
        ax.axhline(0, color="#444444", linewidth=0.8)
        value = words.scaled(found.estimate, unit)
        low, high = (words.scaled(v, unit) for v in (found.conf_low, found.conf_high))
        ax.vlines(place[0] - step, low, high, color=COLOUR["benchmark"], linewidth=2.2)
        ax.plot(place[0] - step, value, "o", color=COLOUR["benchmark"], markersize=5.5)
        for at, row in zip(place, rows.itertuples(), strict=True):
            low, high, inner_low, inner_high = (
                words.scaled(v, unit) for v in (row.conf_low, row.conf_high, row.set_low, row.set_high)
            )
            holds = not row.conf_low <= 0 <= row.conf_high
            colour = COLOUR["effect"] if holds else COLOUR["second"]
            ax.vlines(at, low, high, color=colour, linewidth=1.8)
            ax.plot([at, at], [low, high], "_", color=colour, markersize=8)
            if np.isfinite(inner_low):
                ax.vlines(at, inner_low, inner_high, color=colour, linewidth=5.5, alpha=0.55)
        _breakdown(ax, answer, place, words)
        if math.isfinite(truth):
            level = words.scaled(truth, unit)
            ax.axhline(level, color=COLOUR["truth"], linewidth=1.0, linestyle=(0, (1, 2)))
            ax.annotate(
                words("sensitivity.figures.true_effect"), (1.01, level), xycoords=("axes fraction", "data"),
                ha="left", va="center", fontsize=8,
            )  # fmt: skip
        labels = [f"{words.scaled(size, _scale(answer)):g}" for size in rows["size"]]
        ax.set_xticks([place[0] - step, *place], [words("sensitivity.figures.parallel"), *labels])
        ax.set_xlabel(_axis(answer, words))
        ax.set_ylabel(words("figures.effect", unit=words.unit(unit)))
        ax.grid(axis="x", visible=False)
        return ax


def alt(answer: Breakdown, words: Words) -> str:
    """Every interval in words."""
    points = "; ".join(
        f"{words.scaled(row.size, _scale(answer)):g}: {words.interval(row.conf_low, row.conf_high, answer.unit)}"
        for row in answer.bounds.rows.itertuples()
    )
    return words("alt.trend_bounds", unit=words.unit(answer.unit), points=points)


def note(answer: Breakdown, words: Words) -> str:
    """How to read the lines."""
    known = "" if math.isnan(answer.truth) else words("notes.trend_bounds_truth")
    return words.sentences([words("notes.trend_bounds", level=words.confidence()), known])


def _scale(answer: Breakdown) -> str:
    """The unit of sizes: none for multiples, the outcome's for bends."""
    return "" if answer.bounds.restriction == "relative_magnitude" else answer.unit


def _axis(answer: Breakdown, words: Words) -> str:
    if answer.bounds.restriction == "relative_magnitude":
        return words("sensitivity.figures.magnitude")
    return words("sensitivity.figures.bend", unit=words.unit(answer.unit))


def _places(answer: Breakdown, words: Words) -> np.ndarray:
    return answer.bounds.rows["size"].to_numpy(float) * words.scaled(1.0, _scale(answer))


def _breakdown(ax: Axes, answer: Breakdown, place: np.ndarray, words: Words) -> None:
    at = words.scaled(answer.value, _scale(answer))
    if 0 < at <= place[-1]:
        ax.axvline(at, color=COLOUR["muted"], linewidth=1.0, linestyle=(0, (4, 3)))
        ax.annotate(
            words("sensitivity.figures.breakdown"), (at, 0.0), xycoords=("data", "axes fraction"), xytext=(4, 4),
            textcoords="offset points", va="bottom", fontsize=8, color="#666666",
        )  # fmt: skip
