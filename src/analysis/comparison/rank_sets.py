"""Confidence sets for ranks: "rank 3 (1 to 8)", valid with ties and however few a cell holds.

Mogstad, Romano, Shaikh, Wilhelm (2024), Review of Economic Studies 91: test every H_jk: theta_j <= theta_k by the step-down
largest of (Z_j - Z_k) / s_jk, without absolute values; then

    R_j = {1 + #{k : k beats j}, ..., J - #{k : j beats k}}

Rank 1 is the largest. Simultaneous sets hold for all arms together (all ordered pairs are one family); a marginal set holds
for its own arm (the pairs of that arm are the family) and must not be read beside another. Only joint normality of the
estimates is needed. Bootstrapping the ranks themselves has no such guarantee where arms are equal or nearly so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.comparison.contrasts import (
    DRAWS,
    Largest,
    checked,
    degrees,
    from_law,
    law_of,
    pairs,
    rays_of,
    standard_errors,
    to_law,
)
from analysis.comparison.errors import ComparisonError
from analysis.messages import Message

Side = Literal["both", "best", "worst"]
SIDES = ("both", "best", "worst")


@dataclass(frozen=True, slots=True)
class Pairs:
    """Every arm against every other, [j, k] being j minus k.

    difference, std_error, df, statistic : (J, J); the diagonal is 0, 1, inf and 0
    errors : (J, draws) estimation errors along rays; [j] - [k] over std_error[j, k] is the standardised difference
    rank, law_df : dimension and degrees of freedom of the joint law
    """

    difference: np.ndarray
    std_error: np.ndarray
    df: np.ndarray
    statistic: np.ndarray
    errors: np.ndarray
    rank: int
    law_df: float

    def largest(self, family: np.ndarray) -> Largest:
        """The law of the largest standardised difference over the ordered pairs that `family` (J, J) marks."""
        reach = np.full(self.errors.shape[1], -np.inf)
        for first in np.flatnonzero(family.any(axis=1)):
            for second in np.flatnonzero(family[first]):
                step = self.errors[first] - self.errors[second]
                np.maximum(reach, step / self.std_error[first, second], out=reach)
        return law_of(reach, self.rank, self.law_df)

    def half_width(self, critical: np.ndarray | float) -> np.ndarray:
        """(J, J) half widths of intervals with this critical value, which may differ by row."""
        return from_law(critical, self.df, self.law_df) * self.std_error


@dataclass(frozen=True, slots=True)
class RankSets:
    """Ranks of J arms, 1 for the largest, with what the data leave open.

    rank : (J,) by the estimates, equal estimates share the better rank; low, high : (J,) best and worst rank not refused
    beats : (J, J) [j, k] whether j is shown to exceed k, within the family of the set of j or k
    simultaneous : whether the sets hold for all arms together; alpha : what they may miss
    """

    rank: np.ndarray
    low: np.ndarray
    high: np.ndarray
    beats: np.ndarray
    simultaneous: bool
    alpha: float


def all_pairs(
    estimate: np.ndarray, covariance: np.ndarray, *, df: float | np.ndarray, draws: int, seed: int
) -> Pairs:
    """Differences between all arms with their joint law, of what is `checked`."""
    n_arms = len(estimate)
    first, second = np.triu_indices(n_arms, 1)
    family = pairs(n_arms)
    free, law_df = degrees(covariance, family, df)
    std_error, own_df = np.ones((n_arms, n_arms)), np.full((n_arms, n_arms), np.inf)
    std_error[first, second] = std_error[second, first] = standard_errors(covariance, family)
    own_df[first, second] = own_df[second, first] = free
    difference = np.subtract.outer(estimate, estimate)
    centred = np.eye(n_arms) - 1 / n_arms  # what the arms share cancels in every difference
    axes, rays = rays_of(covariance, centred, draws, seed)
    statistic = to_law(difference / std_error, own_df, law_df)
    return Pairs(difference, std_error, own_df, statistic, axes @ rays, axes.shape[1], law_df)


def simultaneous(
    estimate: np.ndarray, covariance: np.ndarray, *, alpha: float = 0.05, df: float | np.ndarray = np.inf,
    draws: int = DRAWS, seed: int = 0,
) -> RankSets:  # fmt: skip
    """Rank sets that hold all true ranks together with probability 1 - alpha.

    Parameters
    ----------
    estimate : (J,) one outcome unit; covariance : (J, J) that unit squared; df : one number or (J,).
    draws : rays, rounded up to a power of two.

    Raises
    ------
    ComparisonError : arms that cannot be compared, see `contrasts.checked`.
    """
    x, sigma = checked(estimate, covariance, alpha=alpha, df=df, draws=draws)
    found = all_pairs(x, sigma, df=df, draws=draws, seed=seed)
    beats = _shown(found, ~np.eye(len(x), dtype=bool), alpha)
    return _sets(x, beats.sum(axis=0), beats.sum(axis=1), beats, True, alpha)


def marginal(
    estimate: np.ndarray, covariance: np.ndarray, *, side: Side = "both", alpha: float = 0.05,
    df: float | np.ndarray = np.inf, draws: int = DRAWS, seed: int = 0,
) -> RankSets:  # fmt: skip
    """Rank sets each of which holds its own arm's true rank with probability 1 - alpha.

    Parameters
    ----------
    side : "both" ends, or one: "best" bounds how well the arm may rank (low; high is J), "worst" how badly (high; low is 1).
    Others as in `simultaneous`.

    Raises
    ------
    ComparisonError : as `simultaneous`; no such side.
    """
    x, sigma = checked(estimate, covariance, alpha=alpha, df=df, draws=draws)
    if side not in SIDES:
        choices = ", ".join(SIDES)
        raise ComparisonError(
            Message(
                f"no side {side!r} of a rank set; choose {choices}",
                f"秩集没有 {side!r} 这一侧；可选：{choices}",
            )
        )
    found = all_pairs(x, sigma, df=df, draws=draws, seed=seed)
    beats = np.zeros((len(x), len(x)), dtype=bool)
    better, worse = np.zeros(len(x), dtype=int), np.zeros(len(x), dtype=int)
    for arm in range(len(x)):
        family = np.zeros_like(beats)
        family[:, arm] = side != "worst"
        family[arm] = side != "best"
        family[arm, arm] = False
        shown = _shown(found, family, alpha)
        beats |= shown
        better[arm], worse[arm] = shown[:, arm].sum(), shown[arm].sum()
    return _sets(x, better, worse, beats, False, alpha)


def tau_best(sets: RankSets, tau: int) -> np.ndarray:
    """(J,) the arms not refused as one of the `tau` best; holds them all with probability 1 - alpha.

    Raises
    ------
    ComparisonError : sets that hold one arm at a time; tau outside 1 to J.
    """
    if not sets.simultaneous:
        raise ComparisonError(
            Message(
                "the best arms are read from sets that hold for all arms together; use simultaneous() instead of marginal()",
                "“最好的若干个”须由对所有组同时成立的秩集得出；请用 simultaneous() 而非 marginal()",
            )
        )
    if not 1 <= tau <= len(sets.low):
        raise ComparisonError(
            Message(
                f"the {tau} best of {len(sets.low)} arms: tau must lie between 1 and {len(sets.low)}",
                f"{len(sets.low)}个组中最好的{tau}个：tau 应在1与{len(sets.low)}之间",
            )
        )
    return sets.low <= tau


def _shown(found: Pairs, family: np.ndarray, alpha: float) -> np.ndarray:
    """(J, J) the ordered pairs of `family` whose first is shown to exceed its second, by step-down."""
    left = family.copy()
    while left.any():
        shown = left & (found.statistic > found.largest(left).critical(alpha))
        if not shown.any():
            break
        left &= ~shown
    return family & ~left


def _sets(
    x: np.ndarray, better: np.ndarray, worse: np.ndarray, beats: np.ndarray, together: bool, alpha: float
) -> RankSets:
    rank = 1 + (x[None, :] > x[:, None]).sum(axis=1)
    return RankSets(rank, 1 + better, len(x) - worse, beats, together, alpha)
