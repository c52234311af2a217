"""Synthetic differences beside the headline, together and cohort by cohort."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures._style import COLOUR, new_axes, style
from analysis.words import Words

CAPTION = {
    "zh": "合成双重差分与正文估计（“{outcome}”）",
    "en": "Synthetic differences beside the headline (“{outcome}”)",
}
LOOK = {"group_time": (COLOUR["effect"], "o", 0.13), "synthetic": (COLOUR["second"], "D", -0.13)}


def draw(rows: pd.DataFrame, words: Words, *, ax: Axes | None = None) -> Axes:
    """Two marks per line: the headline's above, the synthetic one below."""
    with style():
        levels = list(dict.fromkeys(rows["level"]))
        ax = ax or new_axes((6.7, 1.1 + 0.46 * len(levels)))
        unit = rows["unit"].iloc[0]
        ax.axvline(0, color="#444444", linewidth=0.8)
        for method, (colour, marker, shift) in LOOK.items():
            own = rows[rows["method"] == method]
            height = [len(levels) - 1 - levels.index(level) + shift for level in own["level"]]
            low, value, high = (
                own[c].to_numpy(float) * words.scaled(1.0, unit)
                for c in ("conf_low", "estimate", "conf_high")
            )
            ax.hlines(height, low, high, color=colour, linewidth=2.0)
            label = words(f"sensitivity.methods.{method}")
            ax.plot(value, height, marker, color=colour, markersize=6, markeredgecolor="white", label=label)
        size = rows.groupby("level")["n_treated"].max()
        names = [f"{_name(level, words)}  (n={words.units(size[level])})" for level in levels]
        ax.set_yticks(range(len(levels) - 1, -1, -1), names)
        ax.set_ylim(-0.6, len(levels) - 0.4)
        ax.set_xlabel(words("figures.effect", unit=words.unit(unit)))
        ax.grid(axis="y", visible=False)
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
        return ax


def alt(rows: pd.DataFrame, words: Words) -> str:
    """Every estimate in words."""
    unit = rows["unit"].iloc[0]
    points = "; ".join(
        words(
            "alt.synthetic_point", name=_name(row.level, words), method=words(f"sensitivity.methods.{row.method}"),
            estimate=words.number(row.estimate, unit, signed=True),
            interval=words.interval(row.conf_low, row.conf_high, unit),
        )
        for row in rows.itertuples()
    )  # fmt: skip
    return words("alt.synthetic", unit=words.unit(unit), points=points)


def note(rows: pd.DataFrame, words: Words) -> str:
    """Which errors, and which cohorts are not in it."""
    kinds = [words(f"sensitivity.error_kinds.{kind}") for kind in dict.fromkeys(rows["error_kind"]) if kind]
    left_out = [str(year) for year in rows.attrs.get("left_out", [])]
    return words.sentences([
        words("notes.synthetic", level=words.confidence(), kinds=words.listed(kinds)),
        words("notes.synthetic_placebo") if "placebo" in set(rows["error_kind"]) else "",
        words("notes.synthetic_left_out", cohorts=words.listed(left_out)) if left_out else "",
    ])  # fmt: skip


def _name(level: object, words: Words) -> str:
    return words("sensitivity.figures.all") if level == "all" else words("figures.cohort", cohort=level)
