"""The two platforms: cooperatives inside federations and cooperatives on their own."""

from __future__ import annotations

import pandas as pd

from analysis.tables._rendered import RenderedTable
from analysis.words import Words

CAPTION = {
    "zh": "两个平台：加入与未加入联合社的合作社",
    "en": "Two platforms: cooperatives inside and outside federations",
}


def make(platforms: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per platform, the total last."""
    printed = tuple(
        (
            words(f"platforms.{row.platform}"),
            words.units(row.n_coops),
            words.units(row.n_demonstration),
            words.units(row.n_exited),
        )
        for row in platforms.itertuples()
    )
    heads = ("platform", "n_coops", "n_demonstration", "n_exited")
    return RenderedTable(tuple(words(f"heads.{head}") for head in heads), printed, words("notes.platforms"))
