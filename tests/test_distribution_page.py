"""Notebooks 04c and 04d: numbers against the known truth and second routes, sentences, and what is said of what is not held."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_study import village_table
from test_notebooks import look_at, run

from analysis import estimators, paths
from analysis.checks.truth import read_truth
from analysis.distribution import without_effects
from analysis.estimates import aggregate
from analysis.report import sentences
from analysis.report.chapters import distribution, sources
from analysis.report.page import Page, open_page
from analysis.report.parameters import outcomes_of
from analysis.report.summary import not_measured
from analysis.study import StudyError, read_study
from analysis.tables import table_module

DEMO = paths.project() / "data" / "demo_county"


@cache
def page(outcome: str = "member_income", language: str = "en", notebook: str = "04c_distribution") -> Page:
    return open_page(notebook, study=str(DEMO), language=language, outcome=outcome)


@cache
def households():
    return distribution.households(page())


@cache
def quantiles():
    return distribution.quantiles(page(), households(), "group_time")


@cache
def groups() -> pd.DataFrame:
    return distribution.groups(page(), households(), "group_time")


@cache
def losers() -> pd.DataFrame:
    return distribution.losers(page(), households())


@cache
def split(outcome: str):
    here = page(outcome, notebook="04d_income_sources")
    sample = sources.sample(here)
    return sources.waterfall(here, sample, sources.parts(here, sample), "group_time")


@cache
def survey() -> pd.DataFrame:
    """The survey's members and the households of villages that never had a coop, with the year of adoption."""
    waves = pd.read_parquet(DEMO / "household_wave.parquet")
    who = (
        pd.read_parquet(DEMO / "household_year.parquet")
        .groupby("hh_id")[["member_cohort", "exposed_nonmember"]]
        .first()
    )
    joined = waves.join(who, on="hh_id")
    return joined[joined["exposed_nonmember"] == 0]


# --- effects on the distribution ---


def test_the_truth_by_tenth_is_that_of_incomes_less_their_effects_and_lies_in_the_band():
    yearly = pd.read_parquet(DEMO / "household_year.parquet")
    effect = pd.read_parquet(DEMO / "truth" / "household_effects.parquet")
    told = yearly.merge(effect, on=["hh_id", "year"])
    told = told[(told["member_cohort"] > 0) & (told["year"] >= told["member_cohort"])]
    rows = quantiles().rows
    truth = rows[rows["method"] == "truth"].set_index("share")
    untreated = told["inc_disposable"] - told["effect_member"]
    for share in (0.1, 0.5, 0.9):
        by_hand = [
            np.quantile(values, share, method="inverted_cdf")
            for values in (told["inc_disposable"], untreated)
        ]
        assert truth.loc[share, ["actual", "counterfactual"]].tolist() == pytest.approx(by_hand)
    assert truth.loc["mean", "estimate"] == pytest.approx(told["effect_member"].mean())

    main = rows[rows["method"] == "changes_in_changes"].set_index("share")
    assert main["conf_low"].notna().all(), "also at the bottom, which the question is about"
    inside = (main["conf_low"] <= truth["estimate"]) & (truth["estimate"] <= main["conf_high"])
    assert inside.all()
    assert main["actual"].tolist() == pytest.approx(truth.loc[main.index, "actual"].tolist())


def test_inequality_among_adopters_did_not_change_and_that_is_what_is_found():
    rows = quantiles().indices.set_index(["method", "share"])
    for index in ("gini", "bottom_fifth"):
        truth, found = rows.loc[("truth", index), "estimate"], rows.loc[("changes_in_changes", index)]
        assert abs(truth) < 0.001
        assert found["conf_low"] <= truth <= found["conf_high"]
    theil = rows.loc[("changes_in_changes", "theil_t")]
    assert np.isnan(theil["estimate"]) and theil["status"].startswith("not defined")
    assert "no clear change in their inequality" in sentences.inequality_effect(quantiles(), page().words)


