"""The same estimates by slower, plainer means: dense dummy regressions and derivatives in the weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from _panels import county

from analysis import estimators
from analysis.effects import Effects
from analysis.samples.panel import Panel
from analysis.study import Design

TIGHT = {"rtol": 1e-8, "atol": 1e-9}
SHAPES = [
    {"seed": 1},
    {"seed": 2, "weights": True, "n_clusters": 11},
    {"seed": 3, "weights": True, "n_clusters": 13, "n_covariates": 2, "n": 60},
    {
        "seed": 4,
        "years": (2014, 2016, 2017, 2019, 2020),
        "cohorts": (2015.0, 2018.0, 2020.0),
        "n_covariates": 1,
    },
    {"seed": 5, "models": ("a", "b"), "weights": True, "n": 60, "n_clusters": 17},
    {"seed": 6, "models": ("a", "b", "c"), "n": 90, "n_covariates": 2, "n_clusters": 30},
]
shapes = pytest.mark.parametrize("shape", SHAPES, ids=lambda s: f"seed{s['seed']}")
anticipations = pytest.mark.parametrize("anticipation", [0, 1])


class Long:
    """One row per unit and period, and dummies as full columns."""

    def __init__(self, panel: Panel, anticipation: int = 0) -> None:
        n, t = panel.outcome.shape
        self.unit, self.period = np.repeat(np.arange(n), t), np.tile(np.arange(t), n)
        self.year = panel.years[self.period]
        self.y = panel.outcome.ravel()
        self.cohort, self.model = panel.cohort[self.unit], panel.model[self.unit]
        self.weight = panel.weight[self.unit]
        self.clusters, code = np.unique(panel.cluster, return_inverse=True)
        self.cluster = code[self.unit]
        self.untreated = self.year < self.cohort - anticipation
        units = self.unit[:, None] == np.arange(n)
        periods = self.period[:, None] == np.arange(1, t)
        x = panel.covariates[self.unit]
        self.effects = np.hstack([units, periods, *(x[:, [j]] * periods for j in range(x.shape[1]))]).astype(
            float
        )

    def by_cluster(self, values: np.ndarray) -> np.ndarray:
        return np.array([values[self.cluster == c].sum(axis=0) for c in range(len(self.clusters))])


def generalised_inverse(gram: np.ndarray) -> tuple[np.ndarray, int]:
    values, vectors = np.linalg.eigh(gram)
    kept = values > 1e-9 * values[-1]
    return (vectors[:, kept] / values[kept]) @ vectors[:, kept].T, int(kept.sum())


def least_squares(long: Long, regressors: np.ndarray, rows: np.ndarray, n_units: int):
    """Coefficients of all columns, and their clustered influence with the factor for nested unit effects."""
    x, w = regressors[rows], long.weight[rows]
    bread, rank = generalised_inverse((x * w[:, None]).T @ x)
    beta = bread @ (x.T @ (w * long.y[rows]))
    score = np.zeros_like(regressors)
    score[rows] = x * (w * (long.y[rows] - x @ beta))[:, None]
    g, n, k = len(long.clusters), len(w), rank - n_units + 1
    return beta, np.sqrt(g / (g - 1) * (n - 1) / (n - k)) * long.by_cluster(score) @ bread


def with_base_period(panel: Panel, anticipation: int) -> Panel:
    return panel.keep(panel.cohort - anticipation > panel.years[0])


def identified(effects: Effects) -> list[tuple[int, object]]:
    return [(i, row) for i, row in enumerate(effects.cells.itertuples()) if row.status == "ok"]


@shapes
def test_two_way_is_the_dummy_regression(shape):
    panel = county(**shape)
    long = Long(panel)
    columns = np.column_stack([long.year >= long.cohort, long.effects])

    beta, influence = least_squares(long, columns, np.ones(len(long.y), dtype=bool), panel.n_units)
    effects = estimators.fit("twfe", panel, Design())

    np.testing.assert_allclose(effects.cells["effect"][0], beta[0], **TIGHT)
    np.testing.assert_allclose(effects.influence[0], influence[:, 0], **TIGHT)


@anticipations
@pytest.mark.parametrize("never", [True, False])
@shapes
def test_saturated_is_the_dummy_regression(shape, never, anticipation):
    panel = with_base_period(county(**shape, never=never), anticipation)
    effects = estimators.fit("saturated", panel, Design(anticipation=anticipation))
    long, cells = Long(panel, anticipation), identified(effects)
    rows = np.ones(len(long.y), dtype=bool)
    if not never:
        rows = long.year < panel.cohorts[-1] - anticipation
    dummies = [(long.cohort == c.cohort) & (long.model == c.model) & (long.year == c.year) for _, c in cells]
    slopes = [
        dummy * (x - np.average(x[dummy], weights=long.weight[dummy]))
        for dummy in dummies
        for x in panel.covariates[long.unit].T
    ]

    beta, influence = least_squares(
        long, np.column_stack([*dummies, *slopes, long.effects]), rows, panel.n_units
    )

    where = [i for i, _ in cells]
    np.testing.assert_allclose(effects.cells["effect"].iloc[where], beta[: len(cells)], **TIGHT)
    if not slopes:  # with covariates the errors allow for the cohort's own covariates: see the next test
        np.testing.assert_allclose(effects.influence[where], influence[:, : len(cells)], **TIGHT)


@anticipations
@shapes
def test_saturated_with_covariates_is_regression_adjustment_by_the_never_treated(shape, anticipation):
    panel = with_base_period(county(**shape), anticipation)
    saturated = estimators.fit("saturated", panel, Design(anticipation=anticipation))
    adjusted = estimators.fit(
        "group_time",
        panel,
        Design(
            anticipation=anticipation,
            comparison_group="never_treated",
            base_period="universal",
            adjustment="outcome_regression",
        ),
    )

    factor = saturated.influence.to_numpy() / np.where(adjusted.influence == 0, np.nan, adjusted.influence)
    np.testing.assert_allclose(saturated.cells["effect"], adjusted.cells["effect"], **TIGHT)
    np.testing.assert_allclose(factor[np.isfinite(factor)], np.nanmedian(factor), rtol=1e-7)
    assert 1 < np.nanmedian(factor) < 1.2  # the small-sample factor of the regression


@anticipations
@pytest.mark.parametrize("never", [True, False])
@shapes
def test_imputation_is_the_dummy_regression_on_untreated_rows(shape, never, anticipation):
    panel = with_base_period(county(**shape, never=never), anticipation)
    effects = estimators.fit("imputation", panel, Design(anticipation=anticipation))
    long = Long(panel, anticipation)
    rows, w = long.untreated, long.weight[long.untreated]
    x0 = long.effects[rows]
    bread, _ = generalised_inverse((x0 * w[:, None]).T @ x0)
    beta = bread @ (x0.T @ (w * long.y[rows]))
    off = long.y - long.effects @ beta
    for i, cell in identified(effects):
        inside = (long.cohort == cell.cohort) & (long.year == cell.year) & (long.model == cell.model)
        v = np.where(inside, long.weight, 0) / long.weight[inside].sum()
        v0 = np.zeros_like(v)
        v0[rows] = -w * (x0 @ (bread @ (long.effects.T @ v)))
        share, total = long.by_cluster(v), long.by_cluster(v * off)
        centre = share @ total / (share @ share)
        influence = long.by_cluster(np.where(rows, v0 * off, v * (off - centre)))

        np.testing.assert_allclose(cell.effect, v @ off, **TIGHT)
        np.testing.assert_allclose(effects.influence[i], influence, **TIGHT)
    np.testing.assert_array_equal(
        effects.cells["status"] == "ok",
        effects.cells["year"] < (9999 if never else panel.cohorts[-1] - anticipation),
    )


def logit_coefficients(x, member, weight):
    """Newton's method that also works on complex weights; real data are checked against statsmodels below."""
    beta = np.zeros(x.shape[1], dtype=weight.dtype)
    for _ in range(60):
        p = 1 / (1 + np.exp(-(x @ beta)))
        step = np.linalg.solve((x * (weight * p * (1 - p))[:, None]).T @ x, x.T @ (weight * (member - p)))
        beta = beta + step
        if np.abs(step).max() < 1e-15:
            break
    return beta


