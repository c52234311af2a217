"""Losers: bounds against linear programming and counting, falls against hand, coverage of the identified share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.special import ndtr

from analysis.distribution import DistributionError, losers, makarov
from analysis.samples.panel import Panel
from analysis.study import Design

DESIGN = Design(bootstrap_draws=99)


def county(seed: int, *, n: int = 600, effect: float = 0.5, n_clusters: int = 60) -> Panel:
    rng = np.random.default_rng(seed)
    village = np.arange(n) % n_clusters
    cohort = np.select([village < n_clusters // 4, village < n_clusters // 2], [2019.0, 2020.0], np.inf)
    outcome = (
        rng.normal(20, 3, (n, 1))
        + rng.standard_normal((n, 4))
        + 0.3 * rng.standard_normal((n_clusters, 4))[village]
    )
    treated = np.arange(2018, 2022) >= cohort[:, None]
    return Panel(
        unit=np.array([f"h{i:04d}" for i in range(n)], dtype=object), years=np.arange(2018, 2022),
        outcome=outcome + effect * treated, cohort=cohort, weight=np.ones(n),
        cluster=np.array([f"v{v:03d}" for v in village], dtype=object),
        model=np.full(n, "", dtype=object), covariates=np.empty((n, 0)),
    )  # fmt: skip


def by_programming(first: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """Least and greatest P(Y1 < Y0) over all joint laws with these marginals, as a transport problem."""
    m, n = len(first), len(other)
    cost = (first[:, None] < other[None, :]).astype(float).ravel()
    rows = np.kron(np.eye(m), np.ones(n))
    columns = np.kron(np.ones(m), np.eye(n))
    equal, mass = np.vstack([rows, columns]), np.concatenate([np.full(m, 1 / m), np.full(n, 1 / n)])
    low = linprog(cost, A_eq=equal, b_eq=mass, method="highs").fun
    high = -linprog(-cost, A_eq=equal, b_eq=mass, method="highs").fun
    return low, high


def test_bounds_are_those_of_the_best_and_the_worst_joint_law():
    rng = np.random.default_rng(0)
    for seed in range(6):
        first = np.rint(rng.normal(seed / 2, 2, 13))  # ties within and between
        other = np.rint(rng.normal(0, 2, 9))
        assert makarov(first, other, np.ones(13), np.ones(9)) == pytest.approx(
            by_programming(first, other), abs=1e-9
        )


def test_bounds_of_two_normals():
    """P(Y1 < Y0) with Y1 ~ N(d, 1), Y0 ~ N(0, 1): 0 to 2 Phi(-d / 2)  (Fan, Park 2010, section 2.3)."""
    grid = np.sort(np.random.default_rng(1).standard_normal(200_000))
    low, high = makarov(grid + 1.0, grid, np.ones(200_000), np.ones(200_000))
    assert low == pytest.approx(0, abs=1e-6)
    assert high == pytest.approx(2 * ndtr(-0.5), abs=0.004)


def test_weights_are_repetitions():
    first, other, times = np.array([1.0, 4, 2]), np.array([2.0, 3]), np.array([2, 1, 3])
    weighted = makarov(first, other, times, np.ones(2))
    assert weighted == pytest.approx(
        makarov(np.repeat(first, times), other, np.ones(6), np.ones(2)), abs=1e-12
    )


def test_falls_are_those_counted_by_hand():
    panel = county(3)
    found = losers(panel, DESIGN, event_time=1)
    parts = []
    for cohort, base, t in ((2019, 0, 2), (2020, 1, 3)):
        change = panel.outcome[:, t] - panel.outcome[:, base]
        inside, outside = panel.cohort == cohort, panel.cohort == np.inf
        fell = [(change[rows] < 0).mean() for rows in (inside, outside)]
        parts.append([*fell, fell[0] - fell[1], (change[inside] < change[outside].mean()).mean()])
    assert found.falls.estimate == pytest.approx(np.mean(parts, axis=0), rel=1e-12)
    assert (found.n_treated, found.n_clusters) == (300, 60)
    assert found.low <= found.high


def test_errors_of_the_falls_are_those_of_a_bootstrap_of_villages():
    panel = county(4)
    found = losers(panel, DESIGN, event_time=0)
    rng = np.random.default_rng(5)
    villages, code = np.unique(panel.cluster, return_inverse=True)
    drawn = []
    for _ in range(400):
        times = rng.multinomial(len(villages), np.full(len(villages), 1 / len(villages)))[code]
        rows = np.repeat(np.arange(panel.n_units), times)
        again = panel.keep(rows)
        ids = np.array([f"x{i:05d}" for i in range(len(rows))], dtype=object)
        drawn.append(losers(replace(again, unit=ids), DESIGN, event_time=0, draws=1).falls.estimate)
    assert found.falls.std_error == pytest.approx(np.std(drawn, axis=0), rel=0.15)


def test_the_interval_covers_the_true_share_whatever_the_joint_law():
    """Constant effect 0.5: nobody loses; effect 0.5 + noise: the share that loses is Phi(-0.5 / sd)."""
    nobody, some, draws = 0, 0, 60
    for seed in range(draws):
        plain = losers(county(seed, n=400), DESIGN, event_time=0)
        nobody += plain.conf_low <= 0 <= plain.conf_high
        mixed = county(seed, n=400)
        rng = np.random.default_rng(1000 + seed)
        own = rng.normal(0, 1.5, 400)[:, None] * (mixed.years >= mixed.cohort[:, None])
        found = losers(replace(mixed, outcome=mixed.outcome + own), DESIGN, event_time=0)
        some += found.conf_low <= ndtr(-0.5 / 1.5) <= found.conf_high
        assert found.low <= found.high
    assert nobody == draws
    assert some / draws > 0.85  # 99.9 percent of a binomial(60, 0.95); the interval is conservative


def test_a_subgroup_is_compared_with_its_own():
    panel = county(6)
    poor = panel.outcome[:, 0] < np.quantile(panel.outcome[:, 0], 0.3)
    found = losers(panel, DESIGN, event_time=0, among=poor)
    apart = losers(panel.keep(poor), DESIGN, event_time=0)
    assert found.falls.estimate == pytest.approx(apart.falls.estimate, rel=1e-12)
    assert (found.low, found.high) == (apart.low, apart.high)
    rows = found.rows(conf_level=0.95)
    assert list(rows["measure"]) == [
        "fell", "fell_comparison", "fell_difference", "below_mean_change", "losers_low", "losers_high",
    ]  # fmt: skip
    assert set(rows["conf_kind"]) == {"pointwise", "set"}


def test_years_nobody_is_seen_in_are_named():
    with pytest.raises(
        DistributionError, match="nobody is seen 7 years after adoption with a comparison; choose 0 to 2"
    ):
        losers(county(1), DESIGN, event_time=7)
