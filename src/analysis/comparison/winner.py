"""The effect of the arm that came out on top, corrected for having been chosen because it did.

Andrews, Kitagawa, McCloskey (2024), Quarterly Journal of Economics 139. i = argmax x, y = x_i, s^2 = Sigma_ii. Given what is
independent of y, i wins exactly where V_lo <= y <= V_hi:

    y - V_lo = min over j with Sigma_ij < s^2 of  s^2 (x_i - x_j) / (s^2 - Sigma_ij);   V_hi - y likewise, Sigma_ij > s^2

    conditional : mu_q solves F(y; mu, s^2, V_lo, V_hi) = 1 - q for q = alpha/2, 1/2, 1 - alpha/2, F the truncated normal law
    projection  : y -/+ c_alpha s, c the 1 - alpha quantile of max_j |Z_j| / s_j; right for an arm chosen by any rule
    hybrid      : F with the bounds max(V_lo, mu - c_beta s), min(V_hi, mu + c_beta s), levels (alpha - beta) / (1 - beta)

The conditional interval has no upper limit to its length in a close race; the hybrid is the one to print. In place of the
truncation limits their distances from y are used, and F is solved as log F - log(1 - F), which is exact to 9 digits in far
tails and for a runner-up close behind. With few degrees of freedom s is enlarged by t / z at the interval's level and c by
equal tails: an approximation, exact where no other arm is near; with 5 to 60 clusters by arm the hybrid then covers 94 to 96
per cent where normal quantiles cover 90 to 94 (1,500 simulated studies). Valid for "largest estimate": where arms are chosen
by net benefit, give net benefits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import erfcx, log_ndtr, ndtri, stdtrit

from analysis.comparison.contrasts import DRAWS, Largest, checked, degrees, from_law, law_of, rays_of
from analysis.comparison.errors import ComparisonError
from analysis.messages import Message

SHARE = 0.1  # beta / alpha of the hybrid, as its authors recommend
ROOT_2 = np.sqrt(2.0)


@dataclass(frozen=True, slots=True)
class Interval:
    """A point and its limits, unit of the arms."""

    estimate: float
    conf_low: float
    conf_high: float


@dataclass(frozen=True, slots=True)
class Winner:
    """The arm with the largest estimate.

    arm : its position; std_error, df : its own
    room_below, room_above : how much lower (higher) its estimate could have been, all else equal, for it still to win
    naive, conditional, projection, hybrid : points (median-unbiased for conditional and hybrid) with 1 - alpha limits
    c_projection, c_hybrid : quantiles of the largest |Z_j| / s_j at alpha and at beta, on the scale of the winner's own t
    """

    arm: int
    std_error: float
    df: float
    room_below: float
    room_above: float
    naive: Interval
    conditional: Interval
    projection: Interval
    hybrid: Interval
    c_projection: float
    c_hybrid: float


def winner(
    estimate: np.ndarray, covariance: np.ndarray, *, alpha: float = 0.05, beta: float | None = None,
    df: float | np.ndarray = np.inf, draws: int = DRAWS, seed: int = 0,
) -> Winner:  # fmt: skip
    """The effect of the arm with the largest estimate, naive and corrected for the choice.

    Parameters
    ----------
    estimate : (J,) one outcome unit; covariance : (J, J) that unit squared.
    beta : share of alpha spent on the hybrid's bounds, alpha / 10 unless given.
    df : one number or one per arm (J,). draws : rays, rounded up to a power of two.

    Raises
    ------
    ComparisonError : arms that cannot be compared, see `contrasts.checked`; two arms share the largest estimate; beta not
        between 0 and alpha.
    """
    x, sigma = checked(estimate, covariance, alpha=alpha, df=df, draws=draws)
    share = SHARE * alpha if beta is None else beta
    if not 0 < share < alpha:
        raise ComparisonError(
            Message(
                f"beta is {beta}; it must lie between 0 and alpha, {alpha}",
                f"beta 为 {beta}；应在0与 alpha（{alpha}）之间",
            )
        )
    arm = int(np.argmax(x))
    error = float(np.sqrt(sigma[arm, arm]))
    below, above = room(x, sigma, arm)
    law, free = largest_error(sigma, df=df, draws=draws, seed=seed)
    own = float(free[arm])
    c_projection, c_hybrid = (float(from_law(law.critical(a), free, law.df)[arm]) for a in (alpha, share))
    y, half, wide = float(x[arm]), -float(stdtrit(own, alpha / 2)) * error, c_projection * error
    return Winner(
        arm=arm, std_error=error, df=own, room_below=below, room_above=above,
        naive=Interval(y, y - half, y + half),
        conditional=conditional(y, error, below, above, alpha=alpha, df=own),
        projection=Interval(y, y - wide, y + wide),
        hybrid=hybrid(y, error, below, above, c_hybrid, alpha=alpha, beta=share, df=own),
        c_projection=c_projection, c_hybrid=c_hybrid,
    )  # fmt: skip


def projection(
    estimate: np.ndarray, covariance: np.ndarray, *, alpha: float = 0.05, df: float | np.ndarray = np.inf,
    draws: int = DRAWS, seed: int = 0,
) -> list[Interval]:  # fmt: skip
    """Intervals of all arms that hold together, so that one may be picked by any rule, such as the pooled leader.

    Raises
    ------
    ComparisonError : arms that cannot be compared, see `contrasts.checked`.
    """
    x, sigma = checked(estimate, covariance, alpha=alpha, df=df, draws=draws)
    law, free = largest_error(sigma, df=df, draws=draws, seed=seed)
    wide = from_law(law.critical(alpha), free, law.df) * np.sqrt(np.diag(sigma))
    return [Interval(float(y), float(y - half), float(y + half)) for y, half in zip(x, wide, strict=True)]


def room(estimate: np.ndarray, covariance: np.ndarray, arm: int) -> tuple[float, float]:
    """How far below and above its estimate `arm` would still have won, what is independent of it held fixed; inf: always.

    Raises
    ------
    ComparisonError : another arm has the same largest estimate, so there is no winner.
    """
    lead = np.delete(estimate[arm] - estimate, arm)
    if not (lead > 0).all():
        same = ", ".join(map(str, np.flatnonzero(estimate >= estimate[arm])))
        raise ComparisonError(
            Message(
                f"arms with the same largest estimate (by position): {same}; there is no single winner to correct, print the "
                "projection intervals of all",
                f"以下位置的组并列最大：{same}；没有唯一的优胜者可供校正，请给出全部投影区间",
            )
        )
    variance = covariance[arm, arm]
    slack = np.delete(variance - covariance[arm], arm)
    slack[np.abs(slack) <= 1e-12 * variance] = 0.0  # moves one for one with the winner: no limit either way
    distance = np.divide(variance * lead, np.abs(slack), out=np.full(len(lead), np.inf), where=slack != 0)
    below = distance[slack > 0].min(initial=np.inf)
    return float(below), float(distance[slack < 0].min(initial=np.inf))


def conditional(
    y: float, std_error: float, below: float, above: float, *, alpha: float = 0.05, df: float = np.inf
) -> Interval:
    """Median-unbiased estimate and limits given that the arm won; `below` and `above` as from `room`, same unit as `y`."""
    scale = _enlarged(std_error, alpha, df)
    down, up = below / scale, above / scale
    return _solved(y, scale, lambda w: _log_odds(w, down, up), alpha, np.inf)


def hybrid(
    y: float, std_error: float, below: float, above: float, critical: float, *, alpha: float = 0.05,
    beta: float = 0.005, df: float = np.inf,
) -> Interval:  # fmt: skip
    """As `conditional`, within y -/+ critical * std_error; `critical` is the 1 - beta quantile of the largest |Z_j| / s_j."""
    level = (alpha - beta) / (1 - beta)
    scale = _enlarged(std_error, level, df)
    down, up = below / scale, above / scale
    limit = critical * std_error / scale
    return _solved(y, scale, lambda w: _log_odds(w, min(down, w + limit), min(up, limit - w)), level, limit)


def largest_error(
    covariance: np.ndarray, *, df: float | np.ndarray, draws: int, seed: int
) -> tuple[Largest, np.ndarray]:
    """The law of the largest |Z_j| / s_j over the arms, of a covariance that is `checked`, and the arms' (J,) df."""
    arms = np.eye(len(covariance))
    free, law_df = degrees(covariance, arms, df)
    axes, rays = rays_of(covariance, arms / np.sqrt(np.diag(covariance)), draws, seed)
    return law_of(np.abs(axes @ rays).max(axis=0), axes.shape[1], law_df), free


