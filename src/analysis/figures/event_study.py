"""Effect by years since adoption, with pointwise and simultaneous intervals."""

from __future__ import annotations

from matplotlib.axes import Axes

from analysis.estimates import Estimates
from analysis.figures._style import COLOUR, new_axes, style
from analysis.words import Words

CAPTION = {
    "zh": "采用前后各年对“{outcome}”的影响",
    "en": "Effect on “{outcome}” by years since adoption",
}


def draw(path: Estimates, words: Words, *, ax: Axes | None = None) -> Axes:
    """Points with pointwise intervals (thick) and the simultaneous band (thin, capped); adoption marked."""
    with style():
        ax = ax or new_axes()
        rows = path.rows.dropna(subset=["estimate"])
        unit = rows["unit"].iloc[0]
        scale = words.scaled(1.0, unit)
        x, y = rows["level"].to_numpy(float), rows["estimate"].to_numpy(float) * scale
        ax.axhline(0, color="#444444", linewidth=0.8)
        ax.axvline(-0.5, color=COLOUR["muted"], linewidth=0.9, linestyle=(0, (4, 3)))
        for before, colour in ((True, COLOUR["muted"]), (False, COLOUR["effect"])):
            chosen = (x < 0) == before
            low, high = (rows[c].to_numpy(float)[chosen] * scale for c in ("conf_low", "conf_high"))
            ax.vlines(x[chosen], low, high, color=colour, linewidth=1.0)
            ax.plot(x[chosen], low, "_", color=colour, markersize=6)
            ax.plot(x[chosen], high, "_", color=colour, markersize=6)
            inner_low, inner_high = (
                rows[c].to_numpy(float)[chosen] * scale for c in ("point_low", "point_high")
            )
            ax.vlines(x[chosen], inner_low, inner_high, color=colour, linewidth=2.8)
            ax.plot(x[chosen], y[chosen], "o", color=colour, markersize=5, markeredgecolor="white")
        ax.set_xticks(sorted(set(x.astype(int))))
        ax.set_xlabel(words("figures.event_time"))
        ax.set_ylabel(words("figures.effect", unit=words.unit(unit)))
        ax.grid(axis="x", visible=False)
        ax.annotate(
            words("figures.adoption"), (-0.5, 1), xycoords=("data", "axes fraction"), xytext=(4, -4),
            textcoords="offset points", va="top", color="#666666", fontsize=8.5,
        )  # fmt: skip
        return ax


def alt(path: Estimates, words: Words) -> str:
    """Every point with its band, in words."""
    unit = path.rows["unit"].iloc[0]
    points = "; ".join(
        f"{words.level('event_time', row.level)}: {words.number(row.estimate, unit, signed=True)} {words.interval(row.conf_low, row.conf_high, unit)}"
        for row in path.rows.dropna(subset=["estimate"]).itertuples()
    )
    return words("alt.event_study", unit=words.unit(unit), points=points)


def note(path: Estimates, words: Words) -> str:
    """Interval kinds and counts."""
    rows = path.rows
    without = int(rows["conf_low"].isna().sum())
    text = words(
        "notes.event_study", clusters=words.units(rows["n_clusters"].max()),
        low=words.units(rows["n_treated"].min()), high=words.units(rows["n_treated"].max()),
    )  # fmt: skip
    return words.sentences([text, words("notes.without_interval", n=without) if without else ""])
