"""Oster on populations with a known confounder, Cinelli-Hazlett on published digits and constructed confounders."""

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from analysis.checks._own_change import OwnChange
from analysis.checks.confounding import confounding, contour
from analysis.checks.omitted_variable import (
    Moments,
    adjusted,
    benchmark_bound,
    e_value,
    e_value_of_difference,
    moments,
    partial_r2,
    proportional_selection,
    robustness,
)
from analysis.effects import EstimatorError

DARFUR = (0.0973158, 0.0232565, 783)  # estimate, error, degrees of freedom


def population(
    effect: float, delta: float, *, on_x=0.5, w1=1.0, w2=0.7, noise=0.6, rest=1.3
) -> tuple[Moments, float]:
    """Moments of y = effect x + w1 + w2 + e with cov(w2, x) / var(w2) = delta cov(w1, x) / var(w1), and full R2."""
    c1 = on_x * w1
    c2 = delta * on_x * w2
    x = c1**2 / w1 + c2**2 / w2 + rest
    xy = effect * x + c1 + c2
    y = effect**2 * x + w1 + w2 + noise + 2 * effect * (c1 + c2)
    short = xy / x
    inner = np.array([[x, c1], [c1, w1]])
    both = np.array([xy, effect * c1 + w1])
    coefficient = np.linalg.solve(inner, both)
    long_r2 = float(coefficient @ both / y)
    found = Moments(short, float(coefficient[0]), short * xy / y, long_r2, y, x, x - c1**2 / w1)
    return found, float((y - noise) / y)


@pytest.mark.parametrize("effect", [1.0, 0.2, -0.8])
@pytest.mark.parametrize("delta", [0.3, 1.0, 1.7, -0.5])
def test_the_cubic_holds_at_the_true_effect_and_the_true_delta(effect, delta):
    found, r_max = population(effect, delta)
    solved = proportional_selection(found, delta=delta, r_max=r_max)
    every = np.array([solved.bound, *solved.other_bounds])
    assert np.abs(every - effect).min() < 1e-9


@pytest.mark.parametrize("delta", [0.3, 1.0, 1.7, -0.5])
def test_delta_at_zero_is_the_true_delta_if_the_true_effect_is_zero(delta):
    found, r_max = population(0.0, delta)
    assert proportional_selection(found, r_max=r_max).delta_at_zero == pytest.approx(delta, rel=1e-9)


def test_no_selection_on_unobservables_leaves_the_controlled_estimate():
    found, _ = population(0.4, 0.0)
    solved = proportional_selection(found, delta=0.0)
    assert solved.bound == pytest.approx(0.4, abs=1e-9)
    assert solved.r_max == pytest.approx(min(1, 1.3 * found.long_r2))
    assert np.isnan(proportional_selection(found, r_max=found.long_r2).delta_at_zero)


def test_a_bound_at_zero_and_delta_at_zero_say_the_same():
    found, r_max = population(0.6, 1.0)
    solved = proportional_selection(found, r_max=r_max)
    again = proportional_selection(found, delta=solved.delta_at_zero, r_max=r_max)
    assert min(map(abs, (again.bound, *again.other_bounds))) < 1e-9


def test_moments_are_those_of_the_two_regressions_and_of_what_is_always_controlled():
    rng = np.random.default_rng(0)
    always, w = rng.normal(size=(300, 1)), rng.normal(size=(300, 2))
    x = w @ [0.5, -0.2] + always[:, 0] + rng.normal(size=300)
    y = 0.7 * x + w @ [1, 1] + always[:, 0] + rng.normal(size=300)
    found = moments(y, x, w, always=always)
    constant = np.ones((300, 1))
    short = np.linalg.lstsq(np.column_stack([constant, always, x]), y, rcond=None)[0][2]
    long = np.linalg.lstsq(np.column_stack([constant, always, x, w]), y, rcond=None)[0][2]
    assert (found.short, found.long) == (pytest.approx(short), pytest.approx(long))
    assert found.long_r2 == pytest.approx(partial_r2(y, np.column_stack([x, w]), always))
    assert found.short_r2 == pytest.approx(partial_r2(y, x, always))
    assert 1 - found.residual_variance / found.treatment_variance == pytest.approx(partial_r2(x, w, always))
    tenfold = moments(10 * y + 3, x, w, always=always)
    assert proportional_selection(tenfold).bound == pytest.approx(10 * proportional_selection(found).bound)
    assert proportional_selection(tenfold).delta_at_zero == pytest.approx(
        proportional_selection(found).delta_at_zero
    )


