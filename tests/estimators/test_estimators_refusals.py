"""What cannot be estimated is refused in a sentence that names it, or flagged in its cell."""

from __future__ import annotations

from dataclasses import replace

import _panels
import numpy as np
import pytest

from analysis import estimators
from analysis.effects import EstimatorError
from analysis.estimators import _logit
from analysis.samples.panel import Panel
from analysis.study import Design

every_estimator = pytest.mark.parametrize("name", estimators.names())
NEVER = Design(comparison_group="never_treated")
PANEL = _panels.county(21, n_covariates=2)


def set_at(panel: Panel, field: str, where, value) -> Panel:
    array = getattr(panel, field).copy()
    array[where] = value
    return replace(panel, **{field: array})


def covariate(values: np.ndarray) -> Panel:
    return replace(
        PANEL, covariates=np.column_stack([PANEL.covariates, values]), covariate_names=("x0", "x1", "x2")
    )


TREATED = np.isfinite(PANEL.cohort)
COHORT = np.where(np.arange(PANEL.n_units) < 20, 2018.0, np.inf)
REFUSED = {
    "no rows": (PANEL.keep(np.zeros(PANEL.n_units, dtype=bool)), "0 rows are left"),
    "one period": (
        replace(PANEL, years=PANEL.years[:1], outcome=PANEL.outcome[:, :1]),
        r"one period \(2015\)",
    ),
    "years not increasing": (replace(PANEL, years=PANEL.years[::-1]), "must be integers that increase"),
    "shape": (replace(PANEL, weight=PANEL.weight[:-1]), r"weight has the shape \(39,\), not \(40,\)"),
    "missing outcome": (
        set_at(PANEL, "outcome", (3, 2), np.nan),
        "outcome is missing or infinite in 1 units, e.g. v0003",
    ),
    "infinite outcome": (
        set_at(PANEL, "outcome", (slice(0, 2), 1), np.inf),
        "outcome is missing or infinite in 2 units, e.g. v0000, v0001",
    ),
    "repeated unit": (set_at(PANEL, "unit", 1, "v0000"), "1 units appear more than once, e.g. v0000"),
    "missing cohort": (
        set_at(PANEL, "cohort", 5, np.nan),
        "cohort of 1 units is missing, e.g. v0005; never treated is inf",
    ),
    "half a year": (set_at(PANEL, "cohort", 5, 2017.5), "cohort of 1 units is not a whole year, e.g. v0005"),
    "weight": (set_at(PANEL, "weight", 7, 0.0), "weight of 1 units is not positive, e.g. v0007"),
    "missing covariate": (
        set_at(PANEL, "covariates", (2, 1), np.nan),
        "covariate 'x1' is missing or infinite in 1 units, e.g. v0002",
    ),
    "constant covariate": (covariate(np.full(40, 3.0)), "covariate 'x2' is 3 in all 40 units; drop it"),
    "collinear covariate": (
        covariate(PANEL.covariates @ [2.0, -1.0] + 5),
        "covariate 'x2' is a linear combination of 'x0', 'x1' and a constant",
    ),
    "no treated": (
        replace(PANEL, cohort=np.full(40, np.inf)),
        "no treated units: none of 40 units adopts in 2015-2020",
    ),
    "all later": (replace(PANEL, cohort=np.full(40, 2024.0)), "no treated units: none of 40 units adopts"),
    "no period before": (
        replace(PANEL, cohort=np.where(TREATED, 2015.0, np.inf)),
        f"no period before adoption: all {TREATED.sum()} treated units are under treatment .* in 2015",
    ),
    "all in one year": (
        replace(PANEL, cohort=np.full(40, 2018.0)),
        "no comparison units: all 40 units adopt in 2018 and none is never treated",
    ),
    "one comparison unit": (
        replace(PANEL, cohort=np.where(np.arange(40) < 39, 2018.0, np.inf)),
        "one comparison unit for 39 treated units",
    ),
    "one treated unit": (
        replace(PANEL, cohort=np.where(np.arange(40) < 1, 2018.0, np.inf)),
        "one treated unit, v0000, has a period before adoption",
    ),
    "one cluster": (
        replace(PANEL, cluster=np.full(40, "t1", dtype=object)),
        "all 40 units lie in one cluster, t1",
    ),
    "constant outcome": (
        replace(PANEL, outcome=np.full((40, 6), 0.1)),
        "the outcome shows no change of any unit",
    ),
    "outcome of shocks": (
        replace(PANEL, outcome=np.add.outer(np.arange(40) / 7, np.arange(6) / 3)),
        "the outcome shows no change of any unit beyond what all 40 units share",
    ),
}


