"""Pooling: eight schools, ten arms with full covariance, heavy tails by two routes, invariances."""

from dataclasses import replace

import numpy as np
import pytest
from _ten_models import ALIKE, COVARIANCE, SPREAD, refused
from scipy import stats

from analysis.comparison.heavy_tails import pool_heavy_tailed
from analysis.comparison.pooling import (
    log_density,
    pool,
    precision_slope,
    prior_rows,
    rotate,
    sensitivity,
    standing_apart,
)
from analysis.comparison.posterior import Prior, credible_best, planned_prior, rank_matrix

SCHOOLS = np.array([28.0, 8, -3, 7, -1, 1, 18, 12])
ERRORS = np.array([15.0, 10, 16, 11, 9, 11, 10, 18])
FLAT = Prior("uniform", 200.0)
PRIOR = Prior("half_normal", 0.15)


def schools(prior=FLAT, **options):
    return pool(SCHOOLS, np.diag(ERRORS**2), prior, **{"draws": 2000, **options})


# --- published and independent answers ---


def test_eight_schools():
    found = schools()
    mean = [11.4, 7.895, 6.131, 7.645, 5.126, 6.139, 10.667, 8.457]
    sd = [8.341, 6.275, 7.765, 6.546, 6.357, 6.71, 6.786, 7.888]
    np.testing.assert_allclose(found.mean, mean, atol=1e-3)
    np.testing.assert_allclose(found.sd, sd, atol=1e-3)
    assert (found.level, found.level_sd, found.tau) == pytest.approx((7.932, 5.178, 6.575), abs=1e-3)
    quantiles = found.posterior.quantiles([0.025, 0.25, 0.5, 0.75, 0.975])
    np.testing.assert_allclose(quantiles[:, 0], [-2.11, 5.98, 10.24, 15.53, 31.62], atol=0.006)
    np.testing.assert_allclose(quantiles[:, 2], [-11.48, 2.03, 6.65, 10.86, 20.46], atol=0.006)
    assert (found.low[0], found.high[0]) == (quantiles[0, 0], quantiles[4, 0])


def test_eight_schools_without_spread_are_the_common_mean():
    found = schools(Prior("uniform", 1e-4))
    np.testing.assert_allclose(found.mean, 7.685617, atol=1e-5)
    np.testing.assert_allclose(found.sd, 4.071919, atol=1e-5)
    assert (((SCHOOLS - found.level) / ERRORS) ** 2).sum() == pytest.approx(4.707079, abs=1e-5)


def test_a_likelihood_that_peaks_at_no_spread_never_collapses_the_intervals():
    """The restricted likelihood of eight schools has its maximum at 0: plugged in, all schools would be one."""
    rotated = rotate(SCHOOLS, np.diag(ERRORS**2), np.ones(8))
    profile = log_density(rotated, np.linspace(0, 50, 501))
    assert profile.argmax() == 0
    found = schools(Prior("half_normal", 10.0))
    assert len(set(found.mean.round(6))) == len(set(found.low.round(6))) == 8
    assert (found.high - found.low > 1.96 * 2 * 4.071919).all()


@pytest.mark.parametrize(
    ("estimate", "mean", "sd", "tau", "p_best"),
    [
        (
            ALIKE,
            [0.2357, 0.214, 0.2215, 0.2416, 0.2615, 0.2378, 0.2367, 0.2647, 0.2224, 0.2424],
            [0.0325, 0.0379, 0.0407, 0.0398, 0.0467, 0.0441, 0.0462, 0.0564, 0.0498, 0.0517],
            0.0384,
            [0.059, 0.026, 0.037, 0.087, 0.212, 0.083, 0.083, 0.246, 0.054, 0.113],
        ),
        (
            SPREAD,
            [0.2062, 0.0444, 0.0736, 0.2613, 0.4738, 0.2203, 0.2121, 0.6647, -0.0388, 0.322],
            [0.0396, 0.0451, 0.0576, 0.0582, 0.0638, 0.0756, 0.0861, 0.1003, 0.1012, 0.118],
            0.2177,
            [0.0, 0.0, 0.0, 0.0, 0.042, 0.0, 0.0, 0.951, 0.0, 0.006],
        ),
    ],
    ids=["null_like", "spread"],
)
def test_ten_arms_with_their_full_covariance(estimate, mean, sd, tau, p_best):
    found = pool(estimate, COVARIANCE, PRIOR)
    np.testing.assert_allclose(found.mean, mean, atol=1e-4)
    np.testing.assert_allclose(found.sd, sd, atol=1e-4)
    assert found.tau == pytest.approx(tau, abs=1e-4)
    np.testing.assert_allclose(found.p_best, p_best, atol=0.01)


