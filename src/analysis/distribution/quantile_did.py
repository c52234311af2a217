"""Quantile effects on the treated under staggered adoption; Athey, Imbens (2006), Econometrica 74, theorem 3.1.

Cell (g, t): cohort g in year t against units untreated until then, base = last period before g.

changes_in_changes : Y_t(0) = h_t(U) with the same increasing h_t for both groups and U | group stable over time; then
    the counterfactual of a treated unit with y at base is Q_{comparison,t}(F_{comparison,base}(y))  (equations 9, 16).
    Invariant to increasing transformations of the outcome. Identified where y lies in the comparison's support.
copula_stability : changes of Y(0) have the same distribution in both groups, and the copula of change and initial
    level among the treated is that of the period of equal length before; then the counterfactual sample is
    Q_{change,comparison}(F_{change before}(.)) + Q_{base}(F_{before}(.))  (Callaway, Li 2019, Quantitative Economics
    10, theorem 1). Needs as many periods before the base as lie between base and t.

Cells are pooled, treated units weighted alike, and quantiles of the pooled actual and counterfactual outcomes are
compared: QTT(q) = Q_actual(q) - Q_counterfactual(q). That is the effect on the distribution of treated outcomes, not
the q-quantile of the effects. Errors: bootstrap of whole clusters, s.d. from the interquartile range of the draws.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import ndtri

from analysis.distribution.counterfactual import Ranked, changes_in_changes, copula_stability
from analysis.distribution.measured import DistributionError
from analysis.estimators import _clusters, _gate
from analysis.messages import Message
from analysis.samples.panel import Panel
from analysis.study import Design

METHODS = ("changes_in_changes", "copula_stability")
TENTHS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
# standard errors by which treated units without a like before adoption may move a quantile, at worst
WORST = 0.25
# their share above which a mean is flagged
MOST_OUTSIDE = 0.05
# share of base outcomes equal to another above which only bounds are identified (Athey, Imbens 2006, section 4)
MOST_TIES = 0.05


@dataclass(frozen=True, slots=True)
class QuantileEffects:
    """Effects on the distribution of treated outcomes, by level ("overall" or years since adoption) and share.

    levels : L labels; shares : (q,)
    actual, counterfactual : (L, q + 1) quantiles of treated outcomes, last column the mean; outcome unit
    draws : (B, L, q + 1) bootstrap draws of actual - counterfactual; a draw without the units it needs is NaN
    status : (L, q + 1) texts, "ok" or why a number is flagged
    n_treated : (L,) treated units; n_cells : (L,) cells pooled; n_clusters
    left_out : cells of a cohort and year that the method cannot answer, with the reason
    """

    method: str
    levels: tuple[object, ...]
    shares: tuple[float, ...]
    actual: np.ndarray
    counterfactual: np.ndarray
    draws: np.ndarray
    status: np.ndarray
    n_treated: np.ndarray
    n_cells: np.ndarray
    n_clusters: int
    left_out: tuple[str, ...] = ()

    @property
    def estimate(self) -> np.ndarray:
        """(L, q + 1) actual minus counterfactual; last column the mean effect."""
        return self.actual - self.counterfactual

    @property
    def std_error(self) -> np.ndarray:
        """(L, q + 1) interquartile range of the draws over that of a standard normal."""
        low, high = np.nanquantile(self.draws, [0.25, 0.75], axis=0)
        return (high - low) / (2 * ndtri(0.75))

    def rows(self, *, unit: str, conf_level: float = 0.95) -> pd.DataFrame:
        """One row per level and share ("mean" last); bands are simultaneous over the shares of a level.

        Flagged numbers and those without bootstrap variation have no interval.
        """
        estimate, error = self.estimate, self.std_error
        z = ndtri(0.5 + conf_level / 2)
        made = []
        for at, level in enumerate(self.levels):
            live = error[at] > 0
            ratio = np.abs(self.draws[:, at][:, live] - estimate[at][live]) / error[at][live]
            worst = ratio[np.isfinite(ratio).all(axis=1)].max(axis=1, initial=0.0)
            critical = max(z, float(np.quantile(worst, conf_level))) if live.any() else z
            for k, share in enumerate((*self.shares, "mean")):
                known = live[k] and self.status[at, k] == "ok"
                half = error[at, k] * critical if known else np.nan
                alone = error[at, k] * z if known else np.nan
                made.append(
                    {
                        "level": level, "share": share, "actual": self.actual[at, k],
                        "counterfactual": self.counterfactual[at, k], "estimate": estimate[at, k],
                        "std_error": error[at, k] if known else np.nan,
                        "conf_low": estimate[at, k] - half, "conf_high": estimate[at, k] + half,
                        "conf_kind": "simultaneous", "point_low": estimate[at, k] - alone,
                        "point_high": estimate[at, k] + alone, "n_treated": self.n_treated[at],
                        "n_cells": self.n_cells[at], "n_clusters": self.n_clusters, "unit": unit,
                        "status": self.status[at, k],
                    }
                )  # fmt: skip
        return pd.DataFrame(made)


def fit(
    panel: Panel,
    design: Design,
    *,
    method: str = "changes_in_changes",
    shares: tuple[float, ...] = TENTHS,
    draws: int | None = None,
) -> QuantileEffects:
    """Quantile effects of a panel, overall and by years since adoption.

    Covariates enter as year-specific linear shifts, estimated on untreated units with cohort effects, taken out of
    the outcomes before and put back after (Athey, Imbens 2006, section 5.1, with slopes by year), anew in each draw.

    Raises
    ------
    DistributionError : unknown method, shares outside (0, 1), or no cell that the method can answer.
    EstimatorError : the panel identifies nothing (as for every estimator).
    """
    if method not in METHODS:
        listed = ", ".join(METHODS)
        raise DistributionError(
            Message(f"no method {method!r}; choose {listed}", f"没有方法 {method!r}；可选：{listed}")
        )
    if not shares or not all(0 < share < 1 for share in shares):
        raise DistributionError(
            Message(f"shares must lie between 0 and 1: {shares}", f"份额须在 0 与 1 之间：{shares}")
        )
    admitted = _gate.admit(panel.without_models(), design).panel
    cells, left_out = _cells(admitted, design, method)
    if not cells:
        raise DistributionError(
            Message(
                f"{method} identifies no cell:\n" + "\n".join(f"  - {reason}" for reason in left_out),
                f"{method} 不能识别任何单元：\n" + "\n".join(f"  - {reason}" for reason in left_out),
            )
        )
    since = np.array([cell.since for cell in cells])
    levels: list[object] = ["overall", *(int(e) for e in np.unique(since))]
    chosen = [np.arange(len(cells)), *(np.flatnonzero(since == e) for e in np.unique(since))]
    at = np.array(shares)
    samples = _samples(admitted, cells, method, admitted.weight)
    actual, counterfactual = _quantiles(samples, chosen, at, method)
    clusters = _clusters.of(admitted)
    rng = np.random.default_rng(design.seed)
    number = design.bootstrap_draws if draws is None else draws
    drawn = np.empty((number, *actual.shape))
    even = np.full(len(clusters), 1 / len(clusters))
    for b in range(number):
        times = rng.multinomial(len(clusters), even)
        weight = admitted.weight * times[clusters.code]
        top, bottom = _quantiles(_samples(admitted, cells, method, weight), chosen, at, method)
        drawn[b] = top - bottom
    units = np.array([len(np.unique(np.concatenate([cells[j].treated for j in some]))) for some in chosen])
    found = QuantileEffects(
        method, tuple(levels), tuple(shares), actual, counterfactual, drawn,
        np.full(actual.shape, "ok", dtype=object), units, np.array([len(some) for some in chosen]), len(clusters),
        tuple(left_out),
    )  # fmt: skip
    if method == "copula_stability":
        return found
    return replace(found, status=_status(admitted, cells, samples, chosen, at, found.std_error))


@dataclass(frozen=True, slots=True)
class _Cell:
    """Rows of the treated and of the comparison, positions of year, base and (copula) the period before the base."""

    treated: np.ndarray
    comparison: np.ndarray
    year: int
    base: int
    before: int
    since: int


def _cells(panel: Panel, design: Design, method: str) -> tuple[list[_Cell], list[str]]:
    cells, left_out = [], []
    for cohort in panel.cohorts:
        base = int(np.searchsorted(panel.years, cohort - design.anticipation, side="left")) - 1
        first = int(np.searchsorted(panel.years, cohort, side="left"))
        treated = np.flatnonzero(panel.cohort == cohort)
        for t in range(first, len(panel.years)):
            year = int(panel.years[t])
            until = float(year + design.anticipation)
            if design.comparison_group == "never_treated":
                until = float(panel.cohorts[-1])
            comparison = np.flatnonzero((panel.cohort > until) & (panel.cohort != cohort))
            before = base - (t - base)
            if not len(comparison):
                left_out.append(f"cohort {cohort:.0f} in {year}: no comparison units left")
            elif method == "copula_stability" and before < 0:
                left_out.append(
                    f"cohort {cohort:.0f} in {year}: {t - base} periods before the base are needed, there are {base}"
                )
            else:
                cells.append(_Cell(treated, comparison, t, base, before, year - int(cohort)))
    return cells, left_out


@dataclass(frozen=True, slots=True)
class _Sample:
    """Actual and counterfactual outcomes (m,) of a cell's treated units, their weights (m,), counterfactual mean."""

    actual: np.ndarray
    counterfactual: np.ndarray
    weight: np.ndarray
    mean: float


