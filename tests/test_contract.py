"""Tables against their contract: refused whole, all breaches at once, with file, column, rows and fix."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_study import STUDY, village_table, write_study

from analysis.contract import ContractError, check_study, read_table
from analysis.messages import in_language
from analysis.study import read_study


def refused(folder: Path) -> ContractError:
    with pytest.raises(ContractError) as caught:
        read_table("village_year", read_study(folder))
    return caught.value


def test_codes_stay_text_and_never_is_missing(small_study: Path) -> None:
    table = read_table("village_year", read_study(small_study))

    assert table["village"].iloc[0] == "000001"
    assert table["first_year"].isna().sum() == 20 * 6
    assert table["year"].dtype == "Int64" and table["income"].dtype == float


def test_all_breaches_of_a_table_are_listed_at_once(tmp_path: Path) -> None:
    table = village_table().astype({"income": object, "first_year": object, "year": object})
    table.loc[3, "income"] = "2.1万"
    table.loc[4, "income"] = "inf"
    table.loc[10, "first_year"] = ""
    table.loc[12, "first_year"] = 2019
    table.loc[20, "year"] = "twenty"
    table = pd.concat([table, table.iloc[[30]]], ignore_index=True)
    table.loc[50, "village"] = ""

    error = refused(write_study(tmp_path / "s", table))

    said = str(error)
    assert "village_year.csv, column 'income', rows 5, 6: not a finite number, e.g. '2.1万'" in said
    assert "column 'first_year', row 12: blank, or not a year and not a code for never" in said
    assert "adoption year changes within a unit" in said
    assert "column 'year', row 22: blank or not a whole number" in said
    assert "column 'village', row 52: blank identifier" in said
    assert "column 'village + year', rows 32, 242: the same key stands in several rows" in said
    assert said.count("→") == len(error.breaches) >= 6
    assert "第 5, 6" in in_language(error, "zh") or "行 5, 6" in in_language(error, "zh")


def test_a_missing_column_names_those_there_are(tmp_path: Path) -> None:
    said = str(refused(write_study(tmp_path / "s", village_table().drop(columns="income"))))

    assert "column 'income': no such column" in said and "village, year, first_year" in said


def test_a_file_changed_since_its_digest_is_refused(small_study: Path) -> None:
    digest = hashlib.sha256((small_study / "village_year.csv").read_bytes()).hexdigest()
    text = STUDY.format(design="").replace('unit = "village"', f'unit = "village"\nsha256 = "{digest}"')
    (small_study / "study.toml").write_text(text, encoding="utf-8")
    assert len(read_table("village_year", read_study(small_study))) == 240

    with (small_study / "village_year.csv").open("a", encoding="utf-8") as stream:
        stream.write("\n")

    assert "changed since its digest was declared" in str(refused(small_study))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda text: text[: int(len(text) * 0.6)], "do not have the heading's"),
        (lambda text: text.replace("2015,", "2015,9,", 1), "do not have the heading's"),
        (lambda text: text.splitlines()[0], "has no rows"),
        (lambda text: "", "has no rows"),
        (lambda text: text.replace("town", "model", 1), "two columns share the name model"),
    ],
)
def test_damaged_files_are_refused(small_study: Path, damage, said: str) -> None:
    path = small_study / "village_year.csv"
    path.write_text(damage(path.read_text(encoding="utf-8")), encoding="utf-8")

    assert said in str(refused(small_study))


def test_other_encodings_are_refused_not_guessed(small_study: Path) -> None:
    path = small_study / "village_year.csv"
    path.write_bytes(path.read_text(encoding="utf-8").replace("T1", "垛庄").encode("gb18030"))

    assert "must be UTF-8" in str(refused(small_study))


def test_an_absent_file_and_a_pickle_are_refused(small_study: Path) -> None:
    (small_study / "village_year.csv").rename(small_study / "village_year.pkl")
    assert "the file is not there" in str(refused(small_study))
    text = STUDY.format(design="").replace("village_year.csv", "village_year.pkl")
    (small_study / "study.toml").write_text(text, encoding="utf-8")
    assert "files of type '.pkl' are not read" in str(refused(small_study))


@pytest.mark.parametrize("suffix", ["xlsx", "parquet", "dta", "tsv"])
def test_every_format_gives_the_same_table(small_study: Path, suffix: str) -> None:
    table = village_table()
    path = small_study / f"village_year.{suffix}"
    if suffix == "xlsx":
        table.to_excel(path, index=False, sheet_name="村")
    elif suffix == "parquet":
        table.to_parquet(path)
    elif suffix == "dta":
        table.to_stata(path, write_index=False, version=118)
    else:
        table.to_csv(path, index=False, sep="\t")
    csv = read_table("village_year", read_study(small_study))
    text = STUDY.format(design="").replace("village_year.csv", path.name)
    (small_study / "study.toml").write_text(text, encoding="utf-8")

    other = read_table("village_year", read_study(small_study))

    pd.testing.assert_frame_equal(csv, other, check_dtype=False)


def test_covariates_that_change_over_time_are_refused(tmp_path: Path) -> None:
    table = village_table()
    table["orchard"] += np.arange(len(table))

    said = str(refused(write_study(tmp_path / "s", table, design='covariates = ["orchard"]')))

    assert "a covariate changes within a unit; adoption may have changed it (40 units" in said


def test_blank_cohort_is_never_only_when_declared(tmp_path: Path) -> None:
    table = village_table().astype({"first_year": object})
    table.loc[table["first_year"] == 0, "first_year"] = ""
    folder = write_study(tmp_path / "s", table)
    assert "blank, or not a year" in str(refused(folder))

    text = (folder / "study.toml").read_text(encoding="utf-8").replace("never = [0]", 'never = [""]')
    (folder / "study.toml").write_text(text, encoding="utf-8")

    assert read_table("village_year", read_study(folder))["first_year"].isna().sum() == 120


def test_breaches_of_all_tables_come_together(tmp_path: Path) -> None:
    folder = write_study(tmp_path / "s", village_table().drop(columns="town"))
    (folder / "coop.csv").write_text("coop_id,x\nC1,1\nC1,2\n", encoding="utf-8")
    with (folder / "study.toml").open("a", encoding="utf-8") as stream:
        stream.write('\n[tables.coop]\nfile = "coop.csv"\nkey = ["coop_id"]\n')

    with pytest.raises(ContractError) as caught:
        check_study(read_study(folder))

    assert {breach.table for breach in caught.value.breaches} == {"village_year", "coop"}
