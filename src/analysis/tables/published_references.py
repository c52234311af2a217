"""Reference values at more digits, one line for each row of their table: how many are matched, how near, and why not."""

from __future__ import annotations

import pandas as pd

from analysis.tables._rendered import RenderedTable
from analysis.words import Words

CAPTION = {
    "zh": "更多位数的参考值：各行多少一致，未一致的原因",
    "en": "Reference values at more digits: how many of each row are matched, and why not",
}
COMPUTED = ("matched", "estimate_only", "missed")


def make(rows: pd.DataFrame, words: Words) -> RenderedTable:
    """`rows` are of `analysis.report.chapters.published.Published.references`."""
    heads = ("reference_row", "data", "what", "source", "n_answers", "n_matched", "farthest", "result")
    printed = []
    for number, inside in rows.groupby("row", sort=False):
        computed = inside["status"].isin(COMPUTED)
        farthest = float(inside.loc[computed, "distance"].abs().max()) if computed.any() else None
        printed.append((
            number,
            words.listed([words(f"published_data.{data}") for data in dict.fromkeys(inside["data"])]),
            "; ".join(words(part) for part in dict.fromkeys(what[0] for what in inside["what"])),
            "; ".join(dict.fromkeys(inside["source"])),
            words.count(len(inside)), words.count(int((inside["status"] == "matched").sum())),
            words.number(farthest, "statistic"), _reasons(inside, words),
        ))  # fmt: skip
    return RenderedTable(
        tuple(words(f"published_heads.{head}") for head in heads), tuple(printed), words("notes.published_references")
    )  # fmt: skip


def _reasons(inside: pd.DataFrame, words: Words) -> str:
    """What came of the row; each status other than a match with its reason, and how many it holds for."""
    others = inside[inside["status"] != "matched"]
    if others.empty:
        return words("published_status.matched")
    return words.sentences([
        words(
            "notes.published_row", status=words(f"published_status.{status}"), n=words.count(len(group)),
            reason=words(f"published_reasons.{reason}"),
        )
        for (status, reason), group in others.groupby(["status", "reason"], sort=False)
    ])  # fmt: skip