def test_the_first_order_route_finds_the_mean_effect_on_its_own_outcome():
    """Truth of the linear route at a quantile: the mean of h_t(Y) - h_t(Y - effect), h_t the year's own RIF."""
    from analysis.distribution import Statistic
    from analysis.distribution.rif import rif

    panel, effect = households().panel, read_truth(page().study, households())
    after = panel.years >= panel.cohort[:, None]
    rows = quantiles().rows.query("method == 'rif'").set_index("share")
    for share in (0.2, 0.5, 0.8):
        statistic, gained = Statistic("quantile", share), np.zeros_like(effect)
        for t in range(len(panel.years)):
            of = {"values": panel.outcome[:, t], "weight": panel.weight}
            moved = (rif(panel.outcome[:, t] - less, statistic, **of) for less in (0.0, effect[:, t]))
            gained[:, t] = np.subtract(*moved)
        assert abs(rows.loc[share, "estimate"] - gained[after].mean()) < 2 * rows.loc[share, "std_error"]
    mean = aggregate(estimators.fit("group_time", panel, page().design), page().design).row("simple")
    assert rows.loc["mean", "estimate"] == pytest.approx(mean["estimate"], rel=1e-12)


def test_groups_by_earlier_income_find_their_truth():
    rows = groups()
    assert list(rows["level"]) == [
        *(f"fifth_{k}" for k in range(1, 6)),
        "difference",
        "lower",
        "upper",
        "difference",
    ]
    assert rows["truth"].between(rows["conf_low"], rows["conf_high"]).all()
    fifths = rows[rows["level"].str.startswith("fifth")]
    assert fifths["n_treated"].sum() == (np.isfinite(households().panel.cohort)).sum()
    assert (fifths["conf_low"].iloc[:4] > 0).all()
    low = survey().query("year == 2019 and member_cohort > 0")["low_income"].sum()
    assert rows.query("grouping == 'low_income' and level == 'upper'")["n_treated"].iloc[0] == low


def test_losers_are_bounded_and_the_truth_that_nobody_lost_is_not_excluded():
    rows = losers().set_index(["who", "measure"])
    for who in ("all", "poorest", "low_income"):
        low, high = rows.loc[(who, "losers_low")], rows.loc[(who, "losers_high")]
        assert (
            low["truth"] == 0
            and low["conf_low"] <= 0 <= low["estimate"] < high["estimate"] <= high["conf_high"]
        )
    yearly = pd.read_parquet(DEMO / "household_year.parquet").set_index(["hh_id", "year"])["inc_disposable"]
    members = survey().query("year == 2019 and member_cohort > 0").set_index("hh_id")["member_cohort"]
    now, base = (yearly.loc[list(zip(members.index, members + k, strict=True))].to_numpy() for k in (2, -1))
    assert rows.loc[("all", "fell"), "estimate"] == pytest.approx((now < base).mean())


# --- sources ---


@pytest.mark.parametrize("outcome", ["member_income", "operating_surplus", "total_income"])
def test_the_parts_sum_to_the_whole_and_hold_their_truth(outcome):
    found, here = split(outcome), page(outcome, notebook="04d_income_sources")
    steps = found.steps.set_index("source")
    parts, total = steps.drop("total"), steps.loc["total"]
    assert found.apart == pytest.approx(0, abs=1e-6)
    assert parts["estimate"].sum() == pytest.approx(total["estimate"], rel=1e-9, abs=1e-6)
    assert parts["second"].sum() == pytest.approx(total["second"], rel=1e-9), "by the second method too"
    sample = sources.sample(here)
    alone = aggregate(estimators.fit("group_time", sample.panel, here.design), here.design).row("simple")
    assert total["estimate"] == pytest.approx(alone["estimate"], rel=1e-12)
    assert total["conf_low"] == pytest.approx(alone["conf_low"], rel=1e-9)
    assert steps["truth"].between(steps["conf_low"], steps["conf_high"]).all()
    known = read_truth(
        here.study, sample
    )  # the effects that were written down, another way to the same truth
    after = (sample.panel.years >= sample.panel.cohort[:, None]) & (sample.panel.cohort[:, None] > 2015)
    assert total["truth"] == pytest.approx(known[after].mean(), rel=1e-9)


