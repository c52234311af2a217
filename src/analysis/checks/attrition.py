"""Who is missing from the panel, when, and what the missing could hide.

Shares of adopters and others with a recorded outcome, year by year; bounds (`attrition_bounds`) on the difference in
change between adopters and others for the units that were there before the first adoption. The comparison is the plain
one of means without covariates: bounds under selection hold for it, not for the headline.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.checks._own_change import years_compared
from analysis.checks.attrition_bounds import Bounds, lee_bounds, worst_case_bounds
from analysis.effects import EstimatorError
from analysis.messages import Message
from analysis.samples.rollout import adoption
from analysis.samples.rules import Columns, declared_exclusion
from analysis.study import Design, Table

ADOPTERS, OTHERS = "adopters", "others"


@dataclass(frozen=True, slots=True)
class Attrition:
    """Presence in the panel.

    rows : per group (adopters after the first period, others) and year `group`, `year`, `n_units`, `n_seen`
    n_units, n_gone : units with any outcome, and those of them without one in some period
    plain : difference in mean change among units seen in both years; outcome unit, NaN where bounds are not taken
    lee, worst : bounds on it; None where nothing is missing, or where `why` says that they cannot be taken
    first, last : years compared; 0 where there is no comparison
    unit : of the outcome
    """

    rows: pd.DataFrame
    n_units: int
    n_gone: int
    plain: float
    lee: Bounds | None
    worst: Bounds | None
    why: Message | None
    first: int
    last: int
    unit: str

    @property
    def gaps(self) -> Attrition | None:
        """This record where somebody is missing, None where there is nothing to draw."""
        return self if self.n_gone else None


def attrition(frame: pd.DataFrame, table: Table, column: str, design: Design, *, unit: str) -> Attrition:
    """Presence of the outcome `column` in a panel table as it was read; units flagged for exclusion do not count.

    A unit without a row and a unit without a value are both missing.
    """
    roles = Columns(table.unit, table.time, column, (), table.exclude)
    kept = frame.loc[~declared_exclusion(frame, roles)]
    years = np.sort(kept[table.time].unique()).astype(int)
    outcome = (
        kept.pivot(index=table.unit, columns=table.time, values=column).reindex(columns=years).astype(float)
    )
    units = adoption(kept, table).reindex(outcome.index)
    cohort = units["cohort"].astype("Float64").to_numpy(float, na_value=np.inf)
    y = outcome.to_numpy(float, na_value=np.nan)
    seen = np.isfinite(y)
    adopts = (cohort - design.anticipation > years[0]) & (cohort - design.anticipation <= years[-1])
    rows = pd.DataFrame([
        (group, int(year), int(inside.sum()), int(seen[inside, place].sum()))
        for group, inside in ((ADOPTERS, adopts), (OTHERS, ~adopts))
        for place, year in enumerate(years)
    ], columns=["group", "year", "n_units", "n_seen"])  # fmt: skip
    n_gone = int((~seen.all(axis=1)).sum())
    nothing = Attrition(rows, len(y), n_gone, np.nan, None, None, None, 0, 0, unit)
    if not n_gone:
        return nothing
    try:
        return _bounded(nothing, y, cohort, units["cluster"].to_numpy(), years, design)
    except EstimatorError as error:
        return replace(nothing, why=_reason(error))


def _bounded(
    found: Attrition, y: np.ndarray, cohort: np.ndarray, cluster: np.ndarray, years: np.ndarray, design: Design
) -> Attrition:  # fmt: skip
    first, last = years_compared(cohort, years, design)
    moved = cohort - design.anticipation
    there = np.isfinite(y[:, first]) & (moved > years[0])
    change, treated = (y[:, last] - y[:, first])[there], moved[there] <= years[last]
    known = np.isfinite(change)
    named = {"cluster": cluster[there], "conf_level": design.conf_level}
    lee = worst = None
    plain = float(change[known & treated].mean() - change[known & ~treated].mean()) if known.any() else np.nan
    if not known.all():
        lee = lee_bounds(change, treated, **named)
        worst = worst_case_bounds(
            change, treated, lowest=float(np.nanmin(change)), highest=float(np.nanmax(change)), **named
        )
    return replace(found, plain=plain, lee=lee, worst=worst, first=int(years[first]), last=int(years[last]))


def _reason(error: EstimatorError) -> Message:
    message = error.message
    return message if isinstance(message, Message) else Message(str(error), str(error))
