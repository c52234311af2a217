"""What arrived, as notebook 01 shows it: an imported study, gaps, far values, heaping, and what the public may not see."""

from __future__ import annotations

import hashlib
import json
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_study import village_table, write_study
from test_notebooks import look_at, run

from analysis import samples
from analysis.figures import figure_module
from analysis.figures._style import save
from analysis.intake.account import read_account
from analysis.report import sentences
from analysis.report.manifest import reproducible_of
from analysis.report.page import open_page
from analysis.report.store import Store
from analysis.study import Table
from analysis.tables import table_module

PUBLIC = '[release]\naudience = "public"'
REPAIRS = {
    "unit_converted": 3,
    "merged_filled": 120,
    "subtotal_removed": 30,
    "duplicate_row": 4,
    "decided": 2,
}


def dirty_table(n: int = 60) -> pd.DataFrame:
    """A panel with gaps, amounts heaped at targets and a few ten thousand times too large."""
    table, rng = village_table(n=n), np.random.default_rng(1)
    table["income"] = np.exp(rng.normal(11, 1, len(table))).round()
    heaped = rng.random(len(table)) < 0.1
    table.loc[heaped, "income"] = rng.choice([30_000.0, 50_000.0, 100_000.0], heaped.sum())
    table.loc[table.index[::37], "income"] *= 1e4
    table.loc[table.index[3::91], "income"] = np.nan
    return table[rng.random(len(table)) > 0.03]


def imported(
    folder: Path, *, table: pd.DataFrame | None = None, n_files: int = 3, design: str = "", **record
) -> Path:
    """A study with the account of an import beside it."""
    write_study(folder, dirty_table() if table is None else table, design=design)
    remark = {"rule": "column_left", "table": "village_year", "column": "", "n_places": 1}
    files = [
        {
            "name": f"村集体收入台账_{i}.xlsx", "bytes": 100, "sha256": hashlib.sha256(bytes([i])).hexdigest(),
            "encoding": "", "sheets": ["北楼", "南楼"], "rows": 80,
        }
        for i in range(n_files)
    ]  # fmt: skip
    remarks = [
        {
            **remark,
            "text": {
                "zh": f"账.xlsx!S!C{i}：列未导入 → 请加入映射",
                "en": f"a.xlsx!S!C{i}: not imported → map it",
            },
        }
        for i in range(5)
    ]
    account = {
        "files": files,
        "repairs": REPAIRS,
        "remarks": remarks,
        "tables": {},
        **record,
    }
    (folder / "import").mkdir()
    (folder / "import" / "import.json").write_text(json.dumps(account, ensure_ascii=False), "utf-8")
    return folder


def page(folder: Path | str, language: str = "en"):
    return open_page("01_data", study=str(folder), language=language)


@cache
def demo(language: str):
    return page("data/demo_county", language)


def exhibits(here) -> dict[str, tuple]:
    """What each figure of the notebook draws."""
    account = read_account(here.study.folder)
    return {
        "coverage": (samples.coverage(here.tables, here.study),),
        "outliers": (samples.extremes(here.tables, here.study, here.key),),
        "heaping": (samples.heaped(here.tables, here.study),),
        "flow_diagram": (samples.diagram(here.samples(), here.study, account),),
    }


def table(name: str, here, *data):
    return table_module(name).make(*data, here.words)


# the notebook


