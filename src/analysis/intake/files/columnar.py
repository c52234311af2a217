"""Parquet files as grids, and typed columns of any source as cells."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.intake.files import long_numbers, safety
from analysis.intake.files.grid import Grid
from analysis.intake.files.refusal import damaged, refused
from analysis.intake.ledger import Ledger
from analysis.messages import Message

_NAME = Message("parquet file", "parquet 文件")


def read(path: Path, ledger: Ledger, encoding: str = "") -> list[Grid]:
    """The one grid of a parquet file; raises IntakeError where it is damaged, too large, or holds lists in cells."""
    file = path.name
    try:
        source = pq.ParquetFile(path)
        about = source.metadata
        groups = [about.row_group(n) for n in range(about.num_row_groups)]
        size = sum(
            group.column(n).total_uncompressed_size for group in groups for n in range(group.num_columns)
        )
        large = about.num_rows * about.num_columns > safety.CELLS or size > safety.UNPACKED
    except Exception:  # pyarrow's errors may quote what stands in the file
        raise damaged(file, _NAME) from None
    if large:
        what = Message(f"more than {safety.CELLS:,} cells", f"超过 {safety.CELLS:,} 个单元格")
        raise refused("too_large", file, what, Message("split it, e.g. by year", "请拆分，例如按年份"))
    nested = [field.name for field in source.schema_arrow if pa.types.is_nested(field.type)]
    if nested:
        raise refused(
            "file_kind",
            file,
            Message(
                f"cells hold lists or records in {', '.join(nested)}",
                f"{'、'.join(nested)} 列的单元格是列表或记录",
            ),
            Message("give each part a column of its own", "请把各部分拆成单独的列"),
        )
    try:
        table = source.read()
        table.validate(full=True)  # text that is no UTF-8 is found here
        columns = [_series(column) for column in table.columns]
    except Exception:  # as above
        raise damaged(file, _NAME) from None
    names = tuple(str(name) for name in table.column_names)
    return [Grid(file, as_cells(file, columns, ledger), headings=names)]


def _series(column: pa.ChunkedArray) -> pd.Series:
    """A column of Arrow as pandas reads it: text as str, numbers as float64, dates as objects."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = kind.value_type
    if pa.types.is_decimal(kind) or pa.types.is_float16(kind):
        column = column.cast(pa.float64())
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        column = column.cast(pa.large_string())
    elif pa.types.is_boolean(kind) or pa.types.is_temporal(kind):
        return pd.Series(column.to_pylist(), dtype=object)
    return column.to_pandas()


def as_cells(file: str, columns: Sequence[pd.Series], ledger: Ledger) -> pd.DataFrame:
    """Typed columns as cells of a grid; long numbers go to the ledger.

    Numbers become float64 with NaN where empty; text becomes str; dates, logical values and mixed columns stay
    objects; "" stands where those are empty.
    """
    made: dict[int, pd.Series] = {}
    long: list[tuple[int, int]] = []
    for position, column in enumerate(columns):
        cells, rows = _cells(column)
        made[position] = cells
        long += [(int(row), position) for row in rows]
    long_numbers.report(file, "", sorted(long), ledger)
    return pd.DataFrame(made, copy=False)


def _cells(column: pd.Series) -> tuple[pd.Series, Sequence[int]]:
    """A column as cells, and its rows with long numbers."""
    if pd.api.types.is_bool_dtype(column.dtype):
        return column.astype(object), ()
    if pd.api.types.is_numeric_dtype(column.dtype):
        values = column.to_numpy(dtype="float64", na_value=np.nan)
        return pd.Series(values), np.flatnonzero(np.abs(values) >= long_numbers.LIMIT)
    if isinstance(column.dtype, pd.StringDtype):
        text = column.fillna("").reset_index(drop=True)
    else:
        values = [_plain(value) for value in column]
        if not all(type(value) is str for value in values):
            made = np.empty(len(values), dtype=object)
            made[:] = values
            long = [at for at, v in enumerate(values) if type(v) is float and abs(v) >= long_numbers.LIMIT]
            return pd.Series(made, dtype=object), long
        text = pd.Series(values, dtype="str")
    hit = (
        text.str.match(long_numbers.SCIENTIFIC) if text.str.contains(r"[eEｅＥ]", regex=True).any() else None
    )
    return text, np.flatnonzero(hit.to_numpy(dtype=bool)) if hit is not None else ()


def _plain(value: object) -> object:
    """A cell as a workbook would give it: "" where empty, numbers as float, midnight as a date."""
    if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, pd.Timestamp):
        value = value.to_pydatetime(warn=False)
    if isinstance(value, dt.datetime) and value.time() == dt.time(0) and value.tzinfo is None:
        return value.date()
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | float | np.number):
        return float(value)
    return value