# --- the posterior is what its formulas say ---


def test_moments_are_those_of_the_matrix_formulas_on_a_plain_grid():
    tau = np.linspace(1e-4, 1.05, 3000)
    ones, log_p, means, covariances = np.ones(10), [], [], []
    for t in tau:
        w = np.linalg.inv(COVARIANCE + t**2 * np.eye(10))
        information = ones @ w @ ones
        m = ones @ w @ SPREAD / information
        r = SPREAD - m
        log_p.append(
            0.5 * np.linalg.slogdet(w)[1]
            - 0.5 * np.log(information)
            - 0.5 * r @ w @ r
            - 0.5 * (t / 0.15) ** 2
        )
        left = (np.eye(10) - t**2 * w) @ ones
        means.append(m + t**2 * w @ r)
        covariances.append(t**2 * np.eye(10) - t**4 * w + np.outer(left, left) / information)
    p = np.exp(np.array(log_p) - max(log_p))
    p /= p.sum()
    mean = p @ np.array(means)
    apart = np.array(means) - mean
    covariance = np.tensordot(p, np.array(covariances), 1) + apart.T @ (p[:, None] * apart)
    found = pool(SPREAD, COVARIANCE, PRIOR, draws=40_000)
    np.testing.assert_allclose(found.mean, mean, atol=1e-7)
    np.testing.assert_allclose(found.covariance, covariance, atol=1e-8)
    np.testing.assert_allclose(found.draws.mean(axis=0), mean, atol=0.003)
    np.testing.assert_allclose(np.cov(found.draws.T), covariance, atol=3e-4)


def test_draws_agree_with_what_is_computed_without_them():
    found = pool(ALIKE, COVARIANCE, PRIOR, draws=40_000)
    larger = found.draws[:, :, None] > found.draws[:, None, :]
    off = ~np.eye(10, dtype=bool)
    np.testing.assert_allclose(larger.mean(axis=0)[off], found.better[off], atol=0.012)
    np.testing.assert_allclose(np.quantile(found.draws, 0.025, axis=0), found.low, atol=0.006)
    np.testing.assert_allclose(np.quantile(found.draws, 0.975, axis=0), found.high, atol=0.006)
    halves = [rank_matrix(part)[:, 0] for part in (found.draws[:20_000], found.draws[20_000:])]
    np.testing.assert_allclose(halves[0], halves[1], atol=0.015)


def test_ranks_losses_and_sets_follow_from_the_draws():
    draws = np.array([[3.0, 2, 1], [3, 1, 2], [2, 3, 1], [9, 8, 7]])
    ranks = rank_matrix(draws)
    np.testing.assert_array_equal(ranks, [[0.75, 0.25, 0], [0.25, 0.5, 0.25], [0, 0.25, 0.75]])
    assert credible_best(ranks[:, 0], level=0.75).tolist() == [True, False, False]
    assert credible_best(ranks[:, 0], level=0.9).tolist() == [True, True, False]
    found = pool(SPREAD, COVARIANCE, PRIOR)
    np.testing.assert_allclose(found.ranks.sum(axis=0), 1)
    np.testing.assert_allclose(found.ranks.sum(axis=1), 1)
    assert found.expected_loss.argmin() == 7
    assert found.expected_rank.sum() == pytest.approx(55)


