"""What the columns mean that are held, and how far they are filled."""

from __future__ import annotations

import pandas as pd

from analysis.tables._rendered import RenderedTable
from analysis.words import NOTHING, Words

CAPTION = {"zh": "数据字典：本研究实际有的列", "en": "Codebook of the columns that are held"}
MOST = 60  # columns printed one by one; of more, one row per table
UNEXPLAINED = 5  # columns without meaning and role printed one by one


def make(held: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per column, or per table where the columns would fill pages; unexplained ones are counted."""
    if len(held) > MOST:
        return _by_table(held, words)
    unexplained = (held["label"] == "") & (held["role"] == "")
    if unexplained.sum() <= UNEXPLAINED:
        return whole(held, words)
    made = whole(held[~unexplained], words)
    folded = tuple(
        (str(table), words("terms.unexplained", n=words.count(len(part))), *[NOTHING] * 5)
        for table, part in held[unexplained].groupby("table", sort=False)
    )
    note = words.sentences([made.note, words("notes.codebook_folded")])
    return RenderedTable(made.columns, (*made.rows, *folded), note)


def whole(held: pd.DataFrame, words: Words) -> RenderedTable:
    """One printed row per column: table, column, meaning, role, unit, range, share filled."""
    rows = tuple(
        (
            row.table, row.column, row.label or NOTHING, words(f"roles.{row.role}") if row.role else NOTHING,
            row.unit or NOTHING, row.range or NOTHING, _filled(row.n_filled, row.n_rows, words),
        )
        for row in held.itertuples()
    )  # fmt: skip
    heads = ("table", "column", "meaning", "role", "unit", "range", "filled")
    return _rendered(heads, rows, "codebook", held, words)


def _by_table(held: pd.DataFrame, words: Words) -> RenderedTable:
    rows = []
    for table, part in held.groupby("table", sort=False):
        share = part["n_filled"] / part["n_rows"].clip(lower=1)
        least = part.loc[share.idxmin()]
        rows.append(
            (
                str(table), words.count(len(part)), words.count(int((~part["of_model"]).sum())),
                words.listed([str(name) for name in part.loc[part["role"].isin(["unit", "time", "key"]), "column"]]),
                words.count(int((share == 1).sum())),
                _least(least, words),
            )
        )  # fmt: skip
    heads = ("table", "columns_held", "columns_outside", "keys", "columns_full", "least_filled")
    return _rendered(heads, tuple(rows), "codebook_by_table", held, words)


def _least(column: pd.Series, words: Words) -> str:
    if column["n_filled"] == column["n_rows"]:
        return words("figures.nothing_missing")
    return f"{column['label'] or column['column']} ({_filled(column['n_filled'], column['n_rows'], words)})"


def _rendered(
    heads: tuple[str, ...], rows: tuple, note: str, held: pd.DataFrame, words: Words
) -> RenderedTable:
    kept = words("notes.codebook_kept") if held["of_model"].any() else ""
    printed = tuple(words(f"heads.{head}") for head in heads)
    return RenderedTable(printed, rows, words.sentences([words(f"notes.{note}"), kept]))


def _filled(n_filled: int, n_rows: int, words: Words) -> str:
    return words.share(1.0) if n_filled == n_rows else words.fraction(n_filled, n_rows)
