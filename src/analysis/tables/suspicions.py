"""What the detectors of implausible values found in the panels' money; nothing is changed because of it."""

from __future__ import annotations

import pandas as pd

from analysis.samples.quality import label_of
from analysis.tables._rendered import RenderedTable
from analysis.words import NOTHING, Words

CAPTION = {"zh": "可疑数值：能读出，但未必真实", "en": "Values that could be read and may still be wrong"}


def make(found: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per suspicion; one that says so where there is none. The public sees kinds, not details."""
    heads = tuple(words(f"heads.{head}") for head in ("suspicion", "table", "column", "cells", "detail"))
    if words.is_public:
        order = found.sort_values("n_rows", ascending=False, kind="stable")
        found = order.drop_duplicates(["detector", "table", "column"]).sort_index()
    rows = tuple(
        (
            words(f"detectors.{row.detector}"), row.table, label_of(row.table, row.column, words.study, words.language), words.units(row.n_rows),
            NOTHING if words.is_public else getattr(row, f"what_{words.language}"),
        )
        for row in found.itertuples()
    ) or ((words("detectors.nothing"), NOTHING, NOTHING, words.count(0), NOTHING),)  # fmt: skip
    return RenderedTable(heads, rows, words("notes.suspicions"))
