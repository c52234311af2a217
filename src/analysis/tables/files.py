"""Which files an import read."""

from __future__ import annotations

from pathlib import PurePath

import pandas as pd

from analysis.intake.account import Account
from analysis.tables._rendered import RenderedTable
from analysis.words import NOTHING, Words

CAPTION = {"zh": "导入时读取的文件", "en": "Files that the import read"}
SHOWN = 20  # files named one by one


def make(account: Account, words: Words) -> RenderedTable:
    """One printed row per file, many cut short; for the public, whom a name might tell a village, one per kind."""
    files = account.files
    heads = tuple(words(f"heads.{head}") for head in ("file", "sheets", "rows", "encoding", "digest_start"))
    if words.is_public:
        kinds = files["name"].map(lambda name: PurePath(name).suffix.lower() or NOTHING).value_counts()
        rows = tuple(
            (words("terms.files_of", kind=kind, n=words.count(n)), *[NOTHING] * 4)
            for kind, n in sorted(kinds.items())
        )
        return RenderedTable(heads, rows, words("notes.files_public"))
    rows = tuple(_row(row, words) for row in files.head(SHOWN).itertuples())
    rest = files.iloc[SHOWN:]
    if len(rest):
        rows = (*rows, _rest(rest, words))
    return RenderedTable(heads, rows, words("notes.files"))


def _row(row: tuple, words: Words) -> tuple[str, ...]:
    sheets = words.count(row.sheets) if row.sheets else NOTHING
    return (row.name, sheets, words.rows(row.rows), row.encoding or NOTHING, row.sha256[:12])


def _rest(rest: pd.DataFrame, words: Words) -> tuple[str, ...]:
    more = words("terms.and_more_files", n=words.count(len(rest)))
    return (
        more,
        words.count(int(rest["sheets"].sum())),
        words.rows(int(rest["rows"].sum())),
        NOTHING,
        NOTHING,
    )
