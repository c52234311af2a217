"""A table of the data model as the bytes of its file: columns in declared order, types by declared kind."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.schema.declared import Column, Entity

_NUMERIC = {"int", "float", "year", "flag"}
_WHOLE = {"yuan", "yuan/mu", "kg", "kg/mu"}  # recorded in whole units, but fractions are no mistake
_PARQUET = {"year": "int16", "flag": "int8"}


def file_name(entity: Entity) -> str:
    """The file an entity is written to: village_year.csv."""
    return f"{entity.name}.{entity.format}"


def typed(frame: pd.DataFrame, entity: Entity) -> pd.DataFrame:
    """The table with its columns in declared order and the types of their kinds; absent columns stay absent.

    Whole numbers are int64, or Int64 where cells are empty; yuan and kg are whole where every cell is; text is str.

    Raises
    ------
    KeyError : a column that the entity does not declare.
    ValueError : a cell that is no number in a column of numbers, or a fraction in one of whole numbers.
    """
    unknown = [name for name in frame.columns if name not in entity.columns]
    if unknown:
        raise KeyError(f"not declared in {entity.name}: {', '.join(map(str, unknown))}")
    present = [name for name in entity.columns if name in frame.columns]
    return pd.DataFrame(
        {name: _typed(frame[name], entity.columns[name]) for name in present}, index=frame.index
    ).reset_index(drop=True)


def encode(frame: pd.DataFrame, entity: Entity) -> bytes:
    """The file's bytes; equal tables give equal bytes. Errors as `typed`."""
    table = typed(frame, entity)
    return _parquet(table, entity) if entity.format == "parquet" else _csv(table)


def _typed(column: pd.Series, declared: Column) -> pd.Series:
    if declared.kind not in _NUMERIC:
        text = column.astype("object")
        return text.where(text.notna(), "").astype("str").astype("object").replace("", None).astype("str")
    number = pd.to_numeric(column)
    if number.dtype == bool:
        number = number.astype("int64")
    values = number.to_numpy(dtype=float, na_value=np.nan) + 0.0  # -0.0 prints as 0.0
    finite = np.isfinite(values)
    whole = bool((values[finite] == np.rint(values[finite])).all())
    if declared.kind == "float" and not (declared.unit in _WHOLE and whole):
        return pd.Series(values, index=column.index)
    if not whole:
        raise ValueError(f"a fraction in a column of whole numbers ({declared.kind})")
    if finite.all():
        return pd.Series(values.astype("int64"), index=column.index)
    return pd.Series(
        pd.array(np.where(finite, values, 0).astype("int64"), dtype="Int64"), index=column.index
    ).mask(~pd.Series(finite, index=column.index))


def _csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False, lineterminator="\n").encode("utf-8")


def _parquet(table: pd.DataFrame, entity: Entity) -> bytes:
    """Parquet with fixed compression and without index or library metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    narrow = {
        name: _PARQUET.get(entity.columns[name].kind, "int32")
        for name in table.columns
        if table[name].dtype == "int64" and table[name].abs().max() < 2**31
    }
    made = pa.Table.from_pandas(table.astype(narrow), preserve_index=False).replace_schema_metadata(None)
    buffer = pa.BufferOutputStream()
    pq.write_table(made, buffer, compression="zstd", compression_level=9)
    return buffer.getvalue().to_pybytes()
