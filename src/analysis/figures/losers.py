"""Bounds on the share made worse off: from what to what, and how far sampling error reaches."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures._style import COLOUR, new_axes, style
from analysis.words import Words

CAPTION = {
    "zh": "因采用而受损的比例：数据只能给出的上下界（“{outcome}”）",
    "en": "Share made worse off: the bounds that the data allow (“{outcome}”)",
}


def draw(rows: pd.DataFrame, words: Words, *, ax: Axes | None = None) -> Axes:
    """Thick: between the bounds; thin: with sampling error. Marks: falls of adopters (filled) and comparison (hollow)."""
    with style():
        groups = list(dict.fromkeys(rows["who"]))
        ax = ax or new_axes((6.7, 1.5 + 0.5 * len(groups)))
        for i, who in enumerate(groups):
            height = len(groups) - 1 - i
            value = rows[rows["who"] == who].set_index("measure")
            low, high = value.loc["losers_low"], value.loc["losers_high"]
            ax.hlines(height, low["conf_low"], low["conf_high"], color=COLOUR["effect"], linewidth=1.0)
            ax.hlines(height, low["estimate"], high["estimate"], color=COLOUR["effect"], linewidth=7, alpha=0.45,
                      label=words("figures.between_bounds") if i == 0 else None)  # fmt: skip
            marks = (("fell", COLOUR["effect"], "fell"), ("fell_comparison", "white", "fell_comparison"))
            for measure, face, key in marks:
                ax.plot(
                    value.loc[measure, "estimate"], height + 0.27, "o", color=COLOUR["effect"], markerfacecolor=face,
                    markersize=5, label=words(f"figures.{key}") if i == 0 else None,
                )  # fmt: skip
            if math.isfinite(low["truth"]):
                ax.plot(low["truth"], height, "D", color=COLOUR["truth"], markersize=5, clip_on=False,
                        label=words("figures.true_share") if i == 0 else None)  # fmt: skip
        names = [
            words("figures.group_count", group=words(f"losers.{who}"), n=words.units(_counted(rows, who)))
            for who in groups
        ]
        ax.set_yticks(range(len(groups) - 1, -1, -1), names)
        ax.set_ylim(-0.6, len(groups) - 0.4)
        ax.set_xlim(0, 1)
        ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])
        ax.set_xlabel(words("figures.share_of_adopters"))
        ax.grid(axis="y", visible=False)
        ax.legend(loc="lower center", bbox_to_anchor=(0.45, 1.0), ncols=2)
        return ax


def alt(rows: pd.DataFrame, words: Words) -> str:
    """Bounds and falls by group, in words."""
    points = "; ".join(
        words(
            "alt.losers_point", who=words(f"losers.{who}"), low=words.share(part.loc["losers_low", "estimate"]),
            high=words.share(part.loc["losers_high", "estimate"]), fell=words.share(part.loc["fell", "estimate"]),
            other=words.share(part.loc["fell_comparison", "estimate"]),
        )
        for who, part in ((who, part.set_index("measure")) for who, part in rows.groupby("who", sort=False))
    )  # fmt: skip
    return words("alt.losers", points=points)


def note(rows: pd.DataFrame, words: Words) -> str:
    """What bounds are and at which distance from adoption."""
    return words(
        "notes.losers", level=words.confidence(), years=words.count(rows["event_time"].iloc[0]),
        clusters=words.units(rows["n_clusters"].max()),
    )  # fmt: skip


def _counted(rows: pd.DataFrame, who: str) -> int:
    return int(rows.loc[rows["who"] == who, "n_treated"].max())
