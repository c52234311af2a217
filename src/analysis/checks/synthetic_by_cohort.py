"""Synthetic difference-in-differences cohort by cohort, with errors, beside which the headline can be held.

Arkhangelsky, Athey, Hirshberg, Imbens, Wager (2021): the jackknife (algorithm 3), all cohorts together leaving out the
same unit, where a cohort has as many units as the study asks of an interval; else the placebo error (algorithm 4), which
takes never treated units to vary as treated ones do; else, where too few can stand in, no error.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri

from analysis.checks.synthetic_did import pretended, pretended_estimates, synthetic_did
from analysis.effects import EstimatorError
from analysis.messages import Message
from analysis.samples.panel import Panel
from analysis.study import Design

MOST = 1_500  # never treated units; the method is for few units, and its weights are a matrix of their square
DRAWS = 100  # placebo assignments; the error's own error is about a fourteenth
COLUMNS = (
    "level", "estimate", "std_error", "conf_low", "conf_high", "error_kind", "fit_error", "n_treated", "n_untreated",
)  # fmt: skip
ALL = "all"


def synthetic_by_cohort(panel: Panel, design: Design) -> tuple[pd.DataFrame, tuple[int, ...]]:
    """Rows with COLUMNS, the mean over cohorts (weighted by treated unit-periods) first; and cohorts left out.

    Only never treated units serve; covariates and weights are not used. Cohorts need two periods before adoption.

    Raises
    ------
    EstimatorError : units that share clusters, more than MOST or fewer than two never treated units, no cohort with two
        periods before.
    """
    if len(np.unique(panel.cluster)) < panel.n_units:
        raise EstimatorError(
            Message(
                "several units share a cluster, and these errors take units to be independent; ask at the level of clusters",
                "同一聚类内有多个单位，而此法的误差以单位相互独立为前提；请在聚类层面分析",
            )
        )
    cohort = np.where(
        panel.cohort - design.anticipation > panel.years[-1], np.inf, panel.cohort - design.anticipation
    )
    never = np.isinf(cohort)
    if (n := int(never.sum())) > MOST:
        raise EstimatorError(
            Message(
                f"{n} never treated units: synthetic weights are for few units; ask at the level of clusters",
                f"从未采用的单位有 {n} 个；合成方法适用于单位较少的情形，请在聚类层面分析",
            )
        )
    adopting = np.unique(cohort[~never & (cohort > panel.years[0])])
    before = np.searchsorted(panel.years, adopting)
    left_out = tuple(int(year) + design.anticipation for year in adopting[before < 2])
    adopting, before = adopting[before >= 2], before[before >= 2]
    if not len(adopting):
        raise EstimatorError(
            Message("no cohort has two periods before adoption", "没有任何批次在采用前有两期")
        )
    half = float(ndtri(0.5 + design.conf_level / 2))
    size = np.array([(cohort == year).sum() for year in adopting]) * (len(panel.years) - before)
    rows, changes = [], []
    for year, n_before, weight in zip(adopting, before, size / size.sum(), strict=True):
        inside = (cohort == year) | never
        y, d = panel.outcome[inside], cohort[inside] == year
        one = synthetic_did(y, d, int(n_before))
        change = y[:, n_before:].mean(axis=1) - y[:, :n_before] @ one.period_weights
        changes.append((weight, change[d], change[~d], one.unit_weights))
        rows.append((int(year) + design.anticipation, one.estimate, one.fit_error, one.n_treated))
    mean = sum(w * row[1] for (w, *_), row in zip(changes, rows, strict=True))
    overall, errors = _errors(panel.outcome[never], before, changes, design)
    rows.insert(0, (ALL, mean, np.nan, sum(row[-1] for row in rows)))
    made = pd.DataFrame(rows, columns=["level", "estimate", "fit_error", "n_treated"])
    made[["std_error", "error_kind"]] = [overall, *errors]
    made["conf_low"] = made["estimate"] - half * made["std_error"]
    made["conf_high"] = made["estimate"] + half * made["std_error"]
    return made.assign(n_untreated=n)[list(COLUMNS)], left_out


def jackknife(changes: list[tuple[float, np.ndarray, np.ndarray, np.ndarray]]) -> float:
    """Error of the weighted mean over cohorts, weights held, leaving out one unit at a time; NaN where impossible.

    changes : per cohort its weight, the change after less weighted mean before of its own units (n,) and of never
        treated units (N0,), and their weights (N0,), in one order of never treated units.
    """
    if any(len(own) < 2 or omega.max() >= 1 - 1e-12 for _, own, _, omega in changes):
        return np.nan
    theta = sum(w * (own.mean() - omega @ other) for w, own, other, omega in changes)
    shifts = []
    without_other = np.zeros(len(changes[0][2]))
    for w, own, other, omega in changes:
        shifts.append(w * (own.mean() - own) / (len(own) - 1))
        base = omega @ other
        without_other += w * (base - (base - omega * other) / (1 - omega))
    left = theta + np.concatenate([*shifts, without_other])
    n = len(left)
    return float(np.sqrt((n - 1) / n * ((left - left.mean()) ** 2).sum()))


def _errors(
    pool: np.ndarray, before: np.ndarray, changes: list[tuple[float, np.ndarray, np.ndarray, np.ndarray]], design: Design
) -> tuple[tuple[float, str], list[tuple[float, str]]]:  # fmt: skip
    """Error and its kind for the mean over cohorts, and for each cohort.

    The jackknife needs as many units as the study asks of an interval; below, the placebo error from one set of
    draws for all cohorts if `pool` (N0, T) can stand in for all of them, else cohort by cohort.
    """
    few = max(2, design.min_treated_units)
    size = [len(own) for _, own, _, _ in changes]
    alone = [
        jackknife([(1.0, *one[1:])]) if n >= few else np.nan for n, one in zip(size, changes, strict=True)
    ]
    together = jackknife(changes) if sum(size) >= few else np.nan
    replicates: list[np.ndarray] = []
    if np.isnan([together, *alone]).any() and len(pool) >= sum(size) + 2:
        chosen, ends = pretended(len(pool), sum(size), DRAWS, design.seed), np.cumsum(size)
        replicates = [
            pretended_estimates(pool, chosen[:, end - n : end], chosen, int(b), "synthetic_did")
            for n, end, b in zip(size, ends, before, strict=True)
        ]
    overall = (together, "jackknife")
    if np.isnan(together):
        mean = sum(one[0] * drawn for one, drawn in zip(changes, replicates, strict=False))
        overall = (float(mean.std()), "placebo") if replicates else (np.nan, "none")
    errors = []
    for k, (n, error) in enumerate(zip(size, alone, strict=True)):
        if np.isfinite(error):
            errors.append((error, "jackknife"))
        elif replicates or len(pool) >= n + 2:
            drawn = replicates[k] if replicates else _alone(pool, n, int(before[k]), design)
            errors.append((float(drawn.std()), "placebo"))
        else:
            errors.append((np.nan, "none"))
    return overall, errors


def _alone(pool: np.ndarray, n_treated: int, n_before: int, design: Design) -> np.ndarray:
    """(B,) estimates of `n_treated` units of the pool that pretend to adopt."""
    chosen = pretended(len(pool), n_treated, DRAWS, design.seed)
    return pretended_estimates(pool, chosen, chosen, n_before, "synthetic_did")
