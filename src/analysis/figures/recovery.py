"""How far each method lies from a known truth, scenario by scenario."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures._style import COLOUR, new_axes, style, wrapped
from analysis.words import Words

CAPTION = {"zh": "已知真值时，各方法偏离多少", "en": "How far the methods lie from a known truth"}
# marker and colour: estimators as everywhere, the adjustments of one estimator by lightness
LOOKS = {
    "group_time": ("o", COLOUR["effect"]), "group_time_regression": ("^", "#4FA3D8"),
    "group_time_ipw": ("v", "#7FC8F2"), "group_time_unadjusted": ("o", COLOUR["comparison"]),
    "imputation": ("D", COLOUR["second"]), "saturated": ("s", COLOUR["third"]), "twfe": ("X", COLOUR["benchmark"]),
    "difference": ("X", COLOUR["benchmark"]), "ols": ("P", "#4D4D4D"), "nearest_neighbour": ("o", COLOUR["effect"]),
    "ipw": ("v", "#7FC8F2"), "aipw": ("^", COLOUR["comparison"]), "entropy_balancing": ("s", COLOUR["third"]),
    "matched_differences": ("D", COLOUR["second"]),
}  # fmt: skip
ASKED = ("required", "unbiased", "near")
SPREAD = 0.34  # half the height of a row over which its methods are set


def draw(rows: pd.DataFrame, words: Words, *, ax: Axes | None = None) -> Axes:
    """One row per scenario, one mark per method; filled where no bias is asked.

    `rows` are judged rows of the recovery table (`checks.validity.judge`).
    """
    with style():
        ax = new_axes(size(rows)) if ax is None else ax
        ax.axvline(0, color="#444444", linewidth=0.8)
        for row, height, marker, colour in placed(rows):
            face = colour if row.ask in ASKED else "white"
            ax.plot(
                row.bias / row.sd,
                height,
                marker,
                color=colour,
                markerfacecolor=face,
                markersize=6,
                markeredgewidth=1.1,
            )
        scenario_axis(ax, rows, words)
        ax.set_xlabel(words("figures.bias_sd"))
        return ax


def alt(rows: pd.DataFrame, words: Words) -> str:
    """Every mark in words."""
    points = "; ".join(
        f"{named(row, words)}: {words.number(row.bias / row.sd, 'statistic', signed=True)}"
        for row in rows.itertuples()
    )
    return words("alt.recovery", points=points)


def note(rows: pd.DataFrame, words: Words) -> str:
    """What filled and hollow marks are, and how many counties stand behind one."""
    return words("notes.recovery_figure", draws=words.count(rows.loc[rows["ask"].isin(ASKED), "draws"].min()))


def size(rows: pd.DataFrame) -> tuple[float, float]:
    """Inches that a picture of these scenarios and methods needs."""
    lines = -(-rows["method"].nunique() // 3)
    return 6.7, 0.9 + 0.42 * rows["scenario"].nunique() + 0.2 * lines


def placed(rows: pd.DataFrame) -> list[tuple[object, float, str, str]]:
    """Each row with its height, marker and colour; methods keep their place within the rows of scenarios."""
    scenarios, methods = (list(dict.fromkeys(rows[name])) for name in ("scenario", "method"))
    order = [name for name in LOOKS if name in methods]
    step = 2 * SPREAD / max(len(order) - 1, 1)
    return [
        (row, len(scenarios) - 1 - scenarios.index(row.scenario) + SPREAD - step * order.index(row.method), *LOOKS[row.method])
        for row in rows.itertuples()
    ]  # fmt: skip


def scenario_axis(ax: Axes, rows: pd.DataFrame, words: Words) -> None:
    """Names of scenarios at the left, lines between them, the methods in a legend above."""
    scenarios = list(dict.fromkeys(rows["scenario"]))
    names = [wrapped(words(f"validity_scenarios.{name}"), 34) for name in scenarios]
    ax.set_yticks(range(len(scenarios) - 1, -1, -1), names)
    ax.set_ylim(-0.55, len(scenarios) - 0.45)
    ax.grid(axis="y", visible=False)
    for line in range(1, len(scenarios)):
        ax.axhline(line - 0.5, color=COLOUR["grid"], linewidth=0.6)
    for name in [name for name in LOOKS if name in set(rows["method"])]:
        marker, colour = LOOKS[name]
        label = words(f"validity_methods.{name}")
        ax.plot([], [], marker, color=colour, markersize=6, label=label)
    ax.legend(
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=3,
        fontsize=8,
        handletextpad=0.2,
        columnspacing=1.0,
    )


def named(row: object, words: Words) -> str:
    """Scenario and method."""
    return words(
        "terms.scenario_method", scenario=words(f"validity_scenarios.{row.scenario}"),
        method=words(f"validity_methods.{row.method}"),
    )  # fmt: skip
