"""Where members and others overlap: propensities of members above the line, of the comparison below."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.figures._style import COLOUR, new_axes, style
from analysis.members.records import Overlap
from analysis.words import Words

CAPTION = {
    "zh": "社员与两组对照户的入社概率是否重叠",
    "en": "Whether members and the two comparison groups overlap in their probability of joining",
}
STEP = 2.6  # from one comparison to the next, in heights of the highest bar


def draw(overlap: Overlap, words: Words, *, ax: Axes | None = None) -> Axes:
    """A band per comparison group: members upwards, the comparison downwards; dotted lines bound the common support."""
    with style():
        known = overlap.support[overlap.support["status"] == "ok"]
        ax = ax or new_axes((6.7, 0.9 + 1.6 * len(known)))
        for band, row in enumerate(known.itertuples()):
            base = -STEP * band
            bars = overlap.bars[overlap.bars["group"] == row.group]
            bars = bars[bars["n_treated"].map(words.shows)]
            highest = bars["share"].max()
            for member, sign, colour in ((True, 1, COLOUR["treated"]), (False, -1, COLOUR["comparison"])):
                part = bars[bars["member"] == member]
                ax.bar(
                    part["left"], sign * part["share"] / highest, part["right"] - part["left"], bottom=base,
                    align="edge", color=colour, edgecolor="white", linewidth=0.4,
                    label=words(f"members.figures.overlap_{'members' if member else 'others'}") if not band else None,
                )  # fmt: skip
            ax.hlines(base, 0, 1, color="#444444", linewidth=0.8)
            for bound in (row.low, row.high):
                ax.vlines(
                    bound, base - 1.05, base + 1.05, color="#444444", linewidth=0.9, linestyle=(0, (1, 2))
                )
        ax.set_yticks(
            [-STEP * band for band in range(len(known))],
            [words(f"members.short_groups.{group}") for group in known["group"]],
        )
        ax.set_ylim(-STEP * (len(known) - 1) - 1.2, 1.2)
        ax.set_xlim(0, 1)
        ax.set_xlabel(words("members.figures.propensity"))
        ax.tick_params(axis="y", length=0)
        ax.grid(axis="y", visible=False)
        ax.spines["left"].set_visible(False)
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
        return ax


def alt(overlap: Overlap, words: Words) -> str:
    """Medians of both sides and the bounds, by comparison group."""
    told = []
    for row in overlap.support[overlap.support["status"] == "ok"].itertuples():
        bars = overlap.bars[overlap.bars["group"] == row.group]
        middle = [_median(bars[bars["member"] == member]) for member in (True, False)]
        told.append(
            words(
                "members.alt.overlap_group", group=words(f"members.groups.{row.group}"), members=words.number(middle[0], "smd"),
                others=words.number(middle[1], "smd"), low=words.number(row.low, "smd"),
                high=words.number(row.high, "smd"),
            )
        )  # fmt: skip
    return words("members.alt.overlap", points=words.sentences(told))


def note(overlap: Overlap, words: Words) -> str:
    """How to read it, and how much lies outside."""
    told = [
        words(
            "members.notes.overlap_group", group=words(f"members.among.{row.group}"), members=words.share(row.off_members),
            others=words.share(row.off_comparison),
        )
        for row in overlap.support[overlap.support["status"] == "ok"].itertuples()
    ]  # fmt: skip
    return words.sentences([words("members.notes.overlap"), *told])


def _median(bars: pd.DataFrame) -> float:
    return float(
        bars["left"].iloc[int(np.searchsorted(bars["share"].cumsum().to_numpy(), 0.5 * bars["share"].sum()))]
    )
