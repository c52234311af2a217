"""Amounts far from all others of their period, on a scale that is linear near zero and logarithmic far out.

z = (asinh(v / c) - median) / (1.4826 MAD),  c = median of |v| in the period
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.intake.detectors._suspicion import Suspicion
from analysis.messages import Message

NAME = "outliers"
EXTREME = 6.0  # robust standard deviations
FEWEST = 20  # values of a period from which their spread is known


def find(
    frame: pd.DataFrame, *, time: str, columns: Sequence[str], extreme: float = EXTREME
) -> list[Suspicion]:
    """Values further than `extreme` robust standard deviations from their period's median, by column.

    Zeros are left out where they are most of a period's values. Missing periods are one period.

    Returns
    -------
    Remarks; score = the largest |z|.
    """
    found = []
    for name in columns:
        z = distance(frame, time=time, column=name)
        far = np.flatnonzero(np.abs(z) > extreme)
        if not len(far):
            continue
        high = int((z[far] > 0).sum())
        low = len(far) - high
        found.append(
            Suspicion(
                NAME, name, far, float(np.abs(z[far]).max()),
                Message(
                    f"{high} value(s) far above and {low} far below all others of their period",
                    f"有 {high} 个值远高于、{low} 个值远低于同期其他值",
                ),
                "remark",
            )
        )  # fmt: skip
    return found


def distance(frame: pd.DataFrame, *, time: str, column: str) -> np.ndarray:
    """(rows,) robust standard deviations from the period's median; NaN where it cannot be told."""
    values = frame[column].to_numpy(dtype=float, na_value=np.nan)
    period, _ = pd.factorize(frame[time], use_na_sentinel=False)
    z = np.full(len(values), np.nan)
    order = np.argsort(period, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(period[order])) + 1):
        z[rows] = _within(values[rows])
    return z


def _within(values: np.ndarray) -> np.ndarray:
    z = np.full(len(values), np.nan)
    used = np.isfinite(values)
    if used.sum() and (values[used] == 0).mean() > 0.5:
        used &= values != 0
    if used.sum() < FEWEST:
        return z
    scaled = np.arcsinh(values[used] / np.median(np.abs(values[used])))
    apart = scaled - np.median(scaled)
    spread = 1.4826 * np.median(np.abs(apart))
    if spread > 0:
        z[used] = apart / spread
    return z
