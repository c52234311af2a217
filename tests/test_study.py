"""study.toml: every mistake at once, each with the valid choices."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_study import STUDY, write_study

from analysis import estimators
from analysis.study import ESTIMATORS, StudyError, read_study


def problems(folder: Path, text: str) -> str:
    (folder / "study.toml").write_text(text, encoding="utf-8")
    with pytest.raises(StudyError) as caught:
        read_study(folder)
    return str(caught.value)


def test_a_study_is_read_once_and_frozen(small_study: Path) -> None:
    study = read_study(small_study)

    assert study.primary_outcome == "income"
    assert study.design.comparison_group == "not_yet_treated"
    assert study.table("village_year").never == (0,)
    with pytest.raises(Exception, match="frozen"):
        study.design.seed = 1


def test_every_mistake_is_listed_at_once_with_choices(small_study: Path) -> None:
    text = STUDY.format(design='base_perod = "varying"\nconf_level = 1.5\nseed = "x"').replace(
        'comparison_group = "not_yet_treated"', 'comparison_group = "not_yet"'
    )

    said = problems(small_study, text.replace("table = ", "tabel = "))

    assert (
        "[design] comparison_group: 'not_yet' is not allowed; choose never_treated, not_yet_treated" in said
    )
    assert "[design] base_perod: unknown entry" in said and "did you mean base_period?" in said
    assert "[design] conf_level" in said and "1.5" in said
    assert "[design] seed" in said
    assert "[outcomes.income] tabel: unknown entry" in said and "did you mean table?" in said
    assert "[outcomes.income] table: missing" in said


def test_a_slip_inside_a_nested_entry_lists_the_fields_of_that_entry(small_study: Path) -> None:
    text = (
        STUDY.format(design="") + '[plan.families.f]\nlabl = { zh = "a", en = "b" }\noutcomes = ["income"]\n'
    )

    assert "[plan.families.f] labl: unknown entry; choose label, outcomes, method" in problems(
        small_study, text
    )


def test_an_outcome_must_stand_on_a_panel_of_the_study(small_study: Path) -> None:
    said = problems(
        small_study, STUDY.format(design="").replace('table = "village_year"', 'table = "vilage_year"')
    )

    assert (
        "'vilage_year' is not a panel table of this study; choose village_year (did you mean village_year?)"
        in said
    )


def test_unknown_outcome_lists_the_choices(small_study: Path) -> None:
    with pytest.raises(StudyError, match=r"no outcome 'incme'; it defines income \(did you mean income\?\)"):
        read_study(small_study).outcome("incme")


def test_no_study_there_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="data/published/mpdta"):
        read_study(tmp_path)


def test_broken_toml_is_named(small_study: Path) -> None:
    assert "not a TOML file" in problems(small_study, "[study\nname = 1")


def test_truth_belongs_to_synthetic_studies_only(small_study: Path) -> None:
    said = problems(small_study, STUDY.format(design="") + '\n[truth]\nfolder = "truth"\n')

    assert "only a study with synthetic = true has known effects" in said


def test_the_external_folder_is_named_when_it_is_not_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COOPEVAL_DATA", str(tmp_path / "absent"))

    with pytest.raises(StudyError, match="COOPEVAL_DATA"):
        read_study("chongqing_land_coupon").path_of("county_year")


def test_changing_a_decision_checks_it_like_the_file(tmp_path: Path) -> None:
    study = read_study(write_study(tmp_path / "s"))

    changed = study.changed(outcome="income", covariates=("orchard",), base_period="universal")

    assert changed.covariates("village_year") == ("orchard",)
    assert changed.design.base_period == "universal" and study.design.base_period == "varying"
    with pytest.raises(StudyError, match="choose varying, universal"):
        study.changed(outcome="income", base_period="first")


def test_the_estimators_a_study_may_name_are_those_there_are() -> None:
    assert set(ESTIMATORS) == set(estimators.names())
