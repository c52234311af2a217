"""Which share of adopters and of others is recorded in every year."""

from __future__ import annotations

from matplotlib.axes import Axes

from analysis.checks.attrition import ADOPTERS, OTHERS, Attrition
from analysis.figures._style import COLOUR, new_axes, style
from analysis.words import Words

CAPTION = {
    "zh": "各年有“{outcome}”记录的单位比例",
    "en": "Share of units with a record of “{outcome}”, by year",
}
LOOK = {ADOPTERS: (COLOUR["treated"], "o"), OTHERS: (COLOUR["comparison"], "s")}


def draw(found: Attrition, words: Words, *, ax: Axes | None = None) -> Axes:
    """One line per group."""
    with style():
        ax = ax or new_axes((6.7, 2.9))
        lowest, rows = 1.0, found.rows
        for group, own in rows.groupby("group", sort=False):
            shown = own[[_shows(row, words) for row in own.itertuples()]]
            share = shown["n_seen"] / shown["n_units"]
            colour, marker = LOOK[group]
            ax.plot(
                shown["year"],
                100 * share,
                marker=marker,
                color=colour,
                markersize=5,
                label=_name(group, words),
            )
            lowest = min(lowest, float(share.min()) if len(share) else 1.0)
        ax.set_ylim(100 * max(0.0, lowest - 0.1 * (1.05 - lowest) - 0.02), 101)
        ax.set_xticks(sorted(rows["year"].unique()))
        ax.yaxis.set_major_formatter(lambda v, _: f"{v:g}%")
        ax.set_xlabel(words("figures.year"))
        ax.set_ylabel(words("sensitivity.figures.observed_share"))
        ax.grid(axis="x", visible=False)
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
        return ax


def alt(found: Attrition, words: Words) -> str:
    """Every share in words."""
    points = "; ".join(
        f"{_name(row.group, words)} {row.year}: {words.fraction(row.n_seen, row.n_units)}"
        for row in found.rows.itertuples()
    )
    return words("alt.attrition", points=points)


def note(found: Attrition, words: Words) -> str:
    """Who adopters are."""
    return words("notes.attrition")


def _name(group: str, words: Words) -> str:
    return words("terms.adopters") if group == ADOPTERS else words("sensitivity.figures.others")


def _shows(row: tuple, words: Words) -> bool:
    """Whether readers may see the share: neither those recorded nor those missing are few."""
    missing = row.n_units - row.n_seen
    return words.shows(row.n_seen) and (missing == 0 or words.shows(missing))
