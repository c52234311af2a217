"""What each source of income adds to the Gini of the whole."""

from __future__ import annotations

import pandas as pd

from analysis.tables._rendered import RenderedTable
from analysis.words import Words

CAPTION = {"zh": "“{outcome}”的基尼系数来自哪些收入", "en": "The Gini of “{outcome}” by source of income"}


def make(rows: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per source: share of income, share of the Gini in both years, and what its growth does."""
    years = {when: rows.loc[rows["when"] == when, "year"].iloc[0] for when in ("first", "last")}
    whole = rows[rows["measure"] == "contribution"].groupby("when")["estimate"].sum()
    printed = []
    for source, part in rows.groupby("source", sort=False):
        at = part.set_index(["when", "measure"])
        growth = at.loc[("last", "marginal")]
        contribution = [
            at.loc[(when, "contribution"), "estimate"] / whole[when] for when in ("first", "last")
        ]
        printed.append((
            _name(str(source), words), words.share(at.loc[("last", "share"), "estimate"]),
            *(words.share(value) for value in contribution),
            words.number(growth["estimate"] / 100, "small_index", signed=True),
            words.interval(growth["conf_low"] / 100, growth["conf_high"] / 100, "small_index"),
        ))  # fmt: skip
    heads = (
        words("heads.source"), words("heads.share_income"),
        *(words("heads.share_gini", year=years[when]) for when in ("first", "last")),
        words("heads.gini_growth"), words("heads.interval"),
    )  # fmt: skip
    return RenderedTable(
        heads, tuple(printed), words("notes.gini_sources", level=words.confidence(), year=years["last"])
    )


def _name(source: str, words: Words) -> str:
    if source == "rest":
        return words("sources.rest")
    for declared in words.study.sources.values():
        if source in declared.components:
            return words.text(declared.components[source].label)
    return source
