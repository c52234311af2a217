"""Multiple comparisons with the best: which arms cannot be ruled out as best, and how far each can be from it.

Hsu (1984), Annals of Statistics 12; Hsu (1996), Multiple Comparisons, for any joint covariance:

    U_i = min_{j != i} (x_i - x_j + d_i s_ij),   S = {i : U_i > 0},   upper_i = max(0, U_i)
    lower_i = 0 if S = {i}, else min(0, min_{j in S, j != i} (x_i - x_j - d_j s_ij))
    d_i: 1 - alpha quantile of max_{j != i} (Z_j - Z_i) / s_ij, the one-sided point of Dunnett with i as control

The intervals hold theta_i - max_{j != i} theta_j of all arms together: above 0 for the best, below 0 for the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.comparison.contrasts import DRAWS, checked
from analysis.comparison.rank_sets import all_pairs


@dataclass(frozen=True, slots=True)
class WithTheBest:
    """J arms against the best of the others.

    low, high : (J,) simultaneous interval of the arm minus the best of the others, unit of the arms; -low is how far the arm
        may be from the best, high how far it may be ahead
    may_be_best : (J,) whether the arm cannot be ruled out as best; never empty
    critical : (J,) quantile d of the arm as control, on the scale of the joint law
    alpha : what all statements together may miss
    """

    low: np.ndarray
    high: np.ndarray
    may_be_best: np.ndarray
    critical: np.ndarray
    alpha: float


def with_the_best(
    estimate: np.ndarray, covariance: np.ndarray, *, alpha: float = 0.05, df: float | np.ndarray = np.inf,
    draws: int = DRAWS, seed: int = 0,
) -> WithTheBest:  # fmt: skip
    """The arms that cannot be ruled out as best (largest), and intervals of every arm minus the best of the others.

    Parameters
    ----------
    estimate : (J,) one outcome unit; covariance : (J, J) that unit squared.
    df : one number where one variance serves all arms (multivariate t), or (J,). draws : rays, rounded up to a power of two.

    Raises
    ------
    ComparisonError : arms that cannot be compared, see `contrasts.checked`.
    """
    x, sigma = checked(estimate, covariance, alpha=alpha, df=df, draws=draws)
    found = all_pairs(x, sigma, df=df, draws=draws, seed=seed)
    other = ~np.eye(len(x), dtype=bool)
    arms = np.arange(len(x))
    critical = np.array([found.largest(other & (arms == arm)).critical(alpha) for arm in arms])
    above = np.where(other, found.difference + found.half_width(critical[:, None]), np.inf).min(axis=1)
    may_be_best = above > 0
    rivals = other & may_be_best  # [i, j]: j is another arm that may be best
    below = np.where(rivals, found.difference - found.half_width(critical[None, :]), np.inf).min(axis=1)
    return WithTheBest(
        low=np.minimum(below, 0.0),  # no rival: infinite, hence 0
        high=np.maximum(above, 0.0),
        may_be_best=may_be_best,
        critical=critical,
        alpha=alpha,
    )