def _samples(panel: Panel, cells: list[_Cell], method: str, weight: np.ndarray) -> list[_Sample | None]:
    """One sample per cell; None where the weights leave no treated or no comparison units."""
    shift = _shifts(panel, weight)
    outcome = panel.outcome.T - shift
    made: list[_Sample | None] = []
    for cell in cells:
        inside, outside = weight[cell.treated], weight[cell.comparison]
        if inside.sum() <= 0 or outside.sum() <= 0:
            made.append(None)
            continue
        base = outcome[cell.base]
        if method == "changes_in_changes":
            other = changes_in_changes(
                base[cell.treated], base[cell.comparison], outcome[cell.year, cell.comparison], outside
            )
        else:
            change = outcome[cell.year, cell.comparison] - base[cell.comparison]
            before = outcome[cell.before, cell.treated]
            other = copula_stability(before, base[cell.treated], change, inside, outside)
        actual = panel.outcome[cell.treated, cell.year]
        counterfactual = other + shift[cell.year, cell.treated]
        mean = np.average(counterfactual, weights=inside)
        if (
            method == "copula_stability"
        ):  # its mean is known without ranks: level before plus the others' change
            mean = np.average(base[cell.treated] + shift[cell.year, cell.treated], weights=inside)
            mean += np.average(change, weights=outside)
        made.append(_Sample(actual, counterfactual, inside, float(mean)))
    return made


