"""Adopters against never adopters before adoption, as standardised mean differences."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures._style import COLOUR, new_axes, style, wrapped
from analysis.samples.balance import ADOPTERS, NEVER, UNLIKE
from analysis.words import Words

CAPTION = {
    "zh": "采用前（{year}年）采用者与从未采用者相差多少",
    "en": "How adopters differed from never adopters before adoption ({year})",
}
SHADES = ("#1B4F72", "#2E86C1", "#85C1E9", "#AEB6BF", "#5D6D7E", "#34495E")
MARKERS = ("s", "^", "v", "D", "P", "X")


def draw(rows: pd.DataFrame, words: Words, *, ax: Axes | None = None) -> Axes:
    """One line per variable: a large dot for all adopters, small marks by cohort."""
    with style():
        shown = rows[(rows["group"] != NEVER) & rows["smd"].notna() & rows["n_units"].map(words.shows)]
        variables = list(dict.fromkeys(rows["variable"]))
        ax = ax or new_axes((6.7, 1.5 + 0.36 * len(variables)))
        place = {name: len(variables) - 1 - i for i, name in enumerate(variables)}
        ax.axvline(0, color="#444444", linewidth=0.8)
        for limit in (-UNLIKE, UNLIKE):
            ax.axvline(limit, color=COLOUR["muted"], linewidth=0.9, linestyle=(0, (4, 3)))
        for i, cohort in enumerate(group for group in dict.fromkeys(shown["group"]) if group != ADOPTERS):
            found = shown[shown["group"] == cohort]
            ax.plot(
                found["smd"], found["variable"].map(place), MARKERS[i % len(MARKERS)], markersize=5, zorder=2,
                color=SHADES[i % len(SHADES)], label=words("figures.cohort", cohort=cohort),
            )  # fmt: skip
        everyone = shown[shown["group"] == ADOPTERS]
        ax.plot(
            everyone["smd"], everyone["variable"].map(place), "o", markersize=8.5, color=COLOUR["second"], zorder=3,
            markeredgecolor="white", label=words("terms.adopters"),
        )  # fmt: skip
        ax.set_yticks(list(place.values()), [wrapped(words.variable(name)) for name in place])
        ax.set_ylim(-0.6, len(variables) - 0.4)
        ax.set_xlabel(words("figures.smd"))
        ax.grid(axis="y", visible=False)
        ax.legend(
            loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, columnspacing=1.2, handletextpad=0.2
        )
        return ax


def alt(rows: pd.DataFrame, words: Words) -> str:
    """The difference of every variable, in words."""
    known = rows[(rows["group"] == ADOPTERS) & rows["n_units"].map(words.shows)]
    points = [
        f"{words.variable(row.variable)} {words.number(row.smd, 'smd', signed=True)}"
        for row in known.itertuples()
    ]
    return words("alt.balance", points=words.listed(points))


def note(rows: pd.DataFrame, words: Words) -> str:
    """What the dashed lines are, and counts."""
    sizes = rows.drop_duplicates("group").set_index("group")["n_units"]
    return words(
        "notes.love",
        unlike=f"{UNLIKE:g}",
        adopters=words.units(sizes[ADOPTERS]),
        never=words.units(sizes[NEVER]),
    )
