"""Differences in trend that the test before adoption finds with given chances, and what they leave."""

from __future__ import annotations

from analysis.checks.pre_trend_power import Pretest
from analysis.tables._rendered import RenderedTable
from analysis.words import NOTHING, Words

CAPTION = {
    "zh": "“{outcome}”：采用前的检验能发现多大的趋势差",
    "en": "“{outcome}”: which differences in trend the test before adoption can find",
}


def make(found: Pretest, words: Words) -> RenderedTable:
    """One printed row per chance to be found."""
    unit = found.unit
    printed = tuple(
        (
            f"{row.target:.0%}",
            *(
                words.number(value, unit, signed=True)
                for value in (row.slope, row.bias, row.bias_after_passing)
            ),
            words.share(row.joint_power) if row.joint_power == row.joint_power else NOTHING,
        )
        for row in found.rows.itertuples()
    )
    heads = ("target", "slope", "trend_bias", "bias_after_passing", "joint_power")
    note = words(
        "notes.pretest_table", unit=words.unit(unit), level=words.confidence(), size=words.share(found.size)
    )
    return RenderedTable(tuple(words(f"sensitivity.heads.{head}") for head in heads), printed, note)
