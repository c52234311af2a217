"""Adopters and never adopters before adoption: means and standardised differences."""

from __future__ import annotations

import pandas as pd

from analysis.samples.balance import ADOPTERS, NEVER, UNLIKE
from analysis.tables._rendered import RenderedTable
from analysis.words import NOTHING, Words

CAPTION = {
    "zh": "采用前（{year}年）各批次与从未采用者的平均水平及标准化差异",
    "en": "Before adoption ({year}): means and standardised differences from never adopters",
}


def make(rows: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per variable; a column per cohort with its standardised difference."""
    groups = list(dict.fromkeys(rows["group"]))
    cohorts = [group for group in groups if group not in {ADOPTERS, NEVER}]
    sizes = rows.drop_duplicates("group").set_index("group")["n_units"]
    heads = [
        words("heads.variable"),
        f"{words('terms.adopters')} (n={words.units(sizes[ADOPTERS])})",
        f"{words('terms.never_treated')} (n={words.units(sizes[NEVER])})",
        words("heads.smd"),
        *(f"{words('heads.smd')} {cohort}" for cohort in cohorts),
    ]
    printed = []
    for variable, found in rows.groupby("variable", sort=False):
        by_group = found.set_index("group")
        means = [_mean(by_group.loc[group], words) for group in (ADOPTERS, NEVER)]
        smds = [_smd(by_group.loc[group], words) for group in (ADOPTERS, *cohorts)]
        printed.append((words.variable(str(variable)), *means, *smds))
    return RenderedTable(tuple(heads), tuple(printed), words("notes.balance", unlike=f"{UNLIKE:g}"))


def _mean(row: pd.Series, words: Words) -> str:
    if not words.shows(row["n_units"]) or pd.isna(row["mean"]):
        return NOTHING
    return (
        f"{row['mean']:,.4g}".replace("-", "−")
        if abs(row["mean"]) < 1000
        else f"{row['mean']:,.0f}".replace("-", "−")
    )


def _smd(row: pd.Series, words: Words) -> str:
    if not words.shows(row["n_units"]) or pd.isna(row["smd"]):
        return NOTHING
    return f"{row['smd']:+.2f}".replace("-", "−")
