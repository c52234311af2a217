"""What is asked of a run and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.messages import Message
from analysis.report.progress import Progress


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended.

    status : complete, unchanged, failed or interrupted
    folder : the published run, or what is left of a failed one
    message : for people
    """

    status: str
    folder: Path
    manifest: dict[str, Any]
    exit_code: int
    message: Message


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for."""

    study_file: Path
    out: Path
    languages: tuple[str, ...]
    formats: tuple[str, ...]
    settings: dict[str, str]
    jobs: int
    cold: bool
    notebooks: Path
    limits: tuple[int, int]
    progress: Progress
