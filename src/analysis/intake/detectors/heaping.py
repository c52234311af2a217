"""Amounts heaped just above targets, and at round numbers.

Targets: with a smooth density, an amount within 5 % of target t lies above it with probability p near one half; p is
read off a quadratic fitted to the log counts of bins around the target, the 10 % next to it left out (Chetty,
Friedman, Olsen, Pistaferri 2011, sec. IV, in logs). The count above is compared with the binomial, one-sided, and the
p-values of the targets are adjusted together (Holm 1979).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import special

from analysis.intake.detectors._histories import Histories, histories
from analysis.intake.detectors._suspicion import Suspicion
from analysis.messages import Message

NAME = "heaping"
TARGETS = (30_000.0, 50_000.0, 100_000.0, 200_000.0, 500_000.0)  # yuan; bands of village collective income
WINDOW = 0.05  # share of the target on either side
AROUND, EXCLUDED = np.log(2.0), np.log(1.1)  # log distance used and left out by the counterfactual
BINS = 14  # on either side, of the used part
FEWEST = 10  # amounts within the window from which a target is judged
STEPS = (100, 10)  # yuan: 万元 with two or three decimals; coarser steps are rounding, which is looked for
GRIDS = (1_000, 10_000)  # yuan
LEVEL = 0.05


def find(
    frame: pd.DataFrame,
    *,
    unit: str,
    time: str,
    columns: Sequence[str],
    targets: Sequence[float] = TARGETS,
    since: int | None = None,
    level: float = LEVEL,
) -> list[Suspicion]:
    """Columns with too many amounts just above a target, or at multiples of 1,000 or 10,000 yuan.

    Parameters
    ----------
    columns : columns of money, yuan.
    since : first period in which the targets stood; all periods where None.
    level : error rate of each column's family of targets, and of its family of periods and grids.

    Returns
    -------
    Remarks; score = -log10 of the adjusted p-value; rows = the amounts just above the target, or on the grid.
    """
    of = histories(frame, unit, time)
    found = []
    for name in columns:
        table = above_targets(frame, unit=unit, time=time, column=name, targets=targets, since=since, of=of)
        heaped = table.index[table["p_holm"] <= level]
        cells = of.values(frame[name])
        late = _since(of, since)
        for row in table.loc[heaped].itertuples():
            inside = late & (cells >= row.target) & (cells < row.target * (1 + WINDOW))
            found.append(_target_suspicion(of.rows(inside), name, row))
        found += _digit_suspicions(frame, time, name, level)
    return found


def above_targets(
    frame: pd.DataFrame,
    *,
    unit: str,
    time: str,
    column: str,
    targets: Sequence[float] = TARGETS,
    since: int | None = None,
    of: Histories | None = None,
) -> pd.DataFrame:
    """One row per target: target, below, above (counts within WINDOW), share_expected, p_value, p_holm.

    A unit's value that repeats the period before is counted once. p is missing where fewer than FEWEST lie near.
    """
    of = histories(frame, unit, time) if of is None else of
    cells = of.values(frame[column])
    if cells.size:
        cells[:, 1:] = np.where(cells[:, 1:] == cells[:, :-1], np.nan, cells[:, 1:])
    values = cells[_since(of, since) & np.isfinite(cells)]
    values = np.sort(values[values > 0])
    rows = []
    for target in targets:
        below = _between(values, target * (1 - WINDOW), target)
        above = _between(values, target, target * (1 + WINDOW))
        share = _share_above(values, target)
        enough = below + above >= FEWEST
        p = special.bdtrc(above - 1, below + above, share) if enough else np.nan
        rows.append((float(target), below, above, share, p))
    table = pd.DataFrame(rows, columns=["target", "below", "above", "share_expected", "p_value"])
    return table.assign(p_holm=holm(table["p_value"].to_numpy(float)))


def digits(frame: pd.DataFrame, *, time: str, column: str) -> pd.DataFrame:
    """One row per period and grid: period, grid, n (amounts of at least ten grids), n_round, share, p_value, p_holm.

    p_value is that of at least n_round multiples when one amount in `grid` / step is one; step is that of the column:
    1 yuan, or 100 where ledgers are kept in 万元 with two decimals.
    """
    amounts = np.abs(frame[column].to_numpy(dtype=float, na_value=np.nan))
    period = frame[time].to_numpy(dtype=float, na_value=np.nan)
    known = amounts[np.isfinite(amounts)]
    step = next((step for step in STEPS if (known % step == 0).all()), 1)
    rows = []
    for at in np.unique(period[np.isfinite(period)]):
        now = amounts[(period == at) & np.isfinite(amounts)]
        for grid in GRIDS:
            large = now[now >= 10 * grid]
            n_round = int((large % grid == 0).sum())
            p = special.bdtrc(n_round - 1, len(large), step / grid) if len(large) else np.nan
            rows.append(
                (int(at), grid, len(large), n_round, n_round / len(large) if len(large) else np.nan, p)
            )
    table = pd.DataFrame(rows, columns=["period", "grid", "n", "n_round", "share", "p_value"])
    return table.assign(p_holm=holm(table["p_value"].to_numpy(float)))


def holm(p: np.ndarray) -> np.ndarray:
    """p-values adjusted for their number (Holm 1979); missing ones stay missing and are not counted.

    Example
    -------
    >>> holm(np.array([0.01, 0.04, np.nan]))
    array([0.02, 0.04,  nan])
    """
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    adjusted = np.full(len(p), np.nan)
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return adjusted


def _since(of: Histories, since: int | None) -> np.ndarray:
    """Cells (n, k) of the periods in which targets stood."""
    if not len(of.periods):
        return of.period >= 0
    return (of.period >= 0) & (of.periods[of.period] >= (-np.inf if since is None else since))


def _between(ordered: np.ndarray, low: float, high: float) -> int:
    """Number of values in [low, high)."""
    first, last = np.searchsorted(ordered, [low, high], side="left")
    return int(last - first)


def _share_above(ordered: np.ndarray, target: float) -> float:
    """Expected share, of the amounts within WINDOW of the target, that lie above it, from the density around."""
    inner = np.linspace(EXCLUDED, AROUND, BINS + 1)
    edges = [np.log(target) + side for side in (np.sort(-inner), inner)]
    counts = np.concatenate([np.diff(np.searchsorted(np.log(ordered), edge)) for edge in edges]).astype(float)
    middle = np.concatenate([(edge[1:] + edge[:-1]) / 2 for edge in edges]) - np.log(target)
    if counts.sum() < 4 * FEWEST:
        return 0.5
    slope = _log_slope(middle / AROUND, counts) / AROUND
    # density of logs proportional to exp(slope x): mass above against mass below
    low, high = np.log(1 - WINDOW), np.log(1 + WINDOW)
    if abs(slope) < 1e-6:
        return float(high / (high - low))
    above, below = (np.exp(slope * high) - 1) / slope, (1 - np.exp(slope * low)) / slope
    return float(np.clip(above / (above + below), 0.35, 0.65))


def _log_slope(x: np.ndarray, counts: np.ndarray) -> float:
    """Slope at zero of a quadratic log density, Poisson regression of the counts by iterated least squares."""
    design = np.column_stack([np.ones_like(x), x, x * x])
    beta = np.array([np.log(counts.mean()), 0.0, 0.0])
    for _ in range(25):
        mean = np.exp(np.clip(design @ beta, -20, 20))
        step = np.linalg.lstsq((design.T * mean) @ design, design.T @ (counts - mean), rcond=None)[0]
        beta = beta + step
        if np.abs(step).max() < 1e-8:
            break
    return float(beta[1])


def _target_suspicion(rows: np.ndarray, name: str, row: tuple) -> Suspicion:
    return Suspicion(
        NAME, name, rows, float(-np.log10(max(row.p_holm, 1e-300))),
        Message(
            f"{row.above} amounts lie up to 5 % above {row.target:,.0f} yuan and {row.below} up to 5 % below "
            f"(adjusted p = {row.p_holm:.2g}): reported to reach the target?",
            f"高于 {row.target / 10_000:g} 万元 5% 以内的有 {row.above} 个，低于 5% 以内的有 {row.below} 个"
            f"（校正后 p = {row.p_holm:.2g}），疑似为达标而填报",
        ),
        "remark",
    )  # fmt: skip


def _digit_suspicions(frame: pd.DataFrame, time: str, name: str, level: float) -> list[Suspicion]:
    table = digits(frame, time=time, column=name)
    heaped = table[table["p_holm"] <= level]
    amounts = np.abs(frame[name].to_numpy(dtype=float, na_value=np.nan))
    period = frame[time].to_numpy(dtype=float, na_value=np.nan)
    found = []
    for grid, of_grid in heaped.groupby("grid"):
        inside = np.isin(period, of_grid["period"]) & (amounts >= 10 * grid) & (amounts % grid == 0)
        years = ", ".join(f"{row.period} {row.share:.0%}" for row in of_grid.itertuples())
        found.append(
            Suspicion(
                NAME, name, np.flatnonzero(inside), float(-np.log10(max(of_grid["p_holm"].min(), 1e-300))),
                Message(
                    f"more amounts than chance gives are multiples of {grid:,} yuan ({years}): rounded or estimated",
                    f"{grid} 元整数倍的金额多于偶然（{years}），为取整或估计数",
                ),
                "remark",
            )
        )  # fmt: skip
    return found
