"""TOPSIS (优劣解距离法): how near each unit is to the best that was seen, or to a best fixed in advance.

Hwang, Yoon (1981), Multiple Attribute Decision Making, Springer. Ranks may reverse when a unit is added or dropped unless
the ideal points are fixed: Garcia-Cascales, Lamata (2012), Mathematical and Computer Modelling 56.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.comparison.errors import ComparisonError
from analysis.comparison.index._indicators import costs, indicators, min_max, one_of, weights_of
from analysis.messages import Message

NORMALISATIONS = ("vector", "min_max", "sum", "fixed_points")


@dataclass(frozen=True, slots=True)
class Closeness:
    """Scores of n units, between 0 (worst) and 1 (best).

    closeness : (n,) D- / (D+ + D-);  rank : (n,) 1 = best, ties share the least rank
    to_best, to_worst : (n,) distances D+, D-
    best, worst : (p,) ideal and anti-ideal after normalisation and weighting
    normalisation : vector, min_max, sum or fixed_points; it changes scores and ranks and is printed with them
    """

    closeness: np.ndarray
    rank: np.ndarray
    to_best: np.ndarray
    to_worst: np.ndarray
    best: np.ndarray
    worst: np.ndarray
    normalisation: str


def topsis(
    values: np.ndarray,
    weights: np.ndarray,
    *,
    cost_columns: Sequence[int] = (),
    normalisation: str = "vector",
) -> Closeness:
    """Closeness of units to the best values among them.

    v = w x / N_j;  D+ = |v - best|, D- = |v - worst| (Euclidean);  C = D- / (D+ + D-)
    N_j: vector sqrt(sum x^2) (Hwang, Yoon), sum of x, or min_max levels (costs reversed).

    Parameters
    ----------
    values : (n, p) indicators, own units; weights : (p,) shares; cost_columns : those of which less is better.

    Raises
    ------
    ComparisonError : missing cells, weights that are no shares, negative values under `sum`, units that do not differ.
    """
    one_of("normalisation", normalisation, NORMALISATIONS[:3])
    x = indicators(values)
    w = weights_of(weights, x.shape[1])
    cost = costs(cost_columns, x.shape[1])
    if normalisation == "sum" and (x < 0).any():
        raise ComparisonError(
            Message(
                "negative values have no share of a sum; use vector or min_max",
                "含负值的指标不能用 sum 标准化；请用 vector 或 min_max",
            )
        )
    if normalisation == "min_max":
        v, less = w * min_max(x, cost), np.zeros_like(cost)
    else:
        size = np.sqrt((x**2).sum(axis=0)) if normalisation == "vector" else x.sum(axis=0)
        v, less = w * x / np.where(size > 0, size, 1.0), cost
    low, high = v.min(axis=0), v.max(axis=0)
    return _closeness(v, np.where(less, low, high), np.where(less, high, low), normalisation)


def topsis_fixed(
    values: np.ndarray, weights: np.ndarray, *, best: np.ndarray, worst: np.ndarray
) -> Closeness:
    """Closeness of units to points fixed in advance, so that no unit's score depends on who else is compared.

    v = w (x - worst) / (best - worst);  C = D- / (D+ + D-) with ideal w and anti-ideal 0

    Parameters
    ----------
    values : (n, p) indicators, own units; weights : (p,) shares
    best, worst : (p,) points in the same units; best < worst where less is better.

    Raises
    ------
    ComparisonError : missing cells, weights that are no shares, best = worst, values beyond the fixed points.
    """
    x = indicators(values, least=1)
    w = weights_of(weights, x.shape[1])
    top, bottom = np.asarray(best, dtype=float), np.asarray(worst, dtype=float)
    same_shape = top.shape == bottom.shape == w.shape
    if not same_shape or not np.isfinite(top - bottom).all() or (top == bottom).any():
        raise ComparisonError(
            Message(
                f"best and worst are {len(w)} different values each, best = {top}, worst = {bottom}",
                f"最优点与最劣点应各为 {len(w)} 个互不相同的值，现为 {top} 与 {bottom}",
            )
        )
    z = (x - bottom) / (top - bottom)
    if (beyond := np.argwhere((z < 0) | (z > 1))).size:
        shown_en = ", ".join(f"row {i} column {j}: {x[i, j]:g}" for i, j in beyond[:5])
        shown_zh = "、".join(f"第 {i} 行第 {j} 列 {x[i, j]:g}" for i, j in beyond[:5])
        raise ComparisonError(
            Message(
                f"{len(beyond)} values lie beyond the fixed points ({shown_en}); choose wider points",
                f"有 {len(beyond)} 个值超出固定的最优、最劣点（{shown_zh}）；请放宽",
            )
        )
    return _closeness(w * z, w, np.zeros_like(w), "fixed_points")


def _closeness(v: np.ndarray, best: np.ndarray, worst: np.ndarray, normalisation: str) -> Closeness:
    plus, minus = (np.sqrt(((v - point) ** 2).sum(axis=1)) for point in (best, worst))
    if not (np.abs(best - worst) > 1e-12 * np.abs(v).max()).any():
        raise ComparisonError(
            Message(
                "the units do not differ in any indicator with weight; TOPSIS cannot order them",
                "各单位在有权重的指标上都相同，TOPSIS 无法排序",
            )
        )
    closeness = minus / (plus + minus)
    rank = 1 + (closeness[None, :] > closeness[:, None] + 1e-12).sum(axis=1)
    return Closeness(closeness, rank, plus, minus, best, worst, normalisation)
