"""How far trends may differ before the conclusion does not hold: intervals and breakdown values.

Rambachan, Roth (2023), A more credible approach to parallel trends, Review of Economic Studies 90.

    theta = weights' tau_post,  beta = delta + (0, tau_post) + error,  delta in Delta(size)

smoothness: Delta^SD(M), the slope of delta changes by at most M [outcome unit per period squared] from period to
period; the shortest interval of fixed length (`honest.flci`). relative_magnitude: Delta^RM(Mbar), a step of delta after
the base period is at most Mbar [no unit] times the largest before; the C-LF interval (`honest.relative_magnitude`).
Both hold for errors that are normal with a known covariance: for many clusters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri

from analysis.checks.honest import flci, relative_magnitude
from analysis.checks.honest.event_path import EventPath, TrendsError, checked
from analysis.messages import Message

RESTRICTIONS = ("smoothness", "relative_magnitude")
SCAN = 20  # sizes looked at before the first one that covers zero is bisected
MAGNITUDES = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0)  # Mbar; 1: trends after adoption as uneven as before it
BENDS = 5  # sizes of M above zero
PRECISION = 1e-6  # relative, of a breakdown value

Interval = Callable[[float], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What holds for theta under each size of a restriction.

    rows : per size `size`, `conf_low`, `conf_high` and `set_low`, `set_high`: the values that the restriction would
        allow if the estimates were the truth, missing where the estimates before adoption break it; outcome unit
    restriction : smoothness or relative_magnitude
    conf_level : of the intervals
    estimate, conf_low, conf_high : theta with its ordinary interval, which takes trends to be parallel
    """

    rows: pd.DataFrame
    restriction: str
    conf_level: float
    estimate: float
    conf_low: float
    conf_high: float


def bounds(
    beta: np.ndarray, covariance: np.ndarray, n_pre: int, *, restriction: str, sizes: Sequence[float],
    weights: np.ndarray, conf_level: float = 0.95,
) -> Bounds:  # fmt: skip
    """Intervals for weights' tau_post that hold wherever delta keeps the restriction, one per size.

    Parameters
    ----------
    beta, covariance : (n,), (n, n) event study without its base period, in order of time, periods equally far apart.
    n_pre : how many of the periods lie before the base period.
    restriction : smoothness or relative_magnitude.
    sizes : values of M or Mbar, none below zero.
    weights : (n - n_pre,) of the periods after the base period.

    Raises
    ------
    TrendsError : unknown restriction, arguments that do not fit, a singular covariance, no period before the base.
    """
    question = _Question.of(beta, covariance, n_pre, restriction, weights, conf_level)
    sizes = np.asarray(sizes, dtype=float)
    if sizes.ndim != 1 or not sizes.size or not (np.isfinite(sizes) & (sizes >= 0)).all():
        raise TrendsError(
            Message(
                f"sizes must be finite numbers from zero up, not {sizes.tolist()}",
                f"大小必须是不小于零的有限数值，而不是 {sizes.tolist()}",
            )
        )
    interval = question.interval()
    found = [(*interval(size), *question.identified_set(size)) for size in sizes]
    rows = pd.DataFrame(found, columns=["conf_low", "conf_high", "set_low", "set_high"])
    rows.insert(0, "size", sizes)
    estimate, error = question.plain()
    half = float(ndtri(0.5 + conf_level / 2)) * error
    return Bounds(rows, restriction, conf_level, estimate, estimate - half, estimate + half)


def breakdown(
    beta: np.ndarray, covariance: np.ndarray, n_pre: int, *, restriction: str, weights: np.ndarray,
    conf_level: float = 0.95, null: float = 0.0,
) -> float:  # fmt: skip
    """The smallest size whose interval covers `null`; 0 where the interval under size 0 already does.

    Found among SCAN sizes up to one that covers it, then bisected to PRECISION. Infinite for relative_magnitude where
    the estimates before adoption are all exactly zero.

    Raises
    ------
    TrendsError : as `bounds`.
    """
    question = _Question.of(beta, covariance, n_pre, restriction, weights, conf_level)
    interval = question.interval()

    def covers(size: float) -> bool:
        low, high = interval(size)
        return low <= null <= high

    if covers(0.0):
        return 0.0
    top = question.enough(null)
    if not np.isfinite(top):
        return np.inf
    while not covers(top):
        top *= 2
    grid = top * np.linspace(0, 1, SCAN + 1)
    first = next(i for i in range(1, SCAN + 1) if covers(grid[i]))
    low, high = float(grid[first - 1]), float(grid[first])
    while high - low > PRECISION * high:
        middle = (low + high) / 2
        low, high = (low, middle) if covers(middle) else (middle, high)
    return high


@dataclass(frozen=True, slots=True)
class Breakdown:
    """One restriction asked over a range of sizes, and where the conclusion stops to hold.

    bounds : intervals by size
    value : the smallest size whose interval covers zero; 0 where trends that are parallel already leave zero inside
    yardstick : the largest step (relative_magnitude: always 1), or change of slope (smoothness), seen before adoption;
        NaN where there are too few periods to see one
    n_before : periods before the base period; n_clusters : behind the errors; unit : of the outcome
    truth : theta as it is known of a synthetic study; NaN where it is not
    """

    bounds: Bounds
    value: float
    yardstick: float
    n_before: int
    n_clusters: int
    unit: str
    truth: float


