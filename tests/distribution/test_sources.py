"""Effects by source: they sum exactly, they find the county's truth, and what is missing is said to be."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.distribution import DistributionError, by_source, waterfall
from analysis.estimates import aggregate
from analysis.estimators import fit
from analysis.samples.panel import Panel
from analysis.simulate import County, simulate
from analysis.study import Design

PARTS = ("inc_wage", "inc_business", "inc_property", "inc_transfer")
COVARIATES = ("peach_mu", "hh_size", "head_age", "head_edu")
DESIGN = Design(bootstrap_draws=99)


def panel_of(table: pd.DataFrame, column: str, covariates: tuple[str, ...] = COVARIATES) -> Panel:
    wide = table.pivot(index="hh_id", columns="year", values=column)
    first = table.groupby("hh_id").first().loc[wide.index]
    return Panel(
        unit=wide.index.to_numpy(object), years=wide.columns.to_numpy(int), outcome=wide.to_numpy(float),
        cohort=first["member_cohort"].replace(0, np.inf).to_numpy(float), weight=np.ones(len(wide)),
        cluster=first["village_id"].to_numpy(object), model=np.full(len(wide), "", dtype=object),
        covariates=first[list(covariates)].to_numpy(float), covariate_names=covariates,
    )  # fmt: skip


@cache
def counties(seed: int, selection: str = "none") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Households of a county, and of the same county had its coops no effect; members and villages without a coop."""
    made = []
    for scale in (1.0, 0.0):
        county = simulate(County(seed=seed, effect_scale=scale, selection=selection, n_households=10))
        made.append(county.household_year.query("exposed_nonmember == 0"))
    return made[0], made[1]


def random_parts(seed: int) -> tuple[dict[str, Panel], Panel]:
    rng = np.random.default_rng(seed)
    n, years = 60, np.arange(2017, 2022)
    cohort = np.array([2018.0, 2020.0, np.inf])[np.arange(n) % 3]
    parts = {
        name: Panel(
            unit=np.array([f"u{i:03d}" for i in range(n)], dtype=object), years=years,
            outcome=rng.normal(100, 30, (n, 5)), cohort=cohort, weight=rng.uniform(0.5, 2, n),
            cluster=np.array([f"v{i % 20:02d}" for i in range(n)], dtype=object),
            model=np.full(n, "", dtype=object), covariates=rng.standard_normal((n, 1)), covariate_names=("x",),
        )
        for name in PARTS
    }  # fmt: skip
    same = next(iter(parts.values()))
    parts = {name: replace(same, outcome=part.outcome) for name, part in parts.items()}
    return parts, replace(same, outcome=sum(part.outcome for part in parts.values()))


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from(["group_time", "imputation", "saturated", "twfe"]),
    st.sampled_from(["doubly_robust", "outcome_regression", "ipw"]),
)
def test_parts_sum_to_the_effect_on_the_total(seed, estimator, adjustment):
    parts, total = random_parts(seed)
    design = DESIGN.model_copy(update={"adjustment": adjustment})
    found = waterfall(parts, total, design, estimator)
    assert found.gap == pytest.approx(0, abs=1e-8)
    psi = found.covariance
    assert psi[:-1, :-1].sum() == pytest.approx(psi[-1, -1], rel=1e-8)  # so do their influences
    assert psi[:-1, -1].sum() == pytest.approx(psi[-1, -1], rel=1e-8)
    plain = aggregate(fit(estimator, total, design), design).row("simple")
    assert found.steps["estimate"].iloc[-1] == pytest.approx(plain["estimate"], rel=1e-12)
    assert np.sqrt(psi[-1, -1]) == pytest.approx(plain["std_error"], rel=1e-12)


def test_bars_stand_on_one_another():
    parts, total = random_parts(1)
    steps = waterfall(parts, total, DESIGN, "group_time").steps
    assert list(steps["source"]) == [*PARTS, "total"]
    assert (steps["end"] - steps["start"]).to_numpy() == pytest.approx(steps["estimate"].to_numpy(), abs=1e-9)
    assert steps["start"].iloc[1:4].to_numpy() == pytest.approx(steps["end"].iloc[:3].to_numpy())
    assert steps["end"].iloc[3] == pytest.approx(steps["end"].iloc[4], abs=1e-8)
    sure = steps["conf_low"].iloc[-1] > 0 or steps["conf_high"].iloc[-1] < 0
    assert steps["share"].notna().all() == sure


def test_the_truth_by_source_of_simulated_counties_is_found():
    """Truth: what the same county without effects lacks, by source; 12 counties, errors within their own spread."""
    misses, truths = [], []
    for seed in range(12):
        table, without = counties(seed)
        found = by_source(
            {name: panel_of(table, name) for name in (*PARTS, "inc_disposable")}, DESIGN, "group_time"
        )
        members = table["member_cohort"].gt(0) & table["year"].ge(table["member_cohort"])
        gain = (
            table.loc[members, [*PARTS, "inc_disposable"]] - without.loc[members, [*PARTS, "inc_disposable"]]
        ).mean()
        misses.append(found["estimate"].to_numpy() - gain.to_numpy())
        truths.append(gain.to_numpy())
    misses = np.array(misses)
    assert (np.abs(misses.mean(axis=0)) < 4 * misses.std(axis=0, ddof=1) / np.sqrt(12)).all(), misses.mean(
        axis=0
    )
    assert np.mean(truths, axis=0)[3] == 0  # nothing is paid out as transfers
    assert (np.mean(truths, axis=0)[:3] > 100).all()


def test_what_is_not_measured_has_no_number():
    parts, _ = random_parts(3)
    given_panels = {**parts, "certified_price": None}
    rows = by_source(given_panels, DESIGN, "group_time", units={"certified_price": "yuan per kg"}).set_index(
        "source"
    )
    assert rows.loc["certified_price", "status"] == "not measured"
    assert rows.loc["certified_price", "unit"] == "yuan per kg"
    assert rows.loc["certified_price", ["estimate", "std_error", "conf_low"]].isna().all()
    flat = replace(parts["inc_wage"], outcome=np.ones((60, 5)))
    rows = by_source({"flat": flat}, DESIGN, "group_time")
    assert rows["status"].iloc[0].startswith("not estimable: the panel cannot be used")


def test_panels_that_do_not_belong_together_are_refused():
    parts, total = random_parts(5)
    with pytest.raises(DistributionError, match=r"do not sum to the total in 60 units, e\.g\. u"):
        waterfall({name: parts[name] for name in PARTS[:3]}, total, DESIGN, "group_time")
    with pytest.raises(DistributionError, match=r"'inc_wage' has other units, years or cohorts \(30 units\)"):
        waterfall(
            {**parts, "inc_wage": parts["inc_wage"].keep(np.arange(60) < 30)}, total, DESIGN, "group_time"
        )
