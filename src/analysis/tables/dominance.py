"""Which curve lies above which, over all shares at once."""

from __future__ import annotations

import pandas as pd

from analysis.tables._rendered import RenderedTable
from analysis.words import Words

CAPTION = {"zh": "“{outcome}”：哪条曲线在上", "en": "“{outcome}”: which curve lies above"}


def make(verdicts: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per curve and comparison."""
    printed = tuple(
        (
            words(f"curves.{row.curve}"),
            words(f"comparisons.{row.comparison}"),
            words(f"dominance.{row.verdict}"),
            words(f"meanings.{row.curve}_{row.verdict}"),
        )
        for row in verdicts.itertuples()
    )
    heads = tuple(words(f"heads.{head}") for head in ("curve", "compared", "above", "means"))
    return RenderedTable(heads, printed, words("notes.dominance", level=words.confidence()))
