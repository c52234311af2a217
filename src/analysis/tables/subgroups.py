"""Effects in the plan's groups and the difference between them, which alone says whether they differ."""

from __future__ import annotations

import pandas as pd

from analysis.tables._rendered import RenderedTable
from analysis.tables.adjusted import p_value
from analysis.words import NOTHING, Words

CAPTION = {"zh": "分组影响及两组之差", "en": "Effects by group, and the difference between groups"}


def make(groups: pd.DataFrame, words: Words) -> RenderedTable:
    """Two printed rows per comparison, one for each group; the difference stands in the second."""
    plan = words.study.plan
    printed, remarks = [], []
    for (subgroup, outcome), rows in groups.groupby(["subgroup", "outcome"], sort=False):
        each, by_level = plan.subgroups[subgroup], rows.set_index("level")
        difference = by_level.loc["difference"]
        for level, label in (("lower", each.lower), ("upper", each.upper)):
            row = by_level.loc[level]
            name = words.text(label)
            if row["role"] == "added":
                name = words("terms.added_mark", name=name)
            apart = level == "upper"
            printed.append(
                (
                    name,
                    "" if apart else words.outcome(outcome),
                    _amount(row, row["conf_low"], row["conf_high"], words),
                    words.units(row["n_treated"]),
                    _amount(difference, difference["joint_low"], difference["joint_high"], words)
                    if apart
                    else "",
                    p_value(difference["p_adjusted"], words) if apart else "",
                )
            )
            if remark := words.status(row["status"]):
                remarks.append(words("notes.remark", levels=words.text(label), remark=remark))
    heads = ("plan_group", "outcome", "effect_interval", "n_treated", "difference_interval", "p_together")
    note = words("notes.subgroups", level=words.confidence(), floor=words.study.design.min_treated_units)
    return RenderedTable(
        tuple(words(f"heads.{head}") for head in heads),
        tuple(printed),
        words.sentences([note, _ages(groups, words), *dict.fromkeys(remarks)]),
    )


def _amount(row: pd.Series, low: float, high: float, words: Words) -> str:
    if pd.isna(row["estimate"]):
        return NOTHING
    return (
        f"{words.amount(row['estimate'], row['unit'], signed=True)} {words.interval(low, high, row['unit'])}"
    )


def _ages(groups: pd.DataFrame, words: Words) -> str:
    """By how much the groups differ in years since adoption, where that is most."""
    gaps = groups.loc[groups["level"] == "difference", "mean_years"].abs()
    if gaps.notna().any():
        return words("notes.subgroup_ages", years=words.number(gaps.max(), "statistic"))
    return ""
