"""What the design could have seen: estimates before the range of effects that it would mostly miss."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from analysis.checks.power import POWER
from analysis.estimates import verdict
from analysis.figures._style import COLOUR, new_axes, style
from analysis.words import Words

CAPTION = {
    "zh": "这套设计能看见多大的影响（“{outcome}”）",
    "en": "How large an effect this design can see (“{outcome}”)",
}


def draw(rows: pd.DataFrame, words: Words, *, ax: Axes | None = None) -> Axes:
    """A grey bar per row from minus to plus the detectable effect, before it the estimate with its interval."""
    with style():
        ax = ax or new_axes((6.7, 1.1 + 0.36 * len(rows)))
        unit = rows["unit"].iloc[0]
        ax.axvline(0, color="#444444", linewidth=0.8)
        for i, row in enumerate(rows.itertuples()):
            height = len(rows) - 1 - i
            reach = words.scaled(row.detectable, unit)
            label = words("sensitivity.figures.detectable") if i == 0 else None
            ax.barh(height, 2 * reach, left=-reach, height=0.62, color="#D9D9D9", label=label)
            low, value, high = (words.scaled(v, unit) for v in (row.conf_low, row.estimate, row.conf_high))
            clear = verdict(rows.loc[row.Index]) in {"rose", "fell"}
            ax.hlines(height, low, high, color=COLOUR["effect"], linewidth=2.0)
            ax.plot(value, height, "o", color=COLOUR["effect"], markersize=6,
                    markerfacecolor=COLOUR["effect"] if clear else "white")  # fmt: skip
        ax.set_yticks(range(len(rows) - 1, -1, -1), [_name(row, words) for row in rows.itertuples()])
        reach = 1.05 * words.scaled(rows[["detectable", "conf_high"]].max(axis=None), unit)
        low = words.scaled(rows["conf_low"].min(), unit)
        ax.set_xlim(min(-reach, 1.05 * low), reach)
        ax.set_ylim(-0.6, len(rows) - 0.4)
        ax.set_xlabel(words("figures.effect", unit=words.unit(unit)))
        ax.grid(axis="y", visible=False)
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0))
        return ax


def alt(rows: pd.DataFrame, words: Words) -> str:
    """Every estimate with the effect that can be found."""
    unit = rows["unit"].iloc[0]
    points = "; ".join(
        words(
            "alt.detectable_point", name=_name(row, words), estimate=words.number(row.estimate, unit, signed=True),
            detectable=words.number(row.detectable, unit),
        )
        for row in rows.itertuples()
    )  # fmt: skip
    return words("alt.detectable", unit=words.unit(unit), points=points)


def note(rows: pd.DataFrame, words: Words) -> str:
    """What the grey means."""
    return words("notes.detectable", power=f"{POWER:.0%}", level=f"{1 - words.study.design.conf_level:.0%}")


def _name(row: tuple, words: Words) -> str:
    if row.estimand == "overall":
        name = words("sensitivity.figures.overall")
    elif row.estimand == "cohort":
        name = words("figures.cohort", cohort=row.level)
    else:
        name = words.level(row.estimand, row.level)
    return f"{name}  (n={words.units(row.n_treated)})"
