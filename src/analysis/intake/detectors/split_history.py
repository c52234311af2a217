"""Units whose amounts fall into two heaps a factor near 10,000 apart: some years in yuan, others in 万元.

The jump detector compares a year with the unit's other years and cannot tell which half is wrong; here it is enough
that there are two halves.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.intake.detectors._histories import histories
from analysis.intake.detectors._suspicion import Suspicion
from analysis.messages import Message

NAME = "split_history"
GAP = (3.4, 4.6)  # decades between the heaps
TIGHT = 0.7  # decades within a heap: an income that merely passes zero is not that steady
FEWEST = 2  # amounts in each heap; a single one is the jump detector's


def find(frame: pd.DataFrame, *, unit: str, time: str, columns: Sequence[str]) -> list[Suspicion]:
    """Problems: the smaller amounts of units that are split, by column; score = number of units.

    Parameters
    ----------
    frame : one row per unit and period, amounts in yuan.
    columns : columns of money.
    """
    of = histories(frame, unit, time)
    if not of.place.size:
        return []
    found = []
    for name in columns:
        values = np.abs(of.values(frame[name]))
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.where(values > 0, np.log10(values), np.nan)
        low = _low_halves(logs)
        if low.any():
            units = int(low.any(axis=1).sum())
            found.append(
                Suspicion(
                    NAME, name, of.rows(low), float(units),
                    Message(
                        f"in {units} unit(s) some years are about 10,000 times as large as the others: yuan and 万元 mixed",
                        f"有 {units} 个单位各年数值分为两组，相差约 1 万倍：元与万元混用",
                    ),
                    "problem",
                )
            )  # fmt: skip
    return found


def _low_halves(logs: np.ndarray) -> np.ndarray:
    """(n, k) the amounts of the lower heap of every unit that is split."""
    ordered = np.sort(logs, axis=1)  # missing ones last
    known = np.isfinite(ordered).sum(axis=1)
    gaps = np.nan_to_num(np.diff(ordered, axis=1), nan=0.0)
    if not gaps.size:
        return np.zeros(logs.shape, dtype=bool)
    at = gaps.argmax(axis=1)
    rows = np.arange(len(logs))
    gap = gaps[rows, at]
    with np.errstate(invalid="ignore"):
        below = ordered[rows, at] - ordered[:, 0]
        above = ordered[rows, np.maximum(known - 1, 0)] - ordered[rows, at + 1]
        split = (gap >= GAP[0]) & (gap <= GAP[1]) & (below <= TIGHT) & (above <= TIGHT)
        split &= (at + 1 >= FEWEST) & (known - at - 1 >= FEWEST)
        return split[:, None] & (logs <= ordered[rows, at][:, None])
