"""What coops really changed, kept apart from every table that estimators may read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.simulate.adoption import Adoption
from analysis.simulate.collective import Collective
from analysis.simulate.households import Households, Incomes, household_ids
from analysis.simulate.names import village_ids
from analysis.simulate.parameters import LAST_CREDIBLE_YEAR, MODELS, YEARS, County


@dataclass(frozen=True, slots=True)
class Truth:
    """True effects of the coops drawn, yuan.

    village_effects : village_id, year, effect_collective and, with households, effect_mean_income
    household_effects : hh_id, year, effect_member, effect_spillover; None without households
    averages : outcome (key of study.toml), estimand, level, value. Levels of "overall" weight cells as the
        estimators' aggregations of the same name do; `simple_2022` stops there. A closed coop has no effect
        any more and counts as zero, except under "active", which leaves closed coops out.
    """

    village_effects: pd.DataFrame
    household_effects: pd.DataFrame | None
    averages: pd.DataFrame

    def value(self, outcome: str, estimand: str = "overall", level: str = "simple") -> float:
        """One true average; KeyError where there is none."""
        found = self.averages.query("outcome == @outcome and estimand == @estimand and level == @level")
        if found.empty:
            raise KeyError(f"no true value {outcome} / {estimand} / {level}")
        return float(found["value"].iloc[0])


def village_truth(adoption: Adoption, money: Collective) -> Truth:
    """Truth of a county without households."""
    averages = [
        row
        for outcome in ("operating_surplus", "total_income")
        for row in _averages(outcome, money.effect, adoption)
    ]
    return Truth(_village_effects({"effect_collective": money.effect}), None, pd.DataFrame(averages))


def county_truth(
    adoption: Adoption, money: Collective, households: Households, incomes: Incomes, county: County
) -> Truth:
    """Truth of a whole county."""
    mean_effect = (incomes.effect_member + incomes.effect_spillover).mean(axis=1).round(2)
    village = village_truth(adoption, money)
    joins, years = households.joins, len(YEARS)
    outside = ~joins & np.isfinite(adoption.cohort)[:, None]
    rows = village.averages.to_dict("records") + _averages("village_mean_income", mean_effect, adoption)
    rows += _averages("member_income", *_of_households(incomes.effect_member, joins, adoption))
    rows += _averages("nonmember_income", *_of_households(incomes.effect_spillover, outside, adoption))
    household_effects = pd.DataFrame(
        {
            "hh_id": np.repeat(household_ids(county).astype(object), years),
            "year": np.tile(np.array(YEARS, dtype=np.int16), joins.size),
            "effect_member": incomes.effect_member.astype(np.int32).ravel(),
            "effect_spillover": incomes.effect_spillover.astype(np.int32).ravel(),
        }
    )
    effects = {"effect_collective": money.effect, "effect_mean_income": mean_effect}
    return Truth(_village_effects(effects), household_effects, pd.DataFrame(rows))


def _village_effects(effects: dict[str, np.ndarray]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "village_id": np.repeat(np.array(village_ids(), dtype=object), len(YEARS)),
            "year": np.tile(YEARS, len(village_ids())),
            **{name: values.ravel() for name, values in effects.items()},
        }
    )


def _of_households(effect: np.ndarray, chosen: np.ndarray, adoption: Adoption) -> tuple[np.ndarray, Adoption]:
    """Effects of the chosen households (units, T) and the adoption of their villages, unit by unit."""
    at = np.nonzero(chosen)[0]
    own = Adoption(*(getattr(adoption, name)[at] for name in Adoption.__slots__))
    return effect[chosen], own


def _averages(outcome: str, effect: np.ndarray, adoption: Adoption) -> list[dict[str, object]]:
    """True averages of one outcome over its units ever treated, effect (units, T)."""
    years = np.array(YEARS)
    treated = np.isfinite(adoption.cohort)
    if not treated.any():
        return []
    effect, cohort, model = effect[treated], adoption.cohort[treated], adoption.model[treated]
    since = years - cohort[:, None]
    after = since >= 0
    by_event = {int(e): effect[since == e].mean() for e in np.unique(since[after])}
    by_year = {int(t): effect[:, k][after[:, k]].mean() for k, t in enumerate(years) if after[:, k].any()}
    by_cohort = {int(g): effect[cohort == g][:, years >= g].mean() for g in np.unique(cohort)}
    sizes = {g: (cohort == g).sum() for g in by_cohort}
    early = after & (years <= LAST_CREDIBLE_YEAR)
    working = adoption.active[treated]
    values = {
        ("overall", "simple"): effect[after].mean(),
        ("overall", "dynamic"): np.mean(list(by_event.values())),
        ("overall", "group"): np.average(list(by_cohort.values()), weights=list(sizes.values())),
        ("overall", "calendar"): np.mean(list(by_year.values())),
    }
    if early.any():
        values["overall", "simple_2022"] = effect[early].mean()
    values |= {("event_time", str(e)): value for e, value in by_event.items()}
    values |= {("cohort", str(g)): value for g, value in by_cohort.items()}
    values |= {("year", str(t)): value for t, value in by_year.items()}
    values |= {
        ("active", str(t)): effect[:, k][working[:, k]].mean()
        for k, t in enumerate(YEARS)
        if working[:, k].any()
    }
    values |= {("model", MODELS[m]): effect[model == m][after[model == m]].mean() for m in np.unique(model)}
    return [
        {"outcome": outcome, "estimand": estimand, "level": level, "value": round(float(value), 4)}
        for (estimand, level), value in values.items()
    ]
