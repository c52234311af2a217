"""The plan: read whole or refused, told as it is, and every reported outcome judged as it was announced."""

from __future__ import annotations

import datetime
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from small_study import STUDY, village_table, write_study

from analysis.report import sentences
from analysis.report.chapters import plan
from analysis.report.page import open_page
from analysis.report.summary import findings
from analysis.study import StudyError, read_study
from analysis.tables import table_module

OUTCOME = """
[outcomes.{key}]
table = "village_year"
column = "{column}"
unit = "yuan"
concept = "{concept}"
label = {{ zh = "结果{key}", en = "Outcome {key}" }}
"""
PLAN = """
[plan]
declared = 2016-05-01

[plan.families.others]
label = { zh = "其他收入", en = "Other income" }
outcomes = ["same", "twice"]

[plan.subgroups.orchards]
table = "village_year"
column = "orchard"
at = "median"
lower = { zh = "果园少的村", en = "villages with few orchards" }
upper = { zh = "果园多的村", en = "villages with many orchards" }
outcomes = ["income"]

[[plan.added]]
date = 2019-01-01
what = { zh = "后来的结果", en = "A later outcome" }
why = { zh = "有人问起", en = "Somebody asked" }
outcomes = ["later"]
"""


def study_text(plan_text: str = PLAN, design: str = "") -> str:
    named = (("same", "income"), ("twice", "income"), ("later", "noise"), ("unnamed", "noise"))
    more = "".join(OUTCOME.format(key=key, column=column, concept="other") for key, column in named)
    return design + more + plan_text


def table(n: int = 40) -> pd.DataFrame:
    made = village_table(n)
    made["noise"] = np.random.default_rng(8).normal(100, 1, len(made)).round(6)
    return made


def write(folder, plan_text: str = PLAN, design: str = "", n: int = 40):
    return write_study(folder, table(n), design=study_text(plan_text, design))


def page(folder, language="en", **fields):
    return open_page("07b_plan", study=str(folder), language=language, **fields)


# --- study.toml ---


def test_a_plan_is_read_with_its_dates(tmp_path):
    read = read_study(write(tmp_path / "s")).plan

    assert read.declared == datetime.date(2016, 5, 1) and read.registered is None
    assert read.families["others"].method == "romano_wolf"
    assert read.family_of("twice") == "others" and read.family_of("later") == ""
    assert read.declared_subgroups == ("orchards",)
    assert read.addition(outcome="later").date.year == 2019 and read.addition(outcome="unnamed") is None


def test_every_mistake_of_a_plan_is_listed_with_choices(tmp_path):
    folder = write(tmp_path / "s")
    spoilt = (
        PLAN.replace('["same", "twice"]', '["income", "twise"]')
        .replace('table = "village_year"', 'table = "vilage_year"')
        .replace('outcomes = ["later"]', 'outcomes = ["laetr"]\nsubgroups = ["orchard"]')
    )
    (folder / "study.toml").write_text(STUDY.format(design=study_text(spoilt)), "utf-8")
    with pytest.raises(StudyError) as caught:
        read_study(folder)
    said = str(caught.value)

    assert "[plan.families.others] outcomes: no outcome 'twise'; choose income, same, twice, later" in said
    assert "(did you mean twice?)" in said
    assert "[plan.subgroups.orchards] table: no table 'vilage_year'; choose village_year" in said
    assert "[plan.added] outcomes: no outcome 'laetr'" in said and "(did you mean later?)" in said
    assert "[plan.added] subgroups: no subgroup 'orchard'; choose orchards" in said
    assert "'income' is the primary outcome, which is judged alone" in said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("2019-01-01", "2015-01-01", "2015-01-01 is before the plan was declared (2016-05-01)"),
        ('outcomes = ["later"]', 'outcomes = ["same"]', "'same' is in the family 'others', so it was declared"),
        ('at = "median"', 'at = "mean"', "'mean'"),
        ("[plan.subgroups.orchards]", '[plan.families.more]\nlabel = { zh = "再", en = "More" }\noutcomes = ["same"]\n\n'
         "[plan.subgroups.orchards]", "'same' is in the family 'others' already; an outcome is in one family"),
        ('outcomes = ["same", "twice"]', 'outcomes = ["same", "twice"]\nmethod = "bonferroni"', "choose romano_wolf, holm"),
    ],
)  # fmt: skip
def test_a_plan_that_contradicts_itself_is_refused(tmp_path, old, new, said):
    folder = write(tmp_path / "s")
    assert PLAN.count(old) == 1
    (folder / "study.toml").write_text(STUDY.format(design=study_text(PLAN.replace(old, new))), "utf-8")
    with pytest.raises(StudyError) as caught:
        read_study(folder)
    assert said in str(caught.value)


