"""The detectors run over finished tables: what looks wrong although every cell could be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.intake.assemble import Assembled
from analysis.intake.detectors import (
    Suspicion,
    copy_forward,
    cumulative,
    heaping,
    outliers,
    split_history,
    unit_jump,
)
from analysis.intake.ledger import Ledger, Place
from analysis.messages import Message
from analysis.schema import entity

_SHEET = "__sheet"  # which sheet a row came from
# whole sheets, townships or years in another unit are told as such, coarse before fine
_GROUPS = ((_SHEET,), ("township_code",), ("year",), ("township_code", "year"))
_FIX = {
    "problem": Message(
        "look at these cells; where one is right after all, say so: [[decide]] cell, value, reason",
        "请核对这些单元格；如确属正确，请用 [[decide]] 写明单元格、数值和理由",
    ),
    "remark": Message("look at these before using them", "使用前请核对"),
}


def run(
    frames: Mapping[str, pd.DataFrame], made: Mapping[str, Assembled], decided: set[str], ledger: Ledger
) -> None:
    """Suspicions about village_year and household_year; those a person has decided on are passed over."""
    for name, unit in (("village_year", "village_id"), ("household_year", "hh_id")):
        if name not in frames or name not in made:
            continue
        frame = frames[name]
        money = [
            column for column, declared in entity(name).columns.items()
            if declared.unit == "yuan" and column in frame.columns
        ]  # fmt: skip
        sheet = made[name].origin.get(money[0], (None, None))[0] if money else None
        named = frame.assign(**{_SHEET: np.zeros(len(frame)) if sheet is None else sheet})
        for found in suspicions(named, unit=unit, time="year", columns=money):
            places = [made[name].place(int(row), found.column) for row in found.rows]
            open_places = [place for place in places if str(place) not in decided]
            if open_places or not places:
                tell = ledger.problem if found.severity == "problem" else ledger.remark
                fix = _FIX[found.severity]
                tell(
                    found.detector,
                    open_places or [Place(name)],
                    found.what,
                    fix,
                    table=name,
                    name=found.column,
                )


def suspicions(frame: pd.DataFrame, *, unit: str, time: str, columns: Sequence[str]) -> list[Suspicion]:
    """What every detector suspects in a panel's columns of money (yuan), in a fixed order."""
    groups = [names for names in _GROUPS if set(names) <= set(frame.columns)]
    size = "households" if "households" in frame.columns else None
    found = [*unit_jump.find(frame, unit=unit, time=time, columns=columns, groups=groups, size=size)]
    found += split_history.find(frame, unit=unit, time=time, columns=columns)
    found += cumulative.find(frame, unit=unit, time=time, columns=columns)
    found += copy_forward.find(frame, unit=unit, time=time, columns=columns)
    found += heaping.find(frame, unit=unit, time=time, columns=columns)
    return found + outliers.find(frame, time=time, columns=columns)
