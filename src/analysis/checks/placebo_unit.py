"""Adoption pretended for units that never adopted: how often does the procedure find an effect that cannot be there?

Adopters are left out. In each draw as large a share of the never adopters as of all units, at most half, pretends to
have adopted, in the real years and proportions; estimator and interval are those of the main result, without covariates,
since who pretends is drawn by lot. An interval that holds what it says excludes zero in one minus its level of the draws.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import bdtr

from analysis.checks._average import after_adoption, average
from analysis.checks.changes import Case
from analysis.checks.changes._case import with_covariates
from analysis.effects import EstimatorError
from analysis.estimators import fit

FEWEST = 20  # never adopters; fewer make too few different draws of pretended adopters
DRAWS = 99


@dataclass(frozen=True, slots=True)
class PlaceboUnits:
    """What pretended adoption finds.

    estimates : (draws,) simple averages, outcome unit
    found : draws whose interval excludes zero
    allowed : the largest count that a true level gives with probability .99
    n_units, n_pretended : never adopters, and those of them that pretend in a draw
    """

    estimates: np.ndarray
    found: int
    allowed: int
    n_units: int
    n_pretended: int

    @property
    def too_often(self) -> bool:
        """Whether effects are found more often than the level allows."""
        return self.found > self.allowed


def placebo_units(case: Case, *, draws: int = DRAWS) -> PlaceboUnits | None:
    """The procedure among never adopters; None with fewer than FEWEST of them, or no cohort inside the panel."""
    panel, design = case.panel, case.design
    never = panel.keep(panel.cohort > panel.years[-1])
    real = panel.cohort[(panel.cohort > panel.years[0]) & (panel.cohort <= panel.years[-1])]
    if never.n_units < FEWEST or not len(real):
        return None
    years, counts = np.unique(real, return_counts=True)
    n_pretended = min(never.n_units // 2, round(never.n_units * len(real) / panel.n_units))
    schedule = np.full(never.n_units, np.inf)
    bounds = np.rint(np.cumsum(counts) / counts.sum() * n_pretended).astype(int)
    schedule[:n_pretended] = years[np.searchsorted(bounds, np.arange(n_pretended), side="right")]
    bare, rng = with_covariates(never, {}), np.random.default_rng(design.seed)
    estimates, found = [], 0
    for _ in range(draws):
        pretended = replace(bare, cohort=rng.permutation(schedule))
        try:
            effects = fit(case.estimator, pretended, design)
        except EstimatorError:
            return None
        mean = average(effects, design, after_adoption(effects))
        estimates.append(mean.estimate)
        found += bool(mean.conf_low > 0 or mean.conf_high < 0)
    level = 1 - design.conf_level
    allowed = next(n for n in range(draws + 1) if bdtr(n, draws, level) >= 0.99)
    return PlaceboUnits(np.array(estimates), found, allowed, never.n_units, n_pretended)
