"""From the parts to the whole: how much of an effect came through which source."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.distribution.names import part_name
from analysis.figures._style import COLOUR, new_axes, style, wrapped
from analysis.words import Words

CAPTION = {
    "zh": "“{outcome}”变化的来源：各部分相加等于合计",
    "en": "Where the change in “{outcome}” came from: the parts sum to the whole",
}


def draw(steps: pd.DataFrame, words: Words, *, ax: Axes | None = None) -> Axes:
    """Each bar begins where the last one ended; whiskers are intervals of the single bars, diamonds the truth."""
    with style():
        ax = ax or new_axes((6.7, 3.9))
        unit = steps["unit"].iloc[0]
        scale = words.scaled(1.0, unit)
        ax.axhline(0, color="#444444", linewidth=0.8)
        place = np.arange(len(steps))
        for at, row in zip(place, steps.itertuples(), strict=True):
            colour = (
                COLOUR["effect"]
                if row.source == "total"
                else COLOUR["third"]
                if row.estimate >= 0
                else COLOUR["second"]
            )
            start = row.start * scale
            ax.bar(at, row.estimate * scale, bottom=start, width=0.6, color=colour, alpha=0.75)
            ax.vlines(
                at,
                start + row.conf_low * scale,
                start + row.conf_high * scale,
                color="#333333",
                linewidth=1.0,
            )
            if math.isfinite(row.truth):
                ax.plot(at + 0.18, start + row.truth * scale, "D", color=COLOUR["truth"], markersize=4.5)
        ends = steps["end"].to_numpy(float) * scale
        for at in place[:-1]:
            ax.hlines(ends[at], at + 0.3, at + 0.7, color="#888888", linewidth=0.8)
        top = ax.get_ylim()[1]
        for at, row in zip(place, steps.itertuples(), strict=True):
            high = (row.start + max(0.0, row.estimate, np.nan_to_num(row.conf_high))) * scale
            ax.annotate(
                words.number(row.estimate, unit, signed=True), (at, high), xytext=(0, 3), textcoords="offset points",
                ha="center", fontsize=8.5,
            )  # fmt: skip
        ax.set_ylim(None, top + 0.08 * (top - ax.get_ylim()[0]))
        ax.set_xticks(place, [wrapped(part_name(row, words), 15) for row in steps.itertuples()])
        ax.set_ylabel(words("figures.effect", unit=words.unit(unit)))
        ax.set_xlabel(words("figures.source"))
        ax.grid(axis="x", visible=False)
        return ax


def alt(steps: pd.DataFrame, words: Words) -> str:
    """Every part in words."""
    unit = steps["unit"].iloc[0]
    points = "; ".join(
        f"{part_name(row, words)}: {words.number(row.estimate, unit, signed=True)} "
        f"{words.interval(row.conf_low, row.conf_high, unit)}"
        for row in steps.itertuples()
    )
    return words("alt.waterfall", unit=words.unit(unit), points=points)


def note(steps: pd.DataFrame, words: Words) -> str:
    """Interval kind, estimator, counts, truth."""
    text = words(
        "notes.waterfall", level=words.confidence(), estimator=words(f"estimators.{steps['estimator'].iloc[0]}"),
        n=words.units(steps["n_treated"].max()), clusters=words.units(steps["n_clusters"].max()),
    )  # fmt: skip
    return words.sentences([text, words("notes.waterfall_truth") if steps["truth"].notna().any() else ""])
