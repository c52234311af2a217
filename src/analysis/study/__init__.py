"""Every decision of an evaluation, read once from study.toml into a frozen record."""

from analysis.study.errors import StudyError
from analysis.study.reading import read_study
from analysis.study.records import (
    ESTIMATORS,
    About,
    Design,
    Estimator,
    Model,
    Outcome,
    Release,
    Study,
    Table,
    Text,
    TrueEffect,
    Truth,
)

__all__ = [
    "ESTIMATORS", "About", "Design", "Estimator", "Model", "Outcome", "Release", "Study", "StudyError", "Table", "Text",
    "TrueEffect", "Truth", "read_study",
]  # fmt: skip
