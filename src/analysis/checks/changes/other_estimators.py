"""The same units and years by the other estimators of the study."""

from __future__ import annotations

from analysis.checks.changes._case import Case, Variant

THEME = "estimator"


def variants(case: Case) -> list[Variant]:
    """One variant per estimator that the design lists beside the main one."""
    return [
        Variant("estimator", case.panel, case.design, name, detail=name)
        for name in case.design.estimators
        if name != case.estimator
    ]
