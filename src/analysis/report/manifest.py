"""What a run was made from and what it made, as JSON that holds no machine, user or folder name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from analysis.report.environment import Code, described
from analysis.report.executed import Failure
from analysis.report.key import Key, sha256_of
from analysis.study import Study

SCHEMA = 1
NAME = "manifest.json"
# Suffixes whose bytes follow from inputs and code alone
REPRODUCIBLE = {".html", ".pdf", ".ipynb", ".json", ".svg", ".png", ".csv", ".tex", ".md", ".xlsx"}


def described_run(
    *,
    run: str,
    status: str,
    study: Study,
    key: Key,
    code: Code,
    languages: tuple[str, ...],
    formats: tuple[str, ...],
    settings: dict[str, str],
    parameters: dict[str, dict[str, object]],
) -> dict[str, Any]:
    """Everything about a run but its artefacts and timings."""
    return {
        "schema": SCHEMA,
        "run": run,
        "status": status,
        "study": {
            "name": study.about.name,
            "title": study.about.title.model_dump(),
            "synthetic": study.about.synthetic,
            "audience": study.release.audience,
        },
        "key": key.value,
        "inputs": key.inputs,
        "code": {
            "commit": code.commit or "unknown",
            "dirty": code.dirty,
            "sha256": key.code,
            "lock": key.lock,
        },
        "languages": list(languages),
        "formats": list(formats),
        "settings": settings,
        "parameters": parameters,
        "seeds": {"design": study.design.seed, "PYTHONHASHSEED": 0},
        "environment": described(),
    }


def artefacts_of(folder: Path) -> dict[str, dict[str, object]]:
    """Digest and size of every file of a run but its manifest."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != NAME]
    return {
        path.relative_to(folder).as_posix(): {"sha256": sha256_of(path), "bytes": path.stat().st_size}
        for path in files
    }


def reproducible_of(artefacts: dict[str, Any]) -> list[str]:
    """The artefacts whose bytes are the same whenever inputs and code are."""
    return [name for name in artefacts if Path(name).suffix in REPRODUCIBLE]


def failures_as_data(failures: list[Failure]) -> list[dict[str, Any]]:
    """Failures as plain data."""
    return [failure.record() for failure in failures]


def as_json(manifest: dict[str, Any]) -> bytes:
    """The manifest's file."""
    return (json.dumps(manifest, ensure_ascii=False, indent=1) + "\n").encode()