@every_estimator
@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_the_reason(name, case):
    panel, sentence = REFUSED[case]

    with pytest.raises(EstimatorError, match=sentence) as refused:
        estimators.fit(name, panel, Design())

    text = str(refused.value)
    assert " / " in text
    assert any("一" <= letter <= "鿿" for letter in text)


@every_estimator
def test_no_never_treated_units_must_be_answered_by_choice(name):
    panel = _panels.county(22, never=False)

    with pytest.raises(
        EstimatorError, match=r'all 40 units adopt by 2020; set comparison_group = "not_yet_treated"'
    ):
        estimators.fit(name, panel, NEVER)
    assert (estimators.fit(name, panel, Design()).cells["status"] == "ok").any()


def test_all_breaches_of_a_panel_are_listed_at_once():
    panel = set_at(set_at(PANEL, "outcome", (0, 0), np.nan), "weight", 1, -1.0)

    with pytest.raises(EstimatorError) as refused:
        estimators.fit("group_time", panel, Design())

    assert str(refused.value).count("\n  - ") == 2


def test_an_unknown_estimator_lists_the_choices():
    with pytest.raises(EstimatorError) as refused:
        estimators.fit("group_tme", PANEL, Design())

    assert all(name in str(refused.value) for name in estimators.names())
    assert "did you mean group_time?" in str(refused.value)


def test_units_without_a_model_among_units_with_one():
    panel = set_at(_panels.county(23, models=("land", "stock")), "model", 0, "")

    with pytest.raises(EstimatorError, match=r"1 treated units have no model although others do, e.g. v0000"):
        estimators.fit("group_time", panel, Design())
    estimators.fit("twfe", panel, Design())


@pytest.mark.parametrize("adjustment", ["doubly_robust", "ipw"])
def test_perfect_separation_names_the_covariate(adjustment):
    panel = replace(PANEL, cohort=COHORT)
    panel = set_at(panel, "covariates", (np.isfinite(COHORT), 1), 50 + PANEL.covariates[:20, 1])

    with pytest.raises(EstimatorError, match="covariate 'x1' separates 20 treated from 20 comparison units"):
        estimators.fit("group_time", panel, Design(adjustment=adjustment))


@pytest.mark.parametrize("adjustment", ["doubly_robust", "ipw"])
def test_a_trait_no_treated_unit_has_leaves_the_odds_without_estimate(adjustment):
    trait = np.where(np.isfinite(COHORT), 0.0, np.arange(40) % 2)
    panel = set_at(replace(PANEL, cohort=COHORT), "covariates", (slice(None), 1), trait)

    with pytest.raises(EstimatorError, match="'x1' takes one extreme value in all 20 treated units"):
        estimators.fit("group_time", panel, Design(adjustment=adjustment))
    cells = estimators.fit("group_time", panel, Design(adjustment="outcome_regression")).cells
    assert (cells["status"] == "ok").all()


def test_separation_by_one_unit_among_many_is_found():
    """The likelihood climbs by ever less; with many units that looks like an end."""
    rng = np.random.default_rng(6)
    x = np.ones((3, 100_000))
    x[1] = rng.normal(size=100_000)
    member = rng.random(100_000) < 0.4
    x[2] = 0
    x[2, np.flatnonzero(~member)[0]] = 1

    with pytest.raises(_logit.SeparationError):
        _logit.fit(x, member, np.ones(100_000))


