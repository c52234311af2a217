"""Inequality before anybody adopted and in the last year: everyone, adopters, others."""

from __future__ import annotations

import pandas as pd

from analysis.tables._rendered import RenderedTable
from analysis.words import Words

CAPTION = {
    "zh": "“{outcome}”的差距：采用之前与最后一年",
    "en": "Inequality of “{outcome}”, before adoption and in the last year",
}


def make(rows: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per index and group: both years, and the change with its interval."""
    years = [rows.loc[rows["when"] == when, "year"].iloc[0] for when in ("first", "last")]
    printed = []
    for (measure, who), part in rows.groupby(["measure", "who"], sort=False):
        at = part.set_index("when")
        printed.append((
            words("tables.index_of", index=words(f"indices.{measure}"), who=words(f"groups.{who}")),
            *(words.number(at.loc[when, "estimate"], "index") for when in ("first", "last")),
            words.number(at.loc["change", "estimate"], "index", signed=True),
            words.interval(at.loc["change", "conf_low"], at.loc["change", "conf_high"], "index"),
            words.units(at.loc["last", "n_units"]),
        ))  # fmt: skip
    printed.sort(key=lambda row: list(words_order(rows, words)).index(row[0]))
    heads = (
        words("heads.index"),
        *years,
        *(words(f"heads.{h}") for h in ("change", "interval", "n_households")),
    )
    note = words("notes.inequality", level=words.confidence(), clusters=words.units(rows["n_clusters"].max()))
    return RenderedTable(heads, tuple(printed), note)


def words_order(rows: pd.DataFrame, words: Words) -> list[str]:
    """Labels in the order shown: by index, then everyone, adopters, others."""
    return [
        words("tables.index_of", index=words(f"indices.{measure}"), who=words(f"groups.{who}"))
        for measure in dict.fromkeys(rows["measure"])
        for who in dict.fromkeys(rows["who"])
    ]
