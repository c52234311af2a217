"""Cooperatives, their yearly accounts, and the federations above them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.privacy.check_digits import credit_check_character
from analysis.simulate.adoption import Adoption, model_codes
from analysis.simulate.households import Households, Incomes, dividend_per_member, effect_size
from analysis.simulate.names import TOWNSHIPS, village_ids
from analysis.simulate.parameters import YEARS, County
from analysis.simulate.villages import Villages, stream

N_DEMONSTRATION = 18  # county demonstration coops, D1
DEMONSTRATION_YEAR = 2021  # income of this year decides
COUNTY_NAMED = ("M01", "M02", "M03")  # models whose names are the county's, D2
TIER_SHARES = {"T2": 0.45, "T3": 0.35, "T4": 0.12}  # of all coops; T1 is the demonstration coops, D3.9
BACKING = ("state_company", "supply_cooperative", "leading_cooperative")  # D6.1
NUMBER_CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"  # of the organisation's number in them, GB 11714

# by model M01..M10, own: firm share of capital; land pooled as share of peach land; unified selling; all 0-1
FIRM_SHARE = (0.35, 0.10, 0.05, 0.30, 0.35, 0.25, 0.00, 0.20, 0.35, 0.05)
LAND_POOLED = (0.20, 0.30, 0.45, 0.00, 0.02, 0.00, 0.00, 0.08, 0.10, 0.00)
UNIFIED_SELLING = (0.60, 0.55, 0.75, 0.80, 0.60, 0.45, 0.25, 0.50, 0.35, 0.30)


def coop(
    villages: Villages,
    adoption: Adoption,
    households: Households,
    incomes: Incomes,
    fed_id: np.ndarray,
    county: County,
) -> pd.DataFrame:
    """One row per coop, in the order of villages."""
    rng = stream(county, 7)
    at = np.flatnonzero(np.isfinite(adoption.cohort))
    led_since = adoption.cohort[at].astype(int)
    upgrade = villages.precoop[at] == 1
    model = model_codes(adoption)[at]
    exits = np.isfinite(adoption.exit_year[at])
    exit_type = rng.choice(["merged", "deregistered", "dormant"], len(at), p=[0.5, 0.3, 0.2]).astype(object)
    return pd.DataFrame(
        {
            "coop_id": [f"C{number:03d}" for number in range(1, len(at) + 1)],
            "credit_code": credit_codes(len(at), county),
            "village_id": np.array(village_ids(), dtype=object)[at],
            "registered_year": np.where(upgrade, rng.integers(2008, 2019, len(at)), led_since),
            "led_since": led_since,
            "route": np.where(upgrade, "upgrade", "new").astype(object),
            "model_primary": model,
            "name_status": np.where(np.isin(model, COUNTY_NAMED), "county", "working").astype(object),
            "fed_id": fed_id[at],
            "is_demo_county": demonstration(adoption, households, incomes)[at].astype(int),
            "exit_year": np.where(exits, adoption.exit_year[at], 0).astype(int),
            "exit_type": np.where(exits, exit_type, ""),
        }
    )


def credit_codes(count: int, county: County) -> list[str]:
    """Credit codes of farmers' cooperatives in an area that does not exist (000000), check characters right."""
    numbers = stream(county, 20).choice(1_000_000, count, replace=False)
    found = []
    for number in numbers:
        body = f"MA{number:06d}"
        first = sum(
            w * NUMBER_CHARACTERS.index(c) for w, c in zip((3, 7, 9, 10, 5, 8, 4, 2), body, strict=True)
        )
        code = f"93000000{body}{'0123456789X0'[(11 - first % 11)]}"
        found.append(code + credit_check_character(code))
    return found


def demonstration(adoption: Adoption, households: Households, incomes: Incomes) -> np.ndarray:
    """The villages of demonstration coops (n,): whose sampled members earned most in that year.

    Chosen by income, as such lists are: their income therefore proves nothing about cooperatives.
    """
    earned = incomes.disposable[:, :, YEARS.index(DEMONSTRATION_YEAR)]
    members = households.joins.sum(axis=1)
    eligible = (adoption.cohort <= DEMONSTRATION_YEAR) & (members > 0)
    mean = (earned * households.joins).sum(axis=1) / np.maximum(members, 1)
    chosen = np.argsort(-np.where(eligible, mean, -np.inf), kind="stable")[:N_DEMONSTRATION]
    return np.isin(np.arange(len(mean)), chosen) & eligible


