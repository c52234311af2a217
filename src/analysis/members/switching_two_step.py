"""Heckman's two steps for the switching regression: probit, then least squares with E[u | side] as a regressor.

Heckman (1979), Sample selection bias as a specification error, Econometrica 47(1); for two regimes Lee (1978),
International Economic Review 19; Maddala (1983), section 8.3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import log_ndtr

from analysis.members.switching_likelihood import (
    HALF_LOG_2PI,
    Equations,
    SwitchingError,
    mills,
    orthogonal,
    regression,
)
from analysis.messages import Message


@dataclass(frozen=True, slots=True)
class Probit:
    """coefficients (k,), bread (k, k) inverse information, influence (n, k) weighted, and its log likelihood."""

    coefficients: np.ndarray
    bread: np.ndarray
    influence: np.ndarray
    loglik: float


def probit(selection: np.ndarray, member: np.ndarray, weight: np.ndarray) -> Probit:
    """Maximum of sum weight log Phi(q z'g) by Newton's method; concave, so that one start is enough.

    Raises
    ------
    SwitchingError : no maximum, because some combination of the columns of `selection` predicts membership.
    """
    whole, triangle = orthogonal(selection)
    q = np.where(member, 1.0, -1.0)
    g = np.zeros(selection.shape[1])
    for _ in range(50):
        eta = q * (whole @ g)
        hazard = np.exp(-0.5 * eta**2 - HALF_LOG_2PI - log_ndtr(eta))
        scores = (q * hazard)[:, None] * whole
        information = (whole * (weight * hazard * (hazard + eta))[:, None]).T @ whole
        gradient = weight @ scores
        smallest = np.linalg.eigvalsh(information)[0] / len(q)
        if not smallest > 1e-10 or np.abs(g).max() > 100:
            break
        step = np.linalg.solve(information, gradient)
        if gradient @ step < 1e-20 * len(q):
            back = solve_triangular(triangle, np.eye(len(g)))
            bread = np.linalg.inv(information)
            influence = (weight[:, None] * scores) @ bread @ back.T
            return Probit(back @ g, back @ bread @ back.T, influence, float(weight @ log_ndtr(eta)))
        g = g + step * min(1.0, 5.0 / np.abs(step).max())
    raise SwitchingError(
        Message(
            "the covariates and instruments predict membership perfectly for some households, so that the "
            "selection equation has no estimate; leave out the column that does, or merge rare categories",
            "协变量与工具变量能完全预测部分农户是否入社,选择方程无法估计;请去掉造成这一情况的变量,或合并稀少类别",
        )
    )


@dataclass(frozen=True, slots=True)
class TwoStep:
    """Heckman's two-step estimates of both outcome equations (Maddala 1983, section 8.3).

    coefficients : b0 (k0,) and b1 (k1,); mills : (2,) coefficients of E[u | side], which estimate rho_d sigma_d
    (programs that use phi/(1 - Phi) without its sign print that of non-members negated)
    sigma, rho : (2,); rho is not cut to its range, so that beyond 1 in size it says that the model does not fit
    influence : (n, k0 + 1) and (n, k1 + 1), weighted, of (b_d, mills_d), the estimated probit inside
    """

    probit: Probit
    coefficients: tuple[np.ndarray, np.ndarray]
    mills: np.ndarray
    sigma: np.ndarray
    rho: np.ndarray
    influence: tuple[np.ndarray, np.ndarray]

    @property
    def parameters(self) -> np.ndarray:
        """(r,) as the likelihood orders them, rho cut to 0.95 in size: where its climb starts."""
        t = np.arctanh(np.clip(self.rho, -0.95, 0.95))
        return np.r_[self.probit.coefficients, *self.coefficients, np.log(self.sigma), t]


def two_step(equations: Equations) -> TwoStep:
    """Probit, then least squares with E[u | side] as a regressor: start of the likelihood, and a second opinion.

    sigma_d^2 = mean r^2 + mills_d^2 mean lambda (lambda + a);  rho_d = mills_d / sigma_d.
    """
    selection = probit(equations.selection, equations.member, equations.weight)
    index = equations.selection @ selection.coefficients
    found, of_u, sigma, influences = [], np.zeros(2), np.zeros(2), []
    for d, design in enumerate((equations.design0, equations.design1)):
        rows = equations.member == bool(d)
        ratio = mills(index[rows], equations.member[rows])
        weight, z = equations.weight[rows], equations.selection[rows]
        whole = np.column_stack([design[rows], ratio])
        root = np.sqrt(weight)[:, None]
        b = np.linalg.lstsq(whole * root, equations.outcome[rows] * root[:, 0], rcond=None)[0]
        residual, turn = equations.outcome[rows] - whole @ b, ratio * (ratio + index[rows])
        found.append(b[:-1])
        of_u[d] = b[-1]
        sigma[d] = np.sqrt((weight @ residual**2 + b[-1] ** 2 * (weight @ turn)) / weight.sum())
        bread = np.linalg.pinv((whole * root).T @ (whole * root))
        through = (whole * (weight * b[-1] * turn)[:, None]).T @ z
        through[-1] -= (weight * residual * turn) @ z
        influence = selection.influence @ through.T @ bread
        influence[rows] += (whole * (weight * residual)[:, None]) @ bread
        influences.append(influence)
    return TwoStep(selection, (found[0], found[1]), of_u, sigma, of_u / sigma, (influences[0], influences[1]))


def independent(equations: Equations) -> float:
    """Log likelihood with rho0 = rho1 = 0: a probit and two regressions by themselves."""
    total = probit(equations.selection, equations.member, equations.weight).loglik
    for d, design in enumerate((equations.design0, equations.design1)):
        rows = equations.member == bool(d)
        weight = equations.weight[rows]
        _, spread = regression(design[rows], equations.outcome[rows], weight)
        total -= weight.sum() * (HALF_LOG_2PI + 0.5 + np.log(spread))
    return total
