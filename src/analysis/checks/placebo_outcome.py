"""Outcomes that the programme cannot move: where adopters' values change too, something else changed with adoption.

A negative control outcome (Lipsitch, Tchetgen Tchetgen, Cohen 2010, Epidemiology 21), estimated as the main outcome is.
The p values of several are adjusted together (Holm 1979).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.checks.changes import Case, Variant
from analysis.checks.multiplicity import holm, p_values
from analysis.checks.specifications import SPECIFICATION_COLUMNS, answer

PLACEBO_COLUMNS = (*SPECIFICATION_COLUMNS, "p_value", "p_holm")


def placebo_outcomes(case: Case, units: Mapping[str, str]) -> pd.DataFrame | None:
    """One row per declared outcome in its own unit, `detail` = its key; None where the study holds none.

    Units with a missing value are left out and counted in `n_changed`.

    Parameters
    ----------
    units : unit of each outcome.
    """
    if not case.held.placebo_outcomes:
        return None
    rows = []
    for key, values in case.held.placebo_outcomes.items():
        known = np.isfinite(values).all(axis=1)
        panel = replace(case.panel, outcome=values).keep(known)
        variant = Variant(
            "placebo_outcome", panel, case.design, case.estimator, key, int((~known).sum()), theme="placebo"
        )
        rows.append(answer(variant, unit=units[key]))
    made = pd.DataFrame(rows).assign(p_value=np.nan, p_holm=np.nan)
    usable = made["conf_low"].notna()
    if usable.any():
        p = p_values(
            *(made.loc[usable, name].to_numpy(float) for name in ("estimate", "std_error_small", "df"))
        )
        made.loc[usable, "p_value"], made.loc[usable, "p_holm"] = p, holm(p)
    return made[list(PLACEBO_COLUMNS)]
