"""Roll-out: adopters accumulated over the years, and their share of all units."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from analysis.figures._style import COLOUR, new_axes, style
from analysis.words import Words

CAPTION = {
    "zh": "采用进度：累计采用{unit_noun}数及覆盖率",
    "en": "Roll-out: {unit_noun} units that have adopted, and coverage",
}


def draw(rollout: pd.DataFrame, words: Words, *, ax: Axes | None = None) -> Axes:
    """A step line of adopters so far, bars of each year's new adopters, coverage on the right."""
    with style():
        ax = ax or new_axes()
        years, adopters, total = (rollout[c].to_numpy() for c in ("year", "adopters", "n_units"))
        new = rollout["new"].where(rollout["new"].map(words.shows), 0)
        ax.bar(years, new, width=0.55, color="#BFD7EA", label=words("figures.new_adopters"))
        ax.step(
            years,
            adopters,
            where="mid",
            color=COLOUR["treated"],
            linewidth=2,
            label=words("figures.adopters"),
        )
        for year, number, before in zip(years, adopters, [0, *adopters[:-1]], strict=True):
            if number != before:
                ax.annotate(
                    words.units(number), (year, number), xytext=(0, 3), textcoords="offset points", ha="center",
                    va="bottom", fontsize=8.5, color=COLOUR["treated"],
                )  # fmt: skip
        ax.set_ylim(0, max(total) * 1.06)
        ax.set_xticks(years if len(years) <= 16 else years[::2])
        ax.set_xlabel(words("figures.year"))
        ax.set_ylabel(words("figures.number_of_units"))
        ax.yaxis.set_major_locator(MaxNLocator(integer=True))
        share = ax.secondary_yaxis("right", functions=(lambda n: n / total[0], lambda s: s * total[0]))
        share.set_ylabel(words("figures.coverage"))
        share.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        ax.grid(axis="x", visible=False)
        ax.legend(loc="upper left")
        return ax


def alt(rollout: pd.DataFrame, words: Words) -> str:
    """Adopters and coverage, year by year."""
    points = words.listed(
        [
            f"{r.year}: {words.units(r.adopters)} ({words.fraction(r.adopters, r.n_units)})"
            for r in rollout.itertuples()
        ]
    )
    return words("alt.rollout", points=points, total=words.units(rollout["n_units"].iloc[0]))


def note(rollout: pd.DataFrame, words: Words) -> str:
    """How many units there are, and how many had adopted before the panel begins."""
    text = words("notes.rollout", total=words.units(rollout["n_units"].iloc[0]))
    first = rollout.iloc[0]
    if first["new"] > 0:
        text = words.sentences(
            [text, words("notes.rollout_before", n=words.units(first["new"]), year=int(first["year"]))]
        )
    return text
