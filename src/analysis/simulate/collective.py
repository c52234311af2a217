"""Collective income of villages: without coops, what coops add, and the accounts that show it.

The calibrated quantity (2019: mean 11.4, median 5.9, in 10,000 yuan; 27 % of villages under 3) is the
operating surplus, 经营收益, which leaves subsidies out. Coops add to operating and investment income and to
no cost, so their effect on total income is the same amount.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np
import pandas as pd

from analysis.simulate.adoption import Adoption, model_codes
from analysis.simulate.names import TOWNSHIPS, village_ids, village_names
from analysis.simulate.parameters import YEARS, County
from analysis.simulate.villages import Villages, stream

YUAN = 10_000  # yuan in 万元, the unit of parameters
TARGETS = (3.0, 5.0, 10.0)  # targets of collective income just above which reports bunch, 10,000 yuan, D6.5
GRANT_YEARS = (2018, 2022)  # first and last year of the support fund, D3.7


@dataclass(frozen=True, slots=True)
class Collective:
    """Whole yuan by village and year, (n, T).

    untreated : operating surplus without coops; effect : what coops add; reported : what the ledger says
    grant : one-off grants
    """

    untreated: np.ndarray
    effect: np.ndarray
    reported: np.ndarray
    grant: np.ndarray


def collective_income(villages: Villages, adoption: Adoption, county: County) -> Collective:
    """Operating surplus with and without coops, and grants."""
    rng = stream(county, 3)
    make = _untreated_observed if county.selection == "observed" else _untreated_county
    untreated = np.rint(make(villages, county, rng) * YUAN).astype(np.int64)
    n = len(villages.quality)
    own = np.exp(county.collective_spread * rng.standard_normal(n))
    full = (
        county.effect_collective * np.maximum(1 + county.collective_on_quality * villages.quality, 0.1) * own
    )
    full = full * adoption.factor * county.effect_scale
    effect = np.rint(full[:, None] * adoption.phase * YUAN).astype(np.int64)
    return Collective(untreated, effect, _reported(untreated + effect, county, rng), _grants(n, county, rng))


def _untreated_county(villages: Villages, county: County, rng: np.random.Generator) -> np.ndarray:
    n, elapsed = len(villages.quality), np.arange(len(YEARS))
    # the target is the county's whole distribution, not that of a sample: every county has the same levels
    level = county.surplus_log_mean + county.surplus_log_sd * rng.permutation(_normal_scores(n))
    level += county.surplus_on_quality * villages.quality
    growth = county.surplus_growth + county.growth_on_quality * villages.quality
    shock = county.surplus_shock * rng.standard_normal((n, len(YEARS)))
    noise = county.surplus_noise * rng.standard_normal((n, len(YEARS)))
    return np.exp(level[:, None] + growth[:, None] * elapsed + shock) + noise


@cache
def _normal_scores(n: int) -> np.ndarray:
    standard = NormalDist()
    return np.array([standard.inv_cdf((rank + 0.5) / n) for rank in range(n)])


def _untreated_observed(villages: Villages, county: County, rng: np.random.Generator) -> np.ndarray:
    """Levels lognormal, trends linear in recorded covariates, noise normal: no heavy tail in any change."""
    n, elapsed = len(villages.quality), np.arange(len(YEARS))
    level = county.surplus_log_mean + county.surplus_log_sd * rng.standard_normal(n)
    level += county.surplus_on_quality * villages.quality
    trend = county.trend_common + villages.observed @ county.trend_observed
    noise = county.noise_observed * rng.standard_normal((n, len(YEARS)))
    return np.exp(level)[:, None] + trend[:, None] * elapsed + noise


def _reported(surplus: np.ndarray, county: County, rng: np.random.Generator) -> np.ndarray:
    """The ledger, in which some results just below a target are reported just above it once targets exist."""
    tempted = rng.random(surplus.shape) < county.manipulation_share
    excess = rng.uniform(0, 0.03, surplus.shape)
    reported = surplus.copy()
    since = np.array(YEARS) >= min(year for year, _ in county.rollout)
    for target in TARGETS:
        lifted = tempted & since & (surplus >= 0.9 * target * YUAN) & (surplus < target * YUAN)
        reported = np.where(lifted, np.rint(target * (1 + excess) * YUAN).astype(np.int64), reported)
    return reported


def _grants(n: int, county: County, rng: np.random.Generator) -> np.ndarray:
    years = np.array(YEARS)
    open_years = (years >= GRANT_YEARS[0]) & (years <= GRANT_YEARS[1])
    hit = (rng.random((n, len(YEARS))) < county.grant_chance) & open_years
    first = hit & (np.cumsum(hit, axis=1) == 1)  # one-off: a village is supported once
    return np.rint(first * county.grant * YUAN).astype(np.int64)


def village_year(villages: Villages, adoption: Adoption, money: Collective, county: County) -> pd.DataFrame:
    """The village-year panel as estimators may read it; baseline columns are constant within a village.

    log_ci_baseline = asinh of the mean operating surplus 2015-2019 in 10,000 yuan.
    """
    n_years = len(YEARS)
    fed = federation_of(villages, adoption)
    before = [position for position, year in enumerate(YEARS) if year < 2020]
    township_codes, township_names = np.array(TOWNSHIPS, dtype=object).T
    baseline = {
        "village_id": np.array(village_ids(), dtype=object),
        "township_code": township_codes[villages.township],
        "township": township_names[villages.township],
        "village": np.array(village_names(), dtype=object),
        "year": None,
        "households": villages.households,
        "population_res": villages.population,
        "arable_mu": villages.arable,
        "orchard_mu": villages.orchard,
        "peach_mu": villages.peach,
        "land_per_hh_mu": villages.land,
        "dist_county_km": villages.distance,
        "hill_share": villages.hill_share,
        "party_members": villages.party_members,
        "sec_age": villages.sec_age,
        "sec_edu_years": villages.sec_edu,
        "sec_is_head": villages.sec_is_head,
        "precoop_2019": villages.precoop,
        "first_secretary": villages.first_secretary,
        "cadre_proxy": villages.proxy,
        "log_ci_baseline": np.arcsinh(money.reported[:, before].mean(axis=1) / YUAN).round(6),
        "first_coop_year": np.where(np.isfinite(adoption.cohort), adoption.cohort, 0).astype(int),
        "model": model_codes(adoption),
        "fed_id": fed,
    }
    columns = {
        name: np.tile(YEARS, len(fed)) if values is None else np.repeat(values, n_years)
        for name, values in baseline.items()
    }
    columns["coop_active"] = adoption.active.ravel().astype(int)
    columns |= {name: values.ravel() for name, values in _accounts(money, county).items()}
    return pd.DataFrame(columns, copy=False)


def _accounts(money: Collective, county: County) -> dict[str, np.ndarray]:
    """Incomes and costs; to the yuan, total = five incomes and surplus = three of them less two costs."""
    rng = stream(county, 4)
    shape = money.untreated.shape
    own = money.reported - money.effect  # surplus that no coop made
    admin = (rng.uniform(12_000, 25_000, (shape[0], 1)) + 0.08 * np.maximum(own, 0)).astype(np.int64)
    operating_cost = (rng.uniform(0.2, 0.5, (shape[0], 1)) * np.maximum(own, 0)).astype(np.int64)
    operating_cost += np.maximum(
        -(own + admin + operating_cost), 0
    )  # losses are costs, no income is negative
    gross = own + admin + operating_cost
    contract = (
        gross * np.clip(rng.normal(0.35, 0.12, (shape[0], 1)) + rng.normal(0, 0.03, shape), 0.02, 0.7)
    ).astype(np.int64)
    investment = (gross * np.clip(rng.normal(0.06, 0.04, (shape[0], 1)), 0, 0.2)).astype(np.int64)
    from_coop = (money.effect * rng.uniform(0.5, 1.0, shape)).astype(
        np.int64
    )  # the rest is sold or let to it
    operating = gross - contract - investment + money.effect - from_coop
    subsidy = money.grant + (rng.lognormal(np.log(12_000), 0.5, shape)).astype(np.int64)
    other = rng.lognormal(np.log(4_000), 0.8, shape).astype(np.int64)
    return {
        "ci_operating_income": operating,
        "ci_contract_income": contract,
        "ci_investment": investment + from_coop,
        "ci_subsidy": subsidy,
        "ci_other": other,
        "ci_operating_cost": operating_cost,
        "ci_admin_cost": admin,
        "ci_total": operating + contract + investment + from_coop + subsidy + other,
        "ci_operating_surplus": operating + contract + investment + from_coop - operating_cost - admin,
        "ci_from_coop": from_coop,
    }


def federation_of(villages: Villages, adoption: Adoption) -> np.ndarray:
    """Federation of each village's coop, "" without: one a township, two by distance in the six largest."""
    sizes = np.bincount(villages.township)
    largest = np.argsort(-sizes, kind="stable")[:6]
    first = np.cumsum(1 + np.isin(np.arange(len(sizes)), largest)) - np.isin(np.arange(len(sizes)), largest)
    median = np.array([np.median(villages.distance[villages.township == t]) for t in range(len(sizes))])
    far = np.isin(villages.township, largest) & (villages.distance > median[villages.township])
    number = first[villages.township] + far
    labels = np.array([f"F{k:02d}" for k in range(1, len(sizes) + len(largest) + 1)], dtype=object)
    return np.where(np.isfinite(adoption.cohort), labels[number - 1], "")
