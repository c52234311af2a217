"""Notebooks 03 and 04: what gaps in the records do to the result."""

from __future__ import annotations

import pandas as pd

from analysis.checks import Variant, answer
from analysis.estimates import COLUMNS
from analysis.report.page import Page
from analysis.samples import Panel, Sample, SampleError, select_as

WAYS = {"complete": "panel", "all_seen": "unbalanced_panel"}  # histories used, and the design that uses them
ESTIMATORS = ("group_time", "imputation")  # those that can do both


def gaps(page: Page, sample: Sample) -> pd.DataFrame | None:
    """The simple average with complete histories only and with all units seen twice; kept for the report.

    Returns
    -------
    Rows with the columns of Estimates, histories ("complete" or "all_seen"), n_units and n_observations, two per
    estimator. None where no unit has a gap, where nobody is followed, or where one of the two ways leaves nobody.
    """
    if not isinstance(sample.panel, Panel):
        return None
    table = page.read(sample.table)
    try:
        panels = {
            key: select_as(table, page.study, sample.outcome, design).panel.without_models()
            for key, design in WAYS.items()
        }
    except SampleError:
        return None
    if panels["complete"].n_units == panels["all_seen"].n_units:
        return None
    rows = pd.DataFrame(
        [
            answer(Variant("histories", panel, page.design, name, key), unit=page.unit)
            | {"histories": key, "n_units": panel.n_units, "n_observations": panel.n_observations}
            for name in page.design.estimators
            if name in ESTIMATORS
            for key, panel in panels.items()
        ]
    )
    if rows.empty:
        return None
    rows = page.released(rows[[*COLUMNS, "histories", "n_units", "n_observations"]])
    page.store.keep_rows(f"{page.number}-{page.key}-histories", page.key, rows)
    return rows