def cell_estimate(change, member, x, weight, adjustment):
    """One cell of Sant'Anna, Zhao (2020), written as the moments read; weights may be complex."""
    out = ~member
    p = 1 / (1 + np.exp(-(x @ logit_coefficients(x, member, weight))))
    odds = np.where(out & (p.real < 0.995), weight * p / (1 - p), 0)
    xo, wo = x[out], weight[out]
    gamma = np.linalg.solve((xo * wo[:, None]).T @ xo, xo.T @ (wo * change[out]))
    fitted = x @ gamma
    inside = weight * member
    if adjustment == "outcome_regression":
        return (inside * (change - fitted)).sum() / inside.sum()
    if adjustment == "ipw":
        fitted = 0
    rest = change - fitted
    return (inside * rest).sum() / inside.sum() - (odds * rest).sum() / odds.sum()


@pytest.mark.parametrize("base_period", ["varying", "universal"])
@pytest.mark.parametrize("comparison_group", ["never_treated", "not_yet_treated"])
@pytest.mark.parametrize("adjustment", ["doubly_robust", "outcome_regression", "ipw"])
@pytest.mark.parametrize("shape", [SHAPES[2], SHAPES[3], SHAPES[5]], ids=lambda s: f"seed{s['seed']}")
def test_group_time_is_the_moments_and_their_derivatives(shape, adjustment, comparison_group, base_period):
    """Influence of a unit = weight x derivative of the estimate in its weight, taken in the complex plane."""
    panel = county(**shape)
    design = Design(comparison_group=comparison_group, adjustment=adjustment, base_period=base_period)
    effects = estimators.fit("group_time", panel, design)
    clusters, code = np.unique(panel.cluster, return_inverse=True)
    position = {int(year): t for t, year in enumerate(panel.years)}
    cells = identified(effects)
    assert len(cells) > len(effects.cells) / 2
    for i, cell in cells[::5]:
        member = (panel.cohort == cell.cohort) & (panel.model == cell.model)
        until = max(cell.year, cell.base_year) if comparison_group == "not_yet_treated" else 9999
        rows = member | ((panel.cohort > until) & (panel.cohort != cell.cohort))
        change = panel.outcome[:, position[cell.year]] - panel.outcome[:, position[cell.base_year]]
        change, inside, weight = change[rows], member[rows], panel.weight[rows]
        x = np.column_stack([np.ones(rows.sum()), panel.covariates[rows]])
        influence = np.zeros(len(clusters))
        for j, cluster in enumerate(code[rows]):
            moved = weight.astype(complex)
            moved[j] += 1e-30j
            derivative = cell_estimate(change, inside, x, moved, adjustment).imag / 1e-30
            influence[cluster] += weight[j] * derivative

        np.testing.assert_allclose(cell.effect, cell_estimate(change, inside, x, weight, adjustment), **TIGHT)
        np.testing.assert_allclose(effects.influence[i], influence, **TIGHT)
        assert cell.n_comparison + effects_trimmed(effects) >= (~inside).sum()


