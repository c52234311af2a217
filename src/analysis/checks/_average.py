"""One average of cell effects with its small-sample error: a row of Estimates without the tables around it.

For hundreds of averages in a row (curves, draws, groups of cells); `estimates.aggregate` gives the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.effects import Effects
from analysis.inference import enlarged_influence, pointwise_half_width, small_sample
from analysis.study import Design


@dataclass(frozen=True, slots=True)
class Average:
    """A weighted mean of cells, outcome unit.

    std_error : clustered, as the estimator publishes it; std_error_small, df : CR2 and Satterthwaite
    influence : (n_clusters,) whose squares add to std_error^2
    """

    estimate: float
    std_error: float
    std_error_small: float
    df: float
    conf_low: float
    conf_high: float
    influence: np.ndarray


def after_adoption(effects: Effects) -> np.ndarray:
    """(k,) identified cells from adoption on."""
    cells = effects.cells
    if cells["cohort"].isna().all():
        return np.ones(len(cells), dtype=bool)
    known = np.isfinite(cells["effect"].to_numpy(float))
    return known & (cells["year"].to_numpy(float) >= cells["cohort"].to_numpy(float))


def average(effects: Effects, design: Design, chosen: np.ndarray) -> Average:
    """The mean over the chosen cells, weighted by treated units.

    Where cohort shares are estimates, their sampling error belongs to the mean (Callaway, Sant'Anna 2021, corollary 2).
    """
    treated = effects.treated.to_numpy()
    size, effect = treated.sum(axis=0), np.nan_to_num(effects.cells["effect"].to_numpy(float))
    total = size[chosen].sum()
    weights = np.where(chosen, size, 0.0) / total
    estimate = float(effect @ weights)
    shares = np.zeros(len(treated))
    if effects.shares_estimated:
        shares = treated[:, chosen] @ (effect[chosen] - estimate) / total
    psi = effects.influence.to_numpy() @ weights + shares
    small = small_sample(effects, weights[:, None], (enlarged_influence(effects) @ weights + shares)[:, None])
    half = float(pointwise_half_width(small.std_error, small.df, design.conf_level)[0])
    return Average(
        estimate, float(np.sqrt(psi @ psi)), float(small.std_error[0]), float(small.df[0]), estimate - half,
        estimate + half, psi,
    )  # fmt: skip


def n_treated(effects: Effects, chosen: np.ndarray) -> int:
    """Units behind the chosen cells, each arm counted once."""
    cells = effects.cells
    arms: dict[tuple[object, object], int] = {}
    columns = (cells[name].to_numpy(object)[chosen] for name in ("cohort", "model", "n_treated"))
    for cohort, model, n in zip(*columns, strict=True):
        arms[cohort, model] = max(arms.get((cohort, model), 0), int(n))
    return sum(arms.values())
