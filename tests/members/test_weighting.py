"""Differences, regression and weighting: published answers, statsmodels, influence by moving weights, known truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from member_sections import (
    birth_weights,
    county,
    derivative,
    drawn,
    lalonde,
    reordered,
    repeated,
    singles,
    weighted,
)  # fmt: skip
from scipy import stats

from analysis.members import entropy_balancing, regression, weighting
from analysis.members._gate import MemberEffectError

SELECTION = ("mmarried_", "mage", "mage2", "fbaby_", "medu")
OUTCOME = ("prenatal1_", "mmarried_", "mage", "fbaby_")


def aipw_birth_weights(**options):
    regressors = birth_weights(*OUTCOME).covariates
    return weighting.aipw(
        birth_weights(*SELECTION), outcome_covariates=regressors, normalised="horvitz_thompson", **options
    )


@pytest.mark.parametrize(
    ("comparison", "value", "error"),
    [("experiment", 1794.342382, 670.996544), ("nsw", 886.303722, 488.204529), ("cps", -8497.516148, None),
     ("psid", -15204.777421, None)],
)  # fmt: skip
def test_published_differences(comparison, value, error):
    """Imbens, Xu (2024), tables ldw and nsw, rows 1 and 2; errors HC2."""
    names = ("age", "education", "re75") if comparison == "nsw" else ("age", "education")
    found = regression.difference(lalonde(comparison, names))

    assert found.estimate == pytest.approx(value, abs=1e-6)
    if error is not None:
        assert found.std_error == pytest.approx(error, abs=1e-6)


@pytest.mark.parametrize(
    ("comparison", "value", "error"),
    [("experiment", 1670.708802, None), ("cps", 1066.376321, 627), ("psid", 4.157964, 854)],
)
def test_published_regressions(comparison, value, error):
    """The same, row 3; printed errors are HC1 without the enlargement of CR2, so they agree within five."""
    found = regression.ols(lalonde(comparison))

    assert found.estimate == pytest.approx(value, abs=1e-5)
    if error is not None:
        assert found.std_error == pytest.approx(error, abs=5)


def test_published_inverse_probability_weighting():
    """The same, row 8: 1224 (690), implementation dependent; the tolerance is the source's."""
    found = weighting.ipw(lalonde("cps"))

    assert found.estimate == pytest.approx(1224, abs=300)
    assert found.std_error == pytest.approx(690, abs=200)


def test_missing_overlap_shows_in_the_notes():
    notes = dict(weighting.ipw(lalonde("psid")).notes)

    assert notes["effective_n"] < 10
    assert notes["max_weight"] > 0.25
    assert notes["max_probability"] > 0.99
    trimmed = weighting.ipw(lalonde("psid"), trim="crump")
    assert dict(trimmed.notes)["trimmed"] > 100
    assert dict(trimmed.notes)["effective_n"] > 80
    assert trimmed.n_treated < 185


@pytest.mark.parametrize(
    ("compute", "value", "error"),
    [
        (lambda: weighting.regression_adjustment(birth_weights(*OUTCOME), estimand="ate"),
         -239.63921146434, 23.82402100183),
        (lambda: weighting.regression_adjustment(birth_weights(*OUTCOME)), -223.30165083857, 22.742195167601),
        (lambda: weighting.ipw(birth_weights(*SELECTION), estimand="ate", link="probit"),
         -230.68863779526, 25.815243801554),
        (lambda: weighting.ipw(birth_weights(*SELECTION), link="probit"), -225.17726054799, 23.664582726945),
        (lambda: aipw_birth_weights(estimand="ate", link="probit"), -230.98920111258, 26.210564625435),
    ],
    ids=["ra-ate", "ra-att", "ipw-ate", "ipw-att", "aipw-ate"],
)  # fmt: skip
def test_stata_teffects(compute, value, error):
    """Stata's results as they come with statsmodels; its errors have no G / (G - 1)."""
    found = compute()

    assert found.estimate == pytest.approx(value, rel=1e-9)
    assert found.std_error * np.sqrt(4641 / 4642) == pytest.approx(error, rel=1e-9)


