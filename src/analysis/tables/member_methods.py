"""What each method compares and what one must believe to take its number for an effect."""

from __future__ import annotations

import pandas as pd

from analysis.tables._rendered import RenderedTable
from analysis.words import Words

CAPTION = {
    "zh": "各方法怎样比较、须相信什么",
    "en": "What each method compares and what one must believe",
}


def make(rows: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per method of the effects, one per comparison group."""
    methods = [name for name in dict.fromkeys(rows["method"]) if name != "truth"]
    groups = list(dict.fromkeys(rows["group"]))
    printed = [
        (
            words(f"members.methods.{name}"),
            words(f"members.method_compares.{name}"),
            words(f"members.method_assumes.{name}"),
        )
        for name in methods
    ]
    printed += [
        (
            words(f"members.groups.{name}"),
            words(f"members.group_compares.{name}"),
            words(f"members.group_assumes.{name}"),
        )
        for name in groups
    ]
    heads = ("members.heads.method", "members.heads.compares", "heads.assumption")
    return RenderedTable(tuple(words(head) for head in heads), tuple(printed))
