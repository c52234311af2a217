"""Notebook 07: sentences and tables say what the stored numbers say, and how old they are."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from analysis.checks.validity import SCENARIOS, stored
from analysis.checks.validity.scenarios import MEMBER_METHODS, METHODS
from analysis.checks.validity.stored import Recomputed
from analysis.report import sentences
from analysis.report.chapters import validity
from analysis.report.page import open_page
from analysis.tables import table_module
from analysis.tables.rehearsal import quantity

SENTENCES = (
    "methods_unbiased", "methods_cover", "few_adopters", "members_matched", "ladder_over_seeds", "rehearsal_kept",
    "made_with",
)  # fmt: skip


def page(language: str, study: str = "data/demo_county"):
    return open_page("07_validity", study=study, language=language)


@pytest.fixture(scope="module")
def proof():
    return validity.proof(page("en"))


def one(proof, scenario: str, method: str):
    rows = proof.rows
    return rows[(rows["scenario"] == scenario) & (rows["method"] == method)].iloc[0]


def changed(proof, scenario: str, method: str, **values: object):
    rows = proof.rows.copy()
    at = (rows["scenario"] == scenario) & (rows["method"] == method)
    rows.loc[at, list(values)] = list(values.values())
    return replace(proof, rows=rows)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_scenario_method_and_quantity_has_a_name(proof, language):
    words = page(language).words
    names = [words(f"validity_scenarios.{key}") for key in SCENARIOS]
    names += [words(f"validity_methods.{key}") for key in (*METHODS, *MEMBER_METHODS)]
    names += [quantity(key, words) for key in proof.rehearsed["quantity"]]

    assert len(set(names)) == len(names)
    assert all(words(f"validity_worlds.{key}") for key in SCENARIOS)


def test_the_numbers_in_sentences_are_those_of_the_table(proof):
    words = page("en").words
    hidden, twoway = one(proof, "unobserved", "group_time"), one(proof, "growing", "twfe")

    said = sentences.methods_unbiased(proof, words)
    assert f"{twoway['estimate'] / twoway['truth']:.1%} of the truth" in said
    assert f"hold the truth in {hidden['coverage']:.1%} of counties" in said
    asked = proof.villages["ask"].isin(["required", "unbiased", "near"]).sum()
    assert f"Of {asked} demands for no bias, {asked} are met" in said
    few = sentences.few_adopters(proof, words)
    size = proof.villages.set_index("scenario").loc["five_treated", "excludes_zero"]
    assert f"report {size.min():.1%} to {size.max():.1%}" in few
    assert "100.0% of the results come without an interval" in few


def test_what_is_missed_is_named_and_not_counted_away(proof):
    words = page("en").words
    row = one(proof, "growing", "imputation")
    broken = changed(proof, "growing", "imputation", bias_errors=9.0, coverage=0.8, verdict="missed")

    for said in (sentences.methods_unbiased(broken, words), sentences.methods_cover(broken, words)):
        assert "**Missed: Growing effect, adoption by lot: Imputation.**" in said
    assert "Missed" not in sentences.methods_unbiased(proof, words)
    assert row["verdict"] == "met"
    easy = changed(proof, "growing", "twfe", verdict="not_seen")
    assert "Not seen to fail: Growing effect, adoption by lot: Two-way fixed effects." in (
        sentences.methods_unbiased(easy, words)
    )
    lost = changed(proof, "members_by_lot", "aipw", verdict="missed")
    assert sentences.members_matched(lost, words) == "**Missed: Joining by lot: Doubly robust weights.**"


def test_an_interval_below_the_floor_is_not_hidden(proof):
    words = page("en").words
    rows = proof.villages[proof.villages["scenario"].isin(["three_treated", "two_treated"])]
    share = 1 - rows["draws"].iloc[0] / rows["draws"].sum()
    leaking = changed(proof, "two_treated", "twfe", with_interval=rows["draws"].iloc[0])

    assert f"{share:.1%} of the results come without an interval" in sentences.few_adopters(leaking, words)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Source files behind them that have changed since: 1 (`estimators/twfe.py`)"),
        ("zh", "其后有 1 个源文件改动过（`estimators/twfe.py`）"),
    ],
)
def test_older_numbers_are_called_older(proof, language, said):
    words = page(language).words
    fresh = {kind: replace(kept, changed=()) for kind, kept in proof.stored.items()}
    old = fresh | {"villages": replace(fresh["villages"], changed=("estimators/twfe.py",))}

    assert said in sentences.made_with(replace(proof, stored=old), words)
    now = sentences.made_with(replace(proof, stored=fresh), words)
    assert said not in now and words("sentences.validity_current") in now
    assert "coopeval validate --scenario all --draws 1000" in now and "coopeval validate --ladder" in now


def test_numbers_that_do_not_come_out_again_are_said_to_differ():
    words = page("en").words
    same = sentences.made_again(Recomputed("growing", 30, 360, 360, 5e-13), words)
    other = sentences.made_again(Recomputed("growing", 30, 360, 12, 0.2), words)

    assert "all 360 numbers are the same (relative differences below 1e−9)" in same
    assert "only 12 of 360 numbers are the same" in other and other.startswith("**")


def test_the_live_run_gives_the_stored_numbers(proof):
    found = validity.again(page("en"), proof)

    assert (found.draws, found.numbers) == (30, 30 * 3 * 4)
    assert found.same == found.numbers


@pytest.mark.parametrize("language", ["zh", "en"])
def test_without_stored_results_the_page_says_so(monkeypatch, tmp_path, language):
    monkeypatch.setattr(stored, "folder", lambda: tmp_path)
    here = page(language)
    nothing = validity.proof(here)

    assert nothing is None
    assert here.missing("validity", nothing).box == "missing"
    assert all(getattr(sentences, name)(nothing, here.words) is None for name in SENTENCES)
    assert sentences.made_again(validity.again(here, nothing), here.words) is None


def test_half_of_the_stored_results_is_not_enough(monkeypatch, tmp_path):
    for name in ("recovery.csv", "first_draws.csv", "made.json"):
        shutil.copy(stored.folder() / name, tmp_path / name)
    monkeypatch.setattr(stored, "folder", lambda: tmp_path)

    assert validity.proof(page("en")) is None


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_tables_print_every_row(proof, language):
    words = page(language).words
    scenarios = table_module("scenarios").make(proof.rows, words)
    table = table_module("recovery").make(proof.villages, words)
    rehearsed = table_module("rehearsal").make(proof.rehearsed, words)

    assert len(scenarios.rows) == len(SCENARIOS)
    assert len(table.rows) == len(proof.villages)
    assert len(rehearsed.rows) == len(proof.rehearsed) == 22
    assert not any(
        "nan" in cell.lower() for made in (scenarios, table, rehearsed) for row in made.rows for cell in row
    )
    below = [row for row in table.rows if row[0] == words("validity_scenarios.two_treated")]
    assert {row[5] for row in below} == {"—"} and {row[8] for row in below} == {"100.0%"}


def test_the_page_is_about_methods_and_the_same_for_every_study(proof):
    other = validity.proof(page("en", "mpdta"))

    assert other.rows.equals(proof.rows)
