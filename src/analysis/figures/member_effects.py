"""The effect on members by every method, against each comparison group, and before anybody joined."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures._style import COLOUR, new_axes, style, wrapped
from analysis.words import Words

CAPTION = {
    "zh": "入社对社员户收入的影响：各种方法、两组对照户",
    "en": "The effect of membership on the income of members, by method and comparison group",
}
MARK = {"neighbours": ("o", COLOUR["effect"]), "elsewhere": ("s", COLOUR["second"])}
SHIFT = 0.2  # of the two groups from their line


def draw(rows: pd.DataFrame, words: Words, *, ax: Axes | None = None) -> Axes:
    """One line per method, a mark and interval per comparison group; a small cross: the same method before joining.

    A dashed line marks the true effect on members where it is known; it stands in the row "truth".
    """
    with style():
        methods = _methods(rows)
        ax = ax or new_axes((6.7, 1.3 + 0.44 * len(methods)))
        unit = rows["unit"].iloc[0]
        ax.axvline(0, color="#444444", linewidth=0.8)
        groups = [group for group in MARK if group in set(rows["group"])]
        for row in rows[rows["method"] != "truth"].itertuples():
            if not math.isfinite(row.estimate):
                continue
            marker, colour = MARK[row.group]
            height = len(methods) - 1 - methods.index(row.method) - SHIFT * (2 * groups.index(row.group) - 1)
            low, high, value, past = (
                words.scaled(v, unit) for v in (row.conf_low, row.conf_high, row.estimate, row.at_baseline)
            )
            ax.hlines(height, low, high, color=colour, linewidth=2.0)
            bare = not math.isfinite(low)
            ax.plot(
                value, height, marker, color=colour, markersize=6.5,
                markerfacecolor="white" if bare else colour, markeredgewidth=1.4,
            )  # fmt: skip
            ax.plot(past, height, "x", color=colour, markersize=5.5, markeredgewidth=1.4)
        _truth(ax, rows, unit, words)
        _legend(ax, groups, rows, words)
        ax.set_yticks(
            range(len(methods) - 1, -1, -1),
            [wrapped(words(f"members.methods.{name}"), 30) for name in methods],
        )
        ax.set_ylim(-0.6, len(methods) - 0.4)
        ax.set_xlabel(words("members.figures.member_effect", unit=words.unit(unit)))
        ax.grid(axis="y", visible=False)
        return ax


def alt(rows: pd.DataFrame, words: Words) -> str:
    """Every estimate with its interval, in words."""
    unit = rows["unit"].iloc[0]
    points = "; ".join(
        f"{words(f'members.methods.{row.method}')}, {words(f'members.groups.{row.group}')}: "
        f"{words.number(row.estimate, unit, signed=True)} "
        + ("" if row.method == "truth" else words.interval(row.conf_low, row.conf_high, unit))
        for row in rows.itertuples()
        if math.isfinite(row.estimate)
    )
    return words("members.alt.member_effects", unit=words.unit(unit), points=points)


def note(rows: pd.DataFrame, words: Words) -> str:
    """What marks, crosses and hollow marks are."""
    bare = (rows["estimate"].notna() & rows["conf_low"].isna() & (rows["method"] != "truth")).any()
    return words.sentences([
        words("members.notes.member_effects_figure", level=words.confidence()),
        words("members.notes.member_effects_placebo") if rows["at_baseline"].notna().any() else "",
        words("members.notes.member_effects_bare") if bare else "",
        words("members.notes.member_effects_truth") if (rows["method"] == "truth").any() else "",
    ])  # fmt: skip


def _methods(rows: pd.DataFrame) -> list[str]:
    told = rows[(rows["method"] != "truth") & rows["estimate"].notna()]
    return [name for name in dict.fromkeys(rows["method"]) if name in set(told["method"])]


def _truth(ax: Axes, rows: pd.DataFrame, unit: str, words: Words) -> None:
    known = rows[(rows["method"] == "truth") & (rows["group"] == "elsewhere")]
    known = known if len(known) else rows[rows["method"] == "truth"]
    if len(known):
        at = words.scaled(known["estimate"].iloc[0], unit)
        ax.axvline(
            at,
            color=COLOUR["truth"],
            linewidth=1.1,
            linestyle=(0, (4, 3)),
            label=words("members.methods.truth"),
        )


def _legend(ax: Axes, groups: list[str], rows: pd.DataFrame, words: Words) -> None:
    for group in groups:
        marker, colour = MARK[group]
        ax.plot([], [], marker, color=colour, markersize=6.5, label=words(f"members.short_groups.{group}"))
    if rows["at_baseline"].notna().any():
        ax.plot([], [], "x", color="#444444", markersize=5.5, label=words("members.figures.before_joining"))
    ax.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=4, columnspacing=1.1, handletextpad=0.3)
