"""Effects on the tenths of adopters' distribution, with a band, other routes beside it and the truth where known."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures._style import COLOUR, new_axes, style
from analysis.words import Words

CAPTION = {
    "zh": "“{outcome}”由低到高各处的影响",
    "en": "Effects on “{outcome}” from the bottom to the top of its distribution",
}
MAIN = "changes_in_changes"
BESIDE = {"rif": ("s", -0.022, "third"), "copula_stability": ("D", 0.022, "second")}  # marker, shift, colour


def draw(rows: pd.DataFrame, words: Words, *, ax: Axes | None = None) -> Axes:
    """Filled: changes in changes with pointwise (thick) and simultaneous (thin) intervals; hollow: other routes."""
    with style():
        ax = ax or new_axes((6.7, 3.9))
        unit = rows["unit"].iloc[0]
        scale = words.scaled(1.0, unit)
        quantiles = rows[rows["share"] != "mean"]
        main = quantiles[quantiles["method"] == MAIN]
        x, y = main["share"].to_numpy(float), main["estimate"].to_numpy(float) * scale
        ax.axhline(0, color="#444444", linewidth=0.8)
        for low, high, width in (("conf_low", "conf_high", 1.0), ("point_low", "point_high", 2.8)):
            ax.vlines(x, main[low].to_numpy(float) * scale, main[high].to_numpy(float) * scale,
                      color=COLOUR["effect"], linewidth=width)  # fmt: skip
        ax.plot(
            x,
            y,
            "o",
            color=COLOUR["effect"],
            markeredgecolor="white",
            markersize=6,
            label=_method(MAIN, words),
        )
        for method, (marker, shift, colour) in BESIDE.items():
            other = quantiles[quantiles["method"] == method]
            if len(other):
                ax.plot(
                    other["share"].to_numpy(float) + shift, other["estimate"].to_numpy(float) * scale, marker,
                    color=COLOUR[colour], markerfacecolor="white", markersize=4.5, label=_method(method, words),
                )  # fmt: skip
        truth = quantiles[quantiles["method"] == "truth"]
        if len(truth):
            ax.plot(
                truth["share"].to_numpy(float), truth["estimate"].to_numpy(float) * scale, color=COLOUR["truth"],
                linewidth=1.1, linestyle=(0, (4, 3)), label=_method("truth", words),
            )  # fmt: skip
        ax.set_xticks(x, [f"{100 * share:.0f}%" for share in x])
        ax.set_xlabel(words("figures.quantile"))
        ax.set_ylabel(words("figures.effect", unit=words.unit(unit)))
        ax.grid(axis="x", visible=False)
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
        return ax


def alt(rows: pd.DataFrame, words: Words) -> str:
    """Every tenth with its band, in words."""
    unit = rows["unit"].iloc[0]
    main = rows[(rows["method"] == MAIN) & (rows["share"] != "mean")]
    points = "; ".join(
        f"{100 * row.share:.0f}%: {words.number(row.estimate, unit, signed=True)} "
        f"{words.interval(row.conf_low, row.conf_high, unit)}"
        for row in main.itertuples()
    )
    return words("alt.quantile_effects", unit=words.unit(unit), points=points)


def note(rows: pd.DataFrame, words: Words) -> str:
    """Interval kinds, counts, and what the other marks are."""
    main = rows[rows["method"] == MAIN]
    held = set(rows["method"])
    text = words(
        "notes.quantile_effects", level=words.confidence(), clusters=words.units(main["n_clusters"].max()),
        n=words.units(main["n_treated"].max()),
    )  # fmt: skip
    missing = int(main["conf_low"].isna().sum())
    return words.sentences([
        text,
        words("notes.quantile_beside") if held & set(BESIDE) else "",
        words("notes.quantile_truth") if "truth" in held else "",
        words("notes.quantile_flagged", n=missing) if missing else "",
    ])  # fmt: skip


def _method(name: str, words: Words) -> str:
    return words(f"quantile_methods.{name}")
