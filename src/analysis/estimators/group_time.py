"""Group-time average treatment effects.

Callaway, Sant'Anna (2021), Difference-in-differences with multiple time periods, Journal of Econometrics 225:
estimands of section 2, comparison groups of assumptions 4 and 5, estimators of section 4 with the nuisance
models of Sant'Anna, Zhao (2020).

    effect(g, t) = E[Y_t - Y_base | g] - E[Y_t - Y_base | comparison],  after adjustment for covariates

g: cohort, t: year. After adoption the base is the last period before adoption (less anticipation); before
adoption it is the period before (`base_period` = "varying") or that same last period ("universal", whose own
cell is zero). Comparison units are the never treated, or those not treated (or anticipating) by max(t, base);
units of the cohort itself are never among them, whatever their model. In a panel with gaps a cell rests on the
units seen in both of its periods; in repeated cross-sections on the people asked in each (`_waves`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from analysis.effects import Effects
from analysis.estimators import _adjust, _cells, _clusters, _rank, _waves
from analysis.estimators._cells import OK, Arm, Asked, Cell
from analysis.samples.panel import CrossSections, Observed, Panel, UnbalancedPanel
from analysis.study import Design

ONE_EFFECT = False
KEEPS_ALWAYS_TREATED = False
DESIGNS = ("panel", "unbalanced_panel", "repeated_cross_section")


@dataclass(frozen=True, slots=True)
class _Wide:
    """A panel with periods in rows: outcome (T, n), covariates (p + 1, n) after a row of ones.

    seen : (T, n) whether the unit was seen; None where all are in every period.
    """

    panel: Panel
    outcome: np.ndarray
    seen: np.ndarray | None
    covariates: np.ndarray
    clusters: _clusters.Clusters

    def both(self, asked: list[Asked]) -> np.ndarray:
        """(n,) whether the unit was seen in all periods that these cells need."""
        if self.seen is None:
            return np.ones(self.panel.n_units, dtype=bool)
        return self.seen[[p for one in asked for p in (one.year, one.base)]].all(axis=0)


@dataclass(frozen=True, slots=True)
class _Estimated:
    """Cells with the same comparison units; `trimmed` (n,) are those without overlap.

    propensity : coefficients of the propensity model, where the next one starts.
    """

    cells: list[Cell]
    trimmed: np.ndarray
    propensity: np.ndarray | None


def fit(panel: Observed, design: Design) -> Effects:
    """Effects by cohort, year and model, before and after adoption, of a panel that passed the gate."""
    clusters = _clusters.of(panel)
    if isinstance(panel, CrossSections):
        found, trimmed = _waves.cells(panel, design, clusters)
    else:
        found, trimmed = _followed(panel, design, clusters)
    notes = (("trimmed_comparison", int(trimmed.sum())),) if trimmed.any() else ()
    return _cells.pack(found, clusters, "group_time", shares_estimated=True, notes=notes)


def _followed(panel: Panel, design: Design, clusters: _clusters.Clusters) -> tuple[list[Cell], np.ndarray]:
    """The cells of units that are followed, and which units (n,) have no overlap in one of them."""
    seen = np.ascontiguousarray(panel.seen.T) if isinstance(panel, UnbalancedPanel) else None
    wide = _Wide(
        panel, np.ascontiguousarray(panel.outcome.T), seen, _rank.standardised(panel.covariates), clusters
    )
    found: list[Cell] = []
    trimmed = np.zeros(panel.n_units, dtype=bool)
    for arm in _cells.arms(panel, design.anticipation):
        start = None
        for asked in _by_comparison_group(panel, arm, design):
            estimated = _estimate(wide, arm, asked, design.adjustment, start)
            found += estimated.cells
            trimmed |= estimated.trimmed
            start = estimated.propensity
    return found, trimmed


def _by_comparison_group(panel: Panel, arm: Arm, design: Design) -> list[list[Asked]]:
    """The arm's cells, those with the same comparison units together: one set of models serves each.

    With gaps every cell has units of its own: those seen in both of its periods.
    """
    asked = _cells.asked(panel, arm, design)
    if isinstance(panel, UnbalancedPanel):
        return [[one] for one in asked]
    groups: dict[int, list[Asked]] = {}
    for one in asked:
        n_adopted = int(np.searchsorted(panel.cohorts, one.untreated_until, side="right"))
        groups.setdefault(n_adopted, []).append(one)
    return list(groups.values())


def _estimate(
    wide: _Wide, arm: Arm, asked: list[Asked], adjustment: str, start: np.ndarray | None
) -> _Estimated:
    panel, clusters = wide.panel, wide.clusters
    arm = replace(arm, rows=arm.rows[wide.both(asked)[arm.rows]])
    size = _clusters.totals(panel.weight[arm.rows], clusters.code[arm.rows], len(clusters))
    nobody = np.zeros(panel.n_units, dtype=bool)
    treated = nobody.copy()
    treated[arm.rows] = True
    untreated = (panel.cohort > asked[0].untreated_until) & (panel.cohort != arm.cohort)
    if not untreated.any():
        return _Estimated([_nobody_left(panel, arm, a, size) for a in asked], nobody, start)
    comparison = untreated & wide.both(asked)
    if not len(arm.rows) or not comparison.any():
        who = "comparison unit" if len(arm.rows) else "unit of the cohort"
        return _Estimated([_not_both(panel, arm, a, who, size) for a in asked], nobody, start)
    rows = np.flatnonzero(treated | comparison)
    inside, weight, levels = treated[rows], panel.weight[rows], wide.outcome[:, rows]
    change = levels[[a.year for a in asked]] - levels[[a.base for a in asked]]
    try:
        if panel.covariate_names:
            adjusted = _adjust.METHODS[adjustment]
            difference = adjusted(
                change, inside, weight, wide.covariates[:, rows], panel.covariate_names, start
            )
        else:
            difference = _adjust.unadjusted(change, inside, weight)
    except _cells.NotIdentifiedError as error:
        return _Estimated([_flagged(panel, arm, a, str(error), size) for a in asked], nobody, start)
    influence = _clusters.totals(difference.influence, clusters.code[rows], len(clusters))
    used = difference.used & ~inside
    against = _clusters.totals(weight[used], clusters.code[rows[used]], len(clusters))
    cells = [
        _cells.reference(arm, panel.years[a.year], size, int(used.sum()), against)
        if a.year == a.base
        else Cell(
            arm.cohort, int(panel.years[a.year]), arm.model, float(effect), len(arm.rows), int(used.sum()),
            int(panel.years[a.base]), OK, psi, size, against,
        )
        for a, effect, psi in zip(asked, difference.effect, influence, strict=True)
    ]  # fmt: skip
    trimmed = nobody
    trimmed[rows] = ~difference.used
    return _Estimated(cells, trimmed, difference.propensity)


def _nobody_left(panel: Panel, arm: Arm, asked: Asked, size: np.ndarray) -> Cell:
    year = int(panel.years[max(asked.year, asked.base)])
    return _flagged(panel, arm, asked, f"no comparison units left in {year}", size)


def _not_both(panel: Panel, arm: Arm, asked: Asked, who: str, size: np.ndarray) -> Cell:
    year, base = int(panel.years[asked.year]), int(panel.years[asked.base])
    return _flagged(panel, arm, asked, f"no {who} is seen in both {base} and {year}", size)


def _flagged(panel: Panel, arm: Arm, asked: Asked, reason: str, size: np.ndarray) -> Cell:
    if asked.year == asked.base:
        return _cells.reference(arm, panel.years[asked.year], size, 0, np.zeros_like(size))
    return _cells.not_identified(arm, panel.years[asked.year], int(panel.years[asked.base]), reason, size)