def test_true_parts_are_what_the_cooperative_paid_and_the_rest():
    """Dividends and wages stand in the survey: in its years the true property and wage parts are those payments."""
    drawn = without_effects(page().study)["household_wave"].set_index(["hh_id", "year"])
    own = pd.read_parquet(DEMO / "household_wave.parquet").set_index(["hh_id", "year"])
    assert (own["inc_property"] - drawn["inc_property"]).tolist() == own["share_dividend"].tolist()
    assert (own["inc_wage"] - drawn["inc_wage"]).tolist() == own["coop_wage"].tolist()
    assert (own["inc_transfer"] == drawn["inc_transfer"]).all()
    collective = split("total_income").steps.set_index("source")["truth"]
    assert collective[["ci_contract_income", "ci_subsidy", "ci_other"]].tolist() == [0, 0, 0]


def test_links_are_measured_by_ratios_of_the_survey_and_area_is_not():
    here = page(notebook="04d_income_sources")
    rows = sources.links(here, sources.sample(here), "group_time").set_index("link")
    assert rows.loc["area", "status"] == "not measured: recorded once"
    assert np.isnan(rows.loc["area", "estimate"])
    assert rows.loc[["price", "yield", "cost"], "status"].eq("ok").all()
    known = rows.drop("area")
    assert known["truth"].between(known["conf_low"], known["conf_high"]).all()
    # one price a year for all who have no coop: members' price over it is the effect, with no estimator at all
    waves = survey().assign(price=lambda rows: rows["peach_revenue"] / rows["peach_kg"])
    usual = waves[waves["member_cohort"] == 0].groupby("year")["price"].median()
    paid = waves[(waves["member_cohort"] > 0) & (waves["year"] >= waves["member_cohort"])]
    by_hand = np.expm1(np.log(paid["price"] / paid["year"].map(usual)).mean())
    assert rows.loc["price", "truth"] == pytest.approx(by_hand, abs=2e-4)
    assert rows.loc["price", "estimate"] == pytest.approx(by_hand, abs=1e-3)
    assert 0 < by_hand < 0.03, "the effect at its full size is three per cent"
    base = survey().query("year == 2019 and member_cohort > 0")
    assert rows.loc["yield", "level"] == pytest.approx((base["peach_kg"] / base["peach_mu"]).mean())


# --- what is said ---


@pytest.mark.parametrize(
    ("low", "high", "en", "zh"),
    [(100.0, 900.0, "upper end gained more", "高的一端得益更多"), (-900.0, -100.0, "lower end gained more", "低的一端得益更多"),
     (-500.0, 500.0, "no difference between the ends is seen", "看不出两端有差别"), (np.nan, np.nan, "cannot be judged", "不足以判断")],
)  # fmt: skip
def test_who_gained_more_follows_from_the_interval(low, high, en, zh):
    found = replace(quantiles(), apart=(0.0, low, high))
    assert en in sentences.quantile_spread(found, page().words)
    assert zh in sentences.quantile_spread(found, page(language="zh").words)


def test_places_are_counted_by_their_band_and_routes_outside_it_are_told():
    found = quantiles()
    main = found.rows[(found.rows["method"] == "changes_in_changes") & (found.rows["share"] != "mean")]
    up = int((main["conf_low"] > 0).sum())
    assert f"clearly positive at {up}, clearly negative at 0" in sentences.quantile_spread(
        found, page().words
    )
    others = found.rows[found.rows["method"].isin(["rif", "copula_stability"])].query("share != 'mean'")
    band = main.set_index("share")
    outside = sum(
        not band.loc[row.share, "conf_low"] <= row.estimate <= band.loc[row.share, "conf_high"]
        for row in others.itertuples()
    )
    assert outside > 0
    assert f"At {outside} of {len(others)} places" in sentences.quantile_routes(found, page().words)
    wide = found.rows.assign(conf_low=-1e9, conf_high=1e9)
    assert "lie inside the band" in sentences.quantile_routes(replace(found, rows=wide), page().words)
    alone = found.rows[~found.rows["method"].isin(["rif", "copula_stability"])]
    assert "No other route" in sentences.quantile_routes(replace(found, rows=alone), page().words)


