"""MAP.toml: what a researcher says about files before they are imported."""

from analysis.intake.mapping.mistakes import MapError
from analysis.intake.mapping.reading import read_map
from analysis.intake.mapping.records import (
    SPECIAL,
    ColumnMap,
    Decision,
    ImportMap,
    ImportSection,
    Source,
)

__all__ = [
    "SPECIAL",
    "ColumnMap",
    "Decision",
    "ImportMap",
    "ImportSection",
    "MapError",
    "Source",
    "read_map",
]