@pytest.mark.parametrize(("estimand", "group"), [("ate", "all"), ("att", 1)])
def test_statsmodels_with_a_logit(estimand, group):
    from statsmodels.discrete.discrete_model import Logit
    from statsmodels.regression.linear_model import OLS
    from statsmodels.treatment.treatment_effects import TreatmentEffect

    section = birth_weights(*SELECTION)
    selection = Logit(
        section.treated.astype(float), np.column_stack([np.ones(len(section.outcome)), section.covariates])
    ).fit(disp=0, method="newton", tol=1e-14, maxiter=50)
    regressors = np.column_stack([np.ones(len(section.outcome)), birth_weights(*OUTCOME).covariates])
    other = TreatmentEffect(
        OLS(section.outcome, regressors), section.treated.astype(int), results_select=selection
    )

    found = weighting.ipw(section, estimand=estimand).estimate
    assert found == pytest.approx(other.ipw(return_results=False, effect_group=group)[0], abs=1e-6)
    found = weighting.regression_adjustment(birth_weights(*OUTCOME), estimand=estimand).estimate
    assert found == pytest.approx(other.ra(return_results=False, effect_group=group)[0], abs=1e-6)
    if estimand == "ate":
        found = aipw_birth_weights(estimand="ate").estimate
        assert found == pytest.approx(other.aipw(return_results=False)[0], abs=1e-6)


METHODS = (
    {
        f"{method.__name__}-{estimand}-{link}": (
            lambda s, m=method, e=estimand, k=link: m(s, estimand=e, link=k)
        )
        for method in (weighting.ipw, weighting.aipw)
        for estimand in ("att", "ate")
        for link in ("logit", "probit")
    }
    | {
        f"aipw-{estimand}-horvitz_thompson": (
            lambda s, e=estimand: weighting.aipw(s, estimand=e, normalised="horvitz_thompson")
        )
        for estimand in ("att", "ate")
    }
    | {
        f"ra-{estimand}": (lambda s, e=estimand: weighting.regression_adjustment(s, estimand=e))
        for estimand in ("att", "ate")
    }
)


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_influence_is_the_derivative_with_respect_to_weights(method):
    """The estimate is computed anew with each household's weight moved: models included, nothing by formula."""
    rng = np.random.default_rng(1)
    section = replace(weighted(drawn(rng, 60), rng), cluster=singles(60))

    found = method(section).influence * np.sqrt(59 / 60)

    np.testing.assert_allclose(found, derivative(method, section), atol=5e-7)
    assert found.sum() == pytest.approx(0, abs=1e-10)


EVERY = METHODS | {
    "difference": regression.difference,
    "ols": regression.ols,
    "entropy_balancing": entropy_balancing.estimate,
    "aipw_cross_fitted": weighting.aipw_cross_fitted,
}


@pytest.mark.parametrize("method", EVERY.values(), ids=EVERY)
def test_the_error_is_that_of_the_influence_and_a_weight_is_that_many_households(method):
    rng = np.random.default_rng(2)
    section = weighted(drawn(rng, 300, 30), rng)
    before = [a.copy() for a in (section.outcome, section.covariates, section.weight, section.treated)]

    found, many = method(section), method(repeated(section))

    assert found.std_error == pytest.approx(np.sqrt(found.influence @ found.influence), rel=1e-12)
    assert found.influence.shape == (30,)
    assert (found.n_treated, found.n_clusters) == (section.n_treated, 30)
    assert found.estimate == pytest.approx(many.estimate, rel=1e-8)
    assert found.conf_high - found.estimate == pytest.approx(
        stats.t.ppf(0.975, found.df) * found.std_error, rel=1e-9
    )
    for kept, now in zip(
        before, (section.outcome, section.covariates, section.weight, section.treated), strict=True
    ):
        np.testing.assert_array_equal(kept, now)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(
    st.sampled_from(sorted(EVERY)),
    st.integers(0, 9),
    st.floats(-50, 50),
    st.floats(0.01, 100),
    st.integers(0, 99),
)
def test_order_shift_scale_and_names_change_nothing(name, seed, shift, scale, order):
    method, section = EVERY[name], drawn(np.random.default_rng(seed), 160, 16)
    rng = np.random.default_rng(order)
    rows = rng.permutation(160)
    moved = reordered(
        replace(
            section,
            outcome=shift + scale * section.outcome,
            covariates=section.covariates * scale - shift,
            cluster=np.char.add("town-", section.cluster),
        ),
        rows,
    )

    expected, found = method(section), method(moved)

    assert found.estimate == pytest.approx(scale * expected.estimate, rel=1e-6, abs=1e-6 * scale)
    assert found.std_error == pytest.approx(scale * expected.std_error, rel=1e-6)
    np.testing.assert_allclose(found.influence, scale * expected.influence, rtol=1e-5, atol=1e-7 * scale)


