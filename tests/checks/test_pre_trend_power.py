"""Power of tests before adoption: published values, a Monte Carlo second implementation, exact special cases."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtr

from analysis.checks.honest import EventPath, TrendsError
from analysis.checks.pre_trend_power import (
    box_probability,
    detectable_slope,
    joint_test_power,
    power,
    power_against,
    pretest,
    shift_by_passing,
)

# He, Wang (2017), event study as shipped with the R package pretrends and its power app (MIT).
PERIODS = np.array([-4, -3, -2, 0, 1, 2, 3])
BETA = np.array([-0.089428663, -0.08939153, -0.06860359, 0.093080245, 0.187747315, 0.180679962, 0.097278193])
COVARIANCE = np.array([
    [0.0149547979235649, 0.00814208388328552, 0.0047602360136807, 0.00264218007214367, 0.00321049452759326, 0.00244478415697813, 0.00155121809802949],
    [0.00814208388328552, 0.0103735625743866, 0.00499750673770905, 0.00314226211048663, 0.00363793992437422, 0.00321422982960939, 0.00211047730408609],
    [0.0047602360136807, 0.00499750673770905, 0.00602407334372401, 0.00146472698543221, 0.00213220552541316, 0.00191951938904822, 0.000647532287985086],
    [0.00264218007214367, 0.00314226211048663, 0.00146472698543221, 0.00561735080555081, 0.00345605378970504, 0.00273053580895066, 0.00225659506395459],
    [0.00321049452759326, 0.00363793992437422, 0.00213220552541316, 0.00345605378970504, 0.0103573063388467, 0.00627497583627701, 0.00503531005233526],
    [0.00244478415697813, 0.00321422982960939, 0.00191951938904822, 0.00273053580895066, 0.00627497583627701, 0.011508721858263, 0.0115978047251701],
    [0.00155121809802949, 0.00211047730408609, 0.000647532287985086, 0.00225659506395459, 0.00503531005233526, 0.0115978047251701, 0.024637384340167],
])  # fmt: skip
README = 2 * ndtr(1.96) - 1  # the package takes 1.96 itself
README_SLOPE = 0.06991527


def test_the_readme_of_pretrends():
    """The package asks its normal probabilities to 1e-3 only; what needs none, the likelihood ratio, has all digits."""
    found = power(BETA, COVARIANCE, PERIODS, README_SLOPE, conf_level=README)

    assert found.likelihood_ratio == pytest.approx(0.8589346, abs=2e-7)
    assert found.power == pytest.approx(0.4997363, abs=1e-4)
    assert found.bayes_factor == pytest.approx(0.5671215, abs=2e-4)
    printed = [-0.12249504, -0.07515163, -0.03060731, 0.09017188, 0.16447429, 0.22994584, 0.29190725]
    assert found.rows["mean_after_passing"].to_numpy() == pytest.approx(printed, abs=3e-5)
    errors = [0.12228981, 0.10185069, 0.07761490, 0.07494899, 0.10177085, 0.10727871, 0.15696300]
    assert found.rows["std_error"].to_numpy() == pytest.approx(errors, abs=1e-8)
    slope = detectable_slope(COVARIANCE, PERIODS, target=0.5, conf_level=README)
    assert slope == pytest.approx(README_SLOPE, rel=5e-4)


@pytest.mark.parametrize("target", [0.5, 0.8])
def test_the_detectable_slope_is_found_as_often_as_said_by_simulation(target):
    draws = 400_000
    slope = detectable_slope(COVARIANCE, PERIODS, target=target)
    found = power(BETA, COVARIANCE, PERIODS, slope)
    assert found.power == pytest.approx(target, abs=1e-10)
    trend = slope * (PERIODS + 1)
    sample = np.random.default_rng(8).multivariate_normal(trend, COVARIANCE, size=draws)
    t = np.abs(sample[:, :3]) / np.sqrt(np.diag(COVARIANCE)[:3])
    passed = (t <= stats.norm.ppf(0.975)).all(axis=1)

    low, high = stats.binom.interval(0.999, draws, 1 - target)
    assert low <= passed.sum() <= high
    mean, error = sample[passed].mean(axis=0), sample[passed].std(axis=0) / np.sqrt(passed.sum())
    z = (found.rows["mean_after_passing"].to_numpy() - mean) / error
    assert np.abs(z).max() < 4
    bias = found.rows["bias_from_passing"].to_numpy()
    assert np.abs(bias / error).min() > 20  # far from what no bias would pass
    np.testing.assert_allclose(bias, found.rows["mean_after_passing"] - trend, rtol=1e-12)


NODES = np.polynomial.legendre.leggauss(800)


def equicorrelated(d: int, rho: float, low: float, high: float) -> float:
    """The box probability as one integral over the common part; 800 nodes."""
    node, weight = NODES
    x = 9 * node
    density = 9 * weight * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
    own = np.sqrt(1 - rho)
    return float(
        density @ (ndtr((high - np.sqrt(rho) * x) / own) - ndtr((low - np.sqrt(rho) * x) / own)) ** d
    )


@pytest.mark.parametrize("rho", [0.2, 0.5, 0.9])
@pytest.mark.parametrize(
    ("d", "tolerance"), [(1, 1e-12), (2, 1e-12), (3, 1e-10), (4, 1e-8), (5, 1e-5), (7, 1e-5), (10, 2e-5)]
)
def test_box_probability_where_one_integral_gives_it(d, rho, tolerance):
    covariance = np.full((d, d), rho) + (1 - rho) * np.eye(d)
    for shift in (0.0, 0.7, -1.5):
        low, high = -1.96 + shift, 1.96 + shift
        found = box_probability(np.full(d, low), np.full(d, high), covariance)
        assert found == pytest.approx(equicorrelated(d, rho, low, high), abs=tolerance)


def test_box_probability_does_not_depend_on_the_order_or_the_units_of_periods():
    pre = COVARIANCE[:3, :3]
    half = 1.96 * np.sqrt(np.diag(pre))
    shift = np.array([0.05, 0.02, 0.03])
    low, high = -half + shift, half + shift
    plain = box_probability(low, high, pre)
    order, scale = np.array([2, 0, 1]), np.array([1.0, 50.0, 0.01])
    again = box_probability(
        (low * scale)[order], (high * scale)[order], (pre * np.outer(scale, scale))[np.ix_(order, order)]
    )
    assert again == pytest.approx(plain, abs=1e-11)


def test_one_period_is_the_truncated_normal():
    low, high = -1.0, 2.5
    passing = box_probability(np.array([low]), np.array([high]), np.array([[2.0]]))
    shift = shift_by_passing(
        np.array([low]), np.array([high]), np.array([[2.0]]), np.array([[2.0], [0.6]]), passing
    )
    law = stats.truncnorm(low / np.sqrt(2), high / np.sqrt(2), scale=np.sqrt(2))
    assert shift[0] == pytest.approx(law.mean(), abs=1e-12)
    assert shift[1] == pytest.approx(0.3 * law.mean(), abs=1e-12)


def test_independent_periods_multiply_and_leave_later_ones_alone():
    deviation = np.array([0.1, 0.2, 0.3, 0.4])
    periods = np.array([-3, -2, 0, 1])
    found = power(np.zeros(4), np.diag(deviation**2), periods, 0.1)
    z = stats.norm.ppf(0.975)
    delta = 0.1 * (periods + 1)
    each = [ndtr(z - d / s) - ndtr(-z - d / s) for d, s in zip(delta[:2], deviation[:2], strict=True)]
    assert found.passing == pytest.approx(each[0] * each[1], abs=1e-10)
    assert found.size == pytest.approx(1 - 0.95**2, abs=1e-10)
    assert found.rows["bias_from_passing"].to_numpy()[2:] == pytest.approx([0, 0], abs=1e-15)
    assert (np.abs(found.rows["mean_after_passing"][:2]) < np.abs(delta[:2])).all()


def test_no_trend_gives_the_size_and_factors_of_one():
    found = power(BETA, COVARIANCE, PERIODS, 0.0)
    assert found.power == found.size
    assert (found.bayes_factor, found.likelihood_ratio) == (1, 1)
    assert found.rows["mean_after_passing"].to_numpy() == pytest.approx(np.zeros(7), abs=1e-12)


def test_units_signs_and_the_order_of_periods_do_not_matter():
    plain = power(BETA, COVARIANCE, PERIODS, 0.05)
    order = np.array([5, 2, 0, 6, 1, 3, 4])
    other = power(-100 * BETA[order], 1e4 * COVARIANCE[np.ix_(order, order)], PERIODS[order], -100 * 0.05)
    for name in ("power", "size", "bayes_factor", "likelihood_ratio"):
        assert getattr(other, name) == pytest.approx(getattr(plain, name), rel=1e-9)
    back = other.rows.set_index("event_time").loc[PERIODS, "mean_after_passing"].to_numpy()
    np.testing.assert_allclose(back / -100, plain.rows["mean_after_passing"], rtol=1e-9)


def test_any_trend_and_another_base():
    squared = 0.024 * (PERIODS + 1.0) ** 2
    found = power_against(BETA, COVARIANCE, PERIODS, squared)
    linear = power(BETA, COVARIANCE, PERIODS, 0.05)
    assert found.rows["trend"].to_numpy() == pytest.approx(squared)
    assert found.power != pytest.approx(linear.power, abs=1e-3)
    two_years = np.array([-8, -6, -4, 0, 2, 4, 6])
    moved = power(BETA, COVARIANCE, two_years, 0.025, base=-2)
    assert moved.power == pytest.approx(linear.power, abs=1e-12)


def test_power_grows_with_the_slope_from_the_size_to_one():
    values = [power(BETA, COVARIANCE, PERIODS, slope).power for slope in (0, 0.01, 0.03, 0.1, 0.3, 2.0)]
    assert (np.diff(values) > 0).all()
    assert values[-1] == pytest.approx(1, abs=1e-10)


def test_the_joint_test_finds_as_often_as_said_by_simulation():
    """Hotelling's test on the means of G clusters drawn one by one, not on a law for its statistic."""
    n_clusters, draws = 25, 4000
    pre = COVARIANCE[:3, :3]
    trend = 0.12 * (PERIODS[:3] + 1)
    rng = np.random.default_rng(6)
    sample = rng.multivariate_normal(trend, n_clusters * pre, size=(draws, n_clusters))
    mean = sample.mean(axis=1)
    centred = sample - mean[:, None]
    spread = np.einsum("dgi,dgj->dij", centred, centred) / (n_clusters - 1) / n_clusters
    wald = np.einsum("di,di->d", mean, np.linalg.solve(spread, mean[:, :, None])[:, :, 0])
    statistic = wald * (n_clusters - 3) / (3 * (n_clusters - 1))
    found = int((statistic > stats.f.ppf(0.95, 3, n_clusters - 3)).sum())

    expected = joint_test_power(trend, pre, n_clusters)
    low, high = stats.binom.interval(0.999, draws, expected)
    assert low <= found <= high
    assert 0.2 < expected < 0.95
    assert joint_test_power(np.zeros(3) + 1e-12, pre, n_clusters) == pytest.approx(0.05, abs=1e-6)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"periods": np.arange(7)}, "no period before the base"),
        ({"periods": np.arange(-4, 3)}, "without the base -1"),
        ({"periods": PERIODS[:5]}, "7 different event times"),
        ({"covariance": np.ones((7, 7))}, "singular"),
        ({"covariance": COVARIANCE[:3, :3]}, "needs a covariance of shape"),
        ({"slope": np.nan}, "finite values"),
    ],
)
def test_refusals(change, sentence):
    given = {"beta": BETA, "covariance": COVARIANCE, "periods": PERIODS, "slope": 0.1, **change}
    with pytest.raises(TrendsError, match=sentence) as caught:
        power(**given)
    assert caught.value.message.zh != str(caught.value)


