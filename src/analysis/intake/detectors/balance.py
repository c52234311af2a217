"""Which units arrived in which periods, and which arrived twice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.intake.detectors._suspicion import Suspicion
from analysis.messages import Message

NAME = "balance"


def coverage(
    frame: pd.DataFrame,
    *,
    unit: str,
    time: str,
    units: Sequence[str] = (),
    periods: Sequence[int] = (),
) -> pd.DataFrame:
    """Number of rows by unit (index, sorted) and period (columns, increasing): 0 = did not arrive, 2 = twice.

    units, periods : those that should have arrived; all are shown, with those that did.
    """
    known = frame[frame[unit].notna() & frame[time].notna()]
    of_unit, names = pd.factorize(known[unit].astype("str"), sort=True)
    of_time, years = pd.factorize(known[time].astype("int64"), sort=True)
    counted = np.bincount(of_unit * len(years) + of_time, minlength=len(names) * len(years))
    arrived = pd.DataFrame(
        counted.reshape(len(names), len(years)), index=pd.Index(names, dtype="str"), columns=years
    )
    rows = sorted({*arrived.index, *map(str, units)})
    columns = sorted({*map(int, years), *map(int, periods)})
    made = arrived.reindex(index=rows, columns=columns, fill_value=0).astype("int64")
    return made.rename_axis(index=unit, columns=time)


def find(
    frame: pd.DataFrame,
    *,
    unit: str,
    time: str,
    units: Sequence[str] = (),
    periods: Sequence[int] = (),
) -> list[Suspicion]:
    """Rows of one unit and period that stand twice (a problem), unit-periods that did not arrive (a remark).

    Rows without a unit or a period are a problem: nobody knows whose they are. Score = number of rows or cells.
    """
    found = []
    nameless = np.flatnonzero((frame[unit].isna() | frame[time].isna()).to_numpy())
    if len(nameless):
        found.append(
            Suspicion(
                NAME, unit, nameless, float(len(nameless)),
                Message(f"{len(nameless)} row(s) without a unit or a period", f"有 {len(nameless)} 行缺少单位或时期"),
                "problem",
            )
        )  # fmt: skip
    keyed = frame[[unit, time]].notna().all(axis=1)
    twice = np.flatnonzero((frame.duplicated([unit, time], keep=False) & keyed).to_numpy())
    if len(twice):
        found.append(
            Suspicion(
                NAME, unit, twice, float(len(twice)),
                Message(
                    f"{len(twice)} rows share their unit and period with another row",
                    f"有 {len(twice)} 行与另一行的单位和时期相同",
                ),
                "problem",
            )
        )  # fmt: skip
    arrived = coverage(frame, unit=unit, time=time, units=units, periods=periods)
    absent = int((arrived == 0).to_numpy().sum())
    if absent:
        incomplete = int((arrived == 0).any(axis=1).sum())
        found.append(
            Suspicion(
                NAME, unit, np.array([], dtype=np.int64), float(absent),
                Message(
                    f"{absent} of {arrived.size} unit-periods did not arrive; {incomplete} unit(s) are incomplete",
                    f"应有 {arrived.size} 个单位时期，缺 {absent} 个；{incomplete} 个单位不完整",
                ),
                "remark",
            )
        )  # fmt: skip
    return found
