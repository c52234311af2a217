"""Many independent estimates shrunk towards a regression line, with intervals that do not rest on normal effects.

Armstrong, Kolesar, Plagborg-Moller (2022), Econometrica 90(6), 2567. For estimates Y_j with errors s_j, covariates X_j and
weights omega_j:

    delta = weighted least squares of Y on X,   mu2 = max(0, weighted mean of (Y_j - X_j'delta)^2 - s_j^2)
    w_j = mu2 / (mu2 + s_j^2),   shrunken_j = X_j'delta + w_j (Y_j - X_j'delta)
    parametric half length (Morris 1983, J. American Statistical Association 78, 47) = z sqrt(w_j) s_j
    robust half length = cva(s_j^2 / mu2) w_j s_j

cva(m2) is the smallest chi with sup P(|Z + b| > chi) <= alpha over all b of second moment m2, Z standard normal.

mu2 is plugged in, which needs many estimates (hundreds of areas). For ten arms use `pooling`, which averages over it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from analysis.comparison.errors import ComparisonError
from analysis.messages import Message


@dataclass(frozen=True, slots=True)
class Shrunken:
    """J estimates after shrinkage.

    estimate, parametric, robust : (J,) shrunken estimate and the half lengths of the two intervals, outcome unit;
        robust is NaN where mu2 is 0
    weight : (J,) w_j; delta : (q,) coefficients
    mu2 : squared outcome unit; kurtosis : of the effects around the line, uncorrected, NaN where mu2 is 0
    """

    estimate: np.ndarray
    parametric: np.ndarray
    robust: np.ndarray
    weight: np.ndarray
    delta: np.ndarray
    mu2: float
    kurtosis: float


def shrink(
    estimate: np.ndarray, std_error: np.ndarray, covariates: np.ndarray, weights: np.ndarray, *, alpha: float = 0.05
) -> Shrunken:  # fmt: skip
    """Estimates shrunk towards their regression on covariates.

    Parameters
    ----------
    estimate, std_error, weights : (J,); covariates : (J, q) with the constant in it, of full rank.

    Raises
    ------
    ComparisonError : missing numbers, errors or weights not positive, covariates of less than full rank.
    """
    arrays = [np.asarray(a, dtype=float) for a in (estimate, std_error, covariates, weights)]
    y, s, x, omega = arrays
    if x.ndim != 2 or not (y.shape == s.shape == omega.shape == x.shape[:1]):
        shapes = ", ".join(str(a.shape) for a in arrays)
        raise ComparisonError(
            Message(
                f"estimates, errors, covariates and weights have shapes {shapes}; give (J,), (J,), (J, q) and (J,)",
                f"估计值、标准误、协变量与权重的形状为 {shapes}；应为 (J,)、(J,)、(J, q) 与 (J,)",
            )
        )
    wrong = np.flatnonzero(~(np.isfinite(y) & np.isfinite(x).all(axis=1) & (s > 0) & (omega > 0)))
    if len(wrong):
        which = ", ".join(map(str, wrong[:10]))
        raise ComparisonError(
            Message(
                f"{len(wrong)} rows with missing numbers or without positive error and weight (by position): {which}; leave them out first",
                f"有 {len(wrong)} 行缺失数值，或标准误、权重不为正（按位置）：{which}；请先剔除",
            )
        )
    if np.linalg.matrix_rank(x) < x.shape[1]:
        raise ComparisonError(
            Message(
                f"the {x.shape[1]} covariates are not independent of one another; leave out the one the others give",
                f"{x.shape[1]} 个协变量线性相关；请去掉可由其他变量得出的那个",
            )
        )
    root = np.sqrt(omega)
    delta = np.linalg.lstsq(root[:, None] * x, root * y, rcond=None)[0]
    line = x @ delta
    apart = y - line
    mu2 = max(0.0, float(np.average(apart**2 - s**2, weights=omega)))
    w = mu2 / (mu2 + s**2)
    robust, kurtosis = np.full_like(y, np.nan), np.nan
    if mu2 > 0:
        kurtosis = float(np.average(apart**4 - 6 * s**2 * apart**2 + 3 * s**4, weights=omega)) / mu2**2
        robust = np.array([robust_critical_value(v, alpha=alpha) for v in s**2 / mu2]) * w * s
    return Shrunken(line + w * apart, -ndtri(alpha / 2) * np.sqrt(w) * s, robust, w, delta, mu2, kurtosis)


def robust_critical_value(second_moment: float, *, alpha: float = 0.05) -> float:
    """cva: half length in standard errors that covers whatever the distribution of the bias with this second moment.

    With t = b^2, r(t) = P(|Z + sqrt(t)| > chi) is first convex, then concave; its least concave majorant is the line from
    r(0) that touches r at t0, then r itself, and chi solves majorant(second_moment) = alpha.

    Raises
    ------
    ComparisonError : a second moment that is negative or missing, alpha outside (0, 0.5).
    """
    if not 0 < alpha < 0.5:
        raise ComparisonError(
            Message(
                f"alpha is {alpha}; it must lie between 0 and 0.5", f"alpha 为 {alpha}；应在 0 与 0.5 之间"
            )
        )
    if not (np.isfinite(second_moment) and second_moment >= 0):
        raise ComparisonError(
            Message(
                f"second moment {second_moment} of the bias is not a number from 0 up",
                f"偏差的二阶矩 {second_moment} 不是非负数",
            )
        )
    naive = float(-ndtri(alpha / 2))
    high = naive + np.sqrt(second_moment / alpha) + 1  # Chebyshev bounds what the bias can do
    return float(brentq(lambda chi: _worst(second_moment, chi) - alpha, naive - 1e-9, high, xtol=1e-12))


def _missed(t: float, chi: float) -> float:
    b = np.sqrt(t)
    return float(ndtr(-chi - b) + ndtr(-chi + b))


def _slope(t: float, chi: float) -> float:
    """Derivative of `_missed` by t > 0."""
    b = np.sqrt(t)
    return float(
        (np.exp(-0.5 * (chi - b) ** 2) - np.exp(-0.5 * (chi + b) ** 2)) / (2 * b * np.sqrt(2 * np.pi))
    )


def _worst(t: float, chi: float) -> float:
    """The least concave majorant of `_missed` at t."""
    start = _missed(0.0, chi)

    def beyond(at: float) -> float:
        return _missed(at, chi) - start - at * _slope(at, chi)

    if chi**2 <= 3 or beyond(1e-6) >= 0:  # concave throughout, or from so near zero on that no line is needed
        return _missed(t, chi)
    touch = brentq(beyond, 1e-6, (chi + 10) ** 2, xtol=1e-12)
    if t >= touch:
        return _missed(t, chi)
    return start + t * (_missed(touch, chi) - start) / touch
