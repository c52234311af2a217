"""Effects of arms pooled towards their common level: the exact posterior of a hierarchical model, on a grid.

Rubin (1981), Journal of Educational Statistics 6, 377-401; Gelman et al., Bayesian Data Analysis, 3rd ed.; here with
the joint covariance Sigma of the estimates x of J arms:

    x | theta ~ N(theta, Sigma),   theta_j ~ N(mu, tau^2),   mu flat,   tau ~ prior
    W = (Sigma + tau^2 I)^-1,   m = (1'W1)^-1 1'Wx
    E[theta | tau, x]   = m + tau^2 W (x - m)
    Var[theta | tau, x] = tau^2 I - tau^4 W + (I - tau^2 W) 1 (1'W1)^-1 1' (I - tau^2 W)'
    log p(tau | x)      = log prior + log|W| / 2 - log(1'W1) / 2 - (x - m)'W(x - m) / 2 + constant

Given tau everything is normal, so the posterior is a mixture of normals over a grid of tau: points, intervals and the
chance that one arm beats another carry no simulation error. Only ranks are counted over draws. tau is never plugged in:
where its likelihood peaks at zero, that would give all arms the same interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.special import ndtr, ndtri

from analysis.comparison.contrasts import checked
from analysis.comparison.errors import ComparisonError
from analysis.comparison.posterior import Mixture, Pooled, Prior, summarise
from analysis.messages import Message

NEGLIGIBLE = 35.0  # log density below its maximum at which the grid ends
PANELS, POINTS = 25, 16  # Gauss-Legendre panels of the grid and points in each
SINGULAR = 1e-10  # smallest eigenvalue of a covariance over its largest


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What other assumptions than the main one (row 0) change.

    leaders : per row the arm most probably best, by position
    moves : (rows, J) posterior mean less that of row 0, in posterior sds of row 0
    p_best : (rows, J)
    """

    leaders: tuple[int, ...]
    moves: np.ndarray
    p_best: np.ndarray

    @property
    def same_leader(self) -> bool:
        """Whether every row has the leader of row 0."""
        return len(set(self.leaders)) == 1


@dataclass(frozen=True, slots=True)
class Rotated:
    """Estimates in coordinates in which they are independent given tau; leading dimensions are batches.

    root : (..., J) square roots of the arms' precisions; axes : (..., J, J) orthonormal
    noise, x, one : (..., J) variances, estimates and the constant in the new coordinates
    """

    root: np.ndarray
    axes: np.ndarray
    noise: np.ndarray
    x: np.ndarray
    one: np.ndarray


def pool(
    estimate: np.ndarray, covariance: np.ndarray, prior: Prior, *, alpha: float = 0.05, draws: int = 20_000, seed: int = 0
) -> Pooled:  # fmt: skip
    """Pooled effects of the arms under normal effects and their full covariance.

    Parameters
    ----------
    estimate : (J,), covariance : (J, J), outcome unit; prior : of tau, same unit.

    Raises
    ------
    ComparisonError : arms that cannot be compared, a singular covariance, see `checked_regular`.
    """
    estimate, covariance = checked_regular(estimate, covariance, alpha=alpha, draws=draws)
    rotated = rotate(estimate, covariance, np.ones(len(estimate)))
    tau, log_weight = tau_grid(rotated, prior)
    mixture = conditional(rotated, tau, _normalised(log_density(rotated, tau) + log_weight))
    return summarise(mixture, prior, "normal", alpha=alpha, draws=draws, rng=np.random.default_rng(seed))


def prior_rows(
    estimate: np.ndarray, covariance: np.ndarray, prior: Prior, *, factors: Sequence[float] = (1.0, 0.5, 2.0),
    alpha: float = 0.05, draws: int = 20_000, seed: int = 0,
) -> tuple[Pooled, ...]:  # fmt: skip
    """The pooled effects once per prior scale, the declared one first by default."""
    return tuple(
        pool(estimate, covariance, prior.times(f), alpha=alpha, draws=draws, seed=seed) for f in factors
    )


def sensitivity(rows: Sequence[Pooled]) -> Sensitivity:
    """What changes from row 0 to the others: who leads, how far the points move."""
    main = rows[0]
    moves = np.array([(row.mean - main.mean) / main.sd for row in rows])
    p_best = np.array([row.p_best for row in rows])
    return Sensitivity(tuple(int(k) for k in p_best.argmax(axis=1)), moves, p_best)


