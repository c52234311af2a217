"""Lorenz and generalised Lorenz curves of adopters and others, before anybody adopted and in the last year."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.distribution.described import Curves
from analysis.figures._style import COLOUR, style
from analysis.words import Words

CAPTION = {
    "zh": "“{outcome}”的分布：洛伦兹曲线（左上）、广义洛伦兹曲线（右上）与洛伦兹曲线的变化（下）",
    "en": "Distribution of “{outcome}”: Lorenz curves (top left), generalised (top right), change of the former (below)",
}
LINE = {"first": (0, (3, 2)), "last": "solid"}
COLOURS = {"adopters": COLOUR["treated"], "others": COLOUR["comparison"]}
TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def draw(curves: Curves, words: Words, *, ax: Axes | None = None) -> Axes:
    """Three panels; blue adopters, orange others, dashed before. Returns the first."""
    with style():
        figure = Figure(figsize=(6.7, 5.6), layout="constrained") if ax is None else ax.get_figure()
        grid = figure.add_gridspec(2, 2, height_ratios=(1.25, 1))
        left, right, below = (figure.add_subplot(grid[place]) for place in ((0, 0), (0, 1), (1, slice(None))))
        unit = curves.rows["unit"].iloc[0]
        left.plot([0, 1], [0, 1], color="#888888", linewidth=0.8)
        _curves(left, curves.rows[curves.rows["curve"] == "lorenz"], 1.0, words)
        _curves(right, curves.rows[curves.rows["curve"] != "lorenz"], words.scaled(1.0, unit), words)
        _changes(below, curves.rows[(curves.rows["curve"] == "lorenz") & (curves.rows["when"] == "change")])
        for panel in (left, right, below):
            panel.set_xticks(TICKS, [f"{share:.0%}" for share in TICKS])
            panel.set_xlim(0, 1)
            panel.set_xlabel(words("figures.poorest"))
        left.set_ylim(0, 1)
        left.set_yticks(TICKS, [f"{share:.0%}" for share in TICKS])
        right.set_ylim(0, None)
        left.set_ylabel(words("figures.income_share"))
        right.set_ylabel(words("figures.generalised", unit=words.unit(unit)))
        below.set_ylabel(words("figures.lorenz_change"))
        handles, labels = left.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=4)
        return left


def _curves(panel: Axes, rows: pd.DataFrame, scale: float, words: Words) -> None:
    levels = rows[rows["when"] != "change"]
    for (who, when), line in levels.groupby(["who", "when"], sort=False):
        x, y = np.append(0.0, line["share"]), np.append(0.0, line["estimate"] * scale)
        if x[-1] < 1:  # a Lorenz curve ends at one
            x, y = np.append(x, 1.0), np.append(y, 1.0)
        label = words("figures.lorenz_line", who=words(f"groups.{who}"), year=line["year"].iloc[0])
        panel.plot(x, y, color=COLOURS[who], linestyle=LINE[when], label=label, linewidth=1.3)


def _changes(panel: Axes, rows: pd.DataFrame) -> None:
    panel.axhline(0, color="#444444", linewidth=0.8)
    for who, line in rows.groupby("who", sort=False):
        x = line["share"].to_numpy(float)
        low, middle, high = (
            100 * line[name].to_numpy(float) for name in ("conf_low", "estimate", "conf_high")
        )
        panel.fill_between(x, low, high, color=COLOURS[who], alpha=0.25, linewidth=0)
        panel.plot(x, middle, color=COLOURS[who], linewidth=1.3)


def alt(curves: Curves, words: Words) -> str:
    """The share of the poorest fifth and half in every curve."""
    rows = curves.rows[(curves.rows["curve"] == "lorenz") & (curves.rows["when"] != "change")]
    rows = rows[rows["share"].isin([0.2, 0.5])]
    points = "; ".join(
        words(
            "alt.lorenz_point", who=words(f"groups.{row.who}"), year=row.year, poorest=f"{row.share:.0%}",
            share=words.share(row.estimate),
        )
        for row in rows.itertuples()
    )  # fmt: skip
    return words("alt.lorenz", points=points)


def note(curves: Curves, words: Words) -> str:
    """What the two panels are, and how many units stand behind them."""
    counts: pd.Series = curves.rows.groupby("who")["n_units"].max()
    return words(
        "notes.lorenz",
        level=words.confidence(),
        adopters=words.units(counts["adopters"]),
        others=words.units(counts["others"]),
    )
