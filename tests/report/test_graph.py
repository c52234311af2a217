"""A notebook whose matter the study does not hold is not run."""

from __future__ import annotations

from analysis import paths
from analysis.report import graph, parameters
from analysis.study import read_study


def planned(study: str) -> set[str]:
    notebooks = graph.found_notebooks(paths.notebooks())
    held = read_study(study)
    jobs = graph.plan(notebooks, parameters.check({}, held, list(notebooks)), held, ("zh", "en"))
    return {job.notebook for job in jobs}


def test_one_outcome_and_no_models_give_a_shorter_report():
    assert planned("mpdta") == {
        "01_data", "02_programme", "03_collective_income", "06_robustness", "06b_sensitivity", "07_validity", "07b_plan",
            "07c_published", "09_report",
    }  # fmt: skip


def test_the_synthetic_county_runs_every_notebook():
    assert planned("demo_county") == set(graph.found_notebooks(paths.notebooks()))