def test_separation_by_covariates_together_is_found():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(40, 2))
    side = x.sum(axis=1) > 0
    panel = replace(PANEL, cohort=np.where(side, 2018.0, np.inf), covariates=x)

    with pytest.raises(EstimatorError, match=r"the covariates together, 'x[01]' most, separate"):
        estimators.fit("group_time", panel, Design())


def test_a_small_cohort_that_fails_is_flagged_and_the_others_stay():
    panel = _panels.county(24, n=80, n_covariates=2, cohorts=(2017.0, 2019.0))
    small = np.flatnonzero(panel.cohort == 2019)
    panel = panel.keep(~np.isin(np.arange(80), small[2:]))
    panel = set_at(panel, "covariates", (panel.cohort == 2019, 0), 40.0)

    cells = estimators.fit("group_time", panel, Design()).cells.set_index("cohort")

    assert cells.loc[2017, "status"].eq("ok").all()
    assert (
        cells.loc[2019, "status"].str.startswith("not identified: covariate 'x0' separates 2 treated").all()
    )
    assert cells.loc[2019, "effect"].isna().all()


def test_a_covariate_constant_among_comparison_units_is_flagged():
    panel = set_at(replace(PANEL, cohort=COHORT), "covariates", (~np.isfinite(COHORT), 0), 1.5)

    with pytest.raises(EstimatorError, match="'x0' does not vary by itself among the 20 comparison units"):
        estimators.fit("group_time", panel, Design(adjustment="outcome_regression"))
    with pytest.raises(
        EstimatorError, match="'x0' does not vary by itself among the 20 units untreated in 2018"
    ):
        estimators.fit("imputation", panel, Design())


def test_more_covariates_than_comparison_units():
    keep = np.isfinite(PANEL.cohort)
    keep[np.flatnonzero(~keep)[:3]] = True
    panel = PANEL.keep(keep)
    panel = replace(
        panel,
        covariates=np.random.default_rng(1).normal(size=(panel.n_units, 3)),
        covariate_names=("x0", "x1", "x2"),
    )

    with pytest.raises(
        EstimatorError, match="3 comparison units are too few for 3 covariates and a constant"
    ):
        estimators.fit("group_time", panel, NEVER.model_copy(update={"adjustment": "outcome_regression"}))


def test_a_covariate_constant_within_cohorts_is_refused_by_the_regression():
    panel = set_at(PANEL, "covariates", (slice(None), 1), np.where(TREATED, PANEL.cohort - 2010, 0.0))

    with pytest.raises(
        EstimatorError, match="covariate 'x1' does not vary by itself among the comparison units"
    ):
        estimators.fit("saturated", panel, Design())


@pytest.mark.parametrize("name", ["group_time", "imputation"])
def test_years_after_everyone_adopted_are_not_identified(name):
    cells = estimators.fit(name, _panels.county(25, never=False), Design()).cells
    late = cells["year"] >= 2020

    assert cells.loc[late, "status"].eq("not identified: no comparison units left in 2020").all()
    # before 2020 the last cohort is compared with nobody but serves the others
    assert (cells.loc[~late & (cells["cohort"] < 2020), "status"] == "ok").all()


def test_the_last_cohort_is_the_regression_s_comparison():
    cells = estimators.fit("saturated", _panels.county(26, never=False), Design()).cells.set_index("cohort")

    reason = "not identified: the last cohort, 2020, is the comparison as no unit is never treated"
    assert cells.loc[2020, "status"].eq(reason).all()
    assert (
        cells.loc[2018]
        .query("year == 2020")["status"]
        .eq("not identified: no comparison units left in 2020")
        .all()
    )
    assert cells.loc[2018].query("year == 2019")["status"].eq("ok").all()


def test_nothing_left_to_estimate_lists_the_reasons():
    """Two cohorts between the same survey waves: nobody is untreated after adoption."""
    panel = _panels.county(27, years=(2018, 2019, 2022), cohorts=(2020.0, 2021.0), never=False)

    with pytest.raises(
        EstimatorError, match=r"imputation identifies no effect .*\n.*no comparison units left in 2022"
    ):
        estimators.fit("imputation", panel, Design())


