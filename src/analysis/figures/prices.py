"""The main crop's revenue per mu, which moves incomes with or without a programme."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import StrMethodFormatter

from analysis.figures._style import COLOUR, new_axes, style
from analysis.words import Words

CAPTION = {"zh": "桃子亩均产值", "en": "Peach revenue per mu"}


def draw(prices: pd.DataFrame, words: Words, *, ax: Axes | None = None) -> Axes:
    """A line with filled marks where a source is held and hollow ones where the value was made up."""
    with style():
        ax = ax or new_axes((6.7, 3.1))
        ax.plot(prices["year"], prices["value"], color=COLOUR["comparison"], linewidth=1.6, zorder=1)
        for sourced, face, key in ((True, COLOUR["comparison"], "sourced"), (False, "white", "not_sourced")):
            found = prices[prices["sourced"] == sourced]
            if len(found):
                ax.plot(
                    found["year"], found["value"], "o", color=COLOUR["comparison"], markerfacecolor=face,
                    markersize=6.5, label=words(f"figures.{key}"),
                )  # fmt: skip
        value = prices["value"]
        dips = (value < value.shift(fill_value=np.inf)) & (value < value.shift(-1, fill_value=np.inf))
        for row, dip in zip(prices.itertuples(), dips, strict=True):
            ax.annotate(
                words.count(row.value), (row.year, row.value), xytext=(0, -7 if dip else 7), textcoords="offset points",
                ha="center", va="top" if dip else "bottom", fontsize=8,
            )  # fmt: skip
        ax.set_ylim(0, prices["value"].max() * 1.18)
        ax.set_xticks(prices["year"])
        ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        ax.set_xlabel(words("figures.year"))
        ax.set_ylabel(words("figures.price"))
        ax.grid(axis="x", visible=False)
        ax.legend(loc="lower right", ncols=2)
        return ax


def alt(prices: pd.DataFrame, words: Words) -> str:
    """Year by year."""
    points = words.listed([f"{row.year}: {words.count(row.value)}" for row in prices.itertuples()])
    return words("alt.prices", points=points)


def note(prices: pd.DataFrame, words: Words) -> str:
    """Why it stands here."""
    return words(
        "notes.prices", sourced=words.count(int(prices["sourced"].sum())), n=words.count(len(prices))
    )
