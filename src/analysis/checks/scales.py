"""The same question on other scales: amounts, logs and growth, each brought to per cent of what would have been.

    amounts, growth : 100 theta / (mean of treated outcomes - theta)
    logs            : 100 (exp(theta) - 1)

Parallel trends can hold in amounts, in logs or in growth, not in all three unless nothing moves (Roth, Sant'Anna 2023,
Econometrica 91), so a result that needs one of them says so. The three averages differ where effects differ: amounts and
growth weigh units by size, logs do not. With values at or below zero a log does not exist and asinh is no percentage
(Chen, Roth 2024, Quarterly Journal of Economics 139): only its sign is used.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.checks.changes import Case, Variant
from analysis.checks.changes._growth import fit_growth
from analysis.checks.specifications import SPECIFICATION_COLUMNS, effects_of, unanswered
from analysis.effects import EstimatorError
from analysis.estimates import COLUMNS, EstimandError, aggregate
from analysis.estimators import _gate
from analysis.samples.panel import Panel

SCALES = ("amounts", "logs", "asinh", "growth")
SCALE_COLUMNS = (*SPECIFICATION_COLUMNS, "percent", "percent_low", "percent_high")
ASINH_UNIT = 10_000  # yuan; amounts of village income are told in 万元
LOG = "log points"


def scales(case: Case) -> pd.DataFrame:
    """One row per scale, that of the outcome first, each in its own unit and in per cent.

    Returns
    -------
    Rows with SCALE_COLUMNS; `change` is one of SCALES, `theme` is "scale". A scale that the values do not allow has no
    number and says why; the percentage is missing for asinh.
    """
    rows = [_row(variant, unit, case) for variant, unit in _variants(case)]
    return pd.DataFrame(rows)[list(SCALE_COLUMNS)]


def _variants(case: Case) -> list[tuple[Variant, str]]:
    """Each scale as a variant with the unit of its effects."""
    unit, outcome = case.held.unit, case.panel.outcome
    in_logs = unit.startswith("log")
    levels = np.exp(outcome) if in_logs else outcome
    of_levels = unit.removeprefix("log ").replace("points", "") if in_logs else unit
    amounts = _variant("amounts", case, levels), of_levels
    if (levels > 0).all():
        other = _variant("logs", case, np.log(levels)), unit if in_logs else LOG
    else:
        scale = ASINH_UNIT if unit == "yuan" else 1.0
        other = _variant("asinh", case, np.arcsinh(levels / scale)), "asinh"
    growth = replace(_variant("growth", case, levels), estimator="poisson", fit=fit_growth)
    first, second = (other, amounts) if in_logs else (amounts, other)
    return [first, second, (growth, of_levels)]


def _variant(change: str, case: Case, outcome: np.ndarray) -> Variant:
    return Variant(change, replace(case.panel, outcome=outcome), case.design, case.estimator, theme="scale")


def _row(variant: Variant, unit: str, case: Case) -> dict[str, object]:
    named = {name: getattr(variant, name) for name in ("theme", "change", "detail", "n_changed")}
    nothing = dict.fromkeys(("percent", "percent_low", "percent_high"), np.nan)
    try:
        found = aggregate(effects_of(variant), variant.design, unit=unit)
    except (EstimatorError, EstimandError) as error:
        return named | unanswered(error, unit) | nothing | {"estimator": variant.estimator}
    row = found.row("simple")
    told = named | row[list(COLUMNS)].to_dict() | nothing
    if variant.change == "logs":
        values = [float(row[name]) for name in ("estimate", "conf_low", "conf_high")]
        told |= dict(zip(nothing, 100 * np.expm1(values), strict=True))
    elif variant.change != "asinh":
        influence = found.influence[int(np.flatnonzero(found.rows["level"] == "simple")[0])]
        told |= _of_counterfactual(row, influence, _gate.admit(variant.panel, case.design).panel)
    return told


def _of_counterfactual(row: pd.Series, influence: pd.Series, panel: Panel) -> dict[str, float]:
    """theta in per cent of the treated mean less theta, with an interval by the delta method.

    r = theta / mu, mu = m - theta,  psi_r = psi_theta / mu - theta (psi_m - psi_theta) / mu^2,  m: mean treated outcome
    """
    treated = panel.years[None, :] >= panel.cohort[:, None]
    total, count = (panel.outcome * treated).sum(axis=1), treated.sum(axis=1)
    size = float(panel.weight @ count)
    mean = float(panel.weight @ total) / size
    by_unit = panel.weight * (total - mean * count) / size
    psi_mean = pd.Series(by_unit).groupby(np.asarray(panel.cluster)).sum()
    theta, without = float(row["estimate"]), mean - float(row["estimate"])
    if not without > 0:
        return dict.fromkeys(("percent", "percent_low", "percent_high"), np.nan)
    own = influence.to_numpy()
    psi = own / without - theta * (psi_mean.reindex(influence.index, fill_value=0.0) - own) / without**2
    half = (row["conf_high"] - row["conf_low"]) / 2 / row["std_error"] * float(np.sqrt(psi @ psi))
    share = theta / without
    return {
        "percent": 100 * share, "percent_low": 100 * (share - half), "percent_high": 100 * (share + half),
    }  # fmt: skip
