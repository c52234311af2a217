"""[plan]: what was decided before the results were known, and what was added later."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from analysis.study._record import Key, Record, Text
from analysis.study.errors import listed, nearest

if TYPE_CHECKING:
    from analysis.study.records import Study

Method = Literal[
    "romano_wolf", "holm", "benjamini_hochberg"
]  # the procedures of checks/multiplicity: a test compares


class Family(Record):
    """Outcomes that answer one question together, so that all of them share one chance of a false alarm.

    method : romano_wolf and holm keep the chance of any false alarm in the family at 1 - conf_level;
        benjamini_hochberg keeps the expected share of false alarms among the findings there, for exploration
    """

    label: Text
    outcomes: tuple[Key, ...] = Field(min_length=1)
    method: Method = "romano_wolf"


class Subgroup(Record):
    """Two groups of units told apart by what was known before adoption.

    table, column : where it stands; a row is found by the unit's id or, if the table has none, by its cluster's
    year : the period read where the table has several per id; None: the value must not change
    at : the lower group goes up to this value; "median" is that of the units analysed; None: a column of no and yes
    lower, upper : what the groups are called in full (no and yes where `at` is None)
    outcomes : what the groups are compared on
    """

    table: Key
    column: str
    year: int | None = None
    at: float | Literal["median"] | None = None
    lower: Text
    upper: Text
    outcomes: tuple[Key, ...] = Field(min_length=1)


class Added(Record):
    """What was added after the plan was made: when, what and why; `outcomes` and `subgroups` name what it covers."""

    date: datetime.date
    what: Text
    why: Text
    outcomes: tuple[Key, ...] = ()
    subgroups: tuple[Key, ...] = ()


class Plan(Record):
    """What was decided beforehand. Anything that is reported and not named here counts as exploration.

    declared : day on which it was laid down; registered : where, None: nowhere
    families : the primary outcome stands alone and is in none
    subgroups : all differences between groups that were declared form one family, adjusted by `subgroup_method`
    """

    declared: datetime.date
    registered: Text | None = None
    families: dict[Key, Family] = Field(default_factory=dict)
    subgroups: dict[Key, Subgroup] = Field(default_factory=dict)
    subgroup_method: Method = "romano_wolf"
    added: tuple[Added, ...] = ()

    @model_validator(mode="after")
    def _once_and_in_order(self) -> Plan:
        found = []
        holder: dict[str, str] = {}
        for name, family in self.families.items():
            for key in family.outcomes:
                if key in holder:
                    found.append(
                        f"[plan.families.{name}] outcomes: {key!r} is in the family {holder[key]!r} already; "
                        "an outcome is in one family"
                    )
                holder.setdefault(key, name)
        for number, entry in enumerate(self.added, start=1):
            if entry.date < self.declared:
                found.append(
                    f"[plan.added] entry {number}: {entry.date} is before the plan was declared ({self.declared}); "
                    "what was decided by then is not an addition"
                )
            found += [
                f"[plan.added] entry {number}: {key!r} is in the family {holder[key]!r}, so it was declared; "
                "take it out of one of the two"
                for key in entry.outcomes
                if key in holder
            ]
        if found:
            raise ValueError("\n".join(found))
        return self

    @property
    def declared_subgroups(self) -> tuple[str, ...]:
        """Keys of the subgroups that were not added later."""
        later = {key for entry in self.added for key in entry.subgroups}
        return tuple(key for key in self.subgroups if key not in later)

    def family_of(self, outcome: str) -> str:
        """Key of the family an outcome was declared in; "" if in none."""
        return next((name for name, family in self.families.items() if outcome in family.outcomes), "")

    def addition(self, *, outcome: str = "", subgroup: str = "") -> Added | None:
        """The entry under which an outcome or a subgroup was added; None if there is none."""
        return next(
            (
                e
                for e in self.added
                if (outcome and outcome in e.outcomes) or (subgroup and subgroup in e.subgroups)
            ),
            None,
        )

    def problems(self, study: Study) -> list[str]:
        """References to tables and outcomes that the study does not define, and a primary outcome in a family."""
        outcomes, tables, groups = list(study.outcomes), list(study.tables), list(self.subgroups)
        named = [
            (f"families.{name}] outcomes", key)
            for name, each in self.families.items()
            for key in each.outcomes
        ]
        named += [
            (f"subgroups.{name}] outcomes", key)
            for name, each in self.subgroups.items()
            for key in each.outcomes
        ]
        named += [("added] outcomes", key) for entry in self.added for key in entry.outcomes]
        found = [_unknown(place, "outcome", key, outcomes) for place, key in named if key not in outcomes]
        found += [
            _unknown(f"subgroups.{name}] table", "table", each.table, tables)
            for name, each in self.subgroups.items()
            if each.table not in tables
        ]
        found += [
            _unknown("added] subgroups", "subgroup", key, groups)
            for entry in self.added
            for key in entry.subgroups
            if key not in groups
        ]
        primary = [key for key, outcome in study.outcomes.items() if outcome.primary]
        if not primary:
            found.append(
                "[plan]: no outcome is marked with primary = true; a plan names the one it is judged by"
            )
        found += [
            f"[plan.families.{family}] outcomes: {key!r} is the primary outcome, which is judged alone; take it out "
            "of the family or mark another one as primary"
            for key in primary
            if (family := self.family_of(key))
        ]
        return found


def _unknown(place: str, kind: str, key: str, choices: list[str]) -> str:
    return f"[plan.{place}: no {kind} {key!r}; choose {listed(choices)}{nearest(key, choices)}"
