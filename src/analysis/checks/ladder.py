"""The ladder: the same question of the same data, from the number that is easy to the number that is defensible.

before_after        : adopters' mean in the years from adoption on, less their last year before; no comparison at all
before_after_early  : the same, less one earlier year for everybody: two years before the first adoption
difference          : adopters' mean less non-adopters' mean in the last year; no past at all
ols, nearest_neighbour, ipw, aipw, entropy_balancing : that difference, holding recorded covariates equal
matched_differences : the change since before the first adoption, compared between matched units
twfe, group_time, imputation : as the estimators say
truth               : the known effect on the same units and years, in synthetic studies
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from scipy import stats

from analysis.effects import EstimatorError
from analysis.members import entropy_balancing, matched_differences, nearest_neighbour, regression, weighting
from analysis.members._gate import MemberEffectError
from analysis.members.section import Effect, Section
from analysis.samples.panel import CrossSections, Observed, Panel, UnbalancedPanel
from analysis.study import Design

NEIGHBOURS = 4  # as the matching whose results the county was calibrated to (4-NN)
# errors by village, as in every other step: villages share prices and weather
_MATCHING = {"neighbours": NEIGHBOURS, "bias": "regression", "errors": "village"}
_METHODS: dict[str, Callable[..., Effect]] = {
    "ols": regression.ols,
    "nearest_neighbour": partial(nearest_neighbour.estimate, **_MATCHING),
    "ipw": weighting.ipw,
    "aipw": weighting.aipw,
    "entropy_balancing": entropy_balancing.estimate,
    "matched_differences": partial(matched_differences.estimate, **_MATCHING),
}
BASES = ("before_after", "before_after_early")  # steps that a base year can move at will
ADJUSTED = tuple(_METHODS)
CREDIBLE = ("group_time", "imputation")
STEPS = (*BASES, "difference", *ADJUSTED, "twfe", *CREDIBLE, "truth")
NOT_FOLLOWED = "repeated cross-sections follow nobody over time"
TOO_FEW = "fewer than two adopters or two others in the last year"


def ladder(
    observed: Observed, design: Design, each: pd.DataFrame, truth: float | None = None
) -> pd.DataFrame:
    """One row per step: step, estimate, conf_low, conf_high, n_treated, n_clusters, unit, status, detail.

    A step that the data do not carry has no number and a status that says why. Steps that hold covariates equal are
    left out where the panel has none. `detail` names the years compared ("2018 → 2020–2024"), "" where a step uses
    all of them.

    Parameters
    ----------
    observed : of a panel with gaps, the steps below the estimators use the complete histories; of repeated
        cross-sections, those that need nobody's past use the last wave.
    each : rows of the simple average, one per estimator.
    truth : mean true effect behind the simple average; None where it is not known.
    """
    unit = each["unit"].iloc[0]
    panel = _compared(observed)
    rows = [_before_after(panel, design), _before_after_early(panel, design), _difference(panel, design)]
    if panel.covariates.shape[1]:
        section = last_year(panel, design)
        rows += [_adjusted(step, section, panel, design) for step in ADJUSTED]
    if isinstance(observed, CrossSections):
        follow = (*BASES, "matched_differences")
        rows = [
            _refused(row["step"], NOT_FOLLOWED, row["n_treated"]) if row["step"] in follow else row
            for row in rows
        ]
    columns = ["estimate", "conf_low", "conf_high", "n_treated", "n_clusters", "status"]
    found = each.set_index("estimator")[columns]
    rows += [
        {"step": name, **found.loc[name].to_dict(), "detail": ""} for name in STEPS if name in found.index
    ]
    if truth is not None:
        n_treated, n_clusters = int(found["n_treated"].max()), int(found["n_clusters"].max())
        rows.append(_row("truth", truth, np.nan, n_treated, n_clusters))
    order = ["step", *columns[:-1], "unit", "status", "detail"]
    return pd.DataFrame(rows).assign(unit=unit)[order]


def _compared(observed: Observed) -> Panel:
    if isinstance(observed, CrossSections):
        return observed.last_wave()
    return observed.complete() if isinstance(observed, UnbalancedPanel) else observed


def last_year(panel: Panel, design: Design) -> Section:
    """The panel's last year as a section: treated = adopted by then, before = the year before the first adoption.

    `before` is None where no year stands before the first adoption (less the years of anticipation).
    """
    place = _first(panel, design)
    return Section(
        outcome=panel.outcome[:, -1],
        treated=panel.cohort <= panel.years[-1],
        covariates=panel.covariates,
        names=panel.covariate_names,
        weight=panel.weight,
        cluster=panel.cluster,
        before=panel.outcome[:, place - 1] if place else None,
    )


def _first(panel: Panel, design: Design) -> int:
    """Position in the years of the first adoption less anticipation; 0 where nothing stands before it."""
    cohorts = panel.cohorts
    return int(np.searchsorted(panel.years, cohorts[0] - design.anticipation)) if len(cohorts) else 0


def _before_after(panel: Panel, design: Design) -> dict[str, object]:
    start = np.searchsorted(panel.years, panel.cohort - design.anticipation)
    adopted = (panel.cohort <= panel.years[-1]) & (start > 0)
    return _change("before_after", panel, design, adopted, start - 1)


def _before_after_early(panel: Panel, design: Design) -> dict[str, object]:
    place = _first(panel, design)
    adopted = panel.cohort <= panel.years[-1]
    if place < 2:
        reason = "no second year before the first adoption"
        return _refused("before_after_early", reason, int(adopted.sum()))
    return _change("before_after_early", panel, design, adopted, np.full(panel.n_units, place - 2))


def _change(
    step: str, panel: Panel, design: Design, adopted: np.ndarray, base: np.ndarray
) -> dict[str, object]:
    """Adopters' mean from adoption on less the year at position `base` (n,); every unit-year counts once."""
    if adopted.sum() < 2:
        return _refused(step, "fewer than two adopters with a year before", int(adopted.sum()))
    outcome, weight, base = panel.outcome[adopted], panel.weight[adopted], base[adopted]
    after = panel.years[None, :] >= panel.cohort[adopted][:, None]
    start = outcome[np.arange(len(outcome)), base]
    change = np.where(after, outcome - start[:, None], 0.0).sum(axis=1)
    size = weight * after.sum(axis=1)
    estimate = float(weight @ change / size.sum())
    influence = weight * (change - after.sum(axis=1) * estimate) / size.sum()
    half, clusters = _half_width(influence, panel.cluster[adopted], design)
    detail = f"{_span(panel.years[base])} → {_span(panel.years[after.any(axis=0)])}"
    return _row(step, estimate, half, int(adopted.sum()), clusters, detail)


