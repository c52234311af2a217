"""Which tables arrived: rows, units, periods, and whether their digest was checked."""

from __future__ import annotations

import pandas as pd

from analysis.tables._rendered import RenderedTable
from analysis.words import NOTHING, Words

CAPTION = {"zh": "收到的数据表", "en": "Tables that arrived"}


def make(tables: dict[str, pd.DataFrame], words: Words) -> RenderedTable:
    """One printed row per table of the study."""
    printed = tuple(_row(name, frame, words) for name, frame in tables.items())
    heads = ("table", "content", "rows", "units", "years", "digest")
    return RenderedTable(tuple(words(f"heads.{head}") for head in heads), printed, words("notes.held"))


def _row(name: str, frame: pd.DataFrame, words: Words) -> tuple[str, ...]:
    table = words.study.table(name)
    units = (
        words("terms.counted", n=words.units(frame[table.unit].nunique()), noun=words.noun(name))
        if table.unit
        else NOTHING
    )
    years = words.years(int(frame[table.time].min()), int(frame[table.time].max())) if table.time else NOTHING
    content = words.text(table.description) if table.description else NOTHING
    digest = words("terms.digest_checked" if table.sha256 else "terms.digest_none")
    return (name, content, words.rows(len(frame)), units, years, digest)
