"""Cells: the arms that are followed, the period each is compared with, and their packing into Effects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.effects import Effects, EstimatorError
from analysis.estimators._clusters import Clusters
from analysis.samples.panel import Observed
from analysis.study import Design

OK, REFERENCE, NOT_IDENTIFIED = "ok", "reference", "not identified: "


class NotIdentifiedError(Exception):
    """One cell, or the cells of one arm, cannot be estimated; the text is the reason shown with the cell."""


@dataclass(frozen=True, slots=True)
class Arm:
    """Units that adopted in one year under one model.

    start : position of the first period under treatment or its anticipation; the period before is the base.
    """

    cohort: float
    model: str
    rows: np.ndarray
    start: int


@dataclass(frozen=True, slots=True)
class Asked:
    """One cell asked for: positions of its period and of its base, and until when others are untreated."""

    year: int
    base: int
    untreated_until: float


@dataclass(frozen=True, slots=True)
class Cell:
    """One row of `Effects.cells` with its columns (n_clusters,) of the three matrices."""

    cohort: float
    year: int
    model: str
    effect: float
    n_treated: int
    n_comparison: int
    base_year: int | None
    status: str
    influence: np.ndarray
    treated: np.ndarray
    comparison: np.ndarray


def arms(panel: Observed, anticipation: int) -> list[Arm]:
    """The panel's arms, ordered by cohort and model."""
    model = np.asarray(panel.model, dtype=object)
    found = []
    for cohort in panel.cohorts:
        of_cohort = np.flatnonzero(panel.cohort == cohort)
        names = model[of_cohort]
        start = first_treated(panel.years, cohort, anticipation)
        for name in sorted(set(names)):
            found.append(Arm(float(cohort), str(name), of_cohort[names == name], start))
    return found


def asked(panel: Observed, arm: Arm, design: Design) -> list[Asked]:
    """The arm's cells: every period against its base, in order of the periods."""
    found, years, last = [], panel.years, float(panel.cohorts[-1])
    for t in range(len(years)):
        varying = design.base_period == "varying" and t < arm.start
        base = t - 1 if varying else arm.start - 1
        if base < 0:
            continue
        until = last  # cohorts after the last one: the never treated, inf
        if design.comparison_group == "not_yet_treated":
            until = min(until, float(years[max(t, base)] + design.anticipation))
        found.append(Asked(t, base, until))
    return found


def first_treated(years: np.ndarray, cohort: float | np.ndarray, anticipation: int) -> int | np.ndarray:
    """Position of the first period that treatment or its anticipation may touch; T where there is none.

    Periods may have gaps and the adoption year need not be one of them.
    """
    return np.searchsorted(years, np.asarray(cohort) - anticipation, side="left")


def reference(arm: Arm, year: int, treated: np.ndarray, n_comparison: int, comparison: np.ndarray) -> Cell:
    """The base period's own cell: zero by construction."""
    zero = np.zeros(len(treated))
    return Cell(
        arm.cohort, int(year), arm.model, 0.0, len(arm.rows), n_comparison, int(year), REFERENCE,
        zero, treated, comparison,
    )  # fmt: skip


def not_identified(arm: Arm, year: int, base_year: int | None, reason: str, treated: np.ndarray) -> Cell:
    """A cell without a number: the effect is missing, the status says why, and no cluster has influence.

    Influence is zero, not missing, so that sums over cells with weights of zero stay numbers.
    """
    return Cell(
        arm.cohort, int(year), arm.model, np.nan, len(arm.rows), 0, base_year, NOT_IDENTIFIED + reason,
        np.zeros(len(treated)), treated, np.zeros(len(treated)),
    )  # fmt: skip


def pack(
    found: list[Cell],
    clusters: Clusters,
    estimator: str,
    *,
    shares_estimated: bool,
    notes: tuple[tuple[str, int], ...] = (),
) -> Effects:
    """The cells as Effects, ordered by cohort, year and model.

    Raises
    ------
    EstimatorError : not one cell is identified; the reasons are listed.
    """
    if all(cell.status != OK for cell in found):
        flagged = [cell.status for cell in found if cell.status != REFERENCE]
        reasons = dict.fromkeys(status.removeprefix(NOT_IDENTIFIED) for status in flagged)
        raise EstimatorError(
            f"{estimator} identifies no effect in this panel / 该样本不能识别任何效应:\n"
            + "\n".join(f"  - {reason}" for reason in reasons)
        )
    found = sorted(found, key=lambda c: (c.cohort, c.year, c.model))
    cells = pd.DataFrame(
        {
            "cohort": _integers([None if np.isnan(c.cohort) else int(c.cohort) for c in found]),
            "year": _integers([c.year for c in found]),
            "model": pd.array([c.model for c in found], dtype="str"),
            "effect": np.array([c.effect for c in found], dtype=float),
            "n_treated": np.array([c.n_treated for c in found], dtype=np.int64),
            "n_comparison": np.array([c.n_comparison for c in found], dtype=np.int64),
            "base_year": _integers([c.base_year for c in found]),
            "status": pd.array([c.status for c in found], dtype="str"),
        }
    )
    return Effects(
        cells=cells,
        influence=_matrix([c.influence for c in found], clusters),
        treated=_matrix([c.treated for c in found], clusters),
        comparison=_matrix([c.comparison for c in found], clusters),
        estimator=estimator,
        shares_estimated=shares_estimated,
        notes=notes,
    )


def _integers(values: list[int | None]) -> pd.api.extensions.ExtensionArray:
    return pd.array(values, dtype="Int64")


def _matrix(columns: list[np.ndarray], clusters: Clusters) -> pd.DataFrame:
    return pd.DataFrame(np.stack(columns).T, index=clusters.ids, copy=False)
