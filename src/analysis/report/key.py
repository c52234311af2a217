"""What a report depends on, as digests: the same key means the same report.

Read before anything else is imported, so that an unchanged report costs no more than the hashing:
only the standard library here.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from analysis import paths

LENGTH = 8  # characters of the key that name a run


@dataclass(frozen=True, slots=True)
class Key:
    """Digests of all that a report is made from.

    study : name of the study
    inputs : shown path -> SHA-256 of study.toml and the files it names
    files : shown path -> the file itself
    code : SHA-256 over src/analysis, the notebooks and the proofs in data/ (simulations, published data)
    value : SHA-256 over everything, parameters, languages and formats included
    """

    study: str
    inputs: dict[str, str]
    files: dict[str, Path] = field(repr=False)
    code: str
    lock: str
    value: str

    @property
    def short(self) -> str:
        """The few characters that name a run."""
        return self.value[:LENGTH]


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def key_of(
    study_file: Path,
    *,
    languages: tuple[str, ...],
    formats: tuple[str, ...],
    settings: dict[str, str],
    notebooks: Path,
) -> Key:
    """Digests of what a report of this study would be made from, now."""
    files = input_files(study_file)
    inputs = {shown: sha256_of(path) for shown, path in files.items()}
    code = _digest_of_tree(
        paths.project() / "src" / "analysis",
        notebooks,
        *(paths.project() / "data" / proof for proof in ("validity", "published")),
    )
    lock = _digest_of_lock()
    content = json.dumps(
        [
            inputs,
            code,
            lock,
            _shared_sets(),
            list(languages),
            list(formats),
            settings,
            list(sys.version_info[:3]),
            sys.platform,
        ],
        sort_keys=True,
    )
    name = _content(study_file).get("study", {}).get("name", "study")
    value = hashlib.sha256(content.encode()).hexdigest()
    return Key(study=str(name), inputs=inputs, files=files, code=code, lock=lock, value=value)


def input_files(study_file: Path) -> dict[str, Path]:
    """study.toml and the existing files it names, by the path shown in artefacts.

    A study.toml that cannot be read gives itself alone; `read_study` says what is wrong with it.
    """
    folder = study_file.parent
    found = {paths.shown(study_file): study_file}
    content = _content(study_file)
    tables = content.get("tables", {})
    for table in tables.values() if isinstance(tables, dict) else []:
        if not isinstance(table, dict) or not isinstance(table.get("file"), str):
            continue
        base = paths.shared_data() if table.get("root") == "COOPEVAL_DATA" else folder
        if base is not None and (base / table["file"]).is_file():
            found[paths.shown(base / table["file"])] = base / table["file"]
    truth = content.get("truth", {})
    if isinstance(truth, dict) and isinstance(truth.get("folder"), str):
        for path in sorted((folder / truth["folder"]).glob("*")):
            if path.is_file():
                found[paths.shown(path)] = path
    return found


def changed_inputs(key: Key) -> list[str]:
    """Inputs that are no longer what they were when the key was taken, by shown path."""
    return [
        shown
        for shown, path in key.files.items()
        if not path.is_file() or sha256_of(path) != key.inputs[shown]
    ]


def unchanged_run(out: Path, key: Key) -> Path | None:
    """The newest complete run of the study in `out` if it was made from the same key and is intact."""
    manifests = sorted(out.glob(f"{key.study}-*/manifest.json"), reverse=True)
    for path in manifests:
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if manifest.get("status") != "complete" or manifest.get("study", {}).get("name") != key.study:
            continue
        intact = manifest.get("key") == key.value and all(
            (path.parent / name).is_file() and sha256_of(path.parent / name) == artefact["sha256"]
            for name, artefact in manifest["artefacts"].items()
        )
        return path.parent if intact else None
    return None


def _content(study_file: Path) -> dict:
    try:
        return tomllib.loads(study_file.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError):
        return {}


def _digest_of_tree(*folders: Path) -> str:
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            relative = path.relative_to(folder)
            if path.is_file() and not {"__pycache__", ".ipynb_checkpoints"} & set(relative.parts):
                digest.update(f"{relative.as_posix()} {sha256_of(path)}\n".encode())
    return digest.hexdigest()


def _shared_sets() -> list[str]:
    """Names of the real data sets that are read but never committed; what a proof cannot read it says is not here."""
    folder = paths.shared_data()
    return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder else []


def _digest_of_lock() -> str:
    path = paths.project() / "requirements.lock"
    return sha256_of(path) if path.is_file() else ""
