"""Imputation where histories are not complete: the least squares of `imputation`, row by row.

A cell rests on the treated rows whose unit was also seen untreated; what no untreated row tells is not identified.
In repeated cross-sections the effect of a unit is that of the village, and the size of a cohort is that of all of its
people, as in `_waves`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from analysis.effects import Effects
from analysis.estimators import _cells, _clusters, _rows
from analysis.estimators._cells import OK, Arm, Cell
from analysis.samples.panel import CrossSections, UnbalancedPanel
from analysis.study import Design


def fit(observed: UnbalancedPanel | CrossSections, design: Design) -> Effects:
    """Effects by cohort, treated year and model of what passed the gate."""
    clusters = _clusters.of(observed)
    rows = _rows.of(observed, clusters)
    start = _cells.first_treated(observed.years, rows.cohort, design.anticipation)
    untreated = rows.period < start
    z = _rows.less_unit_means(rows.z, rows, untreated)  # NaN in units never seen untreated
    linked = ~np.isnan(_rows.less_unit_means(rows.outcome, rows, untreated))
    z = np.where(linked, z, 0.0)
    weight = np.where(untreated, rows.weight, 0.0)
    theta = _rows.project(z, weight)
    outcome = np.where(linked, _rows.less_unit_means(rows.outcome, rows, untreated), 0.0)
    deviation = outcome - (theta.inverse @ ((z * weight) @ outcome)) @ z
    score = _clusters.totals(z * (weight * deviation), rows.cluster, len(clusters))
    found: list[Cell] = []
    for arm in _cells.arms(observed, design.anticipation):
        of_arm = np.isin(rows.entry, arm.rows)
        for t in range(arm.start, len(observed.years)):
            inside = of_arm & (rows.period == t) & linked
            found.append(
                _cell(observed, rows, clusters, arm, t, of_arm, inside, untreated, z, theta, deviation, score)
            )
    return _cells.pack(found, clusters, "imputation", shares_estimated=False)


def _cell(
    observed: UnbalancedPanel | CrossSections,
    rows: _rows.Rows,
    clusters: _clusters.Clusters,
    arm: Arm,
    t: int,
    of_arm: np.ndarray,
    inside: np.ndarray,
    untreated: np.ndarray,
    z: np.ndarray,
    theta: _rows.Projection,
    deviation: np.ndarray,
    score: np.ndarray,
) -> Cell:
    year, n_clusters = int(observed.years[t]), len(clusters)
    weight = np.where(inside, rows.weight, 0.0)
    counted = weight
    if isinstance(observed, CrossSections):
        counted = np.where(of_arm, rows.weight, 0.0) / len(observed.years)
    size = _clusters.totals(counted, rows.cluster, n_clusters)
    arm = replace(arm, rows=np.flatnonzero(of_arm & (rows.period == t)))
    others = untreated & (rows.period == t)
    if not inside.any():
        reason = f"no unit of the cohort is seen both in {year} and untreated before"
        return _cells.not_identified(arm, year, None, reason, size)
    share = weight / weight.sum()
    combination = z @ share
    if not others.any():
        return _cells.not_identified(arm, year, None, f"no comparison units left in {year}", size)
    if not theta.identifies(combination):
        reason = (
            f"the {int(others.sum())} untreated observations of {year} do not tell what it would have been"
        )
        return _cells.not_identified(arm, year, None, reason, size)
    by_cluster = _clusters.totals(np.vstack([share * deviation, share]), rows.cluster, n_clusters)
    # centred as in `imputation`: anywhere in common is conservative, here it is least so
    centre = by_cluster[0] @ by_cluster[1] / (by_cluster[1] @ by_cluster[1])
    influence = by_cluster[0] - centre * by_cluster[1] - (theta.inverse @ combination) @ score
    against = _clusters.totals(np.where(others, rows.weight, 0.0), rows.cluster, n_clusters)
    return Cell(
        arm.cohort, year, arm.model, float(share @ deviation), int(inside.sum()), int(others.sum()), None, OK,
        influence, size, against,
    )  # fmt: skip
