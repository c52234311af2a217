"""Goodman-Bacon (2021): every two-by-two comparison behind the two-way coefficient, weight against estimate."""

from __future__ import annotations

from matplotlib.axes import Axes

from analysis.checks.bacon import FORBIDDEN, KINDS, Decomposition
from analysis.figures._style import COLOUR, new_axes, style
from analysis.words import Words

CAPTION = {
    "zh": "双向固定效应系数由哪些比较构成（“{outcome}”）",
    "en": "What the two-way coefficient is an average of (“{outcome}”)",
}
LOOK = dict(
    zip(KINDS, ((COLOUR["effect"], "o"), (COLOUR["third"], "s"), (COLOUR["second"], "X"), (COLOUR["fourth"], "D")), strict=True)
)  # fmt: skip


def draw(found: Decomposition, words: Words, *, ax: Axes | None = None) -> Axes:
    """One mark per comparison: usable filled, with units already treated hollow; the coefficient as a line."""
    with style():
        ax, unit = ax or new_axes((6.7, 3.6)), found.unit
        ax.axhline(0, color="#444444", linewidth=0.8)
        level = words.scaled(found.coefficient, unit)
        ax.axhline(level, color=COLOUR["benchmark"], linewidth=1.0, linestyle=(0, (4, 3)))
        for kind in found.kinds["kind"]:
            own = found.rows[found.rows["kind"] == kind]
            colour, marker = LOOK[kind]
            ax.plot(
                own["weight"] * 100, own["estimate"] * words.scaled(1.0, unit), marker, color=colour, markersize=6.5,
                markerfacecolor="white" if kind in FORBIDDEN else colour, markeredgewidth=1.4, clip_on=False,
                label=words(f"sensitivity.kinds.{kind}"),
            )  # fmt: skip
        ax.annotate(
            words("sensitivity.figures.two_way"), (1.0, level), xycoords=("axes fraction", "data"), xytext=(-2, 2),
            textcoords="offset points", ha="right", va="bottom", fontsize=8, color="#555555",
        )  # fmt: skip
        ax.set_xlim(left=0)
        ax.xaxis.set_major_formatter(lambda v, _: f"{v:g}%")
        ax.set_xlabel(words("sensitivity.figures.weight"))
        ax.set_ylabel(words("figures.effect", unit=words.unit(unit)))
        ax.legend(loc="lower center", bbox_to_anchor=(0.45, 1.0), ncols=2 if words.language == "zh" else 1)
        return ax


def alt(found: Decomposition, words: Words) -> str:
    """Weight and mean estimate of every kind."""
    points = "; ".join(
        f"{words(f'sensitivity.kinds.{row.kind}')}: {words.share(row.weight)}, {words.number(row.estimate, found.unit, signed=True)}"
        for row in found.kinds.itertuples()
    )
    return words("alt.bacon", unit=words.unit(found.unit), points=points)


def note(found: Decomposition, words: Words) -> str:
    """How to read the marks."""
    return words("notes.bacon")
