"""Rosenbaum bounds: what hidden bias does to paired differences."""

from __future__ import annotations

from analysis.checks.matched_pairs import PairedSensitivity
from analysis.tables._rendered import RenderedTable
from analysis.words import Words
from analysis.words.p_values import p_value

CAPTION = {
    "zh": "“{outcome}”：配对比较能承受多大的隐藏偏差",
    "en": "“{outcome}”: how much hidden bias matched pairs withstand",
}


def make(found: PairedSensitivity, words: Words) -> RenderedTable:
    """One printed row per ratio of odds."""
    printed = tuple(
        (
            f"{row.gamma:g}",
            p_value(row.p_high, words),
            words.interval(row.estimate_low, row.estimate_high, found.unit),
        )
        for row in found.rows.itertuples()
    )
    note = words(
        "notes.paired", n_pairs=words.units(found.n_pairs), n_unpaired=words.units(found.n_unpaired), last=found.last,
        variable=variable(found, words), smd=words.number(found.largest_smd, "smd", signed=True),
        unit=words.unit(found.unit),
    )  # fmt: skip
    heads = tuple(words(f"sensitivity.heads.{head}") for head in ("gamma", "p_high", "estimate_range"))
    return RenderedTable(heads, printed, note)


def variable(found: PairedSensitivity, words: Words) -> str:
    """What the paired groups differ most in."""
    return words.variable(found.variable) if found.variable else words("sensitivity.figures.level_before")
