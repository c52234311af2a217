"""Randomisation inference: the same estimate as the estimator, exact small cases, and the level of the test."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.checks import randomisation
from analysis.checks._own_change import own_changes
from analysis.checks.randomisation import (
    adjusted_randomisation,
    difference_randomisation,
    group_time_randomisation,
    statistic_randomisation,
)
from analysis.contract import read_table
from analysis.effects import EstimatorError
from analysis.estimates import aggregate
from analysis.estimators import fit
from analysis.samples import Panel, select
from analysis.study import read_study

YEARS = np.arange(2015, 2021)


def panel(seed: int = 0, n: int = 60, effect: float = 0.0):
    rng = np.random.default_rng(seed)
    cohort = rng.choice([2017.0, 2018.0, 2019.0, np.inf], n)
    town = rng.integers(0, 6, n)
    outcome = rng.normal(size=(n, 1)) + rng.normal(size=(n, len(YEARS))) + effect * (cohort[:, None] <= YEARS)
    return outcome, cohort, town


def published(name: str) -> tuple:
    study = read_study(name)
    table = study.outcome(study.primary_outcome).table
    return study, select(read_table(table, study), study, study.primary_outcome).panel.without_models()


@pytest.mark.parametrize("group", ["never_treated", "not_yet_treated"])
@pytest.mark.parametrize("name", ["mpdta", "castle_doctrine"])
def test_the_estimate_is_the_group_time_estimators_simple_average(name, group):
    study, found = published(name)
    design = study.design.model_copy(
        update={"comparison_group": group, "min_treated_units": 1, "anticipation": 0}
    )
    expected = aggregate(fit("group_time", unweighted(found), design), design).rows.set_index("level")
    own = group_time_randomisation(found.outcome, found.cohort, found.years, comparison_group=group, draws=9)
    assert own.estimate == pytest.approx(expected.loc["simple", "estimate"], abs=1e-12)


def unweighted(found: Panel) -> Panel:
    return replace(
        found, weight=np.ones(found.n_units), covariates=np.empty((found.n_units, 0)), covariate_names=()
    )


def test_every_draw_is_the_statistic_of_its_own_schedule():
    outcome, cohort, _town = panel(1, 30)
    table = randomisation._Table(*_table(outcome, cohort))
    rng = np.random.default_rng(3)
    dealt = np.array([rng.permutation(table.group) for _ in range(5)])
    theta, variance = randomisation._statistics(table, dealt)
    levels = np.unique(cohort)
    for row, value, squared in zip(dealt, theta, variance, strict=True):
        one = group_time_randomisation(outcome, levels[row], YEARS, draws=1)
        assert (value, np.sqrt(squared)) == (pytest.approx(one.estimate), pytest.approx(one.std_error))


def _table(outcome, cohort):
    levels, group = np.unique(cohort, return_inverse=True)
    size = np.bincount(group)
    coefficient, _live = randomisation._coefficients(levels, size, YEARS, "not_yet_treated", 0)
    return outcome @ coefficient.T, group, size


def test_the_error_of_a_difference_in_means_is_neymans():
    rng = np.random.default_rng(0)
    y, d = rng.normal(size=40), np.arange(40) < 12
    found = difference_randomisation(y, d, draws=9)
    assert found.estimate == pytest.approx(y[d].mean() - y[~d].mean())
    assert found.std_error == pytest.approx(np.sqrt(y[d].var(ddof=1) / 12 + y[~d].var(ddof=1) / 28))


def test_the_p_value_is_that_of_all_assignments():
    rng = np.random.default_rng(4)
    y, d = rng.normal(size=9), np.zeros(9, dtype=bool)
    d[:4] = True
    y[d] += 1.0

    def t(rows):
        one, two = y[list(rows)], np.delete(y, list(rows))
        return abs(one.mean() - two.mean()) / np.sqrt(one.var(ddof=1) / 4 + two.var(ddof=1) / 5)

    exact = np.mean([t(rows) >= t(range(4)) * (1 - 1e-9) for rows in combinations(range(9), 4)])
    found = difference_randomisation(y, d, draws=20_000)
    assert found.p_value == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 20_000))


def test_the_p_value_counts_the_data_as_one_draw():
    y = np.arange(30.0)
    found = difference_randomisation(y + 100 * (y > 14), y > 14, draws=99)
    assert found.p_value == 1 / 100


def test_schedules_stay_within_strata():
    _outcome, cohort, town = panel(2)
    group = np.unique(cohort, return_inverse=True)[1]
    dealt = randomisation._dealt(group, town, 50, np.random.default_rng(0))
    for t in range(6):
        assert (np.sort(dealt[:, town == t], axis=1) == np.sort(group[town == t])).all()
    assert (dealt != group).any()


def test_the_same_seed_gives_the_same_p_and_a_statistic_of_ones_own_agrees():
    outcome, cohort, town = panel(5, effect=0.5)
    one = group_time_randomisation(outcome, cohort, YEARS, strata=town, draws=999, seed=7)
    assert one == group_time_randomisation(outcome, cohort, YEARS, strata=town, draws=999, seed=7)

    def statistic(g):
        return group_time_randomisation(outcome, g, YEARS, draws=1).statistic

    other = statistic_randomisation(statistic, cohort, strata=town, draws=199, seed=7)
    assert other.statistic == pytest.approx(one.statistic)
    assert other.p_value == pytest.approx(one.p_value, abs=4 * np.sqrt(0.25 / 199))


def test_units_without_a_period_before_or_a_comparison_are_left_out_and_counted():
    outcome, cohort, _town = panel(6)
    cohort[:5] = 2015
    assert group_time_randomisation(outcome, cohort, YEARS, draws=9).n_left_out == 5


def band(level: float, n: int) -> tuple[int, int]:
    return int(stats.binom.ppf(5e-4, n, level)), int(stats.binom.ppf(1 - 5e-4, n, level))


def test_its_level_is_exact_without_effect():
    def p(seed):
        outcome, cohort, town = panel(seed, 40)
        return group_time_randomisation(outcome, cohort, YEARS, strata=town, draws=99, seed=seed).p_value

    low, high = band(0.05, 600)
    assert low <= sum(p(seed) <= 0.05 for seed in range(600)) <= high


def test_unequal_spread_breaks_the_plain_statistic_and_not_the_studentised():
    def both(seed):
        rng = np.random.default_rng(seed)
        d = np.arange(120) < 24
        y = rng.normal(size=120) * np.where(d, 4, 1)
        found = difference_randomisation(y, d, draws=199, seed=seed)
        return found.p_value <= 0.05, found.p_unstudentised <= 0.05

    studentised, plain = np.array([both(seed) for seed in range(600)]).sum(axis=0)
    low, high = band(0.05, 600)
    assert low <= studentised <= high
    assert plain > 2 * high


@settings(max_examples=50, deadline=None)
@given(st.floats(0.01, 1e4), st.floats(-1e4, 1e4), st.integers(0, 10_000))
def test_unit_and_origin_never_move_a_p_value(scale, origin, seed):
    rng = np.random.default_rng(seed)
    y, d = rng.normal(size=24), np.arange(24) < 9
    one, other = (difference_randomisation(v, d, draws=99) for v in (y, (y + origin) * scale))
    assert other.p_value == one.p_value
    assert other.std_error == pytest.approx(scale * one.std_error, rel=1e-6)


def test_unit_origin_and_order_do_not_matter():
    outcome, cohort, _town = panel(8)
    one = group_time_randomisation(outcome, cohort, YEARS, draws=199)
    other = group_time_randomisation(outcome * 10 + 1e4, cohort, YEARS, draws=199)
    assert other.estimate == pytest.approx(10 * one.estimate)
    assert other.p_value == one.p_value
    order = np.random.default_rng(0).permutation(len(cohort))
    turned = group_time_randomisation(outcome[order], cohort[order], YEARS, draws=199)
    assert turned.statistic == pytest.approx(one.statistic)


def test_what_cannot_be_dealt_anew_is_refused():
    outcome, cohort, _town = panel()
    with pytest.raises(EstimatorError, match="nothing can be exchanged") as one:
        group_time_randomisation(outcome, cohort, YEARS, strata=np.arange(len(cohort)))
    assert "无法置换" in one.value.message.zh
    with pytest.raises(EstimatorError, match="choose never_treated, not_yet_treated"):
        group_time_randomisation(outcome, cohort, YEARS, comparison_group="all")
    with pytest.raises(EstimatorError, match="no cohort has a period before"):
        group_time_randomisation(outcome, np.full(len(cohort), 2015.0), YEARS)
    with pytest.raises(EstimatorError, match="outcomes are missing"):
        group_time_randomisation(np.where(outcome > 2, np.nan, outcome), cohort, YEARS)
    with pytest.raises(EstimatorError, match="0 treated and 5 other"):
        difference_randomisation(np.arange(5.0), np.zeros(5, dtype=bool))
    with pytest.raises(EstimatorError, match="do not vary within any cohort"):
        difference_randomisation(np.ones(6), np.arange(6) < 3)
    with pytest.raises(EstimatorError, match="not a number"):
        statistic_randomisation(lambda g: np.nan, cohort)


@pytest.mark.parametrize("name", ["mpdta", "castle_doctrine"])
def test_own_changes_without_controls_are_the_average_over_cohorts(name):
    """Independent route: the group-time estimator's `group` average against never treated units."""
    study, published_panel = published(name)
    design = study.design.model_copy(update={"comparison_group": "never_treated", "min_treated_units": 2})
    bare = replace(published_panel, covariates=published_panel.covariates[:, :0], covariate_names=())

    own = own_changes(bare, design)

    average = aggregate(fit("group_time", bare, design), design).row("group")["estimate"]
    assert own.change[own.treated].mean() - own.change[~own.treated].mean() == pytest.approx(
        average, abs=1e-12
    )