def test_same_seed_same_draws():
    first, again, other = (schools(seed=seed).draws for seed in (4, 4, 5))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


# --- what pooling must do ---


def test_an_arm_keeps_more_of_its_own_estimate_the_more_units_it_has():
    units = np.array([60.0, 45, 30, 25, 20, 14, 10, 8, 7, 5])
    estimate = np.where(np.arange(10) % 2, 0.4, 0.1)
    found = pool(estimate, np.diag(0.09 / units), PRIOR, draws=2)
    assert (np.diff(found.own_weight) < 0).all()
    distance = np.abs(found.mean - found.level) / np.abs(estimate - found.level)
    assert (np.diff(distance[::2]) < 0).all()
    assert (np.diff(distance[1::2]) < 0).all()


def test_a_common_part_moves_the_level_and_not_the_order_and_a_diagonal_would_miss_it():
    estimate, noise = np.array([0.0, 0.5, 1.0]), 0.04 * np.eye(3)
    alone = pool(estimate, noise, Prior("half_normal", 1.0))
    shared = pool(estimate, noise + 4.0, Prior("half_normal", 1.0))
    diagonal = pool(estimate, np.diag(np.diag(noise + 4.0)), Prior("half_normal", 1.0))
    np.testing.assert_allclose(shared.better, alone.better, atol=1e-8)
    np.testing.assert_allclose(shared.ranks, alone.ranks, atol=0.015)
    assert shared.level_sd > 1.9
    assert shared.better[2, 0] > 0.98 > 0.8 > diagonal.better[2, 0]
    assert shared.p_best[2] > 0.9 > 0.6 > diagonal.p_best[2]


def test_relabelled_arms_keep_what_is_theirs():
    order = np.random.default_rng(0).permutation(10)
    found, turned = (
        pool(SPREAD, COVARIANCE, PRIOR),
        pool(SPREAD[order], COVARIANCE[np.ix_(order, order)], PRIOR),
    )
    for name in ("mean", "low", "high", "own_weight"):
        np.testing.assert_allclose(getattr(turned, name), getattr(found, name)[order], atol=1e-9)
    np.testing.assert_allclose(turned.better, found.better[np.ix_(order, order)], atol=1e-9)
    np.testing.assert_allclose(turned.p_best, found.p_best[order], atol=0.012)


def test_a_constant_moves_effects_and_nothing_else():
    found, moved = pool(SPREAD, COVARIANCE, PRIOR), pool(SPREAD + 1000, COVARIANCE, PRIOR)
    np.testing.assert_allclose(moved.mean, found.mean + 1000, atol=1e-8)
    np.testing.assert_allclose(moved.low, found.low + 1000, atol=1e-8)
    np.testing.assert_allclose(moved.better, found.better, atol=1e-8)
    np.testing.assert_array_equal(moved.ranks, found.ranks)


def test_another_unit_scales_effects_and_leaves_ranks():
    kept = SPREAD.copy()
    found, yuan = pool(SPREAD, COVARIANCE, PRIOR), pool(SPREAD * 1e4, COVARIANCE * 1e8, PRIOR.times(1e4))
    np.testing.assert_allclose(yuan.mean, found.mean * 1e4, rtol=1e-9)
    np.testing.assert_allclose(yuan.high, found.high * 1e4, rtol=1e-9)
    np.testing.assert_array_equal(yuan.ranks, found.ranks)
    np.testing.assert_array_equal(SPREAD, kept)


def test_two_arms_with_the_same_numbers_are_told_apart_by_nothing():
    found = pool(np.array([0.3, 0.3, 0.1]), np.diag([0.01, 0.01, 0.02]), PRIOR)
    assert found.better[0, 1] == pytest.approx(0.5, abs=1e-12)
    assert found.low[0] == pytest.approx(found.low[1], abs=1e-10)


