"""[membership]: which households could join, when they are compared, and on what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from analysis.study._record import Key, Record, Text
from analysis.study.errors import listed, nearest

if TYPE_CHECKING:
    from analysis.study.records import Study


class Instrument(Record):
    """A column that moves joining but not the outcome; `reason` is why one may believe that, printed in the report."""

    reason: Text


class Membership(Record):
    """Members against non-members of one household table, at one date or two.

    table : key of the table; its rows are households at a date
    unit, time, village, member : its columns; `member` is true or 1 for who is a member at that date
    outcome : key of the outcome on members; its column stands in `table` too, its truth (if any) is the truth here
    others, village_mean : keys of the outcomes on non-members of the same villages and on village means, if measured
    baseline : a date before anybody joined, from which outcome and covariates are taken; None: a single cross-section,
        whose covariates are of the date compared
    covariates : columns that joining cannot have changed; low_income : column of yes or no; weight : survey weight
    """

    table: Key
    unit: str
    time: str
    village: str
    member: str
    outcome: Key
    others: str = ""
    village_mean: str = ""
    baseline: int | None = None
    compared: int
    covariates: tuple[str, ...]
    low_income: str = ""
    weight: str = ""
    instruments: dict[Key, Instrument] = Field(default={})

    @model_validator(mode="after")
    def _dates_and_columns(self) -> Membership:
        found = []
        if self.baseline is not None and self.baseline >= self.compared:
            found.append(
                f"[membership] baseline: {self.baseline} is not before compared = {self.compared}; "
                "give a date before anybody joined or leave it out"
            )
        twice = [name for name in self.instruments if name in self.covariates]
        if twice:
            found.append(
                f"[membership] covariates: {listed(twice)} also stands under instruments; an instrument is left out "
                "of the outcome, a covariate is not: decide which it is"
            )
        if not self.covariates:
            found.append(
                "[membership] covariates: none given; name what members and non-members are compared on"
            )
        if found:
            raise ValueError("\n".join(found))
        return self

    def problems(self, study: Study) -> list[str]:
        """References to tables and outcomes that the study does not define."""
        found = []
        if self.table not in study.tables:
            choices = list(study.tables)
            found.append(
                f"[membership] table: no table {self.table!r}; choose {listed(choices)}{nearest(self.table, choices)}"
            )
        for name in ("outcome", "others", "village_mean"):
            key, choices = getattr(self, name), list(study.outcomes)
            if key and key not in choices:
                found.append(
                    f"[membership] {name}: no outcome {key!r}; choose {listed(choices)}{nearest(key, choices)}"
                )
        return found
