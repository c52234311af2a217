"""Notebook 06 on small studies: what is kept, what is said of it, what the public sees, and what was not asked."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from small_study import village_table, write_study

from analysis.report import sentences
from analysis.report.chapters import robustness
from analysis.report.page import open_page

DECLARED = """
[robustness.placebo_outcomes.weather]
column = "rain"
unit = "ratio"
label = { zh = "雨量", en = "Rain" }
reason = { zh = "天上下的", en = "It falls from the sky" }

[robustness.programmes.road]
column = "road"
label = { zh = "修路", en = "a road" }
reason = { zh = "路通了", en = "Roads sell fruit" }

[robustness.exposure]
share = 0.5
reason = { zh = "同一集市", en = "One market" }
"""


def page_of(tmp_path, *, more: str = "", language: str = "en", moved: float = 0.0, n: int = 80):
    table = village_table(n)
    rng = np.random.default_rng(3)
    treated = (table["first_year"] > 0) & (table["year"] >= table["first_year"])
    table["rain"] = rng.normal(10, 1, len(table)) + moved * treated
    town = [f"T{number}" for number in rng.integers(0, 5, n)]
    table["town"] = table["village"].map(dict(zip(table["village"].unique(), town, strict=True)))
    table["road"] = (table["village"].astype(int) % 16 == 1).astype(int)
    folder = write_study(tmp_path / "s", table, design=more)
    return open_page("06_robustness", study=str(folder), language=language, run_folder=str(tmp_path / "run"))


def asked(page):
    case = robustness.case(page, page.sample())
    return case, robustness.Further(
        robustness.scales(page, case),
        robustness.placebo_outcomes(page, case),
        robustness.placebo_units(page, case),
        robustness.spillover(page, case),
        robustness.curve(page, case),
    )


def kept(tmp_path) -> dict[str, dict]:
    files = (tmp_path / "run" / "estimates").glob("06-*.json")
    return {file.stem: json.loads(file.read_text("utf-8")) for file in files}


def test_every_number_that_is_said_is_kept(tmp_path):
    page = page_of(tmp_path, more=DECLARED)
    case, found = asked(page)
    page.specifications(case)
    said = [
        sentences.scales(found.scales, page.words), sentences.placebo_outcomes(found.placebo_outcomes, page.words),
        sentences.placebo_units(found.placebo_units, page.unit, page.words),
        sentences.spillover(found.spillovers, page.words), sentences.curve(found.curve, page.words),
    ]  # fmt: skip
    store = kept(tmp_path)

    assert set(store) == {
        f"06-income-{name}"
        for name in ("scales", "placebo-outcomes", "placebo-units", "spillovers", "response", "curve",
                     "joint-null", "specifications")
    }  # fmt: skip
    numbers = re.findall(r"[+−]?\d[\d,]*\.\d+", " ".join(said))
    assert numbers
    values = [json.dumps(content) for content in store.values()]
    amounts = {
        page.words.number(float(value), unit, signed=signed).replace("+", "")
        for text in values
        for value in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", text)
        for unit in ("yuan", "percent", "probability")
        for signed in (True, False)
    } | {"100.0", "50.0"}  # shares of specifications, and the declared share
    shares = {number for number in numbers if number.replace("+", "") not in amounts}
    assert shares <= {f"{100 * (found.curve.rows['conf_low'] > 0).mean():.1f}"}, shares


@pytest.mark.parametrize(("moved", "key"), [(0.0, "placebo_outcomes_quiet"), (5.0, "placebo_outcomes_found")])
def test_a_placebo_outcome_is_called_by_its_label(tmp_path, moved, key):
    page = page_of(tmp_path, more=DECLARED, moved=moved)
    _, found = asked(page)
    said = sentences.placebo_outcomes(found.placebo_outcomes, page.words)

    assert said.name == key
    assert ("Rain" in said) == bool(moved)
    rows = page.table("placebo_outcomes", found.placebo_outcomes).data["text/plain"]
    assert "Rain" in rows and "It falls from the sky" in rows


def test_the_verdict_takes_them_all(tmp_path):
    page = page_of(tmp_path, more=DECLARED, moved=5.0)
    case, found = asked(page)
    sample = page.sample()
    specifications = page.specifications(case)
    verdict = page.agreement(
        specifications, sample, page.pre_trend(sample, "varying"), page.placebo(case), found
    )

    assert verdict.word == "positive_sensitive"
    assert ("placebo_outcome", {"n": 1, "of": 1}) in verdict.reasons
    assert "without_programme" in set(specifications["change"])
    assert page.words.change("without_programme", "road") == "Without units with: a road"


def test_what_a_study_does_not_hold_is_listed_and_nothing_fails(tmp_path):
    page = page_of(tmp_path, n=24)
    case, found = asked(page)
    matters = robustness.not_asked(page, case, found)

    assert found.placebo_outcomes is None and found.placebo_units is None and found.spillovers is None
    assert matters == [
        "prices_index", "price_exposure", "programmes", "placebo_outcome", "placebo_unit", "spillovers",
    ]  # fmt: skip
    said = sentences.not_asked(matters, page.words)
    assert said.startswith("Not asked, because the study does not hold it: a price index")
    assert sentences.not_asked([], page.words) is None
    assert page.figure("exposure", found.spillovers) is None


def test_the_public_sees_no_small_count(tmp_path):
    page = page_of(tmp_path, more=DECLARED + '[release]\naudience = "public"\n')
    case, _ = asked(page)
    table = page.table("specification", page.specifications(case))
    road = next(line for line in table.data["text/plain"].splitlines() if "a road" in line)

    assert "fewer than 10" in road, "five villages got a road"
    counts = [
        value
        for content in kept(tmp_path).values()
        for row in content.get("rows", [])
        for name, value in row.items()
        if name.startswith("n_") and value
    ]
    assert counts and all(value >= 10 and value % 5 == 0 for value in counts)