def test_coverage_of_pooled_intervals_is_what_it_says():
    rng = np.random.default_rng(1)
    root, covered = np.linalg.cholesky(COVARIANCE), []
    for _ in range(200):
        true = 0.25 + np.abs(rng.normal(0, 0.15)) * rng.standard_normal(10)
        found = pool(true + root @ rng.standard_normal(10), COVARIANCE, PRIOR, draws=2)
        covered.append((found.low <= true) & (true <= found.high))
    assert 0.93 < np.mean(covered) < 0.97


# --- other assumptions ---


def test_other_priors_are_rows_beside_the_first():
    rows = prior_rows(SPREAD, COVARIANCE, PRIOR, draws=2000)
    assert [row.prior.scale for row in rows] == [0.15, 0.075, 0.3]
    assert rows[1].tau < rows[0].tau < rows[2].tau
    found = sensitivity((*rows, pool_heavy_tailed(SPREAD, COVARIANCE, PRIOR, draws=2000)))
    assert found.same_leader and found.leaders == (7, 7, 7, 7)
    assert (found.moves[0] == 0).all()
    assert found.moves[1, 7] < 0 < found.moves[2, 7]
    assert not sensitivity((rows[0], replace(rows[1], p_best=np.eye(10)[0]))).same_leader
    assert planned_prior(-0.25).family == "half_normal"
    assert planned_prior(-0.25).scale == pytest.approx(0.15)


def heavy_by_quadrature(estimate, noise, common, scale):
    """Mean and sd of t4 effects where Sigma = diag(noise) + common: plain sums over tau, mu and every arm's lambda.

    The common part is a shift of the level, which is flat; it is left out and added to the variance at the end.
    """
    lam = stats.gamma(2, scale=0.5).ppf((np.arange(400) + 0.5) / 400)
    tau = np.linspace(0.004, 5 * scale, 90)
    mu = np.linspace(estimate.min() - 0.3, estimate.max() + 0.3, 140)
    total, first, second = 0.0, 0.0, 0.0
    for t in tau:
        spread = t**2 / lam  # (L,)
        whole = noise[:, None] + spread
        gap = estimate[:, None] - mu  # (J, M)
        density = np.exp(-0.5 * gap[..., None] ** 2 / whole[:, None]) / np.sqrt(whole)[:, None]  # (J, M, L)
        weight = spread / whole
        mean = mu[None, :, None] + weight[:, None] * gap[..., None]
        arm = density.mean(axis=2)
        p = arm.prod(axis=0) * np.exp(-0.5 * (t / scale) ** 2)  # (M,)
        m1 = (density * mean).mean(axis=2) / arm
        m2 = (density * (mean**2 + (weight * noise[:, None])[:, None])).mean(axis=2) / arm
        total, first, second = total + p.sum(), first + m1 @ p, second + m2 @ p
    mean = first / total
    return mean, np.sqrt(second / total - mean**2 + common)


def test_heavy_tails_agree_with_sums_over_a_grid():
    estimate, noise = np.array([0.1, 0.2, 0.25, 0.3, 0.8]), np.array([0.002, 0.004, 0.003, 0.006, 0.008])
    mean, sd = heavy_by_quadrature(estimate, noise, 0.001, 0.15)
    found = pool_heavy_tailed(estimate, np.diag(noise) + 0.001, PRIOR)
    np.testing.assert_allclose(found.mean, mean, atol=0.002)
    np.testing.assert_allclose(found.sd, sd, atol=0.002)
    assert found.effects == "t4"


def test_heavy_tails_with_many_degrees_of_freedom_are_normal():
    normal, found = (
        pool(SPREAD, COVARIANCE, PRIOR),
        pool_heavy_tailed(SPREAD, COVARIANCE, PRIOR, df_effects=1e6),
    )
    np.testing.assert_allclose(found.mean, normal.mean, atol=0.002)
    np.testing.assert_allclose(found.high - found.low, normal.high - normal.low, rtol=0.02)
    np.testing.assert_allclose(found.own_weight, normal.own_weight, atol=0.01)


