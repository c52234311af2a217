"""Effects in two groups and their difference, one panel per outcome: only the difference says whether groups differ."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures._style import COLOUR, style, wrapped
from analysis.words import Words

CAPTION = {"zh": "分组影响及两组之差", "en": "Effects by group, and the difference between groups"}
LINE = 0.21  # inches per line of a panel
HEAD = 0.68  # inches for a panel's name and axis
LOOK = {
    "lower": {"marker": "o", "color": COLOUR["effect"], "markerfacecolor": "white"},
    "upper": {"marker": "o", "color": COLOUR["effect"], "markerfacecolor": COLOUR["effect"]},
    "difference": {"marker": "D", "color": COLOUR["second"], "markerfacecolor": COLOUR["second"]},
}


def draw(groups: pd.DataFrame, words: Words, *, ax: Axes | None = None) -> Axes:
    """Per outcome a panel on its own scale: lower group hollow, upper filled, their difference as a diamond.

    Intervals of groups are pointwise, those of differences hold for all comparisons of their family together. With
    `ax` the first outcome alone is drawn on it. The last panel is returned.
    """
    with style():
        parts = [rows for _, rows in groups.groupby("outcome", sort=False)]
        if ax is not None:
            _panel(ax, parts[0], words)
            return ax
        lines = [len(rows) + _comparisons(rows) * 0.5 for rows in parts]
        figure = Figure(figsize=(6.7, LINE * sum(lines) + HEAD * len(parts)), layout="constrained")
        panels = figure.subplots(len(parts), 1, squeeze=False, height_ratios=[LINE * n + 0.3 for n in lines])[
            :, 0
        ]
        for panel, rows in zip(panels, parts, strict=True):
            _panel(panel, rows, words)
        return panels[-1]


def alt(groups: pd.DataFrame, words: Words) -> str:
    """Every effect and difference in words."""
    points = [
        f"{words.outcome(row.outcome)}, {_name(row, words)}: {words.amount(row.estimate, row.unit, signed=True)} "
        f"{words.interval(*_interval(row), row.unit)}"
        for row in groups.itertuples()
    ]
    return words("alt.subgroups", points="; ".join(points))


def note(groups: pd.DataFrame, words: Words) -> str:
    """What the marks and the two kinds of interval mean."""
    withheld = int(groups["estimate"].isna().sum())
    return words.sentences([
        words("notes.subgroups_figure", level=words.confidence()),
        words("notes.doubtful") if groups["status"].str.startswith("flagged").any() else "",
        words("notes.withheld", n=words.count(withheld)) if withheld else "",
    ])  # fmt: skip


def _panel(ax: Axes, rows: pd.DataFrame, words: Words) -> None:
    unit = rows["unit"].iloc[0]
    ax.axvline(0, color="#444444", linewidth=0.8)
    places, names, place = [], [], 0.0
    for _, comparison in rows.groupby("subgroup", sort=False):
        for row in comparison.itertuples():
            look = LOOK[row.level]
            low, high = (words.scaled(value, unit) for value in _interval(row))
            dashed = (0, (1.2, 0.8)) if "flagged" in row.status else "solid"
            ax.hlines(place, low, high, color=look["color"], linewidth=2.0, linestyle=dashed)
            ax.plot(words.scaled(row.estimate, unit), place, markersize=6, markeredgewidth=1.2, **look)
            if pd.isna(row.conf_low):
                key = "figures.withheld" if pd.isna(row.estimate) else "figures.without_interval"
                ax.annotate(
                    words(key), (1, place), xycoords=("axes fraction", "data"), ha="right", va="center", fontsize=8,
                    color="#666666",
                )  # fmt: skip
            places.append(place)
            names.append(wrapped(_name(row, words), 44))
            place -= 1
        place -= 0.5
    ax.set_yticks(places, names)
    ax.set_ylim(place + 1.0, 0.6)
    ax.set_xlabel(words("figures.effect", unit=words.unit(unit)))
    ax.annotate(
        words.outcome(rows["outcome"].iloc[0]), (0, 1), xytext=(0, 4), xycoords="axes fraction",
        textcoords="offset points", ha="left", va="bottom",
    )  # fmt: skip
    ax.grid(axis="y", visible=False)


def _name(row: object, words: Words) -> str:
    if row.level != "difference":
        return words.text(getattr(words.study.plan.subgroups[row.subgroup], row.level))
    name = words("figures.difference")
    return words("terms.added_mark", name=name) if row.role == "added" else name


def _interval(row: object) -> tuple[float, float]:
    return (row.joint_low, row.joint_high) if row.level == "difference" else (row.conf_low, row.conf_high)


def _comparisons(rows: pd.DataFrame) -> int:
    return rows["subgroup"].nunique()
