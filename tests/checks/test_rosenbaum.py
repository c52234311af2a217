"""Rosenbaum bounds: a published table, enumeration of every assignment, and level under real hidden bias."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.checks import matched_pairs
from analysis.checks._own_change import OwnChange
from analysis.checks.matched_pairs import paired_sensitivity, pairs
from analysis.checks.rosenbaum import breakdown_gamma, pair_bounds, set_bounds
from analysis.effects import EstimatorError

# Lead in children's blood (micrograms per decilitre), 33 pairs: Morton et al. (1982), American Journal of Epidemiology
# 115, as in Rosenbaum (2002), Observational Studies. Data and table values are known, the pages were not read again; that
# the data give all of them is the evidence for both.
EXPOSED = [38, 23, 41, 18, 37, 36, 23, 62, 31, 34, 24, 14, 21, 17, 16, 20, 15, 10, 45, 39, 22, 35, 49, 48, 44, 35, 43, 39,
           34, 13, 73, 25, 27]  # fmt: skip
CONTROL = [16, 18, 18, 24, 19, 11, 10, 15, 16, 18, 18, 13, 19, 10, 16, 16, 24, 13, 9, 14, 21, 19, 7, 18, 19, 12, 11, 22,
           25, 16, 13, 11, 13]  # fmt: skip
LEAD = np.array(EXPOSED) - np.array(CONTROL)


@pytest.mark.parametrize(
    ("gamma", "p_high"), [(2, 0.0018), (3, 0.0136), (4, 0.0388), (4.25, 0.0468), (5, 0.0740)]
)  # Rosenbaum (2002), table 4.2
def test_lead_gives_the_published_largest_p_values(gamma, p_high):
    found = pair_bounds(LEAD, gamma)
    assert (found.statistic, found.n_pairs, found.n_zero) == (527, 33, 1)
    assert found.p_high == pytest.approx(p_high, abs=5e-5)
    assert found.p_low < 1e-4


@pytest.mark.parametrize(
    ("gamma", "low", "high", "limit"),
    [(1, 15, 15, 9.5), (2, 10.25, 19.5, 4.5), (3, 8, 23, 1.0), (4, 6.5, 25, -1.0), (5, 5, 26.5, -3.0)],
)  # Rosenbaum (2002), table 4.3; its lower confidence limits
def test_lead_gives_the_published_ranges_of_estimates(gamma, low, high, limit):
    found = pair_bounds(LEAD, gamma)
    assert (found.estimate_low, found.estimate_high, found.conf_low) == (low, high, limit)
    assert found.conf_high > high


def test_the_breakdown_value_is_where_the_largest_p_value_is_the_level():
    gamma = breakdown_gamma(LEAD)
    assert 4.25 < gamma < 4.5
    assert pair_bounds(LEAD, gamma).p_high == pytest.approx(0.05, abs=1e-9)
    assert breakdown_gamma(np.array([-1.0, 2, -3, 4])) == 1.0


def enumerated(d, gamma):
    """Least and largest chance of a signed rank sum as large, over all signs, each with its own worst odds."""
    ranks = np.argsort(np.argsort(np.abs(d))) + 1.0
    signs = np.array(list(product([0, 1], repeat=len(d))))
    sums = signs @ ranks
    at_least = sums >= ranks[d > 0].sum()
    chances = []
    for p in (1 / (1 + gamma), gamma / (1 + gamma)):
        law = (p**signs * (1 - p) ** (1 - signs)).prod(axis=1)
        chances.append(law[at_least].sum())
    return chances


@pytest.mark.parametrize("gamma", [1.0, 1.8, 4.0])
def test_exact_p_values_are_sums_over_all_assignments(gamma):
    d = np.random.default_rng(0).normal(0.8, 1, 12)
    found = pair_bounds(d, gamma)
    low, high = enumerated(d, gamma)
    assert (found.exact_low, found.exact_high) == (
        pytest.approx(low, rel=1e-12),
        pytest.approx(high, rel=1e-12),
    )


def test_the_normal_approximation_approaches_the_exact_value():
    d = np.random.default_rng(1).normal(0.3, 1, 90)
    found = pair_bounds(d, 1.5)
    assert found.p_high == pytest.approx(found.exact_high, abs=0.004)
    assert np.isnan(pair_bounds(np.random.default_rng(1).normal(size=101), 1.5).exact_high)


def test_estimates_and_limits_are_where_the_statistic_crosses_its_bounds():
    """A second implementation: subtract an effect, rank anew, look on both sides."""
    d, gamma = np.random.default_rng(2).normal(1, 2, 25), 1.7
    found = pair_bounds(d, gamma)
    much, n = gamma / (1 + gamma), 25
    total, spread = n * (n + 1) / 2, np.sqrt(much * (1 - much) * n * (n + 1) * (2 * n + 1) / 6)

    def statistic(effect):
        left = d - effect
        return (np.argsort(np.argsort(np.abs(left))) + 1)[left > 0].sum()

    for value, wanted in (
        (found.estimate_low, much * total),
        (found.estimate_high, (1 - much) * total),
        (found.conf_low, much * total + 1.959963984540054 * spread),
        (found.conf_high, (1 - much) * total - 1.959963984540054 * spread),
    ):
        assert statistic(value - 1e-9) >= wanted >= statistic(value + 1e-9)


def test_sets_of_two_and_pairs_bound_alike_and_no_bias_is_one_p_value():
    rng = np.random.default_rng(3)
    label = np.repeat(np.arange(60), 2)
    treated = np.tile([True, False], 60)
    y = rng.normal(size=120) + 0.5 * treated
    one = set_bounds(y, treated, label, 1.0)
    assert one.p_low == pytest.approx(one.p_high, rel=1e-12)
    wide = set_bounds(y, treated, label, 2.0)
    assert wide.p_low < one.p_low < wide.p_high
    assert wide.p_high == pytest.approx(pair_bounds(y[::2] - y[1::2], 2.0).p_high, abs=0.03)


def test_the_bound_of_a_set_is_the_worst_of_all_hidden_patterns():
    """Every hidden pattern in {0, 1}, not only those that follow the order of the scores."""
    rng = np.random.default_rng(4)
    y, label = rng.normal(size=20), np.repeat(np.arange(5), 4)
    treated = np.tile([True, False, False, False], 5)
    gamma = 2.3
    ranks = np.argsort(np.argsort(y - np.repeat(y.reshape(5, 4).mean(axis=1), 4))) + 1.0
    mean = variance = 0.0
    for scores in ranks.reshape(5, 4):
        best = (-np.inf, 0.0)
        for pattern in product([1.0, gamma], repeat=4):
            weight = np.array(pattern) / sum(pattern)
            centre = weight @ scores
            best = max(best, (round(centre, 12), weight @ (scores - centre) ** 2))
        mean, variance = mean + best[0], variance + best[1]
    found = set_bounds(y, treated, label, gamma)
    assert found.p_high == pytest.approx(
        stats.norm.sf((ranks[treated].sum() - mean) / np.sqrt(variance)), rel=1e-9
    )
    turned = set_bounds(-y, treated, label, gamma)
    assert turned.p_low == pytest.approx(1 - found.p_high, abs=1e-9)


def test_bias_within_gamma_rejects_at_most_at_the_level_and_beyond_it_more():
    rng = np.random.default_rng(5)
    rejected = {2.0: 0, 1.0: 0}
    for _ in range(400):
        size = np.abs(rng.normal(size=60))
        d = size * np.where(rng.random(60) < 2 / 3, 1, -1)  # no effect; hidden odds of 2
        for gamma in rejected:
            rejected[gamma] += pair_bounds(d, gamma).p_high <= 0.05
    assert rejected[2.0] <= 35  # 0.999 quantile of a binomial(400, 0.05)
    assert rejected[1.0] > 200


@settings(max_examples=50, deadline=None)
@given(st.floats(1, 8), st.floats(1, 8), st.integers(0, 10_000))
def test_more_bias_allowed_only_widens_what_is_possible(one, other, seed):
    d = np.random.default_rng(seed).normal(0.5, 1, 20)
    less, more = (pair_bounds(d, gamma) for gamma in sorted((one, other)))
    assert more.exact_low <= less.exact_low * (1 + 1e-9)
    assert less.exact_high <= more.exact_high * (1 + 1e-9)
    assert more.estimate_low <= less.estimate_low <= less.estimate_high <= more.estimate_high
    assert more.conf_low <= less.conf_low
    assert less.conf_high <= more.conf_high


def test_unit_and_order_do_not_matter():
    d = np.random.default_rng(6).normal(0.5, 1, 30)
    one, other = pair_bounds(d, 1.5), pair_bounds(d[::-1] * 10, 1.5)
    assert one.p_high == other.p_high
    assert other.estimate_high == pytest.approx(10 * one.estimate_high)


def test_what_is_no_matched_sample_is_refused():
    with pytest.raises(EstimatorError, match=r"at least 1, not 0.5") as one:
        pair_bounds(LEAD, 0.5)
    assert "gamma 不小于 1" in one.value.message.zh
    with pytest.raises(EstimatorError, match="no matched pair differs"):
        pair_bounds(np.zeros(4), 2)
    with pytest.raises(EstimatorError, match=r"2 sets lack .*, e\.g\. a, c"):
        set_bounds(np.arange(5.0), np.array([1, 1, 1, 0, 1]) > 0, np.array(list("aabbc")), 2)


def test_pairs_are_the_assignment_of_least_distance():
    """Every assignment is tried."""
    rng = np.random.default_rng(2)
    treated = np.array([True, False, True, False, True, False, False])
    columns = rng.normal(size=(7, 2)) * [1.0, 100.0]

    one, two = pairs(columns, treated)

    centred = columns - np.where(
        treated[:, None], columns[treated].mean(axis=0), columns[~treated].mean(axis=0)
    )
    precision = np.linalg.inv(centred.T @ centred / 7)
    gap = columns[treated][:, None] - columns[~treated][None]
    distance = np.einsum("ijp,pq,ijq->ij", gap, precision, gap)
    best = min(
        permutations(range(4), 3), key=lambda chosen: sum(distance[i, j] for i, j in enumerate(chosen))
    )
    assert one.tolist() == [0, 2, 4]
    assert two.tolist() == np.flatnonzero(~treated)[list(best)].tolist()


def paired_data(shift: float, n: int = 40, clusters: int = 0) -> OwnChange:
    rng = np.random.default_rng(7)
    code = np.repeat([0, 1, 2], [n // 4, n // 4, n // 2])
    controls = rng.normal(size=(n, 1))
    by_cohort = (
        controls + np.array([0.0, 5.0]) + rng.normal(scale=0.3, size=(n, 2)) + shift * (code < 2)[:, None]
    )
    cluster = np.arange(n) % clusters if clusters else np.arange(n)
    return OwnChange(
        by_cohort, code, controls[:, 0] ** 2, controls, ("land",), cluster, None, np.array([2020, 2022]), 2024
    )


@pytest.mark.parametrize("shift", [1.0, -1.0])
def test_both_of_a_pair_are_followed_over_the_adopters_own_window(shift):
    """The second window is five higher for everybody; had partners been followed over another, that would enter."""
    found = paired_sensitivity(paired_data(shift), unit="yuan")

    assert found.estimate == pytest.approx(shift, abs=0.25)
    assert found.n_pairs == 20 and found.n_unpaired == 0
    assert found.rows["p_high"].is_monotonic_increasing
    assert (
        found.rows["estimate_low"].is_monotonic_decreasing
        and found.rows["estimate_high"].is_monotonic_increasing
    )
    assert found.breakdown > 2
    mirrored = paired_sensitivity(paired_data(-shift), unit="yuan")
    assert np.sign(mirrored.estimate) == -np.sign(found.estimate)


def test_units_of_one_cluster_are_no_pairs_and_too_many_are_refused(monkeypatch):
    with pytest.raises(EstimatorError, match="pairs of units are not independent"):
        paired_sensitivity(paired_data(1.0, clusters=8), unit="yuan")
    monkeypatch.setattr(matched_pairs, "MOST", 100)
    with pytest.raises(EstimatorError, match="20 and 20 units are too many to pair"):
        paired_sensitivity(paired_data(1.0), unit="yuan")
