"""Columns that hold totals since some year where the table asks for the year's own amount.

A running total never falls and grows by about as much each year as it held in its first: median of (yearly increase /
first value) near one. A stock that grows slowly never falls either, but its increases are small beside its level.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.intake.detectors._histories import histories, median, row_median
from analysis.intake.detectors._suspicion import Suspicion
from analysis.messages import Message

NAME = "cumulative"
PERIODS = 5  # known periods from which a unit is judged; five in any order rise by chance once in 120 times
PROBLEM, REMARK = 0.9, 0.5  # share of units that never fall
LIKE_LEVEL = (0.25, 4.0)  # yearly increase over first value of a total that begins with the panel
SLOW = 0.05  # of one that began some years before


def find(frame: pd.DataFrame, *, unit: str, time: str, columns: Sequence[str]) -> list[Suspicion]:
    """Columns that look cumulated; rows = all rows of the units that never fall, score = their share.

    Units count from their first value that is not zero, with at least PERIODS known periods from there and three
    different values. A problem where nearly all never fall and increases are like the first value, else a remark.
    """
    of = histories(frame, unit, time)
    found = []
    for name in columns:
        values = of.values(frame[name])
        rising, judged, growth = rises(values)
        if not judged.sum():
            continue
        share = rising.sum() / judged.sum()
        like_level = LIKE_LEVEL[0] <= growth <= LIKE_LEVEL[1]
        if share >= PROBLEM and like_level:
            severity = "problem"
        elif (share >= REMARK and like_level) or (share >= PROBLEM and growth >= SLOW):
            severity = "remark"
        else:
            continue
        rows = of.rows(rising[:, None] & np.isfinite(values))
        found.append(
            Suspicion(
                NAME, name, rows, float(share),
                Message(
                    f"in {rising.sum()} of {judged.sum()} units this never falls and rises each period by about "
                    f"{growth:.1f} of its first value: a running total in place of the year's own?",
                    f"{judged.sum()} 个单位中有 {rising.sum()} 个各期只增不减，每期增量约为首期的 {growth:.1f} 倍，"
                    "疑似以累计数代替当年数",
                ),
                severity,
            )
        )  # fmt: skip
    return found


def rises(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Units that never fall (n,), units that can be judged (n,), median increase over first value of the former.

    values : (n, k) in the order of time, NaN where unknown.
    """
    n, k = values.shape
    if not k:
        return np.zeros(n, dtype=bool), np.zeros(n, dtype=bool), np.nan
    begun = np.maximum.accumulate(np.isfinite(values) & (values != 0), axis=1)
    used = np.where(begun, values, np.nan)
    # known values moved to the left, in their order
    order = np.argsort(~np.isfinite(used), axis=1, kind="stable")
    packed = np.take_along_axis(used, order, axis=1)
    step = np.diff(packed, axis=1)
    known = np.isfinite(step)
    first = packed[:, 0]
    judged = (np.isfinite(packed).sum(axis=1) >= PERIODS) & ((step > 0).sum(axis=1) >= 2) & (first > 0)
    rising = judged & ~((step < 0) & known).any(axis=1)
    if not rising.any():
        return rising, judged, np.nan
    increase = row_median(step[rising])[:, 0] / first[rising]
    return rising, judged, median(increase)
