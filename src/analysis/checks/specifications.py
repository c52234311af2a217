"""The main estimate and its alternatives, each answered with its reason where it cannot be."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.checks.changes import Case, Variant, variants
from analysis.effects import EstimatorError
from analysis.estimates import COLUMNS, EstimandError, aggregate
from analysis.estimators import fit

SPECIFICATION_COLUMNS = ("change", "detail", *COLUMNS)


def specifications(case: Case, *, unit: str) -> pd.DataFrame:
    """The simple average under the main specification (first row, change "main") and every variant of it.

    Returns
    -------
    Rows with SPECIFICATION_COLUMNS; a variant that the data cannot answer has no number and says why in `status`.
    """
    return pd.DataFrame([answer(variant, unit=unit) for variant in variants(case)])[
        list(SPECIFICATION_COLUMNS)
    ]


def answer(variant: Variant, *, unit: str) -> dict[str, object]:
    """The simple average of one variant as a row; without a number, and saying why, where it is not identified."""
    named = {"change": variant.change, "detail": variant.detail}
    try:
        effects = fit(variant.estimator, variant.panel, variant.design)
        row = aggregate(effects, variant.design, unit=unit).row("simple")
    except (EstimatorError, EstimandError) as error:
        empty = dict.fromkeys(COLUMNS, np.nan) | {"n_treated": 0, "n_clusters": 0}
        told = {"estimand": "overall", "level": "simple", "conf_kind": "pointwise", "unit": unit}
        return named | empty | told | {"estimator": variant.estimator, "status": f"not estimable: {error}"}
    return named | row[list(COLUMNS)].to_dict()
