"""Panels of the real data sets, the changes that published answers make to them, and fits kept for all who ask."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd

from analysis import estimators
from analysis.contract import read_table
from analysis.effects import Effects
from analysis.estimates import aggregate
from analysis.samples import Panel, select
from analysis.study import Design, Study, read_study

NEVER, NOT_YET = "never_treated", "not_yet_treated"


def _without_never(panel: Panel) -> Panel:
    return panel.keep(np.isfinite(panel.cohort))


def _growing(panel: Panel) -> Panel:
    """The course exercise's constructed outcome: 0.01 more per year since adoption, no never-treated states."""
    kept = _without_never(panel)
    since = np.clip(kept.years[None, :] - kept.cohort[:, None], 0, None)
    return replace(kept, outcome=kept.outcome + 0.01 * since)


def _expansion_2014(panel: Panel) -> Panel:
    """Years before 2016, without the states that expanded in 2015; later expanders are untreated."""
    years = panel.years < 2016
    kept = panel.keep(panel.cohort != 2015)
    cohort = np.where(kept.cohort > 2015, np.inf, kept.cohort)
    return replace(kept, years=kept.years[years], outcome=kept.outcome[:, years], cohort=cohort)


def _by_state(panel: Panel) -> Panel:
    """Counties of one state are one cluster; county codes are state x 1000 + county."""
    state = np.array([str(int(unit) // 1000) for unit in panel.unit], dtype=object)
    return replace(panel, cluster=state)


def _without_2009(panel: Panel) -> Panel:
    return panel.keep(panel.cohort != 2009)


CHANGES = {
    "without_never": _without_never, "growing": _growing, "expansion_2014": _expansion_2014, "by_state": _by_state,
    "without_2009": _without_2009,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Setting:
    """Which panel: study, outcome ("" = primary), baseline covariates, and one of CHANGES ("" = none)."""

    data: str
    outcome: str = ""
    covariates: tuple[str, ...] = ()
    change: str = ""


@cache
def _rows(data: str, table: str, covariates: tuple[str, ...]) -> pd.DataFrame:
    return read_table(table, _study(data, table, covariates))


def _study(data: str, table: str, covariates: tuple[str, ...]) -> Study:
    study = read_study(data)
    of_table = next(key for key, outcome in study.outcomes.items() if outcome.table == table)
    return study.changed(outcome=of_table, covariates=covariates)


@cache
def panel_of(setting: Setting) -> Panel:
    """The panel, models not told apart."""
    if setting.change:
        return CHANGES[setting.change](panel_of(replace(setting, change="")))
    known = read_study(setting.data)
    key = setting.outcome or known.primary_outcome
    table = known.outcome(key).table
    study = _study(setting.data, table, setting.covariates)
    return select(_rows(setting.data, table, setting.covariates), study, key).panel.without_models()


def design_of(data: str, **changes: object) -> Design:
    """The study's design with single decisions changed; published answers form averages from two treated units on."""
    return read_study(data).design.model_copy(update={"min_treated_units": 2, **changes})


@cache
def fitted(setting: Setting, estimator: str, group: str, adjustment: str = "doubly_robust") -> Effects:
    """The estimator on the panel."""
    design = design_of(setting.data, comparison_group=group, adjustment=adjustment)
    return estimators.fit(estimator, panel_of(setting), design)


@cache
def averages(
    setting: Setting, estimator: str, group: str, by: str, adjustment: str = "doubly_robust"
) -> pd.DataFrame:
    """Rows of an estimand by level."""
    effects = fitted(setting, estimator, group, adjustment)
    return aggregate(effects, design_of(setting.data, comparison_group=group), by=by).rows.set_index("level")


def average(
    setting: Setting, level: object, *, by: str = "overall", estimator: str = "group_time", group: str = NEVER,
    adjustment: str = "doubly_robust",
) -> tuple[float, float]:  # fmt: skip
    """Estimate and standard error of one level of an estimand."""
    row = averages(setting, estimator, group, by, adjustment).loc[level]
    return float(row["estimate"]), float(row["std_error"])


def mean_by(column: str, value: int, setting: Setting) -> tuple[float, float]:
    """Average of the cells after adoption of one cohort or year, by treated units; no error of its own."""
    cells = fitted(setting, "group_time", NEVER).cells
    inside = (cells["year"] >= cells["cohort"]) & (cells[column] == value)
    return float(np.average(cells.loc[inside, "effect"], weights=cells.loc[inside, "n_treated"])), math.nan
