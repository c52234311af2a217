"""Effects in two groups of units and the difference between them, with its own error.

Both groups are estimated apart, each against comparison units of its own kind; the difference is tested by itself:

    delta = theta_upper - theta_lower,   se^2 = se_u^2 + se_l^2 - 2 r se_u se_l

r: correlation from the influence of clusters that hold units of both groups; se: CR2. Degrees of freedom: Welch (1947),
Biometrika 34, where no cluster is shared, else the smaller of the two. An effect that is clear in one group and not in the
other says nothing about the difference (Gelman, Stern 2006, The American Statistician 60).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from analysis import estimators
from analysis.checks.multiplicity import joined
from analysis.effects import Effects, EstimatorError
from analysis.estimates import COLUMNS, Estimates, aggregate
from analysis.samples.panel import Panel
from analysis.study import Design

GROUPS = ("lower", "upper")


@dataclass(frozen=True, slots=True)
class Groups:
    """rows : three, level lower, upper and difference, columns of Estimates and mean_years; influence : (n_clusters,).

    mean_years : years since adoption behind the average; groups that adopted at other times are compared at other ages
    influence : of the clusters on the difference; None where there is no difference
    """

    rows: pd.DataFrame
    influence: pd.Series | None


def halves(values: np.ndarray, at: float | str | None) -> np.ndarray:
    """(n,) 0 for the lower group, 1 for the upper one, NaN where nothing is known.

    Raises
    ------
    EstimatorError : `at` is None and the values are not no and yes.
    """
    known = np.isfinite(values)
    if at is None:
        if not np.isin(values[known], (0.0, 1.0)).all():
            raise EstimatorError(
                "the column holds more than no and yes; say under 'at' where the lower group ends, "
                'a number or "median" / 该列不是“是、否”两值，请在 at 中写明分界（数值或 "median"）'
            )
        return np.where(known, values, np.nan)
    limit = np.median(values[known]) if at == "median" else float(at)
    return np.where(known, (values > limit).astype(float), np.nan)


def by_group(panel: Panel, group: np.ndarray, design: Design, *, estimator: str, unit: str = "") -> Groups:
    """The simple average in both groups and their difference.

    Parameters
    ----------
    group : (n,) 0, 1 or NaN for the panel's units, as `halves` gives it.

    A group that the data do not carry has no number and a status that says why; so has the difference then. Covariates
    that do not vary within a group are left out there.
    """
    sides = [_side(panel.keep(group == code), design, estimator, unit) for code in (0.0, 1.0)]
    rows = pd.concat(
        [side.rows.assign(level=name) for name, side in zip(GROUPS, sides, strict=True)], ignore_index=True
    )
    difference, influence = _difference(rows, sides, design)
    return Groups(pd.concat([rows, difference], ignore_index=True), influence)


@dataclass(frozen=True, slots=True)
class _Side:
    rows: pd.DataFrame
    influence: pd.Series | None


def _side(panel: Panel, design: Design, estimator: str, unit: str) -> _Side:
    try:
        effects = estimators.fit(estimator, _with_varying_covariates(panel), design)
        found = aggregate(effects, design, unit=unit)
    except EstimatorError as error:
        n = int(np.isfinite(panel.cohort).sum())
        reason = " ".join(str(error).split())
        return _Side(_without_number(n, unit, estimator, f"not estimable: {reason}"), None)
    return _Side(_simple(found).assign(mean_years=_mean_years(effects)), found.influence.iloc[:, 0])


def _simple(found: Estimates) -> pd.DataFrame:
    return found.rows[found.rows["level"] == "simple"].reset_index(drop=True)


def _mean_years(effects: Effects) -> float:
    """Years since adoption behind the simple average, adoption year = 0; NaN for one overall number."""
    cells = effects.cells
    if cells["cohort"].isna().any():
        return np.nan
    since = (cells["year"] - cells["cohort"]).to_numpy(float)
    size = np.where((since >= 0) & cells["effect"].notna(), effects.treated.to_numpy().sum(axis=0), 0.0)
    return float(since @ size / size.sum())


def _with_varying_covariates(panel: Panel) -> Panel:
    if not len(panel.unit):
        return panel
    varies = np.ptp(panel.covariates, axis=0) > 0
    names = tuple(name for name, kept in zip(panel.covariate_names, varies, strict=True) if kept)
    return replace(panel, covariates=panel.covariates[:, varies], covariate_names=names)


def _difference(
    rows: pd.DataFrame, sides: list[_Side], design: Design
) -> tuple[pd.DataFrame, pd.Series | None]:
    lower, upper = rows.iloc[0], rows.iloc[1]
    n, unit, estimator = int(rows["n_treated"].min()), str(lower["unit"]), str(lower["estimator"])
    if rows[["conf_low", "std_error_small"]].isna().any(axis=None):
        status = "flagged: a level without interval is part of the contrast"
        return _without_number(n, unit, estimator, status).assign(level="difference"), None
    psi = joined([side.influence for side in sides if side.influence is not None])
    influence = psi[1] - psi[0]
    errors = rows["std_error_small"].to_numpy(float)
    size = np.sqrt((psi**2).sum(axis=0).to_numpy(float))
    together = float(psi[0] @ psi[1])
    error = np.sqrt((errors**2).sum() - 2 * together / size.prod() * errors.prod())
    df = rows["df"].to_numpy(float)
    shared = bool(((psi[0] != 0) & (psi[1] != 0)).any())
    free = df.min() if shared else (errors**2).sum() ** 2 / (errors**4 / df).sum()
    value = upper["estimate"] - lower["estimate"]
    half = float(stdtrit(free, 0.5 + design.conf_level / 2) * error)
    doubtful = rows.loc[rows["status"] != "ok", "status"]
    row = {
        **lower.to_dict(), "estimand": "contrast", "level": "difference", "estimate": value,
        "std_error": float(np.sqrt(influence @ influence)), "std_error_small": float(error), "df": float(free),
        "conf_low": value - half, "conf_high": value + half, "point_low": value - half, "point_high": value + half,
        "n_treated": n, "n_clusters": len(psi), "status": doubtful.iloc[0] if len(doubtful) else "ok",
        "mean_years": upper["mean_years"] - lower["mean_years"],
    }  # fmt: skip
    return pd.DataFrame([row]), influence


def _without_number(n_treated: int, unit: str, estimator: str, status: str) -> pd.DataFrame:
    row = dict.fromkeys((*COLUMNS, "mean_years"), np.nan)
    text = {
        "estimand": "overall",
        "level": "simple",
        "conf_kind": "pointwise",
        "unit": unit,
        "status": status,
    }
    return pd.DataFrame([{**row, **text, "n_treated": n_treated, "n_clusters": 0, "estimator": estimator}])
