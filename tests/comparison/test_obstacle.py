"""Obstacle degree: by hand, and what a unit that lacks nothing gets."""

import numpy as np
import pytest

from analysis.comparison.errors import ComparisonError
from analysis.comparison.index.obstacle import obstacle_degree
from analysis.messages import in_language


def test_three_indicators_by_hand():
    found = obstacle_degree([[0.2, 0.5, 0.9]], [0.5, 0.3, 0.2])
    np.testing.assert_allclose(found.degree, [[0.701754, 0.263158, 0.035088]], atol=1e-6)
    assert found.order.tolist() == [[0, 1, 2]]
    assert found.lacking[0] == pytest.approx(1 - (0.2 * 0.5 + 0.5 * 0.3 + 0.9 * 0.2))


def test_shares_sum_to_one_and_follow_the_columns():
    rng = np.random.default_rng(0)
    z, w = rng.uniform(size=(30, 4)), np.array([0.1, 0.2, 0.3, 0.4])
    found = obstacle_degree(z, w)
    np.testing.assert_allclose(found.degree.sum(axis=1), 1, rtol=1e-12)
    turned = obstacle_degree(z[:, ::-1], w[::-1])
    np.testing.assert_allclose(turned.degree[:, ::-1], found.degree, rtol=1e-12)
    first = np.take_along_axis(found.degree, found.order, axis=1)
    assert (np.diff(first, axis=1) <= 0).all()


def test_a_unit_that_lacks_nothing_has_no_obstacles():
    found = obstacle_degree([[1.0, 1.0], [1.0, 0.0], [1.0, 0.5]], [0.5, 0.5])
    assert np.isnan(found.degree[0]).all()
    assert found.degree[1:].tolist() == [[0.0, 1.0], [0.0, 1.0]]
    assert found.n_complete == 1
    # an indicator without weight is no obstacle
    assert obstacle_degree([[0.0, 0.5]], [0.0, 1.0]).degree.tolist() == [[0.0, 1.0]]


@pytest.mark.parametrize(
    ("levels", "weights", "en", "zh"),
    [
        ([[1.2, 0.5]], [0.5, 0.5], "standardise the indicators first", "请先把指标标准化"),
        ([[0.2, 0.5]], [0.5, -0.5], "shares that are not negative", "非负"),
    ],
)
def test_what_has_no_obstacles_is_said(levels, weights, en, zh):
    with pytest.raises(ComparisonError) as caught:
        obstacle_degree(levels, weights)
    assert en in str(caught.value)
    assert zh in in_language(caught.value, "zh")
