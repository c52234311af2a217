"""Poisson imputation: what treated units would have had, had they grown as untreated observations did.

    E[Y_it(0)] = c_i exp(x_i' theta_t),  x_i = (1, covariates), theta of the first period zero, c_i: unit i's level

    sum_i w_i sum_{t untreated} (Y_it - c_i m_it) x_i e_t = 0,  m_it = exp(x_i' theta_t),
    c_i = sum_t Y_it / sum_t m_it over i's untreated periods;  effect(g, t) = mean of Y_it - c_i m_it over the cell

Levels are removed as in the fixed-effects Poisson, which needs the mean to be right and nothing else of the
distribution (Wooldridge 1999, Journal of Econometrics 90); with cohorts and years in the place of units it is the
nonlinear difference in differences of Wooldridge (2023), Econometrics Journal 26. Effects are in the outcome's unit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.effects import Effects, EstimatorError
from analysis.estimators import _cells, _clusters, _gate, _rank
from analysis.estimators._cells import OK, Cell
from analysis.messages import Message
from analysis.samples.panel import Panel
from analysis.study import Design

STEPS = 50  # of Newton's method
CLOSE = 1e-10  # largest relative gradient at the solution


@dataclass(frozen=True, slots=True)
class _Growth:
    """The fitted untreated model.

    expected : (n, S) c_i m_it; centred : (n, S, q) derivative of log(c_i m_it) by theta
    step : (q, n) derivative of theta by log weight of each unit
    """

    expected: np.ndarray
    centred: np.ndarray
    step: np.ndarray


def fit_growth(panel: Panel, design: Design) -> Effects:
    """Effects by cohort, treated year and model.

    Raises
    ------
    EstimatorError : negative values, no period identified, no solution (an untreated period without any outcome).
    """
    admitted = _gate.admit(panel, design)
    panel = admitted.panel
    if (panel.outcome < 0).any():
        n = int((panel.outcome < 0).sum())
        raise EstimatorError(
            Message(f"{n} values are negative; growth needs none", f"有{n}个负值，增长率模型不适用")
        )
    clusters, x = _clusters.of(panel), _rank.standardised(panel.covariates).T
    start = _cells.first_treated(panel.years, panel.cohort, design.anticipation)
    n_periods = _identified(x, start, len(panel.years))
    growth = _fit(panel, x, np.minimum(start, n_periods), n_periods)
    found: list[Cell] = []
    for arm in _cells.arms(panel, design.anticipation):
        size = _clusters.totals(panel.weight[arm.rows], clusters.code[arm.rows], len(clusters))
        for t in range(arm.start, len(panel.years)):
            if t >= n_periods:
                reason = f"too few units untreated in {panel.years[t]}"
                found.append(_cells.not_identified(arm, panel.years[t], None, reason, size))
            else:
                found.append(_cell(panel, growth, clusters, arm, t, start, size))
    return _cells.pack(found, clusters, "poisson", shares_estimated=False, notes=admitted.notes)


def _identified(x: np.ndarray, start: np.ndarray, n_periods: int) -> int:
    """Number of first periods with untreated units enough for a coefficient per column of x."""
    for t in range(n_periods):
        untreated = x[start > t]
        if len(untreated) <= x.shape[1] or _rank.first_dependent(untreated.T) is not None:
            return t
    return n_periods


def _fit(panel: Panel, x: np.ndarray, n_untreated: np.ndarray, n_periods: int) -> _Growth:
    if n_periods < 2:
        raise EstimatorError(
            Message("no period after the first has untreated units enough", "首期之后没有足够的未采用单位")
        )
    outcome, weight = panel.outcome[:, :n_periods], panel.weight
    inside = np.arange(n_periods) < n_untreated[:, None]
    level = np.where(inside, outcome, 0.0).sum(axis=1)
    theta = np.zeros((n_periods - 1, x.shape[1]))
    value = -np.inf
    for _ in range(STEPS):
        gradient, normal, reached = _newton(theta, x, outcome, inside, level, weight)
        if np.abs(gradient).max() <= CLOSE * max(1.0, float(weight @ level)):
            break
        move = np.linalg.lstsq(normal, gradient, rcond=None)[0].reshape(theta.shape)
        value, share = reached, 1.0
        while share > 1e-6:
            trial = theta + share * move
            if _likelihood(trial, x, outcome, inside, level, weight) >= value - 1e-12 * abs(value):
                break
            share /= 2
        theta = trial
    else:
        raise EstimatorError(
            Message("the growth model has no solution in these data", "增长率模型在该数据上没有解")
        )
    multiple = np.exp(_index(theta, x))
    total = np.where(inside, multiple, 0.0).sum(axis=1)
    expected = (level / total)[:, None] * multiple
    share = np.where(inside, multiple, 0.0) / total[:, None]
    # derivative of log(c_i m_it): x_i e_t - x_i (shares of the unit's untreated periods)
    periods = np.eye(n_periods)[1:].T[None, :, :] - share[:, None, 1:]
    centred = (periods[:, :, :, None] * x[:, None, None, :]).reshape(len(x), n_periods, -1)
    residual = np.where(inside, outcome - expected, 0.0)
    score = ((weight[:, None] * residual)[:, 1:, None] * x[:, None, :]).reshape(len(x), -1)
    return _Growth(expected, centred, np.linalg.solve(normal, score.T))


def _index(theta: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.column_stack([np.zeros(len(x)), x @ theta.T])


def _likelihood(
    theta: np.ndarray, x: np.ndarray, outcome: np.ndarray, inside: np.ndarray, level: np.ndarray, weight: np.ndarray
) -> float:  # fmt: skip
    """Conditional log likelihood, less what does not depend on theta."""
    index = np.where(inside, _index(theta, x), -np.inf)
    top = index.max(axis=1)
    log_total = top + np.log(np.exp(index - top[:, None]).sum(axis=1))
    own = np.where(inside, outcome * np.where(inside, index, 0.0), 0.0).sum(axis=1)
    return float(weight @ (own - level * log_total))


def _newton(
    theta: np.ndarray, x: np.ndarray, outcome: np.ndarray, inside: np.ndarray, level: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float]:  # fmt: skip
    """Gradient (q,), minus Hessian (q, q) and value of the conditional log likelihood at theta."""
    index = np.where(inside, _index(theta, x), -np.inf)
    multiple = np.exp(index - index.max(axis=1, keepdims=True))
    share = multiple / multiple.sum(axis=1, keepdims=True)
    residual = np.where(inside, outcome, 0.0) - level[:, None] * share
    gradient = ((weight[:, None] * residual)[:, 1:].T @ x).ravel()
    late, mass = share[:, 1:], weight * level
    n_free = late.shape[1]
    outer = (x[:, :, None] * x[:, None, :]).reshape(len(x), -1)
    normal = -((mass[:, None] * late)[:, :, None] * late[:, None, :]).reshape(len(x), -1).T @ outer
    normal = normal.reshape(n_free, n_free, x.shape[1], x.shape[1])
    normal[range(n_free), range(n_free)] += ((mass[:, None] * late).T @ outer).reshape(
        n_free, x.shape[1], x.shape[1]
    )
    size = n_free * x.shape[1]
    return (
        gradient,
        normal.transpose(0, 2, 1, 3).reshape(size, size),
        _likelihood(theta, x, outcome, inside, level, weight),
    )


def _cell(
    panel: Panel, growth: _Growth, clusters: _clusters.Clusters, arm: _cells.Arm, t: int, start: np.ndarray,
    size: np.ndarray,
) -> Cell:  # fmt: skip
    rows = arm.rows
    weight = panel.weight[rows] / panel.weight[rows].sum()
    gap = panel.outcome[rows, t] - growth.expected[rows, t]
    effect = float(weight @ gap)
    influence = np.zeros(panel.n_units)
    influence[rows] = weight * (gap - effect)
    pull = (weight * growth.expected[rows, t]) @ growth.centred[rows, t]
    influence -= pull @ growth.step
    others = np.flatnonzero(start > t)
    return Cell(
        arm.cohort, int(panel.years[t]), arm.model, effect, len(rows), len(others), None, OK,
        _clusters.totals(influence, clusters.code, len(clusters)), size,
        _clusters.totals(panel.weight[others], clusters.code[others], len(clusters)),
    )  # fmt: skip
