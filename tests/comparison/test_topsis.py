"""TOPSIS: the book's example, the normalisation in the result, and ranks that cannot reverse once ideals are fixed."""

import numpy as np
import pytest

from analysis.comparison.errors import ComparisonError
from analysis.comparison.index.topsis import NORMALISATIONS, topsis, topsis_fixed
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
WEIGHTS = np.array([0.2, 0.1, 0.1, 0.1, 0.2, 0.3])


def test_the_fighter_example_has_its_distances_and_closeness():
    found = topsis(FIGHTER, WEIGHTS, cost_columns=[3])
    np.testing.assert_allclose(found.to_best, [0.0546, 0.1197, 0.0580, 0.1009], atol=1e-4)
    np.testing.assert_allclose(found.to_worst, [0.0984, 0.0439, 0.0920, 0.0458], atol=1e-4)
    np.testing.assert_allclose(found.closeness, [0.643, 0.268, 0.613, 0.312], atol=0.001)
    assert found.rank.tolist() == [1, 4, 2, 3]


def test_the_normalisation_is_named_in_the_result_and_changes_it():
    vector, min_max = (
        topsis(FIGHTER, WEIGHTS, cost_columns=[3], normalisation=name) for name in ("vector", "min_max")
    )
    assert (vector.normalisation, min_max.normalisation) == ("vector", "min_max")
    # what a package that normalises by min-max unasked prints for the book's example
    np.testing.assert_allclose(min_max.closeness, [0.613, 0.366, 0.531, 0.352], atol=0.001)
    assert (
        topsis_fixed(FIGHTER[:, :2], [0.5, 0.5], best=[3, 3000], worst=[1, 1000]).normalisation
        == "fixed_points"
    )
    assert {"vector", "min_max", "sum", "fixed_points"} == set(NORMALISATIONS)


@pytest.mark.parametrize("normalisation", ["vector", "min_max", "sum"])
def test_units_of_measurement_and_the_order_of_rows_do_not_matter(normalisation):
    options = {"cost_columns": [3], "normalisation": normalisation}
    found = topsis(FIGHTER, WEIGHTS, **options)
    scaled = topsis(FIGHTER * [1e4, 1, 1e-3, 1, 2, 1], WEIGHTS, **options)
    np.testing.assert_allclose(scaled.closeness, found.closeness, rtol=1e-9)
    turned = topsis(FIGHTER[::-1], WEIGHTS, **options)
    np.testing.assert_allclose(turned.closeness[::-1], found.closeness, rtol=1e-12)


@pytest.mark.parametrize("normalisation", ["vector", "min_max", "sum"])
def test_the_best_in_everything_is_one_and_the_worst_zero(normalisation):
    x = np.array([[1.0, 9.0], [2.0, 5.0], [3.0, 2.0]])
    found = topsis(x, [0.4, 0.6], cost_columns=[1], normalisation=normalisation)
    assert found.closeness[[0, 2]].tolist() == [0.0, 1.0]
    assert found.rank.tolist() == [3, 2, 1]
    flat = np.column_stack([x, np.zeros(3)])
    np.testing.assert_allclose(
        topsis(flat, [0.4, 0.6, 0], cost_columns=[1], normalisation=normalisation).closeness,
        found.closeness, rtol=1e-12,
    )  # fmt: skip


def test_an_added_unit_may_reverse_ranks_but_not_against_fixed_points():
    rng = np.random.default_rng(0)
    reversed_once = False
    for _ in range(50):
        x = rng.uniform(0, 1, (4, 3))
        w = np.array([0.5, 0.3, 0.2])
        more = np.vstack([x, rng.uniform(0, 1, (1, 3))])
        before, after = topsis(x, w).rank, topsis(more, w).closeness[:4]
        reversed_once |= (np.argsort(before) != np.argsort(-after)).any()
        fixed, with_more = (topsis_fixed(t, w, best=np.ones(3), worst=np.zeros(3)) for t in (x, more))
        np.testing.assert_array_equal(fixed.closeness, with_more.closeness[:4])
    assert reversed_once


def test_ties_share_a_rank():
    x = np.array([[1.0, 1.0], [1.0, 1.0], [2.0, 0.5]])
    assert sorted(topsis(x, [0.9, 0.1]).rank) == [1, 2, 2]


def test_less_is_better_in_fixed_points_when_best_is_below_worst():
    found = topsis_fixed(np.array([[10.0, 1.0], [2.0, 1.0]]), [0.5, 0.5], best=[0, 2], worst=[20, 0])
    assert found.closeness[1] > found.closeness[0]
    assert found.closeness[0] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("act", "en", "zh"),
    [
        (lambda: topsis(FIGHTER, [1, 1, 1, 1, 1, 1]), "sum to 1", "和为 1"),
        (lambda: topsis(FIGHTER, [0.5, 0.5]), "weights are 6 shares", "6 个非负"),
        (lambda: topsis(np.ones((3, 2)), [0.5, 0.5]), "TOPSIS cannot order them", "无法排序"),
        (
            lambda: topsis(-FIGHTER, WEIGHTS, normalisation="sum"),
            "use vector or min_max",
            "请用 vector 或 min_max",
        ),
        (
            lambda: topsis(FIGHTER, WEIGHTS, normalisation="fixed_points"),
            "there are vector, min_max, sum",
            "可选：vector, min_max, sum",
        ),
        (
            lambda: topsis_fixed(FIGHTER[:, :1], [1.0], best=[2.2], worst=[1.0]),
            "1 values lie beyond the fixed points (row 1 column 0: 2.5)",
            "第 1 行第 0 列 2.5",
        ),
        (
            lambda: topsis_fixed(FIGHTER[:, :1], [1.0], best=[2.0], worst=[2.0]),
            "different values",
            "互不相同",
        ),
    ],
)
def test_what_cannot_be_ordered_is_said(act, en, zh):
    with pytest.raises(ComparisonError) as caught:
        act()
    assert en in str(caught.value)
    assert zh in in_language(caught.value, "zh")
