"""Propensity: against statsmodels, by weights as repetitions, refusals by name, trimming against its definition."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from member_sections import birth_weights, drawn, reordered, repeated, weighted

from analysis.members import propensity, regression
from analysis.members._gate import MemberEffectError


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_coefficients_are_those_of_statsmodels(link):
    from statsmodels.discrete.discrete_model import Logit, Probit

    section = birth_weights("mmarried_", "mage", "mage2", "fbaby_", "medu")
    x = np.column_stack([np.ones(len(section.outcome)), section.covariates])
    expected = {"logit": Logit, "probit": Probit}[link](section.treated.astype(float), x).fit(
        disp=0, method="newton", tol=1e-14, maxiter=50
    )

    found = propensity.scores(section, link=link)

    np.testing.assert_allclose(found.coefficients, expected.params, rtol=1e-8)
    np.testing.assert_allclose(found.probability, expected.predict(), rtol=1e-9)
    # score and information are those of the standardised design: the sandwich is the same in any unit
    errors = np.sqrt(np.diag(np.linalg.inv(found.information)))[1:] / section.covariates.std(axis=0)
    np.testing.assert_allclose(errors, expected.bse[1:], rtol=1e-6)


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_a_weight_is_that_many_households(link):
    rng = np.random.default_rng(1)
    section = weighted(drawn(rng, 200), rng)

    one, many = (propensity.scores(s, link=link) for s in (section, repeated(section)))

    np.testing.assert_allclose(one.coefficients, many.coefficients, rtol=1e-9)


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_the_order_of_rows_changes_nothing(link):
    rng = np.random.default_rng(2)
    section = drawn(rng)
    rows = rng.permutation(len(section.outcome))

    found = propensity.scores(section, link=link).probability[rows]

    np.testing.assert_allclose(found, propensity.scores(reordered(section, rows), link=link).probability)


def with_column(section, column, name="grant"):
    return replace(
        section, covariates=np.column_stack([section.covariates, column]), names=(*section.names, name)
    )


@pytest.mark.parametrize("link", ["logit", "probit"])
@pytest.mark.parametrize(
    ("column", "sentence"),
    [
        (lambda s: s.treated * 2.0 + s.covariates[:, 0] * 1e-3, "covariate 'grant' separates 1"),
        (
            lambda s: s.treated & (s.covariates[:, 0] > 0),
            "'grant' takes one extreme value in all non-members",
        ),
        (lambda s: ~s.treated & (s.covariates[:, 0] > 0), "'grant' takes one extreme value in all members"),
    ],
)
def test_separation_is_refused_by_name(link, column, sentence):
    section = drawn(np.random.default_rng(3))
    section = with_column(section, column(section).astype(float))

    with pytest.raises(MemberEffectError, match=sentence) as error:
        propensity.scores(section, link=link)

    assert "no overlap" in str(error.value)
    assert "'grant'" in error.value.message.zh
    assert "共同支撑" in error.value.message.zh


def test_joint_separation_names_the_strongest():
    section = drawn(np.random.default_rng(4))
    side = section.covariates[:, 0] + section.covariates[:, 1]
    section = replace(section, treated=side > 0.3)

    with pytest.raises(MemberEffectError, match=r"the covariates together, '(land|age)' most, separate"):
        propensity.scores(section)


def test_a_repeated_covariate_is_refused_by_name():
    section = drawn(np.random.default_rng(5))
    section = with_column(section, section.covariates.sum(axis=1), "sum")

    with pytest.raises(MemberEffectError, match="covariate 'sum' does not vary by itself"):
        propensity.scores(section)


def test_all_breaches_of_a_section_are_told_at_once():
    section = drawn(np.random.default_rng(6))
    section.outcome[3] = np.nan
    section.weight[5] = 0
    section = replace(section, cluster=np.full(len(section.outcome), "v1"))

    with pytest.raises(MemberEffectError) as error:
        regression.difference(section, conf_level=2)

    for part in ("conf_level = 2", "outcome: 1 values missing", "weight: 1 values not", "one village only"):
        assert part in str(error.value)
    with pytest.raises(MemberEffectError, match="0 members and 400 non-members"):
        regression.difference(replace(drawn(np.random.default_rng(6)), treated=np.zeros(400, dtype=bool)))
    with pytest.raises(MemberEffectError, match="weight: not one value for each of 400"):
        regression.difference(replace(drawn(np.random.default_rng(6)), weight=np.ones(3)))


@pytest.mark.parametrize("estimand", ["ate", "att"])
def test_crump_trimming_minimises_the_variance_bound(estimand):
    """The kept set is the best of all that cut the tail of the cost, by the objective itself."""
    rng = np.random.default_rng(7)
    p = 1 / (1 + np.exp(-2.5 * rng.standard_normal(4000)))
    treated, weight = rng.random(4000) < p, np.ones(4000)

    kept = propensity.kept(p, treated, weight, rule="crump", estimand=estimand)

    cost, mass = (1 / (p * (1 - p)), np.ones(4000)) if estimand == "ate" else (1 / (1 - p), treated * 1.0)

    def bound(chosen):
        return (mass * cost)[chosen].sum() / mass[chosen].sum() ** 2

    best = min(bound(cost <= c) for c in np.quantile(cost[mass > 0], np.linspace(0.05, 1, 400)))
    assert 0 < kept.sum() < 4000
    assert bound(kept) <= best * 1.001
    assert bound(kept) < bound(np.ones(4000, dtype=bool))


def test_crump_keeps_all_where_overlap_is_good():
    p = np.random.default_rng(8).uniform(0.3, 0.7, 500)

    assert propensity.kept(p, p > 0.5, np.ones(500), rule="crump", estimand="ate").all()


def test_crump_trims_as_soon_as_the_largest_cost_is_twice_the_mean():
    p = np.linspace(0.08, 0.92, 501)  # largest 1 / (p (1 - p)) is 13.6, twice the mean 11.6

    kept = propensity.kept(p, p > 0.5, np.ones(501), rule="crump", estimand="ate")

    cost = 1 / (p * (1 - p))
    assert not kept.all()
    assert cost[kept].max() == pytest.approx(2 * cost[kept].mean(), rel=0.02)


def test_min_max_and_overlap_say_who_is_beyond_the_other_group():
    p = np.array([0.1, 0.3, 0.5, 0.9, 0.05, 0.2, 0.4, 0.6])
    treated = np.arange(8) < 4
    weight = np.array([1, 1, 1, 2, 3, 1, 1, 1.0])

    kept = propensity.kept(p, treated, weight, rule="min_max")
    found = propensity.overlap(p, treated, weight)

    assert kept.tolist() == [True, True, True, False, False, True, True, True]
    assert (found.low, found.high) == (0.1, 0.6)
    np.testing.assert_array_equal(found.off_support, ~kept)
    assert found.share_off_treated == pytest.approx(2 / 5)
    assert found.share_off_comparison == pytest.approx(3 / 6)
    odds = np.array([3 * 0.05 / 0.95, 0.2 / 0.8, 0.4 / 0.6, 0.6 / 0.4])
    assert found.effective_n == pytest.approx(odds.sum() ** 2 / (odds**2).sum())
    assert found.largest_weight == pytest.approx(odds.max() / odds.sum())


def test_no_common_support_is_refused():
    p = np.array([0.1, 0.2, 0.3, 0.7, 0.8, 0.9])

    with pytest.raises(MemberEffectError, match="no overlap: trimming by 'min_max' leaves 0 members and 0"):
        propensity.kept(p, p > 0.5, np.ones(6), rule="min_max")
    with pytest.raises(MemberEffectError, match="trim = 'best'; choose none, min_max, crump"):
        propensity.kept(p, p > 0.5, np.ones(6), rule="best")
