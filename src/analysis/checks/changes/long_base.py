"""Compared with the mean of several periods before adoption instead of the last one.

    effect(g, t) = E[Y_t - mean(Y_{g-k}, ..., Y_{g-1}) | g] - the same of units not yet treated by t

One unusual year before adoption then moves the result a k-th as far. What is called the universal base period changes
no effect after adoption, so it is no alternative here.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from analysis.checks.changes._case import Case, Variant
from analysis.effects import Effects, EstimatorError
from analysis.estimators import fit
from analysis.estimators._cells import first_treated
from analysis.messages import Message
from analysis.samples.panel import Panel
from analysis.study import Design

THEME = "timing"


def variants(case: Case) -> list[Variant]:
    """The mean of the declared number of periods as base; for group-time effects only, others use all periods anyway."""
    if case.estimator != "group_time" or not case.has_histories:
        return []
    method = partial(fit_long_base, n_periods=case.held.base_periods)
    return [
        Variant("long_base", case.panel, case.design, case.estimator, str(case.held.base_periods), fit=method)
    ]


def fit_long_base(panel: Panel, design: Design, *, n_periods: int) -> Effects:
    """Effects after adoption of the cohorts that have as many periods before it.

    Raises
    ------
    EstimatorError : no cohort has.
    """
    found = []
    for cohort in panel.cohorts:
        start = int(first_treated(panel.years, cohort, design.anticipation))
        if n_periods <= start < len(panel.years):
            outcome = panel.outcome.copy()
            outcome[:, start - 1] = outcome[:, start - n_periods : start].mean(axis=1)
            effects = fit("group_time", replace(panel, outcome=outcome), design)
            own = (effects.cells["cohort"] == cohort) & (effects.cells["year"] >= panel.years[start])
            found.append(_only(effects, own.to_numpy()))
    if not found:
        raise EstimatorError(
            Message(
                f"no cohort has {n_periods} periods before adoption",
                f"没有一个批次在采用前有{n_periods}期数据",
            )
        )
    return replace(
        found[0],
        cells=pd.concat([e.cells for e in found], ignore_index=True),
        **{
            name: _beside([getattr(e, name) for e in found])
            for name in ("influence", "treated", "comparison")
        },
    )


def _only(effects: Effects, cells: np.ndarray) -> Effects:
    parts = {name: getattr(effects, name).loc[:, cells] for name in ("influence", "treated", "comparison")}
    return replace(effects, cells=effects.cells[cells], **parts)


def _beside(parts: list[pd.DataFrame]) -> pd.DataFrame:
    joined = pd.concat(parts, axis=1)
    return joined.set_axis(range(joined.shape[1]), axis=1)
