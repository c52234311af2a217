"""The repairs an import can make: their words and what one count is."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Rule:
    """A repair. no : row of the dirt catalogue, 0 for decisions of a person; per : cell, row, column, sheet or file."""

    no: int
    per: str
    zh: str
    en: str


@cache
def rules() -> dict[str, Rule]:
    """Every repair by key, in the order of the catalogue."""
    text = (resources.files("analysis.intake") / "rules.toml").read_text(encoding="utf-8")
    return {key: Rule(**entry) for key, entry in tomllib.loads(text).items()}
