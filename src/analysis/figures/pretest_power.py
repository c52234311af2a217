"""The event study beside the trend that its own test before adoption would miss half the time."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from analysis.checks.pre_trend_power import Pretest
from analysis.figures._style import COLOUR, new_axes, style
from analysis.words import Words

CAPTION = {
    "zh": "采用前的检验可能漏掉怎样的趋势差（“{outcome}”）",
    "en": "Which difference in trend the test before adoption may miss (“{outcome}”)",
}


def draw(found: Pretest, words: Words, *, ax: Axes | None = None) -> Axes:
    """Estimates with intervals, the trend missed half the time, and the path expected once the test has passed."""
    from scipy.special import ndtri

    with style():
        ax = ax or new_axes((6.7, 3.4))
        rows, base, unit = found.periods, found.base, found.unit
        scale = words.scaled(1.0, unit)
        x = rows["event_time"].to_numpy(float)
        y, error = rows["estimate"].to_numpy(float) * scale, rows["std_error"].to_numpy(float) * scale
        half = float(ndtri(0.5 + words.study.design.conf_level / 2)) * error
        ax.axhline(0, color="#444444", linewidth=0.8)
        ax.axvline(base + 0.5, color=COLOUR["muted"], linewidth=0.9, linestyle=(0, (4, 3)))
        ax.vlines(x, y - half, y + half, color=COLOUR["effect"], linewidth=1.6)
        ax.plot(x, y, "o", color=COLOUR["effect"], markersize=5, markeredgecolor="white",
                label=words("sensitivity.figures.estimates"))  # fmt: skip
        for column, colour, dashes, name in (
            ("trend", COLOUR["comparison"], "solid", "trend_missed"),
            ("mean_after_passing", COLOUR["third"], (0, (3, 1.5)), "trend_after_passing"),
        ):
            at = np.append(x, base)
            value = np.append(rows[column].to_numpy(float) * scale, 0.0)
            order = np.argsort(at)
            label = words(f"sensitivity.figures.{name}")
            ax.plot(at[order], value[order], color=colour, linestyle=dashes, linewidth=1.6, label=label)
        ax.plot(base, 0, "o", color="white", markeredgecolor="#444444", markersize=5)
        ax.set_xticks(sorted({*x.astype(int), base}))
        ax.set_xlabel(words("figures.event_time"))
        ax.set_ylabel(words("figures.effect", unit=words.unit(unit)))
        ax.grid(axis="x", visible=False)
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, handlelength=1.6, columnspacing=1.2)
        return ax


def alt(found: Pretest, words: Words) -> str:
    """Every estimate beside the trend there."""
    unit = found.unit
    points = "; ".join(
        f"{words.level('event_time', row.event_time)}: {words.number(row.estimate, unit, signed=True)}"
        f" / {words.number(row.trend, unit, signed=True)}"
        for row in found.periods.itertuples()
    )
    return words("alt.pretest_power", unit=words.unit(unit), points=points)


def note(found: Pretest, words: Words) -> str:
    """How to read the lines."""
    return words("notes.pretest_power", level=words.confidence())
