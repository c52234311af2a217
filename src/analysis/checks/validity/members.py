"""One simulated county of households, as arrays, and what every method that compares members says about it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from analysis.checks.validity.scenarios import Scenario
from analysis.members import entropy_balancing, matched_differences, nearest_neighbour, regression, weighting
from analysis.members._gate import MemberEffectError
from analysis.members.section import Effect, Section
from analysis.simulate import County
from analysis.simulate.adoption import adopt
from analysis.simulate.households import draw_households, household_incomes
from analysis.simulate.parameters import YEARS
from analysis.simulate.prices import price_path
from analysis.simulate.villages import draw_villages

YEAR, BEFORE = 2022, 2019  # the year looked at, and the last one before anybody joined
COVARIATES = ("peach_mu", "land_per_hh_mu", "head_age", "head_edu", "head_party", "low_income")
_MATCHING = {"neighbours": 4, "bias": "regression", "errors": "village"}
_METHODS: dict[str, Callable[[Section], Effect]] = {
    "difference": regression.difference,
    "ols": regression.ols,
    "nearest_neighbour": partial(nearest_neighbour.estimate, **_MATCHING),
    "ipw": weighting.ipw,
    "aipw": weighting.aipw,
    "entropy_balancing": entropy_balancing.estimate,
    "matched_differences": partial(matched_differences.estimate, **_MATCHING),
}


def section(scenario: Scenario, seed: int) -> tuple[Section, float]:
    """Members and the households of villages without a coop, and the mean true effect on members, yuan.

    Households beside members are left out: coops reach them too.
    """
    county = County(**{**scenario.county, "seed": seed})
    villages = draw_villages(county)
    adoption = adopt(villages, county)
    households = draw_households(villages, adoption, county)
    incomes = household_incomes(villages, adoption, households, price_path(county), county)
    at = np.nonzero(households.joins | np.isinf(adoption.cohort)[:, None])
    recorded = (
        households.peach[at], villages.land[at[0]], households.head_age[at], households.head_edu[at],
        households.head_party[at], households.low_income[at],
    )  # fmt: skip
    income = incomes.disposable[at].astype(float)
    member = households.joins[at]
    made = Section(
        outcome=income[:, YEARS.index(YEAR)], treated=member, covariates=np.column_stack(recorded).astype(float),
        names=COVARIATES, weight=np.ones(len(member)), cluster=at[0].astype(str), before=income[:, YEARS.index(BEFORE)],
    )  # fmt: skip
    return made, float(incomes.effect_member[households.joins][:, YEARS.index(YEAR)].mean())


def answers(scenario: Scenario, methods: tuple[str, ...], seed: int) -> np.ndarray:
    """(len(methods), 4) truth, estimate and both ends of the interval; missing where a method gives none."""
    made, truth = section(scenario, seed)
    return np.array([(truth, *_answer(made, method)) for method in methods])


def _answer(made: Section, method: str) -> tuple[float, float, float]:
    try:
        found = _METHODS[method](made)
    except MemberEffectError:
        return np.nan, np.nan, np.nan
    return found.estimate, found.conf_low, found.conf_high