def _difference(panel: Panel, design: Design) -> dict[str, object]:
    adopted = panel.cohort <= panel.years[-1]
    n_adopted = int(adopted.sum())
    if min(n_adopted, int((~adopted).sum())) < 2:
        return _refused("difference", TOO_FEW, n_adopted)
    last, weight = panel.outcome[:, -1], panel.weight
    influence, means = np.zeros(len(last)), []
    for rows in (adopted, ~adopted):
        means.append(float(np.average(last[rows], weights=weight[rows])))
        influence[rows] = weight[rows] * (last[rows] - means[-1]) / weight[rows].sum()
    half, clusters = _half_width(np.where(adopted, influence, -influence), panel.cluster, design)
    return _row("difference", means[0] - means[1], half, n_adopted, clusters, str(panel.years[-1]))


def _adjusted(step: str, section: Section, panel: Panel, design: Design) -> dict[str, object]:
    if min(section.n_treated, int((~section.treated).sum())) < 2:
        return _refused(step, TOO_FEW, section.n_treated)
    detail = str(panel.years[-1])
    if step == "matched_differences" and section.before is not None:
        detail = f"{panel.years[_first(panel, design) - 1]} → {detail}"
    try:
        found = _METHODS[step](section, conf_level=design.conf_level)
    except (MemberEffectError, EstimatorError) as error:
        return _refused(step, " ".join(str(error).split()), section.n_treated)
    low, high, status = found.conf_low, found.conf_high, "ok"
    carried = dict(found.notes).get("effective_clusters", np.inf)
    if carried < design.min_treated_units:
        # the floor below which no estimate here has an interval; weights can leave a few villages with all the say
        low, high = np.nan, np.nan
        status = f"flagged: the weight of {carried:.1f} effective clusters, no interval"
    return {
        "step": step, "estimate": found.estimate, "conf_low": low, "conf_high": high,
        "n_treated": found.n_treated, "n_clusters": found.n_clusters, "status": status, "detail": detail,
    }  # fmt: skip


def _half_width(influence: np.ndarray, cluster: np.ndarray, design: Design) -> tuple[float, int]:
    _, code = np.unique(cluster, return_inverse=True)
    psi = np.bincount(code, weights=influence)
    n = len(psi)
    if n < 2:
        return np.nan, n
    error = np.sqrt((psi @ psi) * n / (n - 1))
    return float(stats.t.ppf(0.5 + design.conf_level / 2, n - 1) * error), n


def _span(years: np.ndarray) -> str:
    first, last = int(years.min()), int(years.max())
    return str(first) if first == last else f"{first}–{last}"


def _row(
    step: str, estimate: float, half: float, n_treated: int, n_clusters: int, detail: str = ""
) -> dict[str, object]:
    return {
        "step": step, "estimate": estimate, "conf_low": estimate - half, "conf_high": estimate + half,
        "n_treated": n_treated, "n_clusters": n_clusters, "status": "ok", "detail": detail,
    }  # fmt: skip


def _refused(step: str, reason: str, n_treated: int) -> dict[str, object]:
    return _row(step, np.nan, np.nan, n_treated, 0) | {"status": f"not estimable: {reason}"}
