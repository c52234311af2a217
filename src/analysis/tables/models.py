"""The models and how many adopters follow each."""

from __future__ import annotations

import pandas as pd

from analysis.tables._rendered import RenderedTable
from analysis.words import Words

CAPTION = {"zh": "各模式的{unit_noun}数与采用年份", "en": "Models: {unit_noun} counts and years of adoption"}


def make(counted: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per model of the study, also those that nobody follows, and one for the unclassified."""
    known = counted.set_index("model")
    names = list(dict.fromkeys([*words.study.models, *known.index]))
    total = int(known["n_units"].sum())
    printed = tuple(_row(name, known, total, words) for name in names)
    heads = ("model", "name_status", "n_units", "share", "adopted")
    return RenderedTable(tuple(words(f"heads.{head}") for head in heads), printed, words("notes.models"))


def _row(name: str, known: pd.DataFrame, total: int, words: Words) -> tuple[str, ...]:
    status = words.study.models[name].name_status if name in words.study.models else "none"
    mark = words(f"name_statuses.{status}")
    if name not in known.index:
        return (words.model(name), mark, words.units(0), words.fraction(0, total), "—")
    row = known.loc[name]
    n = int(row["n_units"])
    share = words.fraction(n, total)
    return (words.model(name), mark, words.units(n), share, words.years(int(row["first"]), int(row["last"])))
