"""One simulated county of villages, as arrays, and what every method says about it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from analysis import estimators
from analysis.checks.validity.scenarios import METHODS, Noise, Scenario
from analysis.effects import EstimatorError
from analysis.estimates import aggregate
from analysis.samples.panel import Panel
from analysis.simulate import COVARIATES_OBSERVED, County
from analysis.simulate.adoption import Adoption, adopt
from analysis.simulate.collective import collective_income
from analysis.simulate.parameters import YEARS
from analysis.simulate.villages import draw_villages, stream
from analysis.study import Design

NOISE_STREAM, MISSING_STREAM = 101, 102  # random numbers of their own: the county's are those of `simulate`


def panel(scenario: Scenario, seed: int) -> tuple[Panel, np.ndarray]:
    """The panel of a county and its true effects (n, T), yuan, zero where untreated.

    No household is drawn and no table is made: 366 villages take 3 ms.
    """
    county = County(**{**scenario.county, "seed": seed})
    villages = draw_villages(county)
    adoption = adopt(villages, county)
    money = collective_income(villages, adoption, county)
    outcome = (money.untreated + money.effect).astype(float)
    if scenario.noise is not None:
        outcome += _shocks(scenario.noise, adoption, county)
    recorded = (villages.proxy, villages.land, villages.precoop, villages.distance)
    covariates = (
        np.column_stack(recorded).astype(float) if scenario.covariates else np.zeros((len(outcome), 0))
    )
    made = Panel(
        unit=_names(len(outcome)), years=np.array(YEARS), outcome=outcome, cohort=adoption.cohort,
        weight=np.ones(len(outcome)), cluster=_names(len(outcome)), model=np.full(len(outcome), ""),
        covariates=covariates, covariate_names=COVARIATES_OBSERVED if scenario.covariates else (),
    )  # fmt: skip
    kept = _kept(scenario, made, county)
    return made.keep(kept), money.effect[kept].astype(float)


def true_average(made: Panel, effects: np.ndarray) -> float:
    """Mean true effect over the treated village-years, yuan."""
    return float(effects[made.years[None, :] >= made.cohort[:, None]].mean())


def answers(scenario: Scenario, methods: tuple[str, ...], seed: int) -> np.ndarray:
    """(len(methods), 4) truth, estimate and both ends of the interval; missing where a method gives none."""
    made, effects = panel(scenario, seed)
    truth = true_average(made, effects)
    return np.array([(truth, *answer(made, method)) for method in methods])


def answer(made: Panel, method: str) -> tuple[float, float, float]:
    """Simple average and its interval by one method; all missing where the data do not identify it."""
    estimator, adjustment = METHODS[method]
    covariates = made.covariate_names if adjustment else ()
    if not covariates and made.covariate_names:
        made = replace(made, covariates=made.covariates[:, :0], covariate_names=())
    design = Design(covariates=covariates, adjustment=adjustment or "doubly_robust")
    try:
        row = aggregate(estimators.fit(estimator, made, design), design).row("simple")
    except EstimatorError:
        return np.nan, np.nan, np.nan
    return row["estimate"], row["conf_low"], row["conf_high"]


def _shocks(noise: Noise, adoption: Adoption, county: County) -> np.ndarray:
    """Stationary from the first year: e_t = r e_(t-1) + sqrt(1 - r^2) u_t."""
    shocks = stream(county, NOISE_STREAM).standard_normal((len(adoption.cohort), len(YEARS)))
    fresh = np.sqrt(1 - noise.persistence**2)
    for t in range(1, len(YEARS)):
        shocks[:, t] = noise.persistence * shocks[:, t - 1] + fresh * shocks[:, t]
    return noise.sd * np.where(np.isfinite(adoption.cohort), noise.adopters, 1.0)[:, None] * shocks


def _kept(scenario: Scenario, made: Panel, county: County) -> np.ndarray:
    """(n,) which villages are analysed: without a gap, and of those that never adopt as many as are wanted."""
    kept = np.ones(made.n_units, dtype=bool)
    if scenario.missing:
        gaps = stream(county, MISSING_STREAM).random(made.outcome.shape) < scenario.missing
        kept &= ~gaps.any(axis=1)
    if scenario.never:
        never = np.isinf(made.cohort)
        kept &= ~never | (np.cumsum(never) <= scenario.never)
    return kept


@cache
def _names(n: int) -> np.ndarray:
    return np.array([f"V{number:04d}" for number in range(1, n + 1)])
