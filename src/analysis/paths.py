"""Folders: of the project, of studies, of data that may not be redistributed."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def project() -> Path:
    """The checkout: the folder with notebooks/ and data/."""
    return _PACKAGE.parent.parent


def notebooks() -> Path:
    """The folder of the numbered notebooks."""
    return project() / "notebooks"


def reports() -> Path:
    """Where runs are published unless `--out` says otherwise."""
    return project() / "reports"


def shared_data() -> Path | None:
    """The folder of real data that are read but never committed: COOPEVAL_DATA, else the usual neighbour."""
    named = os.environ.get("COOPEVAL_DATA", "")
    if named:
        folder = Path(named).expanduser()
        return folder if folder.is_dir() else None
    neighbour = project().parent / "shared" / "data" / "real"
    return neighbour if neighbour.is_dir() else None


def study_file(where: Path | str) -> Path | None:
    """study.toml in the folder `where`, or `where` itself, or of the study so named; None if there is none."""
    given = Path(where)
    candidates = [given, given / "study.toml", project() / given, project() / given / "study.toml"]
    candidates += [p for p in known_studies() if p.parent.name == str(where)]
    for path in candidates:
        if path.suffix == ".toml" and path.is_file():
            return path.resolve()
    return None


def known_studies() -> list[Path]:
    """study.toml of every study folder that comes with the project."""
    data = project() / "data"
    return sorted([*data.glob("*/study.toml"), *data.glob("*/*/study.toml")])


def shown(path: Path) -> str:
    """A path as printed in messages and artefacts: relative to the project, else its last two parts."""
    try:
        return path.resolve().relative_to(project()).as_posix()
    except ValueError:
        return "/".join(path.parts[-2:])
