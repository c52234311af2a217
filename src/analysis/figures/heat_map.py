"""Effects by cohort and year, one coloured cell each."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.estimates import Estimates
from analysis.figures._style import COLOUR, new_axes, style
from analysis.words import NOTHING, Words

CAPTION = {"zh": "分批次、分年份对“{outcome}”的影响", "en": "Effects on “{outcome}” by cohort and year"}


def draw(cells: Estimates, words: Words, *, ax: Axes | None = None) -> Axes:
    """Rows are cohorts, columns years; the heavy line is adoption, a dash a cell that is withheld."""
    import seaborn as sns  # slow to import, and needed by this figure and the distribution only

    with style():
        grid = _grid(cells, words)
        ax = ax or new_axes((6.7, 1.5 + 0.42 * len(grid)))
        largest = float(np.nanmax(np.abs(grid.to_numpy()), initial=0.0)) or 1.0
        known = cells.rows["estimate"].notna()
        text = _places(cells, [words.number(v, u, signed=True) for v, u in _values(cells)])
        text = text.reindex(index=grid.index, columns=grid.columns).fillna("")
        ax.set_facecolor("#F2F2F2")
        sns.heatmap(
            grid, ax=ax, cmap="PuOr_r", vmin=-largest, vmax=largest, linewidths=1, linecolor="white", annot=text,
            fmt="", annot_kws={"fontsize": 7.5 if grid.shape[1] > 8 else 8.5}, mask=grid.isna(),
            cbar_kws={"label": words("figures.effect", unit=words.unit(cells.rows["unit"].iloc[0])), "pad": 0.02},
        )  # fmt: skip
        for cohort, year in _parts(cells)[~known.to_numpy()]:
            ax.text(
                list(grid.columns).index(year) + 0.5,
                list(grid.index).index(cohort) + 0.5,
                NOTHING,
                ha="center",
                va="center",
            )
        for row, cohort in enumerate(grid.index):
            start = int((grid.columns < cohort).sum())
            ax.plot([start, start], [row, row + 1], color=COLOUR["text"], linewidth=2.2)
        ax.set_xlabel(words("figures.year"))
        ax.set_ylabel(words("figures.cohort_axis"))
        ax.tick_params(axis="both", rotation=0, length=0)
        ax.grid(visible=False)
        return ax


def alt(cells: Estimates, words: Words) -> str:
    """Every cell in words."""
    points = [
        f"{cohort}/{year}: {words.number(value, unit, signed=True)}"
        for (cohort, year), (value, unit) in zip(_parts(cells), _values(cells), strict=True)
    ]
    return words("alt.heat_map", unit=words.unit(cells.rows["unit"].iloc[0]), points=words.listed(points))


def note(cells: Estimates, words: Words) -> str:
    """How to read it, and how many cells stand out."""
    rows = cells.rows
    after = _parts(cells)[:, 1] >= _parts(cells)[:, 0]
    clear = (rows["conf_low"] > 0) | (rows["conf_high"] < 0)
    text = words(
        "notes.heat_map", after=words.count(int((after & clear).sum())), of_after=words.count(int(after.sum())),
        before=words.count(int((~after & clear).sum())), of_before=words.count(int((~after).sum())),
    )  # fmt: skip
    withheld = int(rows["estimate"].isna().sum())
    return words.sentences([text, words("notes.withheld", n=words.count(withheld)) if withheld else ""])


def _parts(cells: Estimates) -> np.ndarray:
    return np.array([[int(part) for part in str(level).split(":")[:2]] for level in cells.rows["level"]])


def _values(cells: Estimates) -> list[tuple[float, str]]:
    return list(zip(cells.rows["estimate"].astype(float), cells.rows["unit"], strict=True))


def _places(cells: Estimates, values: list) -> pd.DataFrame:
    frame = pd.DataFrame(_parts(cells), columns=["cohort", "year"]).assign(value=values)
    return frame.pivot_table(index="cohort", columns="year", values="value", aggfunc="first", dropna=False)


def _grid(cells: Estimates, words: Words) -> pd.DataFrame:
    grid = _places(cells, [words.scaled(value, unit) for value, unit in _values(cells)])
    return grid.sort_index(axis=0).sort_index(axis=1).astype(float)
