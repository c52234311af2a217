"""Cohort by year regression with unit and year effects (interaction-weighted estimator).

Sun, Abraham (2021), Estimating dynamic treatment effects in event studies with heterogeneous treatment
effects, Journal of Econometrics 225: regression of section 4.1, step 1.

    Y_it = alpha_i + lambda_t + x_i' theta_t + sum over g, t of effect(g, t) 1{i in g} 1{t}

Left out are the never treated and, of every cohort, the last period before adoption (less anticipation), the
reference. Where nobody is never treated the last cohort is the comparison: its own cells and the periods from
its adoption on are not identified. Baseline covariates have a coefficient per year, and every cell also has
its own slopes on the covariates less their mean in the cohort (Wooldridge 2021, Two-way fixed effects, the
two-way Mundlak regression, and difference-in-differences estimators, section 5.3): theta_t is then that of the
comparison units alone, and effects that vary with the covariates do not leak into it. `comparison_group`,
`base_period` and `adjustment` do not apply. The panel is balanced and weights are constant within units, so
the regression has a closed form: differences of weighted means, after the comparison units' slopes. Errors
are clustered with the factor of `_small_sample`; they allow for the cohort's own covariates being a sample.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from analysis.effects import Effects, EstimatorError
from analysis.estimators import _cells, _clusters, _rank, _small_sample
from analysis.estimators._cells import OK, Arm, Cell
from analysis.samples.panel import Panel
from analysis.study import Design

ONE_EFFECT = False
KEEPS_ALWAYS_TREATED = False
DESIGNS = ("panel",)


@dataclass(frozen=True, slots=True)
class _Fit:
    """Regression on S periods of n units with p covariates.

    residual : (S, n)
    slopes : (p, S) the covariates' coefficients, up to a constant over periods
    x : (p, n); within : (p, n) the same less its mean, of the comparison units, zero elsewhere;
    spread : (p, p) weighted cross products of `within`
    """

    residual: np.ndarray
    slopes: np.ndarray
    x: np.ndarray
    within: np.ndarray
    spread: np.ndarray


def fit(panel: Panel, design: Design) -> Effects:
    """Effects by cohort, year and model, before and after adoption, of a panel that passed the gate."""
    comparison = np.isinf(panel.cohort)
    last = panel.cohorts[-1]
    n_periods = len(panel.years)
    if not comparison.any():
        comparison = panel.cohort == last
        n_periods = int(_cells.first_treated(panel.years, last, design.anticipation))
    clusters = _clusters.of(panel)
    arms = _cells.arms(panel, design.anticipation)
    compared = [arm for arm in arms if not comparison[arm.rows[0]]]
    kept = replace(panel, outcome=panel.outcome[:, :n_periods], years=panel.years[:n_periods])
    regression = _regress(kept, [arm.rows for arm in compared], np.flatnonzero(comparison))
    n_coefficients = len(compared) * (n_periods - 1) + len(regression.x) * (n_periods - 1)
    factor = _small_sample.factor(len(clusters), kept.outcome.size, n_coefficients + n_periods)
    found: list[Cell] = []
    for arm in arms:
        size = _clusters.totals(panel.weight[arm.rows], clusters.code[arm.rows], len(clusters))
        base = int(panel.years[arm.start - 1])
        if comparison[arm.rows[0]]:
            reason = f"the last cohort, {int(last)}, is the comparison as no unit is never treated"
            found += [_cells.not_identified(arm, year, base, reason, size) for year in panel.years]
            continue
        found += _arm_cells(kept, regression, clusters, arm, comparison, size, factor)
        found += [
            _cells.not_identified(arm, year, base, f"no comparison units left in {int(year)}", size)
            for year in panel.years[n_periods:]
        ]
    return _cells.pack(found, clusters, "saturated", shares_estimated=False)


def _regress(panel: Panel, treated: list[np.ndarray], comparison: np.ndarray) -> _Fit:
    """Residuals of all groups, and covariate slopes of the comparison units."""
    x = _rank.standardised(panel.covariates)[1:]
    residual = np.ascontiguousarray(panel.outcome.T)
    residual = residual - residual.mean(axis=0)
    centred = x.copy()
    for rows in (*treated, comparison):
        share = panel.weight[rows] / panel.weight[rows].sum()
        residual[:, rows] -= (residual[:, rows] @ share)[:, None]
        centred[:, rows] -= (centred[:, rows] @ share)[:, None]
    within = np.zeros_like(centred)
    within[:, comparison] = centred[:, comparison]
    weighted = within * panel.weight
    spread = weighted @ within.T
    dependent = _dependent_within(spread, (x * panel.weight) @ x.T)
    if dependent is not None:
        raise EstimatorError(
            f"covariate {panel.covariate_names[dependent]!r} does not vary by itself among the comparison units, so "
            "its changing influence cannot be told from the effects; drop it / "
            "协变量在对照单位内部没有变化，请删除"
        )
    slopes = np.linalg.solve(spread, weighted @ residual.T)
    return _Fit(residual - slopes.T @ centred, slopes, x, within, spread)


def _dependent_within(spread: np.ndarray, overall: np.ndarray) -> int | None:
    constant = np.flatnonzero(np.diag(spread) <= _rank.TOLERANCE * np.diag(overall))
    return int(constant[0]) if len(constant) else _rank.first_dependent_of_gram(spread)


def _arm_cells(
    panel: Panel,
    regression: _Fit,
    clusters: _clusters.Clusters,
    arm: Arm,
    comparison: np.ndarray,
    size: np.ndarray,
    factor: float,
) -> list[Cell]:
    others = np.flatnonzero(comparison)
    against = _clusters.totals(panel.weight[others], clusters.code[others], len(clusters))
    base = arm.start - 1
    contrast = np.zeros(panel.n_units)
    contrast[arm.rows] = panel.weight[arm.rows] / panel.weight[arm.rows].sum()
    contrast[others] = -panel.weight[others] / panel.weight[others].sum()
    rows = np.flatnonzero(contrast) if not len(regression.x) else np.arange(panel.n_units)
    change = panel.outcome.T[:, rows] - panel.outcome.T[base, rows]
    gap = regression.x @ contrast
    slope_change = regression.slopes - regression.slopes[:, [base]]
    effect = change @ contrast[rows] - gap @ slope_change
    leverage = contrast - panel.weight * (np.linalg.solve(regression.spread, gap) @ regression.within)
    residual = regression.residual[:, rows] - regression.residual[base, rows]
    influence = factor * _clusters.totals(leverage[rows] * residual, clusters.code[rows], len(clusters))
    return [
        _cells.reference(arm, year, size, len(others), against)
        if t == base
        else Cell(
            arm.cohort, int(year), arm.model, float(effect[t]), len(arm.rows), len(others),
            int(panel.years[base]), OK, influence[t], size, against,
        )
        for t, year in enumerate(panel.years)
    ]  # fmt: skip
