"""Named rules of exclusion, in the order in which they run; the flow table is made from this list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, slots=True)
class Columns:
    """The roles of a panel table's columns for one outcome."""

    unit: str
    time: str
    outcome: str
    covariates: tuple[str, ...]
    exclude: tuple[str, ...]


def declared_exclusion(frame: pd.DataFrame, columns: Columns) -> pd.Series:
    """Units for which a column listed under `exclude` is true in any row."""
    flagged = frame[list(columns.exclude)].any(axis=1).astype(bool)
    return _in_any_row(flagged, frame, columns)


def outcome_missing(frame: pd.DataFrame, columns: Columns) -> pd.Series:
    """Units with no outcome value in one of their rows."""
    return _in_any_row(frame[columns.outcome].isna(), frame, columns)


def covariate_missing(frame: pd.DataFrame, columns: Columns) -> pd.Series:
    """Units for which a baseline covariate is missing."""
    blank = frame[list(columns.covariates)].isna().any(axis=1)
    return _in_any_row(blank, frame, columns)


def not_in_every_period(frame: pd.DataFrame, columns: Columns) -> pd.Series:
    """Units without a row in some period of the table (the estimators compare complete histories)."""
    periods = frame[columns.time].nunique()
    return frame.groupby(columns.unit, observed=True)[columns.time].transform("size") < periods


Rule = Callable[[pd.DataFrame, Columns], pd.Series]

# Incomplete histories come last, so that a unit is counted under the reason that a reader can mend.
RULES: tuple[Rule, ...] = (declared_exclusion, outcome_missing, covariate_missing, not_in_every_period)


def _in_any_row(flagged: pd.Series, frame: pd.DataFrame, columns: Columns) -> pd.Series:
    return frame[columns.unit].isin(frame.loc[flagged, columns.unit]) if flagged.any() else flagged
