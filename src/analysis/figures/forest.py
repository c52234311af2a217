"""Estimates side by side: models in their fixed order, or one average by several estimators."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures._style import COLOUR, ESTIMATOR_MARK, MODEL_COLOUR, new_axes, style
from analysis.words import Words

CAPTION = {"zh": "对“{outcome}”的影响（{by}）", "en": "Effects on “{outcome}”, {by}"}


def draw(rows: pd.DataFrame, words: Words, *, ax: Axes | None = None) -> Axes:
    """One line per level from the top, one mark per estimator; a dash where a number is withheld.

    `rows` are rows of Estimates, of one estimand. Where each estimator has one row, estimators are the lines.
    """
    with style():
        names = _names(rows, words)
        ax = ax or new_axes((6.7, 1.2 + 0.42 * len(names)))
        unit = rows["unit"].iloc[0]
        estimators = list(dict.fromkeys(rows["estimator"]))
        several = len(estimators) > 1 and len(rows) > len(estimators)
        ax.axvline(0, color="#444444", linewidth=0.8)
        for row in rows.itertuples():
            rank = estimators.index(row.estimator)
            height = (
                len(names) - 1 - list(names).index(_key(row, names)) - (0.26 * (rank - 0.5) if several else 0)
            )
            colour, marker = _look(row, several)
            low, high, value = (words.scaled(v, unit) for v in (row.conf_low, row.conf_high, row.estimate))
            doubtful = "flagged" in row.status
            ax.hlines(
                height, low, high, color=colour, linewidth=2.2, alpha=0.55 if several and rank else 1,
                linestyle=(0, (1.2, 0.8)) if doubtful else "solid",
            )  # fmt: skip
            face = "white" if several and rank else colour
            edge = colour if face == "white" else "white"
            ax.plot(
                value, height, marker, color=face, markersize=7.5, markeredgecolor=edge, markeredgewidth=1.1
            )
        _gaps(ax, rows, names, words)
        ax.set_yticks(range(len(names) - 1, -1, -1), list(names.values()))
        ax.set_ylim(-0.6, len(names) - 0.4)
        ax.set_xlabel(words("figures.effect", unit=words.unit(unit)))
        ax.grid(axis="y", visible=False)
        if several:
            _legend(ax, estimators, words)
        return ax


def alt(rows: pd.DataFrame, words: Words) -> str:
    """Every estimate with its interval, in words."""
    unit = rows["unit"].iloc[0]
    names = _names(rows, words)
    points = "; ".join(
        f"{names[_key(row, names)].strip()} ({words(f'short_estimators.{row.estimator}')}): "
        f"{words.number(row.estimate, unit, signed=True)} {words.interval(row.conf_low, row.conf_high, unit)}"
        for row in rows.itertuples()
    )
    return words("alt.forest", unit=words.unit(unit), points=points)


def note(rows: pd.DataFrame, words: Words) -> str:
    """Interval kind and counts, and how many numbers are withheld."""
    text = words(
        "notes.forest", level=words.confidence(), clusters=words.units(rows["n_clusters"].max()),
        low=words.units(rows["n_treated"].min()), high=words.units(rows["n_treated"].max()),
    )  # fmt: skip
    withheld = int(rows["estimate"].isna().sum())
    doubtful = rows["status"].str.startswith("flagged").any()
    return words.sentences([
        text, words("notes.doubtful") if doubtful else "",
        words("notes.withheld", n=words.count(withheld)) if withheld else "",
    ])  # fmt: skip


def _names(rows: pd.DataFrame, words: Words) -> dict[object, str]:
    if len(set(rows["level"])) == 1:
        return {name: words(f"estimators.{name}") for name in dict.fromkeys(rows["estimator"])}
    largest = rows.groupby("level")["n_treated"].max()
    return {
        level: f"{words.level(rows['estimand'].iloc[0], level)}  (n={words.units(largest[level])})"
        for level in sorted(dict.fromkeys(rows["level"]), key=str)
    }


def _key(row: tuple, names: dict[object, str]) -> object:
    return row.level if row.level in names else row.estimator


def _look(row: tuple, several: bool) -> tuple[str, str]:
    if row.estimand == "model":
        return MODEL_COLOUR.get(str(row.level), COLOUR["muted"]), ESTIMATOR_MARK[
            row.estimator
        ] if several else "o"
    return (COLOUR["benchmark"] if row.estimator == "twfe" else COLOUR["effect"]), ESTIMATOR_MARK[
        row.estimator
    ]


def _gaps(ax: Axes, rows: pd.DataFrame, names: dict[object, str], words: Words) -> None:
    for row in rows[rows["conf_low"].isna()].drop_duplicates(["level", "estimator"]).itertuples():
        if row.estimator == rows["estimator"].iloc[0] or len(names) == rows["estimator"].nunique():
            height = len(names) - 1 - list(names).index(_key(row, names))
            key = "figures.withheld" if pd.isna(row.estimate) else "figures.without_interval"
            ax.annotate(
                words(key), (1, height), xycoords=("axes fraction", "data"), ha="right", va="center",
                fontsize=8, color="#666666", style="normal",
            )  # fmt: skip


def _legend(ax: Axes, estimators: list[str], words: Words) -> None:
    for rank, name in enumerate(estimators):
        ax.plot(
            [], [], ESTIMATOR_MARK[name], color="#444444", markerfacecolor="white" if rank else "#444444",
            label=words(f"short_estimators.{name}"),
        )  # fmt: skip
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(estimators))
