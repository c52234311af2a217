"""Coupling coordination: both variants by hand, and the errors that half the papers make."""

import numpy as np
import pytest

from analysis.comparison.errors import ComparisonError
from analysis.comparison.index.coupling import VARIANTS, coupling_coordination
from analysis.messages import in_language


def one(systems, weights, variant):
    found = coupling_coordination([systems], weights, variant=variant)
    return found.coupling[0], found.development[0], found.coordination[0]


def test_two_systems_by_hand():
    c, t, d = one([0.6, 0.4], [0.5, 0.5], "classical")
    assert (c, t, d) == pytest.approx((0.9797959, 0.5, 0.6999271), abs=1e-6)
    c, t, d = one([0.6, 0.4], [0.5, 0.5], "revised_2021")
    assert (c, t, d) == pytest.approx((0.7302967, 0.5, 0.6042751), abs=1e-6)
    # 0.4898979 is what is found when the factor 2 is lost
    assert one([0.6, 0.4], [0.5, 0.5], "classical")[0] > 0.5


def test_three_systems_by_hand():
    u = [0.2, 0.5, 0.8]
    assert one(u, [0.2, 0.3, 0.5], "classical")[0] == pytest.approx(3 * 0.08 ** (1 / 3) / 1.5, rel=1e-12)
    apart = (0.3 + 0.6 + 0.3) / 3
    expected = np.sqrt((1 - apart) * (0.25 * 0.625) ** 0.5)
    assert one(u, [0.2, 0.3, 0.5], "revised_2021")[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("k", [2, 3, 5])
def test_coupling_is_one_when_all_systems_are_equal_and_only_then(variant, k):
    level = np.linspace(0.05, 1, 20)
    weights = np.arange(1, k + 1) / np.arange(1, k + 1).sum()
    found = coupling_coordination(np.repeat(level[:, None], k, axis=1), weights, variant=variant)
    np.testing.assert_allclose(found.coupling, 1, rtol=1e-12)
    np.testing.assert_allclose(found.coordination, np.sqrt(level), rtol=1e-12)
    assert found.variant == variant
    uneven = np.random.default_rng(k).uniform(0.05, 0.95, (50, k))
    below = coupling_coordination(uneven, weights, variant=variant).coupling
    assert ((below > 0) & (below < 1)).all()


@pytest.mark.parametrize("variant", VARIANTS)
def test_weights_enter_development_and_never_coupling(variant):
    u = np.random.default_rng(0).uniform(size=(20, 3))
    even, odd = (coupling_coordination(u, w, variant=variant) for w in (np.ones(3) / 3, [0.7, 0.2, 0.1]))
    np.testing.assert_array_equal(even.coupling, odd.coupling)
    assert np.abs(even.development - odd.development).max() > 0.05
    turned = coupling_coordination(u[:, ::-1], [0.1, 0.2, 0.7], variant=variant)
    np.testing.assert_allclose(turned.coordination, odd.coordination, rtol=1e-12)


def test_the_revision_spreads_what_the_classical_form_crowds_near_one():
    u = np.random.default_rng(1).uniform(0.3, 0.9, (500, 2))
    old, new = (coupling_coordination(u, [0.5, 0.5], variant=v).coupling for v in VARIANTS)
    assert np.ptp(old) < 0.2
    assert np.ptp(new) > 0.5


def test_a_missing_system_uncouples_and_nothing_at_all_has_no_coupling():
    found = coupling_coordination([[0.0, 0.8], [0.0, 0.0]], [0.5, 0.5], variant="classical")
    assert (found.coupling[0], found.coordination[0]) == (0.0, 0.0)
    assert np.isnan(found.coupling[1])
    assert found.coordination[1] == 0.0  # whatever the coupling, as nothing is developed
    assert found.n_undefined == 1


def test_grades_are_tenths_of_the_degree():
    edges = np.array([0.0001, 0.0999, 0.1, 0.3, 0.55, 0.7, 0.9, 1.0]) ** 2
    found = coupling_coordination(np.repeat(edges[:, None], 2, axis=1), [0.5, 0.5], variant="classical")
    assert found.grade.tolist() == [1, 1, 2, 4, 6, 8, 10, 10]


@pytest.mark.parametrize(
    ("systems", "weights", "variant", "en", "zh"),
    [
        ([[0.5, 1.4]], [0.5, 0.5], "classical", "levels run from 0 to 1, found 0.5 to 1.4", "0.5 到 1.4"),
        ([[0.5]], [1.0], "classical", "at least two subsystems", "至少需要两个子系统"),
        ([[0.5, 0.5]], [0.5, 0.6], "classical", "sum to 1", "和为 1"),
        (
            [[0.5, 0.5]],
            [0.5, 0.5],
            "new",
            "there are classical, revised_2021",
            "可选：classical, revised_2021",
        ),
        ([[0.5, np.nan]], [0.5, 0.5], "classical", "row 0 column 1", "第 0 行第 1 列"),
    ],
)
def test_what_has_no_coupling_is_said(systems, weights, variant, en, zh):
    with pytest.raises(ComparisonError) as caught:
        coupling_coordination(systems, weights, variant=variant)
    assert en in str(caught.value)
    assert zh in in_language(caught.value, "zh")