def precision_slope(estimate: np.ndarray, covariance: np.ndarray, *, tau: float) -> tuple[float, float]:
    """Slope of estimates on log standard errors and its error: whether small arms are different arms.

    Pooling takes true effects and precision as unrelated (Chen 2023). Generalised least squares with covariance
    Sigma + tau^2 I, tau in the outcome's unit. A slope that its error does not cover is a reason to doubt the pooling.

    Raises
    ------
    ComparisonError : as `pool`, and where all standard errors are the same.
    """
    estimate, covariance = checked_regular(estimate, covariance)
    log_error = 0.5 * np.log(np.diag(covariance))
    if np.ptp(log_error) < 1e-9:
        raise ComparisonError(
            Message(
                "all arms have the same standard error; there is no precision to relate effects to",
                "各模式标准误相同，无法检验效应与精度是否相关",
            )
        )
    design = np.column_stack([np.ones_like(log_error), log_error - log_error.mean()])
    weight = np.linalg.inv(covariance + tau**2 * np.eye(len(estimate)))
    information = design.T @ weight @ design
    slope = np.linalg.solve(information, design.T @ weight @ estimate)[1]
    return float(slope), float(np.sqrt(np.linalg.inv(information)[1, 1]))


def standing_apart(estimate: np.ndarray, covariance: np.ndarray, prior: Prior) -> np.ndarray:
    """(J,) distance of each estimate from what the others predict for it, in standard deviations: 2 is rare.

    Prediction from the posterior given the other arms only: x_j | x_-j, tau is normal with x_j minus its mean equal to
    (Px)_j / P_jj and variance 1 / P_jj, P = W - W1(1'W1)^-1 1'W. A mixture over tau, reported as the normal quantile
    of its distribution function. An arm that stands apart is one that normal pooling draws in too far.

    Raises
    ------
    ComparisonError : as `pool`.
    """
    estimate, covariance = checked_regular(estimate, covariance)
    centred, arms = estimate - estimate.mean(), np.arange(len(estimate))
    whole = rotate(centred, covariance, np.ones(len(arms)))
    apart = np.empty(len(arms))
    for arm in arms:
        others = arms != arm
        rest = rotate(centred[others], covariance[np.ix_(others, others)], np.ones(len(arms) - 1))
        tau, log_weight = tau_grid(rest, prior)
        weight = _normalised(log_density(rest, tau) + log_weight)
        w = 1 / (whole.noise + tau[:, None] ** 2)
        axis = whole.axes[arm]
        w1, wx = w @ (axis * whole.one), w @ (axis * whole.x)
        information = w @ whole.one**2
        own = w @ axis**2 - w1**2 / information
        z = (wx - w1 * (w @ (whole.one * whole.x)) / information) / np.sqrt(own)
        above, below = weight @ ndtr(-z), weight @ ndtr(z)
        apart[arm] = ndtri(below) if below < above else -ndtri(above)
    return apart


def checked_regular(
    estimate: np.ndarray, covariance: np.ndarray, *, alpha: float = 0.05, draws: int = 2
) -> tuple[np.ndarray, np.ndarray]:
    """Estimates and covariance as float arrays, the covariance of full rank.

    Raises
    ------
    ComparisonError : arms that cannot be compared, see `contrasts.checked`; an arm that is a sum of others.
    """
    estimate, covariance = checked(estimate, covariance, alpha=alpha, draws=draws)
    values = np.linalg.eigvalsh(covariance)
    if values[0] <= SINGULAR * values[-1]:
        raise ComparisonError(
            Message(
                f"the covariance is singular (eigenvalues {values[0]:.2g} to {values[-1]:.2g}): an arm is a weighted sum of others; leave it out by name",
                f"协方差奇异（特征值 {values[0]:.2g} 至 {values[-1]:.2g}）：有一个模式是其他模式的加权和；请注明并剔除",
            )
        )
    return estimate, covariance


def rotate(estimate: np.ndarray, covariance: np.ndarray, precision: np.ndarray) -> Rotated:
    """The model theta_j ~ N(mu, tau^2 / precision_j) with Sigma made diagonal; `precision` is (..., J)."""
    root = np.sqrt(precision)
    noise, axes = np.linalg.eigh(root[..., :, None] * covariance * root[..., None, :])
    turned = np.swapaxes(axes, -1, -2) @ np.stack([root * estimate, root], axis=-1)
    return Rotated(root, axes, noise, turned[..., 0], turned[..., 1])


