"""How an answer is held against its source: a wrong number is missed, absent data are no match, files are what they were."""

from __future__ import annotations

import json
import math
import runpy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis import paths
from analysis.checks.published import DataError, answers, data_sets, evaluate
from analysis.checks.published._data import path
from analysis.checks.published._record import half_unit

TESTS = Path(__file__).resolve().parent.parent
SHIPPED = [key for key, data in data_sets().items() if data.root == "published"]


def answer(data: str, key: str):
    (found,) = (a for a in answers() if (a.data, a.key) == (data, key))
    return found


def test_a_number_beyond_its_tolerance_or_with_another_error_is_missed() -> None:
    right = answer("china_rice_insurance", "iv")

    assert evaluate(right).status == "matched"
    assert evaluate(replace(right, printed="0.793")).status == "missed"
    assert evaluate(replace(right, error="0.276")).status == "missed"
    assert evaluate(replace(right, compute=lambda: (math.nan, math.nan))).status == "missed"
    assert evaluate(replace(right, compute=lambda: (0.791, math.nan))).status == "missed"


def test_an_error_with_a_reason_is_not_called_a_match() -> None:
    right = replace(answer("china_rice_insurance", "iv"), error_reason="classical_error")

    assert (evaluate(right).status, evaluate(right).reason) == ("estimate_only", "classical_error")
    assert evaluate(replace(right, printed="0.793")).status == "missed"


def test_data_that_are_not_on_this_machine_are_never_a_match(tmp_path, monkeypatch) -> None:
    asked = [a for a in answers() if data_sets()[a.data].root == "shared" and a.compute is not None]
    before = [evaluate(a).status for a in asked]  # fills what is kept between answers
    monkeypatch.setenv("COOPEVAL_DATA", str(tmp_path))

    assert len(asked) > 50
    assert {evaluate(a).status for a in asked} == {"not_here"}
    assert all(math.isnan(evaluate(a).estimate) for a in asked)
    with pytest.raises(DataError, match=r"is not on this machine \(licence: GPL"):
        path("zambia_conservation_agriculture", "zambia_ca.csv")
    assert set(before) <= {"matched", "estimate_only", "not_here"}


def test_an_error_inside_a_method_is_not_taken_for_absent_data() -> None:
    def broken() -> tuple[float, float]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        evaluate(replace(answer("china_rice_insurance", "iv"), compute=broken))


def test_another_file_under_the_same_name_is_refused(tmp_path, monkeypatch) -> None:
    folder = tmp_path / "california_prop99"
    folder.mkdir()
    (folder / "california_prop99.csv").write_text("state,year,cigsale\n", encoding="utf-8")
    monkeypatch.setenv("COOPEVAL_DATA", str(tmp_path))

    with pytest.raises(DataError, match="is not the file that its answers were recorded for"):
        path("california_prop99", "california_prop99.csv")


@pytest.mark.parametrize("printed", ["-0.0400", "1794", "4.2e-3"])
def test_half_a_unit_of_the_last_digit(printed: str) -> None:
    assert half_unit(printed) == pytest.approx({"-0.0400": 5.1e-5, "1794": 0.51, "4.2e-3": 5.1e-5}[printed])


@pytest.mark.parametrize("data", SHIPPED)
def test_shipped_data_come_with_provenance_and_licence(data: str) -> None:
    known = data_sets()[data]
    readme = (known.folder / "README.md").read_text(encoding="utf-8")

    assert known.is_here and all(known.files.values())
    for name in known.files:
        assert path(data, name).stat().st_size < 3_000_000
        assert f"`{name}`" in readme
    if known.licence.startswith("MIT"):
        assert "Copyright (c)" in readme and "Permission is hereby granted" in readme


def test_no_data_without_a_licence_to_pass_them_on_are_shipped() -> None:
    shipped = {file.parent.name for file in (paths.project() / "data" / "published").glob("*/README.md")}

    assert shipped == set(SHIPPED)
    assert {data_sets()[key].licence.split()[0] for key in SHIPPED} == {"MIT", "simulated"}


def test_shipped_tables_are_the_originals() -> None:
    folder = paths.shared_data()
    if folder is None or not (folder / "lalonde").is_dir():
        pytest.skip("lalonde: the Stata files are not here; set COOPEVAL_DATA to the folder that holds them")
    for name in ("nsw", "nsw_dw", "cps_controls", "psid_controls"):
        pd.testing.assert_frame_equal(
            pd.read_parquet(path("lalonde", f"{name}.parquet")),
            pd.read_stata(folder / "lalonde" / f"{name}.dta"),
        )
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    originals = {
        Path(file["path"]).name: file["sha256"] for data in index["datasets"] for file in data["files"]
    }
    for key in ("mpdta", "castle_doctrine", "medicaid_insurance", "china_rice_insurance"):
        assert {name: originals[name] for name in data_sets()[key].files} == data_sets()[key].files


def test_the_switching_examples_are_those_that_r_draws() -> None:
    """Correlations as in the paper and in the package's test; values taken away there are left out here."""
    generator = runpy.run_path(str(TESTS / "members" / "r_generator.py"))["RGenerator"](0)
    table = pd.read_parquet(path("switching_examples", "vignette.parquet"))
    covariance = np.array([[1, 0.9, 0.5], [0.9, 1, 0.1], [0.5, 0.1, 1.0]])
    eps = generator.mvrnorm(500, covariance, order="row")
    xs, xo1, xo2 = (generator.runif(500) for _ in range(3))
    selected = xs + eps[:, 0] > 0

    np.testing.assert_array_equal(table["selected"] == 1, selected)
    np.testing.assert_allclose(
        table[["xs", "xo1", "xo2"]].to_numpy(), np.column_stack([xs, xo1, xo2]), rtol=1e-15
    )
    outcome = np.where(selected, xo2 + eps[:, 2], xo1 + eps[:, 1])
    np.testing.assert_allclose(table["outcome"].to_numpy(), outcome, rtol=1e-12, atol=1e-14)
    assert len(pd.read_parquet(path("switching_examples", "package_test.parquet"))) == 1483


def test_the_profits_are_those_of_the_package() -> None:
    own = runpy.run_path(str(TESTS / "checks" / "test_bounds.py"))
    table = pd.read_csv(path("profits_event_study", "bc.csv"))

    np.testing.assert_array_equal(table["estimate"], own["BC"])
    np.testing.assert_array_equal(table.filter(like="covariance_"), own["BC_COVARIANCE"])
