"""Page one: every outcome's average effect by two independent estimators, its verdict, and what is left of it."""

from __future__ import annotations

import pandas as pd

from analysis.checks.multiplicity import still_clear
from analysis.estimates import verdict
from analysis.tables._rendered import RenderedTable
from analysis.words import NOTHING, Words

CAPTION = {"zh": "各结果变量的平均影响与判断", "en": "Average effects and verdicts by outcome"}


def make(headlines: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per outcome; `headlines` are those of `analysis.report.summary.Findings`."""
    printed = tuple(_row(row, words) for _, row in headlines.iterrows())
    heads = ("outcome", "main_estimate", "interval", "second_estimate", "verdict", "together", "agreement")
    note = words(
        "notes.headline", level=words.confidence(), main=words(f"short_estimators.{headlines['estimator'].iloc[0]}"),
        second=words("short_estimators.imputation"),
    )  # fmt: skip
    note = words.sentences([note, words("notes.headline_together")])
    return RenderedTable(tuple(words(f"heads.{head}") for head in heads), printed, note)


def _row(row: pd.Series, words: Words) -> tuple[str, ...]:
    unit = row["unit"]
    second = (
        words.amount(row["second_estimate"], unit, signed=True)
        if pd.notna(row["second_estimate"])
        else NOTHING
    )
    return (
        words.outcome(row["outcome"]),
        words.amount(row["estimate"], unit, signed=True),
        words.interval(row["conf_low"], row["conf_high"], unit),
        second,
        words(f"verdicts.{verdict(row)}"),
        words(f"together.{still_clear(row, words.study.design.conf_level)}"),
        words(f"agreement.{row['agreement']}"),
    )
