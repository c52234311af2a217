"""The main estimate among its alternatives."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.estimates import verdict
from analysis.figures._style import COLOUR, new_axes, style
from analysis.words import Words

CAPTION = {
    "zh": "主要设定与替代设定下对“{outcome}”的影响",
    "en": "Effects on “{outcome}” under the main and alternative specifications",
}


def draw(specifications: pd.DataFrame, words: Words, *, ax: Axes | None = None) -> Axes:
    """One line per specification, the main one on top with its interval shaded through all."""
    with style():
        ax = ax or new_axes((6.7, 1.1 + 0.25 * len(specifications)))
        unit = specifications["unit"].iloc[0]
        main = specifications.iloc[0]
        low, high = (words.scaled(main[c], unit) for c in ("conf_low", "conf_high"))
        if np.isfinite(low):
            ax.axvspan(low, high, color=COLOUR["effect"], alpha=0.10, linewidth=0)
        ax.axvline(0, color="#444444", linewidth=0.8)
        for i, row in enumerate(specifications.itertuples()):
            height = len(specifications) - 1 - i
            low, value, high = (words.scaled(v, unit) for v in (row.conf_low, row.estimate, row.conf_high))
            clear = verdict(specifications.loc[row.Index]) in {"rose", "fell"}
            colour = COLOUR["benchmark"] if row.estimator == "twfe" else COLOUR["effect"]
            ax.hlines(height, low, high, color=colour, linewidth=2.6 if i == 0 else 1.6)
            ax.plot(
                value, height, "D" if i == 0 else "o", color=colour, markersize=7 if i == 0 else 5.5,
                markerfacecolor=colour if clear else "white",
            )  # fmt: skip
            if pd.isna(row.estimate):
                ax.annotate(
                    words("figures.not_estimable"), (0.99, height), xycoords=("axes fraction", "data"), ha="right",
                    va="center", fontsize=8, color="#666666",
                )  # fmt: skip
        names = [words.change(row.change, row.detail) for row in specifications.itertuples()]
        ax.set_yticks(range(len(names) - 1, -1, -1), names)
        ax.get_yticklabels()[0].set_fontweight("bold")
        ax.set_ylim(-0.7, len(names) - 0.3)
        ax.set_xlabel(words("figures.effect", unit=words.unit(unit)))
        ax.grid(axis="y", visible=False)
        return ax


def alt(specifications: pd.DataFrame, words: Words) -> str:
    """Every specification in words."""
    unit = specifications["unit"].iloc[0]
    points = "; ".join(
        f"{words.change(row.change, row.detail)}: {words.number(row.estimate, unit, signed=True)} "
        f"{words.interval(row.conf_low, row.conf_high, unit)}"
        for row in specifications.itertuples()
    )
    return words("alt.specification", unit=words.unit(unit), points=points)


def note(specifications: pd.DataFrame, words: Words) -> str:
    """How to read the marks."""
    return words("notes.specification_figure", level=words.confidence())
