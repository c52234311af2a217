"""The ladder: what each step finds and what one must believe to take it for an effect."""

from __future__ import annotations

import pandas as pd

from analysis.tables._rendered import RenderedTable
from analysis.words import Words

CAPTION = {
    "zh": "从简单对比到可信估计：对“{outcome}”的各种算法及其前提",
    "en": "From easy to credible numbers for “{outcome}”, and what each assumes",
}


def make(steps: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per step."""
    unit = steps["unit"].iloc[0]
    printed = tuple(
        (
            words(f"steps.{row.step}"),
            words.number(row.estimate, unit, signed=True),
            "" if row.step == "truth" else words.interval(row.conf_low, row.conf_high, unit),
            words(f"assumptions.{row.step}"),
        )
        for row in steps.itertuples()
    )
    heads = ("step", "estimate", "interval", "assumption")
    note = words("notes.ladder", unit=words.unit(unit), level=words.confidence())
    return RenderedTable(tuple(words(f"heads.{head}") for head in heads), printed, note)
