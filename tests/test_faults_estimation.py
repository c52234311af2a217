"""What estimation must refuse or flag, provoked through a study folder and the command line, by the rows' ids.

row   what                                   proven
S01   recovery, coverage                     `coopeval validate`; here: a noiseless panel gives the truth exactly
S02   growing effects                        `coopeval validate`; here: exact but for twfe, which never stands alone
S03   three treated villages, two            `coopeval validate`; here: CR2, t and flags, no interval below the floor
S04   size by number of treated units        `coopeval validate`; here: the floor itself, and the factor of the errors
S06   ten models with equal effects          tests/test_checks.py (differences held to one joint standard)
S07   mpdta                                  here to four decimals; estimators/test_estimators_published.py to ten
S08   no never-treated villages              here
S09   never-treated left blank               here
S10   never-treated coded 9999 or inf        here
S11   all treated in one year                here
S13   one village in a cohort                here
S15   rows missing                           here, with and without; estimators/test_estimators_designs.py
S17   duplicated rows                        here, for all designs
S18   adoption year changes                  here
S21   separation, constant covariate         here; overlap in estimators/test_estimators_refusals.py
S23   nothing left after a filter            here
S25   invariances                            here: what a table's index, order and types are;
                                             estimators/test_estimators_properties.py: all others, 200 examples each
S27   placebo                                here; `coopeval validate` for its size
6.2   the other degenerate inputs            here: NaN, infinite and constant outcomes, one comparison village,
                                             always treated, years as text, no past, large numbers, one cluster
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_study import village_table, write_study

from analysis import estimators, paths
from analysis.checks import Case
from analysis.checks.placebo import placebo
from analysis.cli import main
from analysis.contract import ContractError, read_table
from analysis.effects import EstimatorError
from analysis.estimates import aggregate, verdict
from analysis.report.chapters import designs
from analysis.report.page import open_page
from analysis.report.parameters import outcomes_of
from analysis.report.sentences import estimand, histories, kept, ladder, overall
from analysis.report.summary import not_measured
from analysis.samples import Sample, SampleError, select
from analysis.study import StudyError, read_study
from analysis.words import Words

NEVER = 'comparison_group = "never_treated"'


def study(folder: Path, table: pd.DataFrame | None = None, *, design: str = "", panel: str = "") -> Path:
    """A small study; `panel` are further lines of its table, `design` of [design]."""
    if "comparison_group" not in design:
        design = f'comparison_group = "not_yet_treated"\n{design}'
    made = write_study(folder, table)
    text = (made / "study.toml").read_text(encoding="utf-8")
    text = text.replace('comparison_group = "not_yet_treated"', design)
    text = text.replace('group = "town"', f'group = "town"\n{panel}')
    (made / "study.toml").write_text(text, encoding="utf-8")
    return made


def rows(folder: Path, capsys, *arguments: str) -> list[dict[str, object]]:
    assert main(["estimate", str(folder), *arguments]) == 0
    return json.loads(capsys.readouterr().out)


def refused(folder: Path, capsys, *arguments: str) -> tuple[int, str]:
    """Exit code and message of an estimate that gives no number."""
    code = main(["estimate", str(folder), "--lang", "en", *arguments])
    told = capsys.readouterr()
    assert code != 0
    assert told.out == ""
    return code, told.err


def sample_of(folder: Path) -> tuple[Sample, object]:
    read = read_study(folder)
    return select(read_table("village_year", read), read, "income"), read


def villages(table: pd.DataFrame, cohort: int) -> list[str]:
    return sorted(table.loc[table["first_year"] == cohort, "village"].unique())


# --- S01-S04, S07: what needs no simulation -------------------------------------------------------------------------


def noiseless(effect: Callable[[pd.Series], pd.Series]) -> pd.DataFrame:
    """Village levels, year shocks and the effect by years since adoption; no noise."""
    table = village_table()
    since = table["year"] - table["first_year"]
    after = (table["first_year"] > 0) & (since >= 0)
    level = table["village"].astype(int) * 3.0
    table["income"] = level + 7.0 * (table["year"] - 2015) ** 2 + effect(since).where(after, 0.0)
    return table


@pytest.mark.parametrize("name", [n for n in estimators.names() if n != "twfe"])
@pytest.mark.parametrize("growing", [0.0, 10.0])
def test_s01_s02_without_noise_the_truth_is_found(tmp_path, capsys, name, growing):
    folder = study(tmp_path, noiseless(lambda since: 50 + growing * since))

    found = rows(folder, capsys, "--estimator", name, "--by", "event_time")

    after = [row for row in found if row["level"] >= 0]
    assert [row["estimate"] for row in after] == pytest.approx(
        [50 + growing * k for k in (0, 1, 2)], abs=1e-8
    )


def test_s02_the_two_way_number_is_another_and_never_stands_alone(tmp_path, capsys):
    folder = study(tmp_path, noiseless(lambda since: 50 + 10 * since))
    two_way = rows(folder, capsys, "--estimator", "twfe")[0]["estimate"]
    staggered = rows(folder, capsys, "--estimator", "group_time")[0]["estimate"]

    assert abs(two_way - staggered) > 1
    with pytest.raises(
        StudyError, match=r"twfe is the benchmark .* never stands alone; name one of group_time"
    ):
        read_study(study(tmp_path / "alone", design='estimators = ["twfe"]'))


def with_treated(n: int, clusters: int | None = None) -> pd.DataFrame:
    """The small panel with n villages treated in 2018; all in so many towns, given as the column "place"."""
    table = village_table()
    number = table["village"].astype(int)
    table["first_year"] = np.where(number <= n, 2018, 0)
    table["model"] = np.where(number <= n, "M01", "")
    table["place"] = table["village"]
    if clusters is not None:
        table["place"] = np.where(number <= n, "P" + (number % clusters).astype(str), table["village"])
    return table


@pytest.mark.parametrize("n", [2, 3, 4])
def test_s03_s04_below_the_floor_no_interval(tmp_path, capsys, n):
    found = rows(study(tmp_path, with_treated(n)), capsys)

    assert {row["status"] for row in found} == {f"flagged: {n} treated units, fewer than 5: no interval"}
    assert all(row["conf_low"] is None and row["conf_high"] is None for row in found)


def test_s03_the_floor_counts_the_clusters_that_carry_the_treated(tmp_path, capsys):
    folder = study(tmp_path, with_treated(20, clusters=3), panel='cluster = "place"')

    found = rows(folder, capsys)

    told = "flagged: 20 treated units in 3 clusters, fewer than 5: no interval, errors by cluster"
    assert {row["status"] for row in found} == {told}
    assert all(row["conf_low"] is None for row in found)


def test_s04_five_treated_have_an_interval_of_cr2_and_few_degrees_of_freedom(tmp_path, capsys):
    row = rows(study(tmp_path, with_treated(5)), capsys)[0]

    assert row["status"] == "ok"
    assert 4 < row["df"] < 6  # the five treated rule, not the forty villages
    assert row["std_error_small"] > row["std_error"]
    assert row["conf_high"] - row["conf_low"] > 2 * 2.5 * row["std_error"]  # t of four to five, not 1.96


def test_s07_mpdta_to_the_printed_digits(capsys):
    found = {row["level"]: row for row in rows(paths.project() / "data/published/mpdta", capsys)}

    printed = {"simple": (-0.0400, 0.0120), "group": (-0.0310, 0.0124), "dynamic": (-0.0772, 0.0200)}
    for level, (estimate, error) in printed.items():
        assert round(found[level]["estimate"], 4) == estimate
        assert round(found[level]["std_error"], 4) == error


# --- S08-S13: who there is to compare -------------------------------------------------------------------------------


def all_adopt() -> pd.DataFrame:
    table = village_table()
    return table[table["first_year"] > 0]


def test_s08_no_never_treated_villages_needs_a_choice_and_the_report_says_which(tmp_path, capsys):
    code, told = refused(study(tmp_path / "a", all_adopt(), design=NEVER), capsys)
    assert code == 4
    assert "no never-treated units: all 20 units adopt by 2020" in told
    assert 'comparison_group = "not_yet_treated"' in told

    page = open_page("03_collective_income", study=str(study(tmp_path / "b", all_adopt())), language="en")
    sample = page.sample()
    said = str(overall(page.average(page.fit("group_time", sample)), sample, page.words))
    assert said.startswith("Compared with units that had not yet adopted")


def test_s09_a_blank_adoption_year_is_refused_with_its_rows(tmp_path, capsys):
    table = village_table().astype({"first_year": object})
    table.loc[table["first_year"] == 0, "first_year"] = ""

    code, told = refused(study(tmp_path, table), capsys)

    assert code == 3
    assert "column 'first_year'" in told
    assert "blank, or not a year and not a code for never adopted (declared: '0')" in told
    assert "and 115 more" in told


@pytest.mark.parametrize(
    ("code", "sentence"), [(9999, "9999 is no year near the table's periods"), ("inf", "not a year")]
)
def test_s10_another_code_for_never_is_refused(tmp_path, capsys, code, sentence):
    table = village_table().astype({"first_year": object})
    table.loc[table["first_year"] == 0, "first_year"] = code

    exit_code, told = refused(study(tmp_path, table), capsys)

    assert exit_code == 3
    assert sentence in told
    assert "never = [" in told


def test_s10_the_code_that_is_declared_means_never(tmp_path, capsys):
    table = village_table()
    wanted = rows(study(tmp_path / "a", table), capsys)
    table["first_year"] = table["first_year"].replace(0, 9999)
    folder = study(tmp_path / "b", table)
    text = (folder / "study.toml").read_text(encoding="utf-8")
    (folder / "study.toml").write_text(text.replace("never = [0]", "never = [9999]"), encoding="utf-8")

    assert rows(folder, capsys) == wanted


@pytest.mark.parametrize("name", estimators.names())
def test_s11_all_treated_in_one_year_is_not_identified(tmp_path, capsys, name):
    table = all_adopt().assign(first_year=2018)

    code, told = refused(study(tmp_path, table), capsys, "--estimator", name)

    assert code == 4
    assert "no comparison units: all 20 units adopt in 2018 and none is never treated" in told


def test_s13_a_cohort_of_one_village_is_withheld(tmp_path, capsys):
    table = village_table()
    table = table[~table["village"].isin(villages(table, 2018)[1:])]

    for name in ("group_time", "imputation", "saturated"):
        by_cohort = {
            row["level"]: row
            for row in rows(study(tmp_path / name, table), capsys, "--estimator", name, "--by", "cohort")
        }
        assert by_cohort[2018]["status"].startswith("withheld: one treated unit")
        numbers = ("estimate", "std_error", "std_error_small", "conf_low", "conf_high", "df")
        assert all(by_cohort[2018][number] is None for number in numbers)
        assert by_cohort[2020]["status"] == "ok"
    # where it is part of an average, the average says so
    assert rows(study(tmp_path / "whole", table), capsys)[0]["status"].startswith(
        "flagged: 1 cohort(s) of one"
    )


# --- S15: gaps ------------------------------------------------------------------------------------------------------


def with_rows_lost(share: float = 0.15) -> pd.DataFrame:
    table = village_table(n=120)
    return table[np.random.default_rng(3).random(len(table)) >= share]


def test_s15_missing_rows_are_accounted_for_and_both_results_are_shown(tmp_path, capsys):
    """Declared a panel: complete histories are analysed, the others counted, and what they would do is shown."""
    folder = study(tmp_path, with_rows_lost())
    assert main(["check", str(folder), "--lang", "en"]) == 0
    told = capsys.readouterr().out
    sample, _ = sample_of(folder)
    out = sample.flow.set_index("rule").loc["not_in_every_period", "units_out"]
    assert f"left out by not_in_every_period: {out} units" in told

    page = open_page("03_collective_income", study=str(folder), language="en")
    found = designs.gaps(page, page.sample())

    by_way = found[found["estimator"] == "group_time"].set_index("histories")
    assert by_way.loc["complete", "n_units"] == sample.panel.n_units == 120 - out
    assert by_way.loc["all_seen", "n_units"] > 115
    assert by_way.loc["all_seen", "n_observations"] > by_way.loc["complete", "n_observations"]
    assert by_way.loc["complete", "estimate"] == rows(folder, capsys)[0]["estimate"]
    assert (abs(found["estimate"] - 5) < 3 * found["std_error"]).all()  # the true effect
    for language in ("zh", "en"):
        shown = replace(page, words=Words(language, page.study)).table("histories", found)
        assert f"{120 - out}</td>" in shown.data["text/html"]
    said = str(histories(found, page.sample(), page.words))
    assert f"{120 - out} complete histories" in said and "The verdict is the same" in said


def test_s15_declared_unbalanced_the_gaps_stay_and_the_text_says_so(tmp_path, capsys):
    folder = study(tmp_path, with_rows_lost(), panel='design = "unbalanced_panel"')
    sample, _ = sample_of(folder)

    assert sample.flow.set_index("rule")["units_out"].to_dict() == {
        "read": 0, "declared_exclusion": 0, "outcome_not_recorded": 0, "covariate_missing": 0,
        "seen_once": 120 - sample.panel.n_units,
    }  # fmt: skip
    assert sample.panel.n_observations == sample.flow["rows_left"].iloc[-1]
    page = open_page("03_collective_income", study=str(folder), language="en")
    assert "declared a panel with gaps" in str(estimand(page.sample(), page.words))
    found = designs.gaps(page, page.sample())
    assert rows(folder, capsys)[0]["estimate"] == found["estimate"][found["histories"] == "all_seen"].iloc[0]
    for name in ("imputation", "twfe"):
        assert rows(folder, capsys, "--estimator", name)[0]["estimate"] == pytest.approx(5, abs=1)
    code, told = refused(folder, capsys, "--estimator", "saturated")
    assert code == 4 and "saturated is not available for a table declared as unbalanced_panel" in told


def test_s15_a_study_without_gaps_has_nothing_to_show(tmp_path):
    page = open_page("03_collective_income", study=str(study(tmp_path)), language="zh")

    assert designs.gaps(page, page.sample()) is None


# --- S17, S18, S23: what a table may not hold -----------------------------------------------------------------------


@pytest.mark.parametrize("design", ["panel", "unbalanced_panel"])
def test_s17_a_duplicated_village_year_is_refused_with_its_rows(tmp_path, capsys, design):
    table = village_table()
    table = pd.concat([table, table.iloc[[7]]], ignore_index=True)

    code, told = refused(study(tmp_path, table, panel=f'design = "{design}"'), capsys)

    assert code == 3
    assert "column 'village + year', rows 9, 242: the same key stands in several rows" in told


def test_s18_an_adoption_year_that_changes_is_refused_with_the_village(tmp_path, capsys):
    table = village_table()
    table.loc[(table["village"] == "000003") & (table["year"] > 2018), "first_year"] = 2019

    code, told = refused(study(tmp_path, table), capsys)

    assert code == 3
    assert "adoption year changes within a unit" in told
    assert "1 units, e.g. 000003: 2018, 2019" in told


def test_s23_nothing_left_after_a_filter_names_the_filter(tmp_path, capsys):
    table = village_table().assign(closed=True)

    code, told = refused(study(tmp_path, table, panel='exclude = ["closed"]'), capsys)

    assert code == 3
    assert "declared_exclusion: 0 left" in told
    with pytest.raises(SampleError):
        sample_of(tmp_path)


# --- S21: covariates ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("adjustment", ["doubly_robust", "ipw"])
def test_s21_perfect_separation_names_the_covariate(tmp_path, capsys, adjustment):
    table = village_table()
    table = table[table["first_year"] < 2020]
    table["orchard"] = np.where(table["first_year"] > 0, 500, 0) + table["orchard"]
    folder = study(tmp_path, table)

    code, told = refused(folder, capsys, "--covariates", "orchard", "--adjustment", adjustment)

    assert code == 4
    assert "covariate 'orchard' separates 10 treated from" in told
    assert "no overlap" in told


@pytest.mark.parametrize("name", estimators.names())
def test_s21_a_constant_covariate_is_named(tmp_path, capsys, name):
    folder = study(tmp_path, village_table().assign(orchard=3.0))

    code, told = refused(folder, capsys, "--covariates", "orchard", "--estimator", name)

    assert code == 4
    assert "covariate 'orchard' is 3 in all 40 units; drop it" in told


# --- 6.2: the other degenerate inputs -------------------------------------------------------------------------------


def spoilt(where: Callable[[pd.DataFrame], pd.Series], column: str, value: object) -> pd.DataFrame:
    table = village_table().astype({column: object})
    table.loc[where(table), column] = value
    return table


def one_comparison_village() -> pd.DataFrame:
    table = village_table()
    never = villages(table, 0)
    return table[~table["village"].isin([*never[1:], *villages(table, 2020)])]


CASES: dict[str, tuple[Callable[[], pd.DataFrame], str, int, str]] = {
    "infinite outcome": (
        lambda: spoilt(lambda t: t.index == 4, "income", "inf"), "", 3, "column 'income', row 6: not a finite number",
    ),
    "text for an outcome": (
        lambda: spoilt(lambda t: t.index == 4, "income", "2.1万"), "", 3, "not a finite number, e.g. '2.1万'",
    ),
    "no outcome at all": (
        lambda: spoilt(lambda t: t["year"] > 0, "income", ""), "", 3, "outcome_missing: 0 left",
    ),
    "constant outcome": (
        lambda: village_table().assign(income=7.0), "", 4, "the outcome shows no change of any unit",
    ),
    "one comparison village": (
        one_comparison_village, "", 4, "too few units: one comparison unit for 10 treated units",
    ),
    "years as words": (
        lambda: spoilt(lambda t: t.index == 4, "year", "二〇一九"), "", 3, "column 'year', row 6: blank or not a whole",
    ),
    "no period before": (
        lambda: village_table()[lambda t: (t["year"] >= 2018) & (t["first_year"] < 2020)], "", 4,
        "no period before adoption: all 10 treated units are under treatment",
    ),
    "nobody treated": (
        lambda: village_table().assign(first_year=0), "", 4, "no treated units: none of 40 units adopts",
    ),
    "one treated village": (
        lambda: with_treated(1), "", 4, "one treated unit, 000001, has a period before adoption",
    ),
    "one cluster": (
        lambda: village_table().assign(place="here"), 'cluster = "place"', 4, "all 40 units lie in one cluster, here",
    ),
    "no rows": (lambda: village_table().iloc[:0], "", 3, "the table has no rows"),
    "a weight that moves": (
        lambda: village_table().assign(w=lambda t: t["year"] - 2014), 'weight = "w"', 3,
        "the weight changes within a unit",
    ),
    "a weight of nothing": (
        lambda: village_table().assign(w=lambda t: (t["village"] != "000001") * 1.0), 'weight = "w"', 3,
        "weight missing, zero or negative",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", ["group_time", "twfe"])
def test_degenerate_inputs_end_in_a_named_refusal(tmp_path, capsys, case, name):
    make, panel, code, sentence = CASES[case]

    found, told = refused(study(tmp_path, make(), panel=panel), capsys, "--estimator", name)

    assert found == code
    assert sentence in told


def test_degenerate_inputs_are_refused_in_chinese_too(tmp_path, capsys):
    folder = study(tmp_path, village_table().assign(income=7.0))

    assert main(["estimate", str(folder), "--lang", "zh"]) == 4
    assert "结果变量没有变化" in capsys.readouterr().err


def test_missing_outcomes_leave_their_villages_out_and_are_counted(tmp_path, capsys):
    table = village_table()
    table.loc[table["village"].isin(["000001", "000040"]) & (table["year"] == 2017), "income"] = np.nan

    assert main(["check", str(study(tmp_path, table)), "--lang", "en"]) == 0
    assert "left out by outcome_missing: 2 units" in capsys.readouterr().out


def test_villages_treated_from_the_start_are_left_out_and_counted(tmp_path, capsys):
    table = village_table()
    wanted = rows(study(tmp_path / "a", table[table["village"] > "000003"]), capsys)
    table.loc[table["village"] <= "000003", "first_year"] = 2015

    assert main(["estimate", str(study(tmp_path / "b", table)), "--lang", "en"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out) == wanted
    assert "3 unit(s) are treated from the first period on" in told.err


def test_an_outcome_of_large_numbers_gives_the_same_answer_scaled(tmp_path, capsys):
    table = village_table()
    small = rows(study(tmp_path / "a", table), capsys)
    large = rows(study(tmp_path / "b", table.assign(income=table["income"] * 1e12)), capsys)

    for one, other in zip(small, large, strict=True):
        for number in ("estimate", "std_error", "conf_low", "conf_high"):
            assert other[number] == pytest.approx(one[number] * 1e12, rel=1e-9)


# --- S25: how a table comes -----------------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(
    seed=st.integers(0, 2**16), single=st.booleans(), index=st.sampled_from(["clash", "text", "unit"]),
    design=st.sampled_from(["panel", "unbalanced_panel", "repeated_cross_section"]),
)  # fmt: skip
def test_s25_order_index_and_type_of_a_table_do_not_matter(seed, single, index, design):
    """The index of the frame is no key: doubled, text, or the very names of the villages."""
    rng = np.random.default_rng(seed)
    read = READ[design]
    table = TABLE if design == "panel" else TABLE[rng.random(len(TABLE)) > 0.1]
    other = table.sample(frac=1, random_state=int(rng.integers(1000)))
    if index == "clash":
        other.index = np.zeros(len(other), dtype=int)
    else:
        other.index = other["village"] if index == "unit" else [f"r{i % 7}" for i in range(len(other))]
    if single:
        other["income"] = other["income"].astype(np.float32)

    found, wanted = (
        estimators.fit("group_time", select(frame, read, "income").panel, read.design)
        for frame in (other, table)
    )

    assert found.cells.drop(columns="effect").equals(wanted.cells.drop(columns="effect"))
    np.testing.assert_allclose(found.cells["effect"], wanted.cells["effect"], atol=1e-9, equal_nan=True)
    np.testing.assert_allclose(found.influence, wanted.influence, atol=1e-9)


def _typed() -> pd.DataFrame:
    table = village_table().astype({"year": "Int64"})
    table["first_year"] = table["first_year"].astype("Int64").mask(table["first_year"] == 0)
    table["income"] = table["income"].astype(np.float32).astype(float)  # single precision holds it exactly
    return table


TABLE = _typed()


@pytest.fixture(scope="module", autouse=True)
def read_designs(tmp_path_factory):
    """The small study under each design, read once."""
    for design in ("panel", "unbalanced_panel", "repeated_cross_section"):
        lines = f'design = "{design}"\nkey = ["village", "year"]'
        READ[design] = read_study(study(tmp_path_factory.mktemp(design), panel=lines))


READ: dict[str, object] = {}


# --- S27: placebo ---------------------------------------------------------------------------------------------------


def placebo_of(folder: Path) -> pd.Series:
    sample, read = sample_of(folder)
    found = placebo(Case(sample.panel.without_models(), read.design, "group_time"), unit="yuan")
    return found.iloc[0]


def test_s27_an_adoption_pretended_two_years_early_finds_nothing(tmp_path):
    assert verdict(placebo_of(study(tmp_path))) == "unclear"


def test_s27_and_finds_what_began_before_adoption(tmp_path):
    table = village_table()
    early = (table["first_year"] > 0) & (table["year"] >= table["first_year"] - 2)
    table["income"] += 20 * early

    row = placebo_of(study(tmp_path, table))

    assert verdict(row) == "rose"
    assert row["estimate"] == pytest.approx(20, abs=2)


# --- repeated cross-sections through a study folder -----------------------------------------------------------------

LINES = """design = "repeated_cross_section"
key = ["person"]
level = "household"
weight = "w"
covariates = ["age"]"""


def people(seed: int = 1) -> pd.DataFrame:
    """Three other people of every village in every year; the village adopts."""
    rng = np.random.default_rng(seed)
    table = village_table(seed=seed)
    asked = table.loc[table.index.repeat(3)].reset_index(drop=True)
    asked["person"] = [f"P{i:05d}" for i in range(len(asked))]
    asked["age"] = rng.normal(50, 10, len(asked)).round()
    asked["w"] = rng.uniform(0.5, 2, len(asked)).round(3)
    asked["income"] += asked["age"] + rng.normal(0, 3, len(asked))
    return asked


@pytest.mark.parametrize("name", ["group_time", "imputation", "twfe"])
def test_a_study_of_repeated_cross_sections_is_estimated(tmp_path, capsys, name):
    folder = study(tmp_path, people(), panel=LINES)
    assert main(["check", str(folder)]) == 0
    capsys.readouterr()

    row = rows(folder, capsys, "--estimator", name)[0]

    assert row["status"] == "ok"
    assert row["n_clusters"] == 40  # villages, by default
    assert row["conf_low"] < 5 < row["conf_high"]


def test_a_page_of_repeated_cross_sections_says_what_it_can_and_what_it_cannot(tmp_path):
    page = open_page("03_collective_income", study=str(study(tmp_path, people(), panel=LINES)), language="zh")
    sample = page.sample()
    effects = page.fit("group_time", sample)
    each = page.each_estimator(sample)
    steps = page.ladder(sample, effects, each).set_index("step")

    assert "各期受访者不同" in str(kept(sample, page.words))
    said = str(estimand(sample, page.words))
    assert "本表声明为重复横截面" in said and "每位受访者按调查权数计入" in said
    by_name = each.set_index("estimator")
    assert by_name.loc[["group_time", "imputation", "twfe"], "estimate"].notna().all()
    assert by_name.loc["saturated", "status"].startswith(
        "not estimable: saturated is not available for a table declared"
    )
    assert "没有采用者自身的前后对比" in str(ladder(steps.reset_index(), page.words))
    assert page.words.status(by_name.loc["saturated", "status"]) == "该方法要求各期记录完整，不适用于本表"
    assert "follow nobody over time" in steps.loc["before_after", "status"]
    assert "follow nobody over time" in steps.loc["matched_differences", "status"]
    assert steps.loc[["difference", "ols", "aipw"], "estimate"].notna().all()
    assert page.average(effects, by="event_time").rows["estimate"].notna().all()
    assert len(page.sample_by_model().panel.cohorts) == 2


def test_s17_a_person_counted_twice_is_refused(tmp_path, capsys):
    table = people()
    table = pd.concat([table, table.iloc[[3]]], ignore_index=True)

    code, told = refused(study(tmp_path, table, panel=LINES), capsys)

    assert code == 3
    assert "column 'person', rows 5, 722: the same key stands in several rows" in told


def test_s18_an_adoption_year_that_differs_within_a_village_is_refused(tmp_path, capsys):
    table = people()
    table.loc[0, "first_year"] = 2019

    code, told = refused(study(tmp_path, table, panel=LINES), capsys)

    assert code == 3
    assert "adoption year changes within a unit" in told


def test_repeated_cross_sections_need_a_key(tmp_path):
    with pytest.raises(StudyError, match="needs 'key', the columns that identify a person's row"):
        read_study(study(tmp_path, people(), panel='design = "repeated_cross_section"'))


def test_traits_may_differ_between_people_but_not_within_a_unit_that_is_followed(tmp_path):
    table = village_table()
    table["orchard"] += table["year"]
    followed = read_study(study(tmp_path / "a", table, panel='covariates = ["orchard"]'))
    asked = read_study(study(tmp_path / "b", people(), panel=LINES))

    with pytest.raises(ContractError, match="a covariate changes within a unit"):
        read_table("village_year", followed)
    assert select(read_table("village_year", asked), asked, "income").panel.covariates.shape == (720, 1)


def test_weights_of_people_matter_and_are_carried(tmp_path):
    """The weighted estimate is that of every person as often as the weight says."""
    table = people()
    table["w"] = np.random.default_rng(4).integers(1, 4, len(table))
    copied = table.loc[table.index.repeat(table["w"])].assign(w=1)
    copied["person"] = [f"P{i:05d}" for i in range(len(copied))]
    unweighted = table.assign(w=1)

    answers = []
    for number, frame in enumerate((table, copied, unweighted)):
        sample, read = sample_of(study(tmp_path / str(number), frame, panel=LINES))
        effects = estimators.fit("group_time", sample.panel.without_models(), read.design)
        answers.append(aggregate(effects, read.design).row("simple")["estimate"])

    assert answers[0] == pytest.approx(answers[1], abs=1e-10)
    assert abs(answers[0] - answers[2]) > 1e-3


def test_an_estimator_that_cannot_says_so_for_people_too(tmp_path):
    sample, read = sample_of(study(tmp_path, people(), panel=LINES))

    with pytest.raises(
        EstimatorError, match="saturated is not available for a table declared as repeated_cross_section"
    ):
        estimators.fit("saturated", sample.panel, read.design)


def test_notebooks_that_follow_units_are_not_run_for_people_asked_once(tmp_path):
    asked = read_study(study(tmp_path / "a", people(), panel=LINES))
    followed = read_study(study(tmp_path / "b"))

    assert outcomes_of("06_robustness", asked) == []
    assert outcomes_of("05_ten_models", asked) == outcomes_of("06_robustness", followed) == ["income"]
    assert "followed" in not_measured(asked)
    assert "followed" not in not_measured(followed)
