"""Whether what one table refers to is found in another."""

from __future__ import annotations

import pandas as pd

from analysis.samples.quality import label_of
from analysis.tables._rendered import RenderedTable
from analysis.words import Words

CAPTION = {"zh": "各表之间能否对上", "en": "Whether the tables find one another"}


def make(found: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per declared reference: rows that refer, rows that find, share."""
    rows = tuple(
        (
            row.table, _columns(row, words), row.refers, words.rows(row.n_rows), words.units(row.n_rows - row.n_matched),
            _share(row, words),
        )
        for row in found.itertuples()
    )  # fmt: skip
    heads = ("table", "column", "refers", "rows", "unmatched", "match_rate")
    return RenderedTable(tuple(words(f"heads.{head}") for head in heads), rows, words("notes.references"))


def _columns(row: tuple, words: Words) -> str:
    """The columns that must meet, in words: village, or village + year."""
    names = (
        label_of(row.refers.split(".")[0], name, words.study, words.language)
        for name in row.column.split(" + ")
    )
    own = label_of(row.table, row.column, words.study, words.language)
    return own if " + " not in row.column else " + ".join(names)


def _share(row: tuple, words: Words) -> str:
    return words.share(1.0) if row.n_matched == row.n_rows else words.fraction(row.n_matched, row.n_rows)
