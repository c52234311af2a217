"""What an import repaired, by rule (T17)."""

from __future__ import annotations

from analysis.intake.account import Account
from analysis.tables._rendered import RenderedTable
from analysis.words import NOTHING, Words

CAPTION = {"zh": "导入时所作的修正，按规则", "en": "Repairs made by the import, by rule"}


def make(account: Account, words: Words) -> RenderedTable:
    """One printed row per rule that was used, in the order of the dirt catalogue, decisions of a person last."""
    catalogue = account.repairs.sort_values(
        "no", key=lambda no: no.mask(no == 0, no.max() + 1), kind="stable"
    )
    rows = tuple(
        (
            getattr(row, words.language),
            words.count(row.no) if row.no else NOTHING,
            words(f"per.{row.per}"),
            words.units(row.n),
        )
        for row in catalogue.itertuples()
    )
    heads = ("repair", "catalogue", "counted_in", "repairs")
    note = words("notes.repairs_public" if words.is_public else "notes.repairs")
    return RenderedTable(tuple(words(f"heads.{head}") for head in heads), rows, note)
