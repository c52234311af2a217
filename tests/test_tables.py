"""Tables: printed cells, harmless in HTML and in a spreadsheet, with small counts hidden from the public."""

from __future__ import annotations

import csv
import io

import numpy as np
import pandas as pd
import pytest
from small_study import village_table, write_study

from analysis import samples
from analysis.report.page import open_page
from analysis.report.store import HOSTILE
from analysis.samples import Sample
from analysis.study import read_study
from analysis.tables import RenderedTable, TableError, names, table_module
from analysis.words import Words


def page(folder, language="en", outcome="income"):
    return open_page("03_collective_income", study=str(folder), language=language, outcome=outcome)


def test_a_cell_can_neither_run_nor_break_the_table():
    table = RenderedTable(("village", "n"), (("<script>alert(1)</script>", "3"), ("=1+1", "−2.5")), "note")

    assert "<script>" not in table.html() and "&lt;script&gt;" in table.html()
    rows = list(csv.reader(io.StringIO(table.csv(HOSTILE))))
    assert rows[2] == ["'=1+1", "−2.5"]
    numbers = RenderedTable(("x",), (("-2.5",), ("+1,200.00",), ("-cmd",)))
    assert [row[0] for row in csv.reader(io.StringIO(numbers.csv(HOSTILE)))] == [
        "x",
        "-2.5",
        "+1,200.00",
        "'-cmd",
    ]


def test_a_ragged_table_is_refused():
    with pytest.raises(ValueError, match="a row has 1 cells, the heading 2"):
        RenderedTable(("a", "b"), (("x",),))


def test_an_unknown_table_is_refused_with_the_choices():
    with pytest.raises(TableError, match=r"no table .pivot.; there are adjusted, .*balance, codebook"):
        table_module("pivot")


@pytest.mark.parametrize("name", names())
def test_every_table_has_a_caption_in_both_languages(name):
    assert set(table_module(name).CAPTION) == {"zh", "en"}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_estimates_are_printed_with_their_verdict(small_study, language):
    here = page(small_study, language)
    effects = here.fit("group_time", here.sample())
    overall = here.average(effects)
    table = table_module("estimates").make(overall, here.words)

    assert len(table.rows) == 4
    assert table.rows[0][-1] == {"zh": "上升", "en": "rose"}[language]
    shown = here.words.number(overall.row("simple")["estimate"], "yuan", signed=True)
    assert table.rows[0][1] == shown
    assert here.words.count(40) in table.note


def test_the_flow_prints_only_rules_that_left_someone_out(tmp_path):
    table = village_table()
    table.loc[table.index[0], "income"] = np.nan
    here = page(write_study(tmp_path / "s", table))
    rows = table_module("flow").make([here.sample()], here.words).rows

    assert [row[1] for row in rows] == ["Read", "Outcome missing in some period"]
    assert rows[1][2:] == ("1", "6", "39", "234")


def test_cohorts_say_what_they_are_used_for(tmp_path):
    table = village_table()
    table.loc[table["village"].isin(["000001", "000002"]), "first_year"] = 2015
    table.loc[table["village"].isin(["000039", "000040"]), "first_year"] = 2030
    here = page(write_study(tmp_path / "s", table))
    rows = table_module("cohorts").make(here.cohorts(), here.words).rows
    used = {row[0]: row[-1] for row in rows}

    assert used["2015"] == "no year before adoption, no estimate"
    assert used["2018"] == "effects estimated"
    assert used["2030"] == "not yet adopted, comparison"
    assert used["Never adopted"] == "comparison"
    assert sum(int(row[1]) for row in rows) == 40


def test_a_public_table_hides_small_counts_and_what_rests_on_them(tmp_path):
    here = page(write_study(tmp_path / "s", village_table(n=24), design='[release]\naudience = "public"'))
    sizes = table_module("cohorts").make(here.cohorts(), here.words)
    overall = table_module("estimates").make(
        here.average(here.fit("group_time", here.sample()), by="cohort"), here.words
    )
    models = table_module("models").make(samples.models(here.units, here.panel_table), here.words)

    assert [row[1] for row in sizes.rows] == ["fewer than 10", "fewer than 10", "10"]
    assert all(row[1] == "—" and row[4] == "fewer than 10" for row in overall.rows)
    assert all(row[2:4] == ("fewer than 10", "—") for row in models.rows), (
        "no share that gives the count away"
    )
    flow = table_module("flow").make([here.sample()], here.words)
    assert flow.rows[0][-2:] == ("25", "—"), "rows over periods would give the units away"


def test_balance_is_a_difference_in_standard_deviations(tmp_path):
    here = page(write_study(tmp_path / "s", village_table()))
    rows = samples.balance(here.units, here.panel_table, ("orchard",))
    at = here.units[here.units["year"] == 2017]
    own, never = at[at["first_year"].notna()]["orchard"], at[at["first_year"].isna()]["orchard"]
    expected = (own.mean() - never.mean()) / np.sqrt((own.var() + never.var()) / 2)

    assert rows.set_index("group").loc["adopters", "smd"] == pytest.approx(expected)
    assert set(rows["group"]) == {"adopters", "2018", "2020", "never"}
    assert rows["year"].unique().tolist() == [2017]
    assert samples.most_unlike(rows)["variable"] == "orchard"
    assert samples.balance(here.units, here.panel_table, ()) is None
    table = table_module("balance").make(rows, here.words)
    assert table.rows[0][3] == f"{expected:+.2f}".replace("-", "−")


