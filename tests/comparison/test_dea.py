"""Data envelopment analysis: textbook and school examples, a second way to the same scores, units, slack, bootstrap."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from analysis import paths
from analysis.comparison.errors import ComparisonError
from analysis.comparison.index import dea
from analysis.comparison.index._envelope import radial
from analysis.comparison.index.dea import bootstrap_efficiency, efficiency
from analysis.messages import in_language

# Cooper, Seiford, Tone, Data Envelopment Analysis, examples 1.1 and 2.2; variable returns by two programs, not printed
ONE_IN, ONE_OUT = np.array([2, 3, 3, 4, 5, 5, 6, 8]), np.array([1, 3, 2, 3, 4, 2, 3, 5])
TWO_IN, UNIT_OUT = np.array([[4, 3], [7, 3], [8, 1], [4, 2], [2, 4], [10, 1]]), np.ones(6)


def school_file():
    shared = paths.shared_data()
    return (
        None
        if shared is None
        else shared.parent.parent / "references" / "comparison_data" / "ccr1981_follow_through.csv"
    )


@cache
def factory(n=40, m=2, s=2, seed=0):
    """Units that make s outputs from m inputs, with inefficiency."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(1, 5, (n, m))
    y = rng.dirichlet(np.ones(s), n) * np.prod(x, axis=1)[:, None] ** (0.8 / m)
    return x / np.exp(-np.abs(rng.normal(0, 0.3, n)))[:, None], y


def by_multipliers(own_x, own_y, x, y, returns):
    """The dual programme, one unit at a time: max u y_o + u0 s.t. v x_o = 1, u y_j - v x_j + u0 <= 0."""
    (n, m), s = x.shape, y.shape[1]
    free = {"constant": (0, 0), "variable": (None, None), "non_increasing": (None, 0)}[returns]
    constraint = np.hstack([-x, y, np.ones((n, 1))])
    scores = []
    for x_o, y_o in zip(own_x, own_y, strict=True):
        done = linprog(
            -np.concatenate([np.zeros(m), y_o, [1]]), A_ub=constraint, b_ub=np.zeros(n),
            A_eq=[np.concatenate([x_o, np.zeros(s + 1)])], b_eq=[1], bounds=[(0, None)] * (m + s) + [free],
        )  # fmt: skip
        scores.append(-done.fun)
    return np.array(scores)


def test_one_input_one_output_of_the_textbook():
    found = efficiency(ONE_IN, ONE_OUT)
    np.testing.assert_allclose(found.constant, [0.5, 1, 0.6667, 0.75, 0.8, 0.4, 0.5, 0.625], atol=6e-5)
    np.testing.assert_allclose(found.variable, [1, 1, 0.8333, 0.75, 1, 0.5, 0.5, 1], atol=6e-5)
    np.testing.assert_allclose(found.scale * found.variable, found.constant, rtol=1e-12)
    assert found.returns_to_scale.tolist() == (
        [
            "increasing",
            "constant",
            "increasing",
            "constant",
            "decreasing",
            "increasing",
            "constant",
            "decreasing",
        ]
    )
    assert not found.crowded


def test_two_inputs_of_the_textbook_and_the_unit_with_slack():
    found = efficiency(TWO_IN, UNIT_OUT)
    np.testing.assert_allclose(found.constant, [0.8571, 0.6316, 1, 1, 1, 1], atol=6e-5)
    assert found.slack_constant.tolist() == [False, False, False, False, False, True]
    assert found.efficient_constant.tolist() == [False, False, True, True, True, False]
    assert found.crowded  # six units, three measures


@pytest.mark.skipif(
    school_file() is None or not school_file().is_file(), reason="the school data are not here"
)
def test_seventy_school_sites():
    """Charnes, Cooper, Rhodes (1981); scores by two programs."""
    data = pd.read_csv(school_file())
    found = efficiency(data[["x1", "x2", "x3", "x4", "x5"]], data[["y1", "y2", "y3"]])
    assert found.constant.mean() == pytest.approx(0.937765, abs=1e-4)
    assert found.variable.mean() == pytest.approx(0.953431, abs=1e-4)
    assert (found.efficient_constant.sum(), found.efficient_variable.sum()) == (19, 27)
    first = found.constant[:6], found.variable[:6]
    np.testing.assert_allclose(first[0], [0.9197, 0.9008, 0.9268, 0.8933, 0.9295, 0.9027], atol=1e-4)
    np.testing.assert_allclose(first[1], [0.9621, 0.901, 0.9348, 0.9016, 1, 0.9099], atol=1e-4)