def test_a_plan_names_the_outcome_it_is_judged_by(tmp_path):
    folder = write(tmp_path / "s")
    text = (folder / "study.toml").read_text("utf-8").replace("primary = true\n", "")
    (folder / "study.toml").write_text(text, "utf-8")
    with pytest.raises(StudyError, match="no outcome is marked with primary = true"):
        read_study(folder)


# --- what every outcome was beforehand ---


def test_what_nobody_announced_is_exploratory_by_itself(tmp_path):
    found = plan.roles(read_study(write(tmp_path / "s"))).set_index("outcome")

    assert found["role"].to_dict() == {
        "income": "primary", "same": "declared", "twice": "declared", "later": "added", "unnamed": "exploratory",
    }  # fmt: skip
    assert found.loc["unnamed", "method"] == found.loc["later", "method"] == "benjamini_hochberg"
    assert found.index.tolist() == ["income", "same", "twice", "later", "unnamed"]


def test_without_a_plan_everything_is_exploratory_and_the_report_says_so(tmp_path):
    folder = write(tmp_path / "s", plan_text="")
    for language, said in (("en", "Nothing was declared beforehand"), ("zh", "事先没有确定任何方案")):
        here = page(folder, language)
        assert set(plan.roles(here.study)["role"]) == {"exploratory"}
        assert said in sentences.declared(here.words)
        assert sentences.undeclared(plan.roles(here.study), here.words) is None, "said once, for all of them"
    rows = plan.outcomes(here, "group_time")
    assert set(rows["method"]) == {"benjamini_hochberg"} and set(rows["family_size"]) == {5}
    assert plan.groups(here, "group_time") is None


# --- judged together ---


def test_one_outcome_under_two_names_is_not_adjusted(tmp_path):
    """Influence meets by village: the family's two outcomes are one column, so the correlation is one."""
    rows = plan.outcomes(page(write(tmp_path / "s")), "group_time").set_index("outcome")

    assert rows.loc[["same", "twice"], "estimate"].tolist() == pytest.approx(
        [rows.loc["income", "estimate"]] * 2
    )
    assert rows.loc["income", "p_adjusted"] == rows.loc["income", "p_value"]
    assert rows.loc["income", ["joint_low", "joint_high"]].tolist() == pytest.approx(
        rows.loc["income", ["conf_low", "conf_high"]].tolist()
    )
    widths = rows["joint_high"] - rows["joint_low"]
    assert widths["same"] == pytest.approx(widths["income"], rel=0.02)
    assert rows.loc["same", "p_holm"] == pytest.approx(2 * rows.loc["same", "p_value"])
    assert rows.loc[["later", "unnamed"], "family_size"].tolist() == [2, 2], "explored together"
    assert (rows["detectable"] > 2.8 * rows["std_error_small"]).all()


def test_the_influence_of_two_tables_tells_their_true_correlation():
    """In the synthetic county village means are made of members and others: their estimates move together."""
    here = open_page("07b_plan", study="data/demo_county", language="en")
    rows = plan.outcomes(here, "group_time").set_index("outcome")
    family = rows[rows["family"] == "household"]

    assert len(family) == 3 and set(family["method"]) == {"romano_wolf"}
    assert (family["p_adjusted"] >= family["p_value"]).all()
    assert (family["p_adjusted"] <= family["p_holm"] + 1e-3).all()
    smallest = family["p_value"].idxmin()
    sidak = 1 - (1 - family.loc[smallest, "p_value"]) ** 3
    assert family.loc[smallest, "p_adjusted"] < 0.95 * sidak, "related outcomes cost less than unrelated ones"


def test_clusters_of_several_kinds_give_no_correlation(tmp_path):
    text = PLAN + OUTCOME.format(key="towns", column="income", concept="other").replace(
        "village_year", "town_year"
    )
    text = text.replace('["same", "twice"]', '["same", "towns"]')
    text += (
        STUDY[STUDY.index("[tables.village_year]") : STUDY.index("[outcomes.income]")]
        .replace("tables.village_year", "tables.town_year")
        .replace('group = "town"', 'cluster = "town"')
    )
    here = page(write(tmp_path / "s", plan_text=text))
    rows = plan.outcomes(here, "group_time")
    family = rows[rows["family"] == "others"]

    assert set(family["method"]) == {"holm"}
    assert family["p_adjusted"].tolist() == family["p_holm"].tolist()
    assert "Holm's method is used instead" in table_module("adjusted").make(rows, here.words).note


