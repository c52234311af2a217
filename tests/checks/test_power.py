"""Minimum detectable effects against statsmodels, textbook multiples, and simulation."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.checks.power import (
    detectable,
    minimum_detectable_effect,
    planned_effect,
    planned_error,
    power_of,
    rounds_factor,
)
from analysis.effects import EstimatorError


def test_textbook_multiples():
    assert minimum_detectable_effect(1.0).multiple == pytest.approx(1.959964 + 0.841621, abs=1e-4)
    assert minimum_detectable_effect(1.0, power=0.9).multiple == pytest.approx(3.241516, abs=1e-4)
    assert minimum_detectable_effect(250.0).effect == pytest.approx(250 * 2.801585, abs=1e-2)


@pytest.mark.parametrize("df", [4, 11, 60])
@pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
def test_it_equals_statsmodels_t_power(df, power):
    from statsmodels.stats.power import TTestPower

    n = df + 1
    found = minimum_detectable_effect(1 / np.sqrt(n), df=df, power=power)
    peer = TTestPower().power(found.effect, n, 0.05, df=df, alternative="two-sided")
    assert peer == pytest.approx(power, abs=1e-8)


def test_few_degrees_of_freedom_ask_for_more_than_blooms_sum_of_quantiles_says():
    """The sum of two t quantiles is the usual approximation; it is within a twentieth down to ten degrees."""
    for df in (10, 20, 40):
        approximate = stats.t.ppf(0.975, df) + stats.t.ppf(0.8, df)
        assert minimum_detectable_effect(1.0, df=df).multiple == pytest.approx(approximate, rel=0.05)
    assert minimum_detectable_effect(1.0, df=8).multiple > minimum_detectable_effect(1.0, df=80).multiple


def test_power_is_the_level_without_effect_and_grows():
    assert power_of(0.0, 1.0, df=12) == pytest.approx(0.05, abs=1e-9)
    assert power_of(-2.0, 1.0, df=12) == power_of(2.0, 1.0, df=12) < power_of(3.0, 1.0, df=12)


def test_power_is_the_share_of_simulated_tests_that_reject():
    rng = np.random.default_rng(0)
    effect = minimum_detectable_effect(np.sqrt(2 / 6), df=10, power=0.8).effect
    y = rng.normal(size=(4_000, 12)) + np.repeat([0, effect], 6)
    rejected = (stats.ttest_ind(y[:, 6:], y[:, :6], axis=1).pvalue < 0.05).sum()
    assert stats.binom.ppf(5e-4, 4_000, 0.8) <= rejected <= stats.binom.ppf(1 - 5e-4, 4_000, 0.8)


@pytest.mark.parametrize("variation", [0.0, 0.6])
def test_the_planned_error_is_the_spread_of_differences_between_clusters(variation):
    rng = np.random.default_rng(1)
    j, n, rho = 60, 8, 0.2
    size = np.full(j, n) if not variation else np.tile([3, 13], j // 2)  # mean 8, sd 5
    cv = size.std() / size.mean()
    code, d = np.repeat(np.arange(j), size), np.arange(j) % 4 < 2
    estimates = []
    for _ in range(4_000):
        y = np.sqrt(rho) * rng.normal(size=j)[code] + np.sqrt(1 - rho) * rng.normal(size=len(code))
        estimates.append(y[d[code]].mean() - y[~d[code]].mean())
    planned = planned_error(1.0, j, n, 0.5, correlation=rho, size_variation=cv)
    assert np.std(estimates) == pytest.approx(planned, rel=4 / np.sqrt(2 * 4_000))


def test_covariates_and_correlation_move_the_error_as_the_formula_says():
    one = planned_error(10.0, 40, 20, 0.5)
    assert one == pytest.approx(10 / np.sqrt(40 * 20 / 4))
    assert planned_error(10.0, 40, 20, 0.5, correlation=1.0) == pytest.approx(10 / np.sqrt(10))
    both = planned_error(10.0, 40, 20, 0.5, correlation=0.1, r2_between=0.5, r2_within=0.2)
    assert both == pytest.approx(10 * np.sqrt((0.05 + 0.9 * 0.8 / 20) / 10))
    found = planned_effect(10.0, 40, 20, 0.5, correlation=0.1, n_covariates=2)
    assert found.df == 36
    assert found.effect == minimum_detectable_effect(found.std_error, df=36).effect


def test_rounds_are_worth_what_simulated_changes_are():
    assert rounds_factor(1, 1, 0.5) == pytest.approx(1.0)
    rng = np.random.default_rng(2)
    a, m, r = 0.4, 3, 2
    y = np.sqrt(a) * rng.normal(size=(40_000, 1)) + np.sqrt(1 - a) * rng.normal(size=(40_000, m + r))
    change = y[:, m:].mean(axis=1) - y[:, :m].mean(axis=1)
    assert change.var() == pytest.approx(rounds_factor(m, r, a), rel=4 * np.sqrt(2 / 40_000))


def test_unit_does_not_matter():
    one, other = (
        planned_effect(1.0, 30, 10, 0.4, correlation=0.1),
        planned_effect(1e4, 30, 10, 0.4, correlation=0.1),
    )
    assert other.effect == pytest.approx(1e4 * one.effect)


def test_designs_without_an_answer_are_refused():
    with pytest.raises(EstimatorError, match=r"power 0\.04 must lie between the level 0\.05 and 1") as one:
        minimum_detectable_effect(1.0, power=0.04)
    assert "功效 0.04" in one.value.message.zh
    with pytest.raises(EstimatorError, match="a positive error"):
        minimum_detectable_effect(0.0)
    with pytest.raises(EstimatorError, match="0 degrees of freedom"):
        planned_effect(1.0, 2, 10, 0.5)
    with pytest.raises(EstimatorError, match="two clusters of one"):
        planned_error(1.0, 20, 10, 1.0)
    with pytest.raises(EstimatorError, match="one round each"):
        rounds_factor(0, 1, 0.5)


def test_rows_get_what_their_own_error_and_degrees_of_freedom_give():
    rows = pd.DataFrame({
        "level": ["simple", 2020, 2021], "conf_low": [-1.0, 0.2, np.nan], "std_error_small": [2.0, 1.0, 0.5],
        "df": [30.0, 6.0, 4.0],
    })  # fmt: skip

    found = rows.assign(detectable=detectable(rows, conf_level=0.9)).dropna(subset="detectable")

    assert found["level"].tolist() == ["simple", 2020], "a row without an interval has no error to go by"
    for row in found.itertuples():
        one = minimum_detectable_effect(row.std_error_small, df=row.df, alpha=0.1)
        assert row.detectable == one.effect
        # second route: the noncentral t law itself
        critical = stats.t.ppf(0.95, row.df)
        away = row.detectable / row.std_error_small
        reached = stats.nct.sf(critical, row.df, away) + stats.nct.cdf(-critical, row.df, away)
        assert reached == pytest.approx(0.8, abs=1e-9)
