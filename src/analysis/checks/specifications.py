"""The main estimate and its alternatives, each answered with its reason where it cannot be."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.checks.changes import Case, Variant, variants
from analysis.effects import Effects, EstimatorError
from analysis.estimates import COLUMNS, EstimandError, aggregate
from analysis.estimators import fit

SPECIFICATION_COLUMNS = ("theme", "change", "detail", "n_changed", *COLUMNS)
FAMILIES = ("without_group", "without_cohort")  # changes of which each member is the same question


def specifications(case: Case, *, unit: str) -> pd.DataFrame:
    """The simple average under the main specification (first row, change "main") and every variant of it.

    Returns
    -------
    Rows with SPECIFICATION_COLUMNS; a variant that the data cannot answer has no number and says why in `status`.
    """
    return pd.DataFrame([answer(variant, unit=unit) for variant in variants(case)])[
        list(SPECIFICATION_COLUMNS)
    ]


def effects_of(variant: Variant) -> Effects:
    """What the variant's estimator finds. EstimatorError where it identifies nothing."""
    if variant.fit is not None:
        return variant.fit(variant.panel, variant.design)
    return fit(variant.estimator, variant.panel, variant.design)


def answer(variant: Variant, *, unit: str) -> dict[str, object]:
    """The simple average of one variant as a row; without a number, and saying why, where it is not identified."""
    named = {name: getattr(variant, name) for name in ("theme", "change", "detail", "n_changed")}
    try:
        row = aggregate(effects_of(variant), variant.design, unit=unit).row("simple")
    except (EstimatorError, EstimandError) as error:
        return named | unanswered(error, unit) | {"estimator": variant.estimator}
    return named | row[list(COLUMNS)].to_dict()


def unanswered(error: Exception, unit: str) -> dict[str, object]:
    """The columns of a row without a number, with the reason in `status`."""
    empty = dict.fromkeys(COLUMNS, np.nan) | {"n_treated": 0, "n_clusters": 0}
    told = {"estimand": "overall", "level": "simple", "conf_kind": "pointwise", "unit": unit}
    return empty | told | {"status": f"not estimable: {error}"}
