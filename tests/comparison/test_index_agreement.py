"""Agreement of an index with effects: tau as others compute it, intervals that admit what the data leave open."""

import numpy as np
import pytest
from scipy.stats import kendalltau

from analysis.comparison.errors import ComparisonError
from analysis.comparison.index.agreement import rank_agreement
from analysis.messages import in_language

INDEX = np.array([0.61, 0.42, 0.42, 0.55, 0.30, 0.71, 0.48])
EFFECT = np.array([0.20, 0.25, 0.10, 0.31, 0.05, 0.28, 0.15])


def test_tau_is_that_of_scipy_with_ties():
    found = rank_agreement(INDEX, EFFECT, np.eye(7) * 1e-8, draws=500)
    assert found.estimate == pytest.approx(kendalltau(INDEX, EFFECT).statistic, rel=1e-12)
    assert found.n_pairs == found.n_separated == 20
    # effects known almost exactly leave nothing open
    assert found.conf_low == pytest.approx(found.estimate, rel=1e-12)
    assert found.conf_high == pytest.approx(found.estimate, rel=1e-12)
    assert found.draw_low == pytest.approx(found.estimate, abs=1e-9)
    assert found.index_is_fixed


def test_where_no_pair_can_be_told_apart_any_agreement_remains_possible():
    found = rank_agreement(INDEX, EFFECT, np.eye(7), draws=2_000)
    assert found.n_separated == 0
    assert (found.conf_low, found.conf_high) == pytest.approx((-1, 1), abs=0.03)
    assert found.draw_low < 0 < found.draw_high


def test_a_common_error_of_all_models_leaves_the_order_clear():
    """The shared comparison group moves all effects together; its variance must not widen the interval."""
    alone = rank_agreement(INDEX, EFFECT, np.eye(7) * 1e-6, draws=500)
    shared = rank_agreement(INDEX, EFFECT, np.eye(7) * 1e-6 + 0.5, draws=500)
    assert shared.n_separated == alone.n_separated == 20
    assert shared.conf_low == alone.conf_low
    assert shared.draw_low == alone.draw_low


def test_relabelling_and_units_do_not_matter():
    order = np.array([3, 0, 6, 2, 5, 1, 4])
    spread = np.diag(np.linspace(0.001, 0.004, 7))
    found = rank_agreement(INDEX, EFFECT, spread)
    turned = rank_agreement(INDEX[order], EFFECT[order], spread[np.ix_(order, order)])
    in_yuan = rank_agreement(INDEX * 100, EFFECT * 1e4, spread * 1e8)
    for other in (turned, in_yuan):
        assert other.estimate == pytest.approx(found.estimate)
        assert (other.conf_low, other.conf_high) == pytest.approx((found.conf_low, found.conf_high))
    opposite = rank_agreement(-INDEX, EFFECT, spread)
    assert opposite.conf_low == pytest.approx(-found.conf_high)


def test_the_confidence_interval_covers_the_true_agreement():
    rng = np.random.default_rng(5)
    truth = rng.normal(0.25, 0.3, 7)
    sigma = np.diag(np.linspace(0.03, 0.12, 7) ** 2) + 0.001
    true_tau = kendalltau(INDEX, truth).statistic
    root = np.linalg.cholesky(sigma)
    inside, closed = [], []
    for seed in range(60):
        found = rank_agreement(INDEX, truth + root @ rng.normal(size=7), sigma, draws=512, seed=seed)
        inside.append(found.conf_low <= true_tau <= found.conf_high)
        closed.append(found.conf_high - found.conf_low < 1.5)
    assert np.mean(inside) >= 0.95
    assert np.mean(closed) > 0.5  # and it says something


def test_draws_of_index_and_effects_are_paired():
    rng = np.random.default_rng(2)
    effects = EFFECT + rng.normal(0, 0.2, (400, 7))
    found = rank_agreement(INDEX, EFFECT, np.eye(7) * 0.04, effect_draws=effects, index_draws=effects)
    assert (found.draw_low, found.draw_high) == (1.0, 1.0)
    assert not found.index_is_fixed
    by_hand = np.quantile([kendalltau(INDEX, row).statistic for row in effects], [0.025, 0.975])
    fixed = rank_agreement(INDEX, EFFECT, np.eye(7) * 0.04, effect_draws=effects)
    assert (fixed.draw_low, fixed.draw_high) == pytest.approx(tuple(by_hand))


@pytest.mark.parametrize(
    ("change", "en", "zh"),
    [
        ({"index": INDEX[:6]}, "given scores of shape (6,) and 7 effects", "效应 7 个"),
        ({"index": np.ones(7)}, "there is no order to compare", "没有排序可比"),
        ({"effect_draws": np.ones((5, 3))}, "7 columns, not of shape (5, 3)", "应为 7 列"),
        (
            {"effect_draws": np.ones((5, 7)), "index_draws": np.ones((4, 7))},
            "4 draws of the index do not pair with 5 of the effects",
            "无法配对",
        ),
        ({"covariance": np.ones((7, 7))}, "cannot be compared", "无法比较"),
    ],
)
def test_what_has_no_agreement_is_said(change, en, zh):
    given = {"index": INDEX, "estimate": EFFECT, "covariance": np.eye(7)} | change
    with pytest.raises(ComparisonError) as caught:
        rank_agreement(**given, draws=200)
    assert en in str(caught.value)
    assert zh in in_language(caught.value, "zh")
