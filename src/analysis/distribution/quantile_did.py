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
the q-quantile of the effects. Other numbers of the two distributions (Gini, Theil, shares) are compared in the same way.
Errors: bootstrap of whole clusters, s.d. from the interquartile range of the draws.

A treated unit below (above) all comparison outcomes at base has a counterfactual at or below (above) the one it is
given, nothing more is known. A quantile is then known up to the two that the worst cases give, and its interval reaches
from the lower of them less the error to the higher plus the error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri

from analysis.distribution.adjustment import Adjustment
from analysis.distribution.counterfactual import Ranked, changes_in_changes, copula_stability
from analysis.distribution.inequality import INDICES
from analysis.distribution.measured import Distribution, DistributionError
from analysis.estimators import _clusters, _gate
from analysis.messages import Message
from analysis.samples.panel import Panel
from analysis.study import Design

METHODS = ("changes_in_changes", "copula_stability")
TENTHS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
LEVELS = ("overall", "event_time")
# share of treated units without a like before adoption above which a mean or an index is flagged
MOST_OUTSIDE = 0.05
# share of base outcomes equal to another above which only bounds are identified (Athey, Imbens 2006, section 4)
MOST_TIES = 0.05


@dataclass(frozen=True, slots=True)
class QuantileEffects:
    """Effects on the distribution of treated outcomes, by level ("overall" or years since adoption) and share.

    levels : L labels; shares : (q,); indices : (x,) names of inequality.INDICES; k = q + 1 + x numbers a level
    actual, counterfactual : (L, k) quantiles of treated outcomes, their mean, then the indices; outcome unit
    low, high : (L, k) counterfactuals in the worst cases of units without a like; infinite where nothing bounds them
    draws : (B, L, k) bootstrap draws of actual - counterfactual; a draw without the units it needs is NaN
    status : (L, k) texts, "ok" or why a number is flagged
    n_treated : (L,) treated units; n_cells : (L,) cells pooled; n_clusters
    outside : (L,) share of treated unit-periods without a like; 0 for copula_stability, which needs none
    cells : (cohort, year) of the cells that were pooled
    left_out : cells of a cohort and year that the method cannot answer, with the reason
    """

    method: str
    levels: tuple[object, ...]
    shares: tuple[float, ...]
    indices: tuple[str, ...]
    actual: np.ndarray
    counterfactual: np.ndarray
    low: np.ndarray
    high: np.ndarray
    draws: np.ndarray
    status: np.ndarray
    n_treated: np.ndarray
    n_cells: np.ndarray
    n_clusters: int
    outside: np.ndarray
    cells: tuple[tuple[int, int], ...]
    left_out: tuple[str, ...] = ()

    @property
    def estimate(self) -> np.ndarray:
        """(L, k) actual minus counterfactual."""
        return self.actual - self.counterfactual

    @property
    def std_error(self) -> np.ndarray:
        """(L, k) interquartile range of the draws over that of a standard normal; NaN where no draw has the number."""
        answered = np.isfinite(self.draws).any(axis=0)
        if not answered.any():
            return np.full(answered.shape, np.nan)
        low, high = np.nanquantile(np.where(answered, self.draws, 0.0), [0.25, 0.75], axis=0)
        return np.where(answered, (high - low) / (2 * ndtri(0.75)), np.nan)

    @property
    def names(self) -> tuple[object, ...]:
        """(k,) the shares, "mean" and the indices."""
        return (*self.shares, "mean", *self.indices)

    def rows(self, *, unit: str, conf_level: float = 0.95) -> pd.DataFrame:
        """One row per level and number, `share` names it; bands are simultaneous over the quantiles and mean of a level.

        Intervals of indices are pointwise. Flagged numbers and those without bootstrap variation have no interval.
        """
        estimate, error = self.estimate, self.std_error
        z = float(ndtri(0.5 + conf_level / 2))
        together = len(self.shares) + 1
        made = []
        for at, level in enumerate(self.levels):
            critical = self._critical(at, together, conf_level, z)
            for k, share in enumerate(self.names):
                usual = k < together
                known = error[at, k] > 0 and self.status[at, k] == "ok"
                alone = error[at, k] * z if known else np.nan
                half = error[at, k] * critical if known and usual else alone
                low, high = self.actual[at, k] - self.high[at, k], self.actual[at, k] - self.low[at, k]
                made.append(
                    {
                        "level": level, "share": share, "actual": self.actual[at, k],
                        "counterfactual": self.counterfactual[at, k], "estimate": estimate[at, k],
                        "std_error": error[at, k] if known else np.nan,
                        "conf_low": low - half, "conf_high": high + half,
                        "conf_kind": "simultaneous" if usual else "pointwise", "point_low": low - alone,
                        "point_high": high + alone, "n_treated": self.n_treated[at],
                        "n_cells": self.n_cells[at], "n_clusters": self.n_clusters,
                        "unit": unit if usual else "index", "status": self.status[at, k],
                    }
                )  # fmt: skip
        return pd.DataFrame(made)

    def between(self, upper: float, lower: float, *, conf_level: float) -> tuple[float, float, float]:
        """The overall effect at one share less that at another, with the ends of its interval (worst cases included).

        Raises
        ------
        DistributionError : a share that was not asked for.
        """
        for share in (upper, lower):
            _require("share", "份额", str(share), tuple(map(str, self.shares)))
        top, bottom = self.shares.index(upper), self.shares.index(lower)
        apart = self.draws[:, 0, top] - self.draws[:, 0, bottom]
        low, high = np.nanquantile(apart, [0.25, 0.75])
        half = (high - low) / (2 * ndtri(0.75)) * ndtri(0.5 + conf_level / 2)
        value = self.actual[0, top] - self.actual[0, bottom]
        least = value - self.high[0, top] + self.low[0, bottom] - half
        most = value - self.low[0, top] + self.high[0, bottom] + half
        return float(self.estimate[0, top] - self.estimate[0, bottom]), float(least), float(most)

    def _critical(self, at: int, together: int, conf_level: float, z: float) -> float:
        """The quantile of the largest studentised deviation over quantiles and mean, never below the pointwise one."""
        estimate, error = self.estimate[at, :together], self.std_error[at, :together]
        live = error > 0
        if not live.any():
            return z
        ratio = np.abs(self.draws[:, at, :together][:, live] - estimate[live]) / error[live]
        worst = ratio[np.isfinite(ratio).all(axis=1)].max(axis=1, initial=0.0)
        return max(z, float(np.quantile(worst, conf_level)))


