"""The job training trial: the experiment's answer, and what every observational method makes of a survey's people."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from analysis.checks.published.trainees import FEW, UNIT, word_of
from analysis.figures._style import COLOUR, new_axes, style
from analysis.words import Words

CAPTION = {
    "zh": "试验说了什么，观察性方法说了什么（美国职业培训试验）",
    "en": "What the experiment says and what observational methods say (US job training trial)",
}
SURVEYS = {"cps": ("effect", "o", 0.16), "psid": ("second", "s", -0.16)}  # colour, marker, place in the row


def draw(rows: pd.DataFrame, words: Words, *, ax: Axes | None = None) -> Axes:
    """One line per method and survey against the experiment's line and interval; few effective persons: hollow."""
    with style():
        experiment, others = _parts(rows)
        methods = list(dict.fromkeys(others["method"]))
        ax = ax or new_axes((6.7, 1.6 + 0.46 * len(methods)))
        ax.axvline(0, color="#444444", linewidth=0.8)
        low, high = experiment["conf_low"], experiment["conf_high"]
        ax.axvspan(low, high, color=COLOUR["truth"], alpha=0.09, linewidth=0)
        ax.axvline(experiment["estimate"], color=COLOUR["truth"], linewidth=1.2, linestyle=(0, (4, 3)))
        ax.annotate(
            f"{words('figures.published_experiment')} {words.number(experiment['estimate'], UNIT, signed=True)}",
            (experiment["estimate"], 1), xycoords=("data", "axes fraction"), xytext=(0, 3), textcoords="offset points",
            ha="center", va="bottom", fontsize=8.5,
        )  # fmt: skip
        for row in others.itertuples():
            colour, marker, shift = SURVEYS[row.comparison]
            height = len(methods) - 1 - methods.index(row.method) + shift
            ax.hlines(height, row.conf_low, row.conf_high, color=COLOUR[colour], linewidth=2)
            ax.plot(
                row.estimate, height, marker, color=COLOUR[colour], markersize=6, markeredgewidth=1.3,
                markerfacecolor="white" if row.thin else COLOUR[colour],
            )  # fmt: skip
            ax.annotate(
                words.number(row.estimate, UNIT, signed=True), (1.02, height), xycoords=("axes fraction", "data"),
                va="center", ha="left", color=COLOUR[colour], fontsize=8,
            )  # fmt: skip
        ax.set_yticks(range(len(methods) - 1, -1, -1), [words(word_of(method)) for method in methods])
        ax.set_ylim(-0.6, len(methods) - 0.4)
        ax.set_xlabel(words("figures.published_trainees", unit=words.unit(UNIT)))
        ax.xaxis.set_major_formatter(lambda value, _: words.number(value, UNIT))
        ax.grid(axis="y", visible=False)
        for survey, (colour, marker, _) in SURVEYS.items():
            ax.plot([], [], marker, color=COLOUR[colour], label=words(f"published_parts.{survey}"))
        ax.legend(loc="lower left", bbox_to_anchor=(0, 0.02), ncols=1)
        return ax


def alt(rows: pd.DataFrame, words: Words) -> str:
    """Every estimate with its interval, in words."""
    experiment, others = _parts(rows)
    points = "; ".join(
        f"{words(word_of(row.method))} ({words(f'published_parts.{row.comparison}')}): "
        f"{words.number(row.estimate, UNIT, signed=True)} {words.interval(row.conf_low, row.conf_high, UNIT)}"
        for row in others.itertuples()
    )
    return words(
        "alt.published_trainees", unit=words.unit(UNIT), points=points,
        experiment=f"{words.number(experiment['estimate'], UNIT, signed=True)} "
        f"{words.interval(experiment['conf_low'], experiment['conf_high'], UNIT)}",
    )  # fmt: skip


def note(rows: pd.DataFrame, words: Words) -> str:
    """What the marks are, and how many persons stand behind them."""
    experiment, _ = _parts(rows)
    return words(
        "notes.published_trainees", level=words.confidence(), few=words.count(FEW), n=words.count(experiment["n_treated"])
    )  # fmt: skip


def _parts(rows: pd.DataFrame) -> tuple[pd.Series, pd.DataFrame]:
    inside = rows["method"] == "experiment"
    return rows[inside].iloc[0], rows[~inside]
