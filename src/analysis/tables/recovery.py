"""Bias, coverage and size of every method in every scenario."""

from __future__ import annotations

import pandas as pd

from analysis.checks.validity.verdicts import BAND
from analysis.figures.recovery import named
from analysis.tables._rendered import RenderedTable
from analysis.words import NOTHING, Words

CAPTION = {"zh": "偏差、覆盖率和误报率", "en": "Bias, coverage and size"}


def make(rows: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per scenario and method; `rows` are judged."""
    printed = tuple(
        (
            words(f"validity_scenarios.{row.scenario}"),
            words(f"validity_methods.{row.method}"),
            words.count(row.draws),
            words.number(row.bias / row.sd, "statistic", signed=True),
            words.number(row.bias_errors, "statistic", signed=True),
            words.share(row.coverage),
            words.share(row.coverage_drawn),
            words.share(row.excludes_zero) if row.with_interval else NOTHING,
            words.share(1 - row.with_interval / row.draws),
            words(f"validity_verdicts.{row.verdict}"),
        )
        for row in rows.itertuples()
    )
    heads = (
        "scenario", "validity_method", "validity_draws", "bias_sd", "bias_errors", "coverage_law", "coverage_drawn",
        "excludes_zero", "without_interval", "validity_verdict",
    )  # fmt: skip
    return RenderedTable(tuple(words(f"heads.{head}") for head in heads), printed, _note(rows, words))


def _note(rows: pd.DataFrame, words: Words) -> str:
    marked = [named(row, words) for row in rows[rows["marked"]].itertuples()]
    return words.sentences([
        words(
            "notes.recovery_table", limit=words.number(rows["bias_limit"].iloc[0], "statistic"),
            tests=words.count(rows["demands"].iloc[0]), alpha=f"{1 - BAND:.0%}",
        ),
        words("notes.recovery_marked", rows=words.listed(marked)) if marked else "",
    ])  # fmt: skip
