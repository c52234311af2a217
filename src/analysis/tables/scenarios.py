"""What is simulated, and what is asked of whom."""

from __future__ import annotations

import pandas as pd

from analysis.tables._rendered import RenderedTable
from analysis.words import Words

CAPTION = {
    "zh": "模拟了哪些县，要求各方法做到什么",
    "en": "Which counties are simulated, and what is asked of the methods",
}
ORDER = ("required", "unbiased", "near", "no_interval", "fails", "shown")


def make(rows: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per scenario: its name, the county, what is asked."""
    printed = tuple(
        (words(f"validity_scenarios.{name}"), words(f"validity_worlds.{name}"), _asked(inside, words))
        for name, inside in rows.groupby("scenario", sort=False)
    )
    heads = ("scenario", "world", "asked_of")
    return RenderedTable(tuple(words(f"heads.{head}") for head in heads), printed, words("notes.scenarios"))


def _asked(rows: pd.DataFrame, words: Words) -> str:
    asked = []
    for ask in ORDER:
        methods = [words(f"validity_methods.{name}") for name in rows.loc[rows["ask"] == ask, "method"]]
        if methods:
            asked.append(words(f"validity_asks.{ask}", methods=words.listed(methods)))
    return ("；" if words.language == "zh" else "; ").join(asked)
