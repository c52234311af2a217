"""Effects by group: the difference has its own error, and only it says whether groups differ."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from analysis import estimators
from analysis.checks.subgroups import by_group, halves
from analysis.effects import EstimatorError
from analysis.estimates import aggregate
from analysis.samples import Panel
from analysis.samples.panel import CrossSections
from analysis.study import Design

DESIGN = Design(comparison_group="never_treated", covariates=(), min_treated_units=5)


def panel(
    rng: np.random.Generator, n: int, *, per_village: int = 1, effect: float = 1.0, shock: float = 0.0
) -> Panel:
    """n units, two years, half of the villages treated in the second; villages share `shock` of the change."""
    villages = n // per_village
    village = np.repeat(np.arange(villages), per_village)
    treated = village < villages // 2
    change = rng.normal(size=n) + shock * rng.normal(size=villages)[village] + effect * treated
    start = rng.normal(size=n)
    return Panel(
        unit=np.array([f"u{i:04d}" for i in range(n)]), years=np.array([2019, 2020]),
        outcome=np.column_stack([start, start + change]), cohort=np.where(treated, 2020.0, np.inf),
        weight=np.ones(n), cluster=np.array([f"v{i:03d}" for i in village]), model=np.full(n, ""),
        covariates=np.zeros((n, 0)), covariate_names=(),
    )  # fmt: skip


def test_without_shared_villages_it_is_the_interaction_of_a_regression():
    """Change on treatment, group and their product with HC2 errors (statsmodels): the same difference and error."""
    rng = np.random.default_rng(1)
    data = panel(rng, 80)
    group = (rng.uniform(size=80) < 0.4).astype(float)
    found = by_group(data, group, DESIGN, estimator="group_time", unit="yuan").rows.set_index("level")

    treated = np.isfinite(data.cohort).astype(float)
    x = np.column_stack([np.ones(80), treated, group, treated * group])
    fit = sm.OLS(np.diff(data.outcome, axis=1)[:, 0], x).fit(cov_type="HC2", use_t=True)
    assert found.loc["difference", "estimate"] == pytest.approx(fit.params[3], abs=1e-10)
    assert found.loc["difference", "std_error_small"] == pytest.approx(fit.bse[3], rel=1e-10)
    assert found.loc["lower", "estimate"] == pytest.approx(fit.params[1], abs=1e-10)


def test_welchs_degrees_of_freedom_without_shared_villages():
    rng = np.random.default_rng(2)
    rows = by_group(panel(rng, 60), np.arange(60) % 3 == 0, DESIGN, estimator="group_time").rows
    variance, df = rows["std_error_small"][:2] ** 2, rows["df"][:2]
    assert rows["df"][2] == pytest.approx(variance.sum() ** 2 / (variance**2 / df).sum())
    assert rows["df"][2] > df.min()


def test_villages_that_hold_both_groups_are_matched_by_id():
    """Shocks shared within villages cancel in the difference: its error is right only if the correlation is used."""
    rng = np.random.default_rng(3)
    found, errors, apart = [], [], []
    for _ in range(120):
        rows = by_group(
            panel(rng, 240, per_village=6, shock=1.5), np.arange(240) % 2, DESIGN, estimator="group_time"
        ).rows
        found.append(rows["estimate"][2])
        errors.append(rows["std_error_small"][2])
        apart.append(np.sqrt((rows["std_error_small"][:2] ** 2).sum()))
    assert np.mean(errors) == pytest.approx(np.std(found), rel=0.15)
    assert np.mean(apart) > 1.8 * np.std(found), "as if the groups lived in different villages"


def test_each_group_is_fitted_on_its_own_units():
    rng = np.random.default_rng(4)
    data, group = panel(rng, 60), (np.arange(60) % 2).astype(float)
    group[:3] = np.nan
    rows = by_group(data, group, DESIGN, estimator="group_time", unit="yuan").rows.set_index("level")
    own = aggregate(estimators.fit("group_time", data.keep(group == 1), DESIGN), DESIGN, unit="yuan").row(
        "simple"
    )

    assert rows.loc["upper", ["estimate", "std_error", "conf_low", "n_treated"]].tolist() == pytest.approx(
        own[["estimate", "std_error", "conf_low", "n_treated"]].tolist()
    )
    assert rows.loc["lower", "n_treated"] + rows.loc["upper", "n_treated"] == 27, (
        "three of unknown group take no part"
    )
    assert rows.loc["difference", "estimate"] == pytest.approx(
        rows.loc["upper", "estimate"] - rows.loc["lower", "estimate"]
    )
    assert rows["mean_years"].tolist() == [0.0, 0.0, 0.0]


def test_a_group_below_the_floor_has_no_interval_and_nothing_is_compared():
    rng = np.random.default_rng(5)
    group = np.zeros(60)
    group[[0, 1, 2, 40, 41, 42]] = 1.0
    made = by_group(panel(rng, 60), group, DESIGN, estimator="group_time")
    rows = made.rows.set_index("level")

    assert np.isnan(rows.loc["upper", "conf_low"]) and np.isfinite(rows.loc["lower", "conf_low"])
    assert np.isnan(rows.loc["difference", "estimate"]) and made.influence is None
    assert "a level without interval" in rows.loc["difference", "status"]


def test_a_group_that_nobody_adopted_in_is_named():
    rng = np.random.default_rng(6)
    group = (np.arange(60) >= 30).astype(float)  # the upper group never adopted
    rows = by_group(panel(rng, 60), group, DESIGN, estimator="group_time").rows.set_index("level")

    assert rows.loc["upper", "status"].startswith("not estimable: no treated units")
    assert rows[["estimate", "conf_low"]].loc[["upper", "difference"]].isna().all(axis=None)


def test_a_covariate_that_tells_the_groups_apart_is_left_out_within_them():
    rng = np.random.default_rng(7)
    data, group = panel(rng, 80), (np.arange(80) % 2).astype(float)
    other = rng.normal(size=80)
    with_both = by_group(
        data.__class__(**{**fields(data), "covariates": np.column_stack([group, other]), "covariate_names": ("g", "x")}),
        group, DESIGN, estimator="group_time",
    ).rows  # fmt: skip
    with_one = by_group(
        data.__class__(**{**fields(data), "covariates": other[:, None], "covariate_names": ("x",)}),
        group, DESIGN, estimator="group_time",
    ).rows  # fmt: skip
    pd.testing.assert_frame_equal(with_both, with_one)
    assert (with_both["status"] == "ok").all()


def fields(data: Panel) -> dict[str, object]:
    return {name: getattr(data, name) for name in Panel.__slots__}


def test_groups_are_cut_at_a_value_the_median_or_by_no_and_yes():
    values = np.array([1.0, 2.0, np.nan, 3.0, 4.0])
    unknown = [False, False, True, False, False]
    assert np.isnan(halves(values, 2.0)).tolist() == unknown
    assert halves(values, 2.0)[[0, 1, 3, 4]].tolist() == [0, 0, 1, 1], "the lower group holds the limit"
    assert halves(values, "median")[[0, 1, 3, 4]].tolist() == [0, 0, 1, 1]
    assert halves(np.array([0.0, 1.0]), None).tolist() == [0, 1]
    with pytest.raises(EstimatorError, match="more than no and yes; say under 'at'"):
        halves(values, None)


def test_people_asked_once_are_grouped_by_their_village():
    rng = np.random.default_rng(8)
    data = panel(rng, 60)
    people = CrossSections(
        unit=np.repeat(data.unit, 2), year=np.tile(data.years, 60), outcome=data.outcome.ravel(),
        cohort=np.repeat(data.cohort, 2), weight=np.ones(120), cluster=np.repeat(data.cluster, 2),
        model=np.full(120, ""), covariates=np.zeros((120, 0)),
    )  # fmt: skip
    group = (np.arange(60) % 2).astype(float)
    followed = by_group(data, group, DESIGN, estimator="group_time").rows
    asked = by_group(people, np.repeat(group, 2), DESIGN, estimator="group_time").rows

    assert asked["estimate"].tolist() == pytest.approx(followed["estimate"].tolist()), "everybody asked twice"