def test_darfur_to_all_printed_digits():
    found = robustness(4.18445, 783)
    assert found.partial_r2 == pytest.approx(0.0218731, abs=5e-8)
    assert found.value == pytest.approx(0.1387764, abs=5.5e-8)
    assert found.value_at_alpha == pytest.approx(0.0762580, abs=5e-8)


@pytest.mark.parametrize(
    ("treatment_r2", "outcome_r2", "estimate", "error", "t"),
    [
        (0.00916429, 0.12464092, 0.0752, 0.0219, 3.44),
        (0.01832858, 0.24932416, 0.0529, 0.0204, 2.60),
        (0.02749286, 0.37405, 0.0304, 0.0187, 1.63),
    ],
)  # one, two and three times "female" as the authors' package prints them; known, page not read again
def test_darfur_bounds_by_a_benchmark_covariate(treatment_r2, outcome_r2, estimate, error, t):
    found = adjusted(*DARFUR, treatment_r2=treatment_r2, outcome_r2=outcome_r2)
    assert found.estimate == pytest.approx(estimate, abs=5e-5)
    assert found.std_error == pytest.approx(error, abs=6e-5)
    assert found.statistic == pytest.approx(t, abs=5e-3)


@pytest.mark.parametrize(("t", "df"), [(4.18445, 783), (2.6, 40), (9.0, 12), (30.0, 3)])
def test_a_confounder_at_the_robustness_value_brings_estimate_or_limit_exactly_to_zero(t, df):
    found = robustness(t, df)
    at_value = adjusted(t, 1.0, df, treatment_r2=found.value, outcome_r2=found.value)
    assert at_value.estimate == pytest.approx(0, abs=1e-9 * t)
    critical = stats.t.ppf(0.975, df - 1)

    def least(strength):
        """The smallest t ratio that a confounder can leave whose two partial R2 are at most `strength`."""
        outcome = np.append(np.linspace(0, strength, 2001), strength)
        bias = np.sqrt(df * outcome * strength / (1 - strength))
        return ((t - bias) / np.sqrt((1 - outcome) / (1 - strength) * df / (df - 1))).min()

    assert least(found.value_at_alpha) == pytest.approx(critical, rel=2e-3)
    assert least(found.value_at_alpha * 0.98) > critical


def test_an_insignificant_estimate_has_no_robustness_at_alpha():
    assert robustness(1.0, 100).value_at_alpha == 0.0
    assert robustness(-4.18445, 783).value == robustness(4.18445, 783).value


def regression(y, x, others):
    design = np.column_stack([x, np.ones(len(y)), others])
    beta = np.linalg.lstsq(design, y, rcond=None)[0]
    e = y - design @ beta
    df = len(y) - design.shape[1]
    return beta[0], np.sqrt(e @ e / df * np.linalg.inv(design.T @ design)[0, 0]), df


def made(seed):
    rng = np.random.default_rng(seed)
    w, z = rng.normal(size=(200, 2)), rng.normal(size=200)
    x = w @ [0.6, 0.3] + 0.8 * z + rng.normal(size=200)
    return 0.9 * x + w @ [0.5, 0.5] + 0.7 * z + rng.normal(size=200), x, w, z


def test_the_adjusted_estimate_is_the_regression_with_the_confounder():
    y, x, w, z = made(1)
    estimate, error, df = regression(y, x, w)
    with_z = regression(y, x, np.column_stack([w, z]))
    found = adjusted(
        estimate,
        error,
        df,
        treatment_r2=partial_r2(x, z, w),
        outcome_r2=partial_r2(y, z, np.column_stack([x, w])),
    )
    assert (found.estimate, found.std_error) == (pytest.approx(with_z[0]), pytest.approx(with_z[1]))


