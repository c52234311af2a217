"""The ladder: one question, one data set, from the easy number down to the credible one."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.axes import Axes

from analysis.checks.ladder import ADJUSTED, BASES, CREDIBLE
from analysis.figures._style import COLOUR, new_axes, style
from analysis.words import Words

CAPTION = {
    "zh": "同一数据，不同算法：从前后对比到可信估计（“{outcome}”）",
    "en": "The same data, from before–after to the credible estimate (“{outcome}”)",
}


def draw(steps: pd.DataFrame, words: Words, *, ax: Axes | None = None) -> Axes:
    """One line per step: credible filled, adjusted half filled, the rest hollow; the truth, where known, through all."""
    with style():
        ax = ax or new_axes((6.7, 1.2 + 0.34 * len(steps)))
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
            ax.hlines(height, low, high, color=colour, linewidth=2.2)
            ax.plot(value, height, color=colour, markersize=6.5, markeredgewidth=1.5, **_mark(row.step))
            ax.annotate(
                words.number(row.estimate, unit, signed=True), (1.02, height), xycoords=("axes fraction", "data"),
                va="center", ha="left", color=colour,
            )  # fmt: skip
        names = ["\n".join(_label(row, words)) for row in steps.itertuples()]
        ax.set_yticks(range(len(steps) - 1, -1, -1), names)
        ax.set_ylim(-0.6, len(steps) - 0.4)
        ax.set_xlabel(words("figures.ladder", unit=words.unit(unit)))
        ax.grid(axis="y", visible=False)
        return ax


def alt(steps: pd.DataFrame, words: Words) -> str:
    """Every step in words."""
    unit = steps["unit"].iloc[0]
    points = "; ".join(
        f"{_name(row, words)}: {words.number(row.estimate, unit, signed=True)}"
        + ("" if row.step == "truth" else f" {words.interval(row.conf_low, row.conf_high, unit)}")
        for row in steps.itertuples()
    )
    return words("alt.ladder", unit=words.unit(unit), points=points)


def note(steps: pd.DataFrame, words: Words) -> str:
    """Which steps can be read as effects, and which have no number."""
    told = set(steps["step"])
    without = [words(f"steps.{row.step}") for row in steps.itertuples() if not math.isfinite(row.estimate)]
    return words.sentences([
        words("notes.ladder_figure", level=words.confidence()),
        words("notes.ladder_adjusted") if told & set(ADJUSTED) else words("notes.ladder_no_covariates"),
        words("notes.ladder_truth") if "truth" in told else "",
        words("notes.ladder_without", steps=words.listed(without)) if without else "",
    ])  # fmt: skip


def _label(row: object, words: Words) -> list[str]:
    """The step and, below it, the years of a moved base, or that a number stands without interval."""
    label = [words(f"steps.{row.step}")]
    if row.step in BASES and row.detail:
        label.append(row.detail)
    if row.step != "truth" and math.isfinite(row.estimate) and not math.isfinite(row.conf_low):
        label.append(words("terms.no_interval"))  # a bare mark would look like a very sure one
    return label


def _name(row: object, words: Words) -> str:
    """The step; with its years where another base year is one more step."""
    name = words(f"steps.{row.step}")
    if row.step not in BASES or not row.detail:
        return name
    return words("notes.ladder_years", step=name, years=row.detail)


def _colour(step: str) -> str:
    if step == "truth":
        return COLOUR["truth"]
    if step in CREDIBLE:
        return COLOUR["effect"]
    return COLOUR["comparison"] if step in ADJUSTED else COLOUR["benchmark"]


def _mark(step: str) -> dict[str, str]:
    """Marker and face, so that the three kinds differ in grey print too."""
    if step == "truth":
        return {"marker": "D", "markerfacecolor": COLOUR["truth"]}
    if step in CREDIBLE:
        return {"marker": "o", "markerfacecolor": COLOUR["effect"]}
    if step in ADJUSTED:
        return {
            "marker": "o", "fillstyle": "left", "markerfacecolor": COLOUR["comparison"], "markerfacecoloralt": "white",
        }  # fmt: skip
    return {"marker": "o", "markerfacecolor": "white"}
