"""Cinelli, Hazlett (2020): the estimate as it would be under a hidden difference of any strength."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from analysis.checks.confounding import Confounding, contour
from analysis.figures._style import COLOUR, new_axes, style
from analysis.words import Words

CAPTION = {
    "zh": "没有记录的差别要多强，才会推翻对“{outcome}”的结论",
    "en": "How strong an unrecorded difference would have to be to undo the result for “{outcome}”",
}
POINTS, LEVELS = 60, 8  # of the grid, each way; lines, about
MARKS = ("o", "s", "^", "D", "v", "P", "X", "p")  # the covariates that matter most, in this order
LEAST, MOST = 0.1, 0.98  # of the axes' ends, shares


def draw(found: Confounding, words: Words, *, ax: Axes | None = None) -> Axes:
    """Contours of the estimate, that of zero thick; marks as strong as each covariate."""
    with style():
        ax = ax or new_axes((6.7, 4.0))
        end_x, end_y = _ends(found)
        x, y = np.linspace(0, end_x, POINTS), np.linspace(0, end_y, POINTS)
        value = contour(found, x, y) * words.scaled(1.0, found.unit)
        levels = [level for level in MaxNLocator(LEVELS).tick_values(value.min(), value.max()) if level]
        lines = ax.contour(100 * x, 100 * y, value, levels=levels, colors=COLOUR["muted"], linewidths=0.8)
        ax.clabel(lines, fmt=lambda level: f"{level:g}".replace("-", "−"), fontsize=7.5)
        if value.min() < 0 < value.max():
            zero = ax.contour(100 * x, 100 * y, value, levels=[0], colors=COLOUR["second"], linewidths=2.2)
            ax.clabel(zero, fmt="0", fontsize=8.5)
        label = words("sensitivity.figures.unadjusted")
        ax.plot(0, 0, "D", color=COLOUR["effect"], markersize=7, clip_on=False, zorder=5, label=label)
        shown = found.benchmarks[
            (found.benchmarks["treatment_r2"] <= end_x) & (found.benchmarks["outcome_r2"] <= end_y)
        ]
        for marker, row in zip(MARKS, _named(shown).itertuples(), strict=False):
            ax.plot(
                100 * row.treatment_r2, 100 * row.outcome_r2, marker, color=COLOUR["third"], markersize=7, zorder=5,
                markeredgecolor="white", markeredgewidth=0.8, clip_on=False, label=words.variable(row.variable),
            )  # fmt: skip
        ax.legend(loc="upper right", framealpha=0.92, frameon=True, edgecolor="none", fontsize=8)
        ax.set_xlabel(words("sensitivity.figures.treatment_r2"))
        ax.set_ylabel(words("sensitivity.figures.outcome_r2"))
        ax.xaxis.set_major_formatter(lambda v, _: f"{v:g}%")
        ax.yaxis.set_major_formatter(lambda v, _: f"{v:g}%")
        ax.grid(visible=False)
        return ax


def alt(found: Confounding, words: Words) -> str:
    """The estimate as strong as each covariate would make it."""
    points = "; ".join(
        f"{words.variable(row.variable)}: {words.number(row.estimate, found.unit, signed=True)}"
        for row in found.benchmarks.itertuples()
    )
    estimate = words.number(found.estimate, found.unit, signed=True)
    return words("alt.omitted_variable", unit=words.unit(found.unit), estimate=estimate, points=points)


def note(found: Confounding, words: Words) -> str:
    """How to read the lines, and on which regression they stand."""
    regression = words(
        "notes.omitted_regression", n_treated=words.units(found.n_treated), n_comparison=words.units(found.n_comparison),
        last=found.last,
    )  # fmt: skip
    return words.sentences([words("notes.omitted_variable"), regression])


def _ends(found: Confounding) -> tuple[float, float]:
    value = 1.6 * found.robustness.value
    largest = [
        1.2 * float(found.benchmarks[c].max()) if len(found.benchmarks) else 0.0
        for c in ("treatment_r2", "outcome_r2")
    ]
    return tuple(float(np.clip(max(value, one), LEAST, MOST)) for one in largest)


def _named(shown: pd.DataFrame) -> pd.DataFrame:
    """Those whose strength moves the estimate most, as many as there are marks."""
    return shown.loc[shown["estimate"].abs().sort_values(kind="stable").index].head(len(MARKS))
