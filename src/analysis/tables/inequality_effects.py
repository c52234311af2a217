"""What adoption did to the inequality among adopters, by two routes."""

from __future__ import annotations

import math

import pandas as pd

from analysis.estimates import verdict
from analysis.tables._rendered import RenderedTable
from analysis.words import NOTHING, Words

CAPTION = {
    "zh": "采用对采用户内部差距的影响（“{outcome}”）",
    "en": "Effect of adoption on inequality among adopters (“{outcome}”)",
}


def make(indices: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per index: without, with, difference with interval and verdict, linear route, truth if known."""
    by = {method: part.set_index("share") for method, part in indices.groupby("method")}
    known, beside = by.get("truth"), by.get("rif")
    printed, reasons = [], []
    for name, row in by["changes_in_changes"].iterrows():
        other = beside.loc[name] if beside is not None and name in beside.index else None
        cells = (
            words(f"indices.{name}"), words.number(row["counterfactual"], "index"), words.number(row["actual"], "index"),
            words.number(row["estimate"], "index", signed=True),
            words.interval(row["conf_low"], row["conf_high"], "index"), words(f"verdicts.{verdict(row)}"),
            NOTHING if other is None else _linear(other, words),
        )  # fmt: skip
        if known is not None:
            cells += (words.number(known.loc[name, "estimate"], "index", signed=True),)
        printed.append(cells)
        if words.status(row["status"]) and not math.isfinite(row["estimate"]):
            reasons.append(
                words("notes.remark", levels=words(f"indices.{name}"), remark=words.status(row["status"]))
            )
    heads = [words(f"heads.{h}") for h in ("index", "without", "with", "estimate", "interval", "verdict")]
    heads += [words("heads.rif")]
    heads += [words("quantile_methods.truth")] if known is not None else []
    note = words("notes.inequality_effects", level=words.confidence())
    return RenderedTable(tuple(heads), tuple(printed), words.sentences([note, *reasons]))


def _linear(row: pd.Series, words: Words) -> str:
    value = words.number(row["estimate"], "index", signed=True)
    return f"{value} {words.interval(row['conf_low'], row['conf_high'], 'index')}"
