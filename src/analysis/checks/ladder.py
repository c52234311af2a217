"""The ladder: the same question of the same data, from the number that is easy to the number that is defensible.

before_after : adopters' mean in the years from adoption on, less their last year before; no comparison at all
difference   : adopters' mean less non-adopters' mean in the last year; no past at all
twfe, group_time, imputation : as the estimators say
truth        : the known effect on the same units and years, in synthetic studies
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from analysis.samples.panel import Panel
from analysis.study import Design

STEPS = ("before_after", "difference", "twfe", "group_time", "imputation", "truth")
CREDIBLE = ("group_time", "imputation")


def ladder(panel: Panel, design: Design, each: pd.DataFrame, truth: float | None = None) -> pd.DataFrame:
    """One row per step: step, estimate, conf_low, conf_high, n_treated, n_clusters, unit, status.

    Parameters
    ----------
    each : rows of the simple average, one per estimator.
    truth : mean true effect behind the simple average; None where it is not known.
    """
    unit = each["unit"].iloc[0]
    rows = [_before_after(panel, design), _difference(panel, design)]
    columns = ["estimate", "conf_low", "conf_high", "n_treated", "n_clusters", "status"]
    found = each.set_index("estimator")[columns]
    rows += [{"step": name, **found.loc[name].to_dict()} for name in STEPS if name in found.index]
    if truth is not None:
        rows.append(
            _row("truth", truth, np.nan, int(found["n_treated"].max()), int(found["n_clusters"].max()))
        )
    return pd.DataFrame(rows).assign(unit=unit)


def _before_after(panel: Panel, design: Design) -> dict[str, object]:
    start = np.searchsorted(panel.years, panel.cohort - design.anticipation)
    adopted = (panel.cohort <= panel.years[-1]) & (start > 0)
    if adopted.sum() < 2:
        return _row("before_after", np.nan, np.nan, int(adopted.sum()), 0)
    outcome, weight = panel.outcome[adopted], panel.weight[adopted]
    after = panel.years[None, :] >= panel.cohort[adopted][:, None]
    base = outcome[np.arange(len(outcome)), start[adopted] - 1]
    change = np.where(after, outcome - base[:, None], 0.0).sum(axis=1)
    size = weight * after.sum(axis=1)
    estimate = float(weight @ change / size.sum())
    influence = weight * (change - after.sum(axis=1) * estimate) / size.sum()
    half, clusters = _half_width(influence, panel.cluster[adopted], design)
    return _row("before_after", estimate, half, int(adopted.sum()), clusters)


def _difference(panel: Panel, design: Design) -> dict[str, object]:
    adopted = panel.cohort <= panel.years[-1]
    n_adopted = int(adopted.sum())
    if min(n_adopted, int((~adopted).sum())) < 2:
        return _row("difference", np.nan, np.nan, n_adopted, 0)
    last, weight = panel.outcome[:, -1], panel.weight
    influence, means = np.zeros(len(last)), []
    for rows in (adopted, ~adopted):
        means.append(float(np.average(last[rows], weights=weight[rows])))
        influence[rows] = weight[rows] * (last[rows] - means[-1]) / weight[rows].sum()
    half, clusters = _half_width(np.where(adopted, influence, -influence), panel.cluster, design)
    return _row("difference", means[0] - means[1], half, n_adopted, clusters)


def _half_width(influence: np.ndarray, cluster: np.ndarray, design: Design) -> tuple[float, int]:
    _, code = np.unique(cluster, return_inverse=True)
    psi = np.bincount(code, weights=influence)
    n = len(psi)
    if n < 2:
        return np.nan, n
    error = np.sqrt((psi @ psi) * n / (n - 1))
    return float(stats.t.ppf(0.5 + design.conf_level / 2, n - 1) * error), n


def _row(step: str, estimate: float, half: float, n_treated: int, n_clusters: int) -> dict[str, object]:
    return {
        "step": step, "estimate": estimate, "conf_low": estimate - half, "conf_high": estimate + half,
        "n_treated": n_treated, "n_clusters": n_clusters, "status": "ok" if np.isfinite(estimate) else "not estimable",
    }  # fmt: skip
