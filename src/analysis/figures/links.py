"""The links behind an income: changes in proportion; a link that is not measured keeps its place and says so."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.axes import Axes

from analysis.distribution.names import link_name
from analysis.figures._style import COLOUR, new_axes, style
from analysis.words import Words

CAPTION = {
    "zh": "从服务到收入的各个环节（“{outcome}”）：采用后的相对变化",
    "en": "Links from service to “{outcome}”: change in proportion after adoption",
}


def draw(rows: pd.DataFrame, words: Words, *, ax: Axes | None = None) -> Axes:
    """One line per link; a black diamond where the truth is known."""
    with style():
        ax = ax or new_axes((6.7, 1.2 + 0.46 * len(rows)))
        ax.axvline(0, color="#444444", linewidth=0.8)
        for i, row in enumerate(rows.itertuples()):
            height = len(rows) - 1 - i
            if math.isfinite(row.estimate):
                low, value, high = (100 * v for v in (row.conf_low, row.estimate, row.conf_high))
                ax.hlines(height, low, high, color=COLOUR["effect"], linewidth=2.4)
                ax.plot(value, height, "o", color=COLOUR["effect"], markersize=6.5, markeredgecolor="white")
                ax.annotate(
                    words.number(row.estimate, "change", signed=True), (1.02, height),
                    xycoords=("axes fraction", "data"), va="center", ha="left", color=COLOUR["effect"],
                )  # fmt: skip
                if math.isfinite(row.truth):
                    ax.plot(100 * row.truth, height - 0.24, "D", color=COLOUR["truth"], markersize=4.5)
            else:
                ax.annotate(
                    words.status(row.status), (0.98, height), xycoords=("axes fraction", "data"), ha="right", va="center",
                    fontsize=8.5, color="#666666",
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
                )  # fmt: skip
        ax.set_yticks(range(len(rows) - 1, -1, -1), [link_name(row, words) for row in rows.itertuples()])
        ax.set_ylim(-0.6, len(rows) - 0.4)
        ax.set_xlabel(words("figures.change"))
        ax.grid(axis="y", visible=False)
        return ax


def alt(rows: pd.DataFrame, words: Words) -> str:
    """Every link in words."""
    points = "; ".join(
        f"{link_name(row, words)}: "
        + (
            f"{words.number(row.estimate, 'change', signed=True)} {words.interval(row.conf_low, row.conf_high, 'change')}"
            if math.isfinite(row.estimate)
            else words.status(row.status)
        )
        for row in rows.itertuples()
    )
    return words("alt.links", points=points)


def note(rows: pd.DataFrame, words: Words) -> str:
    """Interval kind, logarithms, truth."""
    return words.sentences([
        words("notes.links", level=words.confidence()),
        words("notes.links_truth") if rows["truth"].notna().any() else "",
    ])  # fmt: skip
