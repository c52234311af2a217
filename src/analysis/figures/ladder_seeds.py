"""The ladder over many simulated counties: every seed, the mean of each step, and the truth it is about."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.checks.ladder import ADJUSTED, CREDIBLE
from analysis.figures._style import COLOUR, new_axes, style
from analysis.words import Words

CAPTION = {
    "zh": "同一规格的多个县，各种算法得到什么（“{outcome}”）",
    "en": "What each step finds in many counties of one kind ({outcome})",
}
STRETCH = 0.25  # half the height of a row over which its seeds are set


def draw(rows: pd.DataFrame, words: Words, *, ax: Axes | None = None) -> Axes:
    """One row per step; rows are steps of one outcome and one scenario, a line per seed."""
    with style():
        steps = list(dict.fromkeys(rows["step"]))
        ax = ax or new_axes((6.7, 0.9 + 0.34 * len(steps)))
        ax.axvline(0, color="#444444", linewidth=0.8)
        for place, step in enumerate(steps):
            inside, height = rows[rows["step"] == step], len(steps) - 1 - place
            colour = _colour(step)
            found = [words.scaled(value, "yuan") for value in inside["estimate"].dropna()]
            spread = height + np.linspace(STRETCH, -STRETCH, max(len(found), 2))[: len(found)]
            ax.plot(found, spread, "o", color=colour, markersize=3.2, alpha=0.35, markeredgewidth=0)
            truth = words.scaled(float(inside["truth"].mean()), "yuan")
            ax.plot(truth, height, "D", color=COLOUR["truth"], markersize=5.5, zorder=4)
            face = colour if step in CREDIBLE else "white"
            mean = float(np.mean(found))
            ax.plot(
                mean,
                height,
                "o",
                color=colour,
                markerfacecolor=face,
                markersize=8,
                markeredgewidth=1.6,
                zorder=3,
            )
        ax.set_yticks(range(len(steps) - 1, -1, -1), [words(f"steps.{step}") for step in steps])
        ax.set_ylim(-0.6, len(steps) - 0.4)
        ax.set_xlabel(words("figures.ladder", unit=words.unit("yuan")))
        ax.grid(axis="y", visible=False)
        return ax


def alt(rows: pd.DataFrame, words: Words) -> str:
    """Mean and truth of every step in words."""
    points = "; ".join(
        f"{words(f'steps.{step}')}: {words.number(inside['estimate'].mean(), 'yuan', signed=True)} "
        f"({words('heads.truth')} {words.number(inside['truth'].mean(), 'yuan', signed=True)})"
        for step, inside in rows.groupby("step", sort=False)
    )
    return words("alt.ladder_seeds", unit=words.unit("yuan"), points=points)


def note(rows: pd.DataFrame, words: Words) -> str:
    """What dots, marks and diamonds are."""
    return words("notes.ladder_seeds_figure", seeds=words.count(rows["seed"].nunique()))


def _colour(step: str) -> str:
    if step in CREDIBLE:
        return COLOUR["effect"]
    return COLOUR["comparison"] if step in ADJUSTED else COLOUR["benchmark"]
