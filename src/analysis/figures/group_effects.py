"""The average effect by income before anybody adopted, and on low-income households."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.axes import Axes

from analysis.distribution.names import group_name
from analysis.figures._style import COLOUR, new_axes, style
from analysis.words import Words

CAPTION = {
    "zh": "不同收入水平农户受到的影响（“{outcome}”）",
    "en": "Effects on “{outcome}” by the household's earlier income",
}


def draw(rows: pd.DataFrame, words: Words, *, ax: Axes | None = None) -> Axes:
    """One line per group from the poorest down, differences hollow; a black diamond where the truth is known."""
    with style():
        unit = rows["unit"].iloc[0]
        ax = ax or new_axes((6.7, 1.3 + 0.36 * len(rows)))
        ax.axvline(0, color="#444444", linewidth=0.8)
        for i, row in enumerate(rows.itertuples()):
            height = len(rows) - 1 - i
            low, value, high = (words.scaled(v, unit) for v in (row.conf_low, row.estimate, row.conf_high))
            apart = row.level == "difference"
            colour = COLOUR["benchmark"] if apart else COLOUR["effect"]
            ax.hlines(height, low, high, color=colour, linewidth=2.2)
            ax.plot(
                value, height, "o", color=colour, markersize=6.5, markeredgewidth=1.4,
                markerfacecolor="white" if apart else colour,
            )  # fmt: skip
            if math.isfinite(row.truth):
                ax.plot(
                    words.scaled(row.truth, unit), height - 0.24, "D", color=COLOUR["truth"], markersize=4.5
                )
            ax.annotate(
                words.number(row.estimate, unit, signed=True), (1.02, height), xycoords=("axes fraction", "data"),
                va="center", ha="left", color=colour,
            )  # fmt: skip
            if not math.isfinite(row.conf_low):
                key = "figures.withheld" if pd.isna(row.estimate) else "figures.without_interval"
                ax.annotate(
                    words(key), (1, height), xycoords=("axes fraction", "data"), ha="right", va="center",
                    fontsize=8, color="#666666",
                )  # fmt: skip
        ax.set_yticks(range(len(rows) - 1, -1, -1), [group_name(row, words) for row in rows.itertuples()])
        ax.set_ylim(-0.6, len(rows) - 0.4)
        ax.set_xlabel(words("figures.effect", unit=words.unit(unit)))
        ax.grid(axis="y", visible=False)
        return ax


def alt(rows: pd.DataFrame, words: Words) -> str:
    """Every group in words."""
    unit = rows["unit"].iloc[0]
    points = "; ".join(
        f"{group_name(row, words)}: {words.number(row.estimate, unit, signed=True)} "
        f"{words.interval(row.conf_low, row.conf_high, unit)}"
        for row in rows.itertuples()
    )
    return words("alt.group_effects", unit=words.unit(unit), points=points)


def note(rows: pd.DataFrame, words: Words) -> str:
    """Interval kind, hollow marks, truth."""
    return words.sentences([
        words("notes.group_effects", level=words.confidence()),
        words("notes.group_truth") if rows["truth"].notna().any() else "",
    ])  # fmt: skip
