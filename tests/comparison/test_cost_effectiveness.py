"""Costs and net benefit: the published example, frontiers by hand, ratios that may not be printed, grants once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from _villages import reference_file

from analysis.comparison import costs
from analysis.comparison.cost_effectiveness import (
    acceptability,
    break_even,
    for_all_villages,
    frontier,
    icer,
    net_benefit,
    ratio_of_means,
)
from analysis.comparison.errors import ComparisonError
from analysis.messages import in_language


def vaccine() -> tuple[np.ndarray, np.ndarray]:
    table = pd.read_csv(reference_file("bcea_vaccine.csv.gz"))
    return table[["eff0", "eff1"]].to_numpy(), table[["cost0", "cost1"]].to_numpy()


def test_the_published_example_of_vaccination():
    """Baio, Dawid (2015): the means' ratio, expected utilities, acceptability and value of information at 25,000."""
    effect, cost = vaccine()
    more, dearer = effect[:, 1] - effect[:, 0], cost[:, 1] - cost[:, 0]
    assert ratio_of_means(more, dearer) == pytest.approx(20097.59, abs=0.01)
    found = acceptability(effect, cost, np.array([25_000.0]))
    np.testing.assert_allclose(found.expected[0], [-36.054, -34.826], atol=5e-4)
    assert found.expected[0, 1] - found.expected[0, 0] == pytest.approx(1.2284, abs=5e-5)
    assert found.ceac[0, 1] == pytest.approx(0.529, abs=5e-4)
    assert found.evpi[0] == pytest.approx(2.4145, abs=5e-5)
    assert break_even(effect, cost, np.arange(0, 50_001, 100.0)) == (20_100.0,)


def test_its_ratio_may_not_be_printed_since_the_effect_may_be_zero():
    effect, cost = vaccine()
    found = icer(effect[:, 1] - effect[:, 0], cost[:, 1] - cost[:, 0])
    assert found.icer is None
    assert found.reason == "effect_interval_holds_zero"
    assert found.effect_low < 0 < found.effect_high


@pytest.mark.parametrize(
    ("effect", "cost", "value", "reason"),
    [
        (2.0, 6.0, 3.0, ""),
        (2.0, -6.0, None, "cheaper_and_better"),
        (-2.0, 6.0, None, "dearer_and_worse"),
        (-2.0, -6.0, 3.0, "saves"),
        (0.2, 6.0, None, "effect_interval_holds_zero"),
    ],
)
def test_a_ratio_is_printed_only_where_it_has_a_meaning(effect, cost, value, reason):
    spread = np.random.default_rng(1).normal(size=4001)
    spread -= spread.mean()
    found = icer(effect + 0.3 * spread, cost + spread)
    assert found.reason == reason
    assert found.icer is None if value is None else found.icer == pytest.approx(value)


def test_the_ratio_is_not_the_mean_of_ratios():
    effect, cost = np.array([1.0, 3.0]), np.array([6.0, 6.0])
    assert ratio_of_means(effect, cost) == 3.0 != (cost / effect).mean()
    assert ratio_of_means(np.array([-1.0, 1.0]), cost) is None


def test_the_choice_follows_expected_net_benefit_not_the_curve():
    """Fenwick, Claxton, Sculpher (2001): the likeliest best need not be the one to choose."""
    effect = np.array([[1.0, 0.0]] * 6 + [[1.0, 5.0]] * 4)
    found = acceptability(effect, np.zeros((10, 2)), np.array([1.0]))
    np.testing.assert_allclose(found.ceac[0], [0.6, 0.4])
    assert found.best[0] == 1
    assert found.ceaf[0] == pytest.approx(0.4)
    assert found.evpi[0] == pytest.approx(0.6 * 1 + 0.4 * 5 - 2.0)


