"""A county, whole or its villages only, put together from the parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.simulate import code_lists, cooperatives, events, spells
from analysis.simulate import households as people
from analysis.simulate.adoption import adopt
from analysis.simulate.collective import collective_income, federation_of, village_year
from analysis.simulate.names import TOWNSHIPS
from analysis.simulate.parameters import VILLAGES_BY_TOWNSHIP, YEARS, County
from analysis.simulate.prices import price_path, price_year
from analysis.simulate.truth import Truth, county_truth, village_truth
from analysis.simulate.villages import draw_villages


@dataclass(frozen=True, slots=True)
class SimulatedVillages:
    """The village panel of a county (366 x 10 rows) and its truth."""

    county: County
    village_year: pd.DataFrame
    truth: Truth


@dataclass(frozen=True, slots=True)
class SimulatedCounty:
    """All tables of a simulated county, keys as in the written study's README, and its truth."""

    county: County
    village_year: pd.DataFrame
    household_year: pd.DataFrame
    household_wave: pd.DataFrame
    coop: pd.DataFrame
    coop_year: pd.DataFrame
    federation: pd.DataFrame
    price_year: pd.DataFrame
    township: pd.DataFrame
    village: pd.DataFrame
    village_xwalk: pd.DataFrame
    household: pd.DataFrame
    membership: pd.DataFrame
    coop_village: pd.DataFrame
    coop_fed: pd.DataFrame
    price_monitor: pd.DataFrame
    shock: pd.DataFrame
    fund_project: pd.DataFrame
    assessment: pd.DataFrame
    truth: Truth


def simulate_villages(county: County) -> SimulatedVillages:
    """The village panel alone, fast; equal to that of `simulate` but for the absent `hh_income_mean`.

    Example
    -------
    >>> simulate_villages(County(selection="observed", seed=7)).village_year.shape
    (3660, 35)
    """
    villages = draw_villages(county)
    adoption = adopt(villages, county)
    money = collective_income(villages, adoption, county)
    return SimulatedVillages(
        county, village_year(villages, adoption, money, county), village_truth(adoption, money)
    )


def simulate(county: County) -> SimulatedCounty:
    """A whole county with households and cooperatives. Same parameters, same numbers."""
    villages = draw_villages(county)
    adoption = adopt(villages, county)
    money = collective_income(villages, adoption, county)
    panel = village_year(villages, adoption, money, county)
    prices = price_path(county)
    households = people.draw_households(villages, adoption, county)
    incomes = people.household_incomes(villages, adoption, households, prices, county)
    panel["hh_income_mean"] = np.rint(incomes.disposable.mean(axis=1)).astype(int).ravel()
    coops = cooperatives.coop(
        villages, adoption, households, incomes, federation_of(villages, adoption), county
    )
    from_coop = panel["ci_from_coop"].to_numpy().reshape(-1, len(YEARS))
    accounts = cooperatives.coop_year(coops, from_coop, villages, adoption, households, county)
    led = spells.coop_village(coops, county)
    return SimulatedCounty(
        county=county,
        village_year=panel,
        household_year=people.household_year(villages, adoption, households, incomes, county),
        household_wave=people.household_wave(villages, adoption, households, incomes, county),
        coop=coops,
        coop_year=accounts,
        federation=cooperatives.federation(coops, villages, county),
        price_year=price_year(prices, county),
        township=_townships(),
        village=code_lists.village(),
        village_xwalk=code_lists.village_xwalk(),
        household=spells.household(county),
        membership=spells.membership(led, adoption, households, county),
        coop_village=led,
        coop_fed=spells.coop_fed(coops, led, county),
        price_monitor=events.price_monitor(prices, county),
        shock=events.shock(villages, incomes.hail, county),
        fund_project=events.fund_project(money, county),
        assessment=events.assessment(accounts, county),
        truth=county_truth(adoption, money, households, incomes, county),
    )


def _townships() -> pd.DataFrame:
    return pd.DataFrame(TOWNSHIPS, columns=["township_code", "township"]).assign(
        n_villages=VILLAGES_BY_TOWNSHIP
    )
