"""The arrays that estimators read: one outcome, one dated treatment, under one of three designs.

panel                    Panel            every unit in every period
unbalanced_panel         UnbalancedPanel  units with gaps; an estimator sees what was recorded and nothing else
repeated_cross_section   CrossSections    other people in every period, of units that adopt (villages)
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Self

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
    def design(self) -> str:
        """The design's name, as declared in study.toml."""
        return "panel"

    @property
    def n_units(self) -> int:
        """Number of units."""
        return len(self.unit)

    @property
    def n_observations(self) -> int:
        """Number of recorded values of the outcome."""
        return int(self.outcome.size)

    @property
    def cohorts(self) -> np.ndarray:
        """Adoption years in the panel, increasing, without the never treated."""
        return np.unique(self.cohort[np.isfinite(self.cohort)])

    def keep(self, rows: np.ndarray) -> Self:
        """The panel of the units where `rows` (n,) is true, or at these positions; weights are not rescaled."""
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

    def without_models(self) -> Self:
        """The same panel with treatment arms not told apart."""
        return replace(self, model=np.full(self.n_units, "", dtype=np.asarray(self.model).dtype))


@dataclass(frozen=True, slots=True)
class UnbalancedPanel(Panel):
    """A panel in which units have gaps: `outcome` is NaN where a unit was not seen, all else is as in a `Panel`."""

    @property
    def design(self) -> str:
        """The design's name, as declared in study.toml."""
        return "unbalanced_panel"

    @property
    def seen(self) -> np.ndarray:
        """(n, T) whether the unit was seen in the period."""
        return ~np.isnan(self.outcome)

    @property
    def n_observations(self) -> int:
        """Number of recorded values of the outcome."""
        return int(self.seen.sum())

    def complete(self) -> Panel:
        """The balanced panel of the units seen in every period."""
        kept = self.keep(self.seen.all(axis=1))
        return Panel(**{field.name: getattr(kept, field.name) for field in fields(Panel)})


@dataclass(frozen=True, slots=True)
class CrossSections:
    """Repeated cross-sections: n people asked once each, in T waves, who live in units that adopt.

    unit : (n,) text id of the person's unit, the level that adopts; cohort and model are the same in all its rows
    year : (n,) integer, the wave
    outcome : (n,) float, outcome unit, no missing value
    cohort : (n,) float, first period under treatment of the unit; ``inf`` = never treated
    weight : (n,) float, positive, mean one: the survey weight of the person
    cluster : (n,) text ids of the level at which errors are correlated; units lie within clusters
    model : (n,) text, treatment arm of the unit; "" where it has none
    covariates : (n, p) float, of the person
    covariate_names : p names, in the order of the columns
    """

    unit: np.ndarray
    year: np.ndarray
    outcome: np.ndarray
    cohort: np.ndarray
    weight: np.ndarray
    cluster: np.ndarray
    model: np.ndarray
    covariates: np.ndarray
    covariate_names: tuple[str, ...] = ()

    @property
    def design(self) -> str:
        """The design's name, as declared in study.toml."""
        return "repeated_cross_section"

    @property
    def years(self) -> np.ndarray:
        """(T,) the waves, increasing."""
        return np.unique(self.year)

    @property
    def n_units(self) -> int:
        """Number of people asked; every one is a unit of analysis."""
        return len(self.outcome)

    @property
    def n_observations(self) -> int:
        """The same number: everybody is asked once."""
        return len(self.outcome)

    @property
    def cohorts(self) -> np.ndarray:
        """Adoption years, increasing, without the never treated."""
        return np.unique(self.cohort[np.isfinite(self.cohort)])

    def keep(self, rows: np.ndarray) -> CrossSections:
        """The people where `rows` (n,) is true, or at these positions; weights are not rescaled."""
        kept = {f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name != "covariate_names"}
        return replace(self, **kept)

    def last_wave(self) -> Panel:
        """The people of the last wave as a panel of one period: what comparing levels can use."""
        last = self.keep(self.year == self.years[-1])
        shared = {f.name: getattr(last, f.name) for f in fields(Panel) if f.name not in {"years", "outcome"}}
        return Panel(years=last.years, outcome=last.outcome[:, None], **shared)

    def without_models(self) -> CrossSections:
        """The same people with treatment arms not told apart."""
        return replace(self, model=np.full(self.n_units, "", dtype=np.asarray(self.model).dtype))


Observed = Panel | CrossSections  # what an estimator may be given
