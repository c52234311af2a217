"""Effects on every source and on the whole, by two methods."""

from __future__ import annotations

import pandas as pd

from analysis.distribution.names import part_name
from analysis.estimates import verdict
from analysis.tables._rendered import RenderedTable
from analysis.words import Words

CAPTION = {"zh": "“{outcome}”变化的来源：数值", "en": "Sources of the change in “{outcome}”, in numbers"}


def make(steps: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per source; shares only where the whole is clearly not zero."""
    unit = steps["unit"].iloc[0]
    known, shares = steps["truth"].notna().any(), steps["share"].notna().any()
    printed = tuple(
        (
            part_name(row, words), words.number(row.estimate, unit, signed=True),
            words.interval(row.conf_low, row.conf_high, unit), words(f"verdicts.{verdict(steps.loc[row.Index])}"),
            *((words.number(row.share, "change"),) if shares else ()),
            words.number(row.second, unit, signed=True), words.number(row.p_before, "probability"),
            *((words.number(row.truth, unit, signed=True),) if known else ()),
        )
        for row in steps.itertuples()
    )  # fmt: skip
    heads = ["source", "estimate", "interval", "verdict", *(["share_effect"] if shares else [])]
    heads += ["second_estimate", "p_before", *(["true_effect"] if known else [])]
    note = words(
        "notes.income_sources", unit=words.unit(unit), level=words.confidence(),
        estimator=words(f"estimators.{steps['estimator'].iloc[0]}"),
    )  # fmt: skip
    without = "" if shares else words("notes.no_shares")
    return RenderedTable(
        tuple(words(f"heads.{head}") for head in heads), printed, words.sentences([note, without])
    )
