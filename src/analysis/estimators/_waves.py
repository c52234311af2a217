"""Group-time cells from repeated cross-sections: other people of the same units in every wave.

The comparison of two waves is that of `_adjust_waves`. The size of a cohort is the weight of all of its people asked
in any wave, divided by the number of waves, so that how many were asked in one wave moves no average (Callaway,
Sant'Anna 2021: cohort shares from the pooled sample).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from analysis.estimators import _adjust_waves, _cells, _clusters, _rank
from analysis.estimators._adjust import Difference
from analysis.estimators._cells import OK, Arm, Asked, Cell
from analysis.samples.panel import CrossSections
from analysis.study import Design


def cells(
    sections: CrossSections, design: Design, clusters: _clusters.Clusters
) -> tuple[list[Cell], np.ndarray]:
    """The cells of every arm, and which people (n,) have no overlap in one of them."""
    x = _rank.standardised(sections.covariates)
    found: list[Cell] = []
    trimmed = np.zeros(sections.n_units, dtype=bool)
    for arm in _cells.arms(sections, design.anticipation):
        start = None
        of_arm = np.isin(np.arange(sections.n_units), arm.rows)
        size = _clusters.totals(sections.weight[arm.rows], clusters.code[arm.rows], len(clusters))
        size = size / len(sections.years)
        for asked in _cells.asked(sections, arm, design):
            cell, difference, rows = _cell(sections, x, clusters, arm, of_arm, asked, design, size, start)
            found.append(cell)
            if difference is not None:
                trimmed[rows] |= ~difference.used
                start = difference.propensity
    return found, trimmed


def _cell(
    sections: CrossSections,
    x: np.ndarray,
    clusters: _clusters.Clusters,
    arm: Arm,
    of_arm: np.ndarray,
    asked: Asked,
    design: Design,
    size: np.ndarray,
    start: np.ndarray | None,
) -> tuple[Cell, Difference | None, np.ndarray]:
    """One cell, how it was adjusted (None where it was not estimated) and the positions of its people."""
    year, base = int(sections.years[asked.year]), int(sections.years[asked.base])
    arm = replace(arm, rows=arm.rows[sections.year[arm.rows] == year])
    untreated = (sections.cohort > asked.untreated_until) & (sections.cohort != arm.cohort)
    here = np.isin(sections.year, (year, base))
    rows = np.flatnonzero(here & (of_arm | untreated))
    treated, later = of_arm[rows], sections.year[rows] == year
    counted = {group: _people(treated == group, later, year == base) for group in (True, False)}
    if year == base:
        against = _per_wave(sections, clusters, rows[~treated], 1)
        return _cells.reference(arm, year, size, counted[False], against), None, rows
    empty = [
        f"nobody of {'the cohort' if group else 'the comparison units'} was asked in {year if side else base}"
        for group in (True, False)
        for side in (True, False)
        if not ((treated == group) & (later == side)).any()
    ]
    if not untreated.any():
        empty = [f"no comparison units left in {max(year, base)}"]
    if empty:
        return _cells.not_identified(arm, year, base, empty[0], size), None, rows
    waves = _adjust_waves.Waves(
        sections.outcome[rows], sections.weight[rows], later, treated, x[:, rows], sections.covariate_names,
        (base, year),
    )  # fmt: skip
    try:
        if sections.covariate_names:
            difference = _adjust_waves.METHODS[design.adjustment](waves, start)
        else:
            difference = _adjust_waves.unadjusted(waves)
    except _cells.NotIdentifiedError as error:
        return _cells.not_identified(arm, year, base, str(error), size), None, rows
    used = difference.used & ~treated
    cell = Cell(
        arm.cohort, year, arm.model, float(difference.effect), counted[True],
        _people(used, later, False), base, OK,
        _clusters.totals(difference.influence, clusters.code[rows], len(clusters)), size,
        _per_wave(sections, clusters, rows[used], 2),
    )  # fmt: skip
    return cell, difference, rows


def _people(members: np.ndarray, later: np.ndarray, one_wave: bool) -> int:
    """How many were asked; of two waves the one with fewer."""
    if one_wave:
        return int(members.sum())
    return min(int((members & later).sum()), int((members & ~later).sum()))


def _per_wave(
    sections: CrossSections, clusters: _clusters.Clusters, rows: np.ndarray, n_waves: int
) -> np.ndarray:
    return _clusters.totals(sections.weight[rows], clusters.code[rows], len(clusters)) / n_waves
