"""Which notebooks are run, how often, and what waits for what."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from analysis.report.parameters import Parameters, outcomes_of
from analysis.study import Study

SUMMARY = "09_report"  # reads what all others saved
MODELS_COMPARED = "05_ten_models"  # needs a study that tells models apart


@dataclass(frozen=True, slots=True)
class Job:
    """One run of one notebook.

    name : NN_name.language[.outcome], also the executed notebook's file name
    after : names of the jobs that must be complete before
    """

    name: str
    notebook: str
    path: Path
    language: str
    outcome: str
    parameters: dict[str, object]
    after: frozenset[str]


def found_notebooks(folder: Path) -> dict[str, Path]:
    """Numbered notebooks of a folder by name, in order."""
    return {path.stem: path for path in sorted(folder.glob("[0-9][0-9]*_*.ipynb"))}


def plan(
    notebooks: dict[str, Path], parameters: dict[str, Parameters], study: Study, languages: tuple[str, ...]
) -> list[Job]:
    """Every run of every notebook: over the languages, and over the outcomes where a notebook takes one."""
    jobs: list[Job] = []
    for notebook, path in notebooks.items():
        if notebook != SUMMARY:
            jobs += _runs(notebook, path, parameters[notebook], study, languages, frozenset())
    if SUMMARY in notebooks:
        others = frozenset(job.name for job in jobs)
        jobs += _runs(SUMMARY, notebooks[SUMMARY], parameters[SUMMARY], study, languages, others)
    return jobs


def _runs(
    notebook: str,
    path: Path,
    parameters: Parameters,
    study: Study,
    languages: tuple[str, ...],
    after: frozenset[str],
) -> list[Job]:
    values = parameters.model_dump()
    chosen = str(values.get("outcome", ""))
    outcomes = [chosen] if chosen else outcomes_of(notebook, study)
    if "outcome" in values and not (outcomes and _has_matter(notebook, study)):
        return []  # the report says what was not measured; a notebook without its matter has nothing to add
    if any(getattr(study, section) is None for section in parameters.needs):
        return []
    outcomes = outcomes or [""]
    jobs = []
    for outcome in outcomes:
        for language in languages:
            name = ".".join(part for part in (notebook, language, outcome) if part)
            own = values | {"language": language} | ({"outcome": outcome} if "outcome" in values else {})
            jobs.append(Job(name, notebook, path, language, outcome, own, after))
    return jobs


def _has_matter(notebook: str, study: Study) -> bool:
    """Whether the study holds what the notebook is about: for the comparison of models, two models or more."""
    if notebook != MODELS_COMPARED:
        return True
    key = study.outcomes[study.primary_outcome].table
    column = study.table(key).model
    if not column:
        return False
    from analysis.contract import read_table

    return read_table(key, study)[column].replace({"": None, "M00": None}).nunique() >= 2