def _shifts(panel: Panel, weight: np.ndarray) -> np.ndarray:
    """(T, n) what covariates add to the outcome of a year: slopes among its untreated units, cohort effects held."""
    if not panel.covariate_names:
        return np.zeros((len(panel.years), 1)) + np.zeros(panel.n_units)
    number = panel.covariates.shape[1]
    scaled = panel.covariates - np.average(panel.covariates, axis=0, weights=weight)
    scaled = scaled / panel.covariates.std(axis=0)
    cohort = np.unique(panel.cohort, return_inverse=True)[1]
    design = np.hstack([scaled, np.eye(cohort.max() + 1)[cohort]])
    shift = np.zeros((len(panel.years), panel.n_units))
    for t, year in enumerate(panel.years):
        untreated = weight * (panel.cohort > year)
        count = int((untreated > 0).sum())
        if count <= design.shape[1]:
            raise DistributionError(
                Message(
                    f"{count} untreated units in {year} are too few for {number} covariates; drop some",
                    f"{year} 年仅 {count} 个未处理单位，不足以估计 {number} 个协变量；请减少协变量",
                )
            )
        inner = (design * untreated[:, None]).T
        # cohorts already treated have no rows: the least solution leaves their effects at zero
        slope = np.linalg.lstsq(inner @ design, inner @ panel.outcome[:, t], rcond=None)[0]
        shift[t] = scaled @ slope[:number]
    return shift