def test_units_treated_from_the_start_do_not_move_the_baseline(tmp_path):
    table = village_table()
    table.loc[table["village"] == "000001", "first_year"] = 2015
    here = page(write_study(tmp_path / "s", table))

    assert samples.baseline_year(here.units, here.panel_table) == 2017
    rows = samples.balance(here.units, here.panel_table, ("orchard",)).set_index("group")
    assert rows.loc["adopters", "n_units"] == 19, "the one without a past is not among them"


def test_the_roll_out_counts_first_adoption(tmp_path):
    here = page(write_study(tmp_path / "s", village_table()))
    rollout = here.rollout()

    assert rollout["adopters"].tolist() == [0, 0, 0, 10, 10, 20]
    assert rollout["new"].tolist() == [0, 0, 0, 10, 0, 10]
    assert rollout["share"].iloc[-1] == 0.5


def test_models_that_nobody_follows_are_listed(tmp_path):
    design = (
        '[models.M01]\nlabel = { zh = "甲", en = "one" }\n[models.M02]\nlabel = { zh = "乙", en = "two" }\n'
    )
    design += '[models.M03]\nlabel = { zh = "丙", en = "three" }\nname_status = "county"'
    here = page(write_study(tmp_path / "s", design=design))
    rows = table_module("models").make(samples.models(here.units, here.panel_table), here.words).rows

    assert [row[0] for row in rows] == ["M01 one (working label)", "M02 two (working label)", "M03 three"]
    assert rows[2][1:4] == ("the county's name", "0", "0.0%")


def test_platforms_count_blank_federations_as_alone():
    coops = pd.DataFrame(
        {"coop_id": list("abcd"), "fed_id": ["F1", "", None, "F2"], "exit_year": [0, 2023, 0, 0]}
    )
    rows = samples.platforms({"coop": coops}).set_index("platform")

    assert rows.loc["federated", "n_coops"] == 2
    assert rows.loc["alone", ["n_coops", "n_exited"]].tolist() == [2, 1]
    assert samples.platforms({}) is None
    assert samples.prices({}) is None
    assert samples.n_federations({"federation": coops}) == 4


def test_missing_values_are_counted_by_column(tmp_path):
    table = village_table()
    table.loc[table.index[:3], "income"] = np.nan
    study = read_study(write_study(tmp_path / "s", table))
    here = page(tmp_path / "s")
    counted = samples.missing(here.tables, study, "en")

    assert counted.loc[0, ["column", "label", "n_rows", "n_missing"]].tolist() == ["income", "Income", 240, 3]
    assert table_module("missing").make(counted, Words("en", study)).rows[0][-1] == "1.2%"


def test_specifications_that_are_not_identified_are_explained_once(small_study):
    here = page(small_study)
    sample = here.sample()
    everyone = Sample(
        sample.panel.keep(np.isfinite(sample.panel.cohort)), sample.flow, sample.outcome, sample.table
    )
    rows = here.specifications(here.case(everyone))
    table = table_module("specification").make(rows, here.words)

    assert table.note.count("Compared with never adopters: not identified by these data.") == 1


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_ladder_prints_what_each_step_changes_and_why_one_has_no_number(language):
    words = page("data/demo_county", language, "member_income").words
    columns = ("step", "estimate", "conf_low", "conf_high", "status", "detail")
    steps = pd.DataFrame(
        [
            ("before_after", 12_000.0, 11_000.0, 13_000.0, "ok", "2019 → 2020–2024"),
            ("ipw", np.nan, np.nan, np.nan, "not estimable: 'land' separates members from others", ""),
            ("group_time", 2_000.0, 1_000.0, 3_000.0, "ok", ""),
        ],
        columns=columns,
    ).assign(unit="yuan")
    table = table_module("ladder").make(steps, words)

    assert words("heads.step_move") in table.columns
    assert table.rows[0][0] == words(
        "notes.ladder_years", step=words("steps.before_after"), years="2019 → 2020–2024"
    )
    assert table.rows[1] == (
        words("steps.ipw"), "—", words("terms.no_interval"), words("step_moves.ipw"), words("assumptions.ipw"),
    )  # fmt: skip
    assert f"{words('steps.ipw')}" in table.note and words.status("not estimable: x") in table.note
    assert words("notes.ladder_last_year") in table.note
    bare = table_module("ladder").make(steps[steps["step"] != "ipw"], words)
    assert words("notes.ladder_no_covariates") in bare.note


def test_the_public_sees_no_step_that_rests_on_few_adopters(tmp_path):
    table = village_table(n=24)
    design = 'covariates = ["orchard"]\n[release]\naudience = "public"'
    here = page(write_study(tmp_path / "few", table[table["first_year"] != 2020], design=design))
    few = here.sample()
    steps = here.ladder(few, here.fit("group_time", few), here.each_estimator(few))

    assert {"ipw", "before_after_early", "matched_differences"} <= set(steps["step"])
    assert steps[["estimate", "conf_low", "conf_high"]].isna().all(axis=None)
    assert steps["status"].str.startswith("withheld").all()
    printed = table_module("ladder").make(steps, here.words)
    assert {row[1] for row in printed.rows} == {"—"}
    assert "too few treated units for a public release" in printed.note

    here = page(write_study(tmp_path / "many", design=design))
    many = here.sample()
    steps = here.ladder(many, here.fit("group_time", many), here.each_estimator(many))
    assert steps["estimate"].notna().all(), "twenty adopters are enough"
