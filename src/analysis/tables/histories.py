"""The average effect with and without units that have gaps."""

from __future__ import annotations

import pandas as pd

from analysis.estimates import verdict
from analysis.tables._rendered import RenderedTable
from analysis.words import Words

CAPTION = {
    "zh": "记录有缺口的单位用与不用，对“{outcome}”的平均影响",
    "en": "Average effect on “{outcome}” with and without units that have gaps",
}


def make(rows: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per estimator and way of using the records."""
    unit = rows["unit"].iloc[0]
    printed = tuple(
        (
            words(f"estimators.{row.estimator}"),
            words(f"histories.{row.histories}"),
            words.units(row.n_units),
            words.rows(row.n_observations),
            words.number(row.estimate, unit, signed=True),
            words.interval(row.conf_low, row.conf_high, unit),
            words(f"verdicts.{verdict(rows.loc[row.Index])}"),
        )
        for row in rows.itertuples()
    )
    heads = ("estimator", "histories", "n_units", "n_observations", "estimate", "interval", "verdict")
    note = words("notes.histories", unit=words.unit(unit), level=words.confidence())
    return RenderedTable(tuple(words(f"heads.{head}") for head in heads), printed, note)
