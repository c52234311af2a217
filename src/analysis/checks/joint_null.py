"""A specification curve with a joint null: could so many results of one sign arise without any effect?

Simonsohn, Simmons, Nelson (2020), Nature Human Behaviour 4, pp. 1211-1212: the median estimate, the share of
specifications significant in the dominant direction, and Stouffer's average z are each compared with their own
distribution without an effect, over all specifications jointly because they share data. That distribution comes from
permuted treatment, or from multipliers on the joint influence of clusters (Callaway, Sant'Anna 2021, algorithm 1):

    theta*_s = sum_g xi_g psi_gs,   t*_s = theta*_s / sqrt(se_s^2 - theta*_s^2 / G),   p = (1 + #{|T*| >= |T|}) / (1 + B)

B draws, G clusters; the draw's own error (Kline, Santos 2012) keeps the level with few clusters.

The largest |t| over specifications gives p values adjusted for having looked at all of them (Westfall, Young 1993).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtr, stdtrit

from analysis.effects import EstimatorError
from analysis.messages import Message

LARGEST = 2**18  # numbers in one block of draws
TIE = 1e-9  # relative; statistics closer than this are the same statistic computed twice


@dataclass(frozen=True, slots=True)
class JointNull:
    """Four questions to all specifications at once, each with its p value under no effect in any of them.

    median : median estimate, outcome unit (specifications must share one)
    sign : 1 or -1, the direction in which more specifications are significant, of the median where they tie
    share : share of specifications significant in that direction
    stouffer : sum of z / sqrt(number of specifications)
    largest : largest |t|
    median_p, share_p, stouffer_p, largest_p : p values under the joint null
    adjusted_p : (S,) p value of each specification against the largest |t| of all
    n_specifications, n_significant, draws : counts
    """

    median: float
    sign: int
    share: float
    stouffer: float
    largest: float
    median_p: float
    share_p: float
    stouffer_p: float
    largest_p: float
    adjusted_p: np.ndarray
    n_specifications: int
    n_significant: int
    draws: int


@dataclass(frozen=True, slots=True)
class Curve:
    """Estimates and standard errors, (S,) each, of S specifications in a fixed order."""

    estimates: np.ndarray
    std_errors: np.ndarray


@dataclass(frozen=True, slots=True)
class _Summary:
    """The curve's statistics, (B,) each, of B draws."""

    median: np.ndarray
    positive: np.ndarray
    negative: np.ndarray
    stouffer: np.ndarray
    largest: np.ndarray


def joint_null_by_permutation(
    fit: Callable[[np.ndarray], Curve], treatment: np.ndarray, *, strata: np.ndarray | None = None, df: float = np.inf,
    conf_level: float = 0.95, draws: int = 499, seed: int = 0,
) -> JointNull:  # fmt: skip
    """The curve of `fit(treatment)` against its curves under treatment dealt anew among units.

    Parameters
    ----------
    fit : takes a treatment vector in the order of `treatment` (status or adoption dates), gives the whole Curve.
    treatment : (n,); strata : (n,) labels within which it is dealt.
    df : degrees of freedom of the specifications' t ratios, for significance and for z.

    Raises
    ------
    EstimatorError : estimates or errors that are missing or not positive, in the data or in a draw.
    """
    treatment = np.asarray(treatment)
    rng = np.random.default_rng(seed)
    groups = [np.arange(len(treatment))]
    if strata is not None:
        groups = [np.flatnonzero(np.asarray(strata) == label) for label in np.unique(strata)]
    observed = fit(treatment)
    theta, error = np.empty((draws, len(observed.estimates))), np.empty((draws, len(observed.estimates)))
    for b in range(draws):
        dealt = treatment.copy()
        for rows in groups:
            dealt[rows] = rng.permuted(dealt[rows])
        curve = fit(dealt)
        theta[b], error[b] = curve.estimates, curve.std_errors
    _refuse_missing(theta, error)
    return _joint(observed, _summary(theta, theta / error, df, conf_level), df, conf_level)


