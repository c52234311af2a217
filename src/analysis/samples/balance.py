"""How alike adopters and others were before anyone adopted.

    smd = (mean of adopters - mean of never adopters) / sqrt((s_adopters^2 + s_never^2) / 2)

The standardised mean difference does not grow with the number of units (Imbens, Rubin 2015, ch. 14).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.samples.rollout import adoption, baseline_year
from analysis.study import Table

UNLIKE = (
    0.25  # absolute smd above which regression adjustment alone is not trusted (Imbens, Rubin 2015, ch. 14)
)
ADOPTERS, NEVER = "adopters", "never"


def balance(frame: pd.DataFrame, table: Table, columns: tuple[str, ...]) -> pd.DataFrame | None:
    """Means at baseline of each column for all adopters, each cohort and the never adopters.

    Returns
    -------
    Rows variable, group ("adopters", a cohort as text, "never"), n_units, mean, std, smd (NaN for "never" and where
    fewer than two units are on a side), year. Adopters are those with a period before adoption. None where there
    is no column to compare.
    """
    if not columns:
        return None
    year = baseline_year(frame, table)
    units = adoption(frame, table)
    values = frame.loc[frame[table.time] == year].set_index(table.unit)[list(columns)].astype(float)
    cohort = units["cohort"].reindex(values.index)
    first = int(frame[table.time].min())
    members = {ADOPTERS: (cohort > first).fillna(False).to_numpy(bool)}
    members |= {str(c): (cohort == c).fillna(False).to_numpy(bool) for c in sorted(cohort.dropna().unique())}
    members[NEVER] = cohort.isna().to_numpy()
    rows = [
        {
            "variable": name,
            "group": group,
            **_compared(values[name].to_numpy(), inside, members[NEVER]),
            "year": year,
        }
        for name in columns
        for group, inside in members.items()
    ]
    made = pd.DataFrame(rows)
    made.loc[made["group"] == NEVER, "smd"] = np.nan
    return made


def most_unlike(rows: pd.DataFrame | None) -> pd.Series | None:
    """The row of all adopters with the largest absolute smd; None where nothing could be compared."""
    if rows is None:
        return None
    known = rows[(rows["group"] == ADOPTERS) & rows["smd"].notna()]
    return None if known.empty else known.loc[known["smd"].abs().idxmax()]


def _compared(values: np.ndarray, inside: np.ndarray, others: np.ndarray) -> dict[str, float]:
    own, other = _known(values[inside]), _known(values[others])
    mean = own.mean() if len(own) else np.nan
    std = own.std(ddof=1) if len(own) > 1 else np.nan
    smd = np.nan
    if len(own) > 1 and len(other) > 1:
        pooled = np.sqrt((own.var(ddof=1) + other.var(ddof=1)) / 2)
        smd = (mean - other.mean()) / pooled if pooled > 0 else np.nan
    return {"n_units": len(own), "mean": mean, "std": std, "smd": smd}


def _known(values: np.ndarray) -> np.ndarray:
    return values[np.isfinite(values)]
