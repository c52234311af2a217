"""Where values are missing, over the columns that the analysis reads."""

from __future__ import annotations

import pandas as pd

from analysis.tables._rendered import RenderedTable
from analysis.words import Words

CAPTION = {"zh": "分析所用各列的缺失情况", "en": "Missing values in the columns that are analysed"}


def make(counted: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per column; `counted` has table, column, label, n_rows, n_missing."""
    printed = tuple(
        (
            row.table,
            row.label,
            words.rows(row.n_rows),
            words.units(row.n_missing),
            words.fraction(row.n_missing, row.n_rows),
        )
        for row in counted.itertuples()
    )
    heads = ("table", "column", "rows", "missing", "missing_share")
    return RenderedTable(tuple(words(f"heads.{head}") for head in heads), printed, words("notes.missing"))
