"""Lee bounds against linear programming, Lee's variance, known truth and coverage."""

import numpy as np
import pytest
from scipy import optimize, stats

from analysis.checks.attrition_bounds import imbens_manski, lee_bounds, worst_case_bounds
from analysis.effects import EstimatorError


def sample(seed: int, n: int = 1_000, *, more=0.9, less=0.7, effect=1.0, cell_effect=0.0):
    """Treated are observed with chance `more` of those, others with `less`; monotone, related to the outcome."""
    rng = np.random.default_rng(seed)
    d, cell = rng.random(n) < 0.5, rng.integers(0, 3, n)
    base = rng.normal(size=n) + cell_effect * cell
    eagerness = stats.norm.cdf(0.8 * stats.norm.ppf(rng.random(n)) + 0.6 * (base - cell_effect * cell))
    seen = eagerness < np.where(d, more, less)
    return np.where(seen, base + effect * d, np.nan), d, cell


def programmed(values: np.ndarray, share: float, sign: int) -> float:
    """Extreme mean over all ways to trim: minimise sign * w'y, w between 0 and 1 / (n share), adding to one."""
    n = len(values)
    found = optimize.linprog(
        sign * values, A_eq=np.ones((1, n)), b_eq=[1], bounds=[(0, 1 / (n * share))] * n, method="highs"
    )
    return sign * found.fun


@pytest.mark.parametrize("flip", [False, True])
def test_bounds_are_the_extremes_over_all_ways_to_trim(flip):
    y, d, _ = sample(0, 300)
    d = ~d if flip else d
    found = lee_bounds(y, d)
    one, other = y[d & np.isfinite(y)], y[~d & np.isfinite(y)]
    p1, p0 = len(one) / d.sum(), len(other) / (~d).sum()
    if flip:
        low, high = (one.mean() - programmed(other, p1 / p0, sign) for sign in (-1, 1))
    else:
        low, high = (programmed(one, p0 / p1, sign) - other.mean() for sign in (1, -1))
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-8), pytest.approx(high, abs=1e-8))
    assert found.trims_treated == (not flip,)
    assert found.trimmed == pytest.approx(1 - min(p0, p1) / max(p0, p1))


def test_ties_are_split_at_the_quantile():
    y = np.array([1.0] * 6 + [2.0] * 4 + [1.5] * 5 + [np.nan] * 5)
    found = lee_bounds(y, np.arange(20) < 10)
    assert (found.low, found.high) == (pytest.approx(1.0 - 1.5), pytest.approx((4 * 2 + 1) / 5 - 1.5))


def test_errors_of_independent_units_are_lees():
    y, d, _ = sample(1, 4_000)
    found = lee_bounds(y, d)
    seen = np.isfinite(y)
    one, other = np.sort(y[d & seen]), y[~d & seen]
    p1, p0 = seen[d].mean(), seen[~d].mean()
    share = p0 / p1
    kept, cut = one[: int(len(one) * share)], one[int(len(one) * share)]
    mean, n = kept.mean(), len(y)
    chance = (d & seen).mean()
    trimmed = (kept.var() + (cut - mean) ** 2 * (1 - share)) / (chance * share)
    # proposition 3, with the variance of the share from the two observation rates by the delta method
    of_share = share**2 * ((1 - p0) / (p0 * (~d).mean()) + (1 - p1) / (p1 * d.mean()))
    control = other.var() / ((~d & seen).mean())
    variance = trimmed + ((cut - mean) / share) ** 2 * of_share + control
    assert found.std_error_low == pytest.approx(np.sqrt(variance / n), rel=3e-3)


def test_equal_observation_gives_a_point_and_the_plain_error():
    y, d, _ = sample(2)
    full = np.where(np.isnan(y), 0.3, y)
    found = lee_bounds(full, d)
    assert found.low == pytest.approx(found.high) == pytest.approx(full[d].mean() - full[~d].mean())
    assert found.conf_high - found.high == pytest.approx(1.96 * found.std_error_high, rel=1e-3)


def test_cells_tighten_the_bounds_and_one_cell_changes_nothing():
    y, d, cell = sample(3, 6_000, cell_effect=2.0)
    wide, tight = lee_bounds(y, d), lee_bounds(y, d, cell=cell)
    assert wide.low < tight.low < tight.high < wide.high
    assert tight.n_cells == 3
    assert lee_bounds(y, d, cell=np.zeros(len(y))) == wide


