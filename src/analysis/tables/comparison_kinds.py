"""The two-way coefficient by kind of comparison."""

from __future__ import annotations

from analysis.checks.bacon import Decomposition
from analysis.tables._rendered import RenderedTable
from analysis.words import Words

CAPTION = {
    "zh": "“{outcome}”：双向固定效应系数按比较的种类分解",
    "en": "“{outcome}”: the two-way coefficient by kind of comparison",
}


def make(found: Decomposition, words: Words) -> RenderedTable:
    """One printed row per kind."""
    printed = tuple(
        (
            words(f"sensitivity.kinds.{row.kind}"), words.share(row.weight),
            words.number(row.estimate, found.unit, signed=True), words.count(row.n_comparisons),
        )
        for row in found.kinds.itertuples()
    )  # fmt: skip
    heads = [words(f"sensitivity.heads.{head}") for head in ("kind", "weight")]
    heads += [words("heads.estimate"), words("sensitivity.heads.n_comparisons")]
    return RenderedTable(tuple(heads), printed, words("notes.comparison_kinds", unit=words.unit(found.unit)))
