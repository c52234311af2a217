"""Where the unit of a proposed column is written."""

from __future__ import annotations

import re
from dataclasses import dataclass

from analysis.intake.cells import units
from analysis.intake.suggest.groups import Group
from analysis.intake.suggest.sheets import Found
from analysis.intake.suggest.vocabulary import parts_of
from analysis.schema import Column

# The importer refuses numbers of these dimensions without a unit: they are ambiguous by a factor of 2 or 10,000.
NEEDED = {"money", "weight", "price", "money per area"}
_UNIT_HEADING = re.compile(r"(计量|价格|计价)?单位|unit")


@dataclass(frozen=True, slots=True)
class Said:
    """A unit and where it stands: heading, own (the column bears the data model's name), column, each (heading or
    title of every sheet, not the same in all), title, clash, none (needed, not found), "" (none, not needed)."""

    unit: str
    by: str


def unit_of(group: Group, found: list[Found], name: str, declared: Column) -> Said:
    """The unit of a column in the sheets of a group."""
    dimension = units.dimension(declared.unit)
    if declared.kind not in {"int", "float"} or not dimension:
        return Said("", "")
    named = {units.unit_named(f.title or f.heading, dimension) for f in found}
    named |= {units.unit_named(f.heading, dimension) for f in found if f.title} - {""}
    if len(named) > 1 and all(f.title for f in found):
        named -= {""}
    if units.CONTRADICTED in named:
        return Said("", "clash")
    if len(named) > 1:
        return Said("", "each")
    unit = named.pop()
    if unit:
        return Said(unit, "heading")
    if all(name in parts_of(f.heading) for f in found):
        return Said(declared.unit, "own")
    column = unit_column(group)
    if column and dimension in NEEDED:
        return Said(column, "column")
    titles = title_units(group, dimension)
    if titles and "" not in titles:
        return Said(next(iter(titles)), "title") if len(titles) == 1 else Said("", "each")
    return Said("", "none" if dimension in NEEDED else "")


def title_units(group: Group, dimension: str) -> set[str]:
    """The units of a dimension that stand above the tables, "" for sheets without one."""
    found = set()
    for names in group.names:
        said = {unit for text in names.title if (unit := units.unit_named(text, dimension))}
        found.add(said.pop() if len(said) == 1 and units.CONTRADICTED not in said else "")
    return found


def unit_column(group: Group) -> str:
    """The heading of a column that holds each row's unit; "" where there is none in every sheet."""
    for heading in group.left():
        if _UNIT_HEADING.fullmatch(parts_of(heading)[-1] if parts_of(heading) else ""):
            return heading if all(heading in draft.left for draft in group.drafts) else ""
    return ""