def own_panel(seed: int = 3, n: int = 80, effect: float = 0.0):
    rng = np.random.default_rng(seed)
    controls = rng.normal(size=(n, 2))
    code = np.where(controls[:, 0] + rng.normal(size=n) > 0.3, rng.integers(0, 2, n), 2)
    by_cohort = controls @ [[1.0, 0.8], [0.0, 0.5]] + rng.normal(size=(n, 2)) * (1 + (code == 0))[:, None]
    return by_cohort + effect * (code < 2)[:, None], code, controls


def test_the_adjusted_statistic_is_the_regression_with_robust_errors():
    by_cohort, code, controls = own_panel(effect=0.7)
    size = np.bincount(code)[:2]
    change = np.where(
        code == 2, by_cohort @ (size / size.sum()), by_cohort[np.arange(len(code)), np.minimum(code, 1)]
    )

    found = adjusted_randomisation(by_cohort, code, controls, draws=99)

    fitted = sm.OLS(change, sm.add_constant(np.column_stack([code < 2, controls]))).fit(cov_type="HC0")
    assert found.estimate == pytest.approx(fitted.params[1], rel=1e-10)
    assert found.std_error == pytest.approx(fitted.bse[1], rel=1e-10)
    assert found.n_treated == (code < 2).sum()


