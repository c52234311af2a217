"""Residuals from fixed effects by alternating weighted means (Gaure 2013, Computational Statistics 66, sec. 2)."""

from __future__ import annotations

import numpy as np

from analysis.effects import EstimatorError
from analysis.messages import Message

TOLERANCE = 1e-14  # largest change in a sweep, in standard deviations of the column
SWEEPS = 10_000
RANK = 1e-10  # share of the largest eigenvalue below which a direction is rounding


def codes(labels: np.ndarray) -> np.ndarray:
    """(n,) positions of the labels among their sorted distinct values."""
    return np.unique(np.asarray(labels), return_inverse=True)[1].reshape(-1)


def is_nested(effect: np.ndarray, cluster: np.ndarray) -> bool:
    """Whether every level of `effect` (n,) codes lies within one level of `cluster` (n,) codes."""
    pairs = np.unique(effect.astype(np.int64) * (int(cluster.max()) + 1) + cluster)
    return len(pairs) == int(effect.max()) + 1


def totals(values: np.ndarray, code: np.ndarray, n_levels: int) -> np.ndarray:
    """(n_levels, q) sums of the columns of `values` (n, q) by level."""
    summed = [np.bincount(code, column, minlength=n_levels) for column in values.T]
    return np.column_stack(summed) if summed else np.zeros((n_levels, 0))


def residuals(values: np.ndarray, effects: tuple[np.ndarray, ...], weight: np.ndarray) -> np.ndarray:
    """Residuals (n, q) of the columns of `values` from all `effects` (codes) in weighted least squares.

    One effect needs one pass and is exact; several are swept in turn until nothing moves.

    Raises
    ------
    EstimatorError : no convergence within SWEEPS.
    """
    left = np.array(values, dtype=float)
    if not effects:
        return left
    sizes = [np.bincount(code, weight) for code in effects]
    scale = np.sqrt(np.average(left**2, axis=0, weights=weight))
    for _ in range(SWEEPS):
        moved = np.zeros(left.shape[1])
        for code, size in zip(effects, sizes, strict=True):
            mean = totals(left * weight[:, None], code, len(size)) / size[:, None]
            moved = np.maximum(moved, np.abs(mean).max(axis=0, initial=0.0))
            left -= mean[code]
        if len(effects) == 1 or (moved <= TOLERANCE * scale).all():
            return left
    raise EstimatorError(
        Message(
            f"the fixed effects were not removed in {SWEEPS} sweeps; drop levels that link few rows",
            f"固定效应在 {SWEEPS} 次迭代后仍未消除；请去掉只有少数观测相连的层级",
        )
    )


def orthonormal(columns: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(n, r) basis of the columns' span with basis' diag(weight) basis = I; collinear directions are dropped."""
    if not columns.shape[1]:
        return columns
    length = np.sqrt(weight @ columns**2)
    scaled = columns / np.where(length > 0, length, 1.0)
    values, vectors = np.linalg.eigh(scaled.T @ (weight[:, None] * scaled))
    live = values > RANK * max(float(values[-1]), 1e-300)
    basis = scaled @ (vectors[:, live] / np.sqrt(values[live]))
    # Once more, so that rounding in the first pass does not reach the basis.
    return np.linalg.solve(np.linalg.cholesky(basis.T @ (weight[:, None] * basis)), basis.T).T
