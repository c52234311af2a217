"""Collective income around the targets set for it: does it pile up just above them?"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from analysis.figures._style import COLOUR, new_axes, style
from analysis.intake.detectors.heaping import LEVEL, WINDOW
from analysis.samples import Heaped
from analysis.words import PUBLIC_FLOOR, Words

CAPTION = {
    "zh": "村集体收入在考核目标附近的分布：有没有“卡线”",
    "en": "Collective income around its targets: do amounts pile up just above them?",
}
WAN = 10_000.0  # yuan


def draw(found: Heaped, words: Words, *, ax: Axes | None = None) -> Axes:
    """Bins of equal width on a log scale with the targets as edges; the number above a target is what is too many."""
    with style():
        ax = ax or new_axes((6.7, 3.5))
        scale = 1 / words.scaled(1.0, "yuan")
        edges = _edges(found)
        counts = np.histogram(found.amounts, edges)[0]
        if words.is_public:
            edges, counts = _joined(edges, counts)
        density = counts / np.diff(np.log(edges)) * WINDOW  # as if every bin were as wide as the window
        left = edges[:-1]
        clear = set(found.targets.loc[found.targets["p_holm"] <= LEVEL, "target"])
        above = np.isin(left, found.targets["target"])
        piled = np.isin(left, list(clear))
        for chosen, colour, key in (
            (~above, "#BFD7EA", ""), (above & ~piled, COLOUR["treated"], "above"), (piled, COLOUR["second"], "piled"),
        ):  # fmt: skip
            if chosen.any():
                ax.bar(
                    left[chosen] / scale, density[chosen], np.diff(edges)[chosen] / scale, align="edge", color=colour,
                    edgecolor="white", linewidth=0.3, label=words(f"figures.{key}") if key else None,
                )  # fmt: skip
        top = density.max(initial=1.0)
        for row in found.targets.itertuples():
            place = row.target / scale
            ax.axvline(place, ymax=0.86, color="#333333", linewidth=0.9, linestyle=(0, (1, 2)))
            ax.text(place, top * 1.1, _excess(row, words), ha="center", va="bottom", fontsize=8.5,
                    color=COLOUR["second"] if row.target in clear else COLOUR["text"])  # fmt: skip
        ax.set_xscale("log")
        ax.set_xlim(edges[0] / scale, edges[-1] / scale)
        ax.set_ylim(0, top * 1.28)
        ticks = [
            place for place in (20_000.0, *found.targets["target"], 800_000.0) if edges[0] < place < edges[-1]
        ]
        ax.set_xticks([tick / scale for tick in ticks])
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.set_xlabel(f"{words.outcome(found.outcome)} ({words.unit('yuan')})")
        ax.set_ylabel(words("figures.amounts_per_bin"))
        ax.yaxis.set_major_locator(NullLocator() if words.is_public else MaxNLocator(6, integer=True))
        ax.grid(axis="x", visible=False)
        if ax.get_legend_handles_labels()[1]:
            ax.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.0, ncols=2)
        return ax


def alt(found: Heaped, words: Words) -> str:
    """Counts just above and below each target."""
    points = [
        f"{row.target / WAN:g} 万元: {words.units(row.above)}/{words.units(row.below)}"
        for row in found.targets.itertuples()
    ]
    return words("alt.heaping", points=words.listed(points))


def note(found: Heaped, words: Words) -> str:
    """What the numbers are, and at which targets there are too many."""
    window = words.share(WINDOW)
    clear = [f"{row.target / WAN:g}" for row in found.targets.itertuples() if row.p_holm <= LEVEL]
    told = words("notes.heaping_clear", targets=words.listed(clear)) if clear else words("notes.heaping_none")
    reading = "heaping_public" if words.is_public else "heaping"
    return words.sentences([words(f"notes.{reading}", window=window), told])


def _excess(row: tuple, words: Words) -> str:
    """How many more lie just above a target than a smooth distribution has there; for the public only that it is so."""
    if words.is_public:
        return words("figures.piled_mark") if row.p_holm <= LEVEL else ""
    more = row.above - (row.above + row.below) * row.share_expected
    return f"{round(more) + 0:+d}".replace("-", "−") if round(more) else "0"


def _edges(found: Heaped) -> np.ndarray:
    """From half the lowest to twice the highest target; every target is an edge, bins are about as wide as the window."""
    targets = np.log(found.targets["target"].to_numpy(float))
    ends = [targets[0] - np.log(2), *targets, targets[-1] + np.log(2)]
    step = np.log1p(WINDOW)
    pieces = [
        np.linspace(low, high, max(1, round((high - low) / step)), endpoint=False)
        for low, high in pairwise(ends)
    ]
    edges = np.exp(np.concatenate([*pieces, ends[-1:]]))
    for target in found.targets["target"]:  # exact, so that a target's own amounts lie above it
        edges[np.argmin(np.abs(edges - target))] = target
    return edges


def _joined(edges: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bins joined until each holds enough amounts to be shown to the public; what is left over joins the last."""
    kept, sums, held = [edges[0]], [], 0
    for right, count in zip(edges[1:], counts, strict=True):
        held += count
        if held >= PUBLIC_FLOOR:
            kept.append(right)
            sums.append(held)
            held = 0
    if not sums:
        return edges[[0, -1]], np.array([0])
    kept[-1], sums[-1] = edges[-1], sums[-1] + held
    return np.array(kept), np.array(sums)
