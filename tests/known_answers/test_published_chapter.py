"""The chapter on published answers: what it shows, where data are absent, and that nothing missed is left out."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pandas as pd
import pytest

from analysis.checks.published.trainees import FEW, METHODS, SURVEYS
from analysis.report import sentences
from analysis.report.chapters import published as chapter
from analysis.report.page import Page, open_page
from analysis.tables import table_module

languages = pytest.mark.parametrize("language", ["zh", "en"])


def page(language: str = "en", folder: object = "") -> Page:
    opened = open_page("07c_published", study="data/demo_county", language=language, run_folder=str(folder))
    return chapter.on_public_data(opened)


@cache
def found() -> chapter.Published:
    return chapter.published(page())


def with_status(rows: pd.DataFrame, **statuses: str) -> pd.DataFrame:
    """The rows with all answers on these data sets given a status."""
    changed = rows.copy()
    for data, status in statuses.items():
        changed.loc[changed["data"] == data, ["status", "reason"]] = [status, "not_redistributed"]
    return changed


def test_exhibits_on_public_data_are_not_called_synthetic(tmp_path) -> None:
    opened = open_page("07c_published", study="data/demo_county", language="en")
    synthetic = opened.words("terms.synthetic")

    assert synthetic in opened.table("published_counts", chapter.counts(found())).note
    assert synthetic not in page().table("published_counts", chapter.counts(found())).note
    assert opened.study.about.synthetic, "the study itself is left as it was"


def test_counts_add_up_and_the_sentence_says_the_same() -> None:
    counts = chapter.counts(found())
    said = sentences.published_summary(found().rows, page().words)

    assert counts["answers"].sum() == len(found().rows)
    assert (
        counts[["matched", "estimate_only", "missed", "not_computed", "not_here"]].sum(axis=1)
        == counts["answers"]
    ).all()
    for column in ("answers", "matched", "missed", "not_computed"):
        assert f"{counts[column].sum():,}" in said


@languages
def test_whatever_is_not_matched_is_printed_with_its_reason(language) -> None:
    words = page(language).words
    lists = table_module("published_answers").make(found().lists, words)
    references = table_module("published_references").make(found().references, words)

    for rows, text in (
        (found().lists, lists.note),
        (found().references, " ".join(row[-1] for row in references.rows)),
    ):
        others = rows[rows["status"] != "matched"]
        assert len(others) > 0 and (others["reason"] != "").all()
        for reason in set(others["reason"]):
            assert words(f"published_reasons.{reason}") in text
    assert [row[0] for row in references.rows] == list(dict.fromkeys(found().references["row"]))


def test_every_number_of_the_lists_is_printed_once() -> None:
    printed = table_module("published_answers").make(found().lists, page().words)

    cells = "; ".join(row[3] for row in printed.rows)
    numbers = [part.split(" ")[0].replace("−", "-").rstrip(",") for part in cells.split("; ")]
    assert sorted(numbers) == sorted(found().lists["printed"])
    assert len(printed.rows) < len(found().lists) - 30, "series share a row"


def test_a_series_keeps_a_miss_apart() -> None:
    """Seven event times share one row; with one of them missed there are two rows and the reason is told."""
    rows = (
        found().lists[found().lists["key"].str.startswith("cs_e") & (found().lists["data"] == "mpdta")].copy()
    )
    assert len(table_module("published_answers").make(rows, page().words).rows) == 1

    rows.loc[rows["key"] == "cs_e2", ["status", "reason"]] = ["missed", "band_scale"]
    made = table_module("published_answers").make(rows, page().words)
    assert [row[-1] for row in made.rows] == ["matched", "missed"]
    assert made.rows[1][3].startswith("−0.1373")
    assert page().words("published_reasons.band_scale") in made.note


@languages
def test_data_that_are_not_here_are_said_not_to_be(language) -> None:
    words = page(language).words
    rows = with_status(
        found().rows, california_prop99="not_here", zambia_conservation_agriculture="not_here",
        bangladesh_microcredit="matched",
    )  # fmt: skip
    partly = chapter.Published(rows)

    assert partly.absent is not None
    said = sentences.published_not_here(partly.of("others"), words)
    assert words("published_data.california_prop99") in said
    assert words("published_data.bangladesh_microcredit") not in said
    shown = partly.main("others")
    assert shown is None or set(shown["data"]) <= {"bangladesh_microcredit"}
    nothing = chapter.Published(with_status(rows, bangladesh_microcredit="not_here"))
    assert nothing.held("others") is None and nothing.main("others") is None
    assert sentences.published_group(nothing.held("others"), words) is None
    assert page(language).missing("published", None).box == "missing"


def test_the_main_answers_are_answers() -> None:
    known = set(zip(found().rows["data"], found().rows["key"], strict=True))

    assert {(data, key) for data, keys in chapter.MAIN.items() for key in keys} <= known
    assert {data for group in chapter.PROGRAMMES.values() for data in group} == set(chapter.MAIN)


def test_trainees_are_told_apart_by_how_many_stand_behind_the_answer() -> None:
    rows = chapter.trainees(page()).set_index(["method", "comparison"])

    assert len(rows) == 1 + len(METHODS) * len(SURVEYS)
    assert rows.loc[("experiment", "own"), "estimate"] == pytest.approx(1794.342, abs=1e-3)
    assert rows.loc[("difference", "psid"), "estimate"] == pytest.approx(-15204.777, abs=1e-3)
    assert rows.loc[("ipw", "psid"), "effective_n"] < 10 < FEW < rows.loc[("ipw", "cps"), "effective_n"]
    assert rows.xs("psid", level="comparison")["thin"].sum() == 5
    assert not rows.xs("cps", level="comparison")["thin"].any()


@languages
def test_the_lesson_follows_from_the_numbers(language) -> None:
    rows = chapter.trainees(page())
    words = page(language).words
    usual = sentences.published_trainees(rows, words)
    assert usual.name == "published_trainees" and "1,794" in usual and "−15,205" in usual and "1,724" in usual

    moved = rows.copy()
    at = (moved["method"] == "ols") & (moved["comparison"] == "cps")
    moved.loc[at, ["conf_low", "conf_high"]] = [-172.0, 1500.0]
    assert sentences.published_trainees(moved, words).name == "published_trainees_mixed"
    moved = rows.copy()
    moved.loc[(moved["method"] == "difference") & (moved["comparison"] == "cps"), "estimate"] = 900.0
    assert sentences.published_trainees(moved, words).name == "published_trainees_mixed"


def test_what_is_shown_is_kept(tmp_path) -> None:
    here = page(folder=tmp_path)
    chapter.published(here)
    chapter.trainees(here)
    kept = {name: json.loads((tmp_path / "estimates" / f"{name}.json").read_text("utf-8")) for name in
            ("07c-published", "07c-published-trainees")}  # fmt: skip

    assert len(kept["07c-published"]["rows"]) == len(found().rows)
    first = kept["07c-published"]["rows"][0]
    assert {"data", "key", "printed", "tolerance", "estimate", "std_error", "status", "reason"} <= set(first)
    assert np.isfinite([row["estimate"] for row in kept["07c-published-trainees"]["rows"]]).all()
