"""Who adopted when, counted from a panel table as it was read, before any rule of exclusion."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from analysis.samples.panel import Panel
from analysis.study import Table


def adoption(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """One row per unit: cohort (Int64, <NA> = never adopted), cluster, model and group ("" where not held)."""
    columns = {
        "cohort": table.cohort,
        "cluster": table.cluster or table.unit,
        "model": table.model,
        "group": table.group,
    }
    units = frame.drop_duplicates(table.unit).set_index(table.unit, drop=False)
    made = {name: units[column] if column else "" for name, column in columns.items()}
    return pd.DataFrame(made, index=units.index).sort_index()


def rollout(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """One row per period: year, new and cumulated adopters, their share of all units, n_units.

    Units that adopted before the first period count as adopters of the first; later ones than the last are not yet in.
    """
    cohort = adoption(frame, table)["cohort"].astype("Float64").to_numpy(float, na_value=np.inf)
    years = np.sort(frame[table.time].unique()).astype(int)
    adopters = (cohort[None, :] <= years[:, None]).sum(axis=1)
    return pd.DataFrame(
        {
            "year": years, "new": np.diff(adopters, prepend=0), "adopters": adopters,
            "share": adopters / len(cohort), "n_units": len(cohort),
        }
    )  # fmt: skip


def cohorts(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """One row per cohort, the never adopters last: n_units, n_clusters, periods before and from adoption on."""
    units = adoption(frame, table)
    years = np.sort(frame[table.time].unique()).astype(int)
    sizes = units.groupby("cohort", dropna=False).agg(
        n_units=("cluster", "size"), n_clusters=("cluster", "nunique")
    )
    sizes = sizes.reset_index().sort_values("cohort", na_position="last", ignore_index=True)
    cohort = sizes["cohort"].astype("Float64").to_numpy(float, na_value=np.inf)
    sizes["periods_before"] = (years[None, :] < cohort[:, None]).sum(axis=1)
    sizes["periods_after"] = (years[None, :] >= cohort[:, None]).sum(axis=1)
    return sizes


def models(frame: pd.DataFrame, table: Table) -> pd.DataFrame | None:
    """Adopters by model: one row per model with n_units and first and last cohort; None where none is recorded."""
    if not table.model:
        return None
    units = adoption(frame, table).dropna(subset=["cohort"])
    if not (units["model"] != "").any():
        return None
    counted = units.groupby("model")["cohort"].agg(n_units="size", first="min", last="max")
    return counted.reset_index().sort_values("model", ignore_index=True)


def groups_of(
    panel: Panel, frame: pd.DataFrame, table: Table, names: pd.DataFrame | None = None
) -> np.ndarray | None:
    """(n,) the group (township) of the panel's units; None where the table names no such column.

    `names` is a table keyed by that column; its first other column of text is used instead of the code.
    """
    if not table.group:
        return None
    group = adoption(frame, table)["group"].reindex(panel.unit).astype(str)
    texts = (
        []
        if names is None
        else [c for c in names.columns if c != table.group and not is_numeric_dtype(names[c])]
    )
    if texts:
        group = group.map(names.set_index(table.group)[texts[0]].astype(str)).fillna(group)
    return group.to_numpy(dtype=object).astype(str)


def baseline_year(frame: pd.DataFrame, table: Table) -> int:
    """The last period before the first adoption that lies inside the panel; the first period where there is none.

    Units treated from the first period on have no period before adoption and do not move it.
    """
    years = np.sort(frame[table.time].unique()).astype(int)
    cohort = adoption(frame, table)["cohort"].dropna().to_numpy(int)
    inside = cohort[cohort > years[0]]
    before = years[years < inside.min()] if len(inside) else years[:1]
    return int(before[-1])