def test_weights_are_copies_of_rows_and_order_unit_and_origin_do_not_matter():
    y, d, cell = sample(4, 200)
    copies = np.random.default_rng(0).integers(1, 4, 200)
    weighted, repeated = (
        lee_bounds(y, d, weight=copies),
        lee_bounds(np.repeat(y, copies), np.repeat(d, copies)),
    )
    assert (weighted.low, weighted.high) == (pytest.approx(repeated.low), pytest.approx(repeated.high))
    order = np.random.default_rng(1).permutation(200)
    one, other = lee_bounds(y, d, cell=cell), lee_bounds(10 * y[order] + 5, d[order], cell=-cell[order])
    assert (other.low, other.std_error_low) == (
        pytest.approx(10 * one.low),
        pytest.approx(10 * one.std_error_low),
    )


def test_clusters_of_copies_give_the_error_of_the_originals():
    y, d, _ = sample(5, 400)
    one = lee_bounds(y, d)
    four = lee_bounds(np.tile(y, 4), np.tile(d, 4), cluster=np.tile(np.arange(400), 4))
    assert (four.low, four.std_error_low) == (
        pytest.approx(one.low),
        pytest.approx(one.std_error_low, rel=1e-6),
    )
    assert lee_bounds(np.tile(y, 4), np.tile(d, 4)).std_error_low < 0.6 * one.std_error_low


def test_the_interval_covers_the_true_effect_and_the_error_of_a_bound_is_its_spread():
    """The effect is one for everybody, and the true lower bound is computed from two million units."""
    truth = lee_bounds(*sample(999, 2_000_000)[:2])
    assert truth.low < 1.0 < truth.high
    found = [lee_bounds(*sample(seed, 500)[:2]) for seed in range(500)]
    covered = sum(one.conf_low <= 1.0 <= one.conf_high for one in found)
    assert covered >= stats.binom.ppf(5e-4, 500, 0.95)
    lower = sum(abs(one.low - truth.low) <= 1.96 * one.std_error_low for one in found)
    assert stats.binom.ppf(5e-4, 500, 0.94) <= lower <= stats.binom.ppf(1 - 5e-4, 500, 0.96)
    assert np.std([one.low for one in found]) == pytest.approx(
        np.mean([one.std_error_low for one in found]), rel=0.1
    )


def test_errors_with_cells_are_the_spread_of_the_bounds():
    found = [
        lee_bounds(y, d, cell=c) for y, d, c in (sample(seed, 900, cell_effect=1.0) for seed in range(400))
    ]
    for name in ("low", "high"):
        spread = np.std([getattr(one, name) for one in found])
        assert spread == pytest.approx(np.mean([getattr(one, f"std_error_{name}") for one in found]), rel=0.1)


def test_imbens_manski_goes_from_two_sided_to_one_sided_and_solves_its_equation():
    assert imbens_manski(0, 0, 1, 1)[1] == pytest.approx(1.959964, abs=1e-5)
    assert imbens_manski(0, 50, 1, 1)[0] == pytest.approx(-1.644854, abs=1e-5)
    low, high = imbens_manski(0, 0.7, 0.5, 0.9)
    c = -low / 0.5
    assert high == pytest.approx(0.7 + 0.9 * c)
    assert stats.norm.cdf(c + 0.7 / 0.9) - stats.norm.cdf(-c) == pytest.approx(0.95, abs=1e-9)


def test_the_worst_case_fills_in_the_ends_of_the_range():
    y = np.array([1.0, 2, np.nan, 3, 1, np.nan])
    found = worst_case_bounds(y, np.array([1, 1, 1, 0, 0, 0]), lowest=0, highest=5)
    assert found.low == pytest.approx((1 + 2 + 0) / 3 - (3 + 1 + 5) / 3)
    assert found.high == pytest.approx((1 + 2 + 5) / 3 - (3 + 1 + 0) / 3)
    first, second = np.array([1.0, 2, 0]), np.array([3.0, 1, 5])
    by_hand = (first.var() / 3 + second.var() / 3) * 6 / 5
    assert found.std_error_low == pytest.approx(np.sqrt(by_hand))
    assert (found.observed_treated, found.observed_other) == (pytest.approx(2 / 3), pytest.approx(2 / 3))


def test_what_bounds_nothing_is_refused():
    y, d, _cell = sample(6, 60)
    with pytest.raises(EstimatorError, match=r"of 30 cells have fewer than 5") as one:
        lee_bounds(y, d, cell=np.arange(60) // 2)
    assert "请合并单元" in one.value.message.zh
    with pytest.raises(EstimatorError, match="treated and other units"):
        lee_bounds(y, np.ones(60))
    with pytest.raises(EstimatorError, match="one cluster gives no error"):
        lee_bounds(y, d, cluster=np.zeros(60))
    with pytest.raises(EstimatorError, match=r"lie outside \[0, 1\]"):
        worst_case_bounds(y, d, lowest=0, highest=1)
