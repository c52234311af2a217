"""The specification curve: all combinations sorted by estimate, and under each the choices that made it."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.checks.curve import NOT_USED, SpecificationCurve
from analysis.estimates import verdict
from analysis.figures._style import COLOUR, style
from analysis.words import Words

CAPTION = {
    "zh": "“{outcome}”的设定曲线：所有说得通的做法组合",
    "en": "Specification curve for “{outcome}”: every defensible combination",
}
TOP, STEP, GAP = 2.3, 0.15, 1.35  # inches of the curve and of a choice; lines between dimensions


def draw(found: SpecificationCurve, words: Words, *, ax: Axes | None = None) -> Axes:
    """Estimates with intervals above, a mark per specification and choice below; on an axis that is given, no marks.

    A dimension in which nothing was chosen between is left out.
    """
    with style():
        kept = _choices(found)
        n_lines = sum(len(options) for options in kept.values()) + GAP * len(kept)
        if ax is None:
            figure = Figure(figsize=(6.7, TOP + STEP * n_lines + 0.5), layout="constrained")
            figure.get_layout_engine().set(hspace=0.02)
            ax, below = figure.subplots(2, 1, sharex=True, height_ratios=[TOP, STEP * n_lines])
            _matrix(below, found, kept, words)
            _curve(ax, found, words)
            return below
        _curve(ax, found, words)
        ax.set_xlabel(words("figures.ordered"))
        return ax


def alt(found: SpecificationCurve, words: Words) -> str:
    """The curve's ends and its middle."""
    estimate = found.rows["estimate"]
    numbers = {"low": estimate.min(), "median": estimate.median(), "high": estimate.max()}
    return words(
        "alt.specification_curve", n=len(estimate), unit=words.unit(found.unit),
        **{name: words.number(value, found.unit, signed=True) for name, value in numbers.items()},
    )  # fmt: skip


def note(found: SpecificationCurve, words: Words) -> str:
    """How to read it, and what is not in it."""
    return words.sentences([
        words("notes.specification_curve", level=words.confidence()),
        words("notes.curve_refused", n=found.n_refused) if found.n_refused else "",
        words("notes.curve_same", n=found.n_same) if found.n_same else "",
    ])  # fmt: skip


def name_of(dimension: str, choice: str, words: Words) -> str:
    """What a choice is called."""
    if dimension != "anticipation":
        return words(f"choices.{choice}")
    return words("choices.no_years") if choice == "0" else words("choices.years", n=choice)


def _choices(found: SpecificationCurve) -> dict[str, list[str]]:
    """Choices by dimension, the main one's first; dimensions in which something was chosen."""
    options = {name: [c for c in chosen if c != NOT_USED] for name, chosen in found.choices.items()}
    return {name: choices for name, choices in options.items() if len(choices) > 1}


def _curve(ax: Axes, found: SpecificationCurve, words: Words) -> None:
    rows, place = found.rows, np.arange(len(found.rows))
    low, value, high = (
        words.scaled(rows[name].to_numpy(float), found.unit) for name in ("conf_low", "estimate", "conf_high")
    )
    clear = rows.apply(verdict, axis=1).isin(["rose", "fell"]).to_numpy()
    main = rows["is_main"].to_numpy(bool)
    ax.axhline(0, color="#444444", linewidth=0.8)
    ax.axhline(np.median(value), color="#444444", linewidth=0.8, linestyle=(0, (4, 3)))
    ax.vlines(place, low, high, color=COLOUR["effect"], alpha=0.22, linewidth=_width(len(rows)))
    for chosen, face, key in ((clear, COLOUR["effect"], "significant"), (~clear, "white", "not_significant")):
        ax.plot(
            place[chosen & ~main], value[chosen & ~main], "o", markersize=min(5.0, max(2.2, 260 / len(rows))),
            color=COLOUR["effect"], markerfacecolor=face, markeredgewidth=0.7, label=words(f"figures.{key}"),
        )  # fmt: skip
    ax.plot(
        place[main], value[main], "D", color=COLOUR["second"], markersize=6.5, markeredgecolor="white",
        label=words("themes.main"), zorder=5,
    )  # fmt: skip
    ax.set_ylabel(words("figures.effect", unit=words.unit(found.unit)))
    ax.set_xlim(-1, len(rows))
    ax.grid(axis="x", visible=False)
    ax.set_xticks([])  # places have no meaning beyond their order
    ax.spines["bottom"].set_visible(False)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, handletextpad=0.3)


def _width(n: int) -> float:
    """Line width in points of an interval among n on a page-wide panel."""
    return float(np.clip(280 / n, 0.6, 3.0))


def _matrix(ax: Axes, found: SpecificationCurve, kept: dict[str, list[str]], words: Words) -> None:
    heights, names = [], []
    height = 0.0
    main = int(np.flatnonzero(found.rows["is_main"])[0]) if found.rows["is_main"].any() else None
    size = 3.4 if len(found.rows) > 100 else 4.5
    if main is not None:
        ax.axvline(main, color=COLOUR["second"], linewidth=0.9, alpha=0.7)
    for dimension, options in kept.items():
        ax.annotate(
            words(f"dimensions.{dimension}"), (0, height - 0.9), xycoords=("axes fraction", "data"),
            xytext=(-4, 0), textcoords="offset points", ha="right", va="center", fontsize=7, color="#777777",
        )  # fmt: skip
        height -= GAP - 0.4
        for choice in options:
            height -= 1
            where = np.flatnonzero(found.rows[dimension] == choice)
            ax.plot(
                where, [height] * len(where), "|", color=COLOUR["effect"], markersize=size + 2,
                markeredgewidth=_width(len(found.rows)),
            )  # fmt: skip
            heights.append(height)
            names.append(name_of(dimension, choice, words))
        height -= 0.4
    ax.set_yticks(heights, names)
    ax.tick_params(axis="y", length=0, labelsize=7.5)
    ax.set_ylim(height - 0.1, 0.4)
    ax.set_xlabel(words("figures.ordered"))
    ax.grid(visible=False)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