def test_a_share_of_losers_is_never_said_as_one_number():
    for language, between in (("en", "between 0.9% and 73.8%"), ("zh", "在0.9%与73.8%之间")):
        assert between in sentences.losers_bounds(losers(), page(language=language).words)
    rows = losers()
    some = rows.assign(conf_low=rows["conf_low"].where(rows["status"] != "bound", 0.02))
    assert "somebody lost" in sentences.losers_bounds(some, page().words)
    assert "neither that somebody lost nor that nobody did" in sentences.losers_bounds(rows, page().words)


def test_sources_are_named_by_their_verdict_and_shares_need_a_clear_whole():
    words = page(notebook="04d_income_sources").words
    told = sentences.main_sources(split("member_income"), words)
    clear, unclear = told.split("Parts without a clear change")
    assert "wages" in clear and "property" in clear
    assert "business" in unclear and "transfers" in unclear
    assert "inside the interval for 4 of 4 parts" in told
    vague = table_module("income_sources").make(split("member_income").steps, words)
    assert "Share of the whole (%)" not in vague.columns and "shares of it mean nothing" in vague.note
    words = page("operating_surplus", notebook="04d_income_sources").words
    sure = table_module("income_sources").make(split("operating_surplus").steps, words)
    column = sure.columns.index("Share of the whole (%)")
    assert sum(float(row[column].replace("−", "-")) for row in sure.rows[:-1]) == pytest.approx(100, abs=0.3)
    assert "less operating cost" in [row[0] for row in sure.rows]


def test_a_part_that_moved_before_or_depends_on_the_method_is_told():
    found = split("member_income")
    words = page(notebook="04d_income_sources").words
    steps = found.steps.copy()
    steps.loc[steps["source"] == "inc_wage", ["second", "p_before"]] = [1e6, 0.001]
    told = sentences.sources_doubt(replace(found, steps=steps), words)
    assert "lies outside the main interval for wages" in told and "wages already moved differently" in told
    assert "for all 4 parts" in sentences.sources_doubt(found, words)


# --- what is not held, few units, the public ---

SMALL = """
[study]
name = "small"
title = {{ zh = "小县", en = "Small county" }}
[tables.household_year]
file = "household_year.csv"
unit = "village"
time = "year"
cohort = "first_year"
never = [0]
group = "town"
level = "household"
[outcomes.income]
table = "household_year"
column = "income"
unit = "yuan"
concept = "household_income"
label = {{ zh = "收入", en = "Income" }}
[release]
audience = "{audience}"
{more}
"""
PARTS = """
[sources.income.components.wage]
label = { zh = "工资", en = "Wages" }
[sources.income.links.price]
table = "household_year"
column = "wage"
per = "kg"
unit = "yuan per kg"
"""


def small(folder: Path, n: int, audience: str = "internal", more: str = "") -> str:
    """A study of n households with one source that is not the whole; no truth, no low-income register."""
    folder.mkdir()
    table = village_table(n=n)
    rng = np.random.default_rng(2)
    table["wage"] = (0.6 * table["income"] + rng.normal(0, 1, len(table))).round(2)
    table["kg"] = rng.uniform(10, 20, len(table)).round(2)
    table.to_csv(folder / "household_year.csv", index=False)
    (folder / "study.toml").write_text(SMALL.format(audience=audience, more=more), encoding="utf-8")
    return str(folder)


def ids(shown) -> set[str]:
    return {exhibit.id for exhibit in shown}


