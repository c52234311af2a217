"""Do the estimators find the truth? Bias and coverage over simulated counties with known effects.

The acceptance rule: bias within three Monte Carlo errors of zero, and coverage inside the exact binomial band that a
right interval leaves with probability one per cent (two-sided).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.stats import binom

from analysis import estimators
from analysis.estimates import aggregate
from analysis.samples import Panel
from analysis.simulate import COVARIATES_OBSERVED, County, simulate_villages
from analysis.study import Design

BAND = 0.99  # probability that a right interval's coverage lies inside the band


@dataclass(frozen=True, slots=True)
class Validity:
    """One estimator over many counties.

    truth, estimate, bias : means over the draws, yuan
    monte_carlo_error : standard error of `bias`, yuan
    coverage : share of intervals that hold the truth; band_low, band_high : its acceptance band
    """

    estimator: str
    draws: int
    truth: float
    estimate: float
    bias: float
    monte_carlo_error: float
    coverage: float
    band_low: float
    band_high: float

    @property
    def unbiased(self) -> bool:
        """Whether the bias is within three Monte Carlo errors."""
        return abs(self.bias) <= 3 * self.monte_carlo_error

    @property
    def covers(self) -> bool:
        """Whether the coverage lies inside its band."""
        return self.band_low <= self.coverage <= self.band_high


def monte_carlo(
    names: tuple[str, ...],
    *,
    draws: int,
    seed: int,
    county: County,
    progress: Callable[[int], None] = lambda done: None,
) -> list[Validity]:
    """Each estimator's simple average effect on the collective operating surplus over `draws` counties.

    Parameters
    ----------
    names : registered estimators.
    seed : the first county's seed; county i has seed + i.
    county : all other parameters of the counties; with selection = "observed" the covariates that make
        not-yet-treated villages comparable are recorded.

    Returns
    -------
    One record per estimator, in the order of `names`.
    """
    design = Design(covariates=COVARIATES_OBSERVED, bootstrap_draws=99)
    results = np.empty((draws, len(names), 4))  # truth, estimate, low, high
    for draw in range(draws):
        panel, truth = _village_panel(replace(county, seed=seed + draw))
        for j, name in enumerate(names):
            row = aggregate(estimators.fit(name, panel, design), design).row("simple")
            results[draw, j] = truth, row["estimate"], row["conf_low"], row["conf_high"]
        progress(draw + 1)
    return [_summary(name, results[:, j]) for j, name in enumerate(names)]


def _village_panel(county: County) -> tuple[Panel, float]:
    villages = simulate_villages(county)
    table = villages.village_year
    wide = table.pivot(index="village_id", columns="year", values="ci_operating_surplus").sort_index()
    first = table.drop_duplicates("village_id").set_index("village_id").loc[wide.index]
    cohort = first["first_coop_year"].to_numpy(float)
    panel = Panel(
        unit=wide.index.to_numpy(str), years=wide.columns.to_numpy(int), outcome=wide.to_numpy(float),
        cohort=np.where(cohort > 0, cohort, np.inf), weight=np.ones(len(wide)), cluster=wide.index.to_numpy(str),
        model=np.full(len(wide), ""), covariates=first[list(COVARIATES_OBSERVED)].to_numpy(float),
        covariate_names=COVARIATES_OBSERVED,
    )  # fmt: skip
    return panel, _true_simple(villages.truth.village_effects, panel)


def _true_simple(effects: pd.DataFrame, panel: Panel) -> float:
    true = effects.pivot(index="village_id", columns="year", values="effect_collective")
    true = true.reindex(index=panel.unit, columns=panel.years).fillna(0.0).to_numpy(float)
    treated = panel.years[None, :] >= panel.cohort[:, None]
    return float(true[treated].mean())


def _summary(name: str, results: np.ndarray) -> Validity:
    truth, estimate, low, high = results.T
    error = estimate - truth
    draws = len(results)
    tail = (1 - BAND) / 2
    return Validity(
        estimator=name, draws=draws, truth=float(truth.mean()), estimate=float(estimate.mean()), bias=float(error.mean()),
        monte_carlo_error=float(error.std(ddof=1) / np.sqrt(draws)),
        coverage=float(((low <= truth) & (truth <= high)).mean()),
        band_low=float(binom.ppf(tail, draws, 0.95) / draws), band_high=float(binom.isf(tail, draws, 0.95) / draws),
    )  # fmt: skip
