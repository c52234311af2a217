"""Last year's figures copied into this year: runs of one value, and whole rows that repeat.

A value with three or more significant digits does not return by itself. A rounded one may: with grid g, value a and
yearly changes of s (standard deviation of logs) it returns with probability about g / (a s sqrt(2 pi)), so that runs
of rounded values are compared with the number that rounding alone would give.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import special

from analysis.intake.detectors._histories import Histories, histories
from analysis.intake.detectors._suspicion import Suspicion
from analysis.messages import Message

NAME = "copy_forward"
RUN = 3  # periods in a row with one value
DIGITS = 3  # significant digits from which a value is no rounded one
RARE = 0.001  # chance below which runs of rounded values are more than rounding gives
COLUMNS = 3  # columns that must repeat together for a row to be a copied one
MOST = 0.8  # share of a row's amounts that must repeat


def find(frame: pd.DataFrame, *, unit: str, time: str, columns: Sequence[str]) -> list[Suspicion]:
    """Runs of equal positive values by column, rows repeated within a unit, rows equal across units of one period.

    Parameters
    ----------
    columns : columns that change from period to period where they are measured.

    Returns
    -------
    Remarks; score = share of units concerned. Rows of a run are named with its first, the original.
    """
    of = histories(frame, unit, time)
    if not of.place.size:
        return []
    values = {name: of.values(frame[name]) for name in columns}
    follows = _follows(of)
    found = []
    for name, column in values.items():
        precise = significant_digits(column) >= DIGITS
        equal = _equal_to_last(column) & follows
        found += _precise_runs(_runs(equal & precise), of, name)
        found += _rounded_runs(column, equal & ~precise, follows & ~precise, of, name)
    return found + _repeated_rows(values, follows, of) + _twin_rows(frame, unit, time, list(columns), of)


def significant_digits(values: np.ndarray) -> np.ndarray:
    """Digits of a whole number without its trailing zeros; 15 where it is no whole number, 0 for zero and missing.

    Example
    -------
    >>> significant_digits(np.array([30000.0, 12500.0, 3.25, 0.0]))
    array([ 1,  3, 15,  0])
    """
    size = np.abs(np.where(np.isfinite(values), values, 0.0))
    whole = (size == np.rint(size)) & (size < 1e15)
    number = np.where(whole, size, 0).astype(np.int64)
    zeros = np.zeros(number.shape, dtype=int)
    rest = number.copy()
    for _ in range(15):
        ends = (rest > 0) & (rest % 10 == 0)
        if not ends.any():
            break
        zeros += ends
        rest = np.where(ends, rest // 10, rest)
    digits = np.floor(np.log10(np.maximum(number, 1))).astype(int) + 1 - zeros
    return np.where(number > 0, digits, np.where(whole, 0, 15))


def _follows(of: Histories) -> np.ndarray:
    """Cells (n, k) whose record before is of the period before."""
    step = np.diff(of.period, axis=1) == 1
    return np.hstack([np.zeros((len(step), 1), dtype=bool), step & (of.period[:, 1:] >= 0)])


def _equal_to_last(column: np.ndarray) -> np.ndarray:
    same = (column[:, 1:] == column[:, :-1]) & (column[:, 1:] > 0)
    return np.hstack([np.zeros((len(column), 1), dtype=bool), same])


def _runs(equal: np.ndarray) -> np.ndarray:
    """Cells in a run of at least RUN equal values, its first one included."""
    n, k = equal.shape
    length = np.zeros((n, k), dtype=int)  # equal steps up to and with this cell
    for j in range(1, k):
        length[:, j] = np.where(equal[:, j], length[:, j - 1] + 1, 0)
    inside = length >= RUN - 1
    for j in range(k - 2, -1, -1):  # back to the run's first cell
        inside[:, j] |= inside[:, j + 1] & equal[:, j + 1]
    return inside


def _precise_runs(inside: np.ndarray, of: Histories, name: str) -> list[Suspicion]:
    units = int(inside.any(axis=1).sum())
    if not units:
        return []
    rows = of.rows(inside)
    return [
        Suspicion(
            NAME, name, rows, units / len(inside),
            Message(
                f"{units} unit(s) of {len(inside)} report one and the same unrounded value {RUN} periods in a row or "
                f"more ({len(rows)} rows): copied forward?",
                f"{len(inside)} 个单位中有 {units} 个连续 {RUN} 期以上填报同一非整数值（共 {len(rows)} 行），疑似沿用上年数",
            ),
            "remark",
        )
    ]  # fmt: skip


def _rounded_runs(
    column: np.ndarray, equal: np.ndarray, possible: np.ndarray, of: Histories, name: str
) -> list[Suspicion]:
    inside = _runs(equal)
    runs = int((inside & ~equal).sum())
    if not runs:
        return []
    expected = _runs_by_rounding(column, possible)
    if special.pdtrc(runs - 1, expected) > RARE:
        return []
    rows = of.rows(inside)
    units = int(inside.any(axis=1).sum())
    return [
        Suspicion(
            NAME, name, rows, units / len(inside),
            Message(
                f"{runs} run(s) of one rounded value over {RUN} periods or more in {units} unit(s); rounding alone would "
                f"give about {expected:.1f}",
                f"{units} 个单位共有 {runs} 段整数值连续 {RUN} 期以上不变；仅由取整所致约为 {expected:.1f} 段",
            ),
            "remark",
        )
    ]  # fmt: skip


def _runs_by_rounding(column: np.ndarray, possible: np.ndarray) -> float:
    """Expected number of runs that rounding alone gives: over cells, the chance of being the start of one."""
    with np.errstate(divide="ignore", invalid="ignore"):
        change = np.diff(np.log(np.where(column > 0, column, np.nan)), axis=1)
    moved = change[np.isfinite(change) & (change != 0)]
    if not len(moved):
        return 0.0
    s = 1.4826 * np.median(np.abs(moved - np.median(moved)))
    value = np.where(np.isfinite(column) & (column > 0), column, 1.0)
    digits = np.maximum(significant_digits(value), 1)
    grid = 10.0 ** (np.floor(np.log10(value)) + 1 - digits)
    back = np.minimum(grid / (value * max(s, 1e-6) * np.sqrt(2 * np.pi)), 1.0) * (column > 0)
    # a run starts where the value did not stand before and returns RUN - 1 times
    starts = np.zeros(column.shape)
    last = column.shape[1] - (RUN - 1)
    ahead = np.ones((len(column), max(last, 0)), dtype=bool)
    for step in range(1, RUN):
        ahead &= possible[:, step : step + last] if last > 0 else ahead
    starts[:, : max(last, 0)] = back[:, : max(last, 0)] ** (RUN - 1) * ahead
    return float(starts.sum())


def _repeated_rows(values: dict[str, np.ndarray], follows: np.ndarray, of: Histories) -> list[Suspicion]:
    """Rows most of whose amounts, at least COLUMNS, equal the period before, not all of them rounded."""
    if len(values) < COLUMNS:
        return []
    equal = np.zeros(of.place.shape, dtype=int)
    given = np.zeros(of.place.shape, dtype=int)
    precise = np.zeros(of.place.shape, dtype=bool)
    for column in values.values():
        same = _equal_to_last(column)
        equal += same
        given += np.isfinite(column) & (column != 0)
        precise |= same & (significant_digits(column) >= DIGITS)
    copied = follows & precise & (equal >= COLUMNS) & (equal >= MOST * given)
    if not copied.any():
        return []
    rows, units = of.rows(copied), int(copied.any(axis=1).sum())
    return [
        Suspicion(
            NAME, "", rows, units / len(copied),
            Message(
                f"{len(rows)} row(s) of {units} unit(s) repeat the amounts of the period before: whole row copied?",
                f"{units} 个单位有 {len(rows)} 行与上期各项金额相同，疑似整行沿用",
            ),
            "remark",
        )
    ]  # fmt: skip


def _twin_rows(
    frame: pd.DataFrame, unit: str, time: str, columns: list[str], of: Histories
) -> list[Suspicion]:
    """Rows of one period equal in all columns to another unit's, at least COLUMNS of them unrounded."""
    if len(columns) < COLUMNS:
        return []
    rows = of.rows(of.place >= 0)
    amounts = frame[columns].iloc[rows].to_numpy(dtype=float, na_value=np.nan)
    telling = (significant_digits(amounts) >= DIGITS).sum(axis=1) >= COLUMNS
    rows, amounts = rows[telling], amounts[telling]
    keyed = pd.DataFrame(amounts).assign(period=frame[time].iloc[rows].to_numpy(float))
    double = keyed.duplicated(keep=False).to_numpy()
    keyed, twins = keyed[double], rows[double]
    code = keyed.groupby(list(keyed.columns), dropna=False).ngroup().to_numpy()
    owner = pd.Series(pd.factorize(frame[unit].iloc[twins])[0]).groupby(code)
    # the same unit twice is a double row, which `balance` names
    twins = twins[(owner.transform("min") != owner.transform("max")).to_numpy()]
    if not len(twins):
        return []
    return [
        Suspicion(
            NAME, "", twins, len(twins) / max(len(rows), 1),
            Message(
                f"{len(twins)} rows of different units in one period hold the same amounts: copied from one another?",
                f"同一时期有 {len(twins)} 行不同单位的各项金额完全相同，疑似相互照抄",
            ),
            "remark",
        )
    ]  # fmt: skip
