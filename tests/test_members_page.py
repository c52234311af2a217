"""Notebook 04b: its numbers by a second route and against the truth, its sentences, and what it says of what is not held."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from small_study import write_study

from analysis import paths
from analysis.members import _gate
from analysis.report import sentences
from analysis.report.chapters import members
from analysis.report.graph import found_notebooks, plan
from analysis.report.page import Page, open_page
from analysis.report.parameters import check
from analysis.report.summary import _together, not_measured
from analysis.study import StudyError, read_study
from analysis.tables import table_module

DEMO = paths.project() / "data" / "demo_county"


@cache
def page(language: str = "en") -> Page:
    return open_page("04b_members", study=str(DEMO), language=language)


@cache
def found():
    return members.compared(page())


@cache
def switching():
    return members.switching(page(), found())


@cache
def effects() -> pd.DataFrame:
    return members.effects(page(), found(), switching())


@cache
def survey() -> pd.DataFrame:
    """Households of the survey in 2022 with their income of 2019 and adoption of their village."""
    waves = pd.read_parquet(DEMO / "household_wave.parquet")
    cohort = pd.read_csv(DEMO / "village_year.csv").groupby("village_id")["first_coop_year"].first()
    now = waves[waves["year"] == 2022].set_index("hh_id")
    past = waves[waves["year"] == 2019].set_index("hh_id")
    return now.assign(before=past["inc_disposable"], reached=now["village_id"].map(cohort).between(1, 2022))


# --- numbers ---


def test_members_and_both_comparisons_are_those_of_the_files():
    table, mine = survey(), found().households
    member = table["member"] == 1

    assert mine.section.n_treated == member.sum() == 1604
    assert mine.reached.sum() == table["reached"].sum()
    difference = effects().query("method == 'difference'").set_index("group")["estimate"]
    for group, others in (("neighbours", ~member & table["reached"]), ("elsewhere", ~table["reached"])):
        plain = table.loc[member, "inc_disposable"].mean() - table.loc[others, "inc_disposable"].mean()
        assert difference[group] == pytest.approx(plain, abs=1e-6)
    before = effects().query("method == 'difference' and group == 'neighbours'")["at_baseline"].iloc[0]
    others = ~member & table["reached"]
    assert before == pytest.approx(
        table.loc[member, "before"].mean() - table.loc[others, "before"].mean(), abs=1e-6
    )


def test_joining_by_income_is_that_of_the_files():
    joined = members.joining(page(), found())
    table = survey()[survey()["reached"]]
    fifth = pd.qcut(table["before"].rank(method="first"), 5, labels=False)
    rates = table["member"].groupby(fifth).mean()
    rows = joined.by_income.set_index("measure")

    parts = [f"part_{k}" for k in range(1, 6)]
    assert rows.loc[parts, "estimate"].to_numpy() == pytest.approx(rates.to_numpy(), abs=2e-3)
    assert rows.loc[parts, "n_treated"].sum() == 1604
    assert joined.average == pytest.approx(table["member"].mean(), abs=1e-12)
    low = table.groupby("low_income")["member"].mean()
    assert rows.loc["penetration_ratio", "estimate"] == pytest.approx(low[1] / low[0], abs=1e-12)
    assert rows.loc["low_income", "n_treated"] == table.query("low_income == 1")["member"].sum()
    party = joined.characteristics.set_index("variable").loc["head_party"]
    assert party["conf_low"] > 0 and np.isnan(party["per_sd"]), "the simulator's 0.5 in log-odds"


def test_the_truth_is_that_of_the_members_compared():
    truth = pd.read_parquet(DEMO / "truth" / "household_effects.parquet")
    at = truth[truth["year"] == 2022].set_index("hh_id").reindex(survey().index)
    member = survey()["member"] == 1
    own, spilled = (
        at.loc[member, "effect_member"].mean(),
        at.loc[~member & survey()["reached"], "effect_spillover"].mean(),
    )

    assert found().truth == pytest.approx({"members": own, "elsewhere": own, "neighbours": own - spilled})
    rows = effects().set_index(["group", "method"])
    for group in ("neighbours", "elsewhere"):
        changes = rows.loc[(group, "matched_differences")]
        assert changes["conf_low"] < found().truth[group] < changes["conf_high"], "comparing changes finds it"
        assert rows.loc[(group, "difference"), "conf_low"] > 3 * found().truth[group], (
            "comparing levels does not"
        )
    assert (rows.loc["neighbours", "at_baseline"].dropna() > 0).all(), (
        "old differences, before anybody joined"
    )


def test_members_others_and_village_mean_are_one_result():
    together = members.together(page())
    ties = together.ties.set_index("variant")
    rows = together.rows.set_index(["variant", "question"])["estimate"]

    assert abs(ties.loc["unadjusted_never", "estimate"]) < 0.5, "yuan: the village means are rounded"
    assert ties.loc["declared", "conf_low"] < 0 < ties.loc["declared", "conf_high"]
    truth = together.truth
    share = ties.loc["declared", "share"]
    implied = share * truth["members"] + (1 - share) * truth["others"]
    assert truth["village"] == pytest.approx(implied, rel=2e-3), "the three truths fit by the same share"
    apart = abs(rows["declared", "members"] - truth["members"])
    assert (
        apart < 2 * together.rows.set_index(["variant", "question"]).loc[("declared", "members"), "std_error"]
    )


def test_switching_regression_is_shown_with_what_speaks_against_it():
    shown = switching()
    assert shown.fit.converged and shown.fit.gradient_norm < 1e-9
    assert shown.coefficients.query("equation == 'select'")["variable"].iloc[-1] == "head_party"
    rows = shown.averages.set_index("key")["estimate"]
    assert rows["att"] == pytest.approx(rows["member_joined"] - rows["member_not_joined"], abs=1e-6)
    assert rows["transitional"] == pytest.approx(rows["att"] - rows["atu"], abs=1e-6)
    member = survey()["member"] == 1
    assert rows["member_joined"] == pytest.approx(survey().loc[member, "inc_disposable"].mean(), rel=5e-3)
    said = sentences.switching(shown, page().words)
    for doubt in (
        "should not be relied on",
        "before anybody joined",
        "the exclusion is rejected (p 0.006)",
        "+0.95",
    ):
        assert doubt in said


# --- sentences ---


def rows_with(at_baseline: tuple[float, float, float]) -> pd.DataFrame:
    rows = effects().copy()
    wanted = (rows["group"] == "neighbours") & (rows["method"] == "aipw")
    rows.loc[wanted, ["at_baseline", "baseline_low", "baseline_high"]] = at_baseline
    return rows[rows["group"] == "neighbours"]


@pytest.mark.parametrize(
    ("at_baseline", "said"),
    [
        (
            (1655.0, 455.0, 2855.0),
            "Comparing levels overstates: against non-members of villages with a cooperative",
        ),
        ((-1655.0, -2855.0, -455.0), "Comparing levels understates"),
        ((100.0, -900.0, 1100.0), "no clear old difference"),
    ],
)
def test_what_levels_do_follows_from_the_year_before_anybody_joined(at_baseline, said):
    text = sentences.member_levels(rows_with(at_baseline), found(), page().words)
    assert said in text
    assert page().words.amount(at_baseline[0], "yuan", signed=True) in text


def test_with_one_date_nothing_is_said_of_old_differences():
    rows = effects().assign(at_baseline=np.nan, baseline_low=np.nan, baseline_high=np.nan)
    assert "With one date only" in sentences.member_levels(rows, found(), page().words)


def test_a_switching_regression_that_passes_is_not_called_wrong():
    shown = switching()
    fit = replace(
        shown.fit, exclusion=replace(shown.fit.exclusion, p_value=0.5),
        parameters=np.append(shown.fit.parameters[:-1], np.arctanh(0.3)),
    )  # fmt: skip
    quiet = replace(shown.placebo, conf_low=-1.0, conf_high=1.0)
    passed = replace(shown, fit=fit, placebo=quiet, in_logs=replace(shown.in_logs, estimate=0.03))
    text = sentences.switching(passed, page().words)

    assert "do not reject it" in text and "relied on" not in text
    weak = replace(
        passed, fit=replace(fit, converged=False, first_stage=replace(fit.first_stage, statistic=4.0))
    )
    doubted = sentences.switching(weak, page().words)
    assert "did not converge" in doubted and "weak (F 4.00)" in doubted


def test_every_interval_that_misses_the_truth_is_named():
    text = sentences.member_groups(effects(), found(), page().words)
    told = effects().query("method != 'truth'").dropna(subset="conf_low")
    true = told["group"].map(found().truth)
    outside = told[(told["conf_low"] > true) | (told["conf_high"] < true)]

    assert f"Of {len(told)} estimates with an interval, {len(told) - len(outside)} hold it" in text
    for method in outside["method"]:
        assert page().words(f"members.methods.{method}") in text


def test_the_tie_says_whether_and_why_the_three_differ():
    together = members.together(page())
    fits = sentences.households_tie(together, page().words)
    assert "the three fit within their error" in fits and "What makes them differ is adjustment" in fits
    ties = together.ties.copy()
    ties.loc[ties["variant"] == "declared", ["conf_low", "conf_high"]] = (100.0, 700.0)
    ties.loc[ties["variant"] == "unadjusted_never", "estimate"] = 400.0
    apart = sentences.households_tie(replace(together, ties=ties), page().words)
    assert "more than their error" in apart and "not of the same households" in apart


@pytest.mark.parametrize("language", ["zh", "en"])
def test_page_one_quotes_the_tie_with_its_numbers(language, tmp_path):
    here = open_page("04b_members", study=str(DEMO), language=language, run_folder=str(tmp_path))
    together = members.together(here)
    kept = here.store.kept()
    quoted = sentences.households_tie(_together(here.study, kept), here.words)
    assert quoted == sentences.households_tie(together, here.words)


# --- what is not held, and who may read ---


def test_a_study_without_membership_leaves_the_chapter_out_and_page_one_says_so(tmp_path):
    study = read_study(write_study(tmp_path / "small"))
    notebooks = found_notebooks(paths.notebooks())
    for declared, runs in ((study, 0), (read_study(DEMO), 2)):
        jobs = plan(notebooks, check({}, declared, list(notebooks)), declared, ("zh", "en"))
        assert sum(job.notebook == "04b_members" for job in jobs) == runs
        assert ("membership" in not_measured(declared)) == (not runs)
    here = open_page("04b_members", study=str(tmp_path / "small"), language="en")
    assert members.compared(here) is None and members.together(here) is None
    assert "Not measured: membership" in here.missing("membership", None).data["text/plain"]


MEMBERSHIP = """
[membership]
table = "{table}"
unit = "hh"
time = "year"
village = "village"
member = "member"
outcome = "{outcome}"
baseline = {baseline}
compared = 2021
covariates = {covariates}
[membership.instruments.party]
reason = {{ zh = "因", en = "because" }}
"""


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"table": "vilage_year"},
            r"\[membership\] table: no table 'vilage_year'; choose village_year \(did you mean",
        ),
        (
            {"outcome": "incme"},
            r"\[membership\] outcome: no outcome 'incme'; choose income \(did you mean income",
        ),
        ({"baseline": 2022}, r"baseline: 2022 is not before compared = 2021"),
        ({"covariates": '["party"]'}, r"covariates: party also stands under instruments"),
        ({"covariates": "[]"}, r"covariates: none given"),
    ],
)
def test_mistakes_in_the_section_are_named_with_the_choices(changes, said, tmp_path):
    given = {"table": "village_year", "outcome": "income", "baseline": 2019, "covariates": '["land"]'}
    folder = write_study(tmp_path / "s", design=MEMBERSHIP.format(**(given | changes)))
    with pytest.raises(StudyError, match=said):
        read_study(folder)


def test_the_public_sees_no_number_that_rests_on_few_members(tmp_path):
    public = page().study.model_copy(
        update={"release": page().study.release.model_copy(update={"audience": "public"})}
    )
    here = replace(page(), study=public, words=replace(page().words, study=public))
    few = found().households
    rows = np.flatnonzero(few.section.treated)[6:]
    keep = np.ones(len(few.unit), dtype=bool)
    keep[rows] = False
    small = replace(
        found(),
        households=replace(
            few, unit=few.unit[keep], section=_gate.subset(few.section, keep), reached=few.reached[keep],
            low_income=few.low_income[keep],
        ),
    )  # fmt: skip
    told = members.effects(here, small, None)
    assert told["estimate"].isna().all() and told["at_baseline"].isna().all()
    assert (told["status"] == "withheld: fewer than 10 treated units, public release").all()
    joined = members.joining(here, small)
    assert joined.by_income["estimate"].isna().all()
    printed = table_module("member_effects").make(told, here.words)
    assert not any(character.isdigit() for row in printed.rows for cell in row[1:] for character in cell)
