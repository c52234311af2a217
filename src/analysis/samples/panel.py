"""The arrays that estimators read: one balanced panel, one outcome, one dated treatment."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True, slots=True)
class Panel:
    """A balanced panel of n units over T periods.

    unit : (n,) text ids, sorted
    years : (T,) integer periods, increasing, gaps allowed (survey waves)
    outcome : (n, T) float, outcome unit, no missing value
    cohort : (n,) float, first period under treatment; ``inf`` = never treated
    weight : (n,) float, positive, mean one
    cluster : (n,) text ids of the level at which errors are correlated
    model : (n,) text, treatment arm; "" where the unit has none
    covariates : (n, p) float, constant within a unit
    covariate_names : p names, in the order of the columns
    """

    unit: np.ndarray
    years: np.ndarray
    outcome: np.ndarray
    cohort: np.ndarray
    weight: np.ndarray
    cluster: np.ndarray
    model: np.ndarray
    covariates: np.ndarray
    covariate_names: tuple[str, ...] = ()

    @property
    def n_units(self) -> int:
        """Number of units."""
        return len(self.unit)

    @property
    def cohorts(self) -> np.ndarray:
        """Adoption years in the panel, increasing, without the never treated."""
        return np.unique(self.cohort[np.isfinite(self.cohort)])

    def keep(self, rows: np.ndarray) -> Panel:
        """The panel of the units where `rows` (n,) is true; weights are not rescaled."""
        return replace(
            self,
            unit=self.unit[rows],
            outcome=self.outcome[rows],
            cohort=self.cohort[rows],
            weight=self.weight[rows],
            cluster=self.cluster[rows],
            model=self.model[rows],
            covariates=self.covariates[rows],
        )

    def without_models(self) -> Panel:
        """The same panel with treatment arms not told apart."""
        return replace(self, model=np.full(self.n_units, "", dtype=np.asarray(self.model).dtype))
