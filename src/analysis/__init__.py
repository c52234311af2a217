"""Evaluation of village-Party-led cooperatives.

``import analysis as an`` and press Tab: every name below is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOME = {
    "analysis.checks": ("Case", "specifications"),
    "analysis.contract": ("check_study", "read_table"),
    "analysis.effects": ("Effects",),
    "analysis.estimates": ("Estimates", "aggregate", "contrast", "release", "verdict"),
    "analysis.estimators": ("fit",),
    "analysis.intake.account": ("read_account",),
    "analysis.report.page": ("Page", "open_page"),
    "analysis.report.summary": ("findings",),
    "analysis.samples": ("Panel", "Sample", "select"),
    "analysis.study": ("Design", "Study", "read_study"),
    "analysis.words": ("Words",),
}
_NAMES = {name: module for module, names in _HOME.items() for name in names}
_MODULES = {
    "chapters": "analysis.report.chapters", "checks": "analysis.checks", "contract": "analysis.contract",
    "estimates": "analysis.estimates",
    "estimators": "analysis.estimators", "figures": "analysis.figures", "inference": "analysis.inference",
    "paths": "analysis.paths", "samples": "analysis.samples", "sentences": "analysis.report.sentences",
    "tables": "analysis.tables", "words": "analysis.words",
}  # fmt: skip

__all__ = sorted([*_NAMES, *_MODULES])


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(_MODULES[name])
    if name in _NAMES:
        return getattr(importlib.import_module(_NAMES[name]), name)
    raise AttributeError(f"module 'analysis' has no attribute {name!r}; it offers {', '.join(__all__)}")


def __dir__() -> list[str]:
    return [*__all__, "__doc__", "__file__", "__name__", "__path__"]