def test_no_confounder_of_a_benchmarks_strength_goes_beyond_the_bound():
    """Random confounders orthogonal to the controls, each held against the bound at its own relative strength."""
    slack = []
    for seed in range(300):
        y, x, w, z = made(seed)
        rng = np.random.default_rng(seed + 1000)
        z = (
            z * rng.normal()
            + (y - x) * rng.normal()
            + x * rng.normal()
            + rng.normal(size=200) * rng.uniform(0, 2)
        )
        base = np.column_stack([np.ones(200), w])
        z = z - base @ np.linalg.lstsq(base, z, rcond=None)[0]
        estimate, error, df = regression(y, x, w)
        r_d, r_y = partial_r2(x, w[:, 0], w[:, 1]), partial_r2(y, w[:, 0], np.column_stack([x, w[:, 1]]))
        k_d = partial_r2(x, z, w[:, 1]) / r_d
        k_y = partial_r2(y, z, np.column_stack([x, w[:, 1]])) / r_y
        if k_d * r_d / (1 - r_d) >= 1:
            continue
        bound = benchmark_bound(
            estimate, error, df, treatment_r2=r_d, outcome_r2=r_y, times=k_d, times_outcome=k_y
        )
        assert bound.treatment_r2 == pytest.approx(partial_r2(x, z, w), rel=1e-9)
        slack.append(bound.outcome_r2 - partial_r2(y, z, np.column_stack([x, w])))
    assert len(slack) > 150
    assert min(slack) > -1e-9
    assert min(slack) < 0.01  # and it is sharp


def test_e_values():
    assert e_value(3.9).of_estimate == pytest.approx(7.263, abs=5e-4)
    assert e_value(1 / 3.9).of_estimate == pytest.approx(e_value(3.9).of_estimate)
    assert e_value(1.0).of_estimate == 1.0
    assert np.isnan(e_value(3.9).of_limit)
    both = e_value(3.9, conf_low=1.8, conf_high=8.7)  # VanderWeele, Ding (2017): 7.26, limit 3.0
    assert both.of_limit == pytest.approx(3.0, abs=0.005)
    assert e_value(0.5, conf_low=0.3, conf_high=0.8).of_limit == e_value(0.8).of_estimate
    assert e_value(1.2, conf_low=0.9, conf_high=1.5).of_limit == 1.0


def test_e_value_of_a_continuous_outcome_and_its_interval():
    found = e_value_of_difference(1_000, 300, 2_500)
    assert found.ratio == pytest.approx(np.exp(0.91 * 0.4))
    assert found.of_limit == pytest.approx(
        e_value(np.exp(0.91 * 0.4 - 1.78 * 0.12)).of_estimate, abs=2e-3
    )  # table 2
    assert e_value_of_difference(-1_000, 300, 2_500).of_estimate == pytest.approx(found.of_estimate)


def test_what_is_impossible_is_refused():
    found, _ = population(0.4, 1.0)
    with pytest.raises(EstimatorError, match=r"r_max 0.1 must lie between") as one:
        proportional_selection(found, r_max=0.1)
    assert "应介于" in one.value.message.zh
    x = np.arange(10.0)
    with pytest.raises(EstimatorError, match="combination of the controls"):
        moments(x**2, x, x[:, None])
    with pytest.raises(EstimatorError, match="are missing"):
        moments(np.full(10, np.nan), x, x[:, None])
    with pytest.raises(EstimatorError, match="no confounder can be 50 times"):
        benchmark_bound(*DARFUR, treatment_r2=0.1, outcome_r2=0.1, times=50)
    with pytest.raises(EstimatorError, match="are not possible"):
        adjusted(*DARFUR, treatment_r2=1.0, outcome_r2=0.1)
    with pytest.raises(EstimatorError, match="positive"):
        e_value(-1.0)
    with pytest.raises(EstimatorError, match="does not vary"):
        e_value_of_difference(1, 1, 0)
    with pytest.raises(EstimatorError, match="says nothing"):
        robustness(2.0, 1)


