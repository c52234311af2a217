"""Adopters against the untouched, and what happened to units near adopters."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from analysis.checks.exposure import Spillovers
from analysis.estimates import verdict
from analysis.figures._style import COLOUR, new_axes, style, wrapped
from analysis.words import Words

CAPTION = {
    "zh": "采用者与其附近单位“{outcome}”的变化",
    "en": "Changes in “{outcome}” of adopters and of units near them",
}


def draw(found: Spillovers, words: Words, *, ax: Axes | None = None) -> Axes:
    """One line per group of units, adopters first; filled where the interval excludes zero."""
    with style():
        rows = found.rows
        ax = ax or new_axes((6.7, 1.0 + 0.42 * len(rows)))
        unit = rows["unit"].iloc[0]
        ax.axvline(0, color="#444444", linewidth=0.8)
        for height, (_, row) in zip(range(len(rows) - 1, -1, -1), rows.iterrows(), strict=True):
            colour = COLOUR["effect"] if row["change"] != "near" else COLOUR["comparison"]
            if pd.isna(row["estimate"]):
                ax.annotate(
                    words("figures.not_estimable"), (0.99, height), xycoords=("axes fraction", "data"), ha="right",
                    va="center", fontsize=8, color="#666666",
                )  # fmt: skip
                continue
            low, value, high = (words.scaled(row[c], unit) for c in ("conf_low", "estimate", "conf_high"))
            clear = verdict(row) in {"rose", "fell"}
            ax.hlines(height, low, high, color=colour, linewidth=2.2)
            ax.plot(
                value, height, "o", color=colour, markersize=7, markerfacecolor=colour if clear else "white"
            )
        names = [wrapped(name_of(row, found.by_ring, words), 40) for row in rows.itertuples()]
        ax.set_yticks(range(len(rows) - 1, -1, -1), names)
        ax.set_ylim(-0.6, len(rows) - 0.4)
        ax.set_xlabel(words("figures.effect", unit=words.unit(unit)))
        ax.grid(axis="y", visible=False)
        ax.tick_params(axis="y", length=0)
        return ax


def alt(found: Spillovers, words: Words) -> str:
    """Every line in words."""
    unit = found.rows["unit"].iloc[0]
    points = "; ".join(
        f"{name_of(row, found.by_ring, words)}: {words.number(row.estimate, unit, signed=True)} "
        f"{words.interval(row.conf_low, row.conf_high, unit)}"
        for row in found.rows.itertuples()
    )
    return words("alt.exposure", unit=words.unit(unit), points=points)


def note(found: Spillovers, words: Words) -> str:
    """Interval kind, method and how long there is somebody to compare with."""
    last = found.untouched.loc[found.untouched["n_untouched"] > 0, "year"].max()
    return words("notes.exposure", level=words.confidence(), last=int(last))


def name_of(row: tuple, by_ring: bool, words: Words) -> str:
    """What a line is about, with its number of units."""
    change = {True: "near_ring", False: "near_share"}[by_ring] if row.change == "near" else row.change
    return f"{words.change(change, row.detail)}  (n={words.units(row.n_treated)})"
