"""The specification curve: what is crossed, that its numbers are the estimators', and its joint test."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from analysis.checks._average import after_adoption, average, n_treated
from analysis.checks.changes import Case, Held
from analysis.checks.curve import (
    DIMENSIONS,
    NOT_USED,
    Choices,
    by_permutation,
    choices,
    crossed,
    specification_curve,
)
from analysis.effects import EstimatorError
from analysis.estimates import aggregate
from analysis.estimators import fit
from analysis.samples import Panel
from analysis.study import Design

DESIGN = Design(bootstrap_draws=199)
ESTIMATORS = ("group_time", "imputation", "saturated", "twfe")


def panel(n: int = 60, *, effect: float = 0.0, seed: int = 1) -> Panel:
    """Two cohorts and never adopters; two covariates, one of which adopters have more of; errors with memory."""
    rng = np.random.default_rng(seed)
    years = np.arange(2012, 2020)
    cohort = rng.permutation(np.repeat([2015.0, 2017.0, np.inf], n // 3))
    x = rng.normal(size=(n, 2)) + 0.3 * np.isfinite(cohort)[:, None] * [1, 0]
    noise = np.cumsum(rng.normal(size=(n, 8)), axis=1)
    outcome = 10 + noise + x[:, :1] * np.arange(8) / 4 + effect * (years[None, :] >= cohort[:, None])
    unit = np.array([f"u{i:03d}" for i in range(n)])
    return Panel(
        unit=unit, years=years, outcome=outcome, cohort=cohort, weight=np.ones(n), cluster=unit,
        model=np.full(n, ""), covariates=x, covariate_names=("land", "age"),
    )  # fmt: skip


def case_of(given: Panel, **kept: object) -> Case:
    return Case(given, DESIGN, "group_time", None, Held(unit="yuan", **kept))


def few(given: Panel) -> Choices:
    """Six specifications that take little time."""
    return Choices(
        estimator=("group_time", "imputation"), comparison=("not_yet_treated", "never_treated"),
        adjustment=("outcome_regression", "none"), anticipation=(0,),
        values={"as_recorded": given.outcome}, sample={"all": np.ones(given.n_units, dtype=bool)},
    )  # fmt: skip


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_an_average_is_that_of_estimates(estimator):
    given = panel(effect=2.0)
    given = replace(given, weight=np.random.default_rng(2).uniform(0.5, 2, given.n_units))
    effects = fit(estimator, given, DESIGN)
    estimates = aggregate(effects, DESIGN)
    row, found = estimates.row("simple"), average(effects, DESIGN, after_adoption(effects))

    for name in ("estimate", "std_error", "std_error_small", "df", "conf_low", "conf_high"):
        assert getattr(found, name) == pytest.approx(row[name], rel=1e-10), name
    np.testing.assert_allclose(found.influence, estimates.influence.iloc[:, 0], atol=1e-12)
    assert n_treated(effects, after_adoption(effects)) == row["n_treated"]


def test_choices_are_crossed_only_where_the_estimator_looks_at_them():
    given = panel()
    made = crossed(case_of(given), choices(case_of(given)))
    names = [tuple(keys[d] for d in DIMENSIONS) for keys, _ in made]

    assert len(set(names)) == len(names)
    # anticipation x values x sample; group-time: comparison x (three adjustments and none)
    assert len(made) == 2 * 2 * 2 * (2 * 4 + 2 + 2)
    assert names[0] == ("group_time", "not_yet_treated", "doubly_robust", "0", "as_recorded", "all")
    for keys, variant in made:
        assert (keys["comparison"] == NOT_USED) == (keys["estimator"] != "group_time")
        assert (keys["adjustment"] == "none") == (variant.panel.covariate_names == ())
        assert variant.estimator == keys["estimator"] != "twfe"
        assert str(variant.design.anticipation) == keys["anticipation"]


def test_every_point_is_its_own_estimate():
    given = panel(effect=2.0)
    reached = np.arange(60) % 5 == 0
    case = case_of(given, programmes={"road": reached})
    curve = specification_curve(case, draws=99)
    rows = curve.rows

    assert rows["estimate"].is_monotonic_increasing
    main = aggregate(fit("group_time", given, DESIGN), DESIGN).row("simple")
    assert rows["is_main"].sum() == 1
    assert rows.loc[rows["is_main"], "estimate"].item() == pytest.approx(main["estimate"], rel=1e-12)
    asked = {
        "estimator": "group_time", "comparison": "never_treated", "adjustment": "ipw", "anticipation": "1",
        "values": "as_recorded", "sample": "without_programmes",
    }  # fmt: skip
    row = rows[(rows[list(asked)] == list(asked.values())).all(axis=1)].iloc[0]
    design = DESIGN.model_copy(
        update={"comparison_group": "never_treated", "adjustment": "ipw", "anticipation": 1}
    )
    expected = aggregate(fit("group_time", given.keep(~reached), design), design).row("simple")
    for name in ("estimate", "conf_low", "conf_high", "n_treated", "n_clusters"):
        assert row[name] == pytest.approx(expected[name], rel=1e-10), name
    assert curve.null.n_specifications == len(rows)
    assert curve.null.median == pytest.approx(rows["estimate"].median())
    assert curve.null.median_p == 0.01


def test_the_order_of_units_changes_nothing():
    """Influence is matched by cluster, also where samples differ."""
    given = panel(effect=0.4)
    other = np.random.default_rng(3).permutation(60)
    kept = np.arange(60) % 7 != 0
    offered = replace(few(given), sample={"all": np.ones(60, dtype=bool), "trimmed": kept})
    turned = replace(few(given.keep(other)), sample={"all": np.ones(60, dtype=bool), "trimmed": kept[other]})
    one = specification_curve(case_of(given), offered, draws=199)
    two = specification_curve(case_of(given.keep(other)), turned, draws=199)

    np.testing.assert_allclose(one.rows["estimate"], two.rows["estimate"], rtol=1e-8)
    for name in ("median_p", "share_p", "stouffer_p", "largest_p"):
        assert getattr(one.null, name) == pytest.approx(getattr(two.null, name), abs=1e-12), name


def test_combinations_that_change_nothing_are_counted_once():
    given = panel()
    one_cohort = replace(given, cohort=np.where(np.isfinite(given.cohort), 2016.0, np.inf))
    curve = specification_curve(case_of(one_cohort), few(given), draws=99)

    # not-yet treated and never treated are the same units; of the rest every estimate differs
    assert (len(curve.rows), curve.n_same) == (4, 2)
    assert not curve.rows["estimate"].round(9).duplicated().any()


def test_what_is_not_identified_is_counted_and_not_shown():
    given = panel()
    everyone = replace(given, cohort=np.where(np.isfinite(given.cohort), given.cohort, 2019.0))
    curve = specification_curve(case_of(everyone), few(given), draws=99)

    assert curve.n_refused == 2, "never treated, with and without covariates"
    assert "never_treated" not in set(curve.rows["comparison"])
    with pytest.raises(EstimatorError, match="not one of 6 combinations is identified"):
        specification_curve(case_of(replace(given, cohort=np.full(60, np.inf))), few(given), draws=99)


def test_the_joint_test_keeps_its_level():
    """40 curves without an effect; the count of p <= .05 stays below the .999 quantile of a true .05."""
    below = 0
    for seed in range(40):
        given = panel(seed=100 + seed)
        below += specification_curve(case_of(given), few(given), draws=199).null.median_p <= 0.05
    assert below <= stats.binom.ppf(0.999, 40, 0.05)


def test_dealing_adoption_anew_finds_an_effect_that_is_there():
    given = panel(45, effect=4.0)
    offered = replace(few(given), adjustment=("none",))
    found = by_permutation(case_of(given), offered, draws=39)

    curve = specification_curve(case_of(given), offered, draws=99)
    assert found.median == pytest.approx(curve.null.median, rel=1e-10)
    assert found.median_p == found.stouffer_p == found.largest_p == 1 / 40
