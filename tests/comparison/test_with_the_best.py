"""Multiple comparisons with the best: a printed example, ten models, two arms, and the promise by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from _ten_models import ALIKE, COVARIANCE, SPREAD
from scipy import stats

from analysis.comparison.errors import ComparisonError
from analysis.comparison.with_the_best import with_the_best
from analysis.messages import in_language


def test_paint_hardness_is_as_printed():
    """One-way analysis of four blends, largest is best; two rows printed, two by the same half width."""
    mean = np.array([14.733333, 8.566667, 12.983333, 18.066667])
    found = with_the_best(mean, np.eye(4) * 3.95012**2 / 6, df=20)

    assert found.critical == pytest.approx([2.1923] * 4, abs=0.001)
    assert found.low == pytest.approx([-8.3333, -14.5, -10.0833, -1.6667], abs=0.001)
    assert found.high == pytest.approx([1.6667, 0, 0, 8.3333], abs=0.001)
    assert found.may_be_best.tolist() == [True, False, False, True]


@pytest.mark.parametrize(
    ("x", "low", "high", "may_be_best"),
    [
        (ALIKE, [-0.4348, -0.494, -0.498, -0.4326, -0.3669, -0.477, -0.4963, -0.2292, -0.6342, -0.5189],
         [0.0803, 0.0267, 0.0453, 0.1139, 0.1997, 0.1199, 0.13, 0.3669, 0.0436, 0.2292], [*range(10)]),
        (SPREAD, [-0.8084, -0.9798, -0.966, -0.7664, -0.5465, -0.8428, -0.8671, -0.0201, -1.2206, -0.7919],
         [0, 0, 0, 0, 0.0201, 0, 0, 0.5465, 0, 0], [4, 7]),
    ],
    ids=["alike", "spread"],
)  # fmt: skip
def test_ten_models_are_as_recorded(x, low, high, may_be_best):
    found = with_the_best(x, COVARIANCE)
    assert found.low == pytest.approx(low, abs=0.01)
    assert found.high == pytest.approx(high, abs=0.01)
    assert found.may_be_best.nonzero()[0].tolist() == may_be_best


@pytest.mark.parametrize(("df", "law"), [(np.inf, stats.norm), (7.0, stats.t(7.0))])
def test_two_arms_give_the_one_sided_bound(df, law):
    x, covariance = np.array([0.3, 1.0]), np.array([[0.2, 0.05], [0.05, 0.1]])
    half = law.ppf(0.95) * np.sqrt(0.2 + 0.1 - 2 * 0.05)
    found = with_the_best(x, covariance, df=df)

    assert found.high == pytest.approx([max(0, -0.7 + half), 0.7 + half], abs=1e-7)
    assert found.low == pytest.approx([-0.7 - half, min(0, 0.7 - half)], abs=1e-7)
    assert found.may_be_best.tolist() == [bool(half > 0.7), True]


def test_two_arms_with_their_own_degrees_of_freedom_give_welchs_bound():
    variance, df = np.array([0.2, 0.1]), np.array([4.0, 9.0])
    welch = variance.sum() ** 2 / (variance**2 / df).sum()
    found = with_the_best(np.array([0.3, 1.0]), np.diag(variance), df=df)
    assert found.high[1] == pytest.approx(0.7 + stats.t.ppf(0.95, welch) * np.sqrt(0.3), abs=1e-6)


def test_a_single_possible_best_has_nothing_above_it():
    x = ALIKE + 2.0 * (np.arange(10) == 3)
    found = with_the_best(x, COVARIANCE)
    assert found.may_be_best.nonzero()[0].tolist() == [3]
    assert found.low[3] == 0
    assert found.high[3] > 1
    assert (found.high[np.arange(10) != 3] == 0).all()


def test_names_of_arms_units_and_a_common_constant_do_not_matter():
    found = with_the_best(SPREAD, COVARIANCE)
    new = np.random.default_rng(3).permutation(10)
    moved = with_the_best(SPREAD[new], COVARIANCE[np.ix_(new, new)])
    assert moved.low == pytest.approx(found.low[new], abs=1e-8)
    assert moved.high == pytest.approx(found.high[new], abs=1e-8)
    assert np.array_equal(moved.may_be_best, found.may_be_best[new])

    yuan = with_the_best(1e4 * (SPREAD - 2), 1e8 * COVARIANCE)
    assert yuan.low == pytest.approx(1e4 * found.low, rel=1e-7)
    assert np.array_equal(yuan.may_be_best, found.may_be_best)


def test_what_the_arms_share_narrows_the_set_and_the_diagonal_alone_does_not_know_it():
    shared = COVARIANCE + 0.05
    found, full = with_the_best(SPREAD, COVARIANCE), with_the_best(SPREAD, shared)
    diagonal = with_the_best(SPREAD, np.diag(np.diag(shared)))
    assert full.low == pytest.approx(found.low, abs=1e-8)
    assert full.may_be_best.sum() < diagonal.may_be_best.sum()


def test_equal_estimates_stay_in_the_set_together():
    found = with_the_best(np.array([1.0, 3.0, 3.0]), np.eye(3) * 0.01)
    assert found.may_be_best.tolist() == [False, True, True]
    assert found.low[1] == pytest.approx(-found.high[2], abs=1e-3)


def test_two_seeds_agree():
    one, two = with_the_best(ALIKE, COVARIANCE, seed=1), with_the_best(ALIKE, COVARIANCE, seed=2)
    assert not np.array_equal(one.critical, two.critical)
    assert one.critical == pytest.approx(two.critical, abs=0.005)
    assert np.array_equal(one.low, with_the_best(ALIKE, COVARIANCE, seed=1).low)


@pytest.mark.parametrize("name", ["equal", "one_ahead"])
def test_the_intervals_hold_together_as_often_as_promised(name):
    """200 studies of ten models; the set of possible winners holds the best, and no equal arm is named alone."""
    effect = 0.3 * (np.arange(10) == 7) if name == "one_ahead" else np.zeros(10)
    best = np.array([effect[i] - np.delete(effect, i).max() for i in range(10)])
    drawn = np.random.default_rng(12).multivariate_normal(effect, COVARIANCE, size=200)
    held = named = 0
    for x in drawn:
        found = with_the_best(x, COVARIANCE, draws=256)
        held += bool(
            ((found.low <= best) & (best <= found.high)).all() and found.may_be_best[effect.argmax()]
        )
        named += found.may_be_best.sum() == 1
    least = stats.binom.ppf(0.001, 200, 0.95)
    assert held >= least
    if name == "equal":
        assert named <= 200 * 0.06


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ComparisonError, match="0 = 2; they are one arm under two names") as caught:
        with_the_best(np.zeros(3), np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 1.0]]))
    assert "只保留一个" in in_language(caught.value, "zh")
    with pytest.raises(ComparisonError, match=r"alpha is 0\.7") as caught:
        with_the_best(ALIKE, COVARIANCE, alpha=0.7)
    assert "alpha 为 0.7" in in_language(caught.value, "zh")
