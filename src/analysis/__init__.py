"""Evaluation of village-Party-led cooperatives.

``import analysis as an`` and press Tab: every name below is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import Any

_FUNCTIONS = {
    "aggregate": "analysis.estimates", "contrast": "analysis.estimates", "release": "analysis.estimates",
    "verdict": "analysis.estimates", "check_study": "analysis.contract", "read_table": "analysis.contract",
    "fit": "analysis.estimators", "findings": "analysis.report.summary", "open_page": "analysis.report.page",
    "read_study": "analysis.study", "select": "analysis.samples", "specifications": "analysis.checks",
    "Case": "analysis.checks", "Design": "analysis.study", "Effects": "analysis.effects", "Estimates": "analysis.estimates",
    "Page": "analysis.report.page", "Panel": "analysis.samples", "Sample": "analysis.samples", "Study": "analysis.study",
    "Words": "analysis.words",
}  # fmt: skip
_MODULES = {
    "checks": "analysis.checks", "contract": "analysis.contract", "estimates": "analysis.estimates",
    "estimators": "analysis.estimators", "figures": "analysis.figures", "inference": "analysis.inference",
    "paths": "analysis.paths", "samples": "analysis.samples", "sentences": "analysis.report.sentences",
    "tables": "analysis.tables", "words": "analysis.words",
}  # fmt: skip

__all__ = sorted([*_FUNCTIONS, *_MODULES])  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(_MODULES[name])
    if name in _FUNCTIONS:
        return getattr(importlib.import_module(_FUNCTIONS[name]), name)
    raise AttributeError(f"module 'analysis' has no attribute {name!r}; it offers {', '.join(__all__)}")


def __dir__() -> list[str]:
    return [*__all__, "__doc__", "__file__", "__name__", "__path__"]
