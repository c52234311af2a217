"""Every headline by a second, independent route on real data: statsmodels, scipy, or plain definitions; to 1e-6.

ROUTES names, for each headline, the tests that take another way to it; those of this file use public data, the others
simulated panels and sections of many shapes. Where two routes differ the test says why.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import optimize
from statsmodels.discrete.discrete_model import Logit
from statsmodels.sandbox.regression.gmm import IV2SLS

from analysis.checks.instrument import two_stage
from analysis.checks.published import _panels as panels
from analysis.checks.published import data_sets
from analysis.checks.published._data import path
from analysis.checks.published._panels import NEVER, NOT_YET, Setting
from analysis.checks.published.regressions import INSURANCE, network
from analysis.checks.published.trainees import trainees
from analysis.checks.synthetic_did import synthetic_did
from analysis.distribution.inequality import inequality
from analysis.distribution.rif import Statistic, rif
from analysis.members import entropy_balancing, nearest_neighbour, regression, weighting

TESTS = Path(__file__).resolve().parent.parent
HERE = "known_answers/test_second_routes.py"
SECOND = "estimators/test_estimators_second_implementation.py"
ROUTES = {
    "group_time": [
        (HERE, "test_group_time_is_a_difference_of_mean_changes"),
        (SECOND, "test_group_time_is_the_moments_and_their_derivatives"),
        (SECOND, "test_doubly_robust_cell_is_statsmodels_logit_and_wls"),
    ],
    "imputation": [
        (HERE, "test_imputation_is_prediction_by_statsmodels"),
        (SECOND, "test_imputation_is_the_dummy_regression_on_untreated_rows"),
    ],
    "saturated": [
        (HERE, "test_saturated_is_statsmodels_with_a_dummy_per_cell"),
        (SECOND, "test_saturated_is_the_dummy_regression"),
    ],
    "twfe": [
        (HERE, "test_two_way_is_statsmodels_with_dummies"),
        (SECOND, "test_two_way_is_the_dummy_regression"),
    ],
    "difference": [(HERE, "test_differences_and_regression_are_statsmodels")],
    "ols": [(HERE, "test_differences_and_regression_are_statsmodels")],
    "nearest_neighbour": [
        (HERE, "test_nearest_neighbours_by_all_distances"),
        ("members/test_matching.py", "test_effect_and_error_by_brute_force"),
    ],
    "ipw": [
        (HERE, "test_weighting_is_statsmodels_logit"),
        ("members/test_weighting.py", "test_statsmodels_with_a_logit"),
    ],
    "aipw": [
        (HERE, "test_weighting_is_statsmodels_logit"),
        ("members/test_weighting.py", "test_statsmodels_with_a_logit"),
    ],
    "entropy_balancing": [
        (HERE, "test_entropy_balancing_is_the_root_of_its_moment_equations"),
        ("members/test_entropy.py", "test_weights_are_those_of_another_solver"),
    ],
    "switching": [
        ("members/test_switching.py", "test_the_maximum_is_one_of_a_second_likelihood"),
        ("members/test_switching.py", "test_counterfactual_means_against_integrals_over_the_unobserved"),
    ],
    "two_stage": [
        (HERE, "test_two_stage_least_squares_is_statsmodels"),
        ("checks/test_instrument.py", "test_it_equals_the_matrix_formulas_with_dummies_weights_and_several_instruments"),
    ],
    "rif": [(HERE, "test_the_rif_is_the_numerical_derivative_of_the_statistic")],
    "synthetic_did": [
        (HERE, "test_synthetic_did_against_exact_quadratic_programs"),
        ("checks/test_synthetic_did.py", "test_weights_solve_their_quadratic_programs"),
    ],
    "wild_bootstrap": [
        ("checks/test_wild_bootstrap.py", "test_every_draw_equals_re_estimation_in_an_unbalanced_panel_with_weights"),
    ],
    "honest_smoothness": [
        ("checks/test_bounds.py", "test_two_smooth_programs_agree_on_the_shortest_interval"),
        ("checks/test_bounds.py", "test_smoothness_of_two_packages"),
    ],
    "honest_relative_magnitude": [("checks/test_bounds.py", "test_the_closed_form_is_the_linear_program")],
}  # fmt: skip


@pytest.mark.parametrize("headline", ROUTES)
def test_every_route_named_is_a_test(headline: str) -> None:
    for file, name in ROUTES[headline]:
        tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, (file, name)


# --- panels ---

STATES = [Setting("castle_doctrine"), Setting("medicaid_insurance")]
states = pytest.mark.parametrize("setting", STATES, ids=lambda s: s.data)


@cache
def long(setting: Setting) -> pd.DataFrame:
    panel = panels.panel_of(setting)
    n, t = panel.outcome.shape
    return pd.DataFrame(
        {
            "unit": np.repeat(np.arange(n), t), "year": np.tile(panel.years, n), "y": panel.outcome.ravel(),
            "cohort": np.repeat(panel.cohort, t),
        }
    )  # fmt: skip


def dummies(table: pd.DataFrame) -> np.ndarray:
    units = pd.get_dummies(table["unit"]).to_numpy(float)
    years = pd.get_dummies(table["year"]).to_numpy(float)[:, 1:]
    return np.column_stack([units, years])


@states
def test_two_way_is_statsmodels_with_dummies(setting):
    """Errors differ by the factor for unit effects only: statsmodels counts them, here they are nested in clusters."""
    table = long(setting)
    treated = (table["year"] >= table["cohort"]).to_numpy(float)
    columns = np.column_stack([treated, dummies(table)])
    other = sm.OLS(table["y"], columns).fit(cov_type="cluster", cov_kwds={"groups": table["unit"]})
    ours = panels.average(setting, "simple", estimator="twfe")
    n, k, units = len(table), columns.shape[1], table["unit"].nunique()

    assert ours[0] == pytest.approx(other.params.iloc[0], abs=1e-10)
    assert ours[1] == pytest.approx(other.bse.iloc[0] * np.sqrt((n - k) / (n - k + units - 1)), abs=1e-10)


@states
def test_saturated_is_statsmodels_with_a_dummy_per_cell(setting):
    table = long(setting)
    effects = panels.fitted(setting, "saturated", NEVER)
    cells = effects.cells[effects.cells["status"] == "ok"]
    columns = [
        ((table["cohort"] == cell.cohort) & (table["year"] == cell.year)).to_numpy(float)
        for cell in cells.itertuples()
    ]
    other = sm.OLS(table["y"], np.column_stack([*columns, dummies(table)])).fit()

    np.testing.assert_allclose(cells["effect"], other.params.iloc[: len(cells)], atol=1e-9)


@states
def test_imputation_is_prediction_by_statsmodels(setting):
    table = long(setting)
    free = (table["year"] < table["cohort"]).to_numpy()
    columns = dummies(table)
    other = sm.OLS(table["y"][free], columns[free]).fit()
    off = table["y"] - columns @ other.params.to_numpy()

    assert panels.average(setting, "simple", estimator="imputation", group=NOT_YET)[0] == pytest.approx(
        off[~free].mean(), abs=1e-9
    )
    at_two = (table["year"] - table["cohort"] == 2).to_numpy()
    ours = panels.average(setting, 2, by="event_time", estimator="imputation", group=NOT_YET)[0]
    assert ours == pytest.approx(off[at_two].mean(), abs=1e-9)


@states
@pytest.mark.parametrize("group", [NEVER, NOT_YET])
def test_group_time_is_a_difference_of_mean_changes(setting, group):
    """By pandas, cell by cell, and the overall average by treated units."""
    wide = long(setting).pivot(index="unit", columns="year", values="y")
    cohort = long(setting).groupby("unit")["cohort"].first()
    made = []
    for g in sorted(set(cohort[np.isfinite(cohort)])):
        for year in wide.columns[wide.columns >= g]:
            change = wide[year] - wide[g - 1]
            others = np.isinf(cohort) if group == NEVER else cohort > year
            made.append((change[cohort == g].mean() - change[others].mean(), int((cohort == g).sum())))
    effects, sizes = map(np.array, zip(*made, strict=True))

    cells = panels.fitted(setting, "group_time", group).cells
    after = cells[cells["year"] >= cells["cohort"]]
    np.testing.assert_allclose(after["effect"], effects, atol=1e-12)
    ours = panels.average(setting, "simple", group=group)[0]
    assert ours == pytest.approx(np.average(effects, weights=sizes), abs=1e-12)


# --- trainees ---


@pytest.mark.parametrize("controls", ["nsw_dw", "psid"])
def test_differences_and_regression_are_statsmodels(controls):
    section = trainees(controls)
    treated = section.treated.astype(float)
    plain = sm.OLS(section.outcome, sm.add_constant(treated)).fit(cov_type="HC2")
    adjusted = sm.OLS(section.outcome, sm.add_constant(np.column_stack([treated, section.covariates]))).fit()
    ours = regression.difference(section)

    assert (ours.estimate, ours.std_error) == pytest.approx((plain.params[1], plain.bse[1]), rel=1e-9)
    assert regression.ols(section).estimate == pytest.approx(adjusted.params[1], abs=1e-6)


@pytest.mark.parametrize("controls", ["cps", "psid"])
def test_weighting_is_statsmodels_logit(controls):
    section = trainees(controls)
    scale = section.covariates.std(axis=0)
    x = sm.add_constant(section.covariates / scale)
    inside = section.treated
    logit = Logit(inside.astype(float), x).fit(disp=0, method="newton", tol=1e-14, maxiter=100)
    p = logit.predict(x)
    odds = (p / (1 - p))[~inside]
    mean = section.outcome[inside].mean()
    ipw = mean - np.average(section.outcome[~inside], weights=odds)
    line = sm.OLS(section.outcome[~inside], x[~inside]).fit()
    rest = section.outcome[~inside] - line.predict(x[~inside])
    aipw = mean - line.predict(x[inside]).mean() - np.average(rest, weights=odds)

    assert weighting.ipw(section).estimate == pytest.approx(ipw, rel=1e-6)
    assert weighting.aipw(section).estimate == pytest.approx(aipw, rel=1e-6)


@pytest.mark.parametrize("controls", ["cps", "psid"])
def test_entropy_balancing_is_the_root_of_its_moment_equations(controls):
    """Solved as equations by MINPACK instead of as a minimum of the dual."""
    section = trainees(controls)
    inside = section.treated
    c = section.covariates / section.covariates.std(axis=0)
    c = c[~inside] - c[inside].mean(axis=0)

    def equations(unknown: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        w = np.exp(c @ unknown - (c @ unknown).max())
        w = w / w.sum()
        centred = c - w @ c
        return w @ c, (c * w[:, None]).T @ centred

    solved = optimize.root(equations, np.zeros(c.shape[1]), jac=True, method="hybr", options={"xtol": 1e-14})
    w = np.exp(c @ solved.x)
    w = w / w.sum()

    assert np.abs(w @ c).max() < 1e-9
    expected = section.outcome[inside].mean() - w @ section.outcome[~inside]
    assert entropy_balancing.estimate(section).estimate == pytest.approx(expected, rel=1e-6)


def test_nearest_neighbours_by_all_distances():
    """Scaled by the spread of all persons; everybody as near as the nearest is taken."""
    section = trainees("psid")
    x = section.covariates / section.covariates.std(axis=0)
    inside = section.treated
    distance = ((x[inside][:, None] - x[~inside][None]) ** 2).sum(axis=2)
    nearest = distance <= distance.min(axis=1, keepdims=True) * (1 + 1e-9) + 1e-12
    matched = nearest @ section.outcome[~inside] / nearest.sum(axis=1)

    ours = nearest_neighbour.estimate(section, distance="inverse_variance").estimate
    assert ours == pytest.approx((section.outcome[inside] - matched).mean(), abs=1e-6)


# --- the rest ---


def test_two_stage_least_squares_is_statsmodels():
    table = pd.read_csv(path("china_rice_insurance", "social_insure.csv"))
    table = table[["takeup_survey", "pre_takeup_rate", "default", "village", "address", *INSURANCE]].dropna()
    rest = np.column_stack([table[INSURANCE], pd.get_dummies(table["village"])]).astype(float)
    regressors = np.column_stack([table["pre_takeup_rate"], rest])
    other = IV2SLS(table["takeup_survey"], regressors, np.column_stack([table["default"], rest])).fit()
    found = network()

    assert found.estimate == pytest.approx(other.params.iloc[0], abs=1e-9)
    least = sm.OLS(table["takeup_survey"], regressors).fit(
        cov_type="cluster", cov_kwds={"groups": pd.factorize(table["address"])[0]}
    )
    assert found.least_squares == pytest.approx(least.params.iloc[0], abs=1e-9)
    alone = two_stage(
        table["takeup_survey"], table["pre_takeup_rate"], table["pre_takeup_rate"], controls=table[INSURANCE],
        effects=(table["village"],), cluster=table["address"],
    )  # fmt: skip
    assert alone.n_coefficients == regressors.shape[1], "villages are larger than clusters: all of them count"
    assert alone.std_error == pytest.approx(least.bse.iloc[0], abs=1e-9)


@pytest.mark.parametrize("name", ["gini", "theil_t", "theil_l", "variance"])
def test_the_rif_is_the_numerical_derivative_of_the_statistic(name):
    """How the statistic of earnings moves when a little mass is put on one amount (central differences)."""
    earned = trainees("psid").outcome
    values = earned[earned > 0][::7]
    n = len(values)
    everyone = np.arange(n)
    made = rif(values, Statistic(name), values=values, weight=np.ones(n))
    value = inequality(values, np.ones(n), everyone, names=(name,)).value(name)

    def with_mass(place: int, step: float) -> float:
        weight = np.full(n, (1 - step) / n)
        weight[place] += step
        return inequality(values, weight, everyone, names=(name,)).value(name)

    step = 1e-5
    for place in (0, n // 3, int(values.argmax()), int(values.argmin())):
        slope = (with_mass(place, step) - with_mass(place, -step)) / (2 * step)
        assert made[place] - value == pytest.approx(slope, rel=1e-6, abs=1e-8 * abs(value))


def exact_weights(a: np.ndarray, b: np.ndarray, zeta: float, start: np.ndarray) -> np.ndarray:
    """argmin over the simplex of |a x - b|^2 / rows + zeta^2 |x|^2 by a general solver."""
    rows, k = a.shape
    found = optimize.minimize(
        lambda x: ((a @ x - b) ** 2).sum() / rows + zeta**2 * x @ x, start,
        jac=lambda x: 2 * (a.T @ (a @ x - b) / rows + zeta**2 * x), bounds=[(0, 1)] * k, method="SLSQP",
        constraints={"type": "eq", "fun": lambda x: x.sum() - 1, "jac": np.ones_like},
        options={"ftol": 1e-15, "maxiter": 2000},
    )  # fmt: skip
    return found.x


def test_synthetic_did_against_exact_quadratic_programs():
    """The published algorithm sparsifies and stops early: exact weights give -15.605, printed and ours is -15.604."""
    if not data_sets()["california_prop99"].is_here:
        pytest.skip("california_prop99: notices not checked; set COOPEVAL_DATA to the folder that holds it")
    wide = pd.read_csv(path("california_prop99", "california_prop99.csv")).pivot(
        index="state", columns="year", values="cigsale"
    )
    y, treated, before = wide.to_numpy(), wide.index == "California", 19
    others, own = y[~treated], y[treated].mean(axis=0)
    sigma = np.diff(others[:, :before], axis=1).std(ddof=1)
    path_of = others[:, :before].T
    zeta = (y.shape[1] - before) ** 0.25 * sigma
    n0 = len(others)
    unit = exact_weights(
        path_of - path_of.mean(axis=0), own[:before] - own[:before].mean(), zeta, np.full(n0, 1 / n0)
    )
    rows = others[:, :before] - others[:, :before].mean(axis=0)
    after = others[:, before:].mean(axis=1)
    period = exact_weights(rows, after - after.mean(), 1e-6 * sigma, np.full(before, 1 / before))
    gap = own - unit @ others
    exact = gap[before:].mean() - period @ gap[:before]
    ours = synthetic_did(y, treated, before).estimate

    assert exact == pytest.approx(
        -15.605, abs=1e-3
    )  # mlsynth, which solves the programs exactly, prints -15.6054
    assert ours == pytest.approx(-15.60382787, abs=3e-8)
    assert abs(ours - exact) < 2.5e-3
