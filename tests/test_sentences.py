"""Sentences say what the tables say, in both languages, and never more than the interval allows."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from small_study import village_table, write_study

from analysis.checks.agreement import Agreement
from analysis.checks.pre_trend import PreTrend
from analysis.estimates import Estimates, verdict
from analysis.report import sentences
from analysis.report.page import PageError, open_page
from analysis.report.sentences import front
from analysis.report.summary import Findings, findings, not_measured
from analysis.study import read_study
from analysis.words import vocabulary


def page(folder, language="en", **fields):
    return open_page("03_collective_income", study=str(folder), language=language, outcome="income", **fields)


def row(low: float, high: float) -> pd.Series:
    return pd.Series(
        {
            "estimand": "overall", "level": "simple", "estimate": (low + high) / 2, "conf_low": low, "conf_high": high,
            "std_error": 1.0, "n_treated": 20, "n_clusters": 40, "unit": "yuan", "status": "ok", "estimator": "group_time",
            "conf_kind": "pointwise", "df": 30.0,
        }
    )  # fmt: skip


CASES = [
    ((10_000, 30_000), "rose", "上升", "20.0 thousand yuan higher"),
    ((-30_000, -10_000), "fell", "下降", "20.0 thousand yuan lower"),
    ((-10_000, 30_000), "no clear change", "未见明确变化", "covers zero"),
    ((np.nan, np.nan), "cannot be judged", "数据不足以判断", "cannot be judged"),
]


@pytest.mark.parametrize(("interval", "en", "zh", "detail"), CASES)
def test_the_overall_sentence_follows_from_the_interval(small_study, interval, en, zh, detail):
    estimates = Estimates(pd.DataFrame([row(*interval)]), pd.DataFrame())
    for language, word in (("en", en), ("zh", zh)):
        here = page(small_study, language)
        said = sentences.overall(estimates, here.sample(), here.words)
        assert word in said
        assert here.words("comparison_groups.not_yet_treated") in said, "compared with whom"
        assert "2015–2020" in said, "which years"
    here = page(small_study, "en")
    assert detail in sentences.overall(estimates, here.sample(), here.words)


def test_a_naive_number_is_never_called_an_effect(small_study):
    steps = pd.DataFrame(
        {
            "step": ["before_after", "group_time"], "estimate": [50_000.0, 20_000.0], "conf_low": [40_000.0, 10_000.0],
            "conf_high": [60_000.0, 30_000.0], "unit": "yuan", "n_treated": 20, "n_clusters": 40, "status": "ok",
        }
    )  # fmt: skip
    here = page(small_study)
    said = sentences.ladder(steps, here.words)

    assert "+50.0 thousand yuan" in said and "+20.0 thousand yuan" in said
    assert "would have happened without adoption" in said
    assert "true effect" not in said


@pytest.mark.parametrize(("truth", "said"), [(15_000.0, "lies inside"), (45_000.0, "lies outside")])
def test_the_truth_is_said_to_lie_where_it_lies(small_study, truth, said):
    steps = pd.DataFrame(
        {
            "step": ["before_after", "group_time", "truth"], "estimate": [50_000.0, 20_000.0, truth],
            "conf_low": [40_000.0, 10_000.0, np.nan], "conf_high": [60_000.0, 30_000.0, np.nan], "unit": "yuan",
        }
    )  # fmt: skip
    assert said in sentences.ladder(steps, page(small_study).words)


def test_a_test_that_does_not_reject_is_no_proof(small_study):
    here = page(small_study)
    quiet = PreTrend(0.5, (3, 36), 0.7, (-3, -2, -1), (), 1.0)
    loud = replace(quiet, p_value=0.01)
    nothing = replace(quiet, p_value=np.nan, levels=())

    assert "does not prove" in sentences.pre_trend(quiet, here.words)
    assert "already moved differently" in sentences.pre_trend(loud, here.words)
    assert "cannot be checked" in sentences.pre_trend(nothing, here.words)


def test_models_are_never_ranked(small_study):
    here = page(small_study)
    rows = pd.concat([row(0, 2), row(1, 3)], axis=1).T.assign(estimand="model", level=["M01", "M02"])
    by_model = Estimates(rows.reset_index(drop=True), pd.DataFrame())
    none_apart = pd.DataFrame(
        {"first": ["M01"], "second": ["M02"], "estimate": [-1.0], "conf_low": [-3.0], "conf_high": [1.0],
         "unit": "yuan", "apart": [False]}
    )  # fmt: skip
    apart = none_apart.assign(conf_high=-0.5, apart=True)
    for pairs in (None, none_apart, apart):
        for language in ("zh", "en"):
            said = sentences.model_differences(pairs, by_model, page(small_study, language).words)
            assert not re.search(r"best|worst|rank|最好|最差|第一|领先", said)
    assert "none of the 1 pairs" in sentences.model_differences(none_apart, by_model, here.words)
    assert "M01 minus M02" in sentences.model_differences(apart, by_model, here.words)


def test_reasons_are_told_in_both_languages(small_study):
    given = Agreement(
        "positive_sensitive",
        (
            ("pre_trend", {"p": 0.009, "n": 1}),
            ("always_treated", {"n_units": 14, "n_total": 37}),
            ("few_clusters", {"n_units": 23}),
            ("unlike", {"variable": "orchard", "smd": -1.8}),
            ("other_verdict", {"n": 3, "of": 8}),
        ),
    )
    en, zh = (sentences.reasons(given, page(small_study, language).words) for language in ("en", "zh"))

    assert en.count("\n") == zh.count("\n") == 4
    assert "p = 0.009" in en and "14 unit(s) (37.8%)" in en and "3 of 8" in en
    assert "“orchard” differs by −1.80" in en
    assert "正向但不稳健" in sentences.agreement(
        given, page(small_study).sample(), page(small_study, "zh").words
    )
    assert sentences.reasons(Agreement("positive_stable", ()), page(small_study).words) is None


def test_page_one_knows_how_grave_every_reason_is():
    assert set(front.CAUTIONS) == set(vocabulary()["reasons"])


def test_comparison_units_are_named_only_where_they_are_few_and_the_report_is_internal(tmp_path):
    from analysis.samples import adoption

    table = village_table(n=12)
    inside = page(write_study(tmp_path / "a", table))
    public = page(write_study(tmp_path / "b", table, design='[release]\naudience = "public"'))
    many = page(write_study(tmp_path / "c"))

    assert "000012" in sentences.comparison(adoption(inside.units, inside.panel_table), inside.words)
    assert "000012" not in sentences.comparison(adoption(public.units, public.panel_table), public.words)
    assert "000040" not in sentences.comparison(adoption(many.units, many.panel_table), many.words)


def test_what_is_not_held_is_said(small_study):
    assert not_measured(read_study(small_study)) == [
        "household_income",
        "households",
        "membership",
        "platforms",
        "prices",
        "sources",
        "costs",
    ]
    said = sentences.not_held(read_study(small_study), page(small_study).words)
    assert said.count("Not measured") == 7


def run_all(folder, run_folder, language="en"):
    """What notebooks 02, 03 and 06 keep, in the page functions' own words."""
    here = page(folder, language, run_folder=str(run_folder))
    second = replace(here, notebook="02_programme")
    second.rollout()
    sample = here.sample()
    effects = here.fit("group_time", sample)
    here.average(effects)
    here.each_estimator(sample)
    sixth = replace(here, notebook="06_robustness")
    case = sixth.case(sample)
    trend = sixth.pre_trend(sample, "varying")
    sixth.agreement(sixth.specifications(case), sample, trend, sixth.placebo(case))
    return replace(here, notebook="09_report", outcome="")


