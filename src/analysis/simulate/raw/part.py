"""A county cut down to some of its townships, so that tests are fast."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from analysis.simulate.county import SimulatedCounty
from analysis.simulate.names import TOWNSHIPS

_BY_VILLAGE = (
    "village_year",
    "household_year",
    "household_wave",
    "household",
    "coop",
    "coop_year",
    "fund_project",
)
_BY_COOP = ("membership", "coop_village", "coop_fed", "assessment")


def within(county: SimulatedCounty, townships: Collection[int]) -> SimulatedCounty:
    """The county with the tables of some townships only, by position in TOWNSHIPS.

    Lists of villages and townships and the prices stay whole, as does the truth.
    """
    codes = {TOWNSHIPS[position][0] for position in townships}
    kept = set(county.village.loc[county.village["township_code"].isin(codes), "village_id"])
    made = {}
    for name in _BY_VILLAGE:
        table = getattr(county, name)
        made[name] = table[table["village_id"].isin(kept)].reset_index(drop=True)
    for name in _BY_COOP:
        table = getattr(county, name)
        made[name] = table[table["coop_id"].isin(set(made["coop"]["coop_id"]))].reset_index(drop=True)
    for name in ("federation", "shock"):
        table = getattr(county, name)
        made[name] = table[table["township_code"].isin(codes)].reset_index(drop=True)
    return replace(county, **made)
