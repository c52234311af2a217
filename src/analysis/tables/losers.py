"""Falls in income, and bounds on the share made worse off."""

from __future__ import annotations

import pandas as pd

from analysis.tables._rendered import RenderedTable
from analysis.words import Words

CAPTION = {
    "zh": "收入下降与因采用受损（“{outcome}”）",
    "en": "Falls in “{outcome}”, and losses through adoption",
}


def make(rows: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per group: shares that fell, and the bounds."""
    printed = []
    for who, part in rows.groupby("who", sort=False):
        at = part.set_index("measure")
        apart, low = at.loc["fell_difference"], at.loc["losers_low"]
        printed.append((
            words(f"losers.{who}"), words.share(at.loc["fell", "estimate"]),
            words.share(at.loc["fell_comparison", "estimate"]),
            words.number(apart["estimate"], "share", signed=True),
            words.interval(apart["conf_low"], apart["conf_high"], "share"),
            words("tables.from_to", low=words.share(low["estimate"]), high=words.share(at.loc["losers_high", "estimate"])),
            words("tables.from_to", low=words.share(low["conf_low"]), high=words.share(low["conf_high"])),
            words.units(at["n_treated"].max()),
        ))  # fmt: skip
    heads = (
        "group",
        "fell",
        "fell_comparison",
        "fell_difference",
        "interval",
        "bounds",
        "bounds_interval",
        "n_treated",
    )
    note = words(
        "notes.losers_table", level=words.confidence(), years=words.count(rows["event_time"].iloc[0])
    )
    return RenderedTable(tuple(words(f"heads.{head}") for head in heads), tuple(printed), note)