def test_refused_targets_and_clusters():
    for target in (0.05, 1.0):
        with pytest.raises(TrendsError, match=r"between the test's size 0\.1"):
            detectable_slope(COVARIANCE, PERIODS, target=target)
    with pytest.raises(TrendsError, match="3 clusters are too few"):
        joint_test_power(BETA[:3], COVARIANCE[:3, :3], 3)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_summary_asks_slopes_in_the_direction_of_the_estimate_and_weighs_their_bias(sign):
    weights = np.array([0.4, 0.3, 0.2, 0.1])
    path = EventPath(sign * BETA, COVARIANCE, PERIODS, -1, (), 200)

    found = pretest(path, weights, unit="yuan")

    assert found.estimate == pytest.approx(sign * weights @ BETA[3:])
    assert (np.sign(found.rows["slope"]) == sign).all()
    for target, row in zip((0.5, 0.8), found.rows.itertuples(), strict=True):
        again = power(sign * BETA, COVARIANCE, PERIODS, row.slope)
        assert again.power == pytest.approx(target, abs=1e-6)
        assert row.bias == pytest.approx(row.slope * (weights @ np.array([1, 2, 3, 4])))
        assert row.bias_after_passing == pytest.approx(weights @ again.rows["mean_after_passing"][3:])
    assert found.n_tested == 3 and found.size == pytest.approx(power(BETA, COVARIANCE, PERIODS, 0.0).power)


def test_the_bias_once_the_test_has_passed_is_found_by_drawing_and_throwing_away():
    """Second route: simulate event studies under the trend, keep those that pass, and average what they report."""
    weights = np.full(4, 0.25)
    row = pretest(EventPath(BETA, COVARIANCE, PERIODS, -1, (), 200), weights, unit="yuan").rows.iloc[1]
    rng = np.random.default_rng(4)
    drawn = rng.multivariate_normal(row["slope"] * (PERIODS + 1), COVARIANCE, 200_000)
    passed = (np.abs(drawn[:, :3]) <= stats.norm.ppf(0.975) * np.sqrt(np.diag(COVARIANCE)[:3])).all(axis=1)

    reported = drawn[passed, 3:] @ weights
    assert passed.mean() == pytest.approx(0.2, abs=0.004)
    assert reported.mean() == pytest.approx(
        row["bias_after_passing"], abs=4 * reported.std() / np.sqrt(passed.sum())
    )
