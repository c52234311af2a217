"""The effect on members by every method: against each comparison group, and what it finds before anybody joined."""

from __future__ import annotations

import math

import pandas as pd

from analysis.tables._rendered import RenderedTable
from analysis.words import NOTHING, Words

CAPTION = {
    "zh": "入社对社员户收入的影响：各种方法的估计",
    "en": "The effect of membership on the income of members, by every method",
}


def make(rows: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per method; per group the estimate with its interval, and the same at the baseline."""
    unit = rows["unit"].iloc[0]
    groups = list(dict.fromkeys(rows["group"]))
    placebo = bool(rows["at_baseline"].notna().any())
    printed = []
    for method, found in rows.groupby("method", sort=False):
        by_group = found.set_index("group")
        cells = []
        for group in groups:
            cells += (
                _cells(by_group.loc[group], unit, words, placebo) if group in by_group.index else [NOTHING]
            )
        printed.append((words(f"members.methods.{method}"), *cells))
    heads = [words("members.heads.method")]
    for group in groups:
        heads.append(words(f"members.groups.{group}"))
        heads += [words("members.heads.before_joining")] if placebo else []
    return RenderedTable(tuple(heads), tuple(printed), _note(rows, unit, words, placebo))


def _cells(row: pd.Series, unit: str, words: Words, placebo: bool) -> list[str]:
    estimate = words.number(row["estimate"], unit, signed=True)
    if row.name is not None and math.isfinite(row["estimate"]) and row["status"] == "ok":
        low, high = row["conf_low"], row["conf_high"]
        estimate += f" {words.interval(low, high, unit)}" if math.isfinite(low) else ""
    elif math.isfinite(row["estimate"]):
        estimate = words("members.pairs.bare", estimate=estimate, reason=words("terms.no_interval"))
    return [estimate, *([words.number(row["at_baseline"], unit, signed=True)] if placebo else [])]


def _note(rows: pd.DataFrame, unit: str, words: Words, placebo: bool) -> str:
    reasons: dict[str, list[str]] = {}
    for row in rows.itertuples():
        if row.status != "ok":
            named = words(
                "members.pairs.within",
                method=words(f"members.methods.{row.method}"),
                group=words(f"members.short_groups.{row.group}"),
            )
            reasons.setdefault(words.status(row.status), []).append(named)
    counts = rows[rows["status"] == "ok"]
    return words.sentences([
        words(
            "members.notes.member_effects", unit=words.unit(unit), level=words.confidence(),
            n_members=words.units(counts["n_treated"].max()),
        ),
        words("members.notes.member_effects_before") if placebo else "",
        words("members.notes.member_effects_truth_row") if (rows["method"] == "truth").any() else "",
        *(words("notes.remark", levels=words.listed(named), remark=reason) for reason, named in reasons.items()),
    ])  # fmt: skip
