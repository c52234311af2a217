"""Does one township, or one adoption year, make the result? Each is left out in turn."""

from __future__ import annotations

import numpy as np

from analysis.checks.changes._case import Case, Variant, without

THEME = "left_out"
MOST = 20  # groups; with more of them no single one can carry the result


def variants(case: Case) -> list[Variant]:
    """Without each group where there are 3 to MOST of them, and without each cohort where there are several."""
    groups = np.unique(case.group) if case.group is not None else np.array([])
    made = []
    if 3 <= len(groups) <= MOST:
        made += [without("without_group", case, case.group == group, str(group)) for group in groups]
    inside = [c for c in case.panel.cohorts if case.panel.years[0] < c <= case.panel.years[-1]]
    if len(inside) > 1:
        made += [without("without_cohort", case, case.panel.cohort == c, f"{c:.0f}") for c in inside]
    return made
