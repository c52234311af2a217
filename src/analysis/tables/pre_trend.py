"""Joint tests of the effects before adoption."""

from __future__ import annotations

from analysis.checks.pre_trend import PreTrend
from analysis.tables._rendered import RenderedTable
from analysis.words import NOTHING, Words

CAPTION = {
    "zh": "“{outcome}”：采用前趋势的联合检验",
    "en": "“{outcome}”: joint test of trends before adoption",
}


def make(varying: PreTrend, universal: PreTrend, words: Words) -> RenderedTable:
    """One printed row per base period."""
    printed = tuple(
        (
            words(f"base_periods.{name}"),
            words.listed([words.level("event_time", level) for level in trend.levels]) or NOTHING,
            words.number(trend.statistic, "statistic"),
            f"{trend.df[0]}, {trend.df[1]}" if trend.levels else NOTHING,
            words.number(trend.p_value, "probability"),
        )
        for name, trend in (("varying", varying), ("universal", universal))
    )
    left_out = varying.left_out
    heads = ("base_period", "event_times", "statistic", "df", "p_value")
    note = words("notes.pre_trend")
    if left_out:
        note = words.sentences([
            note,
            words("notes.pre_trend_left_out", floor=words.study.design.min_treated_units,
                  levels=words.listed([words.level("event_time", level) for level in left_out])),
        ])  # fmt: skip
    return RenderedTable(tuple(words(f"heads.{head}") for head in heads), printed, note)