def test_every_adjusted_draw_is_the_regression_of_its_own_schedule():
    by_cohort, code, controls = own_panel(n=30)
    town = np.arange(30) % 3

    def t_ratio(schedule):
        return adjusted_randomisation(by_cohort, schedule.astype(int), controls, draws=1).statistic

    found = adjusted_randomisation(by_cohort, code, controls, strata=town, draws=299, seed=8)
    again = statistic_randomisation(t_ratio, code.astype(float), strata=town, draws=299, seed=8)

    assert found.p_value == again.p_value
    assert found.statistic == pytest.approx(again.statistic, rel=1e-12)


def test_the_adjusted_test_keeps_its_level_where_schedules_are_dealt():
    p_values = []
    for seed in range(300):
        by_cohort, code, controls = own_panel(seed, n=24)
        dealt = np.random.default_rng(seed).permutation(code)
        p_values.append(adjusted_randomisation(by_cohort, dealt, controls, draws=99, seed=seed).p_value)

    rejected = int((np.array(p_values) <= 0.05).sum())
    assert stats.binomtest(rejected, 300, 0.05).pvalue > 0.001
    assert 0.4 < np.mean(p_values) < 0.6


def test_adjusted_questions_without_an_answer_are_refused():
    by_cohort, code, _ = own_panel(n=30)
    with pytest.raises(EstimatorError, match="adoption is a combination of the controls"):
        adjusted_randomisation(by_cohort, code, (code < 2)[:, None].astype(float), draws=9)
    with pytest.raises(EstimatorError, match="values are missing"):
        adjusted_randomisation(by_cohort, code, np.full((30, 1), np.nan), draws=9)


def test_units_from_the_first_period_on_and_later_years_without_comparison_are_left_out():
    study, medicaid = published("medicaid_insurance")
    design = study.design.model_copy(update={"comparison_group": "never_treated"})
    started = replace(
        medicaid, cohort=np.where(np.arange(medicaid.n_units) < 3, medicaid.years[0], medicaid.cohort)
    )
    kept = medicaid.keep(np.arange(medicaid.n_units) >= 3)

    one, other = own_changes(started, design), own_changes(kept, design)
    np.testing.assert_allclose(one.change, other.change)

    everyone = medicaid.keep(np.isfinite(medicaid.cohort))
    late = own_changes(everyone, design)
    assert late.last < everyone.years[-1], "nobody is untreated in the last year"
    assert late.n_comparison == (everyone.cohort > late.last).sum() >= design.min_treated_units

    with pytest.raises(EstimatorError, match="there is no year in which 5 units have adopted and 5 have not"):
        own_changes(medicaid.keep(medicaid.cohort == 2014), design)
