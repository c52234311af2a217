"""Entropy balancing: published answers, a second solver, the influence by moving weights, refusals, coverage."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from member_sections import derivative, drawn, lalonde, repeated, singles, weighted
from scipy import optimize, stats

from analysis.members import entropy_balancing, regression
from analysis.members._gate import MemberEffectError

estimate = entropy_balancing.estimate


@pytest.mark.parametrize(
    ("comparison", "value", "tolerance", "error", "error_tolerance"),
    [
        ("cps", 1406.304229, 1e-6, 654.9, 0.05),  # Imbens, Xu (2024) print 1406 (655)
        (
            "psid",
            2424.7,
            0.05,
            876.5,
            0.05,
        ),  # they print 2420 (877), not converged; exact balance gives 2424.7
    ],
)
def test_published_answers(comparison, value, tolerance, error, error_tolerance):
    found = estimate(lalonde(comparison), errors="fixed_weights")

    assert found.estimate == pytest.approx(value, abs=tolerance)
    assert found.std_error == pytest.approx(error, abs=error_tolerance)
    assert dict(found.notes)["imbalance"] < 1e-9


@pytest.mark.parametrize("moments", [1, 2])
def test_weights_are_those_of_another_solver(moments):
    """The moment conditions solved as equations by MINPACK instead of the dual as a minimum."""
    rng = np.random.default_rng(1)
    section = weighted(drawn(rng, 300), rng)
    x, outside = section.covariates, ~section.treated
    c = np.column_stack([x, x**2]) if moments == 2 else x
    c = c - np.average(c[section.treated], axis=0, weights=section.weight[section.treated])
    base = section.weight[outside]

    def weights(unknown):
        raw = base * np.exp(c[outside] @ unknown)
        return raw / raw.sum()

    solved = optimize.root(lambda u: weights(u) @ c[outside], np.zeros(c.shape[1]), tol=1e-13)
    found, _ = entropy_balancing.weights(section, moments=moments)

    np.testing.assert_allclose(found[outside], weights(solved.x), rtol=1e-7)
    assert found[section.treated].sum() == 0


@pytest.mark.parametrize("moments", [1, 2])
def test_influence_is_the_derivative_with_respect_to_weights(moments):
    rng = np.random.default_rng(2)
    section = weighted(drawn(rng, 80), rng)
    section = replace(section, cluster=singles(80))

    found = estimate(section, moments=moments).influence * np.sqrt(79 / 80)

    np.testing.assert_allclose(found, derivative(lambda s: estimate(s, moments=moments), section), atol=2e-7)


def test_a_weight_is_that_many_households():
    rng = np.random.default_rng(3)
    section = weighted(drawn(rng, 200), rng)

    assert estimate(section).estimate == pytest.approx(estimate(repeated(section)).estimate, rel=1e-9)


def test_second_moments_give_equal_variances():
    section = drawn(np.random.default_rng(4), 800)
    weight, _ = entropy_balancing.weights(section, moments=2)

    for column in section.covariates.T:
        inside, outside = column[section.treated], column[~section.treated]
        mean = weight[~section.treated] @ outside
        assert weight[~section.treated] @ (outside - mean) ** 2 == pytest.approx(inside.var(), rel=1e-7)


def test_what_cannot_be_balanced_is_refused_by_name():
    section = drawn(np.random.default_rng(5))
    beyond = section.covariates.copy()
    beyond[section.treated, 1] += 9

    with pytest.raises(
        MemberEffectError, match="no weights of non-members give the members' mean of 'age'"
    ) as e:
        estimate(replace(section, covariates=beyond))
    assert "社员超出非社员的范围" in e.value.message.zh
    corner = section.covariates.copy()  # each covariate reaches, the two together do not
    line = corner[~section.treated, 0]
    corner[~section.treated, 1] = line + 1e-3 * np.abs(np.sin(17 * line))
    corner[section.treated, 1] = corner[section.treated, 0] - 1
    with pytest.raises(MemberEffectError, match="no weights of non-members"):
        estimate(replace(section, covariates=corner))
    constant = section.covariates.copy()
    constant[~section.treated, 1] = 0.5
    with pytest.raises(MemberEffectError, match=r"'age' does not vary by itself among the .* non-members"):
        estimate(replace(section, covariates=constant))
    with pytest.raises(MemberEffectError, match="moments = 3; choose 1, 2"):
        estimate(section, moments=3)


def test_intervals_cover_where_villages_share_shocks():
    """200 counties of 60 villages: coverage inside the 99.8 per cent band of a 95 per cent interval."""
    rng = np.random.default_rng(6)
    covered = 0
    for _ in range(200):
        found = estimate(drawn(rng, 360, 60, shock=1.0))
        covered += found.conf_low <= 1 <= found.conf_high
    low, high = stats.binom.interval(0.998, 200, 0.95)

    assert low <= covered <= high


def test_naive_comparison_is_off_where_balancing_is_not():
    section = drawn(np.random.default_rng(7), 4000, 200)

    balanced, plain = estimate(section), regression.difference(section)

    assert abs(balanced.estimate - 1) < 3 * balanced.std_error
    assert abs(plain.estimate - 1) > 5 * plain.std_error
