"""Optimal fixed-length intervals where the trend's slope may change by at most M a period.

Rambachan, Roth (2023), Delta^SD(M); Armstrong, Kolesar (2018), Optimal inference in a
class of regression models, Econometrica 86.

    theta = l' tau_post,  estimate = l' beta_post + w' beta_pre,  half length = h cv(b / h)

b: largest bias over Delta^SD(M), h: standard error, cv(t): quantile of |N(t, 1)|. Over Delta^SD(M) the difference in
trend is a line plus second differences in [-M, M]. The line is free, so w must cancel it, and what is left of the
bias is M times the sum of absolute y_i = sum_{s > i} (s - i) w_s (and a part that l fixes), one for one with w. The
least variance for each bias is therefore a lasso in y, whose solutions are linear between knots; on them the shortest
interval is a root in one variable. Nothing is searched on a grid and no optimiser's tolerance enters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

EDGE = 1e-12  # relative gap below which two knots of the path are one


@dataclass(frozen=True, slots=True)
class FixedLength:
    """The shortest interval of fixed length.

    estimate : affine estimate, outcome unit
    half_length : outcome unit
    bias : largest bias over Delta^SD(M)
    std_error : of the estimate
    weights : (n,) weights of all periods, those after the base as asked for
    """

    estimate: float
    half_length: float
    bias: float
    std_error: float
    weights: np.ndarray


@dataclass(frozen=True, slots=True)
class Frontier:
    """Least variance for each bias, for one combination of periods after the base.

    variance in y: constant + 2 linear'z + z' quadratic z, with y = (level, z)
    fixed_bias : bias over M that no weight before the base removes
    knots : (q,) multipliers of the lasso, decreasing to zero; path : (q, n_pre - 1) z at the knots
    to_weights : (n_pre, n_pre) w = to_weights y, distances 1..n_pre before the base
    """

    constant: float
    linear: np.ndarray
    quadratic: np.ndarray
    level: float
    fixed_bias: float
    knots: np.ndarray
    path: np.ndarray
    to_weights: np.ndarray


def frontier(covariance: np.ndarray, n_pre: int, weights: np.ndarray) -> Frontier:
    """The bias-variance frontier of estimators of weights' tau_post; free of M."""
    near = np.arange(n_pre)[::-1]  # positions before the base, nearest first
    pre, cross = covariance[np.ix_(near, near)], weights @ covariance[n_pre:][:, near]
    to_weights = np.eye(n_pre) - 2 * np.eye(n_pre, k=1) + np.eye(n_pre, k=2)
    level = float(np.arange(1, len(weights) + 1) @ weights)
    square, slope = to_weights.T @ pre @ to_weights, to_weights.T @ cross
    constant = float(
        weights @ covariance[n_pre:, n_pre:] @ weights + 2 * level * slope[0] + level**2 * square[0, 0]
    )
    linear, quadratic = slope[1:] + level * square[1:, 0], square[1:, 1:]
    knots, path = _lasso_path(quadratic, linear)
    return Frontier(
        constant, linear, quadratic, level, float(np.abs(second_sums(weights)).sum()), knots, path, to_weights
    )


def shortest(
    beta: np.ndarray, weights: np.ndarray, given: Frontier, m: float, conf_level: float
) -> FixedLength:
    """The shortest interval for slopes that change by at most `m` [outcome unit per period squared]."""
    z = _at(given, _multiplier(given, m, conf_level))
    before = given.to_weights @ np.append(given.level, z)
    full = np.concatenate([before[::-1], weights])
    error = _error(given, z)
    bias = m * (np.abs(z).sum() + given.fixed_bias)
    return FixedLength(
        float(full @ beta), error * folded_quantile(bias / error, conf_level), float(bias), error, full
    )


def identified_set(beta: np.ndarray, n_pre: int, weights: np.ndarray, m: float) -> tuple[float, float]:
    """Values of theta that Delta^SD(m) allows if `beta` were the truth; missing where beta_pre itself breaks it."""
    slopes = np.diff(np.append(beta[:n_pre], 0.0))
    tolerance = 1e-12 * np.abs(beta).max(initial=0.0)
    if (np.abs(np.diff(slopes)) > m + tolerance).any():
        return np.nan, np.nan
    centre = float(weights @ beta[n_pre:] - slopes[-1] * (np.arange(1, len(weights) + 1) @ weights))
    half = m * float(np.abs(second_sums(weights)).sum())
    return centre - half, centre + half