def test_hc2_is_the_error_of_villages_of_one():
    from statsmodels.regression.linear_model import OLS

    section = replace(drawn(np.random.default_rng(3), 200), cluster=singles(200))
    x = np.column_stack([np.ones(200), section.covariates, section.treated])
    other = OLS(section.outcome, x).fit(cov_type="HC2")

    found = regression.ols(section)

    assert found.estimate == pytest.approx(other.params[-1], rel=1e-11)
    assert found.std_error == pytest.approx(other.bse[-1], rel=1e-11)


@pytest.mark.parametrize("equal", [True, False])
def test_cr2_and_its_degrees_of_freedom_by_the_definition(equal):
    """Dense matrices and matrix square roots as in Bell, McCaffrey (2002); villages of unequal size."""
    rng = np.random.default_rng(4)
    section = drawn(rng, 90, 9)
    section = replace(section, cluster=rng.permutation(np.repeat(section.cluster[:9], range(2, 20, 2))))
    section = section if equal else weighted(section, rng)
    root = np.sqrt(section.weight)
    x = np.column_stack([np.ones(90), section.covariates, section.treated]) * root[:, None]
    y = section.outcome * root
    inverse = np.linalg.inv(x.T @ x)
    annihilator = np.eye(90) - x @ inverse @ x.T
    residual = annihilator @ y
    scores, columns = [], []
    for village in np.unique(section.cluster):
        own = section.cluster == village
        value, vector = np.linalg.eigh(annihilator[np.ix_(own, own)])
        adjusted = vector @ np.diag(value**-0.5) @ vector.T @ x[own] @ inverse[:, -1]
        scores.append(adjusted @ residual[own])
        columns.append(annihilator[:, own] @ adjusted)
    covariance = np.array(columns) @ np.array(columns).T

    found = regression.ols(section)

    np.testing.assert_allclose(found.influence, scores, rtol=1e-8, atol=1e-12)
    assert found.df == pytest.approx(np.trace(covariance) ** 2 / (covariance**2).sum(), rel=1e-8)
    assert found.df < 8


def test_villages_with_shared_shocks_have_larger_errors_than_households():
    section = drawn(np.random.default_rng(5), 2000, 50, shock=2.0)
    together = replace(section, treated=np.isin(section.cluster, np.unique(section.cluster)[:20]))

    by_village = regression.difference(together)
    by_household = regression.difference(replace(together, cluster=singles(2000)))

    assert by_village.estimate == pytest.approx(by_household.estimate, rel=1e-12)
    assert by_village.std_error > 3 * by_household.std_error
    assert by_village.df < 50 < by_household.df


def test_either_model_being_right_is_enough():
    """y depends on exp(x); one model has it, the other has a covariate without meaning."""
    rng = np.random.default_rng(6)
    n = 20_000
    x, noise = rng.standard_normal(n), rng.standard_normal((n, 1))
    right = np.exp(x)[:, None]
    treated = rng.random(n) < 1 / (1 + np.exp(1.5 - 0.8 * np.exp(x).clip(0, 4)))
    outcome = 3 * np.exp(x) + treated + rng.standard_normal(n)
    cluster = np.array([f"v{k % 400}" for k in range(n)])
    section = drawn(rng, n)
    section = replace(section, outcome=outcome, treated=treated, cluster=cluster)
    clipped = np.exp(x).clip(0, 4)[:, None]

    def with_models(propensity, regressors):
        made = replace(section, covariates=propensity, names=("x",))
        return weighting.aipw(made, outcome_covariates=regressors)

    for found in (with_models(clipped, noise), with_models(noise, right)):
        assert abs(found.estimate - 1) < 4 * found.std_error
    wrong = with_models(noise, noise)
    assert abs(wrong.estimate - 1) > 10 * wrong.std_error


def test_cross_fitting_is_seeded_and_refuses_folds_without_villages():
    section = drawn(np.random.default_rng(7), 300, 30)

    one, again, other = (weighting.aipw_cross_fitted(section, seed=k) for k in (1, 1, 2))

    assert one.estimate == again.estimate
    assert one.estimate != other.estimate
    assert one.method == "aipw"
    assert dict(one.notes)["folds"] == 5
    with pytest.raises(MemberEffectError, match="folds = 31; give 2 to the number of villages, 30"):
        weighting.aipw_cross_fitted(section, folds=31)


