"""What one sheet gives to one table, before it is known which village or household is meant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from analysis.intake.ledger import Place
from analysis.intake.mapping import Source


@dataclass(frozen=True, slots=True)
class Part:
    """The data rows of one sheet as columns of the data model.

    values : one row per data row, index = zero-based sheet rows; columns of the entity as float, int or text
        (None where empty), and "@name" for names that find the key (@village, @household_no, ...)
    steps : by column that was converted from a larger unit, the smallest step its decimals can show, in the data
        model's unit (0.01 万元 = 100 yuan): sums of rounded parts may miss a rounded total by half of it each
    private : mapped names under which persons may stand, so that no message repeats what is written there
    width : number of columns of the sheet
    columns : sheet column of each mapped name, -1 where the value is a constant or stands in the sheet's name
    """

    file: str
    sheet: str
    source: Source
    values: pd.DataFrame
    columns: dict[str, int]
    locate: Callable[[int, int], Place]
    steps: dict[str, float]
    private: frozenset[str] = frozenset()
    width: int = 0

    def place(self, row: int = -1, name: str = "") -> Place:
        """Where a value of a mapped column stands; `row` is a label of `values`."""
        return self.locate(row, self.columns.get(name, -1))
