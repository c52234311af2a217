"""Whether instruments move membership, and nothing but membership: joint tests with errors clustered by village.

Falsification among non-members after Di Falco, Veronesi, Yesuf (2011), American Journal of Agricultural Economics
93(3), their test on the validity of the selection instruments; score test of exclusion after Boos (1992), On
generalized score tests, American Statistician 46(4).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import fdtrc

from analysis.members.switching_likelihood import Equations, Maximum, derivatives, scores

DEPENDENT = 1e-10  # share of a column's sum of squares left after the earlier columns; below, it is rounding


@dataclass(frozen=True, slots=True)
class JointTest:
    """statistic, its degrees of freedom (F: df and df_error; chi-squared: df_error inf) and p; NaN if not computable.

    For F tests `statistic` is F = Wald chi-squared / df.
    """

    statistic: float
    df: int
    df_error: float
    p_value: float


def by_village(values: np.ndarray, code: np.ndarray) -> np.ndarray:
    """(G, m) sums of (n, m) over villages, times root G / (G - 1)."""
    n_clusters = int(code.max()) + 1
    summed = np.zeros((n_clusters, values.shape[1]))
    np.add.at(summed, code, values)
    return summed * np.sqrt(n_clusters / (n_clusters - 1))


def f_test(estimate: np.ndarray, influence: np.ndarray) -> JointTest:
    """F test that `estimate` (q,) is zero, its covariance being that of `influence` (G, q); p from F(q, G - 1)."""
    q, df_error = len(estimate), len(influence) - 1.0
    covariance = influence.T @ influence
    if not np.isfinite(covariance).all() or np.linalg.matrix_rank(influence) < q:
        return JointTest(np.nan, q, df_error, np.nan)
    statistic = float(estimate @ np.linalg.solve(covariance, estimate)) / q
    return JointTest(statistic, q, df_error, float(fdtrc(q, df_error, statistic)))


def falsified(equations: Equations, q: int, code: np.ndarray) -> JointTest:
    """F test of the last q columns of the selection equation in weighted least squares of non-members."""
    rows = ~equations.member
    design, weight = equations.selection[rows], equations.weight[rows]
    villages, code = np.unique(code[rows], return_inverse=True)
    if len(villages) <= q or first_dependent(design) is not None:
        return JointTest(np.nan, q, len(villages) - 1.0, np.nan)
    whole, triangle = np.linalg.qr(design * np.sqrt(weight)[:, None])
    target = equations.outcome[rows] * np.sqrt(weight)
    b = np.linalg.solve(triangle, whole.T @ target)
    residual = target - whole @ (whole.T @ target)
    influence = np.linalg.solve(triangle, (whole * residual[:, None]).T).T
    n, k = design.shape
    return f_test(b[-q:], by_village(influence, code)[:, -q:] * np.sqrt((n - 1) / (n - k)))


def excluded(equations: Equations, q: int, code: np.ndarray, top: Maximum) -> JointTest:
    """Score test of 2 q zeros: the instruments' coefficients in both outcome equations, free of those estimated."""
    k, k0, _ = equations.sizes
    added = equations.selection[:, -q:]
    added = (added - added.mean(axis=0)) / added.std(axis=0)
    larger = replace(
        equations,
        design0=np.column_stack([equations.design0, added]),
        design1=np.column_stack([equations.design1, added]),
    )
    new = np.r_[k + k0 : k + k0 + q, len(top.parameters) + q - 4 : len(top.parameters) + 2 * q - 4]
    old = np.setdiff1d(np.arange(len(top.parameters) + 2 * q), new)
    at = np.zeros(len(top.parameters) + 2 * q)
    at[old] = top.parameters
    own = equations.weight[:, None] * scores(at, larger)[:, new]
    free = own + top.influence @ derivatives(at, larger).hessian[np.ix_(new, old)].T
    return f_test(own.sum(axis=0), by_village(free, code))


def first_dependent(design: np.ndarray) -> int | None:
    """The first column of `design` (m, k) that is a combination of the earlier ones; None if none is."""
    diagonal = np.diag(np.linalg.qr(design, mode="r")) ** 2
    spread = ((design - design.mean(axis=0)) ** 2).sum(axis=0)
    dependent = (diagonal <= DEPENDENT * spread) | (diagonal <= 1e-20 * (design**2).sum(axis=0))
    return int(np.argmax(dependent)) if dependent.any() else None
