"""What a synthetic county would have been without cooperatives; for comparison with estimates, never for making them.

A county is its parameters: the same draws with every effect at zero give each household and village its own untreated
outcome, so that truth is known for every column, and not only for those whose effects were written down.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.distribution.inequality import INDICES
from analysis.distribution.measured import Distribution, DistributionError
from analysis.study import Study

if TYPE_CHECKING:
    from analysis.simulate.county import SimulatedCounty


def without_effects(study: Study) -> dict[str, pd.DataFrame] | None:
    """The study's tables by key, as drawn without effects; None where the study keeps no parameters of a county.

    Columns are those of the written files, identifiers as text.
    """
    if study.truth is None:
        return None
    file = study.folder / study.truth.folder / "truth.json"
    if not file.is_file():
        return None
    parameters = json.loads(file.read_text(encoding="utf-8")).get("parameters")
    if parameters is None:
        return None
    county = _drawn(json.dumps(parameters))
    drawn = {key: getattr(county, Path(table.file).stem, None) for key, table in study.tables.items()}
    return {key: frame for key, frame in drawn.items() if isinstance(frame, pd.DataFrame)}


@lru_cache(maxsize=1)
def _drawn(parameters: str) -> SimulatedCounty:
    from analysis.simulate import County, simulate  # only synthetic studies need it

    given = {name: _tuples(value) for name, value in json.loads(parameters).items()}
    return simulate(County(**{**given, "effect_scale": 0.0}))


def compared(
    actual: np.ndarray, other: np.ndarray, weight: np.ndarray, names: tuple[object, ...]
) -> pd.DataFrame:
    """Numbers of two distributions (m,) of the same units: share (a quantile's, "mean" or an index), actual, counterfactual.

    `estimate` is actual less counterfactual; NaN where an index is not defined on one of the two.
    """
    pair = [Distribution(values, weight) for values in (actual, other)]
    rows = pd.DataFrame(
        [[name, *(_number(of, name) for of in pair)] for name in names],
        columns=["share", "actual", "counterfactual"],
    )
    return rows.assign(estimate=rows["actual"] - rows["counterfactual"])


def _number(of: Distribution, name: object) -> float:
    if name == "mean":
        return of.mean
    if isinstance(name, str):
        try:
            return INDICES[name](of, np.empty(0))[0]
        except DistributionError:
            return np.nan
    return float(of.quantile(np.array([name]))[0])


def _tuples(value: object) -> object:
    return tuple(_tuples(each) for each in value) if isinstance(value, list) else value
