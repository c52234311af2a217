"""What is found about membership, for figures, tables and sentences."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from analysis.members.section import Effect
from analysis.members.switching import SwitchingFit


@dataclass(frozen=True, slots=True)
class Joining:
    """Who joins, among households of villages with a coop.

    by_income : measure (part_1 ..., gap, concentration, erreygers, low_income, others, penetration_ratio), estimate,
        interval, unit, n_treated (members behind it)
    average : share of members among them all
    characteristics : variable, mean, estimate (change of the probability per unit), interval, per_sd (NaN for yes/no)
    year : of the income by which they are ranked
    """

    by_income: pd.DataFrame
    average: float
    characteristics: pd.DataFrame
    year: int


@dataclass(frozen=True, slots=True)
class Overlap:
    """bars : group, member, left, right, share, n_treated; support : one row per group with its bounds and shares."""

    bars: pd.DataFrame
    support: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Balance:
    """by_covariate and by_method : columns of `balance_by_method`, with the group."""

    by_covariate: pd.DataFrame
    by_method: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Switching:
    """Endogenous switching regression among households that could join.

    refusal : why there is none; "" where there is
    fit : None where there is none; effect, placebo : on members, at the date compared and before anybody joined
    in_logs, placebo_in_logs : the same of the logarithm, None where an outcome is not positive
    coefficients : equation, variable, estimate, std_error; tests : test, statistic, df, df_error, p_value
    averages : key of switching_effects, estimate, interval, unit
    """

    refusal: str
    fit: SwitchingFit | None = None
    effect: Effect | None = None
    placebo: Effect | None = None
    in_logs: Effect | None = None
    placebo_in_logs: Effect | None = None
    coefficients: pd.DataFrame = field(default_factory=pd.DataFrame)
    tests: pd.DataFrame = field(default_factory=pd.DataFrame)
    averages: pd.DataFrame = field(default_factory=pd.DataFrame)


@dataclass(frozen=True, slots=True)
class Together:
    """rows, ties : those of `three_questions`; truth : by question, empty where none is known."""

    rows: pd.DataFrame
    ties: pd.DataFrame
    truth: dict[str, float]
