"""How much of inequality lies within groups, between them, and in the overlap of their incomes."""

from __future__ import annotations

import pandas as pd

from analysis.tables._rendered import RenderedTable
from analysis.words import Words

CAPTION = {
    "zh": "“{outcome}”差距的分解：组内与组间",
    "en": "Inequality of “{outcome}” within and between groups",
}
PARTS = ("within", "between", "overlap")


def make(rows: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per grouping, index and year: total, and shares within, between and overlapping."""
    printed = []
    for (grouping, index, _), part in rows.groupby(["grouping", "index", "when"], sort=False):
        at = part.set_index("measure")
        between = at.loc["between"]
        printed.append((
            words(f"groupings.{grouping}", n=words.count(part["n_groups"].iloc[0])), words(f"indices.{index}"),
            at.loc["total", "year"], words.number(at.loc["total", "estimate"], "index"),
            *(words.share(at.loc[name, "share"]) if name != "overlap" or index == "gini" else "—" for name in PARTS),
            words.interval(between["conf_low"], between["conf_high"], "index"),
        ))  # fmt: skip
    heads = ("grouping", "index", "year", "total", "within", "between", "overlap", "between_interval")
    note = words("notes.decomposition", level=words.confidence())
    return RenderedTable(tuple(words(f"heads.{head}") for head in heads), tuple(printed), note)
