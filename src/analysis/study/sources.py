"""[sources.OUTCOME]: the parts that an outcome consists of, and the links through which its parts could move."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from analysis.study._record import Key, Record, Text
from analysis.study.errors import listed, nearest

if TYPE_CHECKING:
    from analysis.study.records import Study

LINKS = (
    "price",
    "yield",
    "cost",
    "area",
)  # what a farm's income is made of; each is measured or said not to be


class Component(Record):
    """A column of the outcome's table that is one part of it; `minus`: it is taken off (a cost)."""

    label: Text
    minus: bool = False


class Link(Record):
    """One link of the chain, as a column or a ratio of two.

    table : key of a table with a row per unit of the outcome and period
    column, per : the value, divided by `per` if given (revenue per kilogram is a price); both above zero
    unit : its unit, e.g. "yuan per kg"; label : needed unless the link is one of `LINKS`
    """

    table: Key
    column: str
    per: str = ""
    unit: str
    label: Text | None = None


class Sources(Record):
    """What one outcome consists of, in the order shown; and its links.

    Parts that do not sum to the outcome leave a remainder, which is shown as a part of its own.
    """

    components: dict[str, Component] = Field(min_length=1)
    links: dict[Key, Link] = Field(default={})

    def problems(self, outcome: str, study: Study) -> list[str]:
        """An outcome, tables or labels that the study does not define."""
        where, found = f"[sources.{outcome}", []
        if outcome not in study.outcomes:
            choices = list(study.outcomes)
            return [f"{where}]: no outcome {outcome!r}; choose {listed(choices)}{nearest(outcome, choices)}"]
        own = study.outcomes[outcome].column
        if own in self.components:
            found.append(
                f"{where}.components]: {own!r} is the outcome itself; name the columns it is the sum of"
            )
        for name, link in self.links.items():
            choices = list(study.tables)
            if link.table not in choices:
                found.append(
                    f"{where}.links.{name}] table: no table {link.table!r}; "
                    f"choose {listed(choices)}{nearest(link.table, choices)}"
                )
            if link.label is None and name not in LINKS:
                found.append(
                    f"{where}.links.{name}] label: missing; only {listed(list(LINKS))} have a name of their own"
                )
        return found
