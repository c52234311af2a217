"""From what arrived to who is analysed, as boxes and arrows: one branch per group of outcomes that keep the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from analysis.figures._style import COLOUR, new_axes, style, wrapped
from analysis.samples import Diagram, Sample
from analysis.words import Words

CAPTION = {"zh": "谁被留下，谁被剔除", "en": "Who is kept, and who is not"}
WIDTH = 6.7  # inches, as are all lengths below
GAP, ARROW, CLOSE, PAD, LINE, EDGED = 0.22, 0.24, 0.12, 0.09, 0.165, 0.03
ASIDE = 0.72  # share of a branch taken by boxes beside the arrow
SIZE = 8.0  # points
PALE, EDGE = (
    {"read": "#EAF2F8", "out": "#FBEFE8", "kept": "#DCEBD9"},
    {"read": "#5B87A8", "out": "#C08A6A", "kept": "#5E8A58"},
)


@dataclass(frozen=True, slots=True)
class _Box:
    kind: str  # read, out or kept
    text: str
    least: int = 0  # lines for which there is room at least

    @property
    def lines(self) -> int:
        return max(self.text.count("\n") + 1, self.least)

    @property
    def tall(self) -> float:
        return self.lines * LINE + 2 * PAD


def draw(diagram: Diagram, words: Words, *, ax: Axes | None = None) -> Axes:
    """Boxes on the line are who is still there, boxes beside the arrow who has left, by rule."""
    with style():
        wide = _wide(diagram)
        branches = _aligned([_boxes(outcomes, sample, words, wide) for outcomes, sample in diagram.branches])
        arrived = _arrived(diagram, words)
        body = max(map(_tall, branches))
        high = body + (arrived.tall + 1.5 * ARROW if arrived else 0.0) + 2 * EDGED
        ax = ax or new_axes((WIDTH, high + 0.35))
        ax.set_xlim(0, WIDTH)
        ax.set_ylim(0, high)
        start = (WIDTH - len(branches) * wide - (len(branches) - 1) * GAP) / 2
        lefts = [start + number * (wide + GAP) for number in range(len(branches))]
        if arrived:
            _fan(ax, arrived, [left + wide * 0.14 for left in lefts], high - EDGED, body + EDGED)
        for left, boxes in zip(lefts, branches, strict=True):
            _branch(ax, boxes, left, wide, body + EDGED, body + EDGED - _tall(boxes))
        ax.set_xlabel(words("figures.flow_public" if words.is_public else "figures.flow"))
        ax.set_xticks([])
        ax.set_yticks([])
        ax.spines[:].set_visible(False)
        ax.grid(visible=False)
        return ax


def alt(diagram: Diagram, words: Words) -> str:
    """Every box in words."""
    arrived = _arrived(diagram, words)
    told = [arrived.text] if arrived else []
    for outcomes, sample in diagram.branches:
        told.append(" → ".join(box.text for box in _boxes(outcomes, sample, words, 99.0)))
    return words("alt.flow_diagram", points="; ".join(told).replace("\n", " "))


def note(diagram: Diagram, words: Words) -> str:
    """How units leave, and what is not drawn."""
    more = words("notes.flow_left", n=words.count(diagram.n_left)) if diagram.n_left else ""
    return words.sentences([words("notes.flow_diagram"), more])


def _wide(diagram: Diagram) -> float:
    n = len(diagram.branches)
    return min(3.0, (WIDTH - 0.1 - (n - 1) * GAP) / n)


def _arrived(diagram: Diagram, words: Words) -> _Box | None:
    account = diagram.account
    if account is None:
        return None
    key = "flow_files_public" if words.is_public else "flow_files"
    text = words(
        f"figures.{key}", n_files=words.count(len(account.files)), n_rows=words.rows(account.n_rows),
        n_removed=words.rows(account.n_removed),
    )  # fmt: skip
    return _box_of("read", [text], WIDTH - 0.1)


def _boxes(outcomes: tuple[str, ...], sample: Sample, words: Words, wide: float) -> list[_Box]:
    """Read, then those who left by each rule, then the analysed with the two arms."""
    noun, flow = words.noun(sample.table), list(sample.flow.itertuples())
    mark = "· " if len(outcomes) > 1 else ""
    names = [f"{mark}{words.outcome(key)}" for key in outcomes]
    read = _counts("flow_read", flow[0].units_left, flow[0].rows_left, noun, words)
    made = [_box_of("read", [*names, *read], wide)]
    for step in flow[1:]:
        if step.rows_out:
            told = _counts("flow_out", step.units_out, step.rows_out, noun, words)
            made.append(_box_of("out", [*told, words(f"rules.{step.rule}")], wide * ASIDE))
    if len(made) == 1:
        made.append(_box_of("out", [words("figures.flow_nobody")], wide * ASIDE))
    adopters = int(np.isfinite(sample.panel.cohort).sum())
    arms = {"flow_adopters": adopters, "flow_others": sample.panel.n_units - adopters}
    told = _counts("flow_kept", flow[-1].units_left, flow[-1].rows_left, noun, words)
    told += [words(f"figures.{key}", n=words.units(n)) for key, n in arms.items()]
    return [*made, _box_of("kept", told, wide)]


def _counts(key: str, n_units: float, n_rows: float, noun: str, words: Words) -> list[str]:
    counted = words("terms.counted", n=words.units(n_units), noun=noun)
    rows = [] if words.is_public else [words("figures.flow_rows", n=words.rows(n_rows))]
    return [words(f"figures.{key}", counted=counted), *rows]


def _box_of(kind: str, told: list[str], wide: float) -> _Box:
    """A box with its lines broken to fit: about 16 Latin letters or 8 Chinese characters to the inch."""
    lines = [line for text in told for line in wrapped(text, int((wide - 2 * PAD) * 16)).split("\n")]
    kept: list[str] = []
    for line in lines:
        if kept and line[:1] in set("），、；：。)"):  # no line begins with what closes the one before
            kept[-1], line = kept[-1] + line[0], line[1:]
        if line.strip():
            kept.append(line.strip())
    return _Box(kind, "\n".join(kept))


def _aligned(branches: list[list[_Box]]) -> list[list[_Box]]:
    """First boxes of one height, so that what follows stands side by side."""
    most = max(boxes[0].lines for boxes in branches)
    return [[_Box("read", boxes[0].text, most), *boxes[1:]] for boxes in branches]


def _tall(boxes: list[_Box]) -> float:
    aside = sum(box.tall for box in boxes[1:-1]) + CLOSE * (len(boxes) - 3)
    return boxes[0].tall + ARROW + aside + ARROW + boxes[-1].tall


def _branch(ax: Axes, boxes: list[_Box], left: float, wide: float, top: float, low: float) -> None:
    line, first, last = left + wide * 0.14, boxes[0], boxes[-1]
    _box(ax, first, left, top, wide)
    _box(ax, last, left, low + last.tall, wide)
    _arrow(ax, (line, top - first.tall), (line, low + last.tall))
    at = top - first.tall - ARROW
    for box in boxes[1:-1]:
        _arrow(ax, (line, at - box.tall / 2), (left + wide * (1 - ASIDE), at - box.tall / 2))
        _box(ax, box, left + wide * (1 - ASIDE), at, wide * ASIDE)
        at -= box.tall + CLOSE


def _fan(ax: Axes, box: _Box, lines: list[float], top: float, end: float) -> None:
    """The box over all branches, with an arrow to each."""
    _box(ax, box, 0.05, top, WIDTH - 0.1)
    for line in lines:
        _arrow(ax, (line, top - box.tall), (line, end))


def _box(ax: Axes, box: _Box, left: float, top: float, wide: float) -> None:
    ax.add_patch(
        Rectangle(
            (left, top - box.tall),
            wide,
            box.tall,
            facecolor=PALE[box.kind],
            edgecolor=EDGE[box.kind],
            linewidth=0.9,
        )
    )
    ax.text(left + PAD, top - box.tall / 2, box.text, ha="left", va="center", fontsize=SIZE, linespacing=1.35)


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    style = {
        "arrowstyle": "-|>",
        "color": COLOUR["text"],
        "linewidth": 0.9,
        "shrinkA": 0,
        "shrinkB": 0,
        "mutation_scale": 8,
    }
    ax.annotate("", end, start, arrowprops=style)
