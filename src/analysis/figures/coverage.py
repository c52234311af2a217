"""Which units arrived in which periods: a strip of shares over a picture of all units, one band per table."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.ticker import NullLocator

from analysis.figures._style import COLOUR, new_axes, style, wrapped
from analysis.samples import Coverage
from analysis.words import NOTHING, Words

CAPTION = {"zh": "各表各期收到了哪些单位", "en": "Which units arrived in which periods, by table"}
TALL, STRIP, GAP = 1.0, 0.24, 0.42  # heights of a picture, of its strip of shares and of the space above
SPACE = 0.06  # between a picture and its strip
MOST_ROWS = 240  # rows of a picture; more units are taken together
MOST_TEXTS = 13  # periods up to which every share is written
HERE, PARTLY, ABSENT = "#7FB3D5", "#B9C7D1", "#D55E00"


def draw(held: list[Coverage], words: Words, *, ax: Axes | None = None) -> Axes:
    """Units stand in order of completeness, the most complete above; no unit is named."""
    with style():
        tall = 0.0 if words.is_public else TALL
        step = tall + STRIP + GAP
        ax = ax or new_axes((6.7, 0.7 + step * (0.75 * len(held) if len(held) > 1 else 1.2)))
        periods = sorted({int(period) for one in held for period in one.rows.columns})
        place = {period: position for position, period in enumerate(periods)}
        for band, one in enumerate(held):
            _strip(ax, one, place, tall - band * step, words)
            if tall:
                _picture(ax, one, place, -band * step)
        middle = tall / 2 if tall else STRIP / 2 + SPACE
        ax.set_yticks(
            [middle - band * step for band in range(len(held))], [_name(one, words) for one in held]
        )
        ax.yaxis.set_minor_locator(NullLocator())
        every = -(-len(periods) // 20)
        ax.set_xticks(range(0, len(periods), every), periods[::every])
        ax.set_xlim(-0.6, len(periods) - 0.4)
        ax.set_ylim(-(len(held) - 1) * step - 0.08, step - 0.05)
        ax.set_xlabel(words("figures.period"))
        ax.tick_params(axis="both", length=0)
        ax.grid(visible=False)
        ax.spines[["left", "bottom"]].set_visible(False)
        return ax


def alt(held: list[Coverage], words: Words) -> str:
    """By table: units, periods, and the shares that arrived."""
    return words("alt.coverage", points=words.listed([_told(one, words) for one in held]))


def note(held: list[Coverage], words: Words) -> str:
    """How to read it, and how many units are complete."""
    told = [
        words(
            "notes.coverage_complete", table=one.table, complete=words.units(int((one.rows > 0).all(axis=1).sum())),
            total=words.units(len(one.rows)),
        )
        for one in held
    ]  # fmt: skip
    reading = "coverage_public" if words.is_public else "coverage"
    return words.sentences([words(f"notes.{reading}"), *told])


def _strip(ax: Axes, one: Coverage, place: dict[int, int], low: float, words: Words) -> None:
    every = -(-one.rows.shape[1] // MOST_TEXTS)
    for number, period in enumerate(one.rows.columns):
        text, at = _share(one, period, words), place[int(period)]
        if text != NOTHING:
            high = STRIP * float(text.rstrip("%")) / 100  # as it is told, not finer
            ax.bar(at, high, width=0.86, bottom=low + SPACE, color=COLOUR["treated"])
        if number % every == 0:
            ax.text(at, low + STRIP + SPACE + 0.02, text, ha="center", va="bottom", fontsize=7.5)


def _share(one: Coverage, period: int, words: Words) -> str:
    arrived, total = int((one.rows[period] > 0).sum()), len(one.rows)
    return "100%" if arrived == total else words.fraction(arrived, total)


def _picture(ax: Axes, one: Coverage, place: dict[int, int], low: float) -> None:
    """Rectangles of equal cells, joined along each period: as many shapes as changes, not as units."""
    here = one.rows.to_numpy() > 0
    height = np.full(len(here), TALL / len(here))
    shares = here.astype(float)
    if len(here) > MOST_ROWS:
        bounds = np.linspace(0, len(here), MOST_ROWS + 1).astype(int)
        shares = np.add.reduceat(shares, bounds[:-1], axis=0) / np.diff(bounds)[:, None]
        height = np.diff(bounds) / len(here) * TALL
    top = low + TALL - np.concatenate([[0.0], np.cumsum(height)])
    kind = np.where(shares == 1, 0, np.where(shares == 0, 2, 1))
    shapes: tuple[list, list, list] = ([], [], [])
    for column, period in enumerate(one.rows.columns):
        at = place[int(period)]
        turns = np.flatnonzero(np.diff(kind[:, column])) + 1
        for first, last in zip([0, *turns], [*turns, len(kind)], strict=True):
            left, right, above, below = at - 0.43, at + 0.43, top[first], top[last]
            shapes[kind[first, column]].append([(left, below), (right, below), (right, above), (left, above)])
    for found, colour in zip(shapes, (HERE, PARTLY, ABSENT), strict=True):
        if found:
            ax.add_collection(PolyCollection(found, facecolors=colour, edgecolors="none"))


def _name(one: Coverage, words: Words) -> str:
    noun = words("terms.household") if one.of_households else words.unit_noun
    count = words("terms.counted", n=words.units(len(one.rows)), noun=noun)
    return f"{wrapped(one.table, 20)}\n{count}"


def _told(one: Coverage, words: Words) -> str:
    if (one.rows > 0).all(axis=None):
        return f"{_name(one, words)} ({words('figures.complete')})".replace("\n", " ")
    shares = [f"{period}: {_share(one, period, words)}" for period in one.rows.columns]
    return f"{_name(one, words)} ({words.listed(shares)})".replace("\n", " ")
