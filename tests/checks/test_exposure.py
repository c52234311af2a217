"""Spillovers: who is near whom by plain loops, known spillovers recovered, and the ring estimator of another program."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm

from analysis.checks.changes import Case, Held
from analysis.checks.exposure import ADOPTED, by_rings, by_share, exposure, found_near, spillovers
from analysis.estimates import aggregate
from analysis.estimators import fit
from analysis.samples import Panel
from analysis.study import Design, Text
from analysis.study.robustness import Exposure

DESIGN = Design()
NOTHING = Text(zh="", en="")
RINGS = Exposure(x="x", y="y", rings=(2.0, 4.0), reason=NOTHING)


def panel(outcome: np.ndarray, cohort: np.ndarray, years: np.ndarray) -> Panel:
    unit = np.array([f"u{i:03d}" for i in range(len(cohort))])
    return Panel(
        unit=unit, years=years, outcome=outcome, cohort=cohort, weight=np.ones(len(unit)), cluster=unit,
        model=np.full(len(unit), ""), covariates=np.empty((len(unit), 0)),
    )  # fmt: skip


def scattered(n: int = 80, seed: int = 11) -> tuple[Panel, np.ndarray]:
    """Units on a square of 30 km, 10 adopters in 2014 and 12 in 2016, no effect of anything."""
    rng = np.random.default_rng(seed)
    places, cohort = rng.uniform(0, 30, (n, 2)), np.full(n, np.inf)
    order = rng.permutation(n)
    cohort[order[:10]], cohort[order[10:22]] = 2014, 2016
    years = np.arange(2010, 2019)
    outcome = rng.normal(10, 2, (n, 1)) + 0.3 * (years - 2010) + rng.normal(0, 1, (n, len(years)))
    return panel(outcome, cohort, years), places


def by_ring(given: Panel, places: np.ndarray, declared: Exposure = RINGS):
    return spillovers(Case(given, DESIGN, "imputation", None, Held(unit="yuan", positions=places)), declared)


def test_the_share_around_a_unit_leaves_the_unit_itself_out():
    given, _ = scattered()
    group = np.array(["a", "b", "c", "d"])[np.arange(80) % 4]
    group[0] = "alone"
    share = exposure(group, given.cohort, given.years)

    for i in range(80):
        others = [j for j in range(80) if j != i and group[j] == group[i]]
        for t, year in enumerate(given.years):
            expected = np.mean([given.cohort[j] <= year for j in others]) if others else 0.0
            assert share[i, t] == pytest.approx(expected), (i, year)
    status = by_share(group, given.cohort, given.years, 0.25)
    adopted = given.years >= given.cohort[:, None]
    assert ((status == ADOPTED) == adopted).all()
    assert ((status == 1) == (~adopted & (share >= 0.25))).all()


def test_a_unit_lies_in_the_ring_of_its_nearest_adopter():
    given, places = scattered()
    status = by_rings(places, given.cohort, given.years, (2.0, 4.0))

    for i in range(80):
        for t, year in enumerate(given.years):
            near = [
                np.hypot(*(places[i] - places[j])) for j in range(80) if j != i and given.cohort[j] <= year
            ]
            nearest = min(near, default=np.inf)
            expected = 1 if nearest <= 2 else 2 if nearest <= 4 else 0
            assert status[i, t] == (ADOPTED if given.cohort[i] <= year else expected), (i, year)


def test_the_ring_estimator_is_that_of_diff_diff():
    """diff-diff 3.13.0: SpilloverDiD(rings=[0, 2, 4], conley_metric="euclidean") on these data; its estimates."""
    found = by_ring(*scattered())
    rows = found.rows.set_index(["change", "detail"])

    assert rows.loc[("adopting", ""), "estimate"] == pytest.approx(0.05500877468305428, abs=1e-10)
    assert rows.loc[("near", "0–2"), "estimate"] == pytest.approx(0.14357580439204704, abs=1e-10)
    assert rows.loc[("near", "2–4"), "estimate"] == pytest.approx(-0.17893672160873939, abs=1e-10)
    assert not found_near(found)


def test_units_near_are_counted_by_ring():
    given, places = scattered()
    found = by_ring(given, places)
    status = by_rings(places, given.cohort, given.years, (2.0, 4.0))

    for place, detail in ((1, "0–2"), (2, "2–4")):
        row = found.rows[found.rows["detail"] == detail].iloc[0]
        assert row["n_treated"] == (status == place).any(axis=1).sum()
    assert list(found.untouched["n_untouched"]) == list((status == 0).sum(axis=0))


def test_known_spillovers_bias_the_plain_estimate_and_are_recovered():
    """Adopters gain 5, units within 2 km of one gain 3, within 4 km 1."""
    given, places = scattered(400, seed=2)
    places = places * 2  # 400 units on 60 km: enough of them far from everyone
    status = by_rings(places, given.cohort, given.years, (2.0, 4.0))
    gain = np.select([status == ADOPTED, status == 1, status == 2], [5.0, 3.0, 1.0], 0.0)
    moved = replace(given, outcome=given.outcome + gain)
    found = by_ring(moved, places)
    rows = found.rows.set_index(["change", "detail"])
    for key, truth in ((("adopting", ""), 5.0), (("near", "0–2"), 3.0), (("near", "2–4"), 1.0)):
        row = rows.loc[key]
        assert abs(row["estimate"] - truth) < 3 * row["std_error"], key
        assert row["std_error"] < 0.5, "a wide interval would cover anything"
    assert found_near(found)


def test_a_whole_township_that_is_carried_along_hides_the_effect():
    """Every unit of a township in which a quarter has adopted gains 4, adopters 6: the plain answer is 2 where it matters."""
    rng = np.random.default_rng(5)
    n, years = 400, np.arange(2010, 2019)
    group = np.array([f"t{i % 10}" for i in range(n)])
    reached = np.isin(group, ["t0", "t1", "t2", "t3"])
    cohort = np.where(reached & (rng.random(n) < 0.5), 2014.0, np.inf)
    status = by_share(group, cohort, years, 0.25)
    gain = np.select([status == ADOPTED, status == 1], [6.0, 4.0], 0.0)
    outcome = rng.normal(10, 2, (n, 1)) + rng.normal(0, 1, (n, len(years))) + gain
    given = panel(outcome, cohort, years)
    case = Case(given, DESIGN, "imputation", group, Held(unit="yuan"))
    found = spillovers(case, Exposure(share=0.25, reason=NOTHING))
    rows = found.rows.set_index("change")

    plain = aggregate(fit("imputation", given, DESIGN), DESIGN).row("simple")["estimate"]
    assert rows.loc["adopting_all", "estimate"] == pytest.approx(plain, rel=1e-12)
    assert plain < 5.3, "the comparison holds units that gained 4"
    assert abs(rows.loc["adopting", "estimate"] - 6) < 3 * rows.loc["adopting", "std_error"] < 1
    assert abs(rows.loc["near", "estimate"] - 4) < 3 * rows.loc["near", "std_error"] < 1
    assert found.response.conf_low > 0


def test_the_response_is_a_regression_with_dummies():
    given, _ = scattered()
    group = np.array([f"t{i % 8}" for i in range(80)])
    found = spillovers(
        Case(given, DESIGN, "imputation", group, Held(unit="yuan")), Exposure(share=0.5, reason=NOTHING)
    )
    untreated = given.years < given.cohort[:, None]
    row, column = np.nonzero(untreated)
    share = exposure(group, given.cohort, given.years)[untreated]
    dummies = np.column_stack([share, np.eye(80)[row], np.eye(9)[column][:, 1:]])
    expected = sm.OLS(given.outcome[untreated], dummies).fit()

    assert found.response.estimate == pytest.approx(expected.params[0], rel=1e-8)
    assert found.response.n_clusters == 8


def test_nobody_far_away_is_said_and_not_computed():
    given, places = scattered()
    everywhere = Exposure(x="x", y="y", rings=(50.0,), reason=NOTHING)
    cohort = np.where(np.isfinite(given.cohort), given.cohort, np.inf)
    cohort[cohort == 2014] = 2010
    found = by_ring(replace(given, cohort=cohort), places, everywhere)

    assert found.rows["estimate"].isna().all()
    assert found.rows["status"].str.startswith("not estimable: ").all()
    assert not found_near(found)


def test_without_a_declaration_or_anything_to_be_near_by_nothing_is_asked():
    given, _ = scattered()
    case = Case(given, DESIGN, "imputation", None, Held(unit="yuan"))

    assert spillovers(case, None) is None
    assert spillovers(case, RINGS) is None