class TestWhatTheGateLeavesOut:
    def test_adoption_after_the_last_period_is_comparison(self):
        panel = _panels.county(28)
        later = set_at(panel, "cohort", np.isinf(panel.cohort), 2031.0)
        found = estimators.fit("group_time", later, NEVER)

        assert found.notes == (("treated_later", int(np.isinf(panel.cohort).sum())),)
        assert found.cells.equals(estimators.fit("group_time", panel, NEVER).cells)

    def test_units_without_a_period_before_anticipation(self):
        panel = _panels.county(29, years=(2016, 2017, 2018, 2019, 2020))
        found = estimators.fit("imputation", panel, Design(anticipation=1))

        assert found.notes == (("no_base_period", int((panel.cohort == 2017).sum())),)
        assert 2017 not in set(found.cells["cohort"])

    def test_adoption_just_after_the_last_period_is_anticipated_within_it(self):
        panel = set_at(_panels.county(30), "cohort", 0, 2021.0)
        panel = set_at(panel, "cohort", 1, 2021.0)
        cells = estimators.fit("group_time", panel, Design(anticipation=1)).cells
        last = cells[(cells["cohort"] == 2021) & (cells["year"] == 2020)]

        assert last["base_year"].tolist() == [2019]
        assert last["status"].tolist() == ["ok"]


class TestBasePeriods:
    def test_survey_waves_use_the_last_wave_before_adoption(self):
        """Waves 2019, 2021, 2022, 2024; adoption in 2020 and 2023 falls between them."""
        panel = _panels.county(31, years=(2019, 2021, 2022, 2024), cohorts=(2020.0, 2023.0))
        cells = estimators.fit("group_time", panel, NEVER).cells

        assert cells[["cohort", "year", "base_year"]].astype(int).to_numpy().tolist() == [
            [2020, 2021, 2019], [2020, 2022, 2019], [2020, 2024, 2019],
            [2023, 2021, 2019], [2023, 2022, 2021], [2023, 2024, 2022],
        ]  # fmt: skip

    def test_anticipation_moves_the_base_back(self):
        cells = estimators.fit("group_time", _panels.county(32), Design(anticipation=1)).cells
        row = cells[(cells["cohort"] == 2018) & (cells["year"] == 2017)]

        assert row["base_year"].tolist() == [2016]

    @pytest.mark.parametrize("name", ["group_time", "saturated"])
    def test_a_universal_base_is_its_own_reference(self, name):
        effects = estimators.fit(name, _panels.county(33), Design(base_period="universal"))
        cells = effects.cells
        reference = cells[cells["status"] == "reference"]

        assert (reference["year"] == reference["base_year"]).all()
        assert reference["cohort"].tolist() == [2017, 2018, 2020]
        assert len(cells) == 18


def test_a_cohort_of_one_keeps_its_number():
    panel = _panels.county(34)
    lone = np.flatnonzero(panel.cohort == 2018)
    panel = panel.keep(~np.isin(np.arange(panel.n_units), lone[1:]))
    for name in ("group_time", "imputation", "saturated"):
        effects = estimators.fit(name, panel, NEVER)
        cells = effects.cells
        own = (cells["cohort"] == 2018).to_numpy()

        assert (cells.loc[own, "n_treated"] == 1).all()
        assert np.isfinite(cells.loc[own, "effect"]).all()
        assert (effects.treated.loc[:, own].sum() == 1).all()


def test_two_way_leverage_adds_to_the_numbers_of_units():
    panel = _panels.county(35, n_clusters=9)
    effects = estimators.fit("twfe", panel, Design())

    assert effects.treated[0].sum() == pytest.approx(effects.cells["n_treated"][0])
    assert effects.comparison[0].sum() == pytest.approx(effects.cells["n_comparison"][0])
    assert effects.cells["cohort"].isna().all()
    assert (effects.treated[0] >= 0).all()
