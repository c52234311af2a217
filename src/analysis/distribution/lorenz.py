"""Lorenz and concentration curves with joint errors; Beach, Davidson (1983), Review of Economic Studies 50, section 2.

    L(p) = E[Y 1{Y <= Q(p)}] / mu;  concentration C(p) = E[Y 1{X <= Q_X(p)}] / mu, rows ranked by X

Dominance by the rule of Bishop, Formby, Thistle (1992), Economica 59: one curve dominates where some ordinate lies
significantly above and none significantly below, with one critical value for all ordinates (sup-t).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtr

from analysis.distribution.inequality import income_share
from analysis.distribution.measured import (
    ULP,
    Distribution,
    DistributionError,
    Measured,
    checked,
    difference,
    measured,
)
from analysis.inference import simultaneous_critical_value
from analysis.messages import Message

TENTHS = tuple(round(k / 10, 1) for k in range(1, 10))
NEAR = 0.6  # E[Y | X = Q] is the mean of n^NEAR rows, half on each side: fewer than the best mean needs, little bias


def lorenz(
    income: np.ndarray, weight: np.ndarray, cluster: np.ndarray, *, shares: tuple[float, ...] = TENTHS
) -> Measured:
    """L(p) at the shares of rows, with joint clustered errors; names are the shares as text, "0.1", ...

    Raises
    ------
    DistributionError : a share outside (0, 1), or mean income not above 0.
    """
    checked(income, weight, cluster=cluster)
    _require_shares(shares)
    income = np.asarray(income, dtype=float)
    of = Distribution(income, weight)
    found = [income_share(share)(of, income) for share in shares]
    return _packed(found, shares, weight, cluster)


def generalised_lorenz(
    income: np.ndarray, weight: np.ndarray, cluster: np.ndarray, *, shares: tuple[float, ...] = TENTHS
) -> Measured:
    """mu L(p) [outcome unit]: second-order stochastic dominance (Shorrocks 1983, Economica 50)."""
    checked(income, weight, cluster=cluster)
    _require_shares(shares)
    income = np.asarray(income, dtype=float)
    of = Distribution(income, weight)
    found = []
    for share in shares:
        cut = float(of.quantile(np.array([share]))[0])
        part = float(of.share @ np.minimum(of.value - cut, 0))
        found.append((part + share * cut, np.minimum(income - cut, 0) - part))
    return _packed(found, shares, weight, cluster)


def concentration(
    income: np.ndarray,
    ranked_by: np.ndarray,
    weight: np.ndarray,
    cluster: np.ndarray,
    *,
    shares: tuple[float, ...] = TENTHS,
) -> Measured:
    """C(p): share of `income` (n,) held by the rows with the lowest `ranked_by` (n,).

    Influence (y 1{x <= Q} + m (p - 1{x <= Q}) - mu C) / mu - C (y - mu) / mu with m = E[Y | X = Q], estimated as the
    mean over the n^0.6 rows nearest in rank. Rows tied at Q enter with their mean, as much as p needs.
    """
    checked(income, weight, cluster=cluster, ranked_by=ranked_by)
    checked(ranked_by, weight)
    _require_shares(shares)
    income, ranked_by = np.asarray(income, dtype=float), np.asarray(ranked_by, dtype=float)
    mean = float(np.average(income, weights=weight))
    if not mean > 0:
        raise DistributionError(
            Message(
                f"concentration curve needs a mean above 0, here {mean:.4g}",
                f"集中曲线要求均值为正，现为 {mean:.4g}",
            )
        )
    of = Distribution(ranked_by, weight)
    order = np.argsort(ranked_by, kind="stable")
    sorted_income = income[order]
    found = []
    for share in shares:
        cut = float(of.quantile(np.array([share]))[0])
        low, high = np.searchsorted(of.value, cut, side="left"), np.searchsorted(of.value, cut, side="right")
        tied = np.average(sorted_income[low:high], weights=of.share[low:high])
        part = of.share[:low] @ sorted_income[:low] + (share - of.share[:low].sum()) * tied
        value = part / mean
        near = _neighbours(len(income), low, high)
        local = np.average(sorted_income[near], weights=of.share[near])
        inside = ranked_by <= cut
        moved = income * inside + local * (share - inside)
        moved -= np.average(moved, weights=weight)
        found.append((value, moved / mean - value * (income - mean) / mean))
    return _packed(found, shares, weight, cluster)


@dataclass(frozen=True, slots=True)
class Dominance:
    """Whether one curve lies above another.

    verdict : first_above, second_above, cross, or no_difference shown
    strict : every ordinate of the upper curve significantly above by itself (Howes 1993: non-dominance is rejected)
    gap : Measured, first minus second at every share
    critical : simultaneous critical value of the ordinates' t ratios
    lowest_t, highest_t : extremes of the t ratios
    """

    verdict: Literal["first_above", "second_above", "cross", "no_difference"]
    strict: bool
    gap: Measured
    critical: float
    lowest_t: float
    highest_t: float


def dominance(
    first: Measured, second: Measured, *, conf_level: float = 0.95, draws: int = 999, seed: int
) -> Dominance:
    """Compare two curves at the same shares; clusters they share are matched by id, so samples may depend.

    Raises
    ------
    DistributionError : the shares differ, or no ordinate differs with an error.
    """
    gap = difference(first, second)
    error = gap.std_error
    live = error > 1e-12 * max(error.max(initial=0.0), 1e-300)
    if not live.any():
        raise DistributionError(
            Message(
                "the two curves differ nowhere with an error: same sample?",
                "两条曲线没有带误差的差异：是否同一样本？",
            )
        )
    ratio = gap.estimate[live] / error[live]
    critical = simultaneous_critical_value(
        gap.influence.to_numpy(), conf_level=conf_level, draws=draws, seed=seed
    )
    above, below = bool((ratio > critical).any()), bool((ratio < -critical).any())
    verdict = (
        "cross"
        if above and below
        else "first_above"
        if above
        else "second_above"
        if below
        else "no_difference"
    )
    alone = 1 - conf_level  # one-sided size of the intersection-union test
    strict = bool((ndtr(-ratio) < alone).all() or (ndtr(ratio) < alone).all())
    return Dominance(verdict, strict, gap, critical, float(ratio.min()), float(ratio.max()))


def _packed(
    found: list[tuple[float, np.ndarray]], shares: tuple[float, ...], weight: np.ndarray, cluster: np.ndarray
) -> Measured:
    return measured(
        tuple(f"{share:g}" for share in shares),
        np.array([value for value, _ in found]),
        np.stack([influence for _, influence in found], axis=1),
        np.asarray(weight, dtype=float) / np.sum(weight),
        cluster,
    )


def _neighbours(n: int, low: int, high: int) -> slice:
    half = max(1, int(np.ceil(n**NEAR / 2)))
    middle = (low + high - 1) // 2
    return slice(max(0, min(low, middle - half)), min(n, max(high, middle + half + 1)))


def _require_shares(shares: tuple[float, ...]) -> None:
    bad = [share for share in shares if not ULP < share < 1 - ULP]
    if bad or not shares:
        raise DistributionError(
            Message(f"shares must lie between 0 and 1, not {bad}", f"份额须在 0 与 1 之间，不能为 {bad}")
        )