def coop_year(
    coops: pd.DataFrame,
    from_coop: np.ndarray,
    villages: Villages,
    adoption: Adoption,
    households: Households,
    county: County,
) -> pd.DataFrame:
    """Accounts by coop and year since it is led by the Party organisation; nothing is booked after it closed.

    from_coop : (n, T) what each village's ledger books from its coop, whole yuan.

    surplus = revenue - cost; distributable = patronage_return + dividend_members + dividend_collective
    + reserve + risk_fund; capital_total = collective + member + firm. All hold to the yuan.
    """
    rng = stream(county, 8)
    at = np.flatnonzero(np.isfinite(adoption.cohort))
    size, kind = (len(at), len(YEARS)), adoption.model[at]
    working = adoption.active[at]
    share = (households.joins.sum(axis=1) + 5) / (
        county.n_households + 20
    )  # of the sample, drawn to a quarter
    listed = np.maximum(np.rint(villages.households * share), 5)[at, None].astype(np.int64) * working
    using = np.floor(listed * (1 - county.inactive_member_share) * rng.uniform(0.85, 1.0, size)).astype(
        np.int64
    )

    paid = listed * dividend_per_member(villages, adoption, county)[at].astype(np.int64)
    patronage = (paid * rng.uniform(0.6, 0.75, size)).astype(
        np.int64
    )  # the law asks for 60 % by patronage, D3.8
    collective = from_coop[at]
    withheld = (paid + collective) * rng.uniform(0.07, 0.15, size)
    reserve = np.rint(withheld * 0.7).astype(np.int64)
    risk_fund = np.rint(withheld * 0.3).astype(np.int64)
    distributable = paid + collective + reserve + risk_fund
    surplus = distributable + np.rint(distributable * rng.uniform(0, 0.08, size)).astype(np.int64)
    revenue = np.rint(
        surplus / rng.uniform(0.08, 0.2, size) + 800 * listed * rng.uniform(0.5, 1.5, size)
    ).astype(np.int64)

    capital = (rng.lognormal(np.log(300_000), 0.6, (size[0], 1)) * working).astype(np.int64)
    firm = (capital * np.array(FIRM_SHARE)[kind, None]).astype(np.int64)
    of_collective = np.clip(rng.normal(0.25, 0.10, (size[0], 1)), 0.10, 0.50)  # D3.8
    collective_capital = (capital * of_collective).astype(np.int64)
    selling = np.clip(np.array(UNIFIED_SELLING)[kind, None] + rng.normal(0, 0.12, size), 0, 1)
    effort = effect_size(adoption, county)[at]
    columns = {
        "members_listed": listed,
        "members_active": using,
        "capital_total": capital,
        "capital_collective": collective_capital,
        "capital_member": capital - firm - collective_capital,
        "capital_firm": firm,
        "land_shares_mu": (villages.peach[at] * np.array(LAND_POOLED)[kind])[:, None].round(2) * working,
        "revenue": revenue,
        "cost": revenue - surplus,
        "surplus": surplus,
        "distributable": distributable,
        "patronage_return": patronage,
        "dividend_members": paid - patronage,
        "dividend_collective": collective,
        "reserve": reserve,
        "risk_fund": risk_fund,
        "unified_buy_rate": (np.clip(selling + rng.normal(-0.05, 0.1, size), 0, 1) * working).round(2),
        "unified_sell_rate": (selling * working).round(2),
        "price_premium": ((county.effect_price * effort + rng.normal(0, 0.02, size)) * working).round(3),
        "input_discount": (
            np.clip(county.effect_cost * effort + rng.normal(0, 0.015, size), 0, 0.4) * working
        ).round(3),
        "wage_bill": np.rint(county.effect_wage * effort * using).astype(np.int64),
        "tier": _tiers(coops, working, rng),
        "status": np.where(working, "active", coops["exit_type"].to_numpy()[:, None]),
        "open_books": (rng.random(size) < 0.8) * working * 1,
        "member_meeting": rng.integers(0, 4, size) * working,
    }
    started = np.array(YEARS) >= coops["led_since"].to_numpy()[:, None]
    frame = pd.DataFrame(
        {
            "coop_id": np.repeat(coops["coop_id"].to_numpy(object), len(YEARS)),
            "village_id": np.repeat(coops["village_id"].to_numpy(object), len(YEARS)),
            "year": np.tile(YEARS, len(at)),
            **{name: values.ravel() for name, values in columns.items()},
        }
    )
    return frame.loc[started.ravel()].reset_index(drop=True)


def _tiers(coops: pd.DataFrame, working: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """T1 = demonstration coops from their year on; the others by an inspection score, in TIER_SHARES."""
    bounds = np.cumsum(list(TIER_SHARES.values())) / sum(TIER_SHARES.values())
    score = rng.standard_normal((len(coops), 1)) + rng.normal(0, 0.4, working.shape)
    place = score.argsort(axis=0).argsort(axis=0) / len(coops)
    tier = np.array(list(TIER_SHARES), dtype=object)[np.minimum(np.searchsorted(bounds, place), 2)]
    first = (coops["is_demo_county"].to_numpy()[:, None] == 1) & (np.array(YEARS) >= DEMONSTRATION_YEAR)
    return np.where(working, np.where(first, "T1", tier), "")


def federation(coops: pd.DataFrame, villages: Villages, county: County) -> pd.DataFrame:
    """One row per federation with its township, what backs it, and its coops ever."""
    township = dict(zip(village_ids(), villages.township, strict=True))
    grouped = coops.groupby("fed_id", sort=True)["village_id"]
    codes = [TOWNSHIPS[township[members.iloc[0]]][0] for _, members in grouped]
    backing = stream(county, 9).choice(BACKING, len(codes), p=[0.4, 0.3, 0.3]).astype(object)
    return pd.DataFrame(
        {
            "fed_id": list(grouped.groups),
            "township_code": codes,
            "backing": backing,
            "n_coops": grouped.size().to_numpy(),
        }
    )
