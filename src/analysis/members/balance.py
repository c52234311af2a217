"""How alike members and their comparison are, covariate by covariate, before and after weighting.

Standardised differences: Rosenbaum, Rubin (1985), American Statistician 39, sec. 4; variance ratios, B and R: Rubin
(2001), Health Services and Outcomes Research Methodology 2, sec. 3; pseudo R2: McFadden (1974), of a logit fitted anew
under the weights, as in Sianesi (2004), Review of Economics and Statistics 86.

    difference = (m_1 - m_0) / sqrt((s_1^2 + s_0^2) / 2),   s before weighting, in both columns
    B = |mean index of members - of others| / sqrt((v_1 + v_0) / 2) * 100,   R = v_1 / v_0

m: weighted means, v: weighted variances of the logit index. Below 0.1 in absolute value a difference is usually called
small; B below 25 and R within 0.5 to 2 sufficient (Rubin 2001).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.estimators import _logit, _rank
from analysis.members import _gate

SMALL = 0.1  # standard deviations


@dataclass(frozen=True, slots=True)
class Compared:
    """One comparison of two groups: p covariates, then four numbers for all of them.

    difference : (p,) standardised, in s.d. before weighting; variance_ratio : (p,) members' over others'
    distance : (p,) largest gap between the two distribution functions (Kolmogorov)
    pseudo_r2 : of a logit on the covariates; b : Rubin's B, per cent of a s.d.; r : Rubin's R. NaN where the two groups
        are separated, so that no logit exists
    """

    difference: np.ndarray
    variance_ratio: np.ndarray
    distance: np.ndarray
    pseudo_r2: float
    b: float
    r: float


@dataclass(frozen=True, slots=True)
class Balance:
    """What a love plot shows: p covariates before and after."""

    names: tuple[str, ...]
    before: Compared
    after: Compared

    @property
    def largest(self) -> float:
        """Largest absolute standardised difference after weighting."""
        return float(np.abs(self.after.difference).max())


def balance(
    covariates: np.ndarray,
    treated: np.ndarray,
    weight: np.ndarray,
    after: np.ndarray,
    names: tuple[str, ...],
) -> Balance:
    """Balance of (n, p) covariates under survey weights and under the weights of a method.

    Parameters
    ----------
    weight, after : (n,) weights, not negative; households with zero in `after` were left out.

    Raises
    ------
    MemberEffectError : a group without weight, or covariates that are missing.
    """
    for which in (weight, after):
        if not all((which[group] > 0).any() for group in (treated, ~treated)):
            raise _gate.refusal(
                "a group has no household with weight: nothing to compare",
                "有一组没有带权重的农户：无法比较",
            )
    if not np.isfinite(covariates).all() or (np.minimum(weight, after) < 0).any():
        raise _gate.refusal(
            "balance needs complete covariates and weights of 0 or more",
            "平衡性检验需要完整的协变量与非负权重",
        )
    spread = np.sqrt(sum(_moments(covariates, weight * group)[1] for group in (treated, ~treated)) / 2)
    spread = np.where(spread > 0, spread, np.nan)
    return Balance(names, *(_compared(covariates, treated, chosen, spread) for chosen in (weight, after)))


def _compared(
    covariates: np.ndarray, treated: np.ndarray, weight: np.ndarray, spread: np.ndarray
) -> Compared:
    (mean_1, var_1), (mean_0, var_0) = (_moments(covariates, weight * group) for group in (treated, ~treated))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = var_1 / var_0
    return Compared(
        difference=(mean_1 - mean_0) / spread,
        variance_ratio=ratio,
        distance=_kolmogorov(covariates, treated, weight),
        **dict(zip(("pseudo_r2", "b", "r"), _logit_summary(covariates, treated, weight), strict=True)),
    )


def _moments(values: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted means and variances of columns; with equal weights the variance divides by n - 1."""
    share = weight / weight.sum()
    mean = share @ values
    shrink = 1 - (share**2).sum()
    return mean, share @ (values - mean) ** 2 / (shrink if shrink > 0 else np.nan)


def _kolmogorov(covariates: np.ndarray, treated: np.ndarray, weight: np.ndarray) -> np.ndarray:
    signed = np.where(treated, weight / weight[treated].sum(), -weight / weight[~treated].sum())
    found = []
    for column in covariates.T:
        order = np.argsort(column, kind="stable")
        gap = np.cumsum(signed[order])
        ends = np.append(np.diff(column[order]) > 0, True)
        found.append(np.abs(gap[ends]).max())
    return np.array(found)


def _logit_summary(
    covariates: np.ndarray, treated: np.ndarray, weight: np.ndarray
) -> tuple[float, float, float]:
    """Pseudo R2, B and R of a logit under the weights, over covariates that vary by themselves."""
    used = weight > 0
    design, member, w = _rank.standardised(covariates[used]), treated[used], weight[used]
    dependent = _rank.first_dependent(design)
    while dependent is not None:
        design = np.delete(design, dependent, axis=0)
        dependent = _rank.first_dependent(design)
    try:
        fitted = _logit.fit(design, member, w)
    except _logit.SeparationError:
        return np.nan, np.nan, np.nan
    share = w @ member / w.sum()
    p = np.where(member, fitted.probability, 1 - fitted.probability)
    null = w @ np.log(np.where(member, share, 1 - share))
    index = (fitted.coefficients @ design)[:, None]
    (mean_1, var_1), (mean_0, var_0) = (_moments(index, w * group) for group in (member, ~member))
    middle = float(np.sqrt((var_1[0] + var_0[0]) / 2))
    if middle < 1e-8:  # the logit sees no difference at all: its index is a constant but for rounding
        return 0.0, 0.0, 1.0
    return (
        1 - float(w @ np.log(p) / null),
        100 * float(abs(mean_1[0] - mean_0[0])) / middle,
        float(var_1[0] / var_0[0]),
    )
