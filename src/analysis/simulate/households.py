"""Sampled households: who they are, who joins, and their income with and without coops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.simulate.adoption import Adoption
from analysis.simulate.names import TOWNSHIPS, village_ids
from analysis.simulate.parameters import INCOME_PER_HEAD, WAVES, YEARS, County
from analysis.simulate.prices import Prices
from analysis.simulate.villages import Villages, stream


@dataclass(frozen=True, slots=True)
class Households:
    """Baseline of h sampled households in each of n villages, arrays (n, h); no table has `ability`."""

    ability: np.ndarray
    size: np.ndarray
    labour: np.ndarray
    head_age: np.ndarray
    head_edu: np.ndarray
    head_female: np.ndarray
    head_party: np.ndarray
    low_income: np.ndarray
    land: np.ndarray
    peach: np.ndarray
    joins: np.ndarray  # member while the village has a coop
    uses: np.ndarray  # member who uses its services


@dataclass(frozen=True, slots=True)
class Incomes:
    """Whole yuan by village, household and year, (n, h, T).

    peach_revenue, peach_cost : as earned, with coops; wage, business, property_, transfer : parts of income
    effect_member, effect_spillover : true effects, in no table
    hail : (n, T) whether hail took part of the harvest
    """

    peach_revenue: np.ndarray
    peach_cost: np.ndarray
    peach_kg: np.ndarray
    dividend: np.ndarray
    coop_wage: np.ndarray
    wage: np.ndarray
    business: np.ndarray
    property_: np.ndarray
    transfer: np.ndarray
    effect_member: np.ndarray
    effect_spillover: np.ndarray
    hail: np.ndarray

    @property
    def disposable(self) -> np.ndarray:
        """Sum of the four parts."""
        return self.wage + self.business + self.property_ + self.transfer


def draw_households(villages: Villages, adoption: Adoption, county: County) -> Households:
    """Households of the sample and their willingness to join."""
    rng = stream(county, 5)
    shape = (len(villages.quality), county.n_households)
    ability = rng.standard_normal(shape)
    size = np.clip(np.rint(rng.normal(*county.size, shape)), 1, 8).astype(int)
    age = np.clip(np.rint(rng.normal(*county.head_age, shape)), 22, 90).astype(int)
    schooling = rng.normal(*county.schooling, shape) + county.schooling_on_ability * ability
    spread = county.land_spread * rng.standard_normal(shape) + county.land_on_ability * ability
    peach = (villages.land[:, None] * np.exp(spread)).round(2)
    poor = rng.random(shape) < county.low_income_share * np.exp(-0.6 * ability - 0.18)  # mean share kept
    party = (rng.random(shape) < county.party_share).astype(int)
    chance = _member_chance(villages, ability, peach, party, age, poor, county)
    adopting = np.isfinite(adoption.cohort)[:, None]
    joins = (rng.random(shape) < chance) & adopting
    return Households(
        ability=ability,
        size=size,
        labour=np.minimum(size, rng.binomial(size, 0.62) + (age < 75)),
        head_age=age,
        head_edu=np.clip(np.rint(schooling), 0, 19).astype(int),
        head_female=(rng.random(shape) < 0.08).astype(int),
        head_party=party,
        low_income=poor.astype(int),
        land=(peach + rng.gamma(2.0, 0.8, shape)).round(2),
        peach=peach,
        joins=joins,
        uses=joins & (rng.random(shape) >= county.inactive_member_share),
    )


def _member_chance(
    villages: Villages,
    ability: np.ndarray,
    peach: np.ndarray,
    party: np.ndarray,
    age: np.ndarray,
    poor: np.ndarray,
    county: County,
) -> np.ndarray:
    constant, on_ability, on_land, on_party, on_age, on_poor, on_quality = county.member_logit
    if county.selection == "none":
        return np.full(ability.shape, 0.25)  # D3.3: 24-25 % of households in adopting villages
    cadres = villages.quality if county.selection == "county" else villages.proxy
    skill = on_ability * ability * (county.selection == "county")
    slopes = skill + on_land * (peach - 4.7) + on_party * party + on_age * (age - 56) + on_poor * poor
    return 1 / (1 + np.exp(-constant - county.selection_strength * (slopes + on_quality * cadres[:, None])))


def household_incomes(
    villages: Villages, adoption: Adoption, households: Households, prices: Prices, county: County
) -> Incomes:
    """Income by source, and by how much coops changed it."""
    rng = stream(county, 6)
    n, h = households.ability.shape
    peach = households.peach[:, :, None]
    skill = county.skill_spread * rng.standard_normal((n, h)) + county.skill_on_ability * households.ability
    shock = county.township_shock * rng.standard_normal((len(TOWNSHIPS), len(YEARS)))[villages.township]
    hail = rng.random((n, len(YEARS))) < county.hail_chance
    noise = county.peach_noise * rng.standard_normal((n, h, len(YEARS)))
    luck = np.exp(skill[:, :, None] + shock[:, None, :] + noise) * (1 - county.hail_loss * hail)[:, None, :]
    revenue = np.rint(prices.revenue_per_mu * luck * peach)
    cost = np.rint(prices.cost_per_mu * peach * np.ones_like(luck))

    growth = (np.array(INCOME_PER_HEAD) / INCOME_PER_HEAD[0]) ** county.growth_elasticity
    yearly = np.exp(county.yearly_noise * rng.standard_normal((2, n, h, len(YEARS))))
    wage0 = rng.normal(*county.wage, (n, h)) + county.wage_on_ability * households.ability
    wage0 += county.wage_on_schooling * (households.head_edu - county.schooling[0])
    wage = np.rint(np.maximum(wage0, 0)[:, :, None] * growth * yearly[0])
    other = np.rint(
        np.maximum(rng.normal(*county.other_income, (n, h)), 500)[:, :, None] * growth * yearly[1]
    )
    transfer, property_ = np.floor(0.70 * other), np.floor(0.12 * other)  # shape of income, D3.5

    scale = effect_size(adoption, county)[:, None, :]
    member, uses = households.joins[:, :, None], households.uses[:, :, None]
    better_price = np.rint(
        county.effect_price * revenue * scale * np.where(member & uses, 1.0, county.spillover_share)
    )
    less_cost = np.rint(county.effect_cost * cost * scale * uses)
    dividend = dividend_per_member(villages, adoption, county)[:, None, :] * member
    coop_wage = np.rint(county.effect_wage * scale * uses)
    gain = better_price + less_cost + dividend + coop_wage
    whole = np.int64
    return Incomes(
        peach_revenue=(revenue + better_price).astype(whole),
        peach_cost=(cost - less_cost).astype(whole),
        peach_kg=np.rint(prices.kg_per_mu * luck * peach).astype(whole),
        dividend=dividend.astype(whole),
        coop_wage=coop_wage.astype(whole),
        wage=(wage + coop_wage).astype(whole),
        business=(revenue + better_price - cost + less_cost + other - transfer - property_).astype(whole),
        property_=(property_ + dividend).astype(whole),
        transfer=transfer.astype(whole),
        effect_member=(gain * member).astype(whole),
        effect_spillover=(better_price * ~member).astype(whole),
        hail=hail,
    )


def effect_size(adoption: Adoption, county: County) -> np.ndarray:
    """What every effect on households is multiplied by, (n, T)."""
    return county.effect_scale * adoption.factor[:, None] * adoption.phase


def dividend_per_member(villages: Villages, adoption: Adoption, county: County) -> np.ndarray:
    """Dividends and patronage a coop pays to each member, whole yuan, (n, T)."""
    generosity = np.maximum(1 + county.dividend_on_quality * villages.quality, 0)[:, None]
    return np.rint(county.effect_dividend * generosity * effect_size(adoption, county))


def household_ids(county: County) -> np.ndarray:
    """V0001H01, V0001H02, ... as (n, h)."""
    width = max(2, len(str(county.n_households)))
    return np.array(
        [[f"{village}H{k:0{width}d}" for k in range(1, county.n_households + 1)] for village in village_ids()]
    )


def household_year(
    villages: Villages, adoption: Adoption, households: Households, incomes: Incomes, county: County
) -> pd.DataFrame:
    """The slim yearly panel for estimators; non-members of adopting villages are marked as exposed."""
    cohort = np.where(np.isfinite(adoption.cohort), adoption.cohort, 0).astype(np.int16)[:, None]
    columns = _identity(villages, county, len(YEARS)) | {
        "year": np.tile(np.array(YEARS, dtype=np.int16), households.ability.size),
        **_income_parts(incomes, slice(None)),
        "member_cohort": _constant(np.where(households.joins, cohort, 0).astype(np.int16), len(YEARS)),
        "village_cohort": _constant(np.broadcast_to(cohort, households.joins.shape), len(YEARS)),
        "is_member": _constant(households.joins, len(YEARS)),
        "exposed_nonmember": _constant(~households.joins & (cohort > 0), len(YEARS)),
        "peach_mu": _constant(households.peach, len(YEARS)),
        "hh_size": _constant(households.size.astype(np.int8), len(YEARS)),
        "head_age": _constant(households.head_age.astype(np.int8), len(YEARS)),
        "head_edu": _constant(households.head_edu.astype(np.int8), len(YEARS)),
    }
    return pd.DataFrame(columns, copy=False)


def household_wave(
    villages: Villages, adoption: Adoption, households: Households, incomes: Incomes, county: County
) -> pd.DataFrame:
    """The survey in four waves, with peach accounts and membership of the year."""
    waves = [YEARS.index(year) for year in WAVES]
    active = adoption.active[:, None, waves]
    member = households.joins[:, :, None] & active
    constant = {
        "hh_size": households.size, "labour": households.labour, "head_age": households.head_age,
        "head_edu": households.head_edu, "head_female": households.head_female,
        "head_party": households.head_party, "low_income": households.low_income,
        "land_mu": households.land, "peach_mu": households.peach,
    }  # fmt: skip
    varying = {
        "peach_revenue": incomes.peach_revenue, "peach_cost": incomes.peach_cost,
        "peach_kg": incomes.peach_kg, "share_dividend": incomes.dividend, "coop_wage": incomes.coop_wage,
    }  # fmt: skip
    columns = _identity(villages, county, len(waves)) | {
        "year": np.tile(np.array(WAVES, dtype=np.int16), households.ability.size),
        **{name: _constant(values, len(waves)) for name, values in constant.items()},
        **_income_parts(incomes, waves),
        **{name: values[:, :, waves].astype(np.int32).ravel() for name, values in varying.items()},
        "member": member.ravel().astype(np.int8),
        "member_active": (member & households.uses[:, :, None]).ravel().astype(np.int8),
    }
    return pd.DataFrame(columns, copy=False)


def _identity(villages: Villages, county: County, repeats: int) -> dict[str, np.ndarray]:
    codes = np.array([code for code, _ in TOWNSHIPS], dtype=object)[villages.township]
    per_village = county.n_households * repeats
    return {
        "hh_id": np.repeat(household_ids(county).astype(object), repeats),
        "village_id": np.repeat(np.array(village_ids(), dtype=object), per_village),
        "township_code": np.repeat(codes, per_village),
    }


def _income_parts(incomes: Incomes, years: slice | list[int]) -> dict[str, np.ndarray]:
    parts = {
        "inc_wage": incomes.wage, "inc_business": incomes.business, "inc_property": incomes.property_,
        "inc_transfer": incomes.transfer, "inc_disposable": incomes.disposable,
    }  # fmt: skip
    return {name: values[:, :, years].astype(np.int32).ravel() for name, values in parts.items()}


def _constant(values: np.ndarray, repeats: int) -> np.ndarray:
    return np.repeat(values, repeats)
