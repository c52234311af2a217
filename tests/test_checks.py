"""Checks: what they ask again, what they answer, and the one rule that sums them up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.checks import Case, specifications
from analysis.checks.agreement import NOTHING_MORE, Further, agreement, between_estimators
from analysis.checks.curve import SpecificationCurve
from analysis.checks.differences import differences
from analysis.checks.joint_null import JointNull
from analysis.checks.ladder import ADJUSTED, BASES, CREDIBLE, STEPS, ladder, last_year
from analysis.checks.placebo import placebo
from analysis.checks.placebo_unit import PlaceboUnits
from analysis.checks.pre_trend import PreTrend, pre_trend
from analysis.checks.specifications import SPECIFICATION_COLUMNS
from analysis.checks.truth import true_average
from analysis.estimates import aggregate
from analysis.estimators import fit
from analysis.members import entropy_balancing, matched_differences, nearest_neighbour, regression, weighting
from analysis.samples import Panel, Sample
from analysis.study import Design

DESIGN = Design(comparison_group="not_yet_treated", bootstrap_draws=199)


def panel(n: int = 120, *, effect: float = 5.0, drift: float = 0.0, seed: int = 3, years: int = 10) -> Panel:
    """Cohorts in the sixth and eighth year and never adopters, a third each; `drift` per year of adopters."""
    rng = np.random.default_rng(seed)
    time = np.arange(2011, 2011 + years)
    cohort = np.select([np.arange(n) < n // 3, np.arange(n) < 2 * n // 3], [2016.0, 2018.0], np.inf)
    treated = time[None, :] >= cohort[:, None]
    outcome = rng.normal(50, 5, (n, 1)) + 2 * (time - 2011) + effect * treated + rng.normal(0, 1, (n, years))
    outcome = outcome + drift * (time - 2011) * np.isfinite(cohort)[:, None]
    unit = np.array([f"u{i:03d}" for i in range(n)])
    return Panel(
        unit=unit, years=time, outcome=outcome, cohort=cohort, weight=np.ones(n), cluster=unit,
        model=np.full(n, ""), covariates=np.empty((n, 0)),
    )  # fmt: skip


def found(given: Panel, design: Design = DESIGN, group: np.ndarray | None = None):
    case = Case(given, design, "group_time", group)
    rows = specifications(case, unit="yuan")
    path = aggregate(fit("group_time", given, design), design, by="event_time", unit="yuan")
    return rows, agreement(
        rows, given, design, trend=pre_trend(path), placebo=placebo(case, unit="yuan"), unlike=None
    )


def test_a_clear_effect_without_faults_is_positive_and_stable():
    rows, verdict = found(panel())

    assert list(rows.columns) == list(SPECIFICATION_COLUMNS)
    assert rows["change"].iloc[0] == "main"
    assert {"never_treated", "anticipation", "without_cohort", "estimator"} <= set(rows["change"])
    assert verdict.word == "positive_stable"
    assert verdict.reasons == ()


def test_a_drift_before_adoption_makes_it_sensitive_and_says_why():
    _, verdict = found(panel(drift=0.8))

    assert verdict.word == "positive_sensitive"
    assert {"pre_trend", "placebo"} <= {key for key, _ in verdict.reasons}


def test_no_effect_is_no_clear_change():
    _, verdict = found(panel(effect=0.0))

    assert verdict.word in {"unclear", "unclear_sensitive"}


def test_few_clusters_and_units_treated_from_the_start_are_reasons():
    small = panel(30)
    cohort = small.cohort.copy()
    cohort[:10] = 2011
    _, verdict = found(
        replace(small, cohort=cohort), DESIGN.model_copy(update={"comparison_group": "never_treated"})
    )

    reasons = dict(verdict.reasons)
    assert verdict.word == "positive_sensitive"
    assert reasons["always_treated"] == {"n_units": 10, "n_total": 30}
    assert reasons["few_clusters"] == {"n_units": 20}, (
        "the clusters that the estimate rests on, not those of the table"
    )


def test_unlike_units_are_a_reason_unless_adjusted_for():
    given = panel()
    unlike = pd.Series({"variable": "income", "smd": -1.8})
    rows = specifications(Case(given, DESIGN, "group_time"), unit="yuan")
    path = aggregate(fit("group_time", given, DESIGN), DESIGN, by="event_time", unit="yuan")
    told = agreement(rows, given, DESIGN, trend=pre_trend(path), placebo=None, unlike=unlike)
    adjusted = replace(given, covariates=np.zeros((120, 1)), covariate_names=("income",))
    quiet = agreement(rows, adjusted, DESIGN, trend=pre_trend(path), placebo=None, unlike=unlike)

    assert ("unlike", {"variable": "income", "smd": -1.8}) in told.reasons
    assert "unlike" not in dict(quiet.reasons)


def test_every_township_is_left_out_once():
    given = panel()
    groups = np.array([f"t{i % 6}" for i in range(given.n_units)])
    rows = specifications(Case(given, DESIGN, "group_time", groups), unit="yuan")

    left = rows[rows["change"] == "without_group"]
    assert list(left["detail"]) == [f"t{i}" for i in range(6)]
    only = fit("group_time", given.keep(groups != "t2"), DESIGN)
    expected = aggregate(only, DESIGN).row("simple")["estimate"]
    assert left.set_index("detail").loc["t2", "estimate"] == pytest.approx(expected, rel=1e-12)


def test_a_variant_that_is_not_identified_says_so():
    given = panel()
    everyone = replace(given, cohort=np.where(np.isfinite(given.cohort), given.cohort, 2020.0))
    rows = specifications(Case(everyone, DESIGN, "group_time"), unit="yuan")

    row = rows[rows["change"] == "never_treated"].iloc[0]
    assert np.isnan(row["estimate"])
    assert row["status"].startswith("not estimable: no never-treated units")


def told_of(rows: pd.DataFrame, further: Further = NOTHING_MORE) -> dict[str, dict]:
    """The reasons over a panel without faults of its own."""
    given = panel()
    quiet = PreTrend(statistic=0.1, df=(2, 100), p_value=0.9, levels=(-3, -2), left_out=(), largest=0.2)
    found = agreement(rows, given, DESIGN, trend=quiet, placebo=None, unlike=None, further=further)
    return dict(found.reasons)


def answered(*rows: tuple[str, float, float, float]) -> pd.DataFrame:
    """Rows of specifications: change, estimate and interval; the main one first."""
    return pd.DataFrame(
        [
            {"change": change, "estimate": value, "conf_low": low, "conf_high": high, "n_clusters": 120, "status": "ok"}
            for change, value, low, high in rows
        ]
    )  # fmt: skip


def test_leaving_out_ten_townships_is_one_question():
    """Ten quiet townships must not outvote a change of estimator that undoes the result."""
    towns = [("without_group", 5.0, 4.0, 6.0)] * 10
    undone = [("estimator", 1.0, -1.0, 3.0), ("ipw", 5.0, 4.0, 6.0)]
    rows = answered(("main", 5.0, 4.0, 6.0), *towns, *undone)
    assert told_of(rows) == {"other_verdict": {"n": 1, "of": 3}}

    one_town = answered(("main", 5.0, 4.0, 6.0), *towns[1:], ("without_group", -1.0, -2.0, 1.0))
    assert told_of(one_town) == {"other_sign": {"n": 1, "of": 1}, "other_verdict": {"n": 1, "of": 1}}


def test_other_scales_count_by_verdict_and_growth_only_once():
    rows = answered(("main", 5.0, 4.0, 6.0), ("ipw", 5.0, 4.0, 6.0))
    amounts, logs = ("amounts", 5.0, 4.0, 6.0), ("logs", 0.1, 0.05, 0.15)

    assert told_of(rows, Further(scales=answered(amounts, logs, ("growth", 5.0, -4.0, 6.0)))) == {}
    other = answered(amounts, ("logs", 0.1, -0.05, 0.25))
    assert told_of(rows, Further(scales=other)) == {"other_scale": {}}
    unknown = answered(amounts, ("logs", np.nan, np.nan, np.nan))
    assert told_of(rows, Further(scales=unknown)) == {}


def test_what_did_not_happen_and_what_is_not_beyond_chance_are_reasons():
    rows = answered(("main", 5.0, 4.0, 6.0), ("ipw", 5.0, 4.0, 6.0))
    outcomes = answered(("placebo_outcome", 1.0, 0.5, 1.5), ("placebo_outcome", 0.0, -1.0, 1.0))
    often = PlaceboUnits(np.zeros(99), found=12, allowed=11, n_units=40, n_pretended=20)
    chance = SpecificationCurve(pd.DataFrame(), {}, joint(0.2), 0, 0, "yuan")
    further = Further(placebo_outcomes=outcomes.assign(p_holm=[0.01, 0.9]), placebo_units=often, curve=chance)

    assert told_of(rows, further) == {
        "placebo_outcome": {"n": 1, "of": 2}, "placebo_unit": {"n": 12, "of": 99}, "joint_null": {"n": 32, "p": 0.2},
    }  # fmt: skip
    unclear = answered(("main", 1.0, -1.0, 3.0), ("ipw", 1.0, -1.0, 3.0))
    assert told_of(unclear, Further(curve=chance)) == {}, "nothing was claimed that chance could explain"
    sure = SpecificationCurve(pd.DataFrame(), {}, joint(0.01), 0, 0, "yuan")
    assert told_of(rows, Further(curve=sure)) == {}


def test_a_result_that_a_move_seen_before_would_undo_is_sensitive():
    rows = answered(("main", 5.0, 4.0, 6.0), ("ipw", 5.0, 4.0, 6.0))

    assert told_of(rows, Further(bears=0.4)) == {"trends_apart": {"size": 0.4}}
    assert told_of(rows, Further(bears=1.0)) == {}
    unclear = answered(("main", 1.0, -1.0, 3.0), ("ipw", 1.0, -1.0, 3.0))
    assert told_of(unclear, Further(bears=0.0)) == {}, "nothing was claimed that could be undone"


def joint(p: float) -> JointNull:
    return JointNull(5.0, 1, 1.0, 9.0, 3.0, p, p, p, p, np.array([p]), 32, 32, 99)


def test_single_unit_cohorts_are_left_out_only_where_there_are_some():
    given = panel()
    cohort = given.cohort.copy()
    cohort[0] = 2015.0
    changes = specifications(Case(replace(given, cohort=cohort), DESIGN, "group_time"), unit="yuan")["change"]

    assert "without_single_units" in set(changes)
    assert "without_single_units" not in set(
        specifications(Case(given, DESIGN, "group_time"), unit="yuan")["change"]
    )


def test_the_joint_test_is_hotellings():
    path = aggregate(fit("group_time", panel(), DESIGN), DESIGN, by="event_time", unit="yuan")
    trend = pre_trend(path)
    before = (path.rows["level"] < 0).to_numpy()
    theta = path.rows.loc[before, "estimate"].to_numpy()
    psi = path.influence.to_numpy()[:, before]
    wald = theta @ np.linalg.solve(psi.T @ psi, theta)
    r, n = len(theta), len(psi)

    assert trend.levels == tuple(path.rows.loc[before, "level"])
    assert trend.statistic == pytest.approx(wald * (n - r) / (r * (n - 1)), rel=1e-8)
    assert trend.p_value == pytest.approx(stats.f.sf(trend.statistic, r, n - r))


def test_the_joint_test_keeps_its_size():
    """300 panels without drift: about 5 % rejected; the band holds a true 5 % with probability .99."""
    rejected = 0
    for seed in range(300):
        given = panel(60, seed=seed)
        path = aggregate(fit("group_time", given, DESIGN), DESIGN, by="event_time", unit="yuan")
        rejected += pre_trend(path).p_value < 0.05
    assert 0.017 < rejected / 300 < 0.095


def test_without_years_before_nothing_is_tested():
    short = panel(years=10)
    late = replace(short, years=short.years[4:], outcome=short.outcome[:, 4:])
    cohort = np.where(np.isfinite(late.cohort), 2016.0, np.inf)
    given = replace(late, cohort=cohort)
    path = aggregate(fit("group_time", given, DESIGN), DESIGN, by="event_time", unit="yuan")

    assert np.isnan(pre_trend(path).p_value)
    assert placebo(Case(given, DESIGN, "group_time"), unit="yuan") is None
    _, verdict = found(given)
    assert "no_pre_trend_test" in dict(verdict.reasons)


def test_the_placebo_uses_no_year_after_adoption():
    given = panel()
    spoiled = given.outcome.copy()
    spoiled[given.years[None, :] >= given.cohort[:, None]] = 1e6
    clean = placebo(Case(given, DESIGN, "group_time"), unit="yuan")
    same = placebo(Case(replace(given, outcome=spoiled), DESIGN, "group_time"), unit="yuan")

    assert clean is not None and same is not None
    assert same["estimate"].iloc[0] == pytest.approx(clean["estimate"].iloc[0], rel=1e-12)


def each(given: Panel, design: Design = DESIGN) -> pd.DataFrame:
    rows = [
        aggregate(fit(name, given, design), design, unit="yuan").row("simple")
        for name in ("twfe", "group_time", "imputation")
    ]
    return pd.DataFrame(rows).reset_index(drop=True)


def test_the_ladder_starts_with_what_needs_no_comparison():
    given = panel()
    steps = ladder(given, DESIGN, each(given), truth=5.0).set_index("step")

    assert list(steps.index) == [step for step in STEPS if step not in ADJUSTED], "no covariates are named"
    treated = given.years[None, :] >= given.cohort[:, None]
    base = np.array(
        [
            given.outcome[i, int(c) - 2011 - 1] if np.isfinite(c) else np.nan
            for i, c in enumerate(given.cohort)
        ]
    )
    assert steps.loc["before_after", "estimate"] == pytest.approx(
        (given.outcome - base[:, None])[treated].mean()
    )
    last = given.outcome[:, -1]
    expected = last[np.isfinite(given.cohort)].mean() - last[~np.isfinite(given.cohort)].mean()
    assert steps.loc["difference", "estimate"] == pytest.approx(expected)
    welch = stats.ttest_ind(
        last[np.isfinite(given.cohort)], last[~np.isfinite(given.cohort)], equal_var=False
    )
    half = (steps.loc["difference", "conf_high"] - steps.loc["difference", "conf_low"]) / 2
    assert half == pytest.approx(
        (welch.confidence_interval().high - welch.confidence_interval().low) / 2, rel=0.05
    )
    assert steps.loc["before_after", "estimate"] > 2 * steps.loc["group_time", "estimate"] - 1, (
        "the trend is in it"
    )
    assert np.isnan(steps.loc["truth", "conf_low"])


def test_without_others_the_ladder_says_so():
    given = panel()
    everyone = replace(given, cohort=np.where(np.isfinite(given.cohort), given.cohort, 2020.0))
    steps = ladder(everyone, DESIGN, each(everyone)).set_index("step")

    assert steps.loc["difference", "status"].startswith(
        "not estimable: fewer than two adopters or two others"
    )
    assert np.isnan(steps.loc["difference", "estimate"])


def by_hand() -> Panel:
    """Three adopters, in 2013, 2013 and 2014, and two others; weights differ."""
    outcome = np.array(
        [
            [10.0, 4.0, 12.0, 14.0],
            [20.0, 9.0, 20.0, 23.0],
            [30.0, 8.0, 11.0, 31.0],
            [5.0, 5.0, 5.0, 6.0],
            [7.0, 7.0, 8.0, 7.0],
        ]
    )
    unit = np.array(list("abcde"))
    return Panel(
        unit=unit, years=np.array([2011, 2012, 2013, 2014]), outcome=outcome,
        cohort=np.array([2013.0, 2013.0, 2014.0, np.inf, np.inf]), weight=np.array([2.0, 1.0, 1.0, 1.0, 1.0]),
        cluster=unit, model=np.full(5, ""), covariates=np.empty((5, 0)),
    )  # fmt: skip


def told(estimators: tuple[str, ...] = ("group_time",)) -> pd.DataFrame:
    """Rows of the estimators where a test is about other steps."""
    return pd.DataFrame(
        [
            {"estimator": name, "estimate": 1.0, "conf_low": 0.0, "conf_high": 2.0, "n_treated": 3, "n_clusters": 5,
             "status": "ok", "unit": "yuan"}
            for name in estimators
        ]
    )  # fmt: skip


def test_another_base_year_turns_the_sign_of_a_before_after():
    steps = ladder(by_hand(), DESIGN, told()).set_index("step")

    # a: 12 - 4, 14 - 4 at weight 2; b: 20 - 9, 23 - 9; c: 31 - 11; six weighted unit-years
    assert steps.loc["before_after", "estimate"] == pytest.approx((2 * (8 + 10) + 11 + 14 + 20) / 7)
    # the same unit-years less 2011
    assert steps.loc["before_after_early", "estimate"] == pytest.approx((2 * (2 + 4) + 0 + 3 + 1) / 7)
    assert list(steps.loc[list(BASES), "detail"]) == ["2012–2013 → 2013–2014", "2011 → 2013–2014"]
    assert (steps.loc[list(BASES), "n_treated"] == 3).all() and (
        steps.loc[list(BASES), "n_clusters"] == 3
    ).all()


def test_the_error_of_a_before_after_is_that_of_its_influence():
    """One year after and equal weights: the interval is that of a paired t test."""
    given = panel(years=6)
    adopters = given.keep(given.cohort == 2016)
    steps = ladder(given, DESIGN, told()).set_index("step")

    for step, base in (("before_after", 4), ("before_after_early", 3)):
        change = adopters.outcome[:, 5] - adopters.outcome[:, base]
        expected = stats.ttest_1samp(change, 0).confidence_interval()
        row = steps.loc[step]
        assert (row["conf_low"], row["conf_high"]) == pytest.approx((expected.low, expected.high), rel=1e-12)


def test_anticipation_moves_both_bases():
    given = panel()
    steps = ladder(given, DESIGN.model_copy(update={"anticipation": 1}), told()).set_index("step")

    assert list(steps.loc[list(BASES), "detail"]) == ["2014–2016 → 2016–2020", "2013 → 2016–2020"]


@pytest.mark.parametrize(("first", "refused"), [(2012, {"before_after_early"}), (2011, set(BASES))])
def test_a_base_year_that_is_not_there_is_refused(first, refused):
    given = replace(panel(), cohort=np.where(np.isfinite(panel().cohort), float(first), np.inf))
    steps = ladder(given, DESIGN, told()).set_index("step")

    without = set(steps.index[steps["estimate"].isna()])
    assert without == refused
    assert steps.loc[list(refused), "status"].str.startswith("not estimable: ").all()
    assert "no second year before the first adoption" in steps.loc["before_after_early", "status"]


def with_covariates(n: int = 240, seed: int = 5) -> Panel:
    """Adopters have more land, which pays; villages of four."""
    given, rng = panel(n, seed=seed), np.random.default_rng(seed)
    x = rng.normal(0, 1, (n, 2)) + 0.5 * np.isfinite(given.cohort)[:, None]
    order = rng.permutation(n)
    return replace(
        given, outcome=given.outcome + 6 * x[:, :1], covariates=x, covariate_names=("land", "age"),
        cluster=np.array([f"v{i // 4:02d}" for i in order]), weight=rng.uniform(0.5, 1.5, n),
    )  # fmt: skip


def test_steps_that_hold_covariates_equal_are_what_the_members_functions_say():
    given = with_covariates()
    design = DESIGN.model_copy(update={"conf_level": 0.9})
    steps = ladder(given, design, each(given), truth=5.0).set_index("step")
    section = last_year(given, design)
    matching = {"neighbours": 4, "bias": "regression", "errors": "village", "conf_level": 0.9}
    direct = {
        "ols": regression.ols(section, conf_level=0.9),
        "nearest_neighbour": nearest_neighbour.estimate(section, **matching),
        "ipw": weighting.ipw(section, conf_level=0.9),
        "aipw": weighting.aipw(section, conf_level=0.9),
        "entropy_balancing": entropy_balancing.estimate(section, conf_level=0.9),
        "matched_differences": matched_differences.estimate(section, **matching),
    }

    assert tuple(steps.index) == STEPS
    assert tuple(direct) == ADJUSTED
    for step, effect in direct.items():
        row = steps.loc[step]
        for column in ("estimate", "conf_low", "conf_high", "n_treated", "n_clusters"):
            assert row[column] == getattr(effect, column), (step, column)
    assert (steps["status"] == "ok").all()
    assert steps.loc["matched_differences", "detail"] == "2015 → 2020"
    assert steps.loc["aipw", "detail"] == "2020"
    assert (section.before == given.outcome[:, 4]).all() and (section.outcome == given.outcome[:, 9]).all()
    assert set(CREDIBLE) <= set(steps.index)


def test_no_overlap_is_said_and_not_computed():
    given = with_covariates()
    adopted = np.isfinite(given.cohort)
    apart = replace(given, covariates=given.covariates + 100 * adopted[:, None])
    steps = ladder(apart, DESIGN, told()).set_index("step")

    for step in ("nearest_neighbour", "ipw", "aipw", "entropy_balancing", "matched_differences"):
        assert np.isnan(steps.loc[step, ["estimate", "conf_low", "conf_high"]].astype(float)).all(), step
        assert steps.loc[step, "status"].startswith("not estimable: "), step
        assert "'land'" in steps.loc[step, "status"], step
        assert "\n" not in steps.loc[step, "status"]
    assert steps.loc["ols", "status"] == "ok"


def test_nobody_to_compare_with_and_nothing_from_before_are_said():
    given = with_covariates()
    everyone = replace(given, cohort=np.where(np.isfinite(given.cohort), given.cohort, 2020.0))
    steps = ladder(everyone, DESIGN, told()).set_index("step")
    assert (
        steps.loc[["difference", *ADJUSTED], "status"]
        == "not estimable: fewer than two adopters or two others in the last year"
    ).all()

    from_start = replace(given, cohort=np.where(np.isfinite(given.cohort), 2011.0, np.inf))
    steps = ladder(from_start, DESIGN, told()).set_index("step")
    assert "need the outcome before anybody joined" in steps.loc["matched_differences", "status"]
    assert steps.loc["ipw", "status"] == "ok"


def test_the_truth_is_averaged_over_the_units_and_years_that_are_estimated():
    given = panel()
    truth = np.where(given.years[None, :] >= given.cohort[:, None], given.cohort[:, None] - 2010, 0.0)
    sample = Sample(given, pd.DataFrame(), "income", "table")
    effects = fit("group_time", given, DESIGN)

    treated = given.years[None, :] >= given.cohort[:, None]
    assert true_average(truth, sample, effects) == pytest.approx(truth[treated].mean())


def test_pairs_of_models_are_held_to_one_standard():
    given = panel(240)
    model = np.where(np.isfinite(given.cohort), np.where(np.arange(240) % 2 == 0, "M01", "M02"), "")
    raised = given.outcome + 4.0 * (
        (model == "M02")[:, None] & (given.years[None, :] >= given.cohort[:, None])
    )
    arms = replace(given, model=model, outcome=raised)
    by_model = aggregate(fit("imputation", arms, DESIGN), DESIGN, by="model", unit="yuan")
    pairs = differences(by_model, DESIGN)

    assert pairs is not None
    assert pairs[["first", "second"]].to_numpy().tolist() == [["M01", "M02"]]
    assert pairs["apart"].iloc[0]
    assert pairs["estimate"].iloc[0] == pytest.approx(-4, abs=1)


def test_one_usable_model_leaves_nothing_to_compare():
    given = panel()
    model = np.where(np.isfinite(given.cohort), "M01", "")
    model[0] = "M02"
    by_model = aggregate(
        fit("imputation", replace(given, model=model), DESIGN), DESIGN, by="model", unit="yuan"
    )

    assert differences(by_model, DESIGN) is None


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        ([("group_time", 1, 0.5, 1.5), ("imputation", 2, 1, 3)], "same_verdict"),
        ([("group_time", 1, 0.5, 1.5), ("imputation", 2, -1, 5)], "same_sign"),
        ([("group_time", 1, 0.5, 1.5), ("imputation", -2, -5, 1)], "differ"),
        ([("group_time", 1, 0.5, 1.5), ("twfe", -2, -3, -1)], "one_only"),
    ],
)
def test_estimators_agree_by_rule(rows, word):
    frame = pd.DataFrame(rows, columns=["estimator", "estimate", "conf_low", "conf_high"])
    assert between_estimators(frame) == word


def test_a_test_of_nothing_has_no_number():
    nothing = PreTrend(np.nan, (0, 0), np.nan, (), (), np.nan)
    given = panel()
    rows = specifications(Case(given, DESIGN, "group_time"), unit="yuan")
    told = agreement(rows, given, DESIGN, trend=nothing, placebo=None, unlike=None)
    assert told.word == "positive_sensitive"


def test_an_adjusted_step_that_few_clusters_carry_has_no_interval():
    """Weights can leave a few villages with all the say; the floor for intervals then counts those.

    Regression keeps its interval: its degrees of freedom count them already.
    """
    given = with_covariates()
    usual = ladder(given, DESIGN, each(given)).set_index("step")
    strict = ladder(given, DESIGN.model_copy(update={"min_treated_units": 1000}), each(given)).set_index(
        "step"
    )
    for step in ADJUSTED:
        assert usual.loc[step, "status"] == "ok"
        assert strict.loc[step, "estimate"] == usual.loc[step, "estimate"]
        assert np.isnan(strict.loc[step, "conf_low"]) == (step != "ols"), step
        assert ("effective clusters, no interval" in strict.loc[step, "status"]) == (step != "ols"), step
