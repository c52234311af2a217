"""What an import flagged without changing it, grouped."""

from __future__ import annotations

import pandas as pd

from analysis.intake.account import Account
from analysis.samples.quality import label_of
from analysis.tables._rendered import RenderedTable
from analysis.words import NOTHING, Words

CAPTION = {"zh": "导入时提示、但未改动之处", "en": "What the import flagged and left as it was"}
SHOWN = 12  # groups printed
LONGEST = {"zh": 70, "en": 150}  # characters of an example


def make(account: Account, words: Words) -> RenderedTable:
    """One printed row per kind, table and column, those with most places first; the public sees no example."""
    groups = [_group(part) for _, part in account.remarks.groupby(["rule", "table", "column"], sort=True)]
    groups.sort(key=lambda group: -group["n_places"])
    rows = tuple(_row(group, words) for group in groups[:SHOWN])
    heads = tuple(
        words(f"heads.{head}") for head in ("remark", "table", "column", "times", "places", "example")
    )
    rest = groups[SHOWN:]
    if rest:
        more = words("terms.and_more_remarks", n=words.count(len(rest)))
        n, places = sum(group["n"] for group in rest), sum(group["n_places"] for group in rest)
        rows = (*rows, (more, NOTHING, NOTHING, words.units(n), words.units(places), NOTHING))
    return RenderedTable(heads, rows, words("notes.remarks_public" if words.is_public else "notes.remarks"))


def _group(part: pd.DataFrame) -> dict[str, object]:
    first = part.iloc[0]
    return {
        **first[["rule", "table", "column", "zh", "en"]],
        "n": len(part),
        "n_places": int(part["n_places"].sum()),
    }


def _row(group: dict, words: Words) -> tuple[str, ...]:
    text, longest = str(group[words.language]), LONGEST[words.language]
    text = text if len(text) <= longest else f"{text[:longest].rstrip()}…"
    rule, table, column = (str(group[name]) for name in ("rule", "table", "column"))
    called = label_of(table, column, words.study, words.language) if column else NOTHING
    return (
        words.get(f"remarks.{rule}", words.get(f"detectors.{rule}", rule)), table or NOTHING, called,
        words.units(group["n"]), words.units(group["n_places"]), NOTHING if words.is_public else text,
    )  # fmt: skip
