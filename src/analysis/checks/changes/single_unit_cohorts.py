"""Cohorts of a single unit, whose own fortune cannot be told from an effect, are left out."""

from __future__ import annotations

import numpy as np

from analysis.checks.changes._case import Case, Variant, without

THEME = "sample"


def variants(case: Case) -> list[Variant]:
    """Without the cohorts of one unit; nothing where every cohort has more."""
    years, counts = np.unique(case.panel.cohort[np.isfinite(case.panel.cohort)], return_counts=True)
    single = years[counts == 1]
    return [without("without_single_units", case, np.isin(case.panel.cohort, single))] if len(single) else []