def effects_trimmed(effects: Effects) -> int:
    return dict(effects.notes).get("trimmed_comparison", 0)


def test_doubly_robust_cell_is_statsmodels_logit_and_wls():
    panel = county(7, n=80, weights=True, n_covariates=2, cohorts=(2018.0,))
    effects = estimators.fit("group_time", panel, Design())
    member = panel.cohort == 2018
    x = sm.add_constant(panel.covariates)
    change = panel.outcome[:, 4] - panel.outcome[:, 2]
    propensity = sm.GLM(member, x, sm.families.Binomial(), freq_weights=panel.weight).fit(tol=1e-14)
    regression = sm.WLS(change[~member], x[~member], panel.weight[~member]).fit()
    rest, p = change - regression.predict(x), propensity.fittedvalues
    odds = np.where(member, 0, panel.weight * p / (1 - p))

    expected = np.average(rest[member], weights=panel.weight[member]) - np.average(rest, weights=odds)

    cells = effects.cells
    assert cells.loc[cells["year"] == 2019, "effect"].iloc[0] == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("name", ["group_time", "saturated"])
def test_without_covariates_every_cell_is_a_difference_of_mean_changes(name):
    panel = county(8, weights=True, n_clusters=9)
    effects = estimators.fit(name, panel, Design(comparison_group="never_treated", base_period="universal"))
    position = {int(year): t for t, year in enumerate(panel.years)}
    for _, cell in identified(effects):
        change = panel.outcome[:, position[cell.year]] - panel.outcome[:, position[cell.base_year]]
        inside, never = panel.cohort == cell.cohort, np.isinf(panel.cohort)
        expected = np.average(change[inside], weights=panel.weight[inside])
        expected -= np.average(change[never], weights=panel.weight[never])

        assert cell.effect == pytest.approx(expected, abs=1e-12)


def test_comparison_units_above_the_limit_are_trimmed_and_counted():
    panel = county(548, n=400, n_covariates=1, cohorts=(2018.0,))
    member = np.isfinite(panel.cohort)
    x = panel.covariates.copy()
    x[member] += 3
    panel = replace(panel, covariates=x)
    p = sm.GLM(member, sm.add_constant(x), sm.families.Binomial()).fit(tol=1e-14).fittedvalues
    far, close = ~member & (p >= 0.995), ~member & (p > 0.991) & (p < 0.995)
    assert far.sum() == 1
    assert close.sum() == 1

    effects = estimators.fit("group_time", panel, Design())

    assert dict(effects.notes)["trimmed_comparison"] == 1
    assert effects.cells["n_comparison"].iloc[0] == (~member).sum() - 1
    assert effects.comparison.loc[panel.cluster[far]].eq(0).all(axis=None)
    assert effects.comparison.loc[panel.cluster[close]].eq(1).all(axis=None)
