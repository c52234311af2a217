"""Observations as rows, for regressions with unit and year effects where histories are not complete.

    Y_r = alpha_unit(r) + x_r' theta_year(r) + ...,   x = (1, covariates)

Unit effects leave by taking weighted means within units (Frisch-Waugh-Lovell); what is left are the T (p + 1)
coefficients of theta, less those that the unit effects stand for: the first year's constant and, where covariates are
the same in all rows of a unit, the first year's slopes. In repeated cross-sections the rows are people and the
units the villages they live in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.estimators import _clusters, _rank
from analysis.samples.panel import CrossSections, UnbalancedPanel


@dataclass(frozen=True, slots=True)
class Rows:
    """N observations.

    entry : (N,) position of the row's unit (panel) or person (cross-sections) in the record
    unit : (N,) codes of the level that has an effect of its own, 0..n_units - 1
    period : (N,) position of the year in the record's years
    outcome, weight : (N,); cohort, model : (N,); cluster : (N,) code in the record's clusters
    z : (q, N) regressors of theta
    """

    entry: np.ndarray
    unit: np.ndarray
    period: np.ndarray
    outcome: np.ndarray
    weight: np.ndarray
    cohort: np.ndarray
    model: np.ndarray
    cluster: np.ndarray
    z: np.ndarray

    @property
    def n_units(self) -> int:
        """Number of units with an effect of their own."""
        return int(self.unit.max()) + 1


def of(observed: UnbalancedPanel | CrossSections, clusters: _clusters.Clusters) -> Rows:
    """The recorded observations of a panel with gaps, or the people of cross-sections."""
    x = _rank.standardised(observed.covariates)
    if isinstance(observed, CrossSections):
        entry = np.arange(observed.n_units)
        period = np.searchsorted(observed.years, observed.year)
        _, unit = np.unique(np.asarray(observed.unit, dtype=str), return_inverse=True)
        outcome, first_slopes = observed.outcome, 0
    else:
        entry, period = np.nonzero(observed.seen)
        unit, outcome, first_slopes = entry, observed.outcome[entry, period], 1
    here = (period[None, :] == np.arange(len(observed.years))[:, None]).astype(float)
    z = [here[1:]] + [here[first_slopes:] * row[entry] for row in x[1:]]
    return Rows(
        entry, unit, period, outcome, observed.weight[entry], observed.cohort[entry], observed.model[entry],
        clusters.code[entry], np.concatenate(z),
    )  # fmt: skip


def less_unit_means(values: np.ndarray, rows: Rows, among: np.ndarray) -> np.ndarray:
    """`values` (..., N) less the weighted mean of their unit over the rows `among` (N,); NaN where it has none."""
    weight = np.where(among, rows.weight, 0.0)
    total = np.bincount(rows.unit, weights=weight, minlength=rows.n_units)
    flat = np.atleast_2d(values)
    sums = np.array([np.bincount(rows.unit, weights=weight * row, minlength=rows.n_units) for row in flat])
    means = np.divide(sums, total, out=np.full_like(sums, np.nan), where=total > 0)
    return (flat - means[:, rows.unit]).reshape(values.shape)


@dataclass(frozen=True, slots=True)
class Projection:
    """Least squares on regressors some of which may be combinations of others.

    inverse : (q, q) generalised inverse of the cross products; rank : of the cross products
    basis : (q, rank) what the data tell; a combination outside of it is not identified
    """

    inverse: np.ndarray
    rank: int
    basis: np.ndarray

    def identifies(self, combination: np.ndarray) -> bool:
        """Whether `combination` (q,) of the coefficients is the same in every solution."""
        outside = combination - self.basis @ (self.basis.T @ combination)
        return bool(np.abs(outside).max(initial=0.0) < 1e-7 * max(1.0, np.abs(combination).max(initial=0.0)))


def project(z: np.ndarray, weight: np.ndarray) -> Projection:
    """The projection on z (q, N) with weights (N,)."""
    values, vectors = np.linalg.eigh((z * weight) @ z.T)
    kept = values > _rank.TOLERANCE * max(values.max(initial=0.0), np.finfo(float).tiny)
    basis = vectors[:, kept]
    return Projection((basis / values[kept]) @ basis.T, int(kept.sum()), basis)
