"""Panels of the parts of an outcome and of the links behind it, on the units of the outcome's own panel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.distribution.everyone import with_rest
from analysis.distribution.measured import DistributionError
from analysis.messages import Message
from analysis.samples.panel import Panel


@dataclass(frozen=True, slots=True)
class Parts:
    """An outcome and what it consists of, for the units of which every part is known.

    total : Panel; parts : by source, costs with a minus; they sum to the total, "rest" holds what they leave
    left_out : units of the outcome's panel without some part
    """

    total: Panel
    parts: dict[str, Panel]
    left_out: int


def part_panels(
    total: Panel, frame: pd.DataFrame, *, unit: str, time: str, minus: Mapping[str, bool]
) -> Parts:
    """The parts in the columns of `minus` (which says whether a part is taken off), from the outcome's own table.

    Raises
    ------
    DistributionError : columns that the table does not hold, or no unit of which every part is known.
    """
    _require_columns(frame, tuple(minus))
    values = {
        name: (-1 if off else 1) * _placed(total, frame, unit, time, name) for name, off in minus.items()
    }
    known = np.isfinite(np.stack(list(values.values()))).all(axis=(0, 2))
    if not known.any():
        raise DistributionError(
            Message(
                f"no unit has all of {', '.join(minus)} in every period",
                f"没有单位在各期都有 {'、'.join(minus)}",
            )
        )
    kept = total.keep(known)
    whole = with_rest({name: each[known] for name, each in values.items()}, kept.outcome)
    return Parts(
        kept, {name: replace(kept, outcome=each) for name, each in whole.items()}, int((~known).sum())
    )


@dataclass(frozen=True, slots=True)
class LinkPanel:
    """A link in logarithms, so that effects are changes in proportion.

    panel : Panel of the units with a value above zero in every period of the link's table
    level : (n, T) the link itself, in its unit
    left_out : units of the outcome's panel without it
    varies : False where the table repeats one value per unit, so that no change can be seen
    """

    panel: Panel
    level: np.ndarray
    left_out: int
    varies: bool


def link_panel(
    of: Panel, frame: pd.DataFrame, *, unit: str, time: str, column: str, per: str = ""
) -> LinkPanel | None:
    """The link `column` (per `per`) over the periods of `frame`, for the units of the outcome's panel `of`.

    None where fewer than two periods or no unit has it.

    Raises
    ------
    DistributionError : columns that the table does not hold.
    """
    _require_columns(frame, tuple(name for name in (unit, time, column, per) if name))
    years = np.intersect1d(of.years, frame[time].dropna().astype(int).unique())
    if len(years) < 2:
        return None
    seen = replace(of, years=years, outcome=np.zeros((of.n_units, len(years))))
    top = _placed(seen, frame, unit, time, column)
    bottom = _placed(seen, frame, unit, time, per) if per else np.ones_like(top)
    with np.errstate(divide="ignore", invalid="ignore"):
        level = top / bottom
    known = (np.isfinite(level) & (level > 0)).all(axis=1)
    if not known.any():
        return None
    level = level[known]
    varies = bool((np.ptp(level, axis=1) > 0).any())
    return LinkPanel(replace(seen.keep(known), outcome=np.log(level)), level, int((~known).sum()), varies)


def _placed(panel: Panel, frame: pd.DataFrame, unit: str, time: str, column: str) -> np.ndarray:
    """(n, T) values of a column at the panel's units and periods; NaN where the frame has none."""
    row = pd.Index(panel.unit).get_indexer(frame[unit].astype(str))
    year = pd.Index(panel.years).get_indexer(frame[time].astype(int))
    inside = (row >= 0) & (year >= 0)
    values = np.full((panel.n_units, len(panel.years)), np.nan)
    values[row[inside], year[inside]] = pd.to_numeric(frame[column])[inside].astype(float)
    return values


def _require_columns(frame: pd.DataFrame, names: tuple[str, ...]) -> None:
    absent = [name for name in names if name not in frame.columns]
    if absent:
        held = ", ".join(map(str, frame.columns))
        raise DistributionError(
            Message(
                f"[sources] names {', '.join(absent)}, which the table does not hold; it holds {held}",
                f"[sources] 所列 {'、'.join(absent)} 不在数据表中；现有列：{held}",
            )
        )
