"""Lorenz and concentration curves: closed forms, published Kakwani index, coverage, dominance in known cases."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from analysis.distribution import (
    DistributionError,
    concentration,
    concentration_index,
    dominance,
    generalised_lorenz,
    lorenz,
)

GRID = (np.arange(100_000) + 0.5) / 100_000


def test_lorenz_of_the_lognormal():
    income = np.exp(0.6 * ndtri(GRID))
    found = lorenz(income, np.ones(len(income)), np.arange(len(income)) % 500)
    truth = [ndtr(ndtri(p / 10) - 0.6) for p in range(1, 10)]
    assert found.estimate == pytest.approx(truth, abs=2e-5)
    assert found.names[0] == "0.1"


def test_a_concentration_curve_over_its_own_ranks_is_the_lorenz_curve():
    rng = np.random.default_rng(3)
    income, weight, cluster = (
        np.rint(rng.lognormal(3, 1, 400)),
        rng.uniform(1, 3, 400),
        rng.integers(0, 40, 400),
    )
    own = concentration(income, income, weight, cluster)
    curve = lorenz(income, weight, cluster)
    assert own.estimate == pytest.approx(curve.estimate, rel=1e-12)
    assert own.std_error == pytest.approx(curve.std_error, rel=0.1)  # E[Y | X = Q] is estimated, not known


def test_generalised_lorenz_is_the_mean_times_lorenz():
    rng = np.random.default_rng(3)
    income, weight, cluster = rng.lognormal(3, 1, 400), rng.uniform(1, 3, 400), rng.integers(0, 40, 400)
    mean = np.average(income, weights=weight)
    scaled = generalised_lorenz(income, weight, cluster).estimate / mean
    assert scaled == pytest.approx(lorenz(income, weight, cluster).estimate, rel=1e-12)


def test_published_curves_of_gross_and_net_income():
    """Sum of Lorenz less concentration ordinates at the tenths: -0.1613012, printed by the R package tributs."""
    gross = np.array([541, 1463, 2445, 3438, 4437, 5401, 6392, 8304, 11904, 22261.0])
    net = np.array([487, 1284, 2092, 2865, 3599, 4261, 4901, 6182, 8597, 15583.0])
    curve = lorenz(gross, np.ones(10), np.arange(10))
    ranked = concentration(net, gross, np.ones(10), np.arange(10))
    assert (curve.estimate - ranked.estimate).sum() == pytest.approx(-0.1613012, abs=5e-8)


def test_coverage_of_curves_lies_in_the_binomial_band():
    rng = np.random.default_rng(5)
    truth = np.array([ndtr(ndtri(p) - 0.6) for p in (0.2, 0.5, 0.8)])
    crossed = np.array(
        [ndtr(ndtri(p) - 0.36) for p in (0.2, 0.5, 0.8)]
    )  # correlation 0.6 of the logs, over X
    draws, hits, also = 300, np.zeros(3), np.zeros(3)
    for _ in range(draws):
        x = rng.standard_normal(500)
        income = np.exp(0.6 * (0.6 * x + 0.8 * rng.standard_normal(500)))
        rows = lorenz(income, np.ones(500), np.arange(500), shares=(0.2, 0.5, 0.8)).rows()
        hits += (rows["conf_low"] <= truth) & (truth <= rows["conf_high"])
        rows = concentration(income, x, np.ones(500), np.arange(500), shares=(0.2, 0.5, 0.8)).rows()
        also += (rows["conf_low"] <= crossed) & (crossed <= rows["conf_high"])
    assert ((hits / draws > 0.905) & (hits / draws < 0.985)).all()
    assert ((also / draws > 0.905) & (also / draws < 0.985)).all()


def test_dominance_in_known_cases():
    rng = np.random.default_rng(2)

    def curve(sigma: float, first: int):
        return lorenz(np.exp(sigma * rng.standard_normal(1500)), np.ones(1500), first + np.arange(1500))

    equal, apart, again = curve(0.4, 0), curve(0.8, 5000), curve(0.4, 9000)
    assert dominance(equal, apart, seed=1).verdict == "first_above"
    assert dominance(apart, equal, seed=1).verdict == "second_above"
    assert dominance(equal, apart, seed=1).strict
    assert dominance(equal, again, seed=1).verdict == "no_difference"
    poor_tail = np.concatenate([np.full(750, 1.0), np.full(750, 6.0)]) + rng.uniform(0, 0.1, 1500)
    rich_tail = np.concatenate([np.full(1400, 3.0), np.full(100, 14.0)]) + rng.uniform(0, 0.1, 1500)
    first = lorenz(poor_tail, np.ones(1500), np.arange(1500))
    second = lorenz(rich_tail, np.ones(1500), 5000 + np.arange(1500))
    assert dominance(first, second, seed=1).verdict == "cross"


def test_equal_curves_are_told_apart_no_more_often_than_the_level():
    rng = np.random.default_rng(7)
    told = 0
    for _ in range(200):
        pair = [
            lorenz(np.exp(0.5 * rng.standard_normal(400)), np.ones(400), start + np.arange(400))
            for start in (0, 1000)
        ]
        told += dominance(*pair, seed=1, draws=199).verdict != "no_difference"
    assert told <= 23  # 99.9 percent of a binomial(200, 0.05) lies at or below 20; the tails of small samples


def test_shares_outside_are_refused():
    ones = np.ones(4)
    with pytest.raises(DistributionError, match=r"between 0 and 1, not \[1.2\]"):
        lorenz(ones, ones, np.arange(4), shares=(0.2, 1.2))
    with pytest.raises(DistributionError, match="the two curves differ nowhere"):
        curve = lorenz(np.arange(1.0, 5), ones, np.arange(4))
        dominance(curve, curve, seed=1)


def test_membership_over_income_as_area_under_its_curve():
    """The concentration index is one minus twice the area under the concentration curve."""
    rng = np.random.default_rng(0)
    income = rng.permutation(2000).astype(float)
    member = rng.random(2000) < 0.2 + 0.4 * (income / 2000)
    shares = tuple(np.arange(1, 2000) / 2000)
    curve = concentration(member.astype(float), income, np.ones(2000), np.arange(2000), shares=shares)
    points = np.concatenate([[0], curve.estimate, [1]])
    area = ((points[1:] + points[:-1]) / 2).mean()
    index = concentration_index(member, income, np.ones(2000), np.arange(2000))
    assert index.value("concentration") == pytest.approx(1 - 2 * area, abs=1e-10)
