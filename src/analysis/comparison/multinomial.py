"""Probability of each arm given covariates: the generalised propensity score.

Imbens (2000), Biometrika 87: with more than two arms the score is the vector of probabilities
p_k(x) = exp(x'b_k) / sum_l exp(x'b_l), b_0 = 0. Weighted maximum likelihood by Newton's method, with an optional ridge
on the slopes of standardised covariates (never on the constants), for arms of five to ten villages.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from analysis.comparison.errors import ComparisonError
from analysis.messages import Message

STEPS = 60  # Newton needs under 15 where a maximum exists
FLAT = 1e-8  # curvature per unit of weight, of 1/4 at most
CONVERGED = 1e-13  # Newton decrement per unit of weight


@dataclass(frozen=True, slots=True)
class Multinomial:
    """Fitted probabilities of K + 1 arms.

    probability : (n, K + 1); coefficients : (K, q) against arm 0
    information : (K q, K q) negative Hessian, ordered arm by arm; score : (n, K q) scores of the observations
    """

    probability: np.ndarray
    coefficients: np.ndarray
    information: np.ndarray
    score: np.ndarray


def fit(
    design: np.ndarray, arm: np.ndarray, weight: np.ndarray, *, penalty: np.ndarray | None = None
) -> Multinomial:
    """Maximum of sum w_i log p_{arm_i}(x_i) - sum penalty_q b_kq^2 / 2.

    Parameters
    ----------
    design : (n, q) with a constant; arm : (n,) codes 0..K, all present; weight : (n,) positive
    penalty : (q,) ridge by column, zero by default.

    Raises
    ------
    ComparisonError : an empty arm, or no maximum (a combination of covariates separates an arm and there is no ridge).
    """
    q = design.shape[1]
    n_arms = int(arm.max()) + 1
    counts = np.bincount(arm, weights=weight, minlength=n_arms)
    if (counts <= 0).any() or n_arms < 2:
        empty = ", ".join(map(str, np.flatnonzero(counts <= 0)))
        raise ComparisonError(
            Message(
                f"probabilities of arms need at least two arms with units; empty: {empty or 'all but one'}",
                f"估计各组概率至少需要两个有单位的组；空组：{empty or '只有一个组'}",
            )
        )
    ridge = np.zeros(q) if penalty is None else penalty
    chosen = np.eye(n_arms)[arm][:, 1:]
    beta = np.zeros((n_arms - 1, q))
    ridge_all = np.tile(ridge, n_arms - 1)
    value = _objective(beta, design, arm, weight, ridge)
    for _ in range(STEPS):
        p = _softmax(design @ beta.T)
        score = _scores(chosen - p[:, 1:], design)
        gradient = weight @ score - ridge_all * beta.ravel()
        information = _information(p[:, 1:], design, weight) + np.diag(ridge_all)
        try:
            step = np.linalg.solve(information, gradient)
        except np.linalg.LinAlgError as error:
            raise _no_maximum(p, arm) from error
        decrement = float(gradient @ step)
        if decrement < CONVERGED * weight.sum():
            if not ridge.any() and _flat(information, design, weight):
                raise _no_maximum(p, arm)
            return Multinomial(p, beta, information, score)
        length = 1.0
        while length > 1e-8:
            trial = beta + length * step.reshape(beta.shape)
            after = _objective(trial, design, arm, weight, ridge)
            if after >= value + 1e-4 * length * decrement:
                break
            length /= 2
        beta, value = trial, after
    raise _no_maximum(_softmax(design @ beta.T), arm)


def ridge_fit(
    covariates: np.ndarray, arm: np.ndarray, weight: np.ndarray, *, strength: float = 1.0
) -> Multinomial:
    """The same on standardised (n, p) covariates and a constant, with `strength` as ridge on every slope."""
    centred = covariates - np.average(covariates, axis=0, weights=weight)
    spread = np.sqrt(np.average(centred**2, axis=0, weights=weight))
    design = np.column_stack([np.ones(len(arm)), centred / np.where(spread > 0, spread, 1.0)])
    return fit(design, arm, weight, penalty=np.r_[0.0, np.full(covariates.shape[1], strength)])


def predicted(
    model: Multinomial, fitted_on: np.ndarray, covariates: np.ndarray, weight: np.ndarray
) -> np.ndarray:
    """(m, K + 1) probabilities at other covariates (m, p) of a `ridge_fit` on `fitted_on` (n, p) with `weight` (n,)."""
    mean = np.average(fitted_on, axis=0, weights=weight)
    spread = np.sqrt(np.average((fitted_on - mean) ** 2, axis=0, weights=weight))
    design = np.column_stack(
        [np.ones(len(covariates)), (covariates - mean) / np.where(spread > 0, spread, 1.0)]
    )
    return _softmax(design @ model.coefficients.T)


def _softmax(index: np.ndarray) -> np.ndarray:
    index = np.column_stack([np.zeros(len(index)), index])
    index -= index.max(axis=1, keepdims=True)
    p = np.exp(index)
    return p / p.sum(axis=1, keepdims=True)


def _objective(
    beta: np.ndarray, design: np.ndarray, arm: np.ndarray, weight: np.ndarray, ridge: np.ndarray
) -> float:
    p = _softmax(design @ beta.T)[np.arange(len(arm)), arm]
    return float(weight @ np.log(np.maximum(p, 1e-300)) - 0.5 * ((beta**2) @ ridge).sum())


def _scores(residual: np.ndarray, design: np.ndarray) -> np.ndarray:
    return (residual[:, :, None] * design[:, None, :]).reshape(len(design), -1)


def _information(p: np.ndarray, design: np.ndarray, weight: np.ndarray) -> np.ndarray:
    k, q = p.shape[1], design.shape[1]
    found = np.zeros((k, q, k, q))
    for a in range(k):
        for b in range(a, k):
            curvature = weight * p[:, a] * ((a == b) - p[:, b])
            found[a, :, b, :] = (design * curvature[:, None]).T @ design
            found[b, :, a, :] = found[a, :, b, :].T
    return found.reshape(k * q, k * q)


def _flat(information: np.ndarray, design: np.ndarray, weight: np.ndarray) -> bool:
    """Whether the likelihood hardly bends in some direction, as it does far out on its way to a separation."""
    gram = (design * weight[:, None]).T @ design
    arms = len(information) // len(gram)
    return bool(linalg.eigh(information, np.kron(np.eye(arms), gram), eigvals_only=True)[0] < FLAT)


def _no_maximum(p: np.ndarray, arm: np.ndarray) -> ComparisonError:
    own = p[np.arange(len(arm)), arm]
    sure = np.bincount(arm, weights=own > 1 - 1e-6) / np.bincount(arm)
    worst = int(sure.argmax())
    return ComparisonError(
        Message(
            f"the probabilities of the arms have no maximum: covariates predict arm {worst} without error; use a ridge, "
            "fewer covariates or merge arms",
            f"各组概率的似然没有最大值：协变量可以完全预测第 {worst} 组；请加岭惩罚、减少协变量或合并组别",
        )
    )
