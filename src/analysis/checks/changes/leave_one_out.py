"""Does one township, or one adoption year, make the result? Each is left out in turn."""

from __future__ import annotations

import numpy as np

from analysis.checks.changes._case import Case, Variant

MOST = 20  # groups; with more of them no single one can carry the result, and cohorts are left out instead


def variants(case: Case) -> list[Variant]:
    """Without each group where there are 3 to MOST of them, else without each cohort where there are several."""
    groups = np.unique(case.group) if case.group is not None else np.array([])
    if 3 <= len(groups) <= MOST:
        return [_without("without_group", case, case.group != group, str(group)) for group in groups]
    inside = [c for c in case.panel.cohorts if case.panel.years[0] < c <= case.panel.years[-1]]
    if len(inside) < 2:
        return []
    return [
        _without("without_cohort", case, case.panel.cohort != cohort, f"{cohort:.0f}") for cohort in inside
    ]


def _without(change: str, case: Case, kept: np.ndarray, detail: str) -> Variant:
    return Variant(change, case.panel.keep(kept), case.design, case.estimator, detail)
