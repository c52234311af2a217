"""Goodman-Bacon: published decompositions, the two-way coefficient to 1e-10, regressions on every pair of groups."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import estimators
from analysis.checks.bacon import COLUMNS, KINDS, DecompositionError, by_kind, decompose, decomposition
from analysis.contract import read_table
from analysis.samples import Panel, select
from analysis.study import Design, read_study

DESIGN = Design(comparison_group="not_yet_treated", min_treated_units=2)


def panel_of(name: str) -> Panel:
    study = read_study(name)
    key = study.primary_outcome
    study = study.changed(outcome=key, covariates=())
    return select(read_table(study.outcome(key).table, study), study, key).panel.without_models()


def medicaid() -> Panel:
    return panel_of("medicaid_insurance")


def two_way(panel: Panel) -> float:
    return float(estimators.fit("twfe", panel.without_models(), DESIGN).cells["effect"].iloc[0])


def kinds(panel: Panel) -> pd.DataFrame:
    return by_kind(decompose(panel)).set_index("kind")


def county(
    seed: int, *, weights: bool = False, always: bool = True, never: bool = True, late: bool = True
) -> Panel:
    rng = np.random.default_rng(seed)
    years = np.array([2011, 2012, 2013, 2015, 2016, 2018])  # gaps, and cohorts that fall into them
    choices = [2012.0, 2014.0, 2016.0, 2017.0]
    choices += [2011.0, 2005.0] if always else []
    choices += [np.inf] if never else []
    choices += [2030.0] if late else []
    n = 40
    cohort = np.concatenate([choices, choices, rng.choice(choices, n)])
    n = len(cohort)
    age = np.clip(years[None, :] - cohort[:, None] + 1, 0, None)
    outcome = (
        rng.normal(size=(n, 1)) + rng.normal(size=len(years)) + 0.4 * age + rng.normal(size=(n, len(years)))
    )
    unit = np.array([f"v{i:03d}" for i in range(n)])
    return Panel(
        unit=unit, years=years, outcome=outcome, cohort=cohort,
        weight=rng.uniform(0.5, 2, n) if weights else np.ones(n), cluster=unit, model=np.full(n, ""),
        covariates=np.empty((n, 0)),
    )  # fmt: skip


def test_castle_doctrine():
    """bacondecomp 0.1.1: weights and averages to the digits its vignette prints, the total to all of them."""
    panel = panel_of("castle_doctrine")
    rows = decompose(panel)
    found = kinds(panel)

    assert (rows["weight"] * rows["estimate"]).sum() == pytest.approx(0.0818116169306, abs=5e-14)
    assert found["weight"].round(6).to_dict() == {
        "treated_vs_never": 0.908339, "earlier_vs_later": 0.059763, "later_vs_earlier": 0.031898,
    }  # fmt: skip
    assert found.loc["earlier_vs_later", "estimate"] == pytest.approx(-0.005542, abs=1e-6)
    assert found.loc["later_vs_earlier", "estimate"] == pytest.approx(0.070320, abs=1e-6)
    assert found.loc["treated_vs_never", "estimate"] == pytest.approx(0.087962, abs=1e-6)
    assert found["n_comparisons"].to_dict() == {
        "treated_vs_never": 5, "earlier_vs_later": 10, "later_vs_earlier": 10,
    }  # fmt: skip


def test_medicaid():
    found = kinds(medicaid())
    printed = {
        "treated_vs_never": (0.79262, 0.07228),
        "earlier_vs_later": (0.14911, 0.06983),
        "later_vs_earlier": (0.05827, 0.04486),
    }
    for kind, (weight, estimate) in printed.items():
        assert found.loc[kind, "weight"] == pytest.approx(weight, abs=5e-6)
        assert found.loc[kind, "estimate"] == pytest.approx(estimate, abs=6e-6)
    without_never = kinds(medicaid().keep(np.isfinite(medicaid().cohort)))
    assert without_never.loc["later_vs_earlier", "weight"] == pytest.approx(0.28098, abs=5e-6)
    assert "treated_vs_never" not in without_never.index


def test_the_simulated_county():
    """Growing effects: the late comparisons have the wrong sign, and the two-way coefficient is short of the rest."""
    panel = panel_of("demo_county")
    rows = decompose(panel)
    found = kinds(panel)

    coefficient = two_way(panel)
    assert (rows["weight"] * rows["estimate"]).sum() == pytest.approx(coefficient, rel=1e-12)
    assert rows["weight"].sum() == pytest.approx(1, abs=1e-12)
    assert found.loc["later_vs_earlier", "estimate"] < 0 < found.loc["earlier_vs_later", "estimate"]
    assert coefficient < found.loc["treated_vs_never", "estimate"]


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000), weights=st.booleans(), always=st.booleans(), never=st.booleans(), late=st.booleans()
)  # fmt: skip
def test_the_sum_is_the_two_way_coefficient(seed, weights, always, never, late):
    panel = county(seed, weights=weights, always=always, never=never, late=late)
    rows = decompose(panel)

    assert list(rows.columns) == list(COLUMNS)
    assert (rows["weight"] > 0).all()
    assert rows["weight"].sum() == pytest.approx(1, abs=1e-12)
    assert (rows["weight"] * rows["estimate"]).sum() == pytest.approx(two_way(panel), abs=1e-10)
    grouped = by_kind(rows)
    assert (grouped["weight"] * grouped["estimate"]).sum() == pytest.approx(two_way(panel), abs=1e-10)
    assert ("later_vs_always" in set(rows["kind"])) == always
    assert ("treated_vs_never" in set(rows["kind"])) == (never or late)


def regressions(panel: Panel) -> pd.DataFrame:
    """Every 2 x 2 by regression: coefficients of sub-panels, weights from residual variances of treatment."""
    treated = (panel.cohort[:, None] <= panel.years).astype(float)
    start = treated.argmax(axis=1)
    start = np.where(treated.any(axis=1), start, len(panel.years))
    total = panel.weight.sum() * len(panel.years)

    def within(values, weight):
        centred = values - values.mean(axis=1, keepdims=True)
        return centred - np.average(centred, axis=0, weights=weight)

    def pair(rows, columns):
        d, y, w = treated[np.ix_(rows, columns)], panel.outcome[np.ix_(rows, columns)], panel.weight[rows]
        residual = within(d, w)
        variance = (w[:, None] * residual**2).sum() / (w.sum() * len(columns))
        estimate = (w[:, None] * residual * y).sum() / (w[:, None] * residual**2).sum()
        return estimate, (w.sum() * len(columns) / total) ** 2 * variance

    found = []
    everything = np.arange(len(panel.years))
    for a in np.unique(start):
        for b in np.unique(start):
            if a >= b:
                continue
            rows = np.flatnonzero((start == a) | (start == b))
            if a > 0:
                columns = everything[:b]
                found.append((a, b, *pair(rows, columns)))
            if b < len(everything):
                columns = everything[a:]
                found.append((b, a, *pair(rows, columns)))
    frame = pd.DataFrame(found, columns=["treated", "comparison", "estimate", "weight"])
    overall = within(treated, panel.weight)
    return frame.assign(weight=frame["weight"] / ((panel.weight[:, None] * overall**2).sum() / total))


@pytest.mark.parametrize("weights", [False, True])
def test_every_comparison_is_the_regression_on_its_sub_panel(weights):
    panel = county(7, weights=weights)
    rows, second = decompose(panel), regressions(panel)
    years = [*panel.years.tolist(), None]

    key = {(r.treated, r.comparison): (r.estimate, r.weight) for r in second.itertuples()}
    assert len(rows) == len(second)
    for row in rows.itertuples():
        at = years.index(row.treated), years.index(None if row.comparison is pd.NA else row.comparison)
        assert (row.estimate, row.weight) == pytest.approx(key[at], abs=1e-12)


def test_kinds_are_kept_apart():
    rows = decompose(county(1)).set_index("kind")

    assert set(rows.index) == set(KINDS)
    assert rows.loc["treated_vs_never", "comparison"].isna().all()
    assert (rows.loc["later_vs_always", "comparison"] == 2011).all()
    assert (rows.loc["earlier_vs_later", "treated"] < rows.loc["earlier_vs_later", "comparison"]).all()
    assert (rows.loc["later_vs_earlier", "treated"] > rows.loc["later_vs_earlier", "comparison"]).all()
    assert set(rows["treated"]) == {
        2012,
        2015,
        2016,
        2018,
    }  # first periods under treatment, also of cohorts in gaps


def test_growing_effects_turn_the_late_comparisons_around():
    """The reason for the check: no noise, effects that grow by one a year, and a comparison with the wrong sign."""
    panel = county(3, always=False, late=False)
    age = np.clip(panel.years[None, :] - panel.cohort[:, None] + 1, 0, None)
    found = kinds(replace(panel, outcome=age + 0.0 * panel.outcome))

    assert found.loc["later_vs_earlier", "estimate"] < found.loc["earlier_vs_later", "estimate"]
    assert found.loc["treated_vs_never", "estimate"] > 1


def test_order_ids_scale_and_shift_do_not_matter():
    panel = county(5, weights=True)
    order = np.random.default_rng(1).permutation(panel.n_units)
    other = replace(panel.keep(order), unit=panel.unit, outcome=10 * panel.outcome[order] + 7)
    plain, changed = decompose(panel), decompose(other)

    np.testing.assert_allclose(changed["estimate"] / 10, plain["estimate"], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(changed["weight"], plain["weight"], rtol=1e-12)


def test_refusals():
    panel = county(2)
    with pytest.raises(DecompositionError, match=r"with covariates \(size\)") as caught:
        decompose(replace(panel, covariates=np.ones((panel.n_units, 1)), covariate_names=("size",)))
    assert caught.value.message.zh != str(caught.value)
    with pytest.raises(DecompositionError, match="nothing to compare"):
        decompose(panel.keep(np.isinf(panel.cohort)))
    with pytest.raises(DecompositionError, match="nothing to compare"):
        decompose(panel.keep(panel.cohort == 2012))


def test_the_record_is_of_the_coefficient_without_covariates():
    panel = panel_of("castle_doctrine")
    adjusted = replace(
        panel, covariates=np.arange(panel.n_units, dtype=float)[:, None], covariate_names=("x",)
    )

    found = decomposition(adjusted, lambda n: True, unit="log points")

    assert found.coefficient == pytest.approx(two_way(panel), rel=1e-10)
    assert found.forbidden == pytest.approx(0.031898, abs=1e-6)  # bacondecomp's vignette
    assert found.shown is found and len(found.rows) == 25


def test_one_comparison_of_few_units_hides_all_or_it_could_be_worked_out_from_the_others():
    panel = panel_of("castle_doctrine")
    whole = decomposition(panel, lambda n: True, unit="log points")

    found = decomposition(panel, lambda n: n >= 10, unit="log points")

    assert found.shown is None and found.rows.empty
    assert found.kinds["estimate"].isna().all()
    assert found.kinds["weight"].tolist() == whole.kinds["weight"].tolist()
    assert (found.coefficient, found.forbidden) == (whole.coefficient, whole.forbidden)
