"""Pooled effects when one arm may be far from all others: t-distributed true effects, full covariance.

The hierarchical model of `pooling` with theta_j ~ mu + tau t_nu, nu = 4, written as a scale mixture (West 1987,
Biometrika 74, 646):

    theta_j | lambda_j ~ N(mu, tau^2 / lambda_j),   lambda_j ~ Gamma(nu / 2, rate nu / 2)

Given lambda it is the normal model, whose tau, mu and theta are drawn together (tau on its grid, mu and theta exactly);
given these, lambda_j ~ Gamma((nu + 1) / 2, rate (nu + (theta_j - mu)^2 / tau^2) / 2). Many chains run abreast from
starting values of the prior; what is kept is not the draws but the normals they were drawn from, so that points and
intervals average over exact conditional distributions.

Normal pooling draws a lone star down towards the rest, and its interval with it; this is the row to print beside it.
"""

from __future__ import annotations

import numpy as np

from analysis.comparison.errors import ComparisonError
from analysis.comparison.pooling import checked_regular, conditional, log_density, rotate, tau_grid_from_zero
from analysis.comparison.posterior import Mixture, Pooled, Prior, summarise
from analysis.messages import Message

CHAINS = 250
BURN_IN = 20  # sweeps of every chain before normals are kept; lambda forgets its start within about five
PANELS = 5  # of the grid of tau, which only has to be fine enough to draw from
SHARE = 2  # draws taken per normal that is kept


def pool_heavy_tailed(
    estimate: np.ndarray, covariance: np.ndarray, prior: Prior, *, df_effects: float = 4.0, alpha: float = 0.05,
    draws: int = 20_000, seed: int = 0,
) -> Pooled:  # fmt: skip
    """Pooled effects of the arms under t-distributed effects and their full covariance; larger is better.

    Parameters
    ----------
    estimate : (J,), covariance : (J, J), outcome unit; prior : of tau, the scale of the t distribution, same unit
        (its standard deviation is tau sqrt(nu / (nu - 2))).
    df_effects : nu, above 2.

    Raises
    ------
    ComparisonError : as `pooling.pool`, and for nu not above 2.
    """
    estimate, covariance = checked_regular(estimate, covariance, alpha=alpha, draws=draws)
    if not df_effects > 2:
        raise ComparisonError(
            Message(
                f"t effects with {df_effects:g} degrees of freedom have no variance; choose more than 2, such as 4",
                f"自由度为 {df_effects:g} 的 t 分布没有方差；请取大于 2 的值，如 4",
            )
        )
    rng = np.random.default_rng(seed)
    arms = len(estimate)
    start = rotate(estimate, covariance, np.ones(arms))
    nodes, log_weight = tau_grid_from_zero(start, prior, PANELS)
    precision = rng.gamma(df_effects / 2, 2 / df_effects, size=(CHAINS, arms))
    sweeps = max(1, -(-draws // (SHARE * CHAINS)))
    kept: list[Mixture] = []
    for sweep in range(BURN_IN + sweeps):
        rotated = rotate(estimate, covariance, precision)
        tau = nodes[_pick(log_density(rotated, nodes) + log_weight, rng)]
        normals = conditional(rotated, tau, np.full(CHAINS, 1 / (CHAINS * sweeps)))
        z = rng.standard_normal((CHAINS, arms + 1))
        theta = normals.mean + (normals.factor @ z[..., None])[..., 0]
        level = normals.level + normals.level_sd * z[:, -1]
        distance = ((theta - level[:, None]) / tau[:, None]) ** 2
        precision = rng.gamma((df_effects + 1) / 2, 2 / (df_effects + distance))
        if sweep >= BURN_IN:
            kept.append(normals)
    mixture = Mixture(
        *(np.concatenate([getattr(part, name) for part in kept]) for name in Mixture.__dataclass_fields__)
    )
    return summarise(mixture, prior, f"t{df_effects:g}", alpha=alpha, draws=draws, rng=rng)


def _pick(log_weight: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(C,) one position per row of (C, G), with probabilities proportional to exp(log_weight)."""
    cumulative = np.cumsum(np.exp(log_weight - log_weight.max(axis=1, keepdims=True)), axis=1)
    return (cumulative < rng.random((len(cumulative), 1)) * cumulative[:, -1:]).sum(axis=1)
