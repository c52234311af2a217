"""Rosenbaum bounds: how much may hidden bias change the chance of treatment within matched pairs or sets?

Rosenbaum (2002), Observational Studies, 2nd ed., ch. 4 (signed rank, Hodges-Lehmann estimates); sets
of several: Gastwirth, Krieger, Rosenbaum (2000), Journal of the Royal Statistical Society B 62.

    1 / gamma <= odds of treatment of one unit / odds of another of the same set <= gamma

The signed rank statistic T is bounded by sums of independent q_i with chance gamma / (1 + gamma) or 1 / (1 + gamma).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from analysis.effects import EstimatorError
from analysis.messages import Message

EXACT = 100  # pairs up to which the null distribution is enumerated by convolution
MOST = 1e6  # gamma above which the search for the breakdown value stops


@dataclass(frozen=True, slots=True)
class PairBounds:
    """Bounds for matched pairs at one gamma, one row of a sensitivity table.

    statistic : signed rank sum of treated minus control differences; ties have their mean rank, pairs without a
        difference keep theirs and add nothing
    p_low, p_high : least and largest one-sided p value (effect greater than zero); normal approximation
    exact_low, exact_high : the same by enumeration; NaN above EXACT pairs
    estimate_low, estimate_high : range of Hodges-Lehmann estimates of an additive effect, outcome unit
    conf_low, conf_high : range of the confidence limits at `conf_level`, outcome unit
    n_pairs, n_zero : pairs, and those without a difference
    """

    gamma: float
    statistic: float
    p_low: float
    p_high: float
    exact_low: float
    exact_high: float
    estimate_low: float
    estimate_high: float
    conf_low: float
    conf_high: float
    n_pairs: int
    n_zero: int


@dataclass(frozen=True, slots=True)
class SetBounds:
    """Bounds for matched sets with one treated unit each: one-sided p values (effect greater than zero).

    statistic : sum of the treated units' aligned ranks
    """

    gamma: float
    statistic: float
    p_low: float
    p_high: float
    n_sets: int


def pair_bounds(difference: np.ndarray, gamma: float, *, conf_level: float = 0.95) -> PairBounds:
    """Bounds from treated minus control differences (n,) of matched pairs.

    Raises
    ------
    EstimatorError : gamma below one, missing differences, no pair that differs.
    """
    d = _checked(difference, gamma)
    q, statistic = _signed_ranks(d)
    much = gamma / (1 + gamma)
    exact = [_exact_tail(q, statistic, p) if len(q) <= EXACT else np.nan for p in (1 - much, much)]
    # Of all n differences, as subtracting an effect breaks the zeros.
    n = len(d)
    total, squares = n * (n + 1) / 2, n * (n + 1) * (2 * n + 1) / 6
    half = float(ndtri(0.5 + conf_level / 2)) * np.sqrt(much * (1 - much) * squares)
    walsh = _walsh(d)
    low, high = (_solved(walsh, p * total) for p in (much, 1 - much))
    return PairBounds(
        gamma, statistic, _normal_tail(q, statistic, 1 - much), _normal_tail(q, statistic, much), *exact, low, high,
        _solved(walsh, much * total + half), _solved(walsh, (1 - much) * total - half), n, n - len(q),
    )  # fmt: skip


def breakdown_gamma(difference: np.ndarray, *, alpha: float = 0.05) -> float:
    """The largest gamma at which the largest one-sided p value is at most alpha; 1 where it is not without bias.

    Infinite where not even certain selection raises it so far.

    Raises
    ------
    EstimatorError : missing differences, no pair that differs.
    """
    d = _checked(difference, 1.0)
    q, statistic = _signed_ranks(d)

    def p_high(gamma: float) -> float:
        return _normal_tail(q, statistic, gamma / (1 + gamma))

    if p_high(1.0) > alpha:
        return 1.0
    low, high = 1.0, 2.0
    while p_high(high) <= alpha:
        low, high = high, 2 * high
        if high > MOST:
            return np.inf
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if p_high(middle) <= alpha else (low, middle)
    return low


def set_bounds(outcome: np.ndarray, treated: np.ndarray, matched_set: np.ndarray, gamma: float) -> SetBounds:
    """Bounds for sets of one treated and one or more other units, by aligned ranks.

    Outcomes less their set's mean are ranked over all sets; in each set the hidden variable is on (gamma) for the units
    of highest score, as many of them as makes the mean, and then the variance, largest (smallest for `p_low`).

    Parameters
    ----------
    outcome : (n,); treated : (n,) bool; matched_set : (n,) labels.

    Raises
    ------
    EstimatorError : gamma below one, missing outcomes, a set without exactly one treated or without other units.
    """
    y = _checked(outcome, gamma)
    d = np.asarray(treated, dtype=bool)
    names, code = np.unique(matched_set, return_inverse=True)
    size, ones = np.bincount(code), np.bincount(code, d)
    if (bad := np.flatnonzero((ones != 1) | (size < 2))).size:
        shown = ", ".join(map(str, names[bad][:5]))
        raise EstimatorError(
            Message(
                f"{len(bad)} sets lack one treated and at least one other unit, e.g. {shown}",
                f"{len(bad)} 个匹配组不是恰有一个处理单位且至少一个对照，例如 {shown}",
            )
        )
    score = _ranks(y - (np.bincount(code, y) / size)[code])
    statistic = float(score[d].sum())
    upper, lower = np.zeros(2), np.zeros(2)
    for n in np.unique(size):
        inside = np.flatnonzero(size[code] == n)
        rows = np.sort(score[inside[np.argsort(code[inside], kind="stable")]].reshape(-1, n), axis=1)
        upper += _extreme(rows, gamma)
        lower += _extreme(-rows[:, ::-1], gamma) * [-1, 1]
    p_low, p_high = (
        float(ndtr(-(statistic - mean) / np.sqrt(variance))) for mean, variance in (lower, upper)
    )
    return SetBounds(gamma, statistic, p_low, p_high, len(names))


def _checked(values: np.ndarray, gamma: float) -> np.ndarray:
    array = np.asarray(values, dtype=float)
    if not gamma >= 1:
        raise EstimatorError(
            Message(
                f"gamma is an odds ratio of at least 1, not {gamma:g}", f"gamma 不小于 1，不能是 {gamma:g}"
            )
        )
    if not (np.isfinite(array).all() and np.any(array != 0)):
        raise EstimatorError(
            Message("values are missing, or no matched pair differs", "数据有缺失，或没有任何匹配对存在差异")
        )
    return array


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1, ties given their mean rank."""
    _, code, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return (last - (count - 1) / 2)[code]


