"""Switching regression: what members and others have, would have had, and the differences."""

from __future__ import annotations

import math

from analysis.members.records import Switching
from analysis.tables._rendered import RenderedTable
from analysis.words import NOTHING, Words

CAPTION = {
    "zh": "内生转换回归：假如换一种选择，收入会是多少",
    "en": "Switching regression: incomes under the other choice",
}
CELLS = (
    ("members", "member_joined", "member_not_joined", "att"),
    ("outside", "outside_joined", "outside_not_joined", "atu"),
    ("heterogeneity", "base_joined", "base_not_joined", "transitional"),
)


def make(switching: Switching, words: Words) -> RenderedTable:
    """Rows: members, non-members, base heterogeneity; columns: joined, not joined, effect (ATT, ATU, transitional)."""
    if switching.fit is None:
        return RenderedTable(("",) * 4, ())
    rows = switching.averages.set_index("key")
    unit = rows["unit"].iloc[0]
    printed = tuple(
        (words(f"members.switching_rows.{name}"), *(_cell(rows.loc[key], key, unit, words) for key in keys))
        for name, *keys in CELLS
    )
    heads = tuple(
        words(f"members.switching_columns.{name}") for name in ("who", "joined", "not_joined", "effect")
    )
    return RenderedTable(
        heads,
        printed,
        words("members.notes.switching_effects", unit=words.unit(unit), level=words.confidence()),
    )


def _cell(row: object, key: str, unit: str, words: Words) -> str:
    if not math.isfinite(row["estimate"]):
        return NOTHING
    level = key in {"member_joined", "member_not_joined", "outside_joined", "outside_not_joined"}
    interval = words.interval(row["conf_low"], row["conf_high"], unit)
    return f"{words.number(row['estimate'], unit, signed=not level)} {interval}"
