"""Who belongs to what from when to when: households to coops, coops to villages and federations."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.simulate.adoption import Adoption
from analysis.simulate.code_lists import VINTAGES, code_lists
from analysis.simulate.cooperatives import LAND_POOLED
from analysis.simulate.households import Households, household_ids
from analysis.simulate.names import village_ids
from analysis.simulate.parameters import County
from analysis.simulate.villages import stream

SHARE_LOT = 0.75  # mu in which land is paid in, 500 square metres, own
MOVED_SHARE = 0.08  # coops that changed from the other federation of their township, own


def household(county: County) -> pd.DataFrame:
    """The register of sampled households: who they are now, and number and village under which they were registered.

    Numbers were issued before the mergers of 2017 to 2018, so that one number occurs in several parts of a village.
    """
    lists = code_lists()
    units = {merger.village: merger.codes for merger in lists.mergers}
    codes, numbers = [], []
    for v, code in enumerate(lists.codes[VINTAGES[0]]):
        blocks = np.array_split(np.arange(county.n_households), len(units.get(v, (code,))))
        for unit, block in zip(units.get(v, (code,)), blocks, strict=True):
            codes += [unit] * len(block)
            numbers += range(1, len(block) + 1)
    return pd.DataFrame(
        {
            "hh_id": household_ids(county).astype(object).ravel(),
            "village_id": np.repeat(np.array(village_ids(), dtype=object), county.n_households),
            "village_code_2017": np.array(codes, dtype=object),
            "register_no": numbers,
        }
    )


def coop_village(coops: pd.DataFrame, county: County) -> pd.DataFrame:
    """The village that each coop works in, from the day it is led by the Party branch until it closed."""
    rng = stream(county, 21)
    led, exits = coops["led_since"].to_numpy(), coops["exit_year"].to_numpy()
    first, last = _days(rng, led), _days(rng, exits - 1, month=12)  # gone by the first year without it
    return pd.DataFrame(
        {
            "coop_id": coops["coop_id"].to_numpy(object),
            "village_id": coops["village_id"].to_numpy(object),
            "from_date": first,
            "to_date": np.where(exits > 0, last, ""),
        }
    )


def coop_fed(coops: pd.DataFrame, spells: pd.DataFrame, county: County) -> pd.DataFrame:
    """Federations of each coop; some began in the other federation of their township.

    spells : those of `coop_village`
    """
    rng = stream(county, 22)
    begin, end = spells["from_date"].to_numpy(object), spells["to_date"].to_numpy(object)
    changed = _days(rng, coops["led_since"].to_numpy() + 1)
    moves = rng.random(len(coops)) < MOVED_SHARE
    pairs = _other_federation(coops)
    rows = []
    for k, (coop_id, fed_id) in enumerate(zip(coops["coop_id"], coops["fed_id"], strict=True)):
        former = pairs.get(fed_id)
        if moves[k] and former and (not end[k] or changed[k] < end[k]):
            rows += [(coop_id, former, begin[k], changed[k]), (coop_id, fed_id, changed[k], end[k])]
        else:
            rows.append((coop_id, fed_id, begin[k], end[k]))
    frame = pd.DataFrame(rows, columns=["coop_id", "fed_id", "from_date", "to_date"])
    return frame.sort_values(["coop_id", "fed_id", "from_date"], ignore_index=True)


def _other_federation(coops: pd.DataFrame) -> dict[str, str]:
    """The other federation of the same township, where there are two."""
    township = {}
    codes = code_lists().codes[VINTAGES[-1]]
    place = {village: codes[v][:9] for v, village in enumerate(village_ids())}
    for fed_id, village_id in zip(coops["fed_id"], coops["village_id"], strict=True):
        township.setdefault(place[village_id], set()).add(fed_id)
    return {
        one: other
        for feds in township.values()
        if len(feds) == 2
        for one, other in (sorted(feds), sorted(feds)[::-1])
    }


def membership(
    spells: pd.DataFrame, adoption: Adoption, households: Households, county: County
) -> pd.DataFrame:
    """Sampled households that are members: since when, with which shares, and whether they use the coop's services.

    spells : those of `coop_village`; nobody leaves before the coop closes
    """
    rng = stream(county, 23)
    shape = households.joins.shape
    shares = rng.integers(1, 9, shape)
    delay = rng.integers(0, 60, shape)  # days after the start, within its year
    pooled = np.array([*LAND_POOLED, 0.0])[adoption.model][:, None] * households.peach
    land = SHARE_LOT * np.floor(pooled / SHARE_LOT)
    at = np.nonzero(households.joins)
    number = {village: v for v, village in enumerate(village_ids())}
    place = np.full(shape[0], -1)
    place[[number[village] for village in spells["village_id"]]] = np.arange(len(spells))
    rows = place[at[0]]
    begin = spells["from_date"].to_numpy(object)[rows]
    end = spells["to_date"].to_numpy(object)[rows]
    joined = [_later(day, int(wait)) for day, wait in zip(begin, delay[at], strict=True)]
    return pd.DataFrame(
        {
            "hh_id": household_ids(county).astype(object)[at],
            "coop_id": spells["coop_id"].to_numpy(object)[rows],
            # some coops closed in the December of their first year
            "from_date": [min(day, last or day) for day, last in zip(joined, end, strict=True)],
            "to_date": end,
            "shares": shares[at],
            "land_shares_mu": land[at],
            "active": households.uses[at].astype(int),
        }
    )


def _days(rng: np.random.Generator, years: np.ndarray, month: int = 0) -> np.ndarray:
    """A day of each year as ISO text."""
    months = rng.integers(1, 11, len(years)) if month == 0 else np.full(len(years), month)
    days = rng.integers(1, 29, len(years))
    return np.array(
        [f"{y:04d}-{m:02d}-{d:02d}" for y, m, d in zip(years, months, days, strict=True)], dtype=object
    )


def _later(day: str, wait: int) -> str:
    """`wait` days later, but not in another year."""
    moved = np.datetime64(day) + wait
    return min(str(moved), f"{day[:4]}-12-31")
