"""The command line: rows as documented, and bad input refused with its sentence and exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_study import village_table, write_study

from analysis.cli import main

ROW = {
    "estimand", "level", "estimate", "std_error", "conf_low", "conf_high", "conf_kind", "n_treated", "n_clusters",
    "unit", "status",
}  # fmt: skip


def rows(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, object]]:
    assert main(["estimate", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


def test_overall_rows_hold_the_documented_fields(
    small_study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = rows(capsys, str(small_study))

    assert [row["level"] for row in found] == ["simple", "dynamic", "group", "calendar"]
    assert all(set(row) >= ROW for row in found)
    assert all(row["status"] == "ok" and row["unit"] == "yuan" for row in found)
    assert found[0]["estimate"] == pytest.approx(5, abs=1)


@pytest.mark.parametrize(
    ("by", "levels"),
    [
        ("event_time", [-4, -3, -2, -1, 0, 1, 2]),
        ("cohort", [2018, 2020]),
        ("year", [2018, 2019, 2020]),
        ("model", ["M01", "M02"]),
    ],
)
def test_levels_are_those_of_the_estimand(
    small_study: Path, capsys: pytest.CaptureFixture[str], by: str, levels: list[object]
) -> None:
    found = rows(capsys, str(small_study), "--by", by)

    assert [row["level"] for row in found] == levels
    assert {row["estimand"] for row in found} == {by}


def test_the_two_way_benchmark_gives_one_number_and_says_so(
    small_study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [row["level"] for row in rows(capsys, str(small_study), "--estimator", "twfe")] == ["simple"]
    assert main(["estimate", str(small_study), "--estimator", "twfe", "--by", "cohort"]) == 2
    said = capsys.readouterr().err
    assert (
        "twfe gives one overall effect, not effects by cohort; use group_time, imputation or saturated"
        in said
    )


def test_the_table_and_the_single_line(
    small_study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "deep" / "rows.csv"

    assert main(["estimate", str(small_study), "--json", "--table", str(out)]) == 0

    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert pd.read_csv(out)["estimate"].tolist() == pytest.approx([row["estimate"] for row in printed])


def test_messages_follow_the_language(small_study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", str(small_study), "--by", "village", "--lang", "zh"]) == 2
    assert "可选" in capsys.readouterr().err


def _cohort_changes(table: pd.DataFrame) -> pd.DataFrame:
    table.loc[0, "first_year"] = 2019
    return table


def _duplicated(table: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([table, table.iloc[[7]]], ignore_index=True)


def _blank_cohort(table: pd.DataFrame) -> pd.DataFrame:
    table = table.astype({"first_year": object})
    table.loc[table["first_year"] == 0, "first_year"] = ""
    return table


def _no_controls(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["first_year"] == 2018]


def _one_village(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["village"] == "000001"]


def _empty(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(income=np.nan)


def _flat(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(income=1.0)


@pytest.mark.parametrize(
    ("spoil", "code", "sentence"),
    [
        (lambda table: table.drop(columns="income"), 3, "column 'income': no such column"),
        (_duplicated, 3, "the same key stands in several rows"),
        (_cohort_changes, 3, "adoption year changes within a unit"),
        (_blank_cohort, 3, "blank, or not a year and not a code for never adopted"),
        (_empty, 3, "no units left to analyse"),
        (_no_controls, 4, "no comparison units: all 10 units adopt in 2018 and none is never treated"),
        (_one_village, 4, "all 1 units lie in one cluster, 000001"),
        (_flat, 4, "the outcome shows no change of any unit"),
    ],
)
def test_bad_data_end_at_the_gate_with_their_sentence(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[[pd.DataFrame], pd.DataFrame],
    code: int,
    sentence: str,
) -> None:
    folder = write_study(tmp_path / "s", spoil(village_table()))

    assert main(["estimate", str(folder)]) == code
    printed = capsys.readouterr()
    assert sentence in printed.err and printed.err.startswith("coopeval: ") and not printed.out
    assert "Traceback" not in printed.err

    assert main(["check", str(folder), "--json"]) == code
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["status"] == ("refused" if code == 3 else "not identified")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--outcome", "incme"], "no outcome 'incme'; it defines income (did you mean income?)"),
        (["--estimator", "groups"], "choose group_time, imputation, saturated, twfe"),
        (["--by", "town"], "choose overall, event_time, cohort, year, model"),
        (["--base-period", "first"], "choose varying, universal"),
        (["--comparison-group", "all"], "choose never_treated, not_yet_treated"),
        (["--covariates", "orchid"], "column 'orchid': no such column"),
    ],
)
def test_wrong_choices_list_the_right_ones(
    small_study: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert main(["estimate", str(small_study), *arguments]) in {2, 3, 4}
    assert sentence in capsys.readouterr().err


def test_unknown_commands_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimat"]) == 2
    assert main(["--help"]) == 0
    assert "exit codes" in capsys.readouterr().out


def test_check_reports_who_is_analysed(small_study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(small_study), "--json", "--lang", "en"]) == 0

    out = capsys.readouterr().out
    last = json.loads(out.splitlines()[-1])
    assert "40 units, 2015-2020, cohorts 2018: 10, 2020: 10; never 20" in out
    assert last["outcomes"][0]["estimators"] == dict.fromkeys(
        ["group_time", "imputation", "saturated", "twfe"], True
    )


def test_simulate_writes_a_study_that_passes_its_contract(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "county"

    assert main(["simulate", str(folder), "--seed", "3", "--json"]) == 0

    assert "study.toml" in json.loads(capsys.readouterr().out.splitlines()[-1])["files"]
    assert main(["check", str(folder)]) == 0
    assert main(["simulate", str(tmp_path / "x"), "--set", "sede=3"]) == 2
    assert "seed" in capsys.readouterr().err


def test_validate_finds_the_staggered_estimators_right_and_the_benchmark_wrong(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["validate", "--draws", "40", "--json"]) == 0

    table = {row["estimator"]: row for row in json.loads(capsys.readouterr().out.splitlines()[-1])}
    for name in ("group_time", "imputation", "saturated"):
        assert table[name]["unbiased"] and table[name]["covers"], table[name]
    assert not table["twfe"]["unbiased"] and table["twfe"]["coverage"] < 0.5


def test_the_light_commands_do_not_import_heavy_packages() -> None:
    """`--help` and an unchanged report must answer at once."""
    code = "import sys; from analysis.cli import parser; parser(); print([m for m in ('pandas','scipy','matplotlib') if m in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
