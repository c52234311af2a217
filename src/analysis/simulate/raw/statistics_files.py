"""Stata, SPSS and parquet files with labels, without the time of writing in them."""

from __future__ import annotations

import datetime
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

_MOMENT = datetime.datetime(2024, 12, 31)
_SPSS_DATE = slice(92, 109)  # day and time of creation in the header record


@dataclass(frozen=True, slots=True)
class Labelled:
    """Columns by name with their titles and, for coded ones, the words of their codes."""

    columns: dict[str, list[object]]
    titles: dict[str, str]
    labels: dict[str, dict[str, str]] = field(default_factory=dict)

    def frame(self) -> pd.DataFrame:
        """The columns as a table."""
        return pd.DataFrame(self.columns)


def save_dta(path: Path, table: Labelled) -> None:
    """Write a Stata file (format 118, text in UTF-8)."""
    labels = {name: {int(code): word for code, word in words.items()} for name, words in table.labels.items()}
    frame = table.frame()
    text = frame.select_dtypes("str").columns
    frame = frame.astype(dict.fromkeys(text, object))
    frame.to_stata(
        path, write_index=False, version=118, time_stamp=_MOMENT, variable_labels=table.titles,
        value_labels=labels,
    )  # fmt: skip


def save_sav(path: Path, table: Labelled) -> None:
    """Write an SPSS file."""
    import pyreadstat

    labels = {
        name: {float(code): word for code, word in words.items()} for name, words in table.labels.items()
    }
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made.sav"
        pyreadstat.write_sav(
            table.frame(), str(made), column_labels=table.titles, variable_value_labels=labels
        )
        content = bytearray(made.read_bytes())
    content[_SPSS_DATE] = b"31 Dec 2400:00:00"
    path.write_bytes(bytes(content))


def save_parquet(path: Path, table: Labelled) -> None:
    """Write a parquet file without library metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    made = pa.Table.from_pandas(table.frame(), preserve_index=False).replace_schema_metadata(None)
    pq.write_table(made, path, compression="zstd", compression_level=3)
