"""Bounds on the effect where some units are missing."""

from __future__ import annotations

from analysis.checks.attrition import Attrition
from analysis.tables._rendered import RenderedTable
from analysis.words import NOTHING, Words

CAPTION = {
    "zh": "“{outcome}”：缺失可能造成的偏差的上下界",
    "en": "“{outcome}”: bounds on what the missing could hide",
}


def make(found: Attrition, words: Words) -> RenderedTable:
    """One printed row per assumption about the missing; none where nobody is missing."""
    unit = found.unit
    rows = [("plain", words.number(found.plain, unit, signed=True), NOTHING)]
    rows += [
        (key, words.interval(one.low, one.high, unit), words.interval(one.conf_low, one.conf_high, unit))
        for key, one in (("lee", found.lee), ("worst", found.worst))
        if one is not None
    ]
    printed = (
        tuple((words(f"sensitivity.measures.{key}"), *cells) for key, *cells in rows) if len(rows) > 1 else ()
    )
    note = words(
        "notes.attrition_bounds",
        first=found.first,
        last=found.last,
        level=words.confidence(),
        unit=words.unit(unit),
    )
    heads = tuple(words(f"sensitivity.heads.{head}") for head in ("comparison", "bounds", "bounds_interval"))
    return RenderedTable(heads, printed, note)
