"""Panels of the real data sets with published answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis import paths
from analysis.contract import read_table
from analysis.samples import Panel, select
from analysis.study import Study, read_study


def load(name: str, outcome: str = "", covariates: tuple[str, ...] = ()) -> tuple[Study, Panel]:
    """Study and panel of a data set; skips, saying so, where data that may not be redistributed are absent."""
    study = read_study(name)
    key = outcome or study.primary_outcome
    study = study.changed(outcome=key, covariates=covariates)
    table = study.outcome(key).table
    folder = paths.shared_data()
    if study.table(table).root and (folder is None or not (folder / name).is_dir()):
        pytest.skip(f"{name}: no licence to redistribute; set COOPEVAL_DATA to the folder that holds it")
    return study, select(read_table(table, study), study, key).panel


def without_never(panel: Panel) -> Panel:
    """Only units that adopt some day."""
    return panel.keep(np.isfinite(panel.cohort))


def expansion_2014(panel: Panel) -> Panel:
    """Years before 2016, without the states that expanded in 2015; later expanders are untreated."""
    years = panel.years < 2016
    kept = panel.keep(panel.cohort != 2015)
    cohort = np.where(kept.cohort > 2015, np.inf, kept.cohort)
    return replace(kept, years=kept.years[years], outcome=kept.outcome[:, years], cohort=cohort)