@pytest.mark.parametrize("returns", ["constant", "variable", "non_increasing"])
@pytest.mark.parametrize("shape", [(40, 2, 2), (200, 1, 1), (30, 3, 2)])
def test_scores_are_those_of_the_multiplier_programme(returns, shape):
    x, y = factory(*shape)
    np.testing.assert_allclose(
        radial(x, y, x, y, returns), by_multipliers(x, y, x, y, returns), rtol=1e-7, atol=1e-9
    )


@pytest.mark.parametrize("returns", ["constant", "variable", "non_increasing"])
def test_scores_against_a_frontier_of_others_are_exact_too(returns):
    """A few units see few of the reference as nearest; the rest of the frontier must still be found."""
    x, y = factory(60, 2, 2, seed=1)
    own_x, own_y = x[:4], y[:4] * 0.5
    for o in range(4):
        one = slice(o, o + 1)
        found = radial(own_x[one], own_y[one], x[4:], y[4:], returns)
        np.testing.assert_allclose(
            found, by_multipliers(own_x[one], own_y[one], x[4:], y[4:], returns), rtol=1e-7
        )


def test_units_of_measurement_and_the_order_of_units_do_not_matter():
    x, y = factory()
    found = efficiency(x, y)
    scaled = efficiency(x * [1e4, 1e-3], y * [1e-4, 1e3])
    order = np.random.default_rng(1).permutation(len(x))
    turned = efficiency(x[order], y[order])
    for name in ("constant", "variable", "scale"):
        np.testing.assert_allclose(getattr(scaled, name), getattr(found, name), rtol=1e-8)
        np.testing.assert_allclose(getattr(turned, name), getattr(found, name)[order], rtol=1e-8)
    assert scaled.returns_to_scale.tolist() == found.returns_to_scale.tolist()


def test_a_unit_far_larger_or_smaller_than_the_rest_is_scored_as_exactly():
    x, y = factory()
    size = np.ones(len(x))
    size[[0, 1]] = [1e5, 1e-5]
    np.testing.assert_allclose(
        efficiency(x * size[:, None], y * size[:, None]).constant, efficiency(x, y).constant, rtol=1e-7
    )


def test_scores_fall_when_a_better_unit_comes_and_inputs_are_not_modified():
    x, y = factory()
    kept = x.copy()
    before = efficiency(x, y)
    better = efficiency(np.vstack([x, x[:1] * 0.1]), np.vstack([y, y[:1]]))
    assert (better.variable[:-1] <= before.variable + 1e-9).all()
    assert better.variable[0] == pytest.approx(min(0.1, before.variable[0]), abs=0.05)
    np.testing.assert_array_equal(x, kept)
    assert (before.constant <= before.variable + 1e-9).all()


def test_a_unit_without_some_input_or_output_is_scored():
    x = np.array([[1.0, 0.0], [1.0, 1.0], [2.0, 2.0], [0.0, 1.0]])
    y = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 1.0], [0.0, 1.0]])
    np.testing.assert_allclose(efficiency(x, y).constant, [1, 1, 0.5, 1], atol=1e-9)


def by_ratio(x, y, draws, seed, *, shrink):
    """One input, one output, constant returns: scores are ratios, so the bootstrap needs no programme."""
    ratio = y / x
    theta = ratio / ratio.max()
    h, rng = dea._bandwidth(theta), np.random.default_rng(seed)
    drawn = np.empty((draws, len(x)))
    for b in range(draws):
        pseudo = dea._pseudo_scores(theta, h, rng)
        if shrink:
            pseudo = theta.mean() + (pseudo - theta.mean()) / np.sqrt(1 + h**2 / theta.var(ddof=1))
        drawn[b] = ratio / (ratio * pseudo / theta).max()
    return theta, drawn