def fit(
    panel: Panel,
    design: Design,
    *,
    method: str = "changes_in_changes",
    shares: tuple[float, ...] = TENTHS,
    indices: tuple[str, ...] = (),
    by: str = "event_time",
    draws: int | None = None,
) -> QuantileEffects:
    """Quantile effects of a panel, overall and (by="event_time") by years since adoption.

    Covariates enter as year-specific linear shifts, estimated on untreated units with cohort effects, taken out of
    the outcomes before and put back after (Athey, Imbens 2006, section 5.1, with slopes by year), anew in each draw.

    Raises
    ------
    DistributionError : unknown method, level or index, shares outside (0, 1), or no cell that the method can answer.
    EstimatorError : the panel identifies nothing (as for every estimator).
    """
    _require("method", "方法", method, METHODS)
    _require("level", "层次", by, LEVELS)
    for index in indices:
        _require("index", "指标", index, tuple(INDICES))
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
    times = np.unique(since) if by == "event_time" else []
    levels: list[object] = ["overall", *(int(e) for e in times)]
    chosen = [np.arange(len(cells)), *(np.flatnonzero(since == e) for e in times)]
    clusters = _clusters.of(admitted)
    ask = _Asked(method, np.array(shares), indices, chosen, Adjustment(admitted, clusters.code))
    samples = _samples(admitted, cells, ask, np.ones(len(clusters)))
    actual, counterfactual = _numbers(samples, ask)
    rng = np.random.default_rng(design.seed)
    number = design.bootstrap_draws if draws is None else draws
    drawn = np.empty((number, *actual.shape))
    even = np.full(len(clusters), 1 / len(clusters))
    for b in range(number):
        drawn_times = rng.multinomial(len(clusters), even).astype(float)
        top, bottom = _numbers(_samples(admitted, cells, ask, drawn_times), ask)
        drawn[b] = top - bottom
    units = np.array([len(np.unique(np.concatenate([cells[j].treated for j in some]))) for some in chosen])
    low, high, outside, status = _worst(samples, counterfactual, ask)
    return QuantileEffects(
        method, tuple(levels), tuple(shares), tuple(indices), actual, counterfactual, low, high, drawn, status, units,
        np.array([len(some) for some in chosen]), len(clusters), outside,
        tuple((int(admitted.years[cell.year]) - cell.since, int(admitted.years[cell.year])) for cell in cells),
        tuple(left_out),
    )  # fmt: skip


def _require(en: str, zh: str, given: str, choices: tuple[str, ...]) -> None:
    if given not in choices:
        listed = ", ".join(choices)
        raise DistributionError(
            Message(f"no {en} {given!r}; choose {listed}", f"没有{zh} {given!r}；可选：{listed}")
        )


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
class _Asked:
    """What is computed from the cells: the method, quantiles and indices, the cells of each level, the adjustment."""

    method: str
    shares: np.ndarray
    indices: tuple[str, ...]
    chosen: list[np.ndarray]
    adjustment: Adjustment


@dataclass(frozen=True, slots=True)
class _Sample:
    """Actual and counterfactual outcomes (m,) of a cell's treated units, their weights (m,), counterfactual mean.

    side : (m,) -1 (1) where the unit lies below (above) every comparison unit at base; ties : share of equal ones
    """

    actual: np.ndarray
    counterfactual: np.ndarray
    weight: np.ndarray
    mean: float
    side: np.ndarray
    ties: float


