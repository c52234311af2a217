"""Wrong parameters never run, and the message teaches the right ones."""

from pathlib import Path

import pytest

from analysis import paths
from analysis.report import parameters
from analysis.report.errors import ParameterError
from analysis.study import read_study

NOTEBOOKS = list(parameters.MODELS)


@pytest.fixture(scope="module")
def study(tmp_path_factory, make_study):
    return read_study(make_study(tmp_path_factory.mktemp("study")))


def problems(settings, study):
    with pytest.raises(ParameterError) as error:
        parameters.check(settings, study, NOTEBOOKS)
    assert error.value.exit_code == 2
    return error.value.problems


def test_defaults_and_settings(study):
    made = parameters.check(
        {"03_collective_income.estimator": "twfe", "05.outcome": "grants"}, study, NOTEBOOKS
    )

    assert made["03_collective_income"].estimator == "twfe"
    assert made["05_ten_models"].outcome == "grants"
    assert made["04_household_income"].estimator == "group_time"


def test_every_mistake_is_told_at_once(study):
    found = problems(
        {
            "03_colective_income.estimator": "twfe",
            "03_collective_income.estimater": "twfe",
            "03_collective_income.estimator": "tfwe",
            "03_collective_income.outcome": "surpluss",
            "01_data.language": "en",
            "estimator": "twfe",
        },
        study,
    )

    assert len(found) == 6
    told = "\n".join(found)
    assert all(name in told for name in NOTEBOOKS)
    assert "did you mean 03_collective_income?" in told
    assert "did you mean estimator?" in told
    assert "choose group_time, imputation, saturated, twfe (did you mean twfe?)" in told
    assert "choose surplus, grants (did you mean surplus?)" in told
    assert "'language' is set by the run itself" in told


def test_a_notebook_about_what_was_not_measured_takes_no_outcome(study):
    assert "measured no outcome" in problems({"04_household_income.outcome": "surplus"}, study)[0]


@pytest.mark.parametrize("value", ["014407", "1423e1", "33_01", "no", "12.0"])
def test_codes_stay_text(value):
    assert parameters._typed(value, str) == value


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [("12", int, 12), ("-3", int, -3), ("2.5e1", float, 25.0), ("true", bool, True)],
)
def test_text_becomes_what_the_parameter_is(text, kind, value):
    made = parameters._typed(text, kind)
    assert made == value and type(made) is kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("2020.5", int),
        ("１２", int),
        ("1_000", int),
        ("٣", int),
        ("twenty", int),
        ("yes", bool),
        ("nan", float),
    ],
)
def test_text_of_another_kind_is_refused(text, kind):
    with pytest.raises(ValueError, match=text.replace(".", r"\.")):
        parameters._typed(text, kind)


def test_a_parameters_cell_that_differs_is_named(tmp_path, make_notebooks):
    folder = make_notebooks(tmp_path)
    path = folder / "03_collective_income.ipynb"
    assert parameters.differences(path) == []

    path.write_text(path.read_text().replace("group_time", "twfe").replace("language: str", "langage: str"))
    assert [line.split(":")[1].split()[0] for line in parameters.differences(path)] == [
        "estimator", "langage", "language",
    ]  # fmt: skip


@pytest.mark.parametrize("path", sorted(paths.notebooks().glob("*.ipynb")), ids=lambda p: p.stem)
def test_notebooks_agree_with_their_models(path: Path):
    assert parameters.differences(path) == []