def second_sums(weights: np.ndarray) -> np.ndarray:
    """(T,) sum_{t >= k} (t - k + 1) weights_t: what a change of slope at period k adds to weights' delta_post."""
    return np.cumsum(np.cumsum(weights[::-1]))[::-1]


def folded_quantile(t: float, conf_level: float) -> float:
    """cv(t): c with P(|N(t, 1)| <= c) = conf_level, by Newton's method from above."""
    c = max(t + ndtri(conf_level), ndtri(0.5 + conf_level / 2))
    for _ in range(50):
        step = (ndtr(c - t) - ndtr(-c - t) - conf_level) / (_density(c - t) + _density(c + t))
        c -= step
        if abs(step) <= 1e-15 * c:
            break
    return float(c)


def _density(x: float) -> float:
    return np.exp(-x * x / 2) / np.sqrt(2 * np.pi)


def _error(given: Frontier, z: np.ndarray) -> float:
    return float(np.sqrt(given.constant + 2 * given.linear @ z + z @ given.quadratic @ z))


def _at(given: Frontier, multiplier: float) -> np.ndarray:
    """(n_pre - 1,) the path's point at a multiplier, linear between knots."""
    return np.array([np.interp(multiplier, given.knots[::-1], column[::-1]) for column in given.path.T])


def _multiplier(given: Frontier, m: float, conf_level: float) -> float:
    """Where the half length stops falling: multiplier (cv - t cv') = cv' m h, t = b / h; 0 is least variance."""
    if m == 0 or not given.path.size or given.knots[0] == 0:
        return 0.0

    def excess(multiplier: float) -> float:
        z = _at(given, multiplier)
        h = _error(given, z)
        t = m * (np.abs(z).sum() + given.fixed_bias) / h
        c = folded_quantile(t, conf_level)
        down, up = _density(c - t), _density(c + t)
        slope = (down - up) / (down + up)
        return multiplier * (c - t * slope) - slope * m * h

    top = float(given.knots[0])
    if excess(top) <= 0:
        return top
    return brentq(excess, 0.0, top, xtol=1e-15 * top, rtol=1e-14)


def _lasso_path(quadratic: np.ndarray, linear: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Knots and minimisers of z'Qz / 2 + linear'z + multiplier |z|_1 from z = 0 down to multiplier zero.

    Homotopy: z of the active set is linear in the multiplier until one of it reaches zero or an inactive
    gradient reaches the multiplier (Osborne, Presnell, Turlach 2000).
    """
    p = len(linear)
    knots, path = [float(np.abs(linear).max(initial=0.0))], [np.zeros(p)]
    if knots[0] == 0:
        return np.array(knots), np.array(path)
    first = int(np.abs(linear).argmax())
    sign = np.zeros(p)
    sign[first] = -np.sign(linear[first])
    changed = first
    while knots[-1] > 0:
        active = np.flatnonzero(sign)
        solved = np.linalg.solve(
            quadratic[np.ix_(active, active)], np.column_stack([linear[active], sign[active]])
        )
        intercept, direction = -solved[:, 0], -solved[:, 1]  # z_active = intercept + multiplier * direction
        others = np.flatnonzero(sign == 0)
        at = linear[others] + quadratic[np.ix_(others, active)] @ intercept
        per = quadratic[np.ix_(others, active)] @ direction  # gradient = at + multiplier * per
        with np.errstate(divide="ignore", invalid="ignore"):
            leave = np.where(direction != 0, -intercept / direction, -1.0)
            join = np.stack([at / (1 - per), -at / (1 + per)])
        ceiling = knots[-1] * (1 - EDGE)
        leave[(leave >= ceiling) | ((active == changed) & (leave > knots[-1] * (1 - 1e-9)))] = -1.0
        join[~(join < ceiling) | ((others == changed) & (join > knots[-1] * (1 - 1e-9)))] = -1.0
        following = max(0.0, leave.max(initial=0.0), join.max(initial=0.0))
        z = np.zeros(p)
        z[active] = intercept + following * direction
        if following > 0 and leave.max(initial=0.0) == following:
            changed = int(active[leave.argmax()])
            sign[changed], z[changed] = 0.0, 0.0
        elif following > 0:
            towards, position = np.unravel_index(int(join.argmax()), join.shape)
            changed = int(others[position])
            sign[changed] = -1.0 if towards == 0 else 1.0
        knots.append(following)
        path.append(z)
    return np.array(knots), np.array(path)