def _samples(panel: Panel, cells: list[_Cell], ask: _Asked, times: np.ndarray) -> list[_Sample | None]:
    """One sample per cell, clusters drawn `times` (G,); None where no treated or no comparison units are drawn."""
    shift = ask.adjustment.shift(times)
    weight = panel.weight * times[ask.adjustment.cluster]
    outcome = panel.outcome.T - shift
    made: list[_Sample | None] = []
    for cell in cells:
        inside, outside = weight[cell.treated], weight[cell.comparison]
        if inside.sum() <= 0 or outside.sum() <= 0:
            made.append(None)
            continue
        base, side, ties = outcome[cell.base], np.zeros(len(inside)), 0.0
        if ask.method == "changes_in_changes":
            own, pool = base[cell.treated], base[cell.comparison]
            other = changes_in_changes(own, pool, outcome[cell.year, cell.comparison], outside)
            side = np.sign((own > pool.max()).astype(float) - (own < pool.min()))
            ties = 1 - len(np.unique(pool)) / len(pool)
        else:
            change = outcome[cell.year, cell.comparison] - base[cell.comparison]
            before = outcome[cell.before, cell.treated]
            other = copula_stability(before, base[cell.treated], change, inside, outside)
        actual = panel.outcome[cell.treated, cell.year]
        counterfactual = other + shift[cell.year, cell.treated]
        mean = np.average(counterfactual, weights=inside)
        if ask.method == "copula_stability":  # known without ranks: level before plus the others' change
            mean = np.average(base[cell.treated] + shift[cell.year, cell.treated], weights=inside)
            mean += np.average(change, weights=outside)
        made.append(_Sample(actual, counterfactual, inside, float(mean), side, ties))
    return made


def _numbers(samples: list[_Sample | None], ask: _Asked) -> tuple[np.ndarray, np.ndarray]:
    """(L, k) quantiles, mean, indices of actual and counterfactual outcomes, cells pooled; NaN where a cell is empty."""
    actual = np.full((len(ask.chosen), len(ask.shares) + 1 + len(ask.indices)), np.nan)
    other = actual.copy()
    mean_at = len(ask.shares)
    for at, some in enumerate(ask.chosen):
        pooled = [samples[j] for j in some]
        if any(sample is None for sample in pooled):
            continue
        weight = np.concatenate([sample.weight for sample in pooled])
        for into, name in ((actual, "actual"), (other, "counterfactual")):
            values = np.concatenate([getattr(sample, name) for sample in pooled])
            into[at, :mean_at] = _inverse(values, weight, ask)
            into[at, mean_at + 1 :] = _indices(values, weight, ask.indices)
        size = np.array([sample.weight.sum() for sample in pooled])
        actual[at, mean_at] = np.average(np.concatenate([sample.actual for sample in pooled]), weights=weight)
        other[at, mean_at] = np.average([sample.mean for sample in pooled], weights=size)
    return actual, other


def _inverse(values: np.ndarray, weight: np.ndarray, ask: _Asked) -> np.ndarray:
    ranked = Ranked(values, weight)
    return (ranked.quantile if ask.method == "changes_in_changes" else ranked.between)(ask.shares)


def _indices(values: np.ndarray, weight: np.ndarray, names: tuple[str, ...]) -> list[float]:
    if not names:
        return []
    of, nobody = Distribution(values, weight), np.empty(0)
    found = []
    for name in names:
        try:
            found.append(INDICES[name](of, nobody)[0])
        except (
            DistributionError
        ):  # e.g. Theil of a counterfactual income below zero: no number, and `_worst` says so
            found.append(np.nan)
    return found


def _worst(
    samples: list[_Sample], counterfactual: np.ndarray, ask: _Asked
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Counterfactuals (L, k) in the two worst cases, the share outside (L,), and texts (L, k) of what is flagged."""
    low, high = counterfactual.copy(), counterfactual.copy()
    status = np.full(counterfactual.shape, "ok", dtype=object)
    outside, number = np.zeros(len(ask.chosen)), len(ask.shares)
    for at, some in enumerate(ask.chosen):
        weight = np.concatenate([samples[j].weight for j in some])
        side = np.concatenate([samples[j].side for j in some])
        given = np.concatenate([samples[j].counterfactual for j in some])
        if side.any():
            low[at, :number] = _inverse(np.where(side < 0, -np.inf, given), weight, ask)
            high[at, :number] = _inverse(np.where(side > 0, np.inf, given), weight, ask)
        outside[at] = np.average(side != 0, weights=weight)
        unbounded = ~(np.isfinite(low[at]) & np.isfinite(high[at]))
        status[at, unbounded] = "flagged: treated units beyond the comparison's outcomes before adoption"
        if outside[at] > MOST_OUTSIDE:
            status[at, number:] = (
                f"flagged: {outside[at]:.0%} of treated beyond the comparison's outcomes before adoption"
            )
        status[at, np.isnan(counterfactual[at])] = "not defined: on the counterfactual outcomes"
        ties = max(samples[j].ties for j in some)
        if ties > MOST_TIES:
            status[at] = f"flagged: {ties:.0%} of base outcomes tie, only bounds are identified"
    return low, high, outside, status
