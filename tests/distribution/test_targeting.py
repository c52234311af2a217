"""Who joins: rates by hand, concentration in known cases, marginal effects against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.distribution import (
    DistributionError,
    concentration_index,
    marginal_effects,
    penetration,
    rates_by_fifth,
)


def households(seed: int, n: int = 500):
    rng = np.random.default_rng(seed)
    income = rng.lognormal(10, 0.6, n)
    village = rng.integers(0, 50, n)
    chance = 0.2 + 0.3 * (np.argsort(np.argsort(income)) / n)
    return rng.random(n) < chance, income, rng.uniform(0.5, 2, n), village


def test_rates_are_those_of_the_fifths():
    member, income, _, village = households(1)
    found = rates_by_fifth(member, income, np.ones(500), village)
    fifth = np.argsort(np.argsort(income)) // 100
    rates = [member[fifth == k].mean() for k in range(5)]
    assert found.estimate == pytest.approx([*rates, rates[4] - rates[0]], rel=1e-12)
    share = 1 / 500
    scores = np.array(
        [share * ((fifth == 4) / 0.2 * (member - rates[4]) - (fifth == 0) / 0.2 * (member - rates[0]))]
    ).ravel()
    sums = np.array([scores[village == v].sum() for v in np.unique(village)])
    clusters = len(sums)
    assert found.std_error[5] == pytest.approx(
        np.sqrt(clusters / (clusters - 1) * (sums**2).sum()), rel=1e-12
    )


def test_concentration_in_known_cases():
    income, ones, rows = np.arange(100.0), np.ones(100), np.arange(100)
    richest = concentration_index(income >= 90, income, ones, rows)
    assert richest.value("concentration") == pytest.approx(0.9)  # 1 - share of members
    assert richest.value("erreygers") == pytest.approx(4 * 0.1 * 0.9)
    poorest = concentration_index(income < 10, income, ones, rows)
    assert poorest.value("concentration") == pytest.approx(-0.9)
    everywhere = concentration_index(rows % 2 == 0, np.repeat(np.arange(50.0), 2), ones, rows)
    assert everywhere.value("concentration") == pytest.approx(0, abs=1e-12)


def test_errors_of_the_index_are_the_derivative():
    member, income, weight, _ = households(4, 60)
    rows, share, small = np.arange(60), weight / weight.sum(), 1e-6
    found = concentration_index(member, income, share, rows)
    for i in range(0, 60, 13):
        up, down = share * (1 - small), share * (1 + small)
        up[i] += small
        down[i] -= small
        slope = (
            concentration_index(member, income, up, rows).estimate
            - concentration_index(member, income, down, rows).estimate
        ) / (2 * small)
        moved = found.influence.to_numpy()[i] / share[i] / np.sqrt(60 / 59)
        assert moved == pytest.approx(slope, rel=1e-4, abs=1e-7)


def test_penetration_is_the_ratio_of_rates():
    member, income, weight, village = households(2)
    low = income < np.quantile(income, 0.1)
    found = penetration(member, low, weight, village)
    rates = [np.average(member[rows], weights=weight[rows]) for rows in (low, ~low)]
    assert found.estimate == pytest.approx([*rates, rates[0] / rates[1]], rel=1e-12)
    rng, drawn = np.random.default_rng(0), []
    for _ in range(500):
        times = rng.multinomial(50, np.full(50, 0.02))[village]
        again = [np.average(member[rows], weights=weight[rows] * times[rows]) for rows in (low, ~low)]
        drawn.append(again[0] / again[1])
    assert found.std_error[2] == pytest.approx(np.std(drawn), rel=0.15)


def test_marginal_effects_are_those_of_statsmodels():
    import statsmodels.api as sm

    member, income, _, village = households(3)
    rng = np.random.default_rng(1)
    covariates = np.column_stack([np.log(income), rng.normal(50, 9, 500), rng.random(500) < 0.1])
    found = marginal_effects(member, covariates, ("log_income", "age", "party"), np.ones(500), village)
    fitted = sm.Logit(member.astype(float), sm.add_constant(covariates)).fit(
        disp=0, tol=1e-12, cov_type="cluster", cov_kwds={"groups": village, "use_correction": False}
    )
    peer = fitted.get_margeff(at="overall", dummy=True)
    assert found.estimate == pytest.approx(peer.margeff, rel=1e-8)
    # statsmodels takes the covariates as given; the part from their sampling is left out for the comparison
    conditional = _conditional_errors(member, covariates, village)
    assert conditional == pytest.approx(peer.margeff_se, rel=1e-6)
    assert found.std_error == pytest.approx(conditional, rel=0.2)


def _conditional_errors(member: np.ndarray, covariates: np.ndarray, village: np.ndarray) -> np.ndarray:
    """Delta-method errors with the covariates fixed, from the pieces of the module."""
    from analysis.distribution import targeting
    from analysis.estimators import _logit

    middle, scale = covariates.mean(axis=0), covariates.std(axis=0)
    design = np.vstack([np.ones(len(member)), ((covariates - middle) / scale).T])
    fitted = _logit.fit(design, member.astype(float), np.ones(len(member)))
    moved = np.linalg.solve(fitted.information, design * (member - fitted.probability)).T
    errors = []
    for j in range(3):
        _, gradient = targeting._marginal(design, fitted.coefficients, j + 1, middle[j], scale[j])
        psi = moved @ gradient.mean(axis=1)
        errors.append(np.sqrt(sum(psi[village == v].sum() ** 2 for v in np.unique(village))))
    return np.array(errors)


def test_coverage_of_marginal_effects_lies_in_the_binomial_band():
    rng, hits, draws = np.random.default_rng(6), 0, 300
    points = rng.standard_normal(2_000_000)
    chance = 1 / (1 + np.exp(1 - points))
    truth = (chance * (1 - chance)).mean()
    for _ in range(draws):
        x = rng.standard_normal(400)
        member = rng.random(400) < 1 / (1 + np.exp(1 - x))
        row = marginal_effects(member, x[:, None], ("x",), np.ones(400), np.arange(400)).rows().iloc[0]
        hits += row["conf_low"] <= truth <= row["conf_high"]
    assert 0.905 < hits / draws < 0.985


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10_000))
def test_order_and_increasing_incomes_do_not_matter(seed):
    member, income, weight, village = households(seed, 60)
    order = np.random.default_rng(seed).permutation(60)
    for measure in (rates_by_fifth, concentration_index):
        plain = measure(member, income, weight, village)
        other = measure(member[order], np.log(income[order]), 3 * weight[order], village[order])
        assert other.estimate == pytest.approx(plain.estimate, rel=1e-9, nan_ok=True)
        assert other.std_error == pytest.approx(plain.std_error, rel=1e-7, nan_ok=True)


def test_what_does_not_vary_is_named():
    ones, rows = np.ones(6), np.arange(6)
    some = np.array([1, 0, 1, 0, 1, 0])
    with pytest.raises(DistributionError, match="6 of 6 households are members: joining does not vary"):
        concentration_index(ones, rows, ones, rows)
    with pytest.raises(DistributionError, match="0 of 6 households are low-income"):
        penetration(some, 0 * some, ones, rows)
    with pytest.raises(DistributionError, match="covariate 'land' does not vary"):
        marginal_effects(some, ones[:, None], ("land",), ones, rows)
    with pytest.raises(DistributionError, match="a, b are collinear"):
        marginal_effects(some, np.column_stack([rows, 2 * rows]), ("a", "b"), ones, rows)
    with pytest.raises(DistributionError, match="land predict membership perfectly"):
        marginal_effects(rows > 2, rows[:, None], ("land",), ones, rows)
    with pytest.raises(DistributionError, match="membership must be yes or no"):
        concentration_index(rows, rows, ones, rows)
