"""Imputation: what treated units would have had, from unit and year effects of the untreated observations.

Borusyak, Jaravel, Spiess (2024), Revisiting event-study designs: robust and efficient estimation, Review of
Economic Studies 91: estimator of theorem 2; conservative clustered variance of section 4.3, treated residuals
centred by cohort and year (and model).

    Y_it(0) = alpha_i + x_i' theta_t,  x_i = (1, covariates of unit i),  fitted where i is untreated in t;
    effect(g, t) = mean of Y_it - fitted over the units of the cell

Covariates are baseline values, each with a coefficient per year. All untreated observations are used, of
never treated and later adopters, whatever `comparison_group` says; `base_period` and `adjustment` do not
apply. Only treated (or anticipating) periods get cells; `base_year` is missing, as all earlier periods are
the base. The untreated periods of a unit are the first K of the panel, with one K for a cohort, so the normal
equations are sums over K of Kronecker products: cross products of x by deviations from K-period means. Where
histories are not complete, `_imputed_rows` solves the same least squares row by row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.effects import Effects
from analysis.estimators import _cells, _clusters, _imputed_rows, _rank
from analysis.estimators._cells import OK, Cell
from analysis.samples.panel import Observed, Panel
from analysis.study import Design

ONE_EFFECT = False
DESIGNS = ("panel", "unbalanced_panel", "repeated_cross_section")
KEEPS_ALWAYS_TREATED = False


@dataclass(frozen=True, slots=True)
class _Untreated:
    """Model of the untreated outcome over the first S periods, those it is identified in.

    deviation : (S, n) outcome less model; residuals before treatment, effects after
    normal : cross products of the year parameters, ((p + 1) (S - 1)) squared
    score : (((p + 1) (S - 1)), G) sums of weight x residual by cluster
    """

    deviation: np.ndarray
    normal: np.ndarray
    score: np.ndarray


def fit(panel: Observed, design: Design) -> Effects:
    """Effects by cohort, treated year and model of a panel that passed the gate."""
    if panel.design != "panel":
        return _imputed_rows.fit(panel, design)
    clusters = _clusters.of(panel)
    x = _rank.standardised(panel.covariates)
    start = _cells.first_treated(panel.years, panel.cohort, design.anticipation)
    n_identified, reason = _identified_periods(panel, x, start)
    untreated = _fit_untreated(panel, x, np.minimum(start, n_identified), n_identified, clusters)
    found: list[Cell] = []
    for arm in _cells.arms(panel, design.anticipation):
        size = _clusters.totals(panel.weight[arm.rows], clusters.code[arm.rows], len(clusters))
        inside = list(range(arm.start, n_identified))
        beyond = range(max(arm.start, n_identified), len(panel.years))
        found += _arm_cells(panel, x, untreated, clusters, arm, inside, start, size)
        found += [_cells.not_identified(arm, panel.years[t], None, reason[t], size) for t in beyond]
    return _cells.pack(found, clusters, "imputation", shares_estimated=False)


def _identified_periods(panel: Panel, x: np.ndarray, start: np.ndarray) -> tuple[int, dict[int, str]]:
    """Number of first periods whose effects the untreated observations identify, and why the others are not.

    Untreated units only become fewer, so a period that fails is followed by periods that fail.
    """
    n_periods, reason = len(panel.years), {}
    for t in range(n_periods):
        untreated = start > t
        count, year = int(untreated.sum()), int(panel.years[t])
        if count == 0:
            reason[t] = f"no comparison units left in {year}"
        elif count < len(x):
            reason[t] = f"the {count} units untreated in {year} are too few for {len(x)} coefficients"
        elif (dependent := _rank.first_dependent(x[:, untreated])) is not None:
            name, among = panel.covariate_names[dependent - 1], f"the {count} units untreated in {year}"
            reason[t] = f"covariate {name!r} does not vary by itself among {among}"
    return n_periods - len(reason), reason


def _fit_untreated(
    panel: Panel, x: np.ndarray, n_untreated: np.ndarray, n_periods: int, clusters: _clusters.Clusters
) -> _Untreated:
    """Least squares on the first `n_untreated` (n,) of `n_periods` observations of every unit."""
    outcome = np.ascontiguousarray(panel.outcome.T[:n_periods])
    n_free = len(x) * (n_periods - 1)  # the first period is the constant inside the unit effects
    normal, right = np.zeros((n_free, n_free)), np.zeros((len(x), n_periods - 1))
    lengths = np.unique(n_untreated)
    for k in lengths:
        rows = np.flatnonzero(n_untreated == k)
        weighted = x[:, rows] * panel.weight[rows]
        centring = np.zeros((n_periods, n_periods))
        centring[:k, :k] = np.eye(k) - 1 / k
        normal += np.kron(weighted @ x[:, rows].T, centring[1:, 1:])
        right += weighted @ (centring[1:] @ outcome[:, rows]).T
    theta = np.zeros((len(x), n_periods))
    theta[:, 1:] = np.linalg.solve(normal, right.ravel()).reshape(len(x), n_periods - 1)
    deviation = outcome - theta.T @ x
    residual = np.zeros((n_periods, panel.n_units))
    for k in lengths:
        rows = np.flatnonzero(n_untreated == k)
        own = deviation[:, rows]
        own -= own[:k].mean(axis=0)
        deviation[:, rows] = own
        residual[:k, rows] = own[:k]
    score = (x * panel.weight)[:, None, :] * residual[None, 1:, :]
    score = _clusters.totals(score.reshape(n_free, panel.n_units), clusters.code, len(clusters))
    return _Untreated(deviation, normal, score)


def _arm_cells(
    panel: Panel,
    x: np.ndarray,
    untreated: _Untreated,
    clusters: _clusters.Clusters,
    arm: _cells.Arm,
    periods: list[int],
    start: np.ndarray,
    size: np.ndarray,
) -> list[Cell]:
    if not periods:
        return []
    weight = panel.weight[arm.rows] / panel.weight[arm.rows].sum()
    code, effects = clusters.code[arm.rows], untreated.deviation[periods][:, arm.rows]
    # centring treated residuals anywhere in common keeps the variance conservative; here it is least so
    by_cluster = _clusters.totals(np.vstack([weight * effects, weight]), code, len(clusters))
    treated_sum, treated_share = by_cluster[:-1], by_cluster[-1]
    centre = treated_sum @ treated_share / (treated_share @ treated_share)
    mean_x = x[:, arm.rows] @ weight
    against_base = np.zeros((untreated.deviation.shape[0], len(periods)))
    against_base[: arm.start] = -1 / arm.start
    against_base[periods, range(len(periods))] = 1.0
    imputed = np.linalg.solve(untreated.normal, np.kron(mean_x[:, None], against_base[1:]))
    influence = treated_sum - np.outer(centre, treated_share) - imputed.T @ untreated.score
    cells = []
    for t, effect, psi in zip(periods, effects @ weight, influence, strict=True):
        others = np.flatnonzero(start > t)
        against = _clusters.totals(panel.weight[others], clusters.code[others], len(clusters))
        cells.append(
            Cell(
                arm.cohort, int(panel.years[t]), arm.model, float(effect), len(arm.rows), len(others), None,
                OK, psi, size, against,
            )
        )  # fmt: skip
    return cells
