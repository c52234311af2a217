"""What a study's [robustness] section points at, laid out by unit in the order of a sample's panel."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from analysis.checks.changes._case import Held
from analysis.messages import Message, ProjectError
from analysis.samples.panel import Panel
from analysis.study import Study
from analysis.study.robustness import Deflator, Programme


class HeldError(ProjectError, ValueError):
    """[robustness] names what its table does not hold; the message names the choices."""

    exit_code = 2


def held(study: Study, outcome: str, panel: Panel, read: Callable[[str], pd.DataFrame]) -> Held:
    """Everything that the study holds for asking about an outcome in other ways, for the units of `panel`.

    A column that another panel table holds, but not that of this outcome, is not held for this outcome.

    Parameters
    ----------
    read : gives a table of the study by its key, typed.

    Raises
    ------
    HeldError : a column that no panel table holds, an index without one of the panel's periods or the base year.
    """
    declared, key, unit = study.robustness, study.outcome(outcome).table, study.outcome(outcome).unit
    frame, table = read(key), study.table(key)
    histories = panel.design == "panel"

    def baseline(column: str) -> np.ndarray | None:
        if not _has(column, frame, study, read):
            return None
        first = frame.sort_values(table.time).drop_duplicates(table.unit).set_index(table.unit)[column]
        return first.reindex(panel.unit).to_numpy(float)

    def yearly(column: str) -> np.ndarray | None:
        if not (_has(column, frame, study, read) and histories):
            return None
        wide = frame.pivot(index=table.unit, columns=table.time, values=column)
        return wide.reindex(index=panel.unit, columns=panel.years).to_numpy(float)

    positions = None
    if declared.exposure is not None and declared.exposure.x:
        axes = [baseline(declared.exposure.x), baseline(declared.exposure.y)]
        positions = np.column_stack(axes) if all(axis is not None for axis in axes) else None
    prices = None
    if declared.deflator is not None and unit == "yuan":
        prices = _prices(declared.deflator, panel.years, read)
    columns = declared.price_year.columns if declared.price_year is not None else ()
    return Held(
        unit=unit,
        tails=declared.tails,
        base_periods=declared.base_periods,
        prices=prices,
        base_year=None if prices is None else declared.deflator.base_year,
        price_columns=_known({name: baseline(name) for name in columns}),
        programmes=_known(
            {name: _reached(programme, frame, table.unit, panel.unit, read)
             if not programme.column or _has(programme.column, frame, study, read) else None
             for name, programme in declared.programmes.items()}
        ),
        placebo_outcomes=_known({key: yearly(p.column) for key, p in declared.placebo_outcomes.items()}),
        positions=positions,
    )  # fmt: skip


def _known(values: Mapping[str, np.ndarray | None]) -> dict[str, np.ndarray]:
    return {key: value for key, value in values.items() if value is not None}


def _has(column: str, frame: pd.DataFrame, study: Study, read: Callable[[str], pd.DataFrame]) -> bool:
    if column in frame:
        return True
    panels = [key for key, table in study.tables.items() if table.is_panel]
    if any(column in read(key) for key in panels):
        return False
    near = difflib.get_close_matches(column, [str(name) for name in frame.columns], n=1)
    hint_en, hint_zh = (f" (did you mean {near[0]}?)", f"（是否为 {near[0]}？）") if near else ("", "")
    raise HeldError(
        Message(
            f"[robustness] names the column {column!r}, which no panel table of the study holds{hint_en}",
            f"[robustness] 中的列 {column!r} 不在任何面板表中{hint_zh}",
        )
    )


def _prices(declared: Deflator, years: np.ndarray, read: Callable[[str], pd.DataFrame]) -> np.ndarray:
    """(T,) price level, one in the base year."""
    if declared.table:
        frame = read(declared.table)
        missing = [name for name in (declared.time, declared.column) if name not in frame]
        if missing:
            raise HeldError(
                Message(
                    f"[robustness.deflator]: table {declared.table!r} has no column {missing[0]!r}; "
                    f"it has {', '.join(map(str, frame.columns))}",
                    f"[robustness.deflator]：表 {declared.table!r} 没有列 {missing[0]!r}",
                )
            )
        year = pd.to_numeric(frame[declared.time])
        level = pd.Series(frame[declared.column].to_numpy(float), index=year.to_numpy(int))
    else:
        change = pd.Series({int(year): value for year, value in declared.change.items()}).sort_index()
        level = (1 + change / 100).cumprod()
        level.loc[change.index[0] - 1] = 1.0
    wanted = [*years.tolist(), declared.base_year]
    lacking = [year for year in wanted if year not in level.index or not level[year] > 0]
    if lacking:
        raise HeldError(
            Message(
                f"[robustness.deflator] has no price level for {', '.join(map(str, sorted(set(lacking))))}; "
                "add those years or leave the deflator out",
                f"[robustness.deflator] 缺少{'、'.join(map(str, sorted(set(lacking))))}年的价格指数，请补充或删去该项",
            )
        )
    return level.loc[years].to_numpy(float) / float(level[declared.base_year])


def _reached(
    declared: Programme, frame: pd.DataFrame, key: str, units: np.ndarray, read: Callable[[str], pd.DataFrame]
) -> np.ndarray | None:
    """(n,) units that the programme reached; None where the outcome's table does not tell whose grants they are."""
    if declared.column:
        ever = frame[declared.column].fillna(0).astype(bool).groupby(frame[key].to_numpy()).any()
        return ever.reindex(units).to_numpy(bool)
    grants = read(declared.table)
    if declared.unit not in grants or declared.unit not in frame:
        return None
    if declared.time:
        year = pd.to_numeric(grants[declared.time])
        first, last = (bound if bound is not None else year for bound in (declared.first, declared.last))
        grants = grants[(year >= first) & (year <= last)]
    hit = set(grants[declared.unit].astype(str))
    own = frame.drop_duplicates(key).set_index(key, drop=False)[declared.unit].astype(str)
    return own.reindex(units).isin(hit).to_numpy()
