"""Entropy weights: the book's example, what gets no weight, what direction does, what one unit can do."""

import numpy as np
import pytest

from analysis.comparison.errors import ComparisonError
from analysis.comparison.index.entropy import entropy_weights, weight_range
from analysis.messages import in_language

# Fighter aircraft, Hwang, Yoon (1981), Multiple Attribute Decision Making
FIGHTER = np.array(
    [
        [2.0, 1500, 20000, 5.5, 5, 9],
        [2.5, 2700, 18000, 6.5, 3, 5],
        [1.8, 2000, 21000, 4.5, 7, 7],
        [2.2, 1800, 20000, 5.0, 5, 5],
    ]
)
RNG = np.random.default_rng(1)
TABLE = RNG.lognormal(size=(10, 4))


def test_the_fighter_example_has_its_entropies_and_weights():
    found = entropy_weights(FIGHTER, cost_columns=[3], normalisation="share")
    assert found.normalisation == "share"
    np.testing.assert_allclose(found.entropy, [0.9947, 0.9829, 0.9989, 0.9933, 0.9703, 0.9771], atol=1e-4)
    np.testing.assert_allclose(found.weights, [0.0642, 0.2061, 0.0134, 0.0813, 0.3587, 0.2763], atol=1e-4)


@pytest.mark.parametrize("normalisation", ["min_max", "share"])
def test_a_constant_column_has_no_weight_and_changes_no_other(normalisation):
    found = entropy_weights(np.column_stack([TABLE, np.full(10, 7.0)]), normalisation=normalisation)
    assert found.constant == (4,)
    assert (found.weights[4], found.entropy[4]) == (0.0, 1.0)
    np.testing.assert_allclose(
        found.weights[:4], entropy_weights(TABLE, normalisation=normalisation).weights, rtol=1e-12
    )


def test_zeros_count_as_zero_and_all_the_weight_goes_where_one_unit_has_everything():
    spread = np.column_stack([np.arange(10.0), np.eye(10)[0]])
    for normalisation in ("min_max", "share"):
        found = entropy_weights(spread, normalisation=normalisation)
        assert found.entropy[1] == 0.0
        assert found.weights[1] > found.weights[0] > 0
        assert found.weights.sum() == pytest.approx(1)


def test_a_cost_is_a_benefit_with_its_sign_turned():
    turned = TABLE * [1, -1, 1, 1]
    as_cost = entropy_weights(TABLE, cost_columns=[1])
    np.testing.assert_allclose(as_cost.weights, entropy_weights(turned).weights, rtol=1e-12)
    assert np.abs(as_cost.weights - entropy_weights(TABLE).weights).max() > 0.01


def test_units_of_measurement_and_the_order_of_rows_do_not_matter():
    weights = entropy_weights(TABLE).weights
    np.testing.assert_allclose(
        entropy_weights(TABLE * [1e4, 1, 1e-3, 1] + [5, 0, 1, 2]).weights, weights, rtol=1e-9
    )
    np.testing.assert_allclose(entropy_weights(TABLE[::-1]).weights, weights, rtol=1e-12)
    np.testing.assert_allclose(
        entropy_weights(TABLE * [1e4, 1, 1, 1], normalisation="share").weights,
        entropy_weights(TABLE, normalisation="share").weights, rtol=1e-9,
    )  # fmt: skip


def test_the_range_of_weights_names_the_unit_that_moves_them():
    table = TABLE.copy()
    table[6, 2] = 60.0
    found = weight_range(table, draws=400, seed=3)
    whole = entropy_weights(table).weights
    assert found.unit[2] == 6
    assert found.without_one[2] == pytest.approx(
        whole[2] - entropy_weights(np.delete(table, 6, 0)).weights[2]
    )
    assert (found.conf_low <= whole + 1e-9).all()
    assert found.conf_high[2] - found.conf_low[2] > 0.2
    assert found.n_draws + found.n_flat == 400
    again = weight_range(table, draws=400, seed=3)
    np.testing.assert_array_equal(found.conf_low, again.conf_low)


def test_draws_without_differences_are_counted_not_used():
    found = weight_range(np.array([[1.0], [2.0], [3.0]]), draws=300, seed=0)
    assert 10 < found.n_flat < 70  # one in nine
    assert (found.conf_low, found.conf_high) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("values", "options", "en", "zh"),
    [
        (TABLE[:1], {}, "at least 2 are needed", "至少需要 2 个"),
        (TABLE[0], {}, "not an array of shape (4,)", "二维表"),
        (np.where(np.isclose(TABLE, TABLE[3, 2]), np.nan, TABLE), {}, "row 3 column 2", "第 3 行第 2 列"),
        (np.ones((5, 2)), {}, "the units do not differ in any indicator", "都相同"),
        (TABLE - 1, {"normalisation": "share"}, "which have no shares; use min_max", "请用 min_max"),
        (TABLE, {"normalisation": "vector"}, "there are min_max, share", "可选：min_max, share"),
        (TABLE, {"cost_columns": [4]}, "numbered 0 to 3", "0 到 3"),
    ],
)
def test_what_gives_no_weights_is_said(values, options, en, zh):
    with pytest.raises(ComparisonError) as caught:
        entropy_weights(values, **options)
    assert en in str(caught.value)
    assert zh in in_language(caught.value, "zh")
