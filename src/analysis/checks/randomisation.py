"""Randomisation inference: what the statistic would be had the same schedules been dealt to other units.

Studentised permutation tests: Chung, Romano (2013), Annals of Statistics 41; Wu, Ding (2021), Journal of
the American Statistical Association 116; adoption dates dealt among units: Roth, Sant'Anna (2023), Journal of
Political Economy Microeconomics 1.

    theta = sum_k mean_{i in k} u_ik,   u_ik = sum_t c_kt Y_it          (k: cohorts and the never treated)
    V     = sum_k s_k^2 / n_k,          s_k^2: variance of u_ik within cohort k
    t     = theta / sqrt(V),            p = (1 + #{|t*| >= |t|}) / (1 + draws)

Cohort sizes do not change when schedules are dealt anew, so the simple average of all group-time effects is linear in
cohort means with fixed c, and one table u (n, K) serves every draw. The test is exact if no unit is affected at all and
schedules could have been dealt otherwise (within strata); the studentised statistic keeps its level, in large samples,
if only the average effect is zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from analysis.checks._own_change import own_change
from analysis.effects import EstimatorError
from analysis.messages import Message

LARGEST = 2**18  # schedules in one block
TIE = 1e-9  # relative; statistics closer than this are the same statistic computed twice


@dataclass(frozen=True, slots=True)
class Randomisation:
    """A randomisation test of one number.

    estimate, std_error : outcome unit; the error is that of the statistic (NaN for a statistic of the caller's own)
    statistic : what was compared with its permutations
    p_value : two-sided, (1 + #) / (1 + draws)
    p_unstudentised : the same for the estimate itself; its level is not kept if spreads differ (NaN: not computed)
    n_units, n_treated : counts behind the statistic
    n_left_out : units treated from the first period on, or in cohorts without a comparison
    n_exchangeable : units in strata where schedules differ; the others keep theirs in every draw
    draws : permutations
    """

    estimate: float
    std_error: float
    statistic: float
    p_value: float
    p_unstudentised: float
    n_units: int
    n_treated: int
    n_left_out: int
    n_exchangeable: int
    draws: int


@dataclass(frozen=True, slots=True)
class _Table:
    """What every draw is read from: scores (n, K), group (n,) code of the schedule, size (K,)."""

    scores: np.ndarray
    group: np.ndarray
    size: np.ndarray


def group_time_randomisation(
    outcome: np.ndarray, cohort: np.ndarray, years: np.ndarray, *, strata: np.ndarray | None = None,
    comparison_group: str = "not_yet_treated", anticipation: int = 0, draws: int = 9_999, seed: int = 0,
) -> Randomisation:  # fmt: skip
    """Test of the simple average of group-time effects, without covariates, in a balanced panel.

    Parameters
    ----------
    outcome : (n, T); cohort : (n,) float, first period under treatment, inf = never; years : (T,) increasing.
    strata : (n,) labels within which schedules are dealt (townships); None: among all units.
    comparison_group : never_treated or not_yet_treated, as in the group-time estimator.

    Raises
    ------
    EstimatorError : missing outcomes, no cohort with a comparison, no two schedules to exchange within any stratum.
    """
    y, g, years = np.asarray(outcome, dtype=float), np.asarray(cohort, dtype=float), np.asarray(years)
    if not np.isfinite(y).all():
        raise EstimatorError(
            Message("outcomes are missing; use a balanced panel", "结果有缺失；请使用平衡面板")
        )
    cohorts = np.unique(g)
    coefficient, live = _coefficients(
        cohorts, np.array([(g == c).sum() for c in cohorts]), years, comparison_group, anticipation
    )
    kept = np.isin(g, cohorts[live])
    levels = cohorts[live]
    size = np.array([(g == c).sum() for c in levels])
    table = _Table(y[kept] @ coefficient[live].T, np.searchsorted(levels, g[kept]), size)
    labels = None if strata is None else np.asarray(strata)[kept]
    return _test(table, labels, int(np.isfinite(levels) @ size), int((~kept).sum()), draws, seed)


def adjusted_randomisation(
    by_cohort: np.ndarray, code: np.ndarray, controls: np.ndarray, *, strata: np.ndarray | None = None,
    draws: int = 9_999, seed: int = 0,
) -> Randomisation:  # fmt: skip
    """Test of adoption in the regression of every unit's own change on adoption and controls.

    b = sum_i d_i y_i / sum_i d_i^2,  V = sum_i d_i^2 e_i^2 / (sum_i d_i^2)^2  (White 1980),  d, y: residuals of adoption
    and of change from a constant and the controls, taken anew in each draw, e = y - b d; the statistic is b / sqrt(V).
    As a statistic it leaves the test exact where no unit is affected and schedules could have been dealt otherwise.

    Parameters
    ----------
    by_cohort : (n, K) change of every unit over the window of each cohort; code : (n,) own cohort, K = comparison.
    controls : (n, p), not changed by adoption. strata : (n,) labels within which schedules are dealt.

    Raises
    ------
    EstimatorError : missing values, adoption collinear with the controls, nothing to exchange.
    """
    n, k = by_cohort.shape
    x = np.column_stack([np.ones(n), controls])
    if not (np.isfinite(by_cohort).all() and np.isfinite(x).all()):
        raise EstimatorError(Message("values are missing; leave those rows out", "数据有缺失；请先剔除"))
    basis, _ = np.linalg.qr(x / np.maximum(np.abs(x).max(axis=0), 1e-300))

    def residuals(values: np.ndarray) -> np.ndarray:
        return values - (values @ basis) @ basis.T

    def statistics(dealt: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        d, y = residuals((dealt < k).astype(float)), residuals(own_change(by_cohort, dealt))
        square = (d**2).sum(axis=1)
        b = (d * y).sum(axis=1) / square
        error = np.sqrt((d**2 * (y - b[:, None] * d) ** 2).sum(axis=1)) / square
        return b, error

    own = (code < k).astype(float)
    if not (residuals(own[None, :]) ** 2).sum() > 1e-10 * (own - own.mean()) @ (own - own.mean()):
        raise EstimatorError(
            Message("adoption is a combination of the controls", "是否采用与控制变量完全共线，无法识别")
        )
    estimate, std_error = (float(part[0]) for part in statistics(code[None, :]))
    rng, found = np.random.default_rng(seed), []
    rows = max(1, LARGEST // n)
    for start in range(0, draws, rows):
        found.append(statistics(_dealt(code, strata, min(rows, draws - start), rng)))
    b, error = (np.concatenate(parts) for parts in zip(*found, strict=True))
    observed = estimate / std_error
    return Randomisation(
        estimate, std_error, observed, _p_value(observed, np.abs(b / error)), _p_value(estimate, np.abs(b)), n,
        int((code < k).sum()), 0, _exchangeable(code, strata), draws,
    )  # fmt: skip


def difference_randomisation(
    outcome: np.ndarray, treated: np.ndarray, *, strata: np.ndarray | None = None, draws: int = 9_999, seed: int = 0
) -> Randomisation:  # fmt: skip
    """Test of the difference in means between treated and others.

    Parameters
    ----------
    outcome : (n,); treated : (n,) bool; strata : (n,) labels within which treatment is dealt.

    Raises
    ------
    EstimatorError : missing outcomes, nobody in a group, no treated and other unit in the same stratum.
    """
    y, d = np.asarray(outcome, dtype=float), np.asarray(treated, dtype=bool)
    size = np.array([(~d).sum(), d.sum()])
    if not (np.isfinite(y).all() and size.all()):
        raise EstimatorError(
            Message(
                f"{size[1]} treated and {size[0]} other units, all with an outcome, are needed",
                f"需要处理组（{size[1]}）与对照组（{size[0]}）均有观测且结果无缺失",
            )
        )
    return _test(_Table(np.column_stack([-y, y]), d.astype(int), size), strata, int(size[1]), 0, draws, seed)


def statistic_randomisation(
    statistic: Callable[[np.ndarray], float], cohort: np.ndarray, *, strata: np.ndarray | None = None,
    draws: int = 499, seed: int = 0,
) -> Randomisation:  # fmt: skip
    """Test of any statistic of the schedules, computed anew for each draw; a t ratio keeps more promises than a mean.

    statistic : takes (n,) cohorts, gives one finite number; a draw for which it gives none counts as extreme.

    Raises
    ------
    EstimatorError : the statistic of the data is not finite, nothing to exchange.
    """
    g = np.asarray(cohort, dtype=float)
    levels, group = np.unique(g, return_inverse=True)
    observed = float(statistic(g))
    if not np.isfinite(observed):
        raise EstimatorError(Message("the statistic of the data is not a number", "原始数据的统计量无法计算"))
    dealt = _dealt(group, strata, draws, np.random.default_rng(seed))
    found = np.array([float(statistic(levels[row])) for row in dealt])
    extreme = np.where(np.isfinite(found), np.abs(found), np.inf)
    return Randomisation(
        observed, np.nan, observed, _p_value(observed, extreme), np.nan, len(g), int(np.isfinite(g).sum()), 0,
        _exchangeable(group, strata), draws,
    )  # fmt: skip


def _coefficients(
    cohorts: np.ndarray, size: np.ndarray, years: np.ndarray, comparison_group: str, anticipation: int
) -> tuple[np.ndarray, np.ndarray]:
    """(K, T) coefficients c of the cohorts' mean outcomes, and (K,) which cohorts have any."""
    if comparison_group not in {"never_treated", "not_yet_treated"}:
        raise EstimatorError(
            Message(
                f"no comparison group {comparison_group!r}; choose never_treated, not_yet_treated",
                f"没有 {comparison_group!r}；可选：never_treated、not_yet_treated",
            )
        )
    c = np.zeros((len(cohorts), len(years)))
    total = 0
    last = cohorts[np.isfinite(cohorts)].max(initial=-np.inf)
    for k in np.flatnonzero(np.isfinite(cohorts)):
        base = int(np.searchsorted(years, cohorts[k] - anticipation)) - 1
        for t in np.flatnonzero(years >= cohorts[k]) if base >= 0 else ():
            until = last if comparison_group == "never_treated" else min(last, years[t] + anticipation)
            others = cohorts > until
            if not others.any():
                continue
            share = np.where(others, size, 0) / size[others].sum()
            c[k, t] += size[k]
            c[k, base] -= size[k]
            c[:, t] -= size[k] * share
            c[:, base] += size[k] * share
            total += size[k]
    if not total:
        raise EstimatorError(
            Message(
                "no cohort has a period before adoption and a comparison after it; widen the window or the comparison",
                "没有任何批次同时具备处理前时期与处理后对照；请放宽时间窗或对照组",
            )
        )
    return c / total, np.abs(c).max(axis=1) > 0


def _test(
    table: _Table, strata: np.ndarray | None, n_treated: int, n_left_out: int, draws: int, seed: int
) -> Randomisation:
    n = len(table.group)
    theta, variance = (part[0] for part in _statistics(table, table.group[None, :]))
    spread = float((table.scores**2).sum(axis=0) @ (1 / table.size**2))
    if not variance > 1e-24 * spread:
        raise EstimatorError(
            Message(
                "outcomes do not vary within any cohort of two or more units: the statistic has no error",
                "任何含两个及以上单位的批次内结果均无差异，统计量没有标准误",
            )
        )
    rng, observed = np.random.default_rng(seed), theta / np.sqrt(variance)
    rows = max(1, LARGEST // n)
    plain, studentised = np.empty(draws), np.empty(draws)
    for start in range(0, draws, rows):
        stop = min(draws, start + rows)
        dealt = _dealt(table.group, strata, stop - start, rng)
        value, error = _statistics(table, dealt)
        plain[start:stop] = np.abs(value)
        flat = error <= 1e-24 * spread
        studentised[start:stop] = np.abs(value) / np.sqrt(np.where(flat, 1.0, error))
        studentised[start:stop][flat] = np.inf
    return Randomisation(
        float(theta), float(np.sqrt(variance)), float(observed), _p_value(observed, studentised),
        _p_value(theta, plain), n, n_treated, n_left_out, _exchangeable(table.group, strata), draws,
    )  # fmt: skip


def _statistics(table: _Table, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Estimate and squared error, (B,) each, of schedules `group` (B, n); cohorts of one unit add no variance."""
    theta, variance = np.zeros(len(group)), np.zeros(len(group))
    for k, size in enumerate(table.size):
        centre = table.scores[:, k].mean()  # squares are taken about it, for digits
        u = table.scores[:, k] - centre
        first, second = ((group == k).astype(float) @ np.column_stack([u, u**2])).T
        theta += first / size + centre
        if size > 1:
            variance += np.maximum(second - first**2 / size, 0.0) / (size * (size - 1))
    return theta, variance


def _dealt(group: np.ndarray, strata: np.ndarray | None, draws: int, rng: np.random.Generator) -> np.ndarray:
    """(draws, n) schedules dealt anew, within strata."""
    if not _exchangeable(group, strata):
        raise EstimatorError(
            Message(
                "no stratum holds units with different schedules, so nothing can be exchanged; use wider strata",
                "任何层内的处理时间都相同，无法置换；请使用更大的层",
            )
        )
    dealt = np.repeat(group.astype(np.int16)[None, :], draws, axis=0)
    if strata is None:
        return rng.permuted(dealt, axis=1, out=dealt)
    for label in np.unique(strata):
        inside = np.flatnonzero(np.asarray(strata) == label)
        dealt[:, inside] = rng.permuted(dealt[:, inside], axis=1)
    return dealt


def _exchangeable(group: np.ndarray, strata: np.ndarray | None) -> int:
    code = np.zeros(len(group), dtype=int) if strata is None else np.unique(strata, return_inverse=True)[1]
    pairs = np.unique(np.column_stack([code, group]), axis=0)
    mixed = np.bincount(pairs[:, 0], minlength=code.max(initial=0) + 1) > 1
    return int(mixed[code].sum())


def _p_value(observed: float, permuted: np.ndarray) -> float:
    """(1 + number of draws at least as extreme) / (1 + number of draws)."""
    return (1 + int((permuted >= abs(observed) * (1 - TIE)).sum())) / (1 + len(permuted))
