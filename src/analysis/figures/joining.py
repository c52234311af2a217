"""Who joins: the share of members in every fifth of income before anybody joined, and among low-income households."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures._style import COLOUR, new_axes, style, wrapped
from analysis.members.records import Joining
from analysis.words import Words

CAPTION = {
    "zh": "谁入社：设有合作社的村里，各收入组的入社比例",
    "en": "Who joins: share of members by income group, villages with a cooperative",
}
FURTHER = ("low_income", "others")  # measures beside the fifths


def draw(joining: Joining, words: Words, *, ax: Axes | None = None) -> Axes:
    """One dot per group with its interval, the poorest fifth at the left; a line at the share among all."""
    with style():
        ax = ax or new_axes((6.7, 3.3))
        shown = _shown(joining)
        place = [k + (0.6 if row.measure in FURTHER else 0.0) for k, row in enumerate(shown.itertuples())]
        ax.axhline(100 * joining.average, color=COLOUR["muted"], linewidth=1.0, linestyle=(0, (4, 3)))
        for at, row in zip(place, shown.itertuples(), strict=True):
            colour = COLOUR["second"] if row.measure in FURTHER else COLOUR["effect"]
            ax.vlines(at, 100 * row.conf_low, 100 * row.conf_high, color=colour, linewidth=2.2)
            ax.plot(
                at, 100 * row.estimate, "D" if row.measure in FURTHER else "o", color=colour, markersize=7
            )
            ax.annotate(
                words.share(row.estimate), (at, 100 * row.estimate), xytext=(7, 0), textcoords="offset points",
                va="center", fontsize=8.5, bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
            )  # fmt: skip
        ax.set_xticks(
            place, [wrapped(words(f"members.joining.{row.measure}"), 14) for row in shown.itertuples()]
        )
        ax.set_xlim(-0.5, place[-1] + 0.7)
        ax.set_ylim(0, None)
        ax.set_ylabel(words("members.figures.share_of_members"))
        ax.set_xlabel(words("members.figures.income_groups", year=joining.year))
        ax.grid(axis="x", visible=False)
        return ax


def alt(joining: Joining, words: Words) -> str:
    """Every group's share in words."""
    points = [
        f"{words(f'members.joining.{row.measure}')} {words.share(row.estimate)}"
        for row in _shown(joining).itertuples()
    ]
    return words("members.alt.joining", average=words.share(joining.average), points=words.listed(points))


def note(joining: Joining, words: Words) -> str:
    """How the groups are made, and counts."""
    rows = joining.by_income
    return words(
        "members.notes.joining", year=joining.year, n=words.units(rows["n_units"].max()),
        clusters=words.units(rows["n_clusters"].max()), level=words.confidence(),
    )  # fmt: skip


def _shown(joining: Joining) -> pd.DataFrame:
    rows = joining.by_income
    wanted = rows["measure"].str.startswith("part_") | rows["measure"].isin(FURTHER)
    return rows[wanted & rows["estimate"].notna()]
