"""From a study.toml to its records."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import ValidationError

from analysis import paths
from analysis.study.errors import StudyError, listed, problems
from analysis.study.records import SECTIONS, Study


def read_study(where: Path | str) -> Study:
    """The study in a folder (or study.toml itself, or the name of a folder under data/).

    Raises
    ------
    StudyError : nothing there, not TOML, or any number of wrong, missing or unknown entries, all listed.
    """
    path = paths.study_file(where)
    if path is None:
        known = [paths.shown(p.parent) for p in paths.known_studies()]
        raise StudyError(
            Path(where), [f"no study.toml there; a study is a folder with one. Known: {listed(known)}"]
        )
    try:
        text = path.read_bytes().decode("utf-8-sig")
        content = tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StudyError(path, [f"not a TOML file in UTF-8: {error}"]) from error
    try:
        study = Study.model_validate(_lists_to_tuples(content))
    except ValidationError as error:
        raise StudyError(path, problems(error.errors(include_url=False), SECTIONS)) from error
    return study.model_copy(update={"folder": path.parent})


def _lists_to_tuples(value: object) -> object:
    if isinstance(value, dict):
        return {key: _lists_to_tuples(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return tuple(_lists_to_tuples(inner) for inner in value)
    return value
