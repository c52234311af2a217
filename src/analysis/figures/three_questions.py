"""Members, non-members, the village mean, and what the first two imply for it: one line each."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures._style import COLOUR, new_axes, style, wrapped
from analysis.members.records import Together
from analysis.words import Words

CAPTION = {
    "zh": "社员、非社员与全村平均：三个问题的答案是否对得上",
    "en": "Members, non-members and the village mean: whether the three answers fit",
}
COLOURS = {
    "members": COLOUR["effect"], "others": COLOUR["comparison"], "village": COLOUR["third"],
    "implied": COLOUR["benchmark"],
}  # fmt: skip


def draw(together: Together, words: Words, *, ax: Axes | None = None) -> Axes:
    """Dots with intervals under the declared design; the hollow mark is the sum that members and others imply."""
    with style():
        points = _points(together)
        ax = ax or new_axes((6.7, 1.2 + 0.45 * len(points)))
        unit = points["unit"].iloc[0]
        ax.axvline(0, color="#444444", linewidth=0.8)
        for k, row in enumerate(points.itertuples()):
            height, colour = len(points) - 1 - k, COLOURS[row.question]
            low, high, value = (words.scaled(v, unit) for v in (row.conf_low, row.conf_high, row.estimate))
            ax.hlines(height, low, high, color=colour, linewidth=2.2)
            ax.plot(
                value, height, "o", color=colour, markersize=7, markeredgewidth=1.5,
                markerfacecolor="white" if row.question == "implied" else colour,
            )  # fmt: skip
            if row.question in together.truth:
                true = words.scaled(together.truth[row.question], unit)
                ax.plot(
                    true, height, "D", color=COLOUR["truth"], markersize=5,
                    label=words("steps.truth") if row.question == "members" else None,
                )  # fmt: skip
            ax.annotate(
                words.number(row.estimate, unit, signed=True), (1.02, height), xycoords=("axes fraction", "data"),
                va="center", ha="left", color=colour if row.question != "others" else "#8A5B00",
            )  # fmt: skip
        names = [wrapped(words(f"members.questions.{row.question}"), 30) for row in points.itertuples()]
        ax.set_yticks(range(len(points) - 1, -1, -1), names)
        ax.set_ylim(-0.6, len(points) - 0.4)
        ax.set_xlabel(words("figures.effect", unit=words.unit(unit)))
        ax.grid(axis="y", visible=False)
        if together.truth:
            ax.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0))
        return ax


def alt(together: Together, words: Words) -> str:
    """The four numbers in words."""
    points = _points(together)
    unit = points["unit"].iloc[0]
    told = [
        f"{words(f'members.questions.{row.question}')}: {words.number(row.estimate, unit, signed=True)}"
        + ("" if row.question == "implied" else f" {words.interval(row.conf_low, row.conf_high, unit)}")
        for row in points.itertuples()
    ]
    return words("members.alt.three_questions", unit=words.unit(unit), points="; ".join(told))


def note(together: Together, words: Words) -> str:
    """What the hollow mark is, interval kind."""
    return words.sentences([
        words("members.notes.three_questions_figure", level=words.confidence()),
        words("members.notes.three_questions_truth") if together.truth else "",
    ])  # fmt: skip


def _points(together: Together) -> pd.DataFrame:
    rows = together.rows[together.rows["variant"] == "declared"]
    tie = together.ties[together.ties["variant"] == "declared"].iloc[0]
    implied = {
        "question": "implied",
        "estimate": tie["implied"],
        "conf_low": float("nan"),
        "conf_high": float("nan"),
    }
    return pd.concat(
        [rows[["question", "estimate", "conf_low", "conf_high"]], pd.DataFrame([implied])], ignore_index=True
    ).assign(unit=rows["unit"].iloc[0])
