"""Price, yield, cost and area: what each was before, how it changed, and which was not measured."""

from __future__ import annotations

import pandas as pd

from analysis.distribution.names import link_name
from analysis.estimates import verdict
from analysis.tables._rendered import RenderedTable
from analysis.words import Words

CAPTION = {
    "zh": "从服务到收入的各个环节（“{outcome}”）：数值",
    "en": "Links from service to “{outcome}”, in numbers",
}


def make(rows: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per link; one without data says why instead of a verdict."""
    known = rows["truth"].notna().any()
    printed = tuple(
        (
            link_name(row, words), words.amount(row.level, row.unit) if row.unit else "—",
            words.number(row.estimate, "change", signed=True),
            words.interval(row.conf_low, row.conf_high, "change") if pd.notna(row.estimate) else "—",
            words.status(row.status) or words(f"verdicts.{verdict(rows.loc[row.Index])}"),
            words.units(row.n_treated) if row.n_treated else "—",
            *((words.number(row.truth, "change", signed=True),) if known else ()),
        )
        for row in rows.itertuples()
    )  # fmt: skip
    heads = [
        "link",
        "level_before",
        "change",
        "interval",
        "verdict",
        "n_treated",
        *(["true_effect"] if known else []),
    ]
    return RenderedTable(
        tuple(words(f"heads.{head}") for head in heads),
        printed,
        words("notes.links_table", level=words.confidence()),
    )
