"""How many published answers of each data set are matched, missed and not computed."""

from __future__ import annotations

import pandas as pd

from analysis.tables._rendered import RenderedTable
from analysis.words import Words

CAPTION = {
    "zh": "核对了哪些发表值，多少一致",
    "en": "Which printed numbers were checked, and how many are matched",
}
COUNTS = ("answers", "matched", "estimate_only", "missed", "not_computed", "not_here")


def make(counts: pd.DataFrame, words: Words) -> RenderedTable:
    """One row per data set: its source, and its answers by what came of them."""
    heads = ("data", "citation", *(f"n_{name}" for name in COUNTS))
    printed = tuple(
        (
            words(f"published_data.{row.data}"), row.citation,
            *(words.count(getattr(row, name)) for name in COUNTS),
        )
        for row in counts.itertuples()
    )  # fmt: skip
    return RenderedTable(
        tuple(words(f"published_heads.{head}") for head in heads), printed, words("notes.published_counts")
    )
