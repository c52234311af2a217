"""The ladder: one question, one data set, from the easy number down to the credible one."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from analysis.checks.ladder import CREDIBLE
from analysis.figures._style import COLOUR, new_axes, style
from analysis.words import Words

CAPTION = {
    "zh": "同一数据，不同算法：从前后对比到可信估计（“{outcome}”）",
    "en": "The same data, from before–after to the credible estimate (“{outcome}”)",
}


def draw(steps: pd.DataFrame, words: Words, *, ax: Axes | None = None) -> Axes:
    """One line per step; credible steps filled, the rest hollow; the truth, where known, as a line through all."""
    with style():
        ax = ax or new_axes((6.7, 1.2 + 0.46 * len(steps)))
        unit = steps["unit"].iloc[0]
        ax.axvline(0, color="#444444", linewidth=0.8)
        truth = steps.loc[steps["step"] == "truth", "estimate"]
        if len(truth):
            ax.axvline(
                words.scaled(truth.iloc[0], unit), color=COLOUR["truth"], linewidth=1.1, linestyle=(0, (4, 3))
            )
        for i, row in enumerate(steps.itertuples()):
            height = len(steps) - 1 - i
            colour = _colour(row.step)
            low, value, high = (words.scaled(v, unit) for v in (row.conf_low, row.estimate, row.conf_high))
            ax.hlines(height, low, high, color=colour, linewidth=2.4)
            face = colour if row.step in (*CREDIBLE, "truth") else "white"
            marker = "D" if row.step == "truth" else "o"
            ax.plot(
                value, height, marker, color=colour, markerfacecolor=face, markersize=7, markeredgewidth=1.6
            )
            ax.annotate(
                words.number(row.estimate, unit, signed=True), (1.02, height), xycoords=("axes fraction", "data"),
                va="center", ha="left", color=colour,
            )  # fmt: skip
        names = [words(f"steps.{step}") for step in steps["step"]]
        ax.set_yticks(range(len(steps) - 1, -1, -1), names)
        ax.set_ylim(-0.6, len(steps) - 0.4)
        ax.set_xlabel(words("figures.ladder", unit=words.unit(unit)))
        ax.grid(axis="y", visible=False)
        return ax


def alt(steps: pd.DataFrame, words: Words) -> str:
    """Every step in words."""
    unit = steps["unit"].iloc[0]
    points = "; ".join(
        f"{words(f'steps.{row.step}')}: {words.number(row.estimate, unit, signed=True)}"
        + ("" if row.step == "truth" else f" {words.interval(row.conf_low, row.conf_high, unit)}")
        for row in steps.itertuples()
    )
    return words("alt.ladder", unit=words.unit(unit), points=points)


def note(steps: pd.DataFrame, words: Words) -> str:
    """Which steps can be read as effects."""
    known = "truth" in set(steps["step"])
    return words.sentences([
        words("notes.ladder_figure", level=words.confidence()), words("notes.ladder_truth") if known else "",
    ])  # fmt: skip


def _colour(step: str) -> str:
    if step == "truth":
        return COLOUR["truth"]
    return COLOUR["effect"] if step in CREDIBLE else COLOUR["benchmark"]
