"""Who joins: rates by income, concentration, and how far low-income households are reached."""

from __future__ import annotations

from analysis.members.records import Joining
from analysis.tables._rendered import RenderedTable, remarks
from analysis.words import Words

CAPTION = {"zh": "入社比例与收入的关系", "en": "Joining and income"}
RATES = ("part_", "low_income", "others")  # printed as per cent; the gap as percentage points


def make(joining: Joining, words: Words) -> RenderedTable:
    """One printed row per measure."""
    printed = tuple(
        (
            words(f"members.joining.{row.measure}"),
            words.share(row.estimate)
            if row.measure.startswith(RATES)
            else words.amount(row.estimate, row.unit, signed=row.measure != "penetration_ratio"),
            words.interval(row.conf_low, row.conf_high, row.unit),
            words.units(row.n_treated),
        )
        for row in joining.by_income.itertuples()
    )
    heads = ("members.heads.measure", "heads.estimate", "heads.interval", "members.heads.n_members_behind")
    note = words("members.notes.joining_table", level=words.confidence())
    told = remarks(
        joining.by_income.assign(
            estimand="joining",
            level=[words(f"members.joining.{name}") for name in joining.by_income["measure"]],
        ),
        words,
    )
    return RenderedTable(tuple(words(head) for head in heads), printed, words.sentences([note, told]))
