"""The rows of one estimand: estimate, error, interval, counts, verdict."""

from __future__ import annotations

from analysis.estimates import Estimates, verdict
from analysis.tables._rendered import RenderedTable, remarks
from analysis.words import Words

CAPTION = {"zh": "对“{outcome}”的估计结果（{by}）", "en": "Estimates for “{outcome}”, {by}"}


def make(estimates: Estimates, words: Words) -> RenderedTable:
    """One printed row per level."""
    rows = estimates.rows
    unit = rows["unit"].iloc[0]
    printed = tuple(
        (
            words.level(row.estimand, row.level),
            words.number(row.estimate, unit, signed=True),
            words.number(row.std_error, unit),
            words.interval(row.conf_low, row.conf_high, unit),
            words.units(row.n_treated),
            words(f"verdicts.{verdict(rows.loc[row.Index])}"),
        )
        for row in rows.itertuples()
    )
    heads = ("level", "estimate", "std_error", "interval", "n_treated", "verdict")
    note = words(
        "notes.estimates", unit=words.unit(unit), clusters=words.units(rows["n_clusters"].max()),
        kind=words(f"kinds.{rows['conf_kind'].iloc[0]}"), estimator=words(f"estimators.{rows['estimator'].iloc[0]}"),
        level=words.confidence(),
    )  # fmt: skip
    return RenderedTable(
        tuple(words(f"heads.{name}") for name in heads),
        printed,
        words.sentences([note, remarks(rows, words)]),
    )
