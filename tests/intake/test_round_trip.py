"""From clean tables to the files of offices and back: every table to the byte, every dirt found and counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis import cli
from analysis.contract import read_table
from analysis.estimators import fit
from analysis.intake.rules import rules
from analysis.privacy.scan import scan_folder
from analysis.samples import select
from analysis.simulate import County, simulate
from analysis.simulate.raw import CLEAN, RAW, within, write_dirty
from analysis.study import read_study

# Seeds with the townships kept, by position: every township of the county but the largest stands once.
COUNTIES = ((1, (1, 6)), (2, (2, 3)), (3, (4,)), (4, (5, 8)), (5, (7, 9)))


@pytest.fixture(scope="module", params=COUNTIES, ids=lambda one: f"seed {one[0]}")
def county(request, tmp_path_factory) -> tuple[Path, dict[str, int]]:
    """A dirty county imported, and what was injected."""
    seed, townships = request.param
    folder = tmp_path_factory.mktemp("county")
    injected = write_dirty(within(simulate(County(seed=seed)), townships), folder)
    raw = folder / RAW
    arguments = [
        "import",
        str(raw),
        "--map",
        str(raw / "MAP.toml"),
        "--out",
        str(folder / "imported"),
        "--lang",
        "en",
    ]
    assert cli.main(arguments) == 0
    return folder, injected.by_rule


def test_every_table_comes_back_to_the_byte(county):
    folder, _ = county
    clean = {p.name: p.read_bytes() for p in (folder / CLEAN).iterdir() if p.suffix in {".csv", ".parquet"}}
    imported = {
        p.name: p.read_bytes() for p in (folder / "imported").iterdir() if p.suffix in {".csv", ".parquet"}
    }
    assert sorted(imported) == sorted(clean)
    assert [name for name in clean if imported[name] != clean[name]] == []


def test_every_dirt_is_counted_under_its_rule(county):
    folder, injected = county
    record = json.loads((folder / "imported" / "import" / "import.json").read_text("utf-8"))
    assert record["repairs"] == injected
    assert set(injected) <= set(rules())


def test_the_imported_study_is_the_clean_study(county):
    """Same decisions, same digests; only the truth stays behind."""
    folder, _ = county
    clean, imported = read_study(folder / CLEAN), read_study(folder / "imported")
    assert imported.tables == clean.tables
    assert imported.outcomes == clean.outcomes
    assert (imported.design, imported.models, imported.release) == (clean.design, clean.models, clean.release)


def test_nobody_arrives(county):
    folder, _ = county
    assert scan_folder(folder / "imported") == []


def test_the_injected_dirt_covers_the_rules(tmp_path):
    """What the import can repair is written by somebody; the rest is decided by a person or has its own test."""
    county = within(simulate(County(seed=1)), (0, 1))
    assert set(rules()) - set(write_dirty(county, tmp_path).by_rule) == set()


def test_estimates_of_the_imported_county_are_those_of_the_clean_one(county):
    folder, _ = county
    rows = []
    for name in (CLEAN, "imported"):
        study = read_study(folder / name)
        sample = select(read_table("village_year", study), study, "operating_surplus")
        rows.append(fit("imputation", sample.panel.without_models(), study.design).cells)
    assert rows[0].equals(rows[1])
