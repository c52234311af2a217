"""What an estimator found, cell by cell, with the influence of every cluster on every cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.messages import ProjectError

CELL_COLUMNS = ("cohort", "year", "model", "effect", "n_treated", "n_comparison", "base_year", "status")


class EstimatorError(ProjectError, ValueError):
    """The design does not identify what was asked for; the message names the reason and the fix."""


@dataclass(frozen=True, slots=True)
class Effects:
    """What an estimator found, cell by cell.

    cells : k rows with CELL_COLUMNS. `cohort` and `year` are integers (<NA> where the estimator gives one
        number over all), `model` is "" where arms are not told apart, `effect` is in the outcome's unit,
        `n_treated` and `n_comparison` count units, `base_year` is the period compared with. `status` is
        "ok", "reference" (the base period itself, zero by construction) or "not identified: why" (effect NaN).
    influence : (n_clusters, k), index = cluster id, columns = positions 0..k-1;
        covariance of the cell effects = influence.T @ influence, any small-sample factor that the published
        estimator carries already inside.
    treated : (n_clusters, k), weight of treated units in the cluster, so that ``treated.sum()`` over clusters
        is the size of the treated group behind a cell.
    comparison : (n_clusters, k), the same for the comparison units.
    estimator : registered name.
    shares_estimated : True where the averages' weights (cohort shares) are estimates whose own sampling error
        belongs to the average (Callaway, Sant'Anna 2021); False where averages are conditional on the design.
    notes : sentences' keys with counts, e.g. ("always_treated", 14): what the gate left out or changed.
    """

    cells: pd.DataFrame
    influence: pd.DataFrame
    treated: pd.DataFrame
    comparison: pd.DataFrame
    estimator: str
    shares_estimated: bool
    notes: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        k = len(self.cells)
        missing = set(CELL_COLUMNS) - set(self.cells.columns)
        if missing:
            raise EstimatorError(f"cells lack the columns {sorted(missing)}")
        for name in ("influence", "treated", "comparison"):
            frame = getattr(self, name)
            if frame.shape[1] != k or not frame.index.equals(self.influence.index):
                raise EstimatorError(f"{name} must be (n_clusters, {k}) with the clusters of influence")

    @property
    def covariance(self) -> np.ndarray:
        """(k, k) covariance of the cell effects, squared outcome unit."""
        psi = self.influence.to_numpy()
        return psi.T @ psi

    @property
    def n_clusters(self) -> int:
        """Number of clusters behind the estimates."""
        return len(self.influence)
