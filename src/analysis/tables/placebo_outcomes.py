"""Outcomes that the programme cannot move."""

from __future__ import annotations

import pandas as pd

from analysis.estimates import verdict
from analysis.tables._rendered import RenderedTable
from analysis.tables.specification import unanswered
from analysis.words import Words

CAPTION = {
    "zh": "项目不应影响的指标：采用之后有没有变",
    "en": "Outcomes that the programme cannot move: did they change after adoption",
}


def make(rows: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per outcome, in its own unit, with the reason why it should not move."""
    declared = words.study.robustness.placebo_outcomes
    printed = tuple(
        (
            words.change(row.change, row.detail),
            words.amount(row.estimate, row.unit, signed=True),
            words.interval(row.conf_low, row.conf_high, row.unit),
            words.number(row.p_holm, "probability"),
            words(f"verdicts.{verdict(rows.loc[row.Index])}"),
            words.text(declared[row.detail].reason),
        )
        for row in rows.itertuples()
    )
    heads = ("placebo_outcome", "estimate", "interval", "p_holm", "verdict", "why_placebo")
    note = words("notes.placebo_outcomes", level=words.confidence())
    return RenderedTable(
        tuple(words(f"heads.{head}") for head in heads),
        printed,
        words.sentences([note, *unanswered(rows, words)]),
    )
