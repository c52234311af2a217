"""Which households join, characteristic by characteristic: average marginal effects of a logit."""

from __future__ import annotations

import math

from analysis.members.records import Joining
from analysis.tables._rendered import RenderedTable
from analysis.words import NOTHING, Words

CAPTION = {
    "zh": "哪些特征的农户更愿意入社（对数几率模型的平均边际影响，百分点）",
    "en": "Which households join (average marginal effects of a logit, percentage points)",
}


def make(joining: Joining, words: Words) -> RenderedTable:
    """One printed row per characteristic: one unit more (yes against no), its interval, one s.d. more."""
    rows = joining.characteristics
    if rows.empty:
        return RenderedTable(("",) * 5, ())
    printed = tuple(
        (
            words.variable(row.variable),
            words.share(row.mean) if not math.isfinite(row.per_sd) else words.number(row.mean, "smd"),
            words.number(row.estimate, "share", signed=True),
            words.interval(row.conf_low, row.conf_high, "share"),
            words.number(row.per_sd, "share", signed=True) if math.isfinite(row.per_sd) else NOTHING,
        )
        for row in rows.itertuples()
    )
    heads = (
        "members.heads.characteristic",
        "members.heads.mean",
        "members.heads.one_unit",
        "heads.interval",
        "members.heads.one_sd",
    )
    note = words(
        "members.notes.joining_characteristics", n=words.units(rows["n_units"].max()), level=words.confidence(),
        clusters=words.units(rows["n_clusters"].max()),
    )  # fmt: skip
    return RenderedTable(tuple(words(head) for head in heads), printed, note)
