"""How far an outcome's values lie from all others of their period; no single unit can be read off."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MultipleLocator

from analysis.figures._style import COLOUR, new_axes, style
from analysis.samples import Extremes
from analysis.words import NOTHING, PUBLIC_FLOOR, Words

CAPTION = {
    "zh": "“{outcome}”各期的离群情况",
    "en": "How far values of “{outcome}” lie from all others of their period",
}
ORDINARY = 1.645  # distance within which nine tenths of a normal distribution lie
MOST_TEXTS = 13  # periods up to which every share is written


def draw(found: Extremes, words: Words, *, ax: Axes | None = None) -> Axes:
    """Bands hold half and nine tenths of the values, drawn alike on both sides; above, the share beyond the limit."""
    with style():
        ax = ax or new_axes((6.7, 3.3))
        rows, limit = found.rows, found.limit
        at = np.arange(len(rows))
        most = np.where(_tells(rows["n"], 0.1, words), rows["most"], np.nan)
        half = np.where(_tells(rows["n"], 0.5, words), rows["half"], np.nan)
        for width, reach, shade, key in ((0.62, most, "#C9DDEC", "most"), (0.62, half, "#5B9BC8", "half")):
            shown = np.isfinite(reach)
            ax.bar(
                at[shown],
                2 * reach[shown],
                width,
                bottom=-reach[shown],
                color=shade,
                label=words(f"figures.{key}"),
            )
        for side in (-1, 1):
            ax.axhline(
                side * limit, color=COLOUR["second"], linewidth=1.1, linestyle=(0, (4, 2)),
                label=words("figures.beyond") if side > 0 else None,
            )  # fmt: skip
            ax.axhline(
                side * ORDINARY, color="#555555", linewidth=0.8, linestyle=(0, (1, 2)),
                label=words("figures.ordinary") if side > 0 else None,
            )  # fmt: skip
        step = -(-len(rows) // MOST_TEXTS)
        for place, row in list(enumerate(rows.itertuples()))[::step]:
            ax.text(
                place, limit + 0.25, _beyond(row, words), ha="center", va="bottom", fontsize=8, color=COLOUR["second"],
            )  # fmt: skip
        reach = max(limit, np.nanmax(most, initial=0.0))
        ax.set_ylim(-reach - 0.8, reach + 4.2)
        ax.set_xlim(-0.7, len(rows) - 0.3)
        every = -(-len(rows) // 18)
        ax.set_xticks(at[::every], rows["period"].astype(int)[::every])
        ax.yaxis.set_major_locator(MultipleLocator(3 if reach < 13 else 3 * round(reach / 9)))
        ax.set_xlabel(words("figures.period"))
        ax.set_ylabel(words("figures.distance"))
        ax.grid(axis="x", visible=False)
        ax.legend(loc="upper center", ncols=2, columnspacing=1.4, handlelength=1.6)
        return ax


def alt(found: Extremes, words: Words) -> str:
    """The share beyond the limit, period by period."""
    points = [f"{row.period}: {_beyond(row, words)}" for row in found.rows.itertuples()]
    return words("alt.outliers", limit=f"{found.limit:g}", points=words.listed(points))


def note(found: Extremes, words: Words) -> str:
    """What the scale is, and how many values lie beyond the limit."""
    far, n = int(found.rows["n_far"].sum()), int(found.rows["n"].sum())
    return words(
        "notes.outliers", limit=f"{found.limit:g}", far=words.units(far), share=words.fraction(far, n)
    )


def _tells(n: object, beyond: float, words: Words) -> np.ndarray:
    """Where a quantile has enough values beyond it to be told to these readers."""
    least = PUBLIC_FLOOR if words.is_public else 0
    return np.asarray(n, dtype=float) * beyond >= least


def _beyond(row: tuple, words: Words) -> str:
    return "0%" if row.n_far == 0 else words.fraction(row.n_far, row.n) or NOTHING
