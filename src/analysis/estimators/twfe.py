"""Two-way fixed effects regression on treatment status, the benchmark and not an answer.

Goodman-Bacon (2021), Difference-in-differences with variation in treatment timing, Journal of Econometrics
225, equation 2: with staggered adoption the coefficient mixes comparisons with units treated before.

    Y_it = alpha_i + lambda_t + x_i' theta_t + effect 1{t >= cohort_i}

One effect, in the cell without cohort and year. Units treated from the first period stay in: their use as
comparison is what the benchmark shows. Baseline covariates have a coefficient per year; `comparison_group`,
`base_period`, `adjustment` and `anticipation` do not apply. `treated` and `comparison` hold each cluster's
share of the sum of squares of residualised treatment, scaled to the numbers of adopting and of other units,
so that a cluster's leverage can be read from them. Errors are clustered with the factor of `_small_sample`.
"""

from __future__ import annotations

import numpy as np

from analysis.effects import Effects, EstimatorError
from analysis.estimators import _cells, _clusters, _rank, _small_sample
from analysis.samples.panel import Panel
from analysis.study import Design

ONE_EFFECT = True
KEEPS_ALWAYS_TREATED = True


def fit(panel: Panel, design: Design) -> Effects:
    """The one effect of a panel that passed the gate; no entry of `design` applies."""
    clusters = _clusters.of(panel)
    x = _rank.standardised(panel.covariates)
    weight = panel.weight
    status = (panel.cohort[None, :] <= panel.years[:, None]).astype(float)
    treatment = _within(status, x, weight)
    outcome = _within(panel.outcome.T, x, weight)
    squares = weight * (treatment**2).sum(axis=0)
    total = squares.sum()
    if not total > _rank.TOLERANCE * (weight * status.sum(axis=0)).sum():
        raise EstimatorError(
            "treatment status is a combination of unit effects, year effects and covariates, so it has no "
            "effect of its own; add units that adopt in other years or never / "
            "处理状态与固定效应完全共线，无法识别"
        )
    effect = (weight * treatment * outcome).sum() / total
    residual = outcome - effect * treatment
    k = 1 + len(panel.years) + (len(x) - 1) * (len(panel.years) - 1)
    factor = _small_sample.factor(len(clusters), panel.outcome.size, k)
    influence = weight * (treatment * residual).sum(axis=0) / total
    psi = factor * _clusters.totals(influence, clusters.code, len(clusters))
    adopts = status.any(axis=0)
    cell = _cells.Cell(
        np.nan, None, "", float(effect), int(adopts.sum()), int((~adopts).sum()), None, _cells.OK, psi,
        _leverage(squares, adopts, clusters), _leverage(squares, ~adopts, clusters),
    )  # fmt: skip
    return _cells.pack([cell], clusters, "twfe", shares_estimated=False)


def _within(values: np.ndarray, x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Residuals of `values` (T, n) from unit effects and from x (p + 1, n) with a coefficient per year."""
    centred = values - values.mean(axis=0)
    weighted = x * weight
    return centred - np.linalg.solve(weighted @ x.T, weighted @ centred.T).T @ x


def _leverage(squares: np.ndarray, rows: np.ndarray, clusters: _clusters.Clusters) -> np.ndarray:
    inside = np.where(rows, squares, 0.0)
    share = inside / inside.sum() if rows.any() else inside
    return int(rows.sum()) * _clusters.totals(share, clusters.code, len(clusters))
