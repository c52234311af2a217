"""The main estimate among its alternatives, one decision changed at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.checks.specifications import FAMILIES
from analysis.estimates import verdict
from analysis.figures._style import COLOUR, new_axes, style
from analysis.words import Words

CAPTION = {
    "zh": "主要设定与替代设定下对“{outcome}”的影响",
    "en": "Effects on “{outcome}” under the main and alternative specifications",
}
OF_FAMILY = dict(zip(FAMILIES, ("each_group", "each_cohort"), strict=True))
STEP, GAP = 0.215, 0.75  # inches per line; lines between themes


@dataclass(frozen=True, slots=True)
class _Line:
    """One line: a specification, or all members of a family that leaves one out at a time."""

    name: str
    rows: pd.DataFrame
    theme: str
    height: float


def draw(specifications: pd.DataFrame, words: Words, *, ax: Axes | None = None) -> Axes:
    """The main specification on top, its interval shaded through all; the others by what they change."""
    with style():
        lines = _lines(specifications, words)
        bottom = min(line.height for line in lines)
        ax = ax or new_axes((6.7, 1.0 + STEP * (1 - bottom)))
        unit, main = specifications["unit"].iloc[0], specifications.iloc[0]
        low, high = (words.scaled(main[c], unit) for c in ("conf_low", "conf_high"))
        if np.isfinite(low):
            ax.axvspan(low, high, color=COLOUR["effect"], alpha=0.10, linewidth=0)
        ax.axvline(0, color="#444444", linewidth=0.8)
        for line in lines:
            _one(ax, line, words, unit)
        ax.set_yticks([line.height for line in lines], [line.name for line in lines])
        ax.get_yticklabels()[0].set_fontweight("bold")
        ax.set_ylim(bottom - 0.7, 0.7)
        ax.set_xlabel(words("figures.effect", unit=words.unit(unit)))
        ax.grid(axis="y", visible=False)
        ax.tick_params(axis="y", length=0, labelsize=8)
        _themes(ax, lines, words)
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
    return words("notes.specification_marks", level=words.confidence())


def _lines(specifications: pd.DataFrame, words: Words) -> list[_Line]:
    made: list[_Line] = []
    height, theme = 1.0, ""
    whole = [key if key in FAMILIES else str(i) for i, key in enumerate(specifications["change"])]
    for _, rows in specifications.groupby(np.array(whole, dtype=object), sort=False):
        first = rows.iloc[0]
        family = first["change"] in FAMILIES and len(rows) > 1
        name = (
            words.change(OF_FAMILY[first["change"]], str(len(rows)))
            if family
            else words.change(first["change"], first["detail"])
        )
        height -= 1 + GAP * bool(made and first["theme"] != theme)
        theme = first["theme"]
        made.append(_Line(name, rows, theme, height))
    return made


def _one(ax: Axes, line: _Line, words: Words, unit: str) -> None:
    first = line.rows.iloc[0]
    is_main = first["change"] == "main"
    colour = COLOUR["benchmark"] if first["estimator"] == "twfe" else COLOUR["effect"]
    known = line.rows[line.rows["estimate"].notna()]
    if known.empty:
        ax.annotate(
            words("figures.not_estimable"), (0.99, line.height), xycoords=("axes fraction", "data"), ha="right",
            va="center", fontsize=8, color="#666666",
        )  # fmt: skip
        return
    low, high = words.scaled(known["conf_low"].min(), unit), words.scaled(known["conf_high"].max(), unit)
    ax.hlines(line.height, low, high, color=colour, linewidth=2.6 if is_main else 1.4)
    for clear, rows in known.groupby(known.apply(verdict, axis=1).isin(["rose", "fell"])):
        ax.plot(
            [words.scaled(value, unit) for value in rows["estimate"]], [line.height] * len(rows),
            "D" if is_main else "o", color=colour, markersize=7 if is_main else 4.2 if len(line.rows) > 1 else 5,
            markerfacecolor=colour if clear else "white", markeredgewidth=0.9,
        )  # fmt: skip


def _themes(ax: Axes, lines: list[_Line], words: Words) -> None:
    """What the lines below change, in small print above the first of them."""
    seen = {"main"}
    for line in lines:
        if line.theme not in seen:
            ax.annotate(
                words(f"themes.{line.theme}"), (0, line.height + 0.8), xycoords=("axes fraction", "data"),
                xytext=(-4, 0), textcoords="offset points", fontsize=7, color="#777777", ha="right", va="center",
            )  # fmt: skip
        seen.add(line.theme)
