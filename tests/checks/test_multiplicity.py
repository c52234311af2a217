"""Tests judged together: against statsmodels, exact normal probabilities, a plain loop, and simulated families."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from analysis.checks import multiplicity
from analysis.checks.multiplicity import (
    DRAWS,
    METHODS,
    adjust,
    joined,
    p_values,
    still_clear,
)
from analysis.effects import EstimatorError
from analysis.study.plan import Family

SE = 0.5 / np.sqrt(DRAWS)  # largest standard error of a simulated probability
MANY = np.inf  # degrees of freedom of a normal estimate


def normal(
    z: np.ndarray, influence: np.ndarray, method: str = "romano_wolf", **options
) -> multiplicity.Adjusted:
    """A family of estimates that are their own z values."""
    z = np.asarray(z, dtype=float)
    return adjust(z, np.ones(len(z)), np.full(len(z), MANY), influence, method=method, **options)


def correlated(correlation: np.ndarray) -> np.ndarray:
    """(K, K) influence of K clusters whose estimates have this correlation."""
    return np.linalg.cholesky(correlation).T


@pytest.mark.parametrize("k", [1, 2, 7, 40])
def test_holm_and_benjamini_hochberg_are_those_of_statsmodels(k):
    rng = np.random.default_rng(k)
    p = np.round(rng.uniform(size=k) ** 3, 2)  # rounded, so that some are equal
    assert multiplicity.holm(p) == pytest.approx(multipletests(p, method="holm")[1], abs=1e-14)
    assert multiplicity.benjamini_hochberg(p) == pytest.approx(
        multipletests(p, method="fdr_bh")[1], abs=1e-14
    )


def test_p_values_are_those_of_students_t():
    estimate, error, df = np.array([2.0, -1.0, 0.3]), np.array([1.0, 0.4, 1.0]), np.array([3.2, 17.0, 1.5])
    assert p_values(estimate, error, df) == pytest.approx(
        2 * stats.t.sf(np.abs(estimate / error), df), rel=1e-12
    )


def test_independent_outcomes_get_sidaks_correction():
    z = np.array([2.9, 0.4, 2.2, 1.7, 2.25])
    found = normal(z, np.eye(5))
    assert found.p_adjusted == pytest.approx(multipletests(found.p_value, method="holm-sidak")[1], abs=4 * SE)
    sidak = stats.norm.ppf(0.5 + 0.95 ** (1 / 5) / 2)
    assert found.half_width == pytest.approx(np.full(5, sidak), abs=0.02)


def test_an_outcome_reported_five_times_under_five_names_is_one_question():
    influence = np.random.default_rng(3).normal(size=(60, 1)) @ np.array([[1.0, 2.0, 0.1, 1.0, 7.0]])
    found = normal(np.full(5, 2.2), influence)
    assert found.p_adjusted == pytest.approx(found.p_value, abs=4 * SE)
    assert found.half_width == pytest.approx(np.full(5, stats.norm.ppf(0.975)), abs=0.02)
    assert found.p_holm == pytest.approx(5 * found.p_value), "Holm cannot know that"


@pytest.mark.parametrize("rho", [-0.8, 0.0, 0.5, 0.95])
def test_two_outcomes_get_the_exact_normal_probability(rho):
    correlation = np.array([[1.0, rho], [rho, 1.0]])
    z = np.array([1.6, 2.1])
    found = normal(z, correlated(correlation))
    law, corner = stats.multivariate_normal(cov=correlation), z[1]
    inside = sum(
        sign_a * sign_b * law.cdf([sign_a * corner, sign_b * corner])
        for sign_a in (1, -1)
        for sign_b in (1, -1)
    )
    first = 1 - inside
    assert found.p_adjusted[1] == pytest.approx(first, abs=4 * SE)
    assert found.p_adjusted[0] == pytest.approx(max(first, 2 * stats.norm.sf(z[0])), abs=4 * SE)


def brute_force(z: np.ndarray, correlation: np.ndarray, draws: int) -> np.ndarray:
    """Step-down by taking one hypothesis away after the other, written anew."""
    simulated = np.abs(
        np.random.default_rng(99).multivariate_normal(np.zeros(len(z)), correlation, size=draws)
    )
    left, adjusted, before = list(range(len(z))), np.empty(len(z)), 0.0
    while left:
        top = max(left, key=lambda i: abs(z[i]))
        as_large = sum(1 for row in simulated if max(row[i] for i in left) >= abs(z[top]))
        before = adjusted[top] = max(before, (1 + as_large) / (1 + draws))
        left.remove(top)
    return adjusted


def test_the_step_down_is_that_of_a_plain_loop():
    rng = np.random.default_rng(5)
    psi = rng.normal(size=(40, 6)) @ rng.normal(size=(6, 6))
    z = np.array([2.6, -0.2, 1.1, -3.4, 1.9, 2.3])
    size = np.sqrt((psi**2).sum(axis=0))
    plain = brute_force(z, (psi / size).T @ (psi / size), 20_000)
    found = normal(z, psi)

    assert found.p_adjusted == pytest.approx(plain, abs=4 * 0.5 / np.sqrt(20_000))
    assert (found.p_adjusted <= found.p_holm + 4 * SE).all(), (
        "the correlation never costs anything against Holm"
    )
    assert (np.diff(found.p_adjusted[np.argsort(-np.abs(z))]) >= 0).all()


def test_few_clusters_count_by_their_degrees_of_freedom():
    """z of the family is that of the t tail: the same p values, whatever degrees of freedom they came from."""
    df = np.array([4.0, 30.0])
    t = stats.t.isf(np.array([0.012, 0.03]) / 2, df)
    few = adjust(t, np.ones(2), df, np.eye(2), method="romano_wolf")
    many = normal(stats.norm.isf(np.array([0.012, 0.03]) / 2), np.eye(2))

    assert few.p_value == pytest.approx([0.012, 0.03], rel=1e-10)
    assert few.p_adjusted == pytest.approx(many.p_adjusted, abs=1e-10)
    assert few.half_width[0] > few.half_width[1] > many.half_width[0]
    for width, free in zip(few.half_width, df, strict=True):
        assert 2 * stats.t.sf(width, free) == pytest.approx(2 * stats.norm.sf(many.half_width[0]), rel=1e-9)


@pytest.mark.parametrize("true", [(0.0, 0.0, 0.0, 0.0), (1.2, 0.0, 0.0, 0.0)])
def test_the_chance_of_any_false_alarm_is_kept(true):
    """Four correlated outcomes of 40 clusters, none or one truly changed; exact binomial band of 99.9 per cent."""
    rng, families, k = np.random.default_rng(11), 400, 4
    root = np.linalg.cholesky(np.full((k, k), 0.5) + 0.5 * np.eye(k))
    null = np.array(true) == 0
    alarms = {"alone": 0, "romano_wolf": 0, "holm": 0}
    covered = 0
    for _ in range(families):
        values = rng.normal(size=(40, k)) @ root.T + np.array(true)
        estimate = values.mean(axis=0)
        influence = (values - estimate) / 40
        error, df = values.std(axis=0, ddof=1) / np.sqrt(40), np.full(k, 39.0)
        found = adjust(estimate, error, df, influence, method="romano_wolf", draws=1_999)
        alarms["alone"] += (found.p_value[null] < 0.05).any()
        alarms["romano_wolf"] += (found.p_adjusted[null] < 0.05).any()
        alarms["holm"] += (found.p_holm[null] < 0.05).any()
        covered += (np.abs(estimate - true) <= found.half_width).all()
    low, high = stats.binom.interval(0.999, families, 0.05)

    assert low <= alarms["romano_wolf"] <= high, alarms
    assert alarms["holm"] <= high
    assert alarms["alone"] > high, "four questions without adjustment alarm too often"
    assert low <= families - covered <= high, "intervals hold for all four together"


def test_the_answer_depends_on_neither_units_nor_order_nor_input_changes():
    rng = np.random.default_rng(2)
    estimate, error, df = rng.normal(size=4) * 2, rng.uniform(0.5, 1, 4), rng.uniform(8, 80, 4)
    influence = rng.normal(size=(30, 4))
    kept = influence.copy()
    first = adjust(estimate, error, df, influence, method="romano_wolf", seed=1)
    scaled = adjust(estimate * 10, error * 10, df, influence * 10, method="romano_wolf", seed=1)
    turned = adjust(
        estimate[::-1], error[::-1], df[::-1], influence[::-1, ::-1], method="romano_wolf", seed=1
    )

    assert (influence == kept).all()
    assert scaled.p_adjusted == pytest.approx(first.p_adjusted, abs=1e-12)
    assert scaled.half_width == pytest.approx(10 * first.half_width)
    assert turned.p_adjusted[::-1] == pytest.approx(first.p_adjusted, abs=6 * SE)
    again = adjust(estimate, error, df, influence, method="romano_wolf", seed=1)
    assert (again.p_adjusted == first.p_adjusted).all()


def test_a_family_of_one_is_not_adjusted():
    for method in METHODS:
        found = normal(np.array([2.0]), np.ones((3, 1)), method)
        assert found.p_adjusted == found.p_value == pytest.approx([2 * stats.norm.sf(2.0)])
        assert found.half_width == pytest.approx([stats.norm.ppf(0.975)])


def test_intervals_of_holm_are_bonferronis_and_exploration_has_its_own():
    z = np.array([1.0, 2.0, 3.0])
    assert normal(z, np.eye(3), "holm").half_width == pytest.approx(np.full(3, stats.norm.isf(0.025 / 3)))
    explored = normal(z, np.eye(3), "benjamini_hochberg")
    assert explored.half_width == pytest.approx(np.full(3, stats.norm.isf(0.025)))


def test_estimates_of_several_tables_meet_by_cluster_id():
    villages = pd.Series([1.0, 2.0, 3.0], index=["a", "b", "c"])
    households = pd.Series([5.0, 4.0], index=["c", "a"])
    together = joined([villages, households])

    assert together.index.tolist() == ["a", "b", "c"]
    assert together.to_numpy().tolist() == [[1, 4], [2, 0], [3, 5]]
    assert joined([]).empty


def test_what_cannot_be_tested_is_refused_with_its_place():
    with pytest.raises(
        EstimatorError, match="no adjustment 'bonferroni'; choose romano_wolf, holm, benjamini_hochberg"
    ):
        normal(np.array([1.0]), np.eye(1), "bonferroni")
    with pytest.raises(EstimatorError, match=r"\(by position\): 1"):
        p_values(np.array([1.0, np.nan]), np.ones(2), np.ones(2))
    with pytest.raises(EstimatorError, match="no cluster has influence"):
        normal(np.array([1.0, 2.0]), np.array([[1.0, 0.0]]))


@pytest.mark.parametrize(
    ("role", "p", "low", "stands"),
    [
        ("primary", 0.2, 1.0, "alone"), ("declared", 0.02, 1.0, "clear"), ("declared", 0.08, 1.0, "no_longer"),
        ("declared", 0.3, -1.0, "unclear"), ("added", 0.001, 1.0, "added"), ("exploratory", 0.001, 1.0, "exploratory"),
        ("declared", np.nan, np.nan, "not_judged"),
    ],
)  # fmt: skip
def test_how_an_outcome_stands(role, p, low, stands):
    row = pd.Series({"role": role, "p_adjusted": p, "conf_low": low, "conf_high": 3.0})
    assert still_clear(row, 0.95) == stands


def test_the_plan_offers_the_procedures_there_are():
    named = Family.model_fields["method"].annotation
    assert set(named.__args__) == set(METHODS)
