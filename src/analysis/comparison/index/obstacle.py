"""Obstacle degree (障碍度): which indicators take most from a unit's index. Arithmetic on the index, not a cause."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.comparison.index._indicators import levels, weights_of


@dataclass(frozen=True, slots=True)
class Obstacles:
    """Shares of p indicators in what each of n units lacks.

    degree : (n, p), rows sum to 1; NaN for a unit that lacks nothing
    order : (n, p) indicators from the largest obstacle down; ties in the order of the columns
    lacking : (n,) 1 - index, what is shared out
    n_complete : units that lack nothing
    """

    degree: np.ndarray
    order: np.ndarray
    lacking: np.ndarray
    n_complete: int


def obstacle_degree(standardised: np.ndarray, weights: np.ndarray) -> Obstacles:
    """Share of each indicator in the distance of a unit's index from 1.

    O_ij = w_j (1 - z_ij) / sum_k w_k (1 - z_ik)

    Parameters
    ----------
    standardised : (n, p) levels from 0 (worst) to 1 (best), costs already reversed; weights : (p,) shares.

    Raises
    ------
    ComparisonError : levels outside 0 to 1, missing cells, weights that are no shares.
    """
    z = levels(standardised)
    gap = weights_of(weights, z.shape[1]) * (1 - z)
    lacking = gap.sum(axis=1)
    whole = lacking <= 1e-12
    degree = np.where(whole[:, None], np.nan, gap / np.where(whole, 1.0, lacking)[:, None])
    order = np.argsort(-gap, axis=1, kind="stable")
    return Obstacles(degree, order, lacking, int(whole.sum()))