def own(seed: int = 5, n: int = 120, clusters: int = 0) -> OwnChange:
    """Changes that depend on two covariates which also move adoption, and on adoption by 1.5."""
    rng = np.random.default_rng(seed)
    controls = rng.normal(size=(n, 2))
    treated = controls @ [0.8, 0.3] + rng.normal(size=n) > 0
    change = 1.5 * treated + controls @ [1.0, 0.4] + rng.normal(size=n)
    cluster = np.arange(n) % clusters if clusters else np.arange(n)
    return OwnChange(
        change[:, None], np.where(treated, 0, 1), controls[:, 0], controls, ("land", "cadre"), cluster, None,
        np.array([2020]), 2024,
    )  # fmt: skip


def test_the_regression_behind_all_measures_is_least_squares():
    found, data = confounding(own(), unit="yuan"), own()
    design = sm.add_constant(np.column_stack([data.treated, data.controls]))
    fitted, short = sm.OLS(data.change, design).fit(), sm.OLS(data.change, design[:, :2]).fit()

    assert (found.estimate, found.std_error) == pytest.approx((fitted.params[1], fitted.bse[1]), rel=1e-10)
    assert (found.short, found.df) == pytest.approx((short.params[1], fitted.df_resid))
    assert found.robustness.value == pytest.approx(
        robustness(fitted.tvalues[1], fitted.df_resid).value, rel=1e-10
    )
    r2 = found.selection.moments.short_r2, found.selection.moments.long_r2
    assert r2 == pytest.approx((short.rsquared, fitted.rsquared), rel=1e-10)


def test_benchmarks_have_the_strength_of_their_covariate_by_its_own_t_ratios():
    """Second route: partial R2 from t ratios of two regressions by statsmodels, t^2 / (t^2 + df)."""
    data = own()
    treated = data.treated.astype(float)
    first = sm.OLS(treated, sm.add_constant(data.controls)).fit()
    second = sm.OLS(data.change, sm.add_constant(np.column_stack([treated, data.controls]))).fit()
    marks = confounding(data, unit="yuan").benchmarks.set_index("variable")

    for k, name in enumerate(data.names):
        with_d = first.tvalues[1 + k] ** 2 / (first.tvalues[1 + k] ** 2 + first.df_resid)
        with_y = second.tvalues[2 + k] ** 2 / (second.tvalues[2 + k] ** 2 + second.df_resid)
        expected = benchmark_bound(
            second.params[1], second.bse[1], second.df_resid, treatment_r2=with_d, outcome_r2=with_y
        )
        assert marks.loc[name, "treatment_r2"] == pytest.approx(with_d / (1 - with_d), rel=1e-9)
        assert marks.loc[name, "outcome_r2"] == pytest.approx(expected.outcome_r2, rel=1e-9)
        assert marks.loc[name, "estimate"] == pytest.approx(expected.estimate, rel=1e-9)
    assert marks.loc["land", "estimate"] < marks.loc["cadre", "estimate"] < second.params[1]


def test_a_covariate_taken_out_does_no_more_harm_than_a_confounder_as_strong_as_it():
    full = own()
    without = replace(full, controls=full.controls[:, 1:], names=("cadre",))
    found = confounding(full, unit="yuan")

    moved = confounding(without, unit="yuan").estimate - found.estimate
    mark = found.benchmarks.set_index("variable").loc["land"]
    assert 0.3 < moved < found.estimate - mark["estimate"]


def test_the_contour_is_the_adjusted_estimate_and_zero_at_the_robustness_value():
    found = confounding(own(), unit="yuan")
    value = found.robustness.value
    grid = contour(found, np.array([0.0, 0.1, value]), np.array([0.2, value]))

    assert grid.shape == (2, 3)
    assert grid[0, 0] == pytest.approx(found.estimate)
    one = adjusted(found.estimate, found.std_error, found.df, treatment_r2=0.1, outcome_r2=0.2)
    assert grid[0, 1] == pytest.approx(one.estimate, rel=1e-12)
    assert grid[1, 2] == pytest.approx(0.0, abs=1e-9)


def test_clustered_units_have_no_numbers_that_take_them_to_be_independent():
    found = confounding(own(clusters=10), unit="yuan")

    assert np.isnan(found.robustness.value_at_alpha) and np.isnan(found.e_value.of_limit)
    assert found.robustness.value == confounding(own(), unit="yuan").robustness.value
