"""How an outcome was spread over the units before anyone adopted."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator

from analysis.figures._style import COLOUR, new_axes, style
from analysis.samples import Spread
from analysis.words import Words

CAPTION = {
    "zh": "采用前（{year}年）“{outcome}”在各{unit_noun}间的分布",
    "en": "“{outcome}” before adoption ({year}), across units",
}
BANDS = (3, 5, 10, 20, 50)  # 万元: the bands in which counties report village collective income
WAN = 10_000.0  # yuan
LEAST = 10  # units in a drawn bin of a public report


def draw(spread: Spread, words: Words, *, ax: Axes | None = None) -> Axes:
    """A histogram with mean and median; with bands a log scale and their lines, non-positive values in the note."""
    import seaborn as sns  # slow to import, and needed by this figure and the heat map only

    with style():
        ax = ax or new_axes()
        scale = 1 / words.scaled(1.0, spread.unit)
        values = (spread.values[spread.values > 0] if spread.banded else spread.values) / scale
        edges = _edges(
            values, log=spread.banded, least=LEAST if words.study.release.audience == "public" else 0
        )
        sns.histplot(
            x=values, bins=edges, color=COLOUR["treated"], alpha=0.55, edgecolor="white", linewidth=0.6, ax=ax
        )
        if spread.banded:
            ax.set_xscale("log")
        middle = {"mean": (spread.values / scale).mean(), "median": float(np.median(spread.values / scale))}
        for (name, value), line in zip(middle.items(), ("-", (0, (4, 2))), strict=True):
            if not spread.banded or value > 0:
                label = words(f"figures.{name}", value=words.amount(value * scale, spread.unit))
                ax.axvline(value, color=COLOUR["second"], linewidth=1.6, linestyle=line, label=label)
        if spread.banded:
            _band_lines(ax, scale, words)
        ax.set_xlabel(f"{words.outcome(spread.outcome)} ({words.unit(spread.unit)})")
        ax.set_ylabel(words("figures.number_of_units"))
        ax.grid(axis="x", visible=False)
        ax.set_ylim(0, ax.get_ylim()[1] * 1.22)
        ax.legend(loc="upper right", frameon=True, facecolor="white", edgecolor="white", framealpha=1)
        return ax


def alt(spread: Spread, words: Words) -> str:
    """Mean, median and, with bands, the share of units under each line."""
    text = words(
        "alt.distribution", n=words.units(len(spread.values)), mean=words.amount(spread.values.mean(), spread.unit),
        median=words.amount(float(np.median(spread.values)), spread.unit),
    )  # fmt: skip
    return text + (words("alt.bands", shares=_shares(spread, words)) if spread.banded else "")


def note(spread: Spread, words: Words) -> str:
    """Counts, and what a log scale cannot show."""
    text = words("notes.distribution", n=words.units(len(spread.values)))
    if not spread.banded:
        return text
    hidden = int((spread.values <= 0).sum())
    parts = [text, words("notes.bands", shares=_shares(spread, words))]
    if hidden:
        parts.append(words("notes.not_positive", n=words.units(hidden)))
    return words.sentences(parts)


def _shares(spread: Spread, words: Words) -> str:
    return words.listed(
        [
            f"<{band}: {words.fraction(int((spread.values < band * WAN).sum()), len(spread.values))}"
            for band in BANDS
        ]
    )


def _edges(values: np.ndarray, *, log: bool, least: int) -> np.ndarray:
    """Bin edges; neighbours are joined until every bin holds at least `least` units."""
    shown = np.log10(values) if log else values
    edges = np.histogram_bin_edges(shown, bins=min(30, max(8, int(np.sqrt(len(shown)) * 1.5))))
    if least:
        counts, kept, held = np.histogram(shown, edges)[0], [edges[0]], 0
        for count, right in zip(counts, edges[1:], strict=True):
            held += count
            if held >= least:
                kept.append(right)
                held = 0
        edges = np.array([*kept[:-1], edges[-1]]) if len(kept) > 1 else edges[[0, -1]]
    edges = 10**edges if log else edges
    edges[[0, -1]] = values.min(), values.max()  # rounding must not push the extremes out
    return edges


def _band_lines(ax: Axes, scale: float, words: Words) -> None:
    low, high = ax.get_xlim()
    places = [band * WAN / scale for band in BANDS]
    for place in places:
        ax.axvline(place, color="#555555", linewidth=0.8, linestyle=(0, (1, 2)))
    ticks = [place for place in [0.1 * WAN / scale, 0.3 * WAN / scale, WAN / scale, *places, 100 * WAN / scale]
             if low <= place <= high]  # fmt: skip
    ax.set_xticks(ticks)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlim(low, high)
