"""The job training trial: what every observational method says with the people of a survey as comparison."""

from __future__ import annotations

import math

import pandas as pd

from analysis.checks.published.trainees import UNIT, word_of
from analysis.tables._rendered import RenderedTable
from analysis.words import NOTHING, Words

CAPTION = {
    "zh": "把试验的对照组换成调查中的人：各种方法的结果",
    "en": "People of a survey in place of the experiment's controls: what each method says",
}


def make(rows: pd.DataFrame, words: Words) -> RenderedTable:
    """One row per method, a pair of columns per survey."""
    heads = ("method", "against_cps", "effective_n", "against_psid", "effective_n")
    experiment = rows[rows["method"] == "experiment"].iloc[0]
    others = rows[rows["method"] != "experiment"]
    printed = tuple(
        (words(word_of(method)), *(cell for row in both.itertuples() for cell in (_with_interval(row, words), _effective(row, words))))
        for method, both in others.groupby("method", sort=False)
    )  # fmt: skip
    note = words(
        "notes.published_trainees_table", unit=words.unit(UNIT), experiment=_with_interval(experiment, words)
    )
    return RenderedTable(tuple(words(f"published_heads.{head}") for head in heads), printed, note)


def _with_interval(row: object, words: Words) -> str:
    value = words.number(row.estimate, UNIT, signed=True)
    return f"{value} {words.interval(row.conf_low, row.conf_high, UNIT)}"


def _effective(row: object, words: Words) -> str:
    return words.count(round(row.effective_n)) if math.isfinite(row.effective_n) else NOTHING
