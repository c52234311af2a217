"""The known effect of a synthetic study, averaged as an estimate is; never seen by an estimator."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.contract.reading import read_file
from analysis.effects import Effects
from analysis.samples import Sample
from analysis.study import Study


def read_truth(study: Study, sample: Sample) -> np.ndarray | None:
    """(n, T) true effects of the sample's units and periods, outcome unit, NaN where the file has no row.

    None where the study knows none.
    """
    values = known_effects(study, sample.outcome)
    if values is None:
        return None
    wanted = pd.MultiIndex.from_product([sample.panel.unit, sample.panel.years])
    return values.reindex(wanted).to_numpy().reshape(sample.panel.n_units, len(sample.panel.years))


def known_effects(study: Study, outcome: str) -> pd.Series | None:
    """True effects on an outcome by unit and period (index), outcome unit; None where the study knows none."""
    if study.truth is None or outcome not in study.truth.effects:
        return None
    known = study.truth.effects[outcome]
    table = study.table(study.outcome(outcome).table)
    frame = read_file(study.folder / study.truth.folder / known.file, table=f"truth of {outcome}")
    return pd.Series(
        pd.to_numeric(frame[known.column]).to_numpy(float),
        index=pd.MultiIndex.from_arrays(
            [frame[table.unit].astype(str), pd.to_numeric(frame[table.time]).astype(int)]
        ),
    )


def true_average(truth: np.ndarray, sample: Sample, effects: Effects) -> float:
    """The mean true effect over the treated unit-periods behind the simple average of `effects`.

    Parameters
    ----------
    truth : (n, T) from `read_truth`.
    effects : decides which cohorts and years count; cells without an estimate do not.
    """
    panel = sample.panel
    cells = effects.cells
    used = cells["effect"].notna() & (cells["year"] >= cells["cohort"])
    total = size = 0.0
    for cohort, year in cells.loc[used, ["cohort", "year"]].drop_duplicates().to_numpy(int):
        rows = panel.cohort == cohort
        column = int(np.searchsorted(panel.years, year))
        total += float(panel.weight[rows] @ truth[rows, column])
        size += float(panel.weight[rows].sum())
    return total / size if size else float("nan")
