"""Sheets, townships or years whose amounts are a factor near 10,000 from the rest: another unit of money."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from analysis.intake.detectors._histories import Histories, median, median_of_others, row_median
from analysis.intake.detectors._suspicion import Suspicion
from analysis.messages import Message

DECADES = 4.0  # log10 of yuan in 万元
WIDE = 1.2  # decades by which a group may miss that
AGREE = 2 / 3  # share of a group's cells that must share its shift
FEWEST = 3  # cells from which a group is judged


@dataclass(frozen=True, slots=True)
class Grouping:
    """Rows told apart by their source: by group, the units it touches and which of their cells are its own."""

    names: tuple[str, ...]
    touched: tuple[np.ndarray, ...]  # (m,) rows of the histories
    own: tuple[np.ndarray, ...]  # (m, k)
    once: tuple[bool, ...]  # whether each of them has one cell in the group

    @classmethod
    def of(cls, frame: pd.DataFrame, of: Histories, names: list[str]) -> Grouping:
        code = frame.groupby(names, sort=True, observed=True).ngroup().fillna(-1).to_numpy(np.int64)
        cell = np.where(of.place >= 0, code[of.place], -1)
        row, slot = np.nonzero(cell >= 0)
        group = cell[row, slot]
        order = np.argsort(group, kind="stable")
        bounds = np.searchsorted(group[order], np.arange(int(code.max(initial=-1)) + 2))
        touched = [np.unique(row[order[low:high]]) for low, high in pairwise(bounds)]
        own = [cell[units] == number for number, units in enumerate(touched)]
        once = [bool((cells.sum(axis=1) == 1).all()) for cells in own]
        return cls(tuple(names), tuple(touched), tuple(own), tuple(once))


def set_right(log: np.ndarray, of: Histories, grouping: Grouping, name: str) -> list[Suspicion]:
    """Groups of rows in another unit of money; their cells of `log` are set right in place, so that they are reported once."""
    found: list[Suspicion] = []
    done: set[int] = set()
    while True:
        shifts = _shifts(log, grouping)
        slips = [g for g in np.flatnonzero(np.abs(np.abs(shifts) - DECADES) <= WIDE) if g not in done]
        # the likelier slip first: what it explains is not blamed on the others
        slips = [g for g in slips if shifts[g] < 0] or slips
        if not slips:
            return found
        for group in slips:
            done.add(group)
            units, own = grouping.touched[group], grouping.own[group]
            log[units] -= np.where(own, np.sign(shifts[group]) * DECADES, 0.0)
            found.append(_group_suspicion(np.sort(of.place[units][own]), name, grouping.names, shifts[group]))


def _shifts(log: np.ndarray, grouping: Grouping) -> np.ndarray:
    """By group, the decades by which its cells stand apart: from the same units elsewhere, else from other groups."""
    n_groups = len(grouping.touched)
    shifts = np.full(n_groups, np.nan)
    centre = np.full(n_groups, np.nan)
    elsewhere = median_of_others(log) if any(grouping.once) else log
    for group, (units, own) in enumerate(zip(grouping.touched, grouping.own, strict=True)):
        part = log[units]
        inside = part[own]
        if np.isfinite(inside).sum() < FEWEST:
            continue
        rest = elsewhere[units] if grouping.once[group] else row_median(np.where(own, np.nan, part))
        apart = (part - rest)[own]
        if np.isfinite(apart).sum() >= FEWEST:
            shifts[group] = _agreed(apart)
        else:
            centre[group] = median(inside)
    known = np.isfinite(centre)
    for group in np.flatnonzero(known) if known.sum() > 1 else ():
        others = known.copy()
        others[group] = False
        shifts[group] = centre[group] - np.median(centre[others])
    return shifts


def _agreed(apart: np.ndarray) -> float:
    """The median shift, where most cells share it."""
    middle = median(apart)
    share = (np.abs(apart - middle) <= WIDE).sum() / np.isfinite(apart).sum()
    return middle if share >= AGREE else np.nan


def _group_suspicion(rows: np.ndarray, name: str, names: tuple[str, ...], shift: float) -> Suspicion:
    by, side = " + ".join(names), "smaller" if shift < 0 else "larger"
    return Suspicion(
        "unit_jump", name, rows, abs(float(shift)),
        Message(
            f"all {len(rows)} rows of one {by} are about 10,000 times {side} than the rest: another unit of money",
            f"按 {by} 划分的一组共 {len(rows)} 行，数值整体比其余{'小' if shift < 0 else '大'}约一万倍，金额单位不同",
        ),
        "problem",
    )  # fmt: skip