def _quantiles(
    samples: list[_Sample | None], chosen: list[np.ndarray], shares: np.ndarray, method: str
) -> tuple[np.ndarray, np.ndarray]:
    """(L, q + 1) quantiles and mean of actual and counterfactual outcomes, cells pooled; NaN where a cell is empty."""
    actual = np.full((len(chosen), len(shares) + 1), np.nan)
    other = actual.copy()
    for at, some in enumerate(chosen):
        pooled = [samples[j] for j in some]
        if any(sample is None for sample in pooled):
            continue
        weight = np.concatenate([sample.weight for sample in pooled])
        for into, name in ((actual, "actual"), (other, "counterfactual")):
            values = np.concatenate([getattr(sample, name) for sample in pooled])
            ranked = Ranked(values, weight)
            inverse = ranked.quantile if method == "changes_in_changes" else ranked.between
            into[at, :-1] = inverse(shares)
        size = np.array([sample.weight.sum() for sample in pooled])
        actual[at, -1] = np.average(np.concatenate([sample.actual for sample in pooled]), weights=weight)
        other[at, -1] = np.average([sample.mean for sample in pooled], weights=size)
    return actual, other


def _status(
    panel: Panel,
    cells: list[_Cell],
    samples: list[_Sample],
    chosen: list[np.ndarray],
    shares: np.ndarray,
    std_error: np.ndarray,
) -> np.ndarray:
    """(L, q + 1) texts: which numbers rest on treated units beyond the comparison's base outcomes, or on ties.

    A treated unit below (above) all of them has a counterfactual somewhere at or below (above) the one it was given: a
    quantile is flagged where the worst case moves it by more than WORST standard errors.
    """
    status = np.full(std_error.shape, "ok", dtype=object)
    outcome = panel.outcome.T - _shifts(panel, panel.weight)
    worst_low, worst_high, ties = [], [], np.zeros(len(cells))
    for j, cell in enumerate(cells):
        base, pool = outcome[cell.base, cell.treated], outcome[cell.base, cell.comparison]
        given = samples[j].counterfactual
        worst_low.append(np.where(base < pool.min(), -np.inf, given))
        worst_high.append(np.where(base > pool.max(), np.inf, given))
        ties[j] = 1 - len(np.unique(pool)) / len(pool)
    for at, some in enumerate(chosen):
        weight = np.concatenate([samples[j].weight for j in some])
        low = np.concatenate([worst_low[j] for j in some])
        high = np.concatenate([worst_high[j] for j in some])
        spread = Ranked(high, weight).quantile(shares) - Ranked(low, weight).quantile(shares)
        beyond = ~(spread <= WORST * np.nan_to_num(std_error[at, :-1]))
        status[at, :-1][beyond] = "flagged: treated units beyond the comparison's outcomes before adoption"
        outside = np.average(~(np.isfinite(low) & np.isfinite(high)), weights=weight)
        if outside > MOST_OUTSIDE:
            status[at, -1] = (
                f"flagged: {outside:.0%} of treated beyond the comparison's outcomes before adoption"
            )
        if ties[some].max() > MOST_TIES:
            status[at] = f"flagged: {ties[some].max():.0%} of base outcomes tie, only bounds are identified"
    return status
