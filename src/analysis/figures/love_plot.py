"""Love plot: how unlike members and others are in every covariate, before and after each way of making them alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures._style import COLOUR, style, wrapped
from analysis.members.balance import SMALL
from analysis.members.records import Balance
from analysis.words import Words

CAPTION = {
    "zh": "调整前后，社员与对照户在各特征上相差多少（标准化差异）",
    "en": "How far members and the comparison differ in each characteristic, before and after adjustment",
}
MARK = {
    "unadjusted": ("o", COLOUR["benchmark"]), "nearest_neighbour": ("s", COLOUR["effect"]),
    "ipw": ("^", COLOUR["second"]), "entropy_balancing": ("D", COLOUR["third"]),
}  # fmt: skip


def draw(balance: Balance, words: Words) -> Axes:
    """A panel per comparison group, a line per covariate, a mark per method; dashed lines bound a small difference."""
    with style():
        groups = list(dict.fromkeys(balance.by_covariate["group"]))
        variables = _ordered(balance)
        figure = Figure(figsize=(6.7, 1.5 + 0.33 * len(variables)), layout="constrained")
        panels = np.atleast_1d(figure.subplots(1, len(groups), sharex=True))
        for ax, group in zip(panels, groups, strict=True):
            rows = balance.by_covariate[balance.by_covariate["group"] == group]
            ax.axvline(0, color="#444444", linewidth=0.8)
            for limit in (-SMALL, SMALL):
                ax.axvline(limit, color=COLOUR["muted"], linewidth=0.9, linestyle=(0, (4, 3)))
            for method, (marker, colour) in MARK.items():
                found = rows[rows["method"] == method]
                height = [len(variables) - 1 - variables.index(name) for name in found["variable"]]
                ax.plot(
                    found["difference"], height, marker, color=colour, markersize=6, markeredgewidth=1.2,
                    markerfacecolor="white" if method == "unadjusted" else colour,
                    label=words(f"members.balance_methods.{method}") if ax is panels[0] else None,
                )  # fmt: skip
            ax.set_xlabel(words(f"members.figures.smd_{group}"))
            ax.grid(axis="y", visible=False)
        names = [wrapped(words.variable(name), 26) for name in variables]
        for ax in panels:
            ax.set_yticks(range(len(names) - 1, -1, -1), names if ax is panels[0] else [""] * len(names))
            ax.set_ylim(-0.6, len(names) - 0.4)
        figure.legend(loc="outside upper center", ncols=4, columnspacing=1.2, handletextpad=0.2)
        return panels[0]


def alt(balance: Balance, words: Words) -> str:
    """The largest difference by group and method, in words."""
    points = [
        f"{words(f'members.groups.{row.group}')}, {words(f'members.balance_methods.{row.method}')}: {words.number(row.largest, 'smd')}"
        for row in balance.by_method[balance.by_method["status"] == "ok"].itertuples()
    ]
    return words("members.alt.love_plot", points="; ".join(points))


def note(balance: Balance, words: Words) -> str:
    """What the dashed lines are and which groups the panels show."""
    return words("members.notes.love_plot", small=f"{SMALL:g}", groups=_groups(balance.by_covariate, words))


def _ordered(balance: Balance) -> list[str]:
    """Covariates by their difference before adjustment in the first group, the largest above."""
    rows = balance.by_covariate
    first = rows[(rows["group"] == rows["group"].iloc[0]) & (rows["method"] == "unadjusted")]
    largest = first.assign(size=first["difference"].abs()).sort_values("size", ascending=False)
    return list(largest["variable"])


def _groups(rows: pd.DataFrame, words: Words) -> str:
    return words.listed([words(f"members.among.{group}") for group in dict.fromkeys(rows["group"])])
