"""A sheet as it stands: cells, merges, what is hidden, what is broken."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd


@dataclass(frozen=True, slots=True)
class Grid:
    """One sheet of a workbook, or the whole of a text, Stata, SPSS or parquet file.

    file : name without folder; sheet : "" for files without sheets
    cells : (rows, columns) frame with integer labels from 0, exactly as in the file, headings included where the
        file has them as cells. Text files: every cell text, "" where empty. Workbooks: text, float, bool, date,
        datetime; "" where empty. Row r of the frame is spreadsheet row r + 1.
    headings : names of the columns where the format stores them apart (Stata, SPSS, parquet); None otherwise
    merged : (first row, first column, last row, last column), zero-based, inclusive
        Columns of text only have dtype str, all others dtype object. Text files: a row is a record, so that a
        quoted cell with line ends in it stays in one row. Stata, SPSS, parquet: data only, numeric columns as
        float64 with NaN where empty, logical ones, dates and text as in workbooks.
    hidden : the sheet is hidden; hidden_rows, hidden_columns : zero-based
    errors : cells that hold #REF!, #DIV/0! and the like, by (row, column); their value in `cells` is ""
    labels : value labels by heading (Stata, SPSS): {value as text: label}
    titles : labels of the columns by heading (Stata, SPSS)
    missing : codes declared missing in the file, by heading (SPSS user-missing values)
    encoding : of a text, Stata or SPSS file where it is known, "" otherwise; UTF-8 with its mark is "utf-8-sig"
    """

    file: str
    cells: pd.DataFrame
    sheet: str = ""
    headings: tuple[str, ...] | None = None
    merged: tuple[tuple[int, int, int, int], ...] = ()
    hidden: bool = False
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    missing: dict[str, tuple[str, ...]] = field(default_factory=dict)
    encoding: str = ""
