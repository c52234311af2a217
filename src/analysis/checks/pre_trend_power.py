"""What a test of trends before adoption could have found, and what passing it does to the estimates.

Roth (2022), Pretest with caution: event-study estimates after testing for parallel trends, American Economic Review:
Insights 4. The test passes where no estimate before the base period is significant by itself;
under a difference in trend delta, beta ~ N(delta + tau, covariance) and

    passing = P(|beta_s| <= z se_s for all s before the base),   power = 1 - passing
    E[beta | passing] = delta + sum_s covariance_s (f_s(-z se_s) - f_s(z se_s))       (Tallis 1961)

f_s: density of beta_s and passing of the others there, over passing. The normal law is that of many clusters.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from analysis.checks.honest.event_path import EventPath, TrendsError, checked
from analysis.messages import Message

PRODUCT_RULE = {1: 120, 2: 60, 3: 36}  # Gauss-Legendre nodes per dimension; above: scrambled Sobol points
TARGETS = (0.5, 0.8)  # power at which slopes are asked for (as Roth 2022 reports)
REACH = 8.5  # standard deviations beyond which nothing is left
SOBOL_POWER, SOBOL_SEED = 16, 20221101


@dataclass(frozen=True, slots=True)
class PretestPower:
    """What a test before adoption says against one difference in trend.

    power : probability that the test finds it
    passing : probability that it passes; `size` is 1 - passing where trends are parallel
    bayes_factor : passing over passing under parallel trends
    likelihood_ratio : likelihood of the estimates before the base under the trend over that under parallel trends
    rows : per event time `estimate`, `std_error`, `trend` (delta) and `mean_after_passing` where no effect adds to it,
        and `bias_from_passing`, their difference; all in the outcome's unit
    """

    power: float
    passing: float
    size: float
    bayes_factor: float
    likelihood_ratio: float
    rows: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Pretest:
    """What trends the test before adoption could have missed, and what they would do to the average effect.

    rows : per target power `target`, `slope` (outcome unit per year, in the direction of the estimate), `bias` it leaves
        in the average, `bias_after_passing` where the test has passed, and `joint_power` of the joint test
    periods : rows of PretestPower for the first target
    estimate : the average, outcome unit
    base : base period; unit : of the outcome
    n_tested : periods tested; n_clusters : behind the errors; size : chance to reject parallel trends
    """

    rows: pd.DataFrame
    periods: pd.DataFrame
    estimate: float
    base: int
    unit: str
    n_tested: int
    n_clusters: int
    size: float


def pretest(path: EventPath, weights: np.ndarray, *, unit: str, conf_level: float = 0.95) -> Pretest:
    """The test's answer for slopes that it finds with the chances TARGETS.

    Parameters
    ----------
    weights : (n - n_pre,) of the periods after the base in the average.

    Raises
    ------
    TrendsError : as `power`.
    """
    n_pre, estimate = path.n_pre, float(weights @ path.beta[path.n_pre :])
    sign = -1.0 if estimate < 0 else 1.0
    rows, asked = [], []
    for target in TARGETS:
        slope = sign * detectable_slope(
            path.covariance, path.event_times, target=target, base=path.base, conf_level=conf_level
        )
        found = power(
            path.beta, path.covariance, path.event_times, slope, base=path.base, conf_level=conf_level
        )
        after = found.rows.iloc[n_pre:]
        joint = np.nan
        if path.n_clusters > n_pre:
            joint = joint_test_power(
                found.rows["trend"].to_numpy()[:n_pre], path.covariance[:n_pre, :n_pre], path.n_clusters,
                conf_level=conf_level,
            )  # fmt: skip
        asked.append(found)
        rows.append((
            target, slope, float(weights @ after["trend"]), float(weights @ after["mean_after_passing"]), joint,
        ))  # fmt: skip
    columns = ["target", "slope", "bias", "bias_after_passing", "joint_power"]
    return Pretest(
        pd.DataFrame(rows, columns=columns), asked[0].rows, estimate, path.base, unit, n_pre, path.n_clusters,
        asked[0].size,
    )  # fmt: skip


def power(
    beta: np.ndarray, covariance: np.ndarray, periods: np.ndarray, slope: float, *, base: int = -1,
    conf_level: float = 0.95,
) -> PretestPower:  # fmt: skip
    """The test's power against a linear difference in trend, delta_s = slope (s - base).

    Parameters
    ----------
    beta, covariance : (n,), (n, n) event study without the base period, outcome unit.
    periods : (n,) event times; those before `base` are tested.
    slope : outcome unit per period.

    Raises
    ------
    TrendsError : arguments that do not fit, a singular covariance, or no period before the base.
    """
    periods = np.asarray(periods)
    trend = slope * (periods - base)
    return power_against(beta, covariance, periods, trend, base=base, conf_level=conf_level)


def power_against(
    beta: np.ndarray, covariance: np.ndarray, periods: np.ndarray, trend: np.ndarray, *, base: int = -1,
    conf_level: float = 0.95,
) -> PretestPower:  # fmt: skip
    """The test's power against any difference in trend `trend` (n,); otherwise as `power`."""
    beta, covariance = checked(beta, covariance)
    periods, trend = np.asarray(periods), np.asarray(trend, dtype=float)
    before = _before(periods, base, len(beta))
    if trend.shape != beta.shape or not np.isfinite(trend).all():
        raise TrendsError(
            Message(
                f"the trend needs {len(beta)} finite values, one per period",
                f"趋势需要 {len(beta)} 个有限数值，每期一个",
            )
        )
    half = _half_width(conf_level) * np.sqrt(np.diag(covariance)[before])
    pre = covariance[np.ix_(before, before)]
    passing = box_probability(-half - trend[before], half - trend[before], pre)
    parallel = box_probability(-half, half, pre)
    mean = trend + shift_by_passing(
        -half - trend[before], half - trend[before], pre, covariance[:, before], passing
    )
    observed = beta[before]
    away = observed - trend[before]
    log_ratio = (observed @ np.linalg.solve(pre, observed) - away @ np.linalg.solve(pre, away)) / 2
    rows = pd.DataFrame(
        {
            "event_time": periods, "estimate": beta, "std_error": np.sqrt(np.diag(covariance)), "trend": trend,
            "mean_after_passing": mean, "bias_from_passing": mean - trend,
        }
    )  # fmt: skip
    return PretestPower(
        1 - passing, passing, 1 - parallel, passing / parallel, float(np.exp(log_ratio)), rows
    )


