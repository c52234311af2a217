"""Counterfactual outcomes of one cohort in one year from ranks; Athey, Imbens (2006), Econometrica 74, equations 9, 16.

Copula stability: Callaway, Li (2019), Quantitative Economics 10, theorem 1.
"""

from __future__ import annotations

import numpy as np

from analysis.distribution.measured import ULP


def changes_in_changes(
    treated_base: np.ndarray, comparison_base: np.ndarray, comparison_after: np.ndarray, weight: np.ndarray
) -> np.ndarray:
    """Counterfactual outcomes (m,) of the treated: Q_after(F_base(y)), comparison units (n,) with weights (n,)."""
    return Ranked(comparison_after, weight).quantile(Ranked(comparison_base, weight).cdf(treated_base))


def copula_stability(
    treated_before: np.ndarray,
    treated_base: np.ndarray,
    comparison_change: np.ndarray,
    weight: np.ndarray,
    comparison_weight: np.ndarray,
) -> np.ndarray:
    """Counterfactual sample (m,): a change of the rank of the earlier change on a level of the rank of the earlier level.

    treated_before, treated_base : (m,) outcomes at the start and the end of the period of equal length before adoption;
    comparison_change : (n,) change of the comparison units from base to year. Quantiles interpolate between order
    statistics, as in the authors' program.
    """
    earlier = treated_base - treated_before
    change = Ranked(comparison_change, comparison_weight).between(Ranked(earlier, weight).cdf(earlier))
    return change + Ranked(treated_base, weight).between(Ranked(treated_before, weight).cdf(treated_before))


class Ranked:
    """Values (n,) with weights (n,), zero allowed: shares and quantiles."""

    __slots__ = ("_top", "_total", "value")

    def __init__(self, values: np.ndarray, weight: np.ndarray) -> None:
        order = np.argsort(values)
        self.value = values[order]
        self._top = np.cumsum(weight[order])
        self._total = self._top[-1]

    def cdf(self, at: np.ndarray) -> np.ndarray:
        """P(Y <= y)."""
        return np.concatenate([[0.0], self._top])[np.searchsorted(self.value, at, side="right")] / self._total

    def quantile(self, share: np.ndarray) -> np.ndarray:
        """inf{y : F(y) >= share}, at share 0 the lowest value."""
        needed = np.maximum(np.asarray(share) - ULP, ULP) * self._total
        return self.value[np.minimum(np.searchsorted(self._top, needed, side="left"), len(self.value) - 1)]

    def between(self, share: np.ndarray) -> np.ndarray:
        """Quantiles interpolated between the middles of the values' weights, 0 and 1 at the extremes.

        With equal weights: definition 7 of Hyndman, Fan (1996), American Statistician 50.
        """
        size = np.diff(self._top, prepend=0.0)
        used = size > 0
        middle = (self._top - size / 2)[used]
        first, last = middle[0], middle[-1]
        if first == last:
            return np.full(np.shape(share), self.value[used][0])
        return np.interp(share, (middle - first) / (last - first), self.value[used])
