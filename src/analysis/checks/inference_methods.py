"""One estimate, several ways to say how sure it is: is the inference right?

`cluster` : the clustered error of the paper and the normal law
`small_sample` : CR2 and Satterthwaite's degrees of freedom, as the headline; `small_sample_group` : by township
`wild`, `wild_group` : wild bootstrap of the influence with the null imposed, by cluster and by township
`randomisation`, `randomisation_group` : schedules dealt anew among clusters, among those of one township; only a p
    value. With covariates the statistic is that of the regression of every unit's own change (`_own_change`), whose
    estimate is shown in their row; without, it is the headline's.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri, stdtr

from analysis.checks._own_change import own_changes
from analysis.checks.changes import Case
from analysis.checks.randomisation import adjusted_randomisation, group_time_randomisation
from analysis.checks.wild_bootstrap import WildBootstrap, wild_influence
from analysis.effects import Effects, EstimatorError
from analysis.estimates import EstimandError, aggregate
from analysis.estimators import fit
from analysis.messages import Message

COLUMNS = (
    "method", "estimate", "conf_low", "conf_high", "p_value", "n_clusters", "n_treated", "status", "unit",
)  # fmt: skip
DRAWS, FEWEST_DRAWS = 9_999, 999
CELLS = 1_000_000  # units x draws of dealt schedules


def inference_methods(case: Case, effects: Effects, *, unit: str) -> pd.DataFrame:
    """Rows with COLUMNS, the headline's own method first; a method that the data do not carry says why in `status`.

    Parameters
    ----------
    effects : the main specification's, by an estimator with influence.
    """
    overall = aggregate(effects, case.design, unit=unit)
    row = overall.row("simple")
    rows = [_small("small_sample", row), _normal(row, case)]
    psi = overall.influence.to_numpy()[:, 0]
    share = _shares(effects)
    rows.append(_wild("wild", row, psi, share, overall.influence.index.to_numpy(), case))
    if case.group is not None:
        of_cluster = dict(zip(case.panel.cluster, case.group, strict=True))
        towns = np.array([of_cluster[name] for name in overall.influence.index])
        rows.append(_by_group(case, effects.estimator, unit, row))
        rows.append(_wild("wild_group", row, psi, share, towns, case))
    rows.append(_randomisation("randomisation", case, row, within=False))
    if case.group is not None:
        rows.append(_randomisation("randomisation_group", case, row, within=True))
    return pd.DataFrame(rows).assign(unit=unit)[list(COLUMNS)]


def _small(method: str, row: pd.Series) -> dict[str, object]:
    t, df = row["estimate"] / row["std_error_small"], row["df"]
    return _made(
        method,
        row,
        row["point_low"],
        row["point_high"],
        2 * stdtr(df, -abs(t)),
        row["n_clusters"],
        row["status"],
    )


def _normal(row: pd.Series, case: Case) -> dict[str, object]:
    half = float(ndtri(0.5 + case.design.conf_level / 2)) * row["std_error"]
    p = 2 * ndtr(-abs(row["estimate"] / row["std_error"]))
    return _made(
        "cluster", row, row["estimate"] - half, row["estimate"] + half, p, row["n_clusters"], row["status"]
    )


def _by_group(case: Case, estimator: str, unit: str, row: pd.Series) -> dict[str, object]:
    try:
        panel = replace(case.panel, cluster=np.asarray(case.group).astype(str))
        found = aggregate(fit(estimator, panel, case.design), case.design, unit=unit).row("simple")
    except (EstimatorError, EstimandError) as error:
        return _refused("small_sample_group", row, error)
    return _small("small_sample_group", found)


def _wild(
    method: str, row: pd.Series, psi: np.ndarray, share: np.ndarray, cluster: np.ndarray, case: Case
) -> dict[str, object]:
    try:
        found: WildBootstrap = wild_influence(
            np.array([row["estimate"]]), psi[:, None], np.ones(1), cluster, share=share,
            draws=DRAWS, conf_level=case.design.conf_level, seed=case.design.seed,
        )  # fmt: skip
    except EstimatorError as error:
        return _refused(method, row, error)
    return _made(method, row, found.conf_low, found.conf_high, found.p_value, found.n_clusters, row["status"])


def _shares(effects: Effects) -> np.ndarray:
    """(n_clusters,) share of each cluster in the treated weight behind the simple average."""
    cells = effects.cells
    used = (cells["effect"].notna() & (cells["year"] >= cells["cohort"])).to_numpy(bool)
    weight = effects.treated.to_numpy()[:, used].sum(axis=1)
    return weight / weight.sum()


def _randomisation(method: str, case: Case, row: pd.Series, *, within: bool) -> dict[str, object]:
    panel, design = case.panel, case.design
    group = case.group if within else None
    asked = {"draws": min(DRAWS, max(FEWEST_DRAWS, CELLS // panel.n_units)), "seed": design.seed}
    try:
        if panel.design != "panel":
            raise EstimatorError(
                Message(
                    "not every unit is recorded in every period, and the statistic needs complete histories",
                    "不是每个单位每期都有记录，而该统计量需要完整的记录",
                )
            )
        if len(np.unique(panel.cluster)) < panel.n_units:
            raise EstimatorError(
                Message(
                    "several units share a cluster, and schedules of single units cannot be dealt anew there",
                    "同一聚类内有多个单位，不能逐个单位重新分配采用时间",
                )
            )
        if panel.covariate_names:
            own = own_changes(panel, design, group)
            found = adjusted_randomisation(own.by_cohort, own.code, own.controls, strata=own.group, **asked)
        else:
            kept = panel.cohort - design.anticipation > panel.years[0]
            cohort = np.where(panel.cohort > panel.years[-1], np.inf, panel.cohort)[kept]
            found = group_time_randomisation(
                panel.outcome[kept], cohort, panel.years, strata=None if group is None else np.asarray(group)[kept],
                comparison_group=design.comparison_group, anticipation=design.anticipation, **asked,
            )  # fmt: skip
    except EstimatorError as error:
        return _refused(method, row, error)
    own_row = row.copy()
    own_row["estimate"], own_row["n_treated"] = found.estimate, found.n_treated
    return _made(method, own_row, np.nan, np.nan, found.p_value, found.n_units, "ok")


def _made(
    method: str, row: pd.Series, low: float, high: float, p: float, n_clusters: int, status: str
) -> dict[str, object]:
    return {
        "method": method, "estimate": row["estimate"], "conf_low": low, "conf_high": high, "p_value": float(p),
        "n_clusters": int(n_clusters), "n_treated": int(row["n_treated"]), "status": status,
    }  # fmt: skip


def _refused(method: str, row: pd.Series, error: Exception) -> dict[str, object]:
    empty = _made(method, row, np.nan, np.nan, np.nan, 0, f"not estimable: {error}")
    return empty | {"estimate": np.nan}
