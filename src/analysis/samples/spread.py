"""An outcome's values over the units in one year, ready to be drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.samples.rollout import baseline_year
from analysis.study import Study


@dataclass(frozen=True, slots=True)
class Spread:
    """Values of one outcome in one year.

    values : (n,) outcome unit, finite
    outcome : key in the study
    unit : the outcome's unit
    year : the last year before the first adoption
    banded : whether the bands of village collective income apply (an outcome of that concept, in yuan)
    """

    values: np.ndarray
    outcome: str
    unit: str
    year: int
    banded: bool


def spread(frame: pd.DataFrame, study: Study, outcome: str) -> Spread:
    """The outcome at baseline, from its table."""
    chosen = study.outcome(outcome)
    table = study.table(chosen.table)
    year = baseline_year(frame, table)
    values = frame.loc[frame[table.time] == year, chosen.column].to_numpy(float)
    banded = chosen.unit == "yuan" and chosen.concept == "collective_income"
    return Spread(values[np.isfinite(values)], outcome, chosen.unit, year, banded)