def detectable_slope(
    covariance: np.ndarray, periods: np.ndarray, *, target: float = 0.5, base: int = -1, conf_level: float = 0.95
) -> float:  # fmt: skip
    """The slope, outcome unit per period, that the test finds with probability `target`; positive.

    Power grows with the slope (Anderson 1955), so there is one.

    Raises
    ------
    TrendsError : as `power`, or a target not between the test's size and one.
    """
    covariance = np.asarray(covariance, dtype=float)
    _, covariance = checked(np.zeros(len(covariance)), covariance)
    periods = np.asarray(periods)
    before = _before(periods, base, len(covariance))
    pre = covariance[np.ix_(before, before)]
    unit = (periods[before] - base).astype(float)
    half = _half_width(conf_level) * np.sqrt(np.diag(pre))

    def missing(slope: float) -> float:
        return target - 1 + box_probability(-half - slope * unit, half - slope * unit, pre)

    size = target - missing(0.0)
    if not size < target < 1:
        raise TrendsError(
            Message(
                f"the target {target} must lie between the test's size {size:.3f} and one",
                f"目标功效 {target} 必须介于检验水平 {size:.3f} 与 1 之间",
            )
        )
    high = float((half / np.abs(unit)).min())
    while missing(high) > 0:
        high *= 2
    return float(brentq(missing, 0.0, high, xtol=1e-8 * high, rtol=1e-8))


def joint_test_power(
    trend: np.ndarray, covariance: np.ndarray, n_clusters: int, *, conf_level: float = 0.95
) -> float:
    """Power of the joint test of `checks.pre_trend` against `trend` (r,) in its own periods.

    F (r, G - r) with noncentrality trend' covariance^-1 trend, Hotelling's law for G clusters of equal weight.

    Raises
    ------
    TrendsError : arguments that do not fit, or no more clusters than periods.
    """
    trend, covariance = checked(trend, covariance)
    r = len(trend)
    if n_clusters <= r:
        raise TrendsError(
            Message(
                f"{n_clusters} clusters are too few for a joint test of {r} periods",
                f"{n_clusters} 个聚类不足以联合检验 {r} 个时期",
            )
        )
    critical = stats.f.ppf(conf_level, r, n_clusters - r)
    away = float(trend @ np.linalg.solve(covariance, trend))
    return float(stats.ncf.sf(critical, r, n_clusters - r, away))


