"""The one small-sample factor of clustered regression errors."""

from __future__ import annotations

import math

from analysis.effects import EstimatorError


def factor(n_clusters: int, n_observations: int, n_coefficients: int) -> float:
    """Square root of G / (G - 1) (N - 1) / (N - K), the factor of standard errors.

    K counts regressors and year effects; unit effects are nested in clusters and not counted (fixest's
    default, ``K.fixef = "nonnested"``).

    Raises
    ------
    EstimatorError : no degrees of freedom are left.
    """
    if n_observations <= n_coefficients:
        raise EstimatorError(
            f"{n_observations} observations do not carry {n_coefficients} coefficients; use fewer "
            "covariates / 观测数少于待估参数，请减少协变量"
        )
    return math.sqrt(n_clusters / (n_clusters - 1) * (n_observations - 1) / (n_observations - n_coefficients))
