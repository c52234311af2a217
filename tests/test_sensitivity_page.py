"""Notebook 06b: every question answered or refused by name, on studies in order, with gaps, few units or many readers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_study import village_table, write_study

from analysis import paths
from analysis.estimates import verdict
from analysis.messages import Message
from analysis.report import sentences
from analysis.report.chapters import sensitivity
from analysis.report.page import Page, open_page
from analysis.tables import table_module

EVERY = ("pretest", "relative_magnitude", "smoothness", "comparisons", "inference", "confounding", "paired", "attrition",
         "synthetic", "detectable")  # fmt: skip
SENTENCES = dict(
    zip(EVERY, (
        sentences.pretest_missed, sentences.breakdown, sentences.breakdown, sentences.two_way, sentences.inference,
        sentences.confounding, sentences.paired, sentences.attrition, sentences.synthetic_beside, sentences.detectable,
    ), strict=True)
)  # fmt: skip


def page(study: object, language: str = "en", outcome: str = "", folder: Path | None = None) -> Page:
    run = "" if folder is None else str(folder)
    return open_page("06b_sensitivity", study=str(study), language=language, outcome=outcome, run_folder=run)


def asked(here: Page, start: sensitivity.Main) -> dict[str, sensitivity.Asked]:
    trends = sensitivity.trends(here, start)
    return {
        "pretest": sensitivity.pretest(here, trends),
        "relative_magnitude": sensitivity.bounds(here, trends, "relative_magnitude"),
        "smoothness": sensitivity.bounds(here, trends, "smoothness"),
        **{
            name: getattr(sensitivity, name)(here, start)
            for name in (
                "comparisons",
                "inference",
                "confounding",
                "paired",
                "attrition",
                "synthetic",
                "detectable",
            )
        },
    }


def told(here: Page, start: sensitivity.Main) -> dict[str, str]:
    """What the notebook says to each question, the box it says it in before a bar."""
    said = {}
    for name, answer in asked(here, start).items():
        more = (start.sample,) if name == "detectable" else ()
        exhibit = sensitivity.tell(here, SENTENCES[name], answer, *more)
        said[name] = f"{exhibit.box}|{exhibit.data['text/plain']}"
    return said


@pytest.fixture(scope="module")
def county() -> tuple[Page, sensitivity.Main]:
    here = page("data/demo_county")
    return here, sensitivity.main(here)


# --- the county with a known answer ---


def test_intervals_under_differing_trends_hold_the_known_effect(county):
    here, start = county
    trends = sensitivity.trends(here, start)
    assert start.truth == pytest.approx(14_500, abs=100)
    for restriction in ("relative_magnitude", "smoothness"):
        found = sensitivity.bounds(here, trends, restriction).found
        rows = found.bounds.rows
        assert found.truth == start.truth
        assert ((rows["conf_low"] <= start.truth) & (start.truth <= rows["conf_high"])).all()
        assert 0 < found.value < np.inf
        assert found.bounds.estimate == pytest.approx(start.row["estimate"], rel=1e-10)


def test_everything_shown_is_kept(county, tmp_path):
    here = page("data/demo_county", folder=tmp_path)
    start = sensitivity.main(here)
    answers = asked(here, start)
    kept = {
        path.stem: json.loads(path.read_text("utf-8")) for path in (tmp_path / "estimates").glob("*.json")
    }

    key = "06b-operating_surplus"
    assert (
        kept[f"{key}-breakdown-relative_magnitude"]["facts"]["value"]
        == answers["relative_magnitude"].found.value
    )
    assert (
        kept[f"{key}-confounding"]["facts"]["robustness_value"]
        == answers["confounding"].found.robustness.value
    )
    assert len(kept[f"{key}-inference"]["rows"]) == len(answers["inference"].found)
    assert kept[f"{key}-attrition-bounds"]["facts"]["n_gone"] == 0
    names = {name.removeprefix(f"{key}-") for name in kept}
    assert {
        "pretest",
        "bounds-smoothness",
        "comparisons",
        "benchmarks",
        "paired",
        "synthetic",
        "detectable",
    } <= names


def test_few_townships_are_marked_and_said(county):
    here, start = county
    rows = sensitivity.inference(here, start).found
    table = table_module("inference_methods").make(rows, here.words)

    assert rows.set_index("method").loc["wild_group", "n_clusters"] == 10
    marked = [row[0] for row in table.rows if row[0].endswith("*")]
    assert marked == ["Small-sample correction, by township*", "Wild bootstrap, by township*"]
    assert "fewer than 40 clusters" in table.note
    assert "The fewest clusters in use are 10: few." in sentences.inference(rows, here.words)


# --- what is not significant ---


@pytest.mark.parametrize(
    ("language", "said"), [("en", "no evidence of no effect"), ("zh", "不是“没有影响”的证据")]
)
def test_beside_a_result_that_is_not_significant_stands_what_could_not_be_seen(language, said):
    here = page("data/demo_county", language, "member_income")
    start = sensitivity.main(here)
    found = sensitivity.detectable(here, start).found

    assert verdict(start.row) == "unclear"
    sentence = sentences.detectable(found, start.sample, here.words)
    assert said in sentence
    assert here.words.amount(found["detectable"].iloc[0], "yuan") in sentence
    clear = found.assign(conf_low=1.0)
    assert said not in sentences.detectable(clear, start.sample, here.words)


def test_methods_that_disagree_are_named():
    here = page("data/demo_county", outcome="member_income")
    rows = sensitivity.inference(here, sensitivity.main(here)).found

    sentence = sentences.inference(rows, here.words)

    judged = rows[rows["p_value"].notna()]
    unlike = judged[(judged["p_value"] < 0.05) != (judged["p_value"].iloc[0] < 0.05)]
    assert 0 < len(unlike) < len(judged)
    assert f"{len(unlike)} of {len(judged)} methods judge differently" in sentence
    for method in unlike["method"]:
        assert here.words(f"sensitivity.inference.{method}") in sentence


# --- what a study does not carry ---


def boxes(here: Page) -> dict[str, str]:
    said = told(here, sensitivity.main(here))
    return {name: text.partition("|")[2] for name, text in said.items() if text.startswith("missing|")}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_households_refuse_pairs_and_synthetic_weights_by_name(language):
    refused = boxes(page("data/demo_county", language, "member_income"))

    assert set(refused) == {"paired", "synthetic"}
    beginning = {
        "en": "Not measured: hidden bias in matched pairs. Reason: ",
        "zh": "未测量：配对后的隐藏偏差。原因：",
    }
    assert refused["paired"].startswith(beginning[language])


def test_one_period_before_adoption_refuses_trends_and_nothing_else(tmp_path):
    table = village_table(n=60)
    table["first_year"] = table["first_year"].replace({2018: 2016, 2020: 2016})
    here = page(write_study(tmp_path / "s", table))

    refused = boxes(here)

    assert set(refused) == {"pretest", "relative_magnitude", "smoothness", "synthetic"}
    assert "at least one on each side is needed" in refused["pretest"]
    assert "two periods before adoption" in refused["synthetic"]


def test_without_never_treated_units_the_rest_still_answers(tmp_path):
    table = village_table(n=60)
    later = (table["first_year"] == 0).to_numpy()
    table.loc[later, "first_year"] = 2020
    here = page(write_study(tmp_path / "s", table))

    said = told(here, sensitivity.main(here))

    assert said["synthetic"].startswith("missing|")
    assert not said["confounding"].startswith("missing|")
    assert sensitivity.confounding(here, sensitivity.main(here)).found.last == 2019


def test_a_study_without_covariates_is_asked_with_the_columns_it_describes():
    """mpdta declares no covariates and describes population; medicaid describes nothing."""
    here = page("mpdta")
    found = sensitivity.confounding(here, sensitivity.main(here)).found
    assert found.benchmarks["variable"].tolist() == ["lpop"]

    bare = page("medicaid_insurance")
    start = sensitivity.main(bare)
    found = sensitivity.confounding(bare, start).found
    assert found.selection is None and found.benchmarks.empty
    assert "no covariates" in sentences.confounding(found, bare.words)
    printed = [row[0] for row in table_module("omitted_variable").make(found, bare.words).rows]
    assert not any("Oster" in name for name in printed)


# --- gaps, other people in every period ---


def with_gaps(folder: Path, design: str) -> Path:
    """The small study, larger; the adopters that did worst stop reporting."""
    table = village_table(n=200)
    wide = table.pivot(index="village", columns="year", values="income")
    change = (wide[2020] - wide[2017])[table.groupby("village")["first_year"].first() == 2018]
    gone = change[change <= change.quantile(0.3)].index
    made = write_study(folder, table[~(table["village"].isin(gone) & (table["year"] >= 2019))])
    text = (
        (made / "study.toml")
        .read_text("utf-8")
        .replace('model = "model"', f'model = "model"\ndesign = "{design}"')
    )
    (made / "study.toml").write_text(text, encoding="utf-8")
    return made


@pytest.mark.parametrize("design", ["panel", "unbalanced_panel"])
def test_missing_rows_are_counted_and_bounded(design, tmp_path):
    here = page(with_gaps(tmp_path / "s", design))
    start = sensitivity.main(here)
    found = sensitivity.attrition(here, start).found

    assert found.n_units == 200 and found.n_gone == 15
    assert found.lee.conf_low < 5 < found.lee.conf_high
    assert found.lee.low < found.plain < found.lee.high
    said = told(here, start)
    assert "15 of 200 units lack a record in some period" in said["attrition"]
    assert not any(text.startswith("missing|") for name, text in said.items() if name != "pretest")
    table = table_module("attrition_bounds").make(found, here.words)
    assert [row[0].split(":")[0] for row in table.rows] == [
        "Units recorded in both years",
        "Lee",
        "Worst case",
    ]
    methods = sensitivity.inference(here, start).found.set_index("method")
    assert methods["estimate"].loc["wild_group"] == pytest.approx(start.row["estimate"])
    assert methods["estimate"].notna()["randomisation"] == (design == "panel")


def test_people_who_are_not_followed_have_no_changes_of_their_own(tmp_path):
    table = village_table(n=60)
    people = pd.concat([table.assign(person=f"p{k}", income=table["income"] + k) for k in range(3)])
    folder = write_study(tmp_path / "s", people)
    text = (folder / "study.toml").read_text("utf-8")
    text = text.replace(
        'model = "model"', 'key = ["person", "village", "year"]\ndesign = "repeated_cross_section"'
    )
    (folder / "study.toml").write_text(text, encoding="utf-8")

    refused = boxes(page(folder))

    assert {"comparisons", "confounding", "paired", "attrition", "synthetic"} <= set(refused)
    assert "nobody is followed" in refused["attrition"]
    assert not {"pretest", "relative_magnitude", "inference", "detectable"} & set(refused)


# --- public readers ---


def open_page_public(folder: Path, n: int) -> Page:
    return page(write_study(folder, village_table(n=n), design='[release]\naudience = "public"'))


def test_a_public_report_shows_nothing_that_rests_on_few_units(tmp_path):
    table = village_table(n=64)
    town = write_study(tmp_path / "s", table, design='[release]\naudience = "public"')
    here = page(town, folder=tmp_path / "run")
    start = sensitivity.main(here)
    answers = asked(here, start)

    assert answers["comparisons"].found.shown is not None, "sixteen villages per cohort"
    for path in (tmp_path / "run" / "estimates").glob("*.json"):
        for row in json.loads(path.read_text("utf-8")).get("rows", []):
            assert row.get("n_treated") is None or row["n_treated"] % 5 == 0
    thin = open_page_public(tmp_path / "thin", 32)
    found = sensitivity.comparisons(thin, sensitivity.main(thin)).found
    assert found.shown is None and found.kinds["estimate"].isna().all(), "eight per cohort"
    assert "thousand yuan, " in sentences.two_way(found, thin.words) and "average" not in sentences.two_way(
        found, thin.words
    )


def test_a_public_report_of_few_adopters_answers_nothing_but_who_is_missing(tmp_path):
    """Eight adopters among sixteen villages: every number would rest on fewer than ten."""
    few = write_study(tmp_path / "few", village_table(n=16), design='[release]\naudience = "public"')
    here = page(few, folder=tmp_path / "run")

    said = told(here, sensitivity.main(here))

    answered = {name for name, text in said.items() if not text.startswith("missing|")}
    assert answered == {"attrition"}
    assert "too few units for a public release" in said["confounding"]


# --- words ---


@pytest.mark.skipif(paths.shared_data() is None, reason="the Chongqing panel is not on this machine")
def test_chongqing_is_never_called_firm_without_its_cautions():
    """One period before adoption, few counties: the ruler and the intervals are both said to be weak."""
    here = page("chongqing_land_coupon")
    said = told(here, sensitivity.main(here))

    assert "only one move before adoption serves as the ruler" in said["relative_magnitude"]
    assert "these intervals are too short" in said["relative_magnitude"]
    assert "72.4% of the weight lies on comparisons with units already treated" in said["comparisons"]
    assert "paired groups are still unlike" in said["paired"]


def test_every_kind_of_breakdown_has_its_sentence(county):
    here, start = county
    trends = sensitivity.trends(here, start)
    magnitude = sensitivity.bounds(here, trends, "relative_magnitude").found
    bend = sensitivity.bounds(here, trends, "smoothness").found
    said = {
        (kind, value): str(sentences.breakdown(replace(found, value=value, truth=np.nan), here.words))
        for kind, found in (("magnitude", magnitude), ("bend", bend))
        for value in (0.0, 0.5, 1.5, np.inf)
        if kind == "magnitude" or np.isfinite(value)
    }
    assert "no conclusion that differing trends could undo" in said["magnitude", 0.0]
    assert "less than was seen before adoption" in said["magnitude", 0.5]
    assert "the conclusion still holds" in said["magnitude", 1.5]
    assert "all exactly zero" in said["magnitude", np.inf]
    assert "not even a steady drift" in said["bend", 0.0]
    assert "largest bend seen before adoption" in said["bend", 0.5]
    far = replace(magnitude, truth=1e9)
    assert "outside the interval at every size" in sentences.breakdown(far, here.words)


def test_a_refusal_is_in_the_readers_language():
    why = Message("too few units.", "单位过少。")
    for language, ending in (("en", "Reason: too few units."), ("zh", "原因：单位过少。")):
        assert sentences.not_carried("paired", why, page("mpdta", language).words).endswith(ending)
