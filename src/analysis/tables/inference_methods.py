"""The headline by several methods of inference."""

from __future__ import annotations

import pandas as pd

from analysis.checks.agreement import FEW_CLUSTERS
from analysis.tables._rendered import RenderedTable
from analysis.words import NOTHING, Words
from analysis.words.p_values import p_value

CAPTION = {
    "zh": "“{outcome}”：同一估计值，不同的误差算法",
    "en": "“{outcome}”: one estimate by several methods of inference",
}


def make(rows: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per method; few clusters are marked."""
    unit = rows["unit"].iloc[0]
    printed = tuple(
        (
            words(f"sensitivity.inference.{row.method}") + ("*" if 0 < row.n_clusters < FEW_CLUSTERS else ""),
            words.number(row.estimate, unit, signed=True),
            words.interval(row.conf_low, row.conf_high, unit),
            p_value(row.p_value, words),
            words.units(row.n_clusters) if row.n_clusters else NOTHING,
        )
        for row in rows.itertuples()
    )
    heads = (
        words("sensitivity.heads.method"),
        *(words(f"heads.{h}") for h in ("estimate", "interval", "p_value", "n_clusters")),
    )
    few = ((rows["n_clusters"] > 0) & (rows["n_clusters"] < FEW_CLUSTERS)).any()
    problems = {
        status: words.listed([words(f"sensitivity.inference.{method}") for method in own["method"]])
        for status, own in rows[rows["status"] != "ok"].groupby("status", sort=False)
    }
    told = [
        words("notes.remark", levels=names, remark=words.status(status)) for status, names in problems.items()
    ]
    note = words("notes.inference_methods", unit=words.unit(unit), level=words.confidence())
    marked = words("notes.few_clusters", few=FEW_CLUSTERS) if few else ""
    return RenderedTable(heads, printed, words.sentences([note, marked, *told]))
