"""Two-way fixed effects regression on treatment status, the benchmark and not an answer.

Goodman-Bacon (2021), Difference-in-differences with variation in treatment timing, Journal of Econometrics
225, equation 2: with staggered adoption the coefficient mixes comparisons with units treated before.

    Y_it = alpha_i + lambda_t + x_i' theta_t + effect 1{t >= cohort_i}

One effect, in the cell without cohort and year. Units treated from the first period stay in: their use as
comparison is what the benchmark shows. Baseline covariates have a coefficient per year; `comparison_group`,
`base_period`, `adjustment` and `anticipation` do not apply. `treated` and `comparison` hold each cluster's
share of the sum of squares of residualised treatment, scaled to the numbers of adopting and of other units,
so that a cluster's leverage can be read from them. Errors are clustered with the factor of `_small_sample`. Rows of
a panel with gaps have effects of their unit, people of repeated cross-sections of the village they live in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.effects import Effects, EstimatorError
from analysis.estimators import _cells, _clusters, _rank, _rows, _small_sample
from analysis.samples.panel import Observed, Panel
from analysis.study import Design

ONE_EFFECT = True
DESIGNS = ("panel", "unbalanced_panel", "repeated_cross_section")
KEEPS_ALWAYS_TREATED = True


@dataclass(frozen=True, slots=True)
class _Residuals:
    """Treatment and outcome less unit and year effects, by observation, with what they are of.

    treatment, outcome : (N,); weight, cluster : (N,); entry : (N,) position in the record
    n_coefficients : of the year effects and covariates; n_observations : N
    """

    treatment: np.ndarray
    outcome: np.ndarray
    weight: np.ndarray
    cluster: np.ndarray
    entry: np.ndarray
    n_coefficients: int
    status: np.ndarray


def fit(panel: Observed, design: Design) -> Effects:
    """The one effect of a panel that passed the gate; no entry of `design` applies."""
    clusters = _clusters.of(panel)
    left = _complete(panel, clusters) if panel.design == "panel" else _by_row(panel, clusters)
    squares = left.weight * left.treatment**2
    total = squares.sum()
    if not total > _rank.TOLERANCE * (left.weight * left.status).sum():
        raise EstimatorError(
            "treatment status is a combination of unit effects, year effects and covariates, so it has no "
            "effect of its own; add units that adopt in other years or never / "
            "处理状态与固定效应完全共线，无法识别"
        )
    effect = (left.weight * left.treatment) @ left.outcome / total
    residual = left.outcome - effect * left.treatment
    factor = _small_sample.factor(len(clusters), len(residual), 1 + left.n_coefficients)
    influence = left.weight * left.treatment * residual / total
    psi = factor * _clusters.totals(influence, left.cluster, len(clusters))
    adopts = panel.cohort <= panel.years[-1]
    n_treated, n_others = int(adopts.sum()), int((~adopts).sum())
    rows = adopts[left.entry]
    cell = _cells.Cell(
        np.nan, None, "", float(effect), n_treated, n_others, None, _cells.OK, psi,
        n_treated * _leverage(squares, rows, left.cluster, len(clusters)),
        n_others * _leverage(squares, ~rows, left.cluster, len(clusters)),
    )  # fmt: skip
    return _cells.pack([cell], clusters, "twfe", shares_estimated=False)


def _complete(panel: Panel, clusters: _clusters.Clusters) -> _Residuals:
    x = _rank.standardised(panel.covariates)
    n, n_periods = panel.outcome.shape
    status = (panel.cohort[None, :] <= panel.years[:, None]).astype(float)
    entry = np.repeat(np.arange(n), n_periods)
    return _Residuals(
        _within(status, x, panel.weight).T.ravel(), _within(panel.outcome.T, x, panel.weight).T.ravel(),
        panel.weight[entry], clusters.code[entry], entry, n_periods + (len(x) - 1) * (n_periods - 1),
        status.T.ravel(),
    )  # fmt: skip


def _by_row(observed: Observed, clusters: _clusters.Clusters) -> _Residuals:
    rows = _rows.of(observed, clusters)
    everywhere = np.ones(len(rows.outcome), dtype=bool)
    status = (rows.cohort <= observed.years[rows.period]).astype(float)
    z = _rows.less_unit_means(rows.z, rows, everywhere)
    theta = _rows.project(z, rows.weight)
    treatment, outcome = (
        centred - (theta.inverse @ ((z * rows.weight) @ centred)) @ z
        for centred in _rows.less_unit_means(np.stack([status, rows.outcome]), rows, everywhere)
    )
    return _Residuals(treatment, outcome, rows.weight, rows.cluster, rows.entry, 1 + theta.rank, status)


def _within(values: np.ndarray, x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Residuals of `values` (T, n) from unit effects and from x (p + 1, n) with a coefficient per year."""
    centred = values - values.mean(axis=0)
    weighted = x * weight
    return centred - np.linalg.solve(weighted @ x.T, weighted @ centred.T).T @ x


def _leverage(squares: np.ndarray, rows: np.ndarray, code: np.ndarray, n_clusters: int) -> np.ndarray:
    """(n_clusters,) share of the sum of squares of these rows."""
    inside = np.where(rows, squares, 0.0)
    share = inside / inside.sum() if inside.any() else inside
    return _clusters.totals(share, code, n_clusters)
