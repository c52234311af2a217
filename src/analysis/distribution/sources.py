"""Through which sources income changed: effects by source that add up.

Linear estimators applied to parts of an outcome give parts of the effect: with income = wage + business + property +
transfer, effect(income) = sum of the effects, cell by cell (linearity in the outcome of Callaway, Sant'Anna 2021,
equations 2.4-2.6, given the propensity model, and of Borusyak, Jaravel, Spiess 2024, equation 5).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.distribution.measured import DistributionError
from analysis.effects import EstimatorError
from analysis.estimates import COLUMNS, EstimandError, Estimates, aggregate
from analysis.estimators import fit
from analysis.inference import pointwise_half_width
from analysis.messages import Message
from analysis.samples.panel import Panel
from analysis.study import Design

ROUNDING = 1e-9  # share of the largest outcome by which parts may miss their sum
NOT_MEASURED = "not measured"


def by_source(
    panels: Mapping[str, Panel | None],
    design: Design,
    estimator: str,
    *,
    level: str = "simple",
    units: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """The overall effect on every source or link, in the order given: `source` and the columns of Estimates.

    A source without data (None) has no number and the status "not measured"; one that the data cannot answer has
    none either and says why. `units` names the unit of each source (default yuan).
    """
    rows = []
    for name, panel in panels.items():
        unit = (units or {}).get(name, "yuan")
        if panel is None:
            rows.append(_empty(name, NOT_MEASURED, estimator, level, unit))
            continue
        try:
            row = aggregate(fit(estimator, panel, design), design, unit=unit).row(level)
        except (EstimatorError, EstimandError) as error:
            rows.append(_empty(name, f"not estimable: {error}", estimator, level, unit))
            continue
        rows.append({"source": name, **row[list(COLUMNS)].to_dict()})
    return pd.DataFrame(rows, columns=["source", *COLUMNS])


@dataclass(frozen=True, slots=True)
class Waterfall:
    """An effect and the parts it consists of.

    steps : one row per part, then "total" — source, estimate, std_error, conf_low, conf_high, point intervals of CR2
        errors, start and end (where a bar begins and ends), share (of the total; NaN where the total's interval covers
        zero, since a share of an effect that may be none means nothing)
    covariance : (k + 1, k + 1) joint covariance of the rows from common influence by cluster
    gap : estimate of total minus sum of parts, zero up to rounding
    """

    steps: pd.DataFrame
    covariance: np.ndarray
    gap: float


def waterfall(
    parts: Mapping[str, Panel], total: Panel, design: Design, estimator: str, *, level: str = "simple"
) -> Waterfall:
    """Effects on the parts of an outcome and on their sum, with joint errors.

    Raises
    ------
    DistributionError : units or years differ between the panels, or the parts do not sum to the total in the data.
    EstimatorError, EstimandError : the effect on the total or on a part cannot be estimated.
    """
    _require_sum(parts, total)
    found = [
        _at_level(aggregate(fit(estimator, panel, design), design, unit="yuan"), level)
        for panel in (*parts.values(), total)
    ]
    influence = np.stack([psi for _, psi in found], axis=1)
    rows = pd.DataFrame([row for row, _ in found]).reset_index(drop=True)
    estimate = rows["estimate"].to_numpy(float)
    ends = np.cumsum(estimate[:-1])
    half = pointwise_half_width(
        rows["std_error_small"].to_numpy(float), rows["df"].to_numpy(float), design.conf_level
    )
    low, high = rows["conf_low"].iloc[-1], rows["conf_high"].iloc[-1]
    known = bool(low > 0 or high < 0)
    steps = pd.DataFrame(
        {
            "source": [*parts, "total"],
            "estimate": estimate,
            "std_error": rows["std_error"],
            "conf_low": estimate - half,
            "conf_high": estimate + half,
            "start": [0.0, *ends[:-1], 0.0],
            "end": [*ends, estimate[-1]],
            "share": estimate / estimate[-1] if known else np.nan,
            "n_treated": rows["n_treated"],
            "n_clusters": rows["n_clusters"],
            "status": rows["status"],
        }
    )
    return Waterfall(steps, influence.T @ influence, float(estimate[-1] - ends[-1]))


def _at_level(estimates: Estimates, level: str) -> tuple[pd.Series, np.ndarray]:
    row = estimates.row(level)
    at = int(np.flatnonzero(estimates.rows["level"] == level)[0])
    return row, estimates.influence.sort_index().to_numpy()[:, at]


def _require_sum(parts: Mapping[str, Panel], total: Panel) -> None:
    _require_alike(parts, total)
    missed = np.abs(sum(part.outcome for part in parts.values()) - total.outcome)
    if missed.max() > ROUNDING * max(np.abs(total.outcome).max(), 1.0):
        worst = total.unit[missed.max(axis=1).argmax()]
        raise DistributionError(
            Message(
                f"{', '.join(parts)} do not sum to the total in {int((missed.max(axis=1) > 0).sum())} units, e.g. {worst} "
                f"by {missed.max():,.6g}; add the part that is missing",
                f"{'、'.join(parts)} 之和与合计不符，如 {worst} 相差 {missed.max():,.6g}；请补上缺少的部分",
            )
        )


def _require_alike(panels: Mapping[str, Panel], to: Panel) -> None:
    for name, panel in panels.items():
        same = np.array_equal(panel.unit, to.unit) and np.array_equal(panel.years, to.years)
        if not same or not np.array_equal(panel.cohort, to.cohort):
            raise DistributionError(
                Message(
                    f"{name!r} has other units, years or cohorts ({panel.n_units} units) than the total ({to.n_units}); "
                    "select both from the same rows",
                    f"{name!r} 的单位、年份或组建年份（{panel.n_units} 个单位）与合计（{to.n_units} 个）不同；请用相同的行",
                )
            )


def _empty(name: str, status: str, estimator: str, level: str, unit: str) -> dict[str, object]:
    told = {"estimand": "overall", "level": level, "conf_kind": "pointwise", "unit": unit}
    missing = dict.fromkeys(COLUMNS, np.nan) | {"n_treated": 0, "n_clusters": 0}
    return {"source": name} | missing | told | {"estimator": estimator, "status": status}