def log_density(rotated: Rotated, tau: np.ndarray) -> np.ndarray:
    """(..., G) log likelihood of tau, (G,), with mu and theta integrated out, up to a constant."""
    w = 1 / (rotated.noise[..., None, :] + tau[:, None] ** 2)
    one, x = rotated.one, rotated.x
    middle = (one * x / rotated.noise).sum(axis=-1, keepdims=True) / (one**2 / rotated.noise).sum(
        axis=-1, keepdims=True
    )
    x = x - middle * one  # the likelihood knows differences only; without this they drown in a large level
    sums = w @ np.stack([one**2, one * x, x**2], axis=-1)
    misfit = sums[..., 2] - sums[..., 1] ** 2 / sums[..., 0]
    return 0.5 * (np.log(w).sum(axis=-1) - np.log(sums[..., 0]) - misfit)


def tau_grid(rotated: Rotated, prior: Prior) -> tuple[np.ndarray, np.ndarray]:
    """Nodes of tau (G,) where its posterior lies, with the log of their weight times prior density.

    Nodes are even in arcsinh(tau / a typical standard error): fine near zero, wide in the tail.
    """
    unit, low, high = _where_posterior_lies(rotated, prior)
    return _nodes(unit, low, high, prior, PANELS)


def tau_grid_from_zero(rotated: Rotated, prior: Prior, panels: int) -> tuple[np.ndarray, np.ndarray]:
    """As `tau_grid`, down to zero, for models that explain distance by something else than tau."""
    unit, _, high = _where_posterior_lies(rotated, prior)
    return _nodes(unit, 0.0, high, prior, panels)


def _normalised(log_weight: np.ndarray) -> np.ndarray:
    weight = np.exp(log_weight - log_weight.max())
    return weight / weight.sum()


def _where_posterior_lies(rotated: Rotated, prior: Prior) -> tuple[float, float, float]:
    """A typical standard error, and the range of arcsinh(tau / it) outside which the posterior is negligible."""
    unit = float(np.exp(0.5 * np.log(rotated.noise).mean()))
    scan = np.linspace(0, np.arcsinh(prior.limit / unit), 801)
    found = log_density(rotated, unit * np.sinh(scan)) + prior.log(unit * np.sinh(scan))
    kept = np.flatnonzero(found > found.max() - NEGLIGIBLE)
    return unit, float(scan[max(kept[0] - 1, 0)]), float(scan[min(kept[-1] + 1, len(scan) - 1)])


def _nodes(unit: float, low: float, high: float, prior: Prior, panels: int) -> tuple[np.ndarray, np.ndarray]:
    at, weight = _unit_nodes(panels)
    u = low + (high - low) * at
    tau = unit * np.sinh(u)
    return tau, np.log(weight * (high - low) * unit * np.cosh(u)) + prior.log(tau)


@cache
def _unit_nodes(panels: int) -> tuple[np.ndarray, np.ndarray]:
    """Composite Gauss-Legendre nodes and weights on (0, 1)."""
    x, w = np.polynomial.legendre.leggauss(POINTS)
    starts = np.arange(panels)[:, None]
    return ((starts + (x + 1) / 2) / panels).ravel(), np.tile(w / 2 / panels, panels)


def conditional(rotated: Rotated, tau: np.ndarray, weight: np.ndarray) -> Mixture:
    """The normals of theta and mu given each tau (K,); `rotated` is one for all, or one per tau."""
    axes = rotated.axes / rotated.root[..., :, None]
    w = 1 / (rotated.noise + tau[:, None] ** 2)
    information = (w * rotated.one**2).sum(axis=-1)
    level = (w * rotated.one * rotated.x).sum(axis=-1) / information
    kept = rotated.noise * w  # what is left to mu; 1 - kept goes to the own estimate
    pulled = level[:, None] * kept * rotated.one + (1 - kept) * rotated.x
    factor = np.empty((len(tau), pulled.shape[1], pulled.shape[1] + 1))
    factor[..., :-1] = axes * (tau[:, None] * np.sqrt(kept))[:, None, :]
    factor[..., -1] = (axes @ (kept * rotated.one)[..., None])[..., 0] / np.sqrt(information)[:, None]
    own = (rotated.axes**2 @ (1 - kept)[..., None])[..., 0]
    mean = (axes @ pulled[..., None])[..., 0]
    return Mixture(weight, tau, level, 1 / np.sqrt(information), mean, factor, own)
