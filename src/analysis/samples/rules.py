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


def outcome_not_recorded(frame: pd.DataFrame, columns: Columns) -> pd.Series:
    """Rows with no outcome value; the unit's other rows stay."""
    return frame[columns.outcome].isna()


def trait_not_recorded(frame: pd.DataFrame, columns: Columns) -> pd.Series:
    """People for whom a covariate is missing."""
    return frame[list(columns.covariates)].isna().any(axis=1)


def flagged(frame: pd.DataFrame, columns: Columns) -> pd.Series:
    """People for whom a column listed under `exclude` is true."""
    return frame[list(columns.exclude)].any(axis=1).astype(bool)


def seen_once(frame: pd.DataFrame, columns: Columns) -> pd.Series:
    """Units with a row in one period only, of whom no change is known."""
    return frame.groupby(columns.unit, observed=True)[columns.time].transform("size") < 2


Rule = Callable[[pd.DataFrame, Columns], pd.Series]

# By the table's design. Incomplete histories come last, so that a unit is counted under the reason that a reader can
# mend.
RULES: dict[str, tuple[Rule, ...]] = {
    "panel": (declared_exclusion, outcome_missing, covariate_missing, not_in_every_period),
    "unbalanced_panel": (declared_exclusion, outcome_not_recorded, covariate_missing, seen_once),
    "repeated_cross_section": (flagged, outcome_not_recorded, trait_not_recorded),
}


def _in_any_row(flagged: pd.Series, frame: pd.DataFrame, columns: Columns) -> pd.Series:
    return frame[columns.unit].isin(frame.loc[flagged, columns.unit]) if flagged.any() else flagged