def _enlarged(std_error: float, alpha: float, df: float) -> float:
    if np.isinf(df):
        return std_error
    return std_error * float(stdtrit(df, alpha / 2) / ndtri(alpha / 2))


def _solved(
    y: float, scale: float, log_odds: Callable[[float], float], alpha: float, limit: float
) -> Interval:
    """Median and limits y - w * scale, w in (-limit, limit) where the rising log odds of F are those of 1 - q."""
    limit *= 1 - 1e-12

    def bound(side: int, target: float) -> float:
        reach = min(1.0, limit)
        while side * (log_odds(side * reach) - target) < 0 and reach < limit:
            reach = min(2 * reach, limit)
        return side * reach

    def quantile(q: float) -> float:
        target = float(np.log1p(-q) - np.log(q))
        low, high = bound(-1, target), bound(1, target)
        if log_odds(high) <= target:  # the race is so close that the solution is the hybrid's own bound
            return y - scale * high
        if log_odds(low) >= target:
            return y - scale * low
        return y - scale * float(brentq(lambda w: log_odds(w) - target, low, high, xtol=1e-12))

    return Interval(quantile(0.5), quantile(alpha / 2), quantile(1 - alpha / 2))


def _log_odds(w: float, below: float, above: float) -> float:
    """log (Phi(w) - Phi(w - below)) - log (Phi(w + above) - Phi(w)), without cancellation in either tail."""
    if w < 0:
        return -_log_odds(-w, above, below)
    rise = _log_ratio(w - below, w, below)
    return rise + float(np.log(-np.expm1(-rise)) - np.log(-np.expm1(-_log_ratio(w, w + above, above))))


def _log_ratio(start: float, end: float, width: float) -> float:
    """log (1 - Phi(start)) - log (1 - Phi(end)), end = start + width > 0.

    In the tail (end^2 - start^2) / 2 + log(erfcx(start / sqrt 2) / erfcx(end / sqrt 2)), the squares' difference from the
    width, which is known better than that of the ends.
    """
    if np.isinf(end) or start < 0:
        return float(log_ndtr(-start) - log_ndtr(-end))
    return width * (start + end) / 2 + float(np.log(erfcx(start / ROOT_2) / erfcx(end / ROOT_2)))
