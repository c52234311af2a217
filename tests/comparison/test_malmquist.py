"""Malmquist index: ratios where productivity is a ratio, its parts, and shifts that are known."""

import numpy as np
import pytest

from analysis.comparison.errors import ComparisonError
from analysis.comparison.index.malmquist import malmquist
from analysis.messages import in_language


def years(seed=0, n=25, m=2, s=2):
    rng = np.random.default_rng(seed)
    return tuple(rng.uniform(1, 4, (n, width)) for width in (m, s, m, s))


def test_with_one_input_and_output_it_is_the_growth_of_output_per_input():
    x0, y0, x1, y1 = (v[:, 0] for v in years(m=1, s=1))
    before, after = y0 / x0, y1 / x1
    found = malmquist(x0, y0, x1, y1)
    np.testing.assert_allclose(found.index, after / before, rtol=1e-9)
    np.testing.assert_allclose(found.technical_change, after.max() / before.max(), rtol=1e-9)
    np.testing.assert_allclose(
        found.efficiency_change, (after / after.max()) / (before / before.max()), rtol=1e-9
    )


@pytest.mark.parametrize("seed", range(3))
def test_it_is_efficiency_change_times_technical_change(seed):
    found = malmquist(*years(seed))
    np.testing.assert_allclose(found.index, found.efficiency_change * found.technical_change, rtol=1e-9)
    np.testing.assert_allclose(found.efficiency_change, found.pure_change * found.scale_change, rtol=1e-9)
    assert np.ptp(found.technical_change) > 0.01  # with several measures the frontier shifts unevenly


def test_a_frontier_that_moves_for_all_is_technical_change_only():
    x, y, _, _ = years()
    found = malmquist(x, y, x, y * 1.2)
    np.testing.assert_allclose(found.technical_change, 1.2, rtol=1e-8)
    np.testing.assert_allclose(found.efficiency_change, 1, rtol=1e-8)
    saving = malmquist(x, y, x / 1.2, y)
    np.testing.assert_allclose(saving.index, 1.2, rtol=1e-8)


def test_a_unit_that_catches_up_has_efficiency_change_only():
    x, y, _, _ = years()
    behind = x.copy()
    x = np.vstack([x, x[0] * 2])  # twice the inputs of the first unit for its outputs
    y = np.vstack([y, y[0]])
    after = np.vstack([behind, behind[0]])
    found = malmquist(x, y, after, y)
    assert found.efficiency_change[-1] == pytest.approx(2, rel=1e-8)
    assert found.technical_change[-1] == pytest.approx(1, rel=1e-8)
    np.testing.assert_allclose(found.index[:-1], 1, rtol=1e-8)


def test_turning_time_inverts_it_and_units_of_measurement_do_not_matter():
    x0, y0, x1, y1 = years()
    found = malmquist(x0, y0, x1, y1)
    back = malmquist(x1, y1, x0, y0)
    np.testing.assert_allclose(back.index, 1 / found.index, rtol=1e-8)
    np.testing.assert_allclose(back.technical_change, 1 / found.technical_change, rtol=1e-8)
    scaled = malmquist(x0 * [1e4, 1], y0 * [1, 1e-3], x1 * [1e4, 1], y1 * [1, 1e-3])
    np.testing.assert_allclose(scaled.index, found.index, rtol=1e-8)
    order = np.random.default_rng(0).permutation(len(x0))
    np.testing.assert_allclose(
        malmquist(*(v[order] for v in (x0, y0, x1, y1))).index, found.index[order], rtol=1e-8
    )


@pytest.mark.parametrize(
    ("change", "en", "zh"),
    [
        (
            lambda x0, y0, x1, y1: (x0, y0, x1[:-1], y1[:-1]),
            "keep the units seen in both",
            "请只保留两年都有的单位",
        ),
        (lambda x0, y0, x1, y1: (x0, y0, x1, y1 * np.nan), "outputs: missing", "产出：第"),
        (
            lambda x0, y0, x1, y1: (x0, y0 * [1, 0], x1, y1),
            "no combination of the reference units reaches",
            "任何组合都达不到",
        ),
    ],
)
def test_what_has_no_index_is_said(change, en, zh):
    with pytest.raises(ComparisonError) as caught:
        malmquist(*change(*years()))
    assert en in str(caught.value)
    assert zh in in_language(caught.value, "zh")