def test_an_outcome_that_is_not_identified_leaves_the_family(tmp_path):
    made = table()
    made["flat"] = 5.0
    text = study_text() + OUTCOME.format(key="flat", column="flat", concept="other")
    here = page(
        write_study(tmp_path / "s", made, design=text.replace('["same", "twice"]', '["same", "flat"]'))
    )
    rows = plan.outcomes(here, "group_time").set_index("outcome")

    assert rows.loc["flat", "status"].startswith("not estimable") and np.isnan(rows.loc["flat", "p_value"])
    assert rows.loc["same", "family_size"] == 1
    printed = table_module("adjusted").make(rows.reset_index(), here.words)
    assert "Outcome flat: not identified by these data" in printed.note


# --- groups ---


def test_the_difference_and_only_it_says_whether_groups_differ(tmp_path):
    here = page(write(tmp_path / "s"))
    rows = plan.groups(here, "group_time").set_index("level")
    said = sentences.groups_apart(rows.reset_index(), here.words)

    assert (rows.loc[["lower", "upper"], "conf_low"] > 0).all(), "clear in both"
    assert rows.loc["difference", "p_adjusted"] > 0.05
    assert "Nothing can be said about for whom it works better" in said
    one_clear = rows.reset_index()
    one_clear.loc[one_clear["level"] == "lower", "conf_low"] = -1.0
    assert sentences.groups_apart(one_clear, here.words) == said, "clear in one group alone changes nothing"
    clear = rows.reset_index().assign(p_adjusted=lambda row: row["p_adjusted"] * 0 + 0.01)
    told = sentences.groups_apart(clear, here.words)
    assert "effect in villages with many orchards minus that in villages with few orchards" in told
    assert "Nothing can be said" not in told


def test_a_true_difference_is_found_in_the_right_direction(tmp_path):
    made = table()
    adopted = (made["first_year"] > 0) & (made["year"] >= made["first_year"])
    made["income"] += 8 * (adopted & (made["orchard"] > made["orchard"].median()))
    rows = plan.groups(page(write_study(tmp_path / "s", made, design=study_text())), "group_time").set_index(
        "level"
    )

    assert rows.loc["difference", "estimate"] == pytest.approx(8, abs=2)
    assert rows.loc["difference", "p_adjusted"] < 0.001


def subgroup(**changes: str) -> str:
    lines = PLAN.splitlines()
    for key, value in changes.items():
        at = next((i for i, line in enumerate(lines) if line.startswith(f"{key} = ")), None)
        if key == "table":
            at = next(i for i, line in enumerate(lines) if line == 'table = "village_year"')
        if at is None:
            lines.insert(lines.index("[plan.subgroups.orchards]") + 1, f"{key} = {value}")
        else:
            lines[at] = f"{key} = {value}"
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"column": '"orchads"'}, "column: 'orchads' is not in table 'village_year'; it holds village"),
        ({"column": '"income"'}, "'income' of table 'village_year' has several values for 40 ids"),
        ({"column": '"model"', "year": "2016"}, "'model' of table 'village_year' holds 'M01', which is no number"),
        ({"column": '"income"', "year": "2018"}, "2018 is not before the first adoption (2018)"),
        ({"column": '"income"', "year": "2001"}, "table 'village_year' has no period 2001"),
        ({"table": '"prices"', "column": '"price"'}, "'prices' has neither 'village' nor 'village'"),
    ],
)  # fmt: skip
def test_a_group_that_cannot_be_read_is_refused(tmp_path, changes, said):
    text = subgroup(**changes) + '\n[tables.prices]\nfile = "prices.csv"\nkey = ["year"]\n'
    folder = write(tmp_path / "s", plan_text=text)
    (folder / "prices.csv").write_text("year,price\n2015,1\n", "utf-8")
    with pytest.raises(plan.PlanError) as caught:
        plan.groups(page(folder), "group_time")
    assert said in str(caught.value)


def test_a_group_may_stand_in_another_table_and_year(tmp_path):
    """Read by the unit's id at a year before adoption: the same groups as from a column of the panel."""
    text = (
        subgroup(table='"survey"', year="2016")
        + '\n[tables.survey]\nfile = "survey.csv"\nkey = ["village", "year"]\n'
    )
    folder = write(tmp_path / "other", plan_text=text)
    survey = table()[["village", "year", "orchard"]]
    survey.loc[survey["year"] != 2016, "orchard"] = 0.0
    survey.to_csv(folder / "survey.csv", index=False)
    own = plan.groups(page(write(tmp_path / "own")), "group_time")

    pd.testing.assert_frame_equal(plan.groups(page(folder), "group_time"), own)


