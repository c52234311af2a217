"""One estimate with the intervals that several methods of inference give it."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures._style import COLOUR, new_axes, style
from analysis.words import Words
from analysis.words.p_values import p_value

CAPTION = {
    "zh": "同一估计值，不同的误差算法（“{outcome}”）",
    "en": "One estimate, several ways to compute its error (“{outcome}”)",
}


def draw(rows: pd.DataFrame, words: Words, *, ax: Axes | None = None) -> Axes:
    """One line per method, its p value to the right; a method without an interval has its estimate alone."""
    with style():
        ax = ax or new_axes((6.7, 1.0 + 0.36 * len(rows)))
        unit = rows["unit"].iloc[0]
        ax.axvline(0, color="#444444", linewidth=0.8)
        for i, row in enumerate(rows.itertuples()):
            height = len(rows) - 1 - i
            low, value, high = (words.scaled(v, unit) for v in (row.conf_low, row.estimate, row.conf_high))
            bare = pd.isna(row.conf_low)
            colour = COLOUR["benchmark"] if bare else COLOUR["effect"]
            ax.hlines(height, low, high, color=colour, linewidth=2.2)
            ax.plot(
                value, height, "o", color=colour, markersize=6, markerfacecolor="white" if bare else colour
            )
            told = (
                words("sensitivity.figures.p_value", p=p_value(row.p_value, words, sign="= "))
                if pd.notna(row.p_value)
                else ""
            )
            ax.annotate(
                told or words("figures.not_estimable"), (1.02, height), xycoords=("axes fraction", "data"), va="center",
                ha="left", color="#444444" if told else "#777777", fontsize=8.5,
            )  # fmt: skip
        ax.set_yticks(
            range(len(rows) - 1, -1, -1), [words(f"sensitivity.inference.{m}") for m in rows["method"]]
        )
        ax.set_ylim(-0.6, len(rows) - 0.4)
        ax.set_xlabel(words("figures.effect", unit=words.unit(unit)))
        ax.grid(axis="y", visible=False)
        return ax


def alt(rows: pd.DataFrame, words: Words) -> str:
    """Every method in words."""
    unit = rows["unit"].iloc[0]
    points = "; ".join(
        f"{words(f'sensitivity.inference.{row.method}')}: {words.number(row.estimate, unit, signed=True)} "
        f"{words.interval(row.conf_low, row.conf_high, unit)}, p {p_value(row.p_value, words, sign='= ')}"
        for row in rows.itertuples()
    )
    return words("alt.inference_methods", unit=words.unit(unit), points=points)


def note(rows: pd.DataFrame, words: Words) -> str:
    """What has no interval."""
    unit = rows["unit"].iloc[0]
    return words("notes.inference_methods", unit=words.unit(unit), level=words.confidence())