def test_net_benefit_curves_and_information_by_hand():
    rng = np.random.default_rng(2)
    effect, cost = rng.normal(size=(500, 4)), rng.uniform(1, 2, size=(500, 4))
    grid = np.linspace(0, 5, 11)
    found = acceptability(effect, cost, grid)
    np.testing.assert_allclose(found.ceac.sum(axis=1), 1.0)
    assert (found.evpi >= 0).all()
    for row, k in enumerate(grid):
        benefit = k * effect - cost
        np.testing.assert_allclose(net_benefit(effect, cost, k), benefit)
        np.testing.assert_allclose(found.expected[row], benefit.mean(axis=0))
        np.testing.assert_allclose(found.evpi[row], benefit.max(axis=1).mean() - benefit.mean(axis=0).max())
    both = acceptability(effect[:, ::-1], cost[:, ::-1], grid)
    np.testing.assert_allclose(both.ceac[:, ::-1], found.ceac)
    thousand = acceptability(effect / 10_000, cost, grid * 10_000)  # in 10,000 yuan instead of yuan
    np.testing.assert_allclose(thousand.ceac, found.ceac)
    np.testing.assert_allclose(thousand.evpi, found.evpi)


def test_ties_share_the_probability():
    found = acceptability(np.zeros((5, 3)), np.zeros((5, 3)), np.array([1.0]))
    np.testing.assert_allclose(found.ceac[0], 1 / 3)


def test_a_certain_winner_leaves_no_value_of_information():
    found = acceptability(np.tile([0.0, 2.0], (7, 1)), np.tile([0.0, 1.0], (7, 1)), np.array([1.0, 0.1]))
    np.testing.assert_allclose(found.ceac, [[0, 1], [1, 0]])
    np.testing.assert_allclose(found.evpi, 0.0)


def test_the_frontier_by_hand():
    """0 nothing; 1 beaten by the mixture of 0 and 2; 3 dearer and worse than 2; 5 the same as 4."""
    effect, cost = np.array([0.0, 1.0, 4.0, 3.0, 6.0, 6.0]), np.array([0.0, 3.0, 4.0, 5.0, 10.0, 10.0])
    found = frontier(effect, cost)
    assert found.order == (0, 2, 4)
    assert found.status == ("frontier", "extended", "frontier", "dominated", "frontier", "dominated")
    assert found.by == ((), (0, 2), (), (2,), (), (4,))
    np.testing.assert_allclose(found.icer, [1.0, 3.0])
    assert (np.diff(found.icer) > 0).all()


def test_the_frontier_holds_every_choice_that_some_threshold_makes():
    rng = np.random.default_rng(3)
    for _ in range(20):
        effect, cost = rng.normal(size=8), rng.uniform(0, 5, 8)
        chosen = {int((k * effect - cost).argmax()) for k in np.geomspace(1e-3, 1e4, 4000)}
        assert chosen <= set(frontier(effect, cost).order)
        perm = rng.permutation(8)
        assert {int(perm[j]) for j in frontier(effect[perm], cost[perm]).order} == set(
            frontier(effect, cost).order
        )


def test_information_for_all_villages_and_years():
    np.testing.assert_allclose(for_all_villages(np.array([10.0]), villages=3, years=2, rate=0.25), [30 + 24])


def components() -> costs.Components:
    return costs.Components(
        grants=np.array([100.0, 50.0]),
        loan_subsidy=np.array([10.0, 0.0]),
        village_assets=np.array([30.0, 5.0]),
        labour=np.array([20.0, 40.0]),
    )


def test_treasury_and_society_bear_different_costs():
    np.testing.assert_allclose(costs.total(components(), "treasury"), [110, 50])
    np.testing.assert_allclose(costs.total(components(), "society"), [160, 95])


def test_capital_is_spread_over_its_life_and_loans_cost_their_subsidy():
    spread = costs.annualised(np.array([1000.0]), rate=0.05, years=10)
    assert (spread[0] / 1.05 ** np.arange(1, 11)).sum() == pytest.approx(1000.0)
    assert spread[0] == pytest.approx(129.504575, abs=1e-6)  # any annuity table
    assert costs.annualised(np.array([1000.0]), rate=0.0, years=8)[0] == pytest.approx(125.0)
    np.testing.assert_allclose(
        costs.loan_subsidy(np.array([1000.0, 1000.0]), market_rate=0.05, paid_rate=np.array([0.02, 0.06])),
        [30, 0],
    )