def _signed_ranks(d: np.ndarray) -> tuple[np.ndarray, float]:
    """Ranks of the pairs that differ, among all pairs, and the sum of those of positive differences."""
    ranks = _ranks(np.abs(d))
    return ranks[d != 0], float(ranks[d > 0].sum())


def _normal_tail(q: np.ndarray, statistic: float, p: float) -> float:
    spread = np.sqrt(p * (1 - p) * (q @ q))
    return float(ndtr(-(statistic - p * q.sum()) / spread))


def _exact_tail(q: np.ndarray, statistic: float, p: float) -> float:
    """P(sum of q_i B_i >= statistic), B_i independent with chance p; ranks are halves of integers."""
    doubled = np.rint(2 * q).astype(int)
    law = np.zeros(int(doubled.sum()) + 1)
    law[0] = 1.0
    for step in doubled:
        law[step:] = (1 - p) * law[step:] + p * law[: len(law) - step]
        law[:step] *= 1 - p
    return float(law[int(np.rint(2 * statistic)) :].sum())


def _walsh(d: np.ndarray) -> np.ndarray:
    """Sorted means of all pairs of differences, each with itself too: T(effect) counts those above the effect."""
    row, column = np.triu_indices(len(d))
    return np.sort((d[row] + d[column]) / 2)


def _solved(walsh: np.ndarray, expected: float) -> float:
    """The effect at which the number of Walsh means above it is `expected`.

    Middle of the effects where the count equals it, or the effect at which the count jumps past it; infinite where
    no effect brings the count so far.
    """
    m = len(walsh)
    if not 0 <= expected <= m:
        return np.inf if expected < 0 else -np.inf
    below = m - expected
    whole = round(below)
    if abs(below - whole) < 1e-9 and 0 < whole < m:
        return float((walsh[whole - 1] + walsh[whole]) / 2)
    return float(walsh[min(int(np.floor(below + 1e-9)), m - 1)])


def _extreme(rows: np.ndarray, gamma: float) -> np.ndarray:
    """Largest mean, and variance with it, of the treated score, summed over sets; rows (m, n) increasing."""
    n = rows.shape[1]
    mean, variance = np.empty((n - 1, len(rows))), np.empty((n - 1, len(rows)))
    for a in range(1, n):
        weight = np.where(np.arange(n) >= a, gamma, 1.0)
        weight /= weight.sum()
        mean[a - 1] = rows @ weight
        variance[a - 1] = (rows - mean[a - 1][:, None]) ** 2 @ weight
    best = mean.max(axis=0)
    tied = mean >= best - 1e-12 * (1 + np.abs(best))
    return np.array([best.sum(), np.where(tied, variance, -np.inf).max(axis=0).sum()])
