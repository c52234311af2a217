"""From the rows that arrived to the units analysed, rule by rule."""

from __future__ import annotations

from analysis.samples import Sample
from analysis.tables._rendered import RenderedTable
from analysis.words import NOTHING, Words

CAPTION = {"zh": "样本流程：谁被保留，谁被剔除", "en": "Sample flow: who is kept, who is not"}


def make(samples: list[Sample], words: Words) -> RenderedTable:
    """One printed row per outcome and rule; rules that left nobody out are not printed."""
    printed = tuple(row for sample in samples for row in _rows(sample, words))
    heads = ("outcome", "rule", "units_out", "rows_out", "units_left", "rows_left")
    return RenderedTable(tuple(words(f"heads.{head}") for head in heads), printed, words("notes.flow"))


def _rows(sample: Sample, words: Words) -> list[tuple[str, ...]]:
    name = f"{words.outcome(sample.outcome)} ({words.noun(sample.table)})"
    made = []
    for position, row in enumerate(sample.flow.itertuples()):
        if position and not row.rows_out:
            continue
        out = (words.units(row.units_out), words.rows(row.rows_out)) if position else (NOTHING, NOTHING)
        made.append(
            (name, words(f"rules.{row.rule}"), *out, words.units(row.units_left), words.rows(row.rows_left))
        )
    return made