def test_cross_fitting_by_its_definition():
    """Models of statsmodels on the other folds, put together household by household."""
    from statsmodels.discrete.discrete_model import Logit
    from statsmodels.regression.linear_model import OLS

    section = drawn(np.random.default_rng(8), 200, 20)
    names, code = np.unique(section.cluster, return_inverse=True)
    fold = (np.random.default_rng(9).permutation(len(names)) % 4)[code]
    x = np.column_stack([np.ones(200), section.covariates])
    p, m = np.empty(200), np.empty(200)
    for k in range(4):
        rest = fold != k
        fitted = Logit(section.treated[rest].astype(float), x[rest]).fit(disp=0, tol=1e-13)
        p[~rest] = fitted.predict(x[~rest])
        outside = rest & ~section.treated
        m[~rest] = OLS(section.outcome[outside], x[outside]).fit().predict(x[~rest])
    odds = ~section.treated * p / (1 - p)
    residual = section.outcome - m
    expected = residual[section.treated].mean() - odds @ residual / odds.sum()

    found = weighting.aipw_cross_fitted(section, folds=4, seed=9)

    assert found.estimate == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize(
    "method", [weighting.ipw, weighting.aipw, weighting.aipw_cross_fitted, regression.ols]
)
def test_intervals_cover_where_villages_share_shocks(method):
    """200 counties of 60 villages: coverage inside the 99.8 per cent band of a 95 per cent interval."""
    rng = np.random.default_rng(10)
    covered = 0
    for _ in range(200):
        found = method(drawn(rng, 360, 60, shock=1.0))
        covered += found.conf_low <= 1 <= found.conf_high
    low, high = stats.binom.interval(0.998, 200, 0.95)

    assert low <= covered <= high


@pytest.mark.parametrize(
    "method",
    [weighting.ipw, weighting.aipw, weighting.aipw_cross_fitted, weighting.regression_adjustment, regression.ols,
     entropy_balancing.estimate],
)  # fmt: skip
def test_where_members_are_drawn_by_lot_every_method_finds_the_truth(method):
    section, truth = county("none", 11)

    found = method(section)

    assert abs(found.estimate - truth) < 2.5 * found.std_error
    assert found.std_error < 700


def test_where_members_select_themselves_the_naive_difference_is_far_off_and_weighting_nearer():
    section, truth = county("county", 11)

    plain, adjusted = regression.difference(section), weighting.aipw(section)

    assert plain.estimate - truth > 8 * plain.std_error
    assert truth < adjusted.estimate < truth + 0.5 * (plain.estimate - truth)


def test_refusals_of_options_list_the_choices():
    section = drawn(np.random.default_rng(12))

    for options, sentence in (
        ({"estimand": "atu"}, "estimand = 'atu'; choose att, ate"),
        ({"link": "cauchit"}, "link = 'cauchit'; choose logit, probit"),
        ({"trim": "none at all"}, "trim = 'none at all'; choose none, min_max, crump"),
        ({"normalised": "no"}, "normalised = 'no'; choose hajek, horvitz_thompson"),
    ):
        with pytest.raises(MemberEffectError, match=sentence):
            weighting.aipw(section, **options)


def test_a_regression_that_non_members_cannot_carry_is_refused():
    section = drawn(np.random.default_rng(13))
    column = np.where(section.treated, section.covariates[:, 0], 0.25)
    section = replace(section, covariates=np.column_stack([section.covariates[:, 1], column]))

    with pytest.raises(
        MemberEffectError, match=r"covariate 'age' does not vary by itself among the .* non-members"
    ):
        weighting.regression_adjustment(section)
    few = reordered(
        section, np.concatenate([np.flatnonzero(section.treated), np.flatnonzero(~section.treated)[:3]])
    )
    with pytest.raises(MemberEffectError, match="3 households do not carry a regression with 3 coefficients"):
        weighting.regression_adjustment(few)
    alone = replace(section, covariates=section.treated[:, None] * 1.0, names=("member",))
    with pytest.raises(MemberEffectError, match="membership is a combination of the covariates"):
        regression.ols(alone)