def ask(
    path: EventPath, weights: np.ndarray, restriction: str, *, unit: str, truth: float = np.nan,
    conf_level: float = 0.95,
) -> Breakdown:  # fmt: skip
    """Bounds of weights' tau_post and their breakdown value, on sizes that show both sides of it.

    Raises
    ------
    TrendsError : as `bounds`.
    """
    given = (path.beta, path.covariance, path.n_pre)
    asked = {"restriction": restriction, "weights": weights, "conf_level": conf_level}
    value = breakdown(*given, **asked)
    known = {"n_before": path.n_pre, "n_clusters": path.n_clusters, "unit": unit, "truth": truth}
    if restriction == "relative_magnitude":
        return Breakdown(bounds(*given, sizes=MAGNITUDES, **asked), value, 1.0, **known)
    before = np.append(path.beta[: path.n_pre], 0.0)
    bends = np.abs(np.diff(before, 2))
    yardstick = float(bends.max()) if bends.size else np.nan
    reach = float(np.abs(flci.second_sums(weights)).sum())
    error = float(np.sqrt(weights @ path.covariance[path.n_pre :, path.n_pre :] @ weights))
    step = _round_step(max(2 * value, error / reach) / BENDS)
    return Breakdown(bounds(*given, sizes=step * np.arange(BENDS + 1), **asked), value, yardstick, **known)


def _round_step(step: float) -> float:
    """The next of 1, 2, 2.5 and 5 times a power of ten from `step` up."""
    power = 10.0 ** np.floor(np.log10(step))
    return float(power * next(m for m in (1, 2, 2.5, 5, 10) if m * power >= step * (1 - 1e-12)))


@dataclass(frozen=True, slots=True)
class _Question:
    beta: np.ndarray
    covariance: np.ndarray
    n_pre: int
    restriction: str
    weights: np.ndarray
    conf_level: float

    @classmethod
    def of(
        cls, beta: np.ndarray, covariance: np.ndarray, n_pre: int, restriction: str, weights: np.ndarray,
        conf_level: float,
    ) -> _Question:  # fmt: skip
        """The question with its arguments checked."""
        if restriction not in RESTRICTIONS:
            raise TrendsError(
                Message(
                    f"no restriction {restriction!r}; choose {', '.join(RESTRICTIONS)}",
                    f"没有限制 {restriction!r}；可选：{', '.join(RESTRICTIONS)}",
                )
            )
        beta, covariance = checked(beta, covariance)
        weights = np.asarray(weights, dtype=float)
        if not 1 <= n_pre < len(beta):
            raise TrendsError(
                Message(
                    f"{n_pre} of {len(beta)} periods before the base; at least one on each side of it is needed",
                    f"{len(beta)} 个时期中有 {n_pre} 个在基期之前；基期前后至少各需一个",
                )
            )
        if weights.shape != (len(beta) - n_pre,) or not np.isfinite(weights).all() or not weights.any():
            raise TrendsError(
                Message(
                    f"weights must be {len(beta) - n_pre} finite numbers, one per period after the base, not all zero",
                    f"权重必须是 {len(beta) - n_pre} 个有限数值（基期之后每期一个），且不全为零",
                )
            )
        if not 0.5 < conf_level < 1:
            raise TrendsError(
                Message(
                    f"conf_level {conf_level} must lie between 0.5 and 1",
                    f"置信水平 {conf_level} 必须介于 0.5 与 1",
                )
            )
        return cls(beta, covariance, n_pre, restriction, weights, conf_level)

    def plain(self) -> tuple[float, float]:
        """Estimate and standard error where trends are parallel."""
        after = self.covariance[self.n_pre :, self.n_pre :]
        return float(self.weights @ self.beta[self.n_pre :]), float(
            np.sqrt(self.weights @ after @ self.weights)
        )

    def interval(self) -> Interval:
        """The interval as a function of the size."""
        if self.restriction == "smoothness":
            front = flci.frontier(self.covariance, self.n_pre, self.weights)

            def fixed(size: float) -> tuple[float, float]:
                found = flci.shortest(self.beta, self.weights, front, size, self.conf_level)
                return found.estimate - found.half_length, found.estimate + found.half_length

            return fixed

        def hybrid(size: float) -> tuple[float, float]:
            return relative_magnitude.interval(
                self.beta, self.covariance, self.n_pre, self.weights, size, self.conf_level
            )

        return hybrid

    def identified_set(self, size: float) -> tuple[float, float]:
        """Values of theta if the estimates were the truth."""
        module = flci if self.restriction == "smoothness" else relative_magnitude
        return module.identified_set(self.beta, self.n_pre, self.weights, size)

    def enough(self, null: float) -> float:
        """A size to start from that should cover `null`: the identified set reaches a standard error beyond it."""
        estimate, error = self.plain()
        if self.restriction == "smoothness":
            slope = -self.beta[self.n_pre - 1]
            estimate -= slope * float(np.arange(1, len(self.weights) + 1) @ self.weights)
            reach = float(np.abs(flci.second_sums(self.weights)).sum())
        else:
            step = relative_magnitude.largest_step(self.beta, self.n_pre)
            reach = step * float(np.abs(relative_magnitude.tails(self.weights)).sum())
        return (abs(estimate - null) + error) / reach if reach > 0 else np.inf
