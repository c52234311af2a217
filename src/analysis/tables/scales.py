"""The effect in amounts, logs and growth, beside one another in per cent."""

from __future__ import annotations

import pandas as pd

from analysis.estimates import verdict
from analysis.tables._rendered import RenderedTable
from analysis.tables.specification import unanswered
from analysis.words import Words

CAPTION = {"zh": "“{outcome}”：换一种尺度", "en": "“{outcome}” on other scales"}


def make(rows: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per scale, that of the outcome first."""
    printed = tuple(
        (
            words.change(row.change, row.detail),
            words.amount(row.estimate, row.unit, signed=True),
            words.interval(row.conf_low, row.conf_high, row.unit),
            words.amount(row.percent, "percent", signed=True),
            words.interval(row.percent_low, row.percent_high, "percent"),
            words(f"verdicts.{verdict(rows.loc[row.Index])}"),
        )
        for row in rows.itertuples()
    )
    heads = ("scale", "own_unit", "interval", "percent", "percent_interval", "verdict")
    note = words("notes.scales", level=words.confidence())
    return RenderedTable(
        tuple(words(f"heads.{head}") for head in heads),
        printed,
        words.sentences([note, *unanswered(rows, words)]),
    )