def test_a_grant_that_is_income_and_cost_is_caught():
    unit = np.array(["c01", "c02", "c03"])
    in_income, in_cost = np.array([5000.0, 0.0, 800.0]), np.array([5000.0, 700.0, 900.0])
    with pytest.raises(ComparisonError) as caught:
        costs.require_counted_once(unit, in_income, in_cost)
    assert "counted twice in 2 cooperatives, e.g. c01, c03: 5,800 yuan" in in_language(caught.value, "en")
    assert "5,800 元既计入收入又计入成本" in in_language(caught.value, "zh")
    income = costs.net_of_grants(np.array([9000.0, 100.0, 1000.0]), in_income)
    np.testing.assert_allclose(income, [4000, 100, 200])
    costs.require_counted_once(unit, np.zeros(3), in_cost)
    costs.require_counted_once(unit, in_income, np.zeros(3))


def test_few_recorded_costs_are_drawn_towards_the_others():
    rng = np.random.default_rng(4)
    sizes = {"M01": 30, "M02": 25, "M03": 20, "M04": 3}
    model = np.repeat(list(sizes), list(sizes.values()))
    values = rng.normal(100, 10, len(model)) + np.where(model == "M04", 40, 0)
    found = costs.mean_costs(values, model)
    assert found.pooled.tolist() == [False, False, False, True]
    np.testing.assert_allclose(found.mean[:3], found.raw[:3])
    assert found.raw[:3].max() < found.mean[3] < found.raw[3]
    assert found.std_error[3] > found.std_error[:3].max()
    shifted = costs.mean_costs(values * 10, model)
    np.testing.assert_allclose(shifted.mean, 10 * found.mean)
    np.testing.assert_allclose(shifted.std_error, 10 * found.std_error)


def test_cost_draws_have_the_moments_asked_for_and_are_never_negative():
    mean, error = np.array([100.0, 20.0, 5.0]), np.array([10.0, 15.0, 0.0])
    drawn = costs.cost_draws(mean, error, draws=200_000, seed=5)
    np.testing.assert_allclose(drawn.mean(axis=0), mean, rtol=0.01)
    np.testing.assert_allclose(drawn.std(axis=0), error, rtol=0.02)
    assert (drawn >= 0).all()
    np.testing.assert_array_equal(drawn, costs.cost_draws(mean, error, draws=200_000, seed=5))


def test_refusals_are_read_in_both_languages():
    draws = np.zeros((4, 2))
    holes = np.where(np.arange(8).reshape(4, 2) == 3, np.nan, 0.0)
    negative = costs.Components(np.array([-1.0]), np.array([np.nan]), np.array([0.0]), np.array([0.0]))
    cases = [
        (lambda: acceptability(draws, draws[:3], np.array([1.0])), "not of the same states", "不一一对应"),
        (lambda: acceptability(draws[:, :1], draws[:, :1], np.array([1.0])), "one alternative", "只有一个备选"),
        (lambda: acceptability(holes, draws, np.array([1.0])), "are missing", "有缺失"),
        (lambda: acceptability(draws, draws, np.array([-1.0])), "willingness to pay", "支付意愿"),
        (lambda: icer(draws[:, 0], draws[:3, 0]), "not of the same states", "不一一对应"),
        (lambda: for_all_villages(np.ones(1), villages=0, years=1, rate=0.0), "0 villages over 1 years", "0 个村"),
        (lambda: costs.total(components(), "county"), "choose treasury, society", "可选：treasury, society"),
        (lambda: costs.total(negative, "society"), "grants: 1, loan_subsidy: 1", "缺失不等于零"),
        (lambda: costs.annualised(np.ones(1), rate=0.05, years=0), "the life positive", "年限必须为正"),
        (lambda: costs.net_of_grants(np.ones(1), np.array([np.nan])), "1 grants booked", "1 个缺失"),
        (lambda: costs.mean_costs(np.ones(2), np.array(["a", "b"])), "one recorded cost", "只有一个成本记录"),
        (lambda: costs.cost_draws(np.array([1.0, 0.0]), np.array([1.0, 1.0]), seed=1), "costs [1]", "第 [1] 个"),
    ]  # fmt: skip
    for act, english, chinese in cases:
        with pytest.raises(ComparisonError) as caught:
            act()
        assert english in in_language(caught.value, "en")
        assert chinese in in_language(caught.value, "zh")
