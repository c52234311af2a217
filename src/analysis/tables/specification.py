"""The main estimate and every alternative to it."""

from __future__ import annotations

import pandas as pd

from analysis.estimates import verdict
from analysis.tables._rendered import RenderedTable
from analysis.words import NOTHING, Words

CAPTION = {
    "zh": "“{outcome}”：主要设定与各种替代设定",
    "en": "“{outcome}”: the main specification and its alternatives",
}


def make(specifications: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per specification, the main one first."""
    unit = specifications["unit"].iloc[0]
    printed = tuple(
        (
            words.change(row.change, row.detail),
            words(f"themes.{row.theme}"),
            words.number(row.estimate, unit, signed=True),
            words.interval(row.conf_low, row.conf_high, unit),
            words.units(row.n_changed) if row.n_changed else NOTHING,
            words.units(row.n_treated),
            words(f"verdicts.{verdict(specifications.loc[row.Index])}"),
        )
        for row in specifications.itertuples()
    )
    heads = ("specification", "theme", "estimate", "interval", "n_changed", "n_treated", "verdict")
    note = words(
        "notes.specification_rows", unit=words.unit(unit), level=words.confidence(),
        estimator=words(f"estimators.{specifications['estimator'].iloc[0]}"),
    )  # fmt: skip
    return RenderedTable(
        tuple(words(f"heads.{head}") for head in heads),
        printed,
        words.sentences([note, *unanswered(specifications, words)]),
    )


def unanswered(rows: pd.DataFrame, words: Words) -> list[str]:
    """Why single rows have no number."""
    return [
        words("notes.remark", levels=words.change(row.change, row.detail), remark=words.status(row.status))
        for row in rows.itertuples()
        if row.status.startswith("not estimable")
    ]
