"""All units of a table, before anybody adopted and in the last period: the distribution that is described."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.distribution.measured import DistributionError
from analysis.distribution.targeting import part_of
from analysis.messages import Message
from analysis.samples.panel import Panel
from analysis.study import Table


@dataclass(frozen=True, slots=True)
class Everyone:
    """n units with an outcome in both periods.

    unit, cluster : (n,) text ids; weight : (n,) mean one
    years : the last period before the first adoption, and the last of the table
    income : (n, 2) outcome in both, its unit
    adopter : (n,) bool, adopted by the last period
    group : (n,) text, e.g. township; None where the table names none
    parts : by source (n, 2); empty where not declared. They sum to `income` with "rest", which is there if needed
    """

    unit: np.ndarray
    cluster: np.ndarray
    weight: np.ndarray
    years: tuple[int, int]
    income: np.ndarray
    adopter: np.ndarray
    group: np.ndarray | None
    parts: dict[str, np.ndarray]

    def of(self, who: str) -> np.ndarray:
        """(n,) bool: "everyone", "adopters" or "others"."""
        return {"everyone": np.ones(len(self.unit), bool), "adopters": self.adopter, "others": ~self.adopter}[
            who
        ]


def everyone(
    frame: pd.DataFrame, table: Table, column: str, minus: Mapping[str, bool] | None = None
) -> Everyone:
    """The units of a typed panel table that have the outcome in both periods, whoever is compared with whom.

    Parameters
    ----------
    minus : by column of a source, whether it is taken off.

    Raises
    ------
    DistributionError : nobody adopts after the first period, or no unit has both periods.
    """
    cohort = frame[table.cohort].astype("Float64").to_numpy(dtype=float, na_value=np.inf)
    time = frame[table.time].to_numpy(int)
    first, last = int(time.min()), int(time.max())
    later = cohort[(cohort > first) & (cohort <= last)]
    if not len(later):
        raise DistributionError(
            Message(
                "no unit adopts after the first period, so there is no distribution before adoption",
                "没有单位在首期之后组建，因此没有组建前的分布",
            )
        )
    base = int(time[time < later.min()].max())
    ids = frame[table.unit].astype(str)
    columns = [column, *(minus or {})]
    at = {
        year: frame[time == year].set_index(ids[time == year])[columns].astype(float) for year in (base, last)
    }
    both = at[base].dropna().index.intersection(at[last].dropna().index).sort_values()
    if both.empty:
        raise DistributionError(
            Message(
                f"no unit has a value in both {base} and {last}",
                f"没有单位同时有 {base} 年和 {last} 年的数值",
            )
        )
    own = frame[time == last].set_index(ids[time == last]).loc[both]
    values = {
        name: np.stack([at[base].loc[both, name], at[last].loc[both, name]], axis=1) for name in columns
    }
    income = values[column]
    parts = {name: (-1 if off else 1) * values[name] for name, off in (minus or {}).items()}
    weight = own[table.weight].to_numpy(float) if table.weight else np.ones(len(both))
    return Everyone(
        unit=both.to_numpy(object).astype(str),
        cluster=both.to_numpy(object).astype(str) if not table.cluster or table.cluster == table.unit
        else own[table.cluster].astype(str).to_numpy(object),
        weight=weight / weight.mean(),
        years=(base, last),
        income=income,
        adopter=own[table.cohort].astype("Float64").to_numpy(dtype=float, na_value=np.inf) <= last,
        group=own[table.group].astype(str).to_numpy(object) if table.group else None,
        parts=with_rest(parts, income),
    )  # fmt: skip


def with_rest(parts: Mapping[str, np.ndarray], total: np.ndarray) -> dict[str, np.ndarray]:
    """The parts, with what they miss of the total as "rest" unless that is rounding (a billionth of the total)."""
    if not parts:
        return {}
    rest = total - np.sum(list(parts.values()), axis=0)
    small = np.abs(rest).max() <= 1e-9 * max(float(np.abs(total).max()), 1.0)
    return dict(parts) if small else {**parts, "rest": rest}


def fifths(panel: Panel, before: int) -> np.ndarray:
    """(n,) 1 (poorest) to 5 by a unit's mean outcome up to period `before` (a position), before anybody adopted."""
    return 1 + part_of(panel.outcome[:, : before + 1].mean(axis=1), panel.weight)