def test_the_bootstrap_is_that_of_ratios_where_scores_are_ratios():
    rng = np.random.default_rng(4)
    x = rng.uniform(1, 3, 25)
    y = x * np.exp(-np.abs(rng.normal(0, 0.3, 25)))
    found = bootstrap_efficiency(x, y, returns="constant", draws=40, seed=7)
    theta, drawn = by_ratio(x, y, 40, 7, shrink=False)
    np.testing.assert_allclose(found.estimate, theta, rtol=1e-9)
    np.testing.assert_allclose(found.corrected, 2 * theta - drawn.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(found.conf_low, theta - np.quantile(drawn - theta, 0.975, axis=0), rtol=1e-9)
    np.testing.assert_allclose(found.conf_high, theta - np.quantile(drawn - theta, 0.025, axis=0), rtol=1e-9)


def test_intervals_cover_and_bias_goes_only_without_shrinking_the_resampled_scores():
    inside, left, naive = {True: [], False: []}, {True: [], False: []}, []
    for seed in range(120):
        rng = np.random.default_rng(seed)
        true = np.exp(-np.abs(rng.normal(0, 0.3, 60)))
        size = rng.uniform(1, 3, 60)
        for shrink in (True, False):
            theta, drawn = by_ratio(size / true, size, 100, seed, shrink=shrink)
            low, high = np.quantile(drawn - theta, [0.025, 0.975], axis=0)
            inside[shrink].append(((theta - high <= true) & (true <= theta - low)).mean())
            left[shrink].append((2 * theta - drawn.mean(axis=0) - true).mean())
        naive.append((theta - true).mean())
    assert np.mean(inside[False]) > 0.86
    assert np.mean(inside[True]) < 0.5
    assert abs(np.mean(left[False])) < 0.35 * np.mean(naive)
    assert abs(np.mean(left[True])) > np.mean(naive)


def test_bias_is_taken_off_with_two_inputs_and_variable_returns():
    kept, corrected = [], []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        best = rng.uniform(1, 4, (40, 2))
        true = np.exp(-np.abs(rng.normal(0, 0.3, 40)))
        found = bootstrap_efficiency(best / true[:, None], np.prod(best, axis=1) ** 0.35, draws=40, seed=seed)
        kept.append((found.estimate - true).mean())
        corrected.append((found.corrected - true).mean())
        assert (found.bias > 0).all()
        assert (found.conf_low < found.conf_high).all()
        assert (found.conf_high <= found.estimate + 1e-9).all()
    assert abs(np.mean(corrected)) < 0.5 * np.mean(kept)


def test_the_same_seed_gives_the_same_intervals():
    x, y = factory(15, 1, 1)
    one, two, other = (bootstrap_efficiency(x, y, draws=10, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(one.conf_low, two.conf_low)
    assert np.abs(one.conf_low - other.conf_low).max() > 0


@pytest.mark.parametrize(
    ("act", "en", "zh"),
    [
        (lambda: efficiency([1, 2], [1, 2, 3]), "one row per unit, not the shapes (2, 1) and (3, 1)", "每个单位一行"),
        (lambda: efficiency([1, -2], [1, np.nan]), "outputs: missing or negative in rows [1]", "投入：第 [1] 行缺失或为负"),
        (lambda: efficiency([1, 2], [0, 2]), "outputs: all 0 in rows [0]", "产出：第 [0] 行全为 0"),
        (
            lambda: bootstrap_efficiency(np.ones((10, 3)), np.ones((10, 2))),
            "10 units are too few for 5 inputs and outputs; at least 15 units",
            "至少需要 15 个单位，现有 10 个",
        ),
        (
            lambda: bootstrap_efficiency(np.ones(8), np.ones(8)),
            "only 0 of 8 units are inefficient",
            "8 个单位中只有 0 个无效率",
        ),
        (
            lambda: bootstrap_efficiency(ONE_IN, ONE_OUT, returns="non_increasing"),
            "there are constant, variable",
            "可选：constant, variable",
        ),
        (
            lambda: radial(np.ones((1, 1)), np.ones((1, 1)) * 9, np.ones((2, 1)), np.ones((2, 1)), "variable"),
            "no combination of the reference units reaches",
            "任何组合都达不到",
        ),
    ],
)  # fmt: skip
def test_what_has_no_efficiency_is_said(act, en, zh):
    with pytest.raises(ComparisonError) as caught:
        act()
    assert en in str(caught.value)
    assert zh in in_language(caught.value, "zh")
