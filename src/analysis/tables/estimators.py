"""The same average by every estimator."""

from __future__ import annotations

import pandas as pd

from analysis.estimates import verdict
from analysis.tables._rendered import RenderedTable
from analysis.words import Words

CAPTION = {"zh": "各估计方法下对“{outcome}”的平均影响", "en": "Average effect on “{outcome}” by estimator"}


def make(each: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per estimator; the benchmark has no verdict of its own."""
    unit = each["unit"].iloc[0]
    printed = tuple(
        (
            words(f"estimators.{row.estimator}"),
            words.number(row.estimate, unit, signed=True),
            words.interval(row.conf_low, row.conf_high, unit),
            words.units(row.n_treated),
            words("terms.benchmark_only")
            if row.estimator == "twfe"
            else words(f"verdicts.{verdict(each.loc[row.Index])}"),
        )
        for row in each.itertuples()
    )
    heads = ("estimator", "estimate", "interval", "n_treated", "verdict")
    remarks = [
        words("notes.remark", levels=words(f"estimators.{row.estimator}"), remark=words.status(row.status))
        for row in each.itertuples()
        if words.status(row.status)
    ]
    note = words("notes.estimators", unit=words.unit(unit), level=words.confidence())
    return RenderedTable(
        tuple(words(f"heads.{head}") for head in heads), printed, words.sentences([note, *remarks])
    )