def test_limits_under_heavy_tails_carry_little_simulation_error():
    one, two = (pool_heavy_tailed(ALIKE, COVARIANCE, PRIOR, seed=seed) for seed in (0, 1))
    width = one.high - one.low
    assert np.sqrt(np.mean(((one.low - two.low) / width) ** 2)) < 0.01
    assert np.sqrt(np.mean(((one.high - two.high) / width) ** 2)) < 0.01
    np.testing.assert_array_equal(pool_heavy_tailed(ALIKE, COVARIANCE, PRIOR, seed=0).draws, one.draws)


def test_a_lone_star_is_drawn_down_less_under_heavy_tails_and_found_to_stand_apart():
    star = np.full(10, 0.25)
    star[7] = 0.85
    normal, heavy = pool(star, COVARIANCE, PRIOR), pool_heavy_tailed(star, COVARIANCE, PRIOR)
    assert normal.mean[7] + 0.05 < heavy.mean[7] < 0.85
    apart = standing_apart(star, COVARIANCE, PRIOR)
    assert apart[7] > 3.5
    assert np.abs(np.delete(apart, 7)).max() < 1


def test_standing_apart_is_standard_normal_where_the_model_holds():
    rng = np.random.default_rng(3)
    root = np.linalg.cholesky(COVARIANCE)
    found = []
    for _ in range(150):
        true = 0.25 + np.abs(rng.normal(0, 0.15)) * rng.standard_normal(10)
        found.append(standing_apart(true + root @ rng.standard_normal(10), COVARIANCE, PRIOR))
    assert np.mean(found) == pytest.approx(0, abs=0.08)
    assert np.std(found) == pytest.approx(1, abs=0.08)
    # two arms, spread nearly known to be none: the difference over its own error
    two = standing_apart(np.array([0.0, 3.0]), np.diag([1.0, 3.0]), Prior("uniform", 1e-6))
    np.testing.assert_allclose(two, [-1.5, 1.5], atol=1e-6)


def test_effects_that_go_with_precision_have_a_slope():
    error = np.sqrt(np.diag(COVARIANCE))
    slope, std_error = precision_slope(0.3 * np.log(error), COVARIANCE, tau=0.01)
    assert slope == pytest.approx(0.3, abs=1e-9)
    assert 0 < std_error < precision_slope(ALIKE, COVARIANCE, tau=0.1)[1]


# --- refusals ---


def test_refusals():
    two = np.eye(2)
    refused(
        lambda: Prior("cauchy", 1),
        en="no prior 'cauchy'; choose half_normal, uniform",
        zh="可选：half_normal",
    )
    refused(lambda: Prior("uniform", 0), en="0.6 times the planned mean effect", zh="0.6 倍")
    refused(lambda: pool(np.array([1.0]), np.eye(1), PRIOR), en="at least two arms", zh="至少需要两个")
    refused(lambda: pool(np.ones(3), two, PRIOR), en="(3,) and (2, 2)", zh="(3,) 与 (2, 2)")
    refused(lambda: pool(np.array([1, np.nan]), two, PRIOR), en="(by position): 1", zh="1")
    refused(
        lambda: pool_heavy_tailed(np.ones(2), np.ones((2, 2)), PRIOR), en="under two names", zh="两个名称"
    )
    weights = np.array([[1.0, 0], [0, 1], [1, 1]])
    refused(lambda: pool(np.ones(3), weights @ weights.T, PRIOR), en="weighted sum of others", zh="加权和")
    refused(lambda: pool_heavy_tailed(np.ones(2), two, PRIOR, df_effects=2), en="more than 2", zh="大于 2")
    refused(lambda: precision_slope(np.ones(2), two, tau=0), en="same standard error", zh="标准误相同")
