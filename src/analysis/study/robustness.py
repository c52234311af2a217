"""[robustness]: the other ways of asking that only this study can say: prices, programmes, placebos, neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from analysis.study._record import Key, Record, Text
from analysis.study.errors import listed, nearest

if TYPE_CHECKING:
    from analysis.study.records import Study


class Deflator(Record):
    """A price index, from a table (a row per period) or written here (change on the year before, per cent).

    table, time, column : an index on any base; or
    change : {"2016" = 2.0, ...}, per cent on the year before, published to that precision
    base_year : the year whose prices are used; reason : source, and why this index, printed in the report
    """

    table: str = ""
    time: str = ""
    column: str = ""
    change: dict[str, float] = Field(default={})
    base_year: int
    reason: Text

    @model_validator(mode="after")
    def _one_source(self) -> Deflator:
        named = bool(self.table and self.time and self.column)
        if named == bool(self.change):
            raise ValueError(
                "[robustness.deflator]: give an index as table, time and column, or as change on the year before "
                "(one of the two)"
            )
        wrong = [year for year in self.change if not year.isdigit()]
        if wrong:
            raise ValueError(f"[robustness.deflator] change: {listed(wrong)} is not a year")
        return self


class PriceYear(Record):
    """Baseline columns (constant within a unit) through which a price moves units differently from year to year."""

    columns: tuple[str, ...] = Field(min_length=1)
    reason: Text


class Programme(Record):
    """Another programme that ran at the same time; the units it reached are left out in one variant.

    column : of the outcome's table, true or 1 in any row; or
    table, unit, time : a table with a row per grant; `unit` stands in both tables, first and last bound `time`
    """

    column: str = ""
    table: str = ""
    unit: str = ""
    time: str = ""
    first: int | None = None
    last: int | None = None
    label: Text
    reason: Text

    @model_validator(mode="after")
    def _one_source(self) -> Programme:
        if bool(self.column) == bool(self.table) or (self.table and not self.unit):
            raise ValueError(
                "[robustness.programmes]: give 'column' of the outcome's table, or 'table' and 'unit' of a table of "
                "grants (one of the two)"
            )
        return self


class PlaceboOutcome(Record):
    """A column of the outcome's table that the programme cannot move; `reason` says why not."""

    column: str
    unit: str
    label: Text
    reason: Text


class Exposure(Record):
    """When a unit counts as exposed to adopters around it.

    x, y, rings : columns with positions and outer limits of rings, all in km, increasing; or
    group, share : column of the group (township; default that of the table), and the share of the other units of the
        group that must have adopted
    """

    x: str = ""
    y: str = ""
    rings: tuple[float, ...] = ()
    group: str = ""
    share: float = Field(default=0.5, gt=0, le=1)
    reason: Text

    @model_validator(mode="after")
    def _complete(self) -> Exposure:
        given = [bool(self.x), bool(self.y), bool(self.rings)]
        if any(given) and not all(given):
            raise ValueError("[robustness.exposure]: positions need all of x, y and rings")
        if any(a >= b for a, b in zip((0.0, *self.rings), self.rings, strict=False)):
            raise ValueError("[robustness.exposure] rings: outer limits must be positive and increase")
        return self


class Robustness(Record):
    """What the alternatives of the robustness chapter need beyond the design.

    tails : share of units at each end of a year that count as extreme
    base_periods : periods before adoption whose mean is the alternative base
    """

    tails: float = Field(default=0.01, gt=0, lt=0.25)
    base_periods: int = Field(default=3, ge=2, le=10)
    deflator: Deflator | None = None
    price_year: PriceYear | None = None
    programmes: dict[Key, Programme] = Field(default={})
    placebo_outcomes: dict[Key, PlaceboOutcome] = Field(default={})
    exposure: Exposure | None = None

    def labels(self, change: str) -> dict[str, Text]:
        """Labels of the declared entries that a kind of change is about, by key."""
        about = {"without_programme": self.programmes, "placebo_outcome": self.placebo_outcomes}
        return {key: entry.label for key, entry in about.get(change, {}).items()}

    def problems(self, study: Study) -> list[str]:
        """References to tables that the study does not define."""
        named = {f"programmes.{key}": programme.table for key, programme in self.programmes.items()}
        if self.deflator is not None:
            named["deflator"] = self.deflator.table
        choices = list(study.tables)
        return [
            f"[robustness.{place}] table: no table {table!r}; choose {listed(choices)}{nearest(table, choices)}"
            for place, table in named.items()
            if table and table not in study.tables
        ]
