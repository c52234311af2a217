"""Balance: against hand-computed numbers, scipy and statsmodels, and zero after entropy balancing."""

from __future__ import annotations

import numpy as np
import pytest
from member_sections import birth_weights, drawn, repeated, weighted
from scipy import stats

from analysis.members import entropy_balancing, nearest_neighbour
from analysis.members._gate import MemberEffectError
from analysis.members.balance import balance


def of(section, after):
    return balance(section.covariates, section.treated, section.weight, after, section.names)


def test_numbers_by_hand():
    x = np.array([[1.0], [3.0], [0.0], [1.0], [5.0]])
    treated = np.array([True, True, False, False, False])

    found = balance(x, treated, np.ones(5), np.array([1, 1, 1, 1, 0.0]), ("land",))

    spread = np.sqrt((2 + 7) / 2)  # variances of 1, 3 and of 0, 1, 5
    assert found.before.difference[0] == pytest.approx((2 - 2) / spread)
    assert found.after.difference[0] == pytest.approx((2 - 0.5) / spread)
    assert found.before.variance_ratio[0] == pytest.approx(2 / 7)
    assert found.after.variance_ratio[0] == pytest.approx(2 / 0.5)
    assert found.before.distance[0] == pytest.approx(1 / 3)
    assert found.after.distance[0] == pytest.approx(1 / 2)
    assert found.largest == pytest.approx(1.5 / spread)


def test_kolmogorov_distances_are_those_of_scipy_and_the_pseudo_r2_that_of_statsmodels():
    from statsmodels.discrete.discrete_model import Logit

    section = birth_weights("mmarried_", "mage", "fbaby_", "medu")
    x = np.column_stack([np.ones(len(section.outcome)), section.covariates])
    fitted = Logit(section.treated.astype(float), x).fit(disp=0, tol=1e-12)
    index = x @ fitted.params
    inside, outside = index[section.treated], index[~section.treated]

    found = of(section, section.weight).before

    for column, distance in zip(section.covariates.T, found.distance, strict=True):
        expected = stats.ks_2samp(column[section.treated], column[~section.treated]).statistic
        assert distance == pytest.approx(expected, abs=1e-12)
    assert found.pseudo_r2 == pytest.approx(fitted.prsquared, rel=1e-8)
    middle = np.sqrt((inside.var(ddof=1) + outside.var(ddof=1)) / 2)
    assert found.b == pytest.approx(100 * (inside.mean() - outside.mean()) / middle, rel=1e-7)
    assert found.r == pytest.approx(inside.var(ddof=1) / outside.var(ddof=1), rel=1e-7)


def test_entropy_balancing_leaves_nothing():
    section = drawn(np.random.default_rng(1))
    weight, _ = entropy_balancing.weights(section)

    found = of(section, np.where(section.treated, section.weight, weight))

    assert np.abs(found.before.difference).max() > 0.3
    assert found.largest < 1e-8
    assert found.after.pseudo_r2 == pytest.approx(0, abs=1e-12)
    assert found.after.b == pytest.approx(0, abs=1e-4)
    assert found.before.pseudo_r2 > 0.05
    assert found.before.b > 50


def test_matching_improves_balance():
    section = drawn(np.random.default_rng(2), 1000)
    matched = nearest_neighbour.matched_section(section, neighbours=2)

    found = of(section, matched.weight)

    assert found.largest < 0.1 < np.abs(found.before.difference).max()
    assert found.after.b < 25 < found.before.b


def test_weights_count_as_repetitions_and_their_scale_is_nothing():
    rng = np.random.default_rng(3)
    section = weighted(drawn(rng, 100), rng)
    many = repeated(section)

    one, scaled, expected = (
        of(section, section.weight),
        of(section, section.weight * 7),
        of(many, many.weight),
    )

    np.testing.assert_allclose(one.after.distance, expected.before.distance, atol=1e-12)
    assert one.after.pseudo_r2 == pytest.approx(expected.after.pseudo_r2, rel=1e-9)
    np.testing.assert_allclose(scaled.after.difference, one.before.difference, rtol=1e-12)


def test_separated_groups_have_no_index_and_empty_ones_are_refused():
    x = np.array([[1.0], [2.0], [3.0], [4.0]])
    treated = np.array([False, False, True, True])

    found = balance(x, treated, np.ones(4), np.ones(4), ("land",))

    assert np.isnan([found.before.b, found.before.r, found.before.pseudo_r2]).all()
    assert found.before.distance[0] == 1
    with pytest.raises(MemberEffectError, match="a group has no household with weight"):
        balance(x, treated, np.ones(4), np.array([1, 1, 0, 0.0]), ("land",))