def box_probability(low: np.ndarray, high: np.ndarray, covariance: np.ndarray) -> float:
    """P(low <= x <= high), x ~ N(0, covariance) (d, d), by sequential conditioning (Genz 1992).

    Up to four periods a product Gauss rule over the box, which is smooth, is right to 1e-8 and better where
    correlations are below 0.9; with more, 2^16 scrambled Sobol points of a fixed seed are right to about 1e-5.
    """
    spread = np.sqrt(np.diag(covariance))
    low, high = low / spread, high / spread
    if len(low) == 0:
        return 1.0
    order = np.argsort(ndtr(high) - ndtr(low), kind="stable")  # rare ones first: less is left to the points
    factor = np.linalg.cholesky((covariance / np.outer(spread, spread))[np.ix_(order, order)])
    low, high = low[order], high[order]
    points, chance = _points(len(low) - 1)
    drawn = np.zeros(points.shape)
    for i in range(len(low)):
        centre = drawn[:, :i] @ factor[i, :i]
        start, end = (low[i] - centre) / factor[i, i], (high[i] - centre) / factor[i, i]
        if i == len(low) - 1:
            chance = chance * (ndtr(end) - ndtr(start))
        elif len(low) - 1 in PRODUCT_RULE:
            start, end = np.clip(start, -REACH, REACH), np.clip(end, -REACH, REACH)
            drawn[:, i] = start + points[:, i] * (end - start)
            density = np.exp(-(drawn[:, i] ** 2) / 2) / np.sqrt(2 * np.pi)
            chance = chance * (end - start) * density
        else:
            below, share = ndtr(start), ndtr(end) - ndtr(start)
            drawn[:, i] = ndtri(np.clip(below + points[:, i] * share, 1e-300, 1 - 1e-16))
            chance = chance * share
    return float(chance.sum())


def shift_by_passing(
    low: np.ndarray, high: np.ndarray, covariance: np.ndarray, cross: np.ndarray, passing: float
) -> np.ndarray:
    """(n,) E[y | low <= x <= high] for y jointly normal with x ~ N(0, covariance), mean zero.

    cross : (n, d) covariances of y with x; missing where the box has no probability. E[y | box] = cross (f(low) - f(high))  (Tallis 1961).
    """
    if passing <= 0:
        return np.full(len(cross), np.nan)
    difference = np.empty(len(low))
    for k in range(len(low)):
        others = np.arange(len(low)) != k
        own = covariance[k, k]
        slope = covariance[others, k] / own
        left = covariance[np.ix_(others, others)] - np.outer(slope, covariance[k, others])
        edges = [
            np.exp(-(edge**2) / own / 2)
            / np.sqrt(2 * np.pi * own)
            * box_probability(low[others] - slope * edge, high[others] - slope * edge, left)
            for edge in (low[k], high[k])
        ]
        difference[k] = edges[0] - edges[1]
    return cross @ difference / passing


def _half_width(conf_level: float) -> float:
    return float(ndtri(0.5 + conf_level / 2))


def _before(periods: np.ndarray, base: int, n: int) -> np.ndarray:
    if periods.shape != (n,) or (periods == base).any() or len(np.unique(periods)) != n:
        raise TrendsError(
            Message(
                f"periods must be {n} different event times without the base {base}",
                f"时期必须是 {n} 个互不相同、不含基期 {base} 的事件时点",
            )
        )
    before = np.flatnonzero(periods < base)
    if not before.size:
        raise TrendsError(
            Message(
                f"no period before the base {base}, nothing was tested", f"基期 {base} 之前没有时期，无可检验"
            )
        )
    return before


@functools.cache
def _points(dimensions: int) -> tuple[np.ndarray, np.ndarray]:
    """Points (m, dimensions) of the unit cube and their weights (m,)."""
    if dimensions == 0:
        return np.empty((1, 0)), np.ones(1)
    if dimensions in PRODUCT_RULE:
        node, weight = np.polynomial.legendre.leggauss(PRODUCT_RULE[dimensions])
        grid = np.meshgrid(*[(node + 1) / 2] * dimensions, indexing="ij")
        weights = np.ones(1)
        for _ in range(dimensions):
            weights = np.multiply.outer(weights, weight / 2).ravel()
        return np.stack([axis.ravel() for axis in grid], axis=1), weights
    sobol = stats.qmc.Sobol(dimensions, rng=np.random.default_rng(SOBOL_SEED)).random_base2(SOBOL_POWER)
    return sobol, np.full(len(sobol), 1 / len(sobol))
