"""Inequality indices: published values, closed forms, definitions by brute force, influence by derivative."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri

from analysis.distribution import DistributionError, between_groups, difference, gini_by_source, inequality
from analysis.distribution.inequality import INDICES, atkinson
from analysis.distribution.measured import Distribution

# Ten incomes of the R package ineq; its Gini and Atkinson, DescTools' Gini (unbiased).
INEQ = np.array([541, 1463, 2445, 3438, 4437, 5401, 6392, 8304, 11904, 22261.0])
NAMES = tuple(INDICES)
GRID = (np.arange(400_000) + 0.5) / 400_000


def sample(seed: int, n: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    income = np.rint(rng.lognormal(3, 0.8, n)) + 1  # rounded: ties
    return income, rng.uniform(0.3, 3, n), rng.integers(0, 12, n)


def value(name: str, income: np.ndarray, weight: np.ndarray | None = None) -> float:
    weight = np.ones(len(income)) if weight is None else weight
    return INDICES[name](Distribution(income, weight), income)[0]


def by_definition(name: str, y: np.ndarray, w: np.ndarray) -> float:
    """The indices as their definitions say, with loops and pairs."""
    p = w / w.sum()
    mu = float(np.sum(p * y))
    pairs = sum(p[i] * p[j] * abs(y[i] - y[j]) for i in range(len(y)) for j in range(len(y)))
    if name == "gini":
        return pairs / (2 * mu)
    if name == "gini_small_sample":
        different = sum(p[i] * p[j] for i in range(len(y)) for j in range(len(y)) if i != j)
        return pairs / different / (2 * mu)
    if name == "theil_t":
        return float(np.sum(p * y / mu * np.log(y / mu)))
    if name == "theil_l":
        return float(np.sum(p * np.log(mu / y)))
    if name == "atkinson":
        return 1 - float(np.sum(p * y**0.5)) ** 2 / mu
    if name == "variance":
        return sum(p[i] * p[j] * (y[i] - y[j]) ** 2 for i in range(len(y)) for j in range(len(y))) / 2
    if name == "bottom_fifth":
        return held(y, p, 0.2) / mu
    return (1 - held(y, p, 0.9) / mu) / (held(y, p, 0.4) / mu)


def held(y: np.ndarray, p: np.ndarray, share: float) -> float:
    """Income of the poorest share, the last row cut where the share ends."""
    left, total = share, 0.0
    for i in np.argsort(y):
        taken = min(p[i], left)
        total += taken * y[i]
        left -= taken
    return total


def test_published_values():
    assert value("gini", INEQ) == pytest.approx(0.462091130267624, abs=1e-14)
    assert value("gini_small_sample", INEQ) == pytest.approx(0.5134346, abs=5e-8)
    assert value("atkinson", INEQ) == pytest.approx(0.1796591, abs=5e-8)
    assert atkinson(1)(Distribution(INEQ, np.ones(10)), INEQ)[0] == pytest.approx(0.3518251, abs=5e-8)


@pytest.mark.parametrize("name", NAMES)
def test_definitions_by_brute_force(name):
    for seed in range(4):
        income, weight, _ = sample(seed)
        assert value(name, income, weight) == pytest.approx(by_definition(name, income, weight), rel=1e-12)


def test_closed_forms_of_the_lognormal():
    sigma = 0.7
    income = np.exp(sigma * ndtri(GRID))
    assert value("gini", income) == pytest.approx(2 * ndtr(sigma / np.sqrt(2)) - 1, abs=2e-5)
    assert value("theil_t", income) == pytest.approx(sigma**2 / 2, abs=1e-4)
    assert value("theil_l", income) == pytest.approx(sigma**2 / 2, abs=1e-4)
    assert value("atkinson", income) == pytest.approx(1 - np.exp(-(sigma**2) / 4), abs=2e-5)
    assert value("bottom_fifth", income) == pytest.approx(ndtr(ndtri(0.2) - sigma), abs=1e-5)
    palma = (1 - ndtr(ndtri(0.9) - sigma)) / ndtr(ndtri(0.4) - sigma)
    assert value("palma", income) == pytest.approx(palma, abs=2e-3)


def test_closed_forms_of_pareto_and_uniform():
    alpha = 6.0
    income = (1 - GRID) ** (-1 / alpha)
    assert value("gini", income) == pytest.approx(1 / (2 * alpha - 1), abs=1e-5)
    assert value("theil_t", income) == pytest.approx(1 / (alpha - 1) + np.log((alpha - 1) / alpha), abs=1e-5)
    assert value("theil_l", income) == pytest.approx(np.log(alpha / (alpha - 1)) - 1 / alpha, abs=1e-5)
    assert value("gini", GRID) == pytest.approx(1 / 3, abs=1e-10)
    assert value("theil_t", GRID) == pytest.approx(np.log(2) - 0.5, abs=1e-10)
    assert value("theil_l", GRID) == pytest.approx(1 - np.log(2), abs=2e-6)
    assert value("bottom_fifth", GRID) == pytest.approx(0.04, abs=1e-10)
    assert value("palma", GRID) == pytest.approx(0.19 / 0.16, abs=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_influence_is_the_derivative_in_the_weights(name):
    """IF(y_i) is the slope of the index when a little weight moves to row i."""
    income, weight, _ = sample(5)
    share = weight / weight.sum()
    if name == "gini_small_sample":  # its own factor depends on the weights: treated as a constant
        scale = 1 / (1 - share @ share)
        name, factor = "gini", scale
        moved = INDICES["gini_small_sample"](Distribution(income, share), income)[1]
    else:
        factor, moved = 1.0, INDICES[name](Distribution(income, share), income)[1]
    small = 1e-6
    for i in range(0, 60, 7):
        up, down = share.copy() * (1 - small), share.copy() * (1 + small)
        up[i] += small
        down[i] -= small
        slope = factor * (value(name, income, up) - value(name, income, down)) / (2 * small)
        assert moved[i] == pytest.approx(slope, rel=1e-5, abs=1e-7)


def test_clustered_errors_are_those_of_the_cluster_jackknife():
    rng = np.random.default_rng(8)
    cluster = np.repeat(np.arange(150), 20)
    income = rng.lognormal(10, 0.5, 3000) * np.exp(0.4 * rng.standard_normal(150))[cluster]
    weight = np.ones(3000)
    found = inequality(income, weight, cluster)
    left_out = np.array([[value(n, income[cluster != c]) for n in found.names] for c in range(150)])
    jackknife = np.sqrt(149 / 150 * ((left_out - left_out.mean(axis=0)) ** 2).sum(axis=0))
    assert found.std_error == pytest.approx(jackknife, rel=0.03)
    single = inequality(income, weight, np.arange(3000))
    assert (
        found.std_error > 1.5 * single.std_error
    ).all()  # villages matter: not the error of independent rows


def test_coverage_of_the_gini_lies_in_the_binomial_band():
    rng = np.random.default_rng(11)
    truth, hits, draws = 2 * ndtr(np.sqrt(0.34) / np.sqrt(2)) - 1, 0, 400
    cluster = np.repeat(np.arange(60), 10)
    for _ in range(draws):
        income = np.exp(0.3 * rng.standard_normal(60)[cluster] + 0.5 * rng.standard_normal(600))
        row = inequality(income, np.ones(600), cluster, names=("gini",)).rows().iloc[0]
        hits += row["conf_low"] <= truth <= row["conf_high"]
    assert 0.91 <= hits / draws <= 0.98  # 99.9 percent band around 0.95, less the index's small-sample bias


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.01, 1e4))
def test_order_unit_and_weights_scale_change_nothing(seed, scale):
    income, weight, cluster = sample(seed, 30)
    plain = inequality(income, weight, cluster)
    order = np.random.default_rng(seed).permutation(30)
    other = inequality(scale * income[order], 7 * weight[order], cluster[order] + 100)
    assert other.estimate == pytest.approx(plain.estimate, rel=1e-9)
    assert other.std_error == pytest.approx(plain.std_error, rel=1e-7)


def test_weights_are_repetitions():
    income, times = np.array([2.0, 3.0, 9.0, 4.0]), np.array([3, 1, 2, 5])
    for name in set(NAMES) - {"gini_small_sample"}:
        assert value(name, income, times) == pytest.approx(value(name, np.repeat(income, times)), rel=1e-12)


def test_incomes_that_are_not_positive_are_not_dropped():
    income = np.array([-5.0, 0.0, 10.0, 20.0, 40.0, 60.0])
    found = inequality(income, np.ones(6), np.arange(6))
    told = dict(zip(found.names, found.status, strict=True))
    assert told["theil_t"] == "not defined: theil_t: 1 of 6 incomes are below 0"
    assert told["theil_l"] == "not defined: theil_l: 2 of 6 incomes are not above 0"
    assert told["atkinson"] == "not defined: atkinson: 2 of 6 incomes are not above 0"
    assert told["palma"] == "not defined: palma is not defined: the poorest 40 percent hold -0.008 of income"
    assert np.isnan(found.value("theil_l"))
    assert found.value("gini") == pytest.approx(by_definition("gini", income, np.ones(6)), rel=1e-12)
    assert found.rows()["std_error"].isna().sum() == 4
    assert value("theil_t", np.array([0.0, 1.0])) == pytest.approx(
        np.log(2)
    )  # zero incomes count as 0 log 0 = 0


def test_what_cannot_be_measured_is_named():
    ones = np.ones(3)
    with pytest.raises(
        DistributionError, match="1 values are missing or infinite\n  - 1 weights are not positive"
    ):
        inequality(np.array([1, np.nan, 2]), np.array([1, 0, 1]), np.arange(3))
    with pytest.raises(DistributionError, match="choose gini, gini_small_sample, theil_t, theil_l, atkinson"):
        inequality(ones, ones, np.arange(3), names=("ginni",))
    with pytest.raises(DistributionError, match="all 3 rows lie in one cluster"):
        inequality(ones, ones, np.zeros(3))
    with pytest.raises(DistributionError, match="aversion must be above 0, not 0"):
        atkinson(0)
    found = inequality(-ones, ones, np.arange(3), names=("gini",))
    assert found.status == ("not defined: gini needs a mean above 0, here -1",)


@pytest.mark.parametrize("index", ["gini", "theil_t", "theil_l"])
def test_groups_sum_to_the_total_and_match_their_definitions(index):
    income, weight, cluster = sample(3)
    group = np.arange(60) % 4
    found = between_groups(income, group, weight, cluster, index=index)
    assert found.value("total") == pytest.approx(value(index, income, weight), rel=1e-12)
    p = weight / weight.sum()
    mu = p @ income
    size = np.array([p[group == k].sum() for k in range(4)])
    mean = np.array([np.average(income[group == k], weights=p[group == k]) for k in range(4)])
    inside = np.array([by_definition(index, income[group == k], p[group == k]) for k in range(4)])
    portion = {"gini": size**2 * mean / mu, "theil_t": size * mean / mu, "theil_l": size}[index]
    assert found.value("within") == pytest.approx(portion @ inside, rel=1e-12)
    assert found.value("between") == pytest.approx(by_definition(index, mean, size), rel=1e-12)
    rest = found.value("total") - found.value("within") - found.value("between")
    assert found.value("overlap") == pytest.approx(rest, abs=1e-14)
    assert (found.value("overlap") > 0.01) == (index == "gini")  # groups by turn overlap


def test_gini_of_groups_that_do_not_overlap_has_no_overlap():
    income = np.array([1.0, 2, 3, 10, 12, 15])
    found = between_groups(income, income > 5, np.ones(6), np.arange(6), index="gini")
    assert found.value("overlap") == pytest.approx(0, abs=1e-14)


@pytest.mark.parametrize("index", ["gini", "theil_t", "theil_l"])
def test_influence_of_the_parts_is_their_derivative(index):
    income, weight, _ = sample(9)
    group, rows, small = np.arange(60) % 3, np.arange(60), 1e-6
    share = weight / weight.sum()
    found = between_groups(income, group, share, rows, index=index)
    moved = found.influence.to_numpy() / share[:, None] / np.sqrt(60 / 59)
    for i in range(0, 60, 11):
        up, down = share * (1 - small), share * (1 + small)
        up[i] += small
        down[i] -= small
        high = between_groups(income, group, up, rows, index=index).estimate
        low = between_groups(income, group, down, rows, index=index).estimate
        assert moved[i] == pytest.approx((high - low) / (2 * small), rel=1e-4, abs=1e-7)


def test_groups_that_cannot_be_split_are_refused():
    with pytest.raises(DistributionError, match="no split of 'palma'; choose gini, theil_t, theil_l"):
        between_groups(INEQ, INEQ > 4000, np.ones(10), np.arange(10), index="palma")


def sources(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "wage": np.rint(rng.lognormal(2, 1, 50)),
        "business": np.rint(rng.normal(20, 15, 50)),  # some negative
        "transfer": rng.integers(1, 4, 50) * 5.0,
    }


def test_sources_sum_to_the_gini_and_match_covariances():
    parts, weight = sources(2), np.random.default_rng(4).uniform(0.5, 2, 50)
    found = gini_by_source(parts, weight, np.arange(50) % 9)
    total = sum(parts.values())
    assert sum(f.value("contribution") for f in found.values()) == pytest.approx(
        by_definition("gini", total, weight), rel=1e-12
    )
    assert sum(f.value("marginal") for f in found.values()) == pytest.approx(0, abs=1e-12)
    p = weight / weight.sum()

    def rank(y):
        return np.array([p[y < a].sum() + p[y == a].sum() / 2 for a in y])

    def cov(a, b):
        return p @ (a * b) - (p @ a) * (p @ b)

    for name, y in parts.items():
        s, g = (p @ y) / (p @ total), 2 * cov(y, rank(y)) / (p @ y)
        r = cov(y, rank(total)) / cov(y, rank(y))
        assert found[name].value("share") == pytest.approx(s, rel=1e-12)
        assert found[name].value("gini") == pytest.approx(g, rel=1e-12)
        assert found[name].value("correlation") == pytest.approx(r, rel=1e-11)
        assert found[name].value("contribution") == pytest.approx(s * g * r, rel=1e-11)


def test_marginal_effect_is_what_a_little_growth_of_the_source_does():
    parts, weight, step = sources(6), np.ones(50), 1e-7
    found = gini_by_source(parts, weight, np.arange(50))
    total = sum(parts.values())
    for name, part in parts.items():
        # growth breaks ties of the total, which the derivative does not see: compare where there are none
        noise = total + np.linspace(0, 1e-3, 50)
        slope = (value("gini", noise + step * part) - value("gini", noise - step * part)) / (2 * step)
        assert found[name].value("marginal") == pytest.approx(slope, abs=2e-3)
        assert found[name].value("elasticity") == pytest.approx(
            found[name].value("marginal") / value("gini", total), rel=1e-12
        )


def test_influence_of_the_sources_is_their_derivative():
    parts, rows, small = sources(3), np.arange(50), 1e-6
    share = np.random.default_rng(0).dirichlet(np.ones(50) * 5)
    found = gini_by_source(parts, share, rows)
    for i in range(0, 50, 9):
        up, down = share * (1 - small), share * (1 + small)
        up[i] += small
        down[i] -= small
        high, low = gini_by_source(parts, up, rows), gini_by_source(parts, down, rows)
        for name in parts:
            moved = found[name].influence.to_numpy()[i] / share[i] / np.sqrt(50 / 49)
            slope = (high[name].estimate - low[name].estimate) / (2 * small)
            assert moved == pytest.approx(slope, rel=1e-4, abs=1e-6)


def test_a_source_that_nobody_or_everybody_has_alike():
    parts = {"wage": INEQ, "land_rent": np.zeros(10), "subsidy": np.full(10, 100.0)}
    found = gini_by_source(parts, np.ones(10), np.arange(10))
    assert found["land_rent"].status[1] == "not defined: mean not above 0"
    assert found["subsidy"].status[2] == "not defined: the source does not vary"
    assert found["subsidy"].value("contribution") == pytest.approx(0, abs=1e-15)
    assert found["subsidy"].value("marginal") < 0  # more of what all have alike lowers inequality


def test_a_difference_matches_clusters_by_id():
    income, weight, cluster = sample(1)
    before = inequality(income, weight, cluster, names=("gini",))
    after = inequality(income * 1.5, weight, cluster, names=("gini",))
    assert difference(after, before).std_error == pytest.approx([0], abs=1e-15)  # the same rows: no error
    apart = inequality(income, weight, cluster + 100, names=("gini",))
    joint = difference(apart, before).std_error
    assert joint == pytest.approx(np.sqrt(2) * before.std_error, rel=1e-12)
    with pytest.raises(DistributionError, match="the numbers differ: gini and palma"):
        difference(before, inequality(income, weight, cluster, names=("palma",)))