def test_the_public_sees_all_of_a_comparison_or_nothing(tmp_path):
    """Twelve of fourteen adopters in one group: its number and the overall one would give the other two away."""
    made = table(24)
    adopters = sorted(made.loc[made["first_year"] > 0, "village"].unique())
    made["orchard"] = made["village"].isin([*adopters[:2], "000020"]).astype(float)
    here = page(
        write_study(
            tmp_path / "s", made, design=study_text(subgroup(at="0.5"), '[release]\naudience = "public"\n')
        )
    )
    rows = plan.groups(here, "group_time")

    assert rows["status"].str.startswith("withheld").all()
    numbers = [
        "estimate",
        "std_error",
        "conf_low",
        "point_low",
        "p_value",
        "p_adjusted",
        "joint_low",
        "mean_years",
    ]
    assert rows[numbers].isna().all(axis=None)
    printed = table_module("subgroups").make(rows, here.words)
    assert all(cell in {"—", "", "fewer than 10"} for row in printed.rows for cell in (row[2], *row[4:]))


# --- what is printed ---


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_table_of_the_plan_tells_what_came_when(tmp_path, language):
    here = page(write(tmp_path / "s"), language)
    rows = table_module("declared_plan").make(plan.roles(here.study), here.words).rows

    assert len(rows) == 6
    assert (rows[0][0], rows[0][2]) == (here.words.outcome("income"), here.words("standings.primary"))
    assert rows[2][0] == here.words.outcome("twice")
    assert {"zh": "有人问起", "en": "Somebody asked"}[language] in rows[3][2]
    assert rows[3][4] == {"zh": "2019年1月1日", "en": "2019-01-01"}[language]
    assert (rows[4][0], rows[4][2]) == (here.words.outcome("unnamed"), here.words("standings.exploratory"))
    assert {"zh": "果园多的村", "en": "villages with many orchards"}[language] in rows[5][1]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    ("outcome", "key"),
    [("income", "primary"), ("same", "declared"), ("later", "added"), ("unnamed", "exploratory")],
)
def test_every_chapter_says_what_its_outcome_was_beforehand(tmp_path, language, outcome, key):
    words = page(write(tmp_path / "s"), language).words
    said = sentences.standing(outcome, words)
    assert said.name == f"standing_{key}" and words.outcome(outcome) in said


def test_p_values_are_never_printed_as_nought(tmp_path):
    here = page(write(tmp_path / "s"))
    printed = table_module("adjusted").make(plan.outcomes(here, "group_time"), here.words)
    assert printed.rows[0][4] == "<0.001"
    assert printed.rows[1][1] == "declared (Other income)" and printed.rows[3][1] == "added later"


def test_page_one_follows_the_plan_and_says_what_is_left(tmp_path):
    folder, run = write(tmp_path / "s"), tmp_path / "run"
    for key in ("income", "same", "twice", "later", "unnamed"):
        here = open_page("03_x", study=str(folder), language="en", run_folder=str(run), outcome=key)
        sample = here.sample()
        here.average(here.fit("group_time", sample))
        here.each_estimator(sample)
    last = page(folder, run_folder=str(run))
    plan.outcomes(last, "group_time")
    plan.groups(last, "group_time")
    found = findings(replace(last, notebook="09_report"))

    assert found.headlines["outcome"].tolist() == ["income", "same", "twice", "later", "unnamed"]
    printed = table_module("headline").make(found.headlines, last.words)
    assert [row[5] for row in printed.rows] == [
        "primary, judged alone", "still clear", "still clear", "added later, a lead only", "not declared, a lead only",
    ]  # fmt: skip
    assert len(found.groups) == 3 and found.judged["p_adjusted"].notna().all()
    faded = found.headlines.assign(p_adjusted=0.2)
    said = sentences.results(replace(found, headlines=faded), last.words)
    assert said.count("no longer clear") == 2, "the primary outcome is judged alone"
    unclear = found.headlines.assign(conf_low=-1.0, detectable=2_000.0)
    assert "have to be about 2.0 thousand yuan" in sentences.judgement(
        replace(found, headlines=unclear), last.words
    )


def test_page_one_without_the_joint_tests_claims_none(tmp_path):
    folder, run = write(tmp_path / "s"), tmp_path / "run"
    here = open_page("03_x", study=str(folder), language="en", run_folder=str(run), outcome="same")
    sample = here.sample()
    here.average(here.fit("group_time", sample))
    here.each_estimator(sample)
    found = findings(replace(here, notebook="09_report", outcome=""))

    assert found.judged is None and found.groups is None
    assert table_module("headline").make(found.headlines, here.words).rows[0][5] == "—"
    assert sentences.groups_apart(found.groups, here.words) is None
