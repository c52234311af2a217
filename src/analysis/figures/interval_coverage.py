"""How often intervals miss a known truth, scenario by scenario."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from analysis.checks.validity.verdicts import BAND
from analysis.figures._style import COLOUR, new_axes, style
from analysis.figures.recovery import named, placed, scenario_axis, size
from analysis.words import Words

CAPTION = {"zh": "区间有多少次没有包住真值", "en": "How often intervals miss the truth"}
ASKED = ("required",)
TICKS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


def draw(rows: pd.DataFrame, words: Words, *, ax: Axes | None = None) -> Axes:
    """One row per scenario, one mark per method, the acceptance band as a shade; filled where honesty is asked."""
    with style():
        ax = new_axes(size(rows)) if ax is None else ax
        ax.set_xscale("log")
        scenarios = list(dict.fromkeys(rows["scenario"]))
        for place, name in enumerate(scenarios):
            inside = rows[rows["scenario"] == name]
            height = len(scenarios) - 1 - place
            if not inside["with_interval"].any():
                ax.annotate(words("figures.no_interval_given"), (0.3, height), ha="center", va="center",
                            fontsize=8, color="#666666")  # fmt: skip
                continue
            widest = inside.loc[inside["with_interval"].idxmax()]
            ax.fill_betweenx(
                [height - 0.5, height + 0.5], 1 - widest["band_high"], 1 - widest["band_low"], color=COLOUR["band"],
                alpha=0.13, linewidth=0,
            )  # fmt: skip
        ax.axvline(1 - words.study.design.conf_level, color="#444444", linewidth=0.8)
        for row, height, marker, colour in placed(rows):
            if not row.with_interval:
                continue
            face = colour if row.ask in ASKED else "white"
            missed = max(1 - row.coverage, 1 / row.draws)
            ax.plot(
                missed, height, marker, color=colour, markerfacecolor=face, markersize=5, markeredgewidth=1.0
            )
        scenario_axis(ax, rows, words)
        ax.set_xlim(0.012, 1.25)
        ax.set_xticks(TICKS, [f"{tick:.0%}" for tick in TICKS])
        ax.xaxis.set_minor_locator(NullLocator())
        ax.set_xlabel(words("figures.misses"))
        return ax


def alt(rows: pd.DataFrame, words: Words) -> str:
    """Every mark in words."""
    points = "; ".join(
        f"{named(row, words)}: {words.share(1 - row.coverage)}"
        for row in rows.itertuples()
        if row.with_interval
    )
    return words("alt.interval_coverage", points=points)


def note(rows: pd.DataFrame, words: Words) -> str:
    """What the shade is, and what filled and hollow marks are."""
    return words("notes.interval_coverage_figure", level=words.confidence(), band=f"{BAND:.0%}")
