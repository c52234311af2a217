"""From the code lists of several years to one identity per village, in the bounds of a reference year.

An id stands for a village of the reference list. Lines of other lists belong to it where that is certain: the village
itself under another name or code (links.py), or a village merged into it or split from it by the list of changes.

Lines without a counterpart in the reference list:

- of an earlier list: no id. Their figures belong to some village of the reference list, and until a list of changes
  says which, a row about them stops the import; an id of their own would leave that village's past incomplete.
- of a later list: an id of their own, because nothing in the reference list misses their figures; the line that founds
  it has the event "same", as every line of the reference list has. Not, however, where a village of the same township
  has left the lists without explanation by then: the new line may be that village, so it stays without id.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.intake.villages.known import Known
from analysis.intake.villages.links import link
from analysis.intake.villages.lists import CrosswalkError, Unit, read_changes, read_units
from analysis.intake.villages.placing import Placing
from analysis.intake.villages.unresolved import Unresolved, unresolved
from analysis.messages import Message

COLUMNS = ("vintage", "code", "township_code", "township", "name", "village_id", "weight", "event")


@dataclass(frozen=True, slots=True, eq=False)
class Crosswalk:
    """Lines of code lists and the villages they belong to.

    frame : vintage (int), code, township_code, township, name, village_id, weight (share of the line that belongs to
        the village; 1 unless split), event (same, rename, recode, merge, split, urbanise: how the line relates to the
        line that defines the village, usually of the reference year); one row per line and village, by vintage, code,
        village_id
    vintage : reference year
    unresolved : lines that are in no row of `frame`; known so that a name cannot be matched past them
    """

    frame: pd.DataFrame
    vintage: int
    unresolved: tuple[Unit, ...] = ()


def build(
    lists: pd.DataFrame,
    changes: pd.DataFrame | None = None,
    *,
    vintage: int,
    known: pd.DataFrame | None = None,
) -> tuple[Crosswalk, list[Unresolved]]:
    """The crosswalk to the villages of the list of `vintage`, and what is not certain in it.

    Villages of that list are V0001, V0002, ... by code; with `known`, an earlier crosswalk, they keep their ids and new
    ones are appended. Lines of years that only `known` has are taken from it.

    lists : vintage, township, code, name and (optional with 12-digit codes) township_code; see `read_units`
    changes : dated list of mergers, splits and other changes; see `read_changes`

    Raises
    ------
    CrosswalkError : lists, changes or known contradict themselves or each other, or no list is of `vintage`.
    """
    before = Known.read(known)
    units = read_units(lists)
    units += before.lines_of_other_years({unit.vintage for unit in units})
    by_vintage: dict[int, list[Unit]] = {}
    for unit in sorted(units, key=lambda unit: unit.key):
        by_vintage.setdefault(unit.vintage, []).append(unit)
    if vintage not in by_vintage:
        there = ", ".join(str(year) for year in sorted(by_vintage))
        raise CrosswalkError(
            [
                Message(
                    f"no list of the reference year {vintage}; there are lists of {there or 'no year'}",
                    f"没有基准年 {vintage} 的名单；现有：{there or '无'}",
                )
            ]
        )
    placing = Placing(link(by_vintage, read_changes(changes, by_vintage)), vintage, before)
    lines = placing.links.units.values()
    rows = [
        (unit.vintage, unit.code, unit.township_code, unit.township, unit.name, village_id, weight,
         placing.event(unit, village_id, weight))
        for unit in lines
        for village_id, weight in placing.shares[unit.key]
    ]  # fmt: skip
    kinds = dict.fromkeys(COLUMNS, "str") | {"vintage": "int64", "weight": "float64"}
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype(kinds)
    frame = frame.sort_values(["vintage", "code", "village_id"], ignore_index=True)
    lost = tuple(unit for unit in lines if not placing.shares[unit.key])
    return Crosswalk(frame, vintage, lost), unresolved(placing, by_vintage)
