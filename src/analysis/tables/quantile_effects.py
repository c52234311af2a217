"""Effects by tenth of the distribution: changes in changes, and other routes beside it."""

from __future__ import annotations

import pandas as pd

from analysis.tables._rendered import RenderedTable
from analysis.words import Words

CAPTION = {"zh": "“{outcome}”各十分位数上的影响", "en": "Effects on the tenths of “{outcome}”"}
MAIN = "changes_in_changes"
BESIDE = ("copula_stability", "rif")


def make(rows: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per share, the mean last; a column of the truth where it is known."""
    unit = rows["unit"].iloc[0]
    by = {method: part.set_index("share") for method, part in rows.groupby("method")}
    beside = [method for method in (*BESIDE, "truth") if method in by]
    printed = []
    for row in rows[rows["method"] == MAIN].itertuples():
        others = [
            words.number(by[m]["estimate"].get(row.share), unit, signed=True)
            if row.share in by[m].index
            else "—"
            for m in beside
        ]
        printed.append((
            words("terms.mean") if row.share == "mean" else f"{100 * row.share:.0f}%",
            words.number(row.counterfactual, unit), words.number(row.actual, unit),
            words.number(row.estimate, unit, signed=True), words.interval(row.conf_low, row.conf_high, unit), *others,
        ))  # fmt: skip
    heads = [words(f"heads.{name}") for name in ("quantile", "without", "with", "estimate", "band")]
    heads += [words(f"quantile_methods.{method}") for method in beside]
    note = words("notes.quantile_table", unit=words.unit(unit), level=words.confidence())
    return RenderedTable(tuple(heads), tuple(printed), words.sentences([note, _remarks(rows, words)]))


def _remarks(rows: pd.DataFrame, words: Words) -> str:
    told = dict.fromkeys(words.status(status) for status in rows["status"])
    return words.sentences([words("notes.quantile_remark", remark=text) for text in told if text])
