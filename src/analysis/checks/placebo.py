"""A pretended adoption, two years early: where nothing happened yet, nothing should be found.

The base period is moved to the third year before adoption, so that the two years before adoption play the part of
years after it; only data from before the real adoption are used.
"""

from __future__ import annotations

import pandas as pd

from analysis.checks.changes import Case
from analysis.checks.specifications import SPECIFICATION_COLUMNS
from analysis.effects import EstimatorError
from analysis.estimates import EstimandError, aggregate, contrast
from analysis.estimators import fit

YEARS_EARLY = 2


def placebo(case: Case, *, unit: str) -> pd.DataFrame | None:
    """One row in the form of a specification; None where the panel is too short for it.

    The row is the mean over the pretended years, weighted by treated units.
    """
    design = case.design.model_copy(update={"anticipation": case.design.anticipation + YEARS_EARLY})
    try:
        path = aggregate(fit("group_time", case.panel, design), design, by="event_time", unit=unit)
    except (EstimatorError, EstimandError):
        return None
    pretended = path.rows[
        path.rows["level"].astype(int).between(-YEARS_EARLY, -1) & path.rows["conf_low"].notna()
    ]
    if pretended.empty:
        return None
    weights = pretended["n_treated"] / pretended["n_treated"].sum()
    row = contrast(
        path, dict(zip(pretended["level"], weights, strict=True)), design, label="simple"
    ).rows.iloc[0]
    named = {
        **row.to_dict(),
        "theme": "placebo",
        "change": "placebo",
        "detail": str(YEARS_EARLY),
        "n_changed": 0,
    }
    return pd.DataFrame([named])[list(SPECIFICATION_COLUMNS)]
