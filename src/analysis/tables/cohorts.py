"""How many units adopted when, and how long they are seen before and after."""

from __future__ import annotations

import pandas as pd

from analysis.tables._rendered import RenderedTable
from analysis.words import NOTHING, Words

CAPTION = {
    "zh": "各采用批次的{unit_noun}数与可观察年数",
    "en": "Cohorts of adoption: {unit_noun} counts and years seen",
}


def make(sizes: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per cohort, the never adopters last."""
    printed = tuple(
        (
            words("terms.never_treated") if pd.isna(row.cohort) else str(row.cohort),
            words.units(row.n_units),
            words.units(row.n_clusters),
            words.count(row.periods_before),
            NOTHING if pd.isna(row.cohort) else words.count(row.periods_after),
            words(f"cohort_uses.{_use(row)}"),
        )
        for row in sizes.itertuples()
    )
    heads = ("cohort", "n_units", "n_clusters", "periods_before", "periods_after", "use")
    return RenderedTable(tuple(words(f"heads.{head}") for head in heads), printed, words("notes.cohorts"))


def _use(row: tuple) -> str:
    if pd.isna(row.cohort):
        return "comparison"
    if row.periods_after == 0:
        return "not_yet"
    return "treated" if row.periods_before else "no_past"
