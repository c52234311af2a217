"""Moderated variances: the equations they solve, what they do to small arms, coverage by simulation."""

import numpy as np
import pytest
from _ten_models import refused
from scipy import stats
from scipy.optimize import brentq
from scipy.special import digamma, polygamma

from analysis.comparison.moderation import moderate_covariance, moderate_variances, without_each

UNITS = np.array([60, 45, 30, 25, 20, 14, 10, 8, 7, 5])


def sample_variances(rng, *, units=UNITS, prior_df=12.0, prior_variance=0.09):
    """Arms' own variances with true ones drawn from the prior."""
    true = prior_variance * prior_df / rng.chisquare(prior_df, len(units))
    return true, true * rng.chisquare(units - 1) / (units - 1)


def test_the_prior_solves_the_two_moment_equations():
    _, variance = sample_variances(np.random.default_rng(3))
    df = UNITS - 1.0
    found = moderate_variances(variance, df)
    e = np.log(variance) - digamma(df / 2) + np.log(df / 2)
    right = e.var(ddof=1) - polygamma(1, df / 2).mean()
    assert right > 0
    half = brentq(lambda y: float(polygamma(1, y)) - right, 1e-3, 1e6, xtol=1e-13)
    assert found.prior_df == pytest.approx(2 * half, rel=1e-9)
    s0 = np.exp(e.mean() + digamma(half) - np.log(half))
    assert found.prior_variance == pytest.approx(s0, rel=1e-9)
    np.testing.assert_allclose(found.variance, (2 * half * s0 + df * variance) / (2 * half + df), rtol=1e-9)
    np.testing.assert_allclose(found.df, df + 2 * half, rtol=1e-9)


@pytest.mark.parametrize("spread", [1e-9, 1e-3, 0.4, 30.0, 1e4])
def test_prior_degrees_of_freedom_are_found_over_the_whole_range(spread):
    """Two arms whose log variances have a given variance beyond that of chance."""
    df = np.array([8.0, 8.0])
    gap = np.sqrt(2 * (spread + float(polygamma(1, 4.0))))
    found = moderate_variances(np.exp([0.0, gap]), df)
    assert float(polygamma(1, found.prior_df / 2)) == pytest.approx(spread, rel=1e-5)


def test_the_prior_is_recovered_from_many_arms():
    rng = np.random.default_rng(0)
    _, variance = sample_variances(rng, units=rng.integers(5, 40, 20_000))
    rng = np.random.default_rng(0)
    found = moderate_variances(variance, rng.integers(5, 40, 20_000) - 1)
    assert found.prior_df == pytest.approx(12, rel=0.06)
    assert found.prior_variance == pytest.approx(0.09, rel=0.01)


def test_equal_variances_are_taken_as_one():
    found = moderate_variances(np.full(4, 2.0), np.array([4, 9, 9, 30]))
    assert np.isinf(found.prior_df)
    assert np.isinf(found.df).all()
    assert np.ptp(found.variance) == 0


def test_small_arms_are_drawn_further_than_large_ones():
    variance = np.array([0.02, 0.02, 0.5, 0.5, 0.1, 0.09])
    df = np.array([4.0, 40, 4, 40, 20, 20])
    found = moderate_variances(variance, df)
    assert variance[0] < found.variance[1] < found.variance[0] < found.prior_variance
    assert found.prior_variance < found.variance[2] < found.variance[3] < variance[2]


def test_unit_and_order_do_not_matter():
    _, variance = sample_variances(np.random.default_rng(3))
    df = UNITS - 1
    kept, order = variance.copy(), np.random.default_rng(1).permutation(10)
    found = moderate_variances(variance, df)
    np.testing.assert_allclose(
        moderate_variances(variance * 1e8, df).variance, found.variance * 1e8, rtol=1e-9
    )
    np.testing.assert_allclose(moderate_variances(variance[order], df[order]).variance, found.variance[order])
    np.testing.assert_array_equal(variance, kept)


def test_intervals_of_the_smallest_arms_cover_again():
    """Own errors cover about 0.89 with 5 to 8 units; moderated ones about 0.95."""
    rng = np.random.default_rng(7)
    small, raw, moderated = UNITS <= 8, [], []
    for _ in range(600):
        true, variance = sample_variances(rng)
        error = rng.standard_normal(10) * np.sqrt(true / UNITS)
        found = moderate_variances(variance, UNITS - 1)
        raw.append((np.abs(error) <= 1.96 * np.sqrt(variance / UNITS))[small])
        width = stats.t.ppf(0.975, np.minimum(found.df, 1e6)) * np.sqrt(found.variance / UNITS)
        moderated.append((np.abs(error) <= width)[small])
    assert 0.86 < np.mean(raw) < 0.915
    assert 0.93 < np.mean(moderated) < 0.965


def test_only_the_own_part_of_the_covariance_changes():
    _, variance = sample_variances(np.random.default_rng(3))
    shared = 0.0004 + np.diag(np.full(10, 0.0001))
    own = variance / UNITS
    found = moderate_covariance(np.diag(own) + shared, own_part=own, variance=variance, n_units=UNITS)
    np.testing.assert_allclose(
        found.covariance, shared + np.diag(found.moderated.variance / UNITS), rtol=1e-12
    )
    np.testing.assert_array_equal(found.df, found.moderated.df)


def test_what_the_prior_rests_on_is_shown_arm_by_arm():
    variance = np.array([0.1, 0.11, 0.09, 0.1, 3.0])
    found = without_each(variance, np.array([20, 20, 20, 20, 60]))
    assert np.isinf(found.prior_df[4])
    assert np.isfinite(found.prior_df[:4]).all()
    with_all = moderate_variances(variance, np.array([20, 20, 20, 20, 60]))
    assert np.isfinite(with_all.prior_df)
    np.testing.assert_allclose(found.ratio, found.prior_variance / with_all.prior_variance)
    assert found.prior_variance[4] == pytest.approx(0.1, rel=0.06)


def test_refusals():
    refused(
        lambda: moderate_variances(np.array([1.0]), np.array([3])), en="at least two arms", zh="至少需要两个"
    )
    refused(lambda: moderate_variances(np.ones(3), np.ones(2)), en="differ in shape", zh="形状不同")
    refused(
        lambda: moderate_variances(np.array([1.0, 0, np.nan, 2]), np.array([3, 3, 3, 0])),
        en="(by position) 1, 2, 3;",
        zh="：1, 2, 3；",
    )
    refused(
        lambda: without_each(np.array([1.0, 2]), np.array([3, 3])),
        en="at least three arms",
        zh="至少需要三个",
    )
    fine = {"own_part": np.array([0.1, 0.1]), "variance": np.array([1.0, 1.5]), "n_units": np.array([10, 15])}
    refused(lambda: moderate_covariance(np.eye(3), **fine), en="do not fit 2 variances", zh="对不上")
    large = {**fine, "own_part": np.array([0.1, 2.0])}
    refused(lambda: moderate_covariance(np.eye(2), **large), en="(by position) 1;", zh="：1；")
    degenerate = np.array([[0.1, 0.5], [0.5, 0.1]])
    refused(
        lambda: moderate_covariance(degenerate, **fine), en="smallest eigenvalue -0.", zh="最小特征值为 -0."
    )