def test_page_one_quotes_what_was_kept(small_study, tmp_path):
    here = run_all(small_study, tmp_path / "run")
    found = findings(here)

    assert isinstance(found, Findings)
    headline = found.headlines.iloc[0]
    assert headline["outcome"] == "income"
    assert verdict(headline) == "rose"
    said = sentences.judgement(found, here.words)
    assert here.words.amount(headline["estimate"], "yuan") in said
    assert here.words.interval(headline["conf_low"], headline["conf_high"], "yuan") in said
    assert here.words(f"agreement.{headline['agreement']}") in said
    assert sentences.cautions(found, here.words).count("\n") == 2, "three"
    assert "20 of 40 units (50.0%)" in sentences.programme(found, here.words)
    assert sentences.models_told_apart(found, here.words) is None
    assert sentences.households_together(found, here.words) is None
    assert found.facts.iloc[0][["n_units", "first_year", "last_year"]].tolist() == [40, 2015, 2020]


def test_both_languages_keep_the_same_numbers(small_study, tmp_path):
    kept = []
    for language in ("zh", "en"):
        run_all(small_study, tmp_path / language, language)
        folder = tmp_path / language / "estimates"
        kept.append({path.name: path.read_bytes() for path in folder.glob("*.json")})
    assert kept[0] == kept[1]


def test_without_a_run_page_one_says_how_to_make_one(small_study):
    here = open_page("09_report", study=str(small_study), language="en")
    with pytest.raises(PageError, match="use `coopeval report STUDY`"):
        findings(here)


def test_a_public_run_keeps_no_small_count(tmp_path):
    folder = write_study(tmp_path / "s", village_table(n=24), design='[release]\naudience = "public"')
    here = page(folder, run_folder=str(tmp_path / "run"))
    effects = here.fit("group_time", here.sample())
    here.average(effects, by="cohort")
    here.rollout()

    kept = here.store.kept()
    rows = kept["03-income-group_time-cohort"]["rows"]
    assert all(each["n_treated"] is None and each["estimate"] is None for each in rows)
    assert kept["03-programme"]["facts"] == {"year": 2020, "n_adopters": 10, "n_units": 25}, "rounded to five"


def test_the_studys_own_warnings_stand_on_page_one(tmp_path):
    folder = write_study(tmp_path / "s")
    text = (folder / "study.toml").read_text("utf-8")
    (folder / "study.toml").write_text(
        text.replace("[tables", 'warnings = [{ zh = "仅供内部。", en = "For internal use." }]\n\n[tables', 1),
        "utf-8",
    )
    assert sentences.study_warnings(page(folder).words) == "- For internal use."
    assert sentences.study_warnings(page(folder, "zh").words) == "- 仅供内部。"


def test_synthetic_data_are_called_so(small_study):
    real = page(small_study)
    made_up = open_page("01_data", study="data/demo_county", language="en")

    assert sentences.synthetic(real.words) is None
    assert "does not exist" in sentences.synthetic(made_up.words)
    assert "Synthetic data" in made_up.table("cohorts", made_up.cohorts()).note
