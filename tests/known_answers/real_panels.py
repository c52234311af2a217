"""Panels of the real data sets with published answers."""

from __future__ import annotations

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
    if study.table(table).root and paths.shared_data() is None:
        pytest.skip(f"{name}: no licence to redistribute; set COOPEVAL_DATA to the folder that holds it")
    return study, select(read_table(table, study), study, key).panel
