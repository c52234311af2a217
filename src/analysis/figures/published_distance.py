"""How far every computed number is from the printed one, in units of what is allowed."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.figures._style import COLOUR, new_axes, style
from analysis.words import Words

CAPTION = {
    "zh": "本项目与发表值相差多少：每点一个数字",
    "en": "How far ours are from the printed numbers: a mark for each",
}
SPREAD = 0.28  # half the height of a row over which its marks are strewn
COMPUTED = ("matched", "estimate_only", "missed")


def draw(rows: pd.DataFrame, words: Words, *, ax: Axes | None = None) -> Axes:
    """One row per data set, one mark per number; misses in another colour and shape."""
    with style():
        names = list(dict.fromkeys(rows["data"]))
        finite = rows.loc[np.isfinite(rows["distance"].astype(float)), "distance"].abs()
        reach = 1.15 * max(1.1, float(finite.max()) if len(finite) else 1.0)
        ax = ax or new_axes((6.7, 1.1 + 0.27 * len(names)))
        ax.axvline(0, color="#444444", linewidth=0.8)
        for side in (-1, 1):
            ax.axvline(side, color="#444444", linewidth=0.9, linestyle=(0, (4, 3)))
        for place, name in enumerate(names):
            height = len(names) - 1 - place
            inside = rows[rows["data"] == name]
            known = inside[inside["status"].isin(COMPUTED)]
            if known.empty:
                absent = (inside["status"] == "not_here").any()
                key = "published_not_here" if absent else "published_nothing"
                ax.annotate(words(f"figures.{key}"), (0.06, height), va="center", fontsize=8, color="#666666")
                continue
            strewn = height + SPREAD * (2 * (np.arange(len(known)) * 0.618034 % 1) - 1)
            missed = (known["status"] == "missed").to_numpy()
            for which, colour, marker in ((~missed, "effect", "o"), (missed, "second", "X")):
                ax.plot(
                    np.clip(known["distance"].to_numpy(float), -reach, reach)[which], strewn[which], marker, color=COLOUR[colour], linestyle="none",
                    markersize=4 if marker == "o" else 7, alpha=0.75, markeredgewidth=0,
                )  # fmt: skip
        ax.set_yticks(range(len(names) - 1, -1, -1), [words(f"published_data.{name}") for name in names])
        ax.set_ylim(-0.6, len(names) - 0.4)
        ax.set_xlim(-reach, reach)
        ax.set_xlabel(words("figures.published_distance"))
        ax.grid(axis="y", visible=False)
        return ax


def alt(rows: pd.DataFrame, words: Words) -> str:
    """Per data set, how many numbers and how far the farthest is."""
    known = rows[rows["status"].isin(COMPUTED)]
    points = "; ".join(
        words(
            "alt.published_row", data=words(f"published_data.{name}"), n=words.count(len(inside)),
            farthest=words.number(float(inside["distance"].abs().max()), "statistic"),
        )
        for name, inside in known.groupby("data", sort=False)
    )  # fmt: skip
    return words("alt.published_distance", n=words.count(len(known)), points=points)


def note(rows: pd.DataFrame, words: Words) -> str:
    """What the dashed lines are."""
    return words("notes.published_distance")