def joint_null_by_influence(
    estimates: np.ndarray, influence: np.ndarray, *, df: float = np.inf, conf_level: float = 0.95, draws: int = 9_999,
    seed: int = 0,
) -> JointNull:  # fmt: skip
    """The curve against Rademacher multipliers on the influence of clusters on every specification.

    Parameters
    ----------
    estimates : (S,); influence : (G, S), rows are clusters, std_error^2 = column sums of squares.

    Raises
    ------
    EstimatorError : missing estimates, a specification without error.
    """
    theta, psi = np.asarray(estimates, dtype=float), np.asarray(influence, dtype=float)
    observed = Curve(theta, np.sqrt((psi**2).sum(axis=0)))
    _refuse_missing(observed.estimates, observed.std_errors)
    rng = np.random.default_rng(seed)
    rows = max(1, LARGEST // max(psi.shape))
    parts = []
    for start in range(0, draws, rows):
        size = (min(rows, draws - start), len(psi))
        drawn = (rng.integers(0, 2, size=size, dtype=np.int8) * 2.0 - 1.0) @ psi
        left = observed.std_errors**2 - drawn**2 / len(psi)
        t = drawn / np.sqrt(np.maximum(left, 1e-12 * observed.std_errors**2))
        parts.append(_summary(drawn, t, df, conf_level))
    joined = [np.concatenate([getattr(part, name) for part in parts]) for name in _Summary.__slots__]
    return _joint(observed, _Summary(*joined), df, conf_level)


def _summary(theta: np.ndarray, t: np.ndarray, df: float, conf_level: float) -> _Summary:
    critical = _critical(df, conf_level)
    return _Summary(
        np.median(theta, axis=1),
        (t > critical).sum(axis=1),
        (t < -critical).sum(axis=1),
        _z(t, df).sum(axis=1) / np.sqrt(t.shape[1]),
        np.abs(t).max(axis=1),
    )


def _joint(observed: Curve, null: _Summary, df: float, conf_level: float) -> JointNull:
    _refuse_missing(observed.estimates, observed.std_errors)
    t = observed.estimates / observed.std_errors
    own = _summary(observed.estimates[None, :], t[None, :], df, conf_level)
    median, positive, negative = float(own.median[0]), int(own.positive[0]), int(own.negative[0])
    sign = int(np.sign(positive - negative)) or (-1 if median < 0 else 1)
    significant, n, draws = max(positive, negative), len(t), len(null.median)

    def p_value(value: float, drawn: np.ndarray) -> float:
        return (1 + int((np.abs(drawn) >= abs(value) * (1 - TIE)).sum())) / (1 + draws)

    ordered = np.sort(null.largest)
    beyond = draws - np.searchsorted(ordered, np.abs(t) * (1 - TIE), side="left")
    return JointNull(
        median, sign, significant / n, float(own.stouffer[0]), float(own.largest[0]),
        p_value(median, null.median), p_value(significant, np.maximum(null.positive, null.negative)),
        p_value(own.stouffer[0], null.stouffer), p_value(own.largest[0], null.largest),
        (1 + beyond) / (1 + draws), n, positive + negative, draws,
    )  # fmt: skip


def _critical(df: float, conf_level: float) -> float:
    return float(ndtri(0.5 + conf_level / 2) if np.isinf(df) else stdtrit(df, 0.5 + conf_level / 2))


def _z(t: np.ndarray, df: float) -> np.ndarray:
    """The normal quantile with the tail probability of t; computed in the lower tail, where no digit is lost."""
    return t if np.isinf(df) else -np.sign(t) * ndtri(stdtr(df, -np.abs(t)))


def _refuse_missing(theta: np.ndarray, error: np.ndarray) -> None:
    bad = ~(np.isfinite(theta) & np.isfinite(error) & (error > 0))
    if bad.any():
        which = ", ".join(map(str, np.unique(np.nonzero(bad)[-1])[:10]))
        raise EstimatorError(
            Message(
                f"specifications without an estimate or an error (by position): {which}; leave them out by name first",
                f"以下位置的设定没有估计值或标准误：{which}；请先逐一注明并剔除",
            )
        )
