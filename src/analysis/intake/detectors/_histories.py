"""A panel as one row of cells per unit, in the order of time, whatever the order of the frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, slots=True)
class Histories:
    """Where each unit's records stand in the frame.

    place : (n, k) frame position of a unit's records in the order of time; -1 past its last record
    period : (n, k) position of the record's period among `periods`; -1 past the last record
    periods : (T,) all periods, increasing
    """

    place: np.ndarray
    period: np.ndarray
    periods: np.ndarray

    def values(self, column: pd.Series) -> np.ndarray:
        """(n, k) float values of a frame's column; NaN where missing and past the last record."""
        plain = column.to_numpy(dtype=float, na_value=np.nan)
        return (
            np.where(self.place >= 0, plain[self.place], np.nan)
            if len(plain)
            else np.full(self.place.shape, np.nan)
        )

    def rows(self, chosen: np.ndarray) -> np.ndarray:
        """Frame positions, increasing, of the cells (n, k) that are true."""
        return np.sort(self.place[chosen & (self.place >= 0)])


def histories(frame: pd.DataFrame, unit: str, time: str) -> Histories:
    """Records by unit in the order of time; rows without a unit or a period are left out.

    Several rows of one unit and period stand side by side in the frame's order.
    """
    of_unit = pd.factorize(frame[unit])[0]
    of_time, periods = pd.factorize(frame[time].astype("Float64").to_numpy(float, na_value=np.nan), sort=True)
    known = np.flatnonzero((of_unit >= 0) & (of_time >= 0))
    order = known[np.lexsort((known, of_time[known], of_unit[known]))]
    units, first, size = np.unique(of_unit[order], return_index=True, return_counts=True)
    slot = np.arange(len(order)) - np.repeat(first, size)
    row = np.repeat(np.arange(len(units)), size)
    shape = (len(units), int(size.max()) if len(size) else 0)
    place, period = np.full(shape, -1), np.full(shape, -1)
    place[row, slot] = order
    period[row, slot] = of_time[order]
    return Histories(place, period, np.asarray(periods))


def median_of_others(values: np.ndarray) -> np.ndarray:
    """(n, k) for each cell the median of the other known cells of its row; NaN without another or for an unknown one.

    Example
    -------
    >>> median_of_others(np.array([[1.0, 2.0, 9.0]]))
    array([[5.5, 5. , 1.5]])
    """
    n, k = values.shape
    if not k:
        return values.copy()
    known = np.isfinite(values)
    ranked = np.argsort(np.where(known, values, np.inf), axis=1, kind="stable")
    ordered = np.take_along_axis(values, ranked, axis=1)
    rank = np.empty_like(ranked)
    np.put_along_axis(rank, ranked, np.broadcast_to(np.arange(k), (n, k)), axis=1)
    others = known.sum(axis=1, keepdims=True) - 1
    middle = []
    for half in (np.maximum(others - 1, 0) // 2, others // 2):
        at = np.broadcast_to(half, (n, k))
        at = np.clip(at + (at >= rank), 0, k - 1)  # the cell itself is passed over
        middle.append(np.take_along_axis(ordered, at, axis=1))
    return np.where(known & (others > 0), (middle[0] + middle[1]) / 2, np.nan)


def row_median(values: np.ndarray) -> np.ndarray:
    """(n, 1) median of the known cells of each row, NaN where none is; no warning."""
    ordered = np.sort(values, axis=1)
    count = np.isfinite(values).sum(axis=1, keepdims=True)
    if not values.shape[1]:
        return np.full((len(values), 1), np.nan)
    low = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis=1)
    high = np.take_along_axis(ordered, np.minimum(count // 2, values.shape[1] - 1), axis=1)
    return np.where(count > 0, (low + high) / 2, np.nan)


def median(values: np.ndarray) -> float:
    """Median of the known values; NaN where none is."""
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else np.nan