def test_a_study_without_truth_sources_and_register_still_answers_what_it_can(tmp_path):
    where = small(tmp_path / "s", 1400)
    shown = run("04c_distribution", study=where, language="en")
    look_at(shown)
    assert ids(shown) >= {
        "fig-04c-quantile_effects-income", "fig-04c-group_effects-income", "fig-04c-losers-income",
        "fig-04c-lorenz-income", "txt-04c-missing_gini_sources-income", "txt-04c-missing_low_income-income",
    }  # fmt: skip
    assert not any("True" in str(exhibit.data) for exhibit in shown if exhibit.kind == "table")
    told = next(exhibit for exhibit in shown if exhibit.id.startswith("txt-04c-quantile_spread"))
    assert "clearly positive at 9" in told.data["text/plain"], "the effect of five is many standard errors"
    shown = run("04d_income_sources", study=where, language="en")
    assert ids(shown) == {"txt-04d-missing_sources"}
    assert "sources" in not_measured(read_study(where))


def test_what_the_declared_sources_leave_is_shown_and_links_are_named_when_not_measured(tmp_path):
    where = small(tmp_path / "s", 200, more=PARTS)
    shown = run("04d_income_sources", study=where, language="en")
    look_at(shown)
    text = "\n".join(exhibit.data["text/plain"] for exhibit in shown if exhibit.kind != "figure")
    assert "has 1 declared parts" in text and "the remainder is shown as a part of its own" in text
    assert "Not assigned to a source" in text
    assert re.search(
        r"Price [+−][\d.]+% .*; Yield: not measured; Cost per mu: not measured; Area: not measured", text
    )


@pytest.mark.parametrize("n", [24, 60])
def test_few_households_give_boxes_and_no_error(tmp_path, n):
    shown = run("04c_distribution", study=small(tmp_path / "s", n, more=PARTS), language="zh")
    look_at(shown)
    assert "txt-04c-missing_described-income" in ids(shown)
    assert not any(exhibit.id.startswith("fig-04c-lorenz") for exhibit in shown)


def test_the_public_sees_no_number_that_rests_on_few_households(tmp_path):
    where = small(tmp_path / "s", 36, audience="public", more=PARTS)
    run("04c_distribution", study=where, language="en", run_folder=str(tmp_path / "kept"))
    here = open_page("04c_distribution", study=where, language="en", outcome="income")
    sample = distribution.households(here)
    rows = distribution.groups(here, sample, "group_time")
    few = rows["n_treated"] < 10
    assert few.any()
    assert rows.loc[few, ["estimate", "conf_low", "point_low", "truth"]].isna().all(axis=None)
    lost = distribution.losers(here, sample)
    few = lost["n_treated"] < 10
    assert lost.loc[few, ["estimate", "conf_low", "conf_high"]].isna().all(axis=None)


def test_only_outcomes_that_can_be_answered_are_run():
    study = read_study(DEMO)
    assert outcomes_of("04c_distribution", study) == ["member_income", "nonmember_income"]
    assert outcomes_of("04d_income_sources", study) == ["operating_surplus", "total_income", "member_income"]
    other = read_study("mpdta")
    assert outcomes_of("04c_distribution", other) == outcomes_of("04d_income_sources", other) == []
    assert "sources" in not_measured(other) and "sources" not in not_measured(study)


def test_mistakes_in_sources_are_told_with_the_choices(tmp_path):
    more = PARTS + '\n[sources.incom.components.wage]\nlabel = { zh = "a", en = "a" }\n'
    more += '[sources.income.components.income]\nlabel = { zh = "a", en = "a" }\n'
    more += '[sources.income.links.brand]\ntable = "household_years"\ncolumn = "x"\nunit = "yuan"\n'
    with pytest.raises(StudyError) as refused:
        read_study(small(tmp_path / "s", 24, more=more))
    told = str(refused.value)
    assert "[sources.incom]: no outcome 'incom'; choose income (did you mean income?)" in told
    assert "[sources.income.components]: 'income' is the outcome itself" in told
    assert "[sources.income.links.brand] table: no table 'household_years'; choose household_year" in told
    assert "[sources.income.links.brand] label: missing; only price, yield, cost, area have a name" in told
