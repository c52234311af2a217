"""Whether sums add up: every identity of the data model that the columns allow to check."""

from __future__ import annotations

import pandas as pd

from analysis.schema import wording
from analysis.tables._rendered import RenderedTable
from analysis.words import NOTHING, Words

CAPTION = {"zh": "勾稽关系核对", "en": "Whether sums add up"}


def make(found: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per identity; those that are broken first."""
    ordered = found.sort_values("n_off", ascending=False, kind="stable")
    rows = tuple(
        (
            getattr(row, f"label_{words.language}"), row.table, words.rows(row.n_rows), words.units(row.n_off),
            _largest(row, words), words(f"severities.{row.severity}"),
        )
        for row in ordered.itertuples()
    )  # fmt: skip
    heads = ("identity", "table", "rows_checked", "rows_off", "largest_gap", "if_broken")
    return RenderedTable(tuple(words(f"heads.{head}") for head in heads), rows, words("notes.identities"))


def _largest(row: tuple, words: Words) -> str:
    """The largest gap; of a single row, so not for the public."""
    if words.is_public or not row.n_off:
        return NOTHING
    unit = wording.word("units", row.unit, words.language) if row.unit else ""
    return f"{row.largest:,.2f} {unit}".rstrip()
