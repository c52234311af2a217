"""Entropy weights (熵权法): how much an indicator differs between units, which is not how much it matters.

Shannon entropy as in Hwang, Yoon (1981), Multiple Attribute Decision Making, Springer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.comparison.errors import ComparisonError
from analysis.comparison.index._indicators import costs, indicators, min_max, one_of
from analysis.messages import Message

NORMALISATIONS = ("min_max", "share")


@dataclass(frozen=True, slots=True)
class EntropyWeights:
    """Weights of p indicators.

    entropy : (p,) between 0 and 1; 1 where the units do not differ
    weights : (p,) shares, sum 1; 0 where the units do not differ
    constant : columns in which the units do not differ
    normalisation : how levels were made before shares: min_max or share
    """

    entropy: np.ndarray
    weights: np.ndarray
    constant: tuple[int, ...]
    normalisation: str


@dataclass(frozen=True, slots=True)
class WeightRange:
    """How far the weights move when other units might have been seen.

    conf_low, conf_high : (p,) pointwise percentile limits over resampled units
    without_one : (p,) largest change of a weight when a single unit is left out
    unit : (p,) the unit whose absence changes it most
    n_draws, n_flat : draws used; draws left out because no indicator differed in them
    """

    conf_low: np.ndarray
    conf_high: np.ndarray
    without_one: np.ndarray
    unit: np.ndarray
    n_draws: int
    n_flat: int


def entropy_weights(
    values: np.ndarray, *, cost_columns: Sequence[int] = (), normalisation: str = "min_max"
) -> EntropyWeights:
    """Weights from the dispersion of indicators, with their entropies.

    p_ij = z_ij / sum_i z_ij,  e_j = -sum_i p_ij ln p_ij / ln n  (0 ln 0 = 0),  w_j = (1 - e_j) / sum (1 - e)
    min_max: z are levels from 0 to 1, costs reversed. share: z = x as in the book; a share has no direction, so a cost
    column weighs the same as a benefit.

    Parameters
    ----------
    values : (n, p) indicators, each in its own unit; cost_columns : those of which less is better.

    Raises
    ------
    ComparisonError : fewer than two units, missing cells, negative values under `share`, no indicator that differs.
    """
    one_of("normalisation", normalisation, NORMALISATIONS)
    x = indicators(values)
    cost = costs(cost_columns, x.shape[1])
    if normalisation == "share" and (negative := np.flatnonzero((x < 0).any(axis=0))).size:
        raise ComparisonError(
            Message(
                f"columns {negative.tolist()} hold negative values, which have no shares; use min_max",
                f"第 {negative.tolist()} 列含负值，无法计算比重；请用 min_max",
            )
        )
    differ = np.ptp(x, axis=0) > 0
    entropy = _entropy(min_max(x, cost) if normalisation == "min_max" else x, differ)
    dispersion = np.maximum(1 - entropy, 0.0)  # below 0 by rounding only
    if not dispersion.any():
        raise ComparisonError(
            Message(
                "the units do not differ in any indicator; entropy gives no weights",
                "各单位在所有指标上都相同，熵权法给不出权重",
            )
        )
    weights = dispersion / dispersion.sum()
    return EntropyWeights(entropy, weights, tuple(np.flatnonzero(~differ).tolist()), normalisation)


def weight_range(
    values: np.ndarray,
    *,
    cost_columns: Sequence[int] = (),
    normalisation: str = "min_max",
    alpha: float = 0.05,
    draws: int = 2_000,
    seed: int = 0,
) -> WeightRange:
    """How firm entropy weights are: percentile limits over resampled units, and the pull of a single unit.

    Efron (1979) bootstrap of rows; leave-one-out beside it. Units and errors as for `entropy_weights`; three units
    are needed, so that two remain.
    """
    x = indicators(values, least=3)
    options = {"cost_columns": cost_columns, "normalisation": normalisation}
    whole = entropy_weights(x, **options).weights
    n = len(x)
    rng = np.random.default_rng(seed)
    drawn = [x[rows] for rows in rng.integers(n, size=(draws, n))]
    usable = [rows for rows in drawn if np.ptp(rows, axis=0).any()]
    weights = np.array([entropy_weights(rows, **options).weights for rows in usable])
    low, high = np.quantile(weights, [alpha / 2, 1 - alpha / 2], axis=0)
    left = [np.delete(x, i, axis=0) for i in range(n)]
    moved = np.array(
        [
            np.abs(entropy_weights(rows, **options).weights - whole)
            if np.ptp(rows, axis=0).any()
            else np.full(x.shape[1], np.nan)
            for rows in left
        ]
    )
    moved = np.where(np.isnan(moved), np.inf, moved)  # without this unit there would be no weights at all
    return WeightRange(low, high, moved.max(axis=0), moved.argmax(axis=0), len(usable), draws - len(usable))


def _entropy(z: np.ndarray, differ: np.ndarray) -> np.ndarray:
    total = z.sum(axis=0)
    p = z / np.where(total > 0, total, 1.0)
    terms = np.where(p > 0, p * np.log(np.where(p > 0, p, 1.0)), 0.0)
    return np.where(differ, -terms.sum(axis=0) / np.log(len(z)), 1.0)
