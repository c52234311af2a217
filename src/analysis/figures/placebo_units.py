"""What pretended adoption finds among never adopters, beside what real adoption found."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.checks.placebo_unit import PlaceboUnits
from analysis.figures._style import COLOUR, new_axes, style
from analysis.words import Words

CAPTION = {
    "zh": "从未采用者假装采用时对“{outcome}”的“影响”",
    "en": "“Effects” on “{outcome}” of pretended adoption among never adopters",
}


def draw(found: PlaceboUnits, main: pd.Series, words: Words, *, ax: Axes | None = None) -> Axes:
    """A histogram of the draws; `main` is the row of the real adoption."""
    with style():
        ax = ax or new_axes((6.7, 2.5))
        unit = main["unit"]
        values = words.scaled(found.estimates, unit)
        ax.hist(
            values,
            bins=min(24, max(8, len(values) // 5)),
            color=COLOUR["muted"],
            edgecolor="white",
            linewidth=0.8,
        )
        ax.axvline(0, color="#444444", linewidth=0.8)
        real = words.scaled(main["estimate"], unit)
        if np.isfinite(real):
            ax.axvline(real, color=COLOUR["effect"], linewidth=2)
            right = real >= np.mean(ax.get_xlim())
            ax.annotate(
                words("figures.real_estimate"), (real, 1), xycoords=("data", "axes fraction"),
                xytext=(-6 if right else 6, -2), textcoords="offset points", color=COLOUR["effect"],
                ha="right" if right else "left", va="top", fontsize=8.5,
            )  # fmt: skip
        ax.set_xlabel(words("figures.effect", unit=words.unit(unit)))
        ax.set_ylabel(words("figures.draws"))
        ax.grid(axis="x", visible=False)
        return ax


def alt(found: PlaceboUnits, main: pd.Series, words: Words) -> str:
    """The middle of the draws and the real estimate."""
    unit = main["unit"]
    return words(
        "alt.placebo_units", n=len(found.estimates), unit=words.unit(unit),
        real=words.number(main["estimate"], unit, signed=True),
        **{name: words.number(value, unit, signed=True) for name, value in (
            ("low", found.estimates.min()), ("mean", found.estimates.mean()), ("high", found.estimates.max()),
        )},
    )  # fmt: skip


def note(found: PlaceboUnits, main: pd.Series, words: Words) -> str:
    """Who pretended, and how often."""
    return words(
        "notes.placebo_units", n_units=words.units(found.n_units), n_pretended=words.units(found.n_pretended),
        n=len(found.estimates),
    )  # fmt: skip