@pytest.mark.parametrize("design", ["", PUBLIC], ids=["internal", "public"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_notebook_shows_what_an_import_did(tmp_path, language, design):
    folder = imported(tmp_path / "s", design=design)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("default", ResourceWarning)
        shown = run("01_data", study=str(folder), language=language, run_folder=str(tmp_path / "run"))
    look_at(shown)
    ids = {exhibit.id for exhibit in shown}
    assert ids >= {"tab-01-files", "tab-01-repairs", "tab-01-remarks", "txt-01-imported", "tab-01-codebook"}
    assert ids >= {f"fig-01-{name}" for name in ("coverage", "outliers", "heaping", "flow_diagram")}
    assert "txt-01-missing_accounts" in ids, "no sums are declared for these tables"
    assert not (tmp_path / "run" / "codebook").exists(), "no column is of the data model"


def test_a_study_that_was_not_imported_says_so_and_shows_no_repairs(tmp_path):
    here = page(write_study(tmp_path / "s"))
    account = read_account(here.study.folder)

    assert account is None
    assert "no repair is recorded" in sentences.imported(account, here.words)
    assert here.table("files", account) is here.table("repairs", account) is None


def test_an_import_that_repaired_and_flagged_nothing_shows_no_empty_table(tmp_path):
    here = page(imported(tmp_path / "s", repairs={}, remarks=[]))
    account = read_account(here.study.folder)

    assert here.table("repairs", account) is here.table("remarks", account) is None
    assert "0 repairs made under 0 rule(s)" in sentences.imported(account, here.words)


# tables


@pytest.mark.parametrize("language", ["zh", "en"])
def test_repairs_are_counted_by_rule_in_the_order_of_the_catalogue(tmp_path, language):
    here = page(imported(tmp_path / "s"), language)
    account = read_account(here.study.folder)
    rows = table("repairs", here, account).rows

    assert [row[1] for row in rows] == ["1", "5", "7", "30", "—"], "decisions of a person last"
    assert [row[3] for row in rows] == ["3", "120", "30", "4", "2"]
    assert account.n_removed == 34 and account.n_rows == 240
    told = sentences.imported(account, here.words)
    assert all(number in told for number in ("240", "159", "34"))


def test_many_files_and_remarks_are_cut_with_their_number(tmp_path):
    long = {
        "rule": "outliers",
        "table": "village_year",
        "n_places": 2,
        "text": {"zh": "长" * 200, "en": "long " * 80},
    }
    folder = imported(
        tmp_path / "s", n_files=25, remarks=[{**long, "column": f"c{number:02d}"} for number in range(15)]
    )
    here = page(folder)
    account = read_account(folder)
    files, remarks = (table(name, here, account).rows for name in ("files", "remarks"))

    assert files[-1][:3] == ("5 more files", "10", "400") and len(files) == 21
    assert remarks[-1][0] == "3 more kinds" and remarks[-1][3:5] == ("3", "6")
    assert remarks[0][0] == "Far from all others" and all(len(row[-1]) <= 151 for row in remarks)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_identity_and_reference_of_the_county_is_checked(language):
    here = demo(language)
    found = samples.identities(here.tables, here.study)
    rows = table("identities", here, found).rows
    matched = samples.references(here.tables, here.study)

    assert len(rows) == len(found) and set(found.loc[found["severity"] == "error", "n_off"]) == {0}
    assert [int(row[3].replace(",", "")) for row in rows] == sorted(found["n_off"], reverse=True)
    lost = matched[matched["n_rows"] != matched["n_matched"]]
    # the price office began to watch in 2016, the year after the panel begins
    assert lost[["table", "refers", "n_matched"]].to_numpy().tolist() == [["price_year", "price_monitor", 9]]
    assert {row[-1] for row in table("references", here, matched).rows} == {"100.0%", "90.0%"}


def test_a_row_without_match_and_a_sum_that_is_off_are_counted():
    here = demo("en")
    coops = here.tables["coop_year"].copy()
    coops.loc[coops.index[:7], "coop_id"] = "nobody"
    coops.loc[coops.index[:3], "capital_total"] += 1_000.0
    tables = {**here.tables, "coop_year": coops}
    matched = samples.references(tables, here.study).set_index(["table", "column"])
    off = samples.identities(tables, here.study)

    assert matched.loc[("coop_year", "coop_id"), "n_matched"] == len(coops) - 7
    capital = off[(off["table"] == "coop_year") & off["label_en"].str.startswith("capital")].iloc[0]
    assert (
        capital["n_off"] == 3 and capital["largest"] == pytest.approx(1_000.0) and capital["unit"] == "yuan"
    )
    row = next(row for row in table("identities", here, off).rows if row[0].startswith("capital"))
    assert row[3:5] == ("3", "1,000.00 yuan")


def test_nothing_suspected_is_said_and_nothing_to_look_at_is_not(tmp_path):
    here = page(write_study(tmp_path / "s"))
    none = samples.suspicions(here.tables, here.study)
    assert table("suspicions", here, none.iloc[:0]).rows[0][0] == "Nothing suspected"
    assert samples.suspicions(page("mpdta").tables, page("mpdta").study) is None
    assert samples.heaped(page("mpdta").tables, page("mpdta").study) is None


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_codebook_names_roles_where_the_data_model_is_silent(tmp_path, language):
    here = page(write_study(tmp_path / "s"), language)
    held = samples.columns(here.tables, here.study, language)
    rows = {row[1]: row for row in table("codebook", here, held).rows}

    assert rows["income"][2:4] == {"zh": ("收入", "结果变量"), "en": ("Income", "outcome")}[language]
    assert rows["first_year"][-1] == "50.0%", "half never adopted"
    assert set(held["of_model"]) == {False}


def test_columns_that_nobody_describes_are_counted_together():
    here = page("castle_doctrine")
    held = samples.columns(here.tables, here.study, "en")
    shown = table("codebook", here, held)

    unexplained = ((held["label"] == "") & (held["role"] == "")).sum()
    assert shown.rows[-1][:2] == ("state_year", f"{unexplained} more columns, unused and not described")
    assert len(shown.rows) == len(held) - unexplained + 1


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_long_codebook_is_one_row_per_table_and_is_kept_whole(tmp_path, language):
    here = open_page("01_data", study="data/demo_county", language=language, run_folder=str(tmp_path))
    shown = here.codebook()
    columns = samples.columns(here.tables, here.study, language)
    kept = (tmp_path / "tables" / f"tab-01-codebook-columns.{language}.csv").read_text("utf-8-sig")

    assert shown.data["text/plain"].count("\n") == len(here.study.tables)
    assert kept.count("\n") >= len(columns)
    assert {path.name for path in (tmp_path / "codebook").iterdir()} == {
        f"codebook.{language}.html",
        "codebook.xlsx",
    }


def test_the_kept_codebook_has_the_same_bytes_twice_and_is_declared(tmp_path):
    for turn in ("a", "b"):
        Store(tmp_path / turn).keep_codebook("zh")
    names = ["codebook/codebook.xlsx", "codebook/codebook.zh.html"]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert reproducible_of(dict.fromkeys(names)) == names


# figures


@pytest.mark.parametrize("design", ["", PUBLIC], ids=["internal", "public"])
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("n", [30, 400])
def test_the_figures_draw_for_few_and_many_units(tmp_path, language, design, n):
    here = page(imported(tmp_path / "s", table=dirty_table(n), design=design), language)
    for name, data in exhibits(here).items():
        module = figure_module(name)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("default", ResourceWarning)
            svg = save(module.draw(*data, here.words), None)
        assert svg.startswith("<?xml") and len(svg) < 600_000
        assert len(module.alt(*data, here.words)) > 20 and module.note(*data, here.words)


def test_coverage_puts_the_complete_first_and_names_nobody(tmp_path):
    here = page(imported(tmp_path / "s"))
    (held,) = samples.coverage(here.tables, here.study)
    complete = (held.rows > 0).sum(axis=1)

    assert complete.is_monotonic_decreasing and complete.iloc[-1] < held.rows.shape[1]
    drawn = figure_module("coverage").draw([held], here.words)
    assert not {text.get_text() for text in drawn.texts} & set(held.rows.index)
    first = (held.rows[2015] > 0).mean()
    assert drawn.texts[0].get_text() == f"{100 * first:.1f}%"


def test_units_of_a_register_that_never_arrive_are_absent():
    here = demo("en")
    ids = sorted(set(here.units["village_id"]))
    listed = pd.DataFrame({"village_id": [*ids, "V9999"]})
    table = Table(file="village.csv", key=("village_id",))
    study = here.study.model_copy(update={"tables": {**here.study.tables, "village": table}})
    found = {one.table: one for one in samples.coverage({**here.tables, "village": listed}, study)}

    assert len(found["village_year"].rows) == len(ids) + 1
    assert found["village_year"].rows.loc["V9999"].sum() == 0
    assert found["village_year"].rows.index[-1] == "V9999", "the least complete stands last"
    assert found["household_wave"].of_households and found["household_wave"].rows.shape[1] == 4
    assert "household_spillover" not in found, "its file is the households'"


def test_far_values_are_counted_and_none_is_printed(tmp_path):
    here = page(imported(tmp_path / "s"))
    found = samples.extremes(here.tables, here.study, "income")
    values = here.units["income"].dropna()

    assert found.rows["n"].sum() == len(values)
    assert found.rows["n_far"].sum() == (values > 1e8).sum() > 0
    told = figure_module("outliers").note(found, here.words) + figure_module("outliers").alt(
        found, here.words
    )
    drawn = figure_module("outliers").draw(found, here.words)
    assert f"{values.max():,.0f}" not in told and drawn.get_ylim()[1] < 12, "the farthest cannot be read off"
    assert samples.extremes({"village_year": here.units.head(10)}, here.study, "income") is None


def test_amounts_above_a_target_are_those_of_the_detector(tmp_path):
    here = page(imported(tmp_path / "s", table=dirty_table(400)))
    found = samples.heaped(here.tables, here.study)
    row = found.targets.set_index("target").loc[30_000.0]
    inside = (found.amounts >= 30_000) & (found.amounts < 31_500)

    assert inside.sum() == row["above"] and row["p_holm"] < 0.01
    assert "Clearly too many at 3, 5, 10" in figure_module("heaping").note(found, here.words)
    drawn = figure_module("heaping").draw(found, here.words)
    excess = round(row["above"] - (row["above"] + row["below"]) * row["share_expected"])
    assert f"+{excess}" in [text.get_text() for text in drawn.texts]


def test_the_diagram_is_the_flow_table(tmp_path):
    here = page(imported(tmp_path / "s"))
    (drawn,) = exhibits(here)["flow_diagram"]
    sample = here.samples()[0]
    text = "\n".join(t.get_text() for t in figure_module("flow_diagram").draw(drawn, here.words).texts)

    assert "240 rows of data; 34 rows" in text.replace("\n", " ")
    first, *steps = sample.flow.itertuples()
    assert [step.units_out for step in steps if step.units_out] == [4, 8]
    for shown in (first.units_left, 4, 8, steps[-1].units_left):
        assert f"{shown} (village)" in text
    assert f"of them adopters: {int(np.isfinite(sample.panel.cohort).sum())}" in text


def test_outcomes_that_keep_the_same_share_a_branch_and_too_many_leave_the_primary():
    here = demo("en")
    every = here.samples()
    drawn = samples.diagram(every, here.study)
    assert [len(outcomes) for outcomes, _ in drawn.branches] == [3, 1, 1] and drawn.n_left == 0

    flows = [every[0].flow.assign(rows_left=number) for number in range(4)]
    apart = [type(every[0])(every[0].panel, flow, key, every[0].table)
             for flow, key in zip(flows, ["total_income", "member_income", "operating_surplus", "nonmember_income"], strict=True)]  # fmt: skip
    alone = samples.diagram(apart, here.study)
    assert [outcomes for outcomes, _ in alone.branches] == [("operating_surplus",)] and alone.n_left == 3
    assert "3 more are in the table" in figure_module("flow_diagram").note(alone, here.words)


# the public


def test_the_public_sees_no_small_count_no_name_and_no_extreme(tmp_path):
    here = page(imported(tmp_path / "s", table=dirty_table(60), design=PUBLIC))
    account = read_account(here.study.folder)
    files, repairs, remarks = (table(name, here, account) for name in ("files", "repairs", "remarks"))

    assert "村集体收入台账" not in files.plain() and files.rows[0][0] == "3 .xlsx file(s)"
    assert [row[3] for row in repairs.rows] == [
        "fewer than 10",
        "120",
        "30",
        "fewer than 10",
        "fewer than 10",
    ]
    assert "xlsx" not in remarks.plain()
    found = samples.suspicions(here.tables, here.study)
    assert {row[-1] for row in table("suspicions", here, found).rows} == {"—"}
    off = pd.DataFrame(
        {"table": ["coop"], "label_zh": ["和"], "label_en": ["sum"], "severity": ["error"], "n_rows": [50],
         "n_off": [3], "largest": [123.0], "unit": ["yuan"]}
    )  # fmt: skip
    assert table("identities", here, off).rows[0][2:5] == ("—", "fewer than 10", "—")

    drawn = exhibits(here)
    coverage = figure_module("coverage").draw(*drawn["coverage"], here.words)
    assert not coverage.collections, "no single unit"
    bars = figure_module("outliers").draw(*drawn["outliers"], here.words).patches
    assert all(abs(bar.get_y()) < 1 for bar in bars), "nine tenths of sixty leave six on the far side"
    heaps = figure_module("heaping").draw(*drawn["heaping"], here.words)
    assert len(heaps.get_yticks()) == 0
    flow = " ".join(
        t.get_text() for t in figure_module("flow_diagram").draw(*drawn["flow_diagram"], here.words).texts
    )
    assert "rows" not in flow and "240" not in flow
