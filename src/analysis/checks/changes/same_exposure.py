"""Every cohort followed for the same number of years: early adopters do not count more for having been observed longer.

The balanced average of Callaway, Sant'Anna (2021): effects up to the number of years after adoption that every
cohort reaches inside the panel.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from analysis.checks.changes._case import Case, Variant
from analysis.effects import Effects
from analysis.estimators import fit, gives_one_effect
from analysis.samples.panel import Panel
from analysis.study import Design

THEME = "timing"


def variants(case: Case) -> list[Variant]:
    """Effects of as many years after adoption as all cohorts have; nothing where all have the same number anyway."""
    inside = [c for c in case.panel.cohorts if case.panel.years[0] < c <= case.panel.years[-1]]
    if gives_one_effect(case.estimator) or len(inside) < 2:
        return []
    last = int(case.panel.years[-1] - max(inside))
    method = partial(fit_same_exposure, estimator=case.estimator, last=last)
    return [Variant("same_exposure", case.panel, case.design, case.estimator, str(last + 1), fit=method)]


def fit_same_exposure(panel: Panel, design: Design, *, estimator: str, last: int) -> Effects:
    """The estimator's effects without the cells more than `last` years after adoption."""
    effects = fit(estimator, panel, design)
    kept = np.asarray((effects.cells["year"] - effects.cells["cohort"]) <= last)
    parts = {
        name: getattr(effects, name).loc[:, kept].set_axis(range(int(kept.sum())), axis=1)
        for name in ("influence", "treated", "comparison")
    }
    return replace(effects, cells=effects.cells[kept].reset_index(drop=True), **parts)
