"""The smallest effect that a design would find: minimum detectable effects, for an error at hand and ex ante.

Bloom (1995), Evaluation Review 19; clusters and covariates: Bloom, Richburg-Hayes, Black (2007),
Educational Evaluation and Policy Analysis 29; unequal cluster sizes: Eldridge, Ashby, Kerry (2006),
International Journal of Epidemiology 35; several rounds before and after: Frison, Pocock (1992), Statistics in Medicine
11, as in McKenzie (2012), Journal of Development Economics 99.

    power(effect) = P(|T| > t_{1 - alpha/2, df}),  T: noncentral t with effect / se;  MDE: where power is as wanted
    se^2 = sd^2 (rho (1 - R2_b) (1 + cv^2) + (1 - rho) (1 - R2_w) / n) / (J P (1 - P))

J: clusters, P: share treated, rho: intra-cluster correlation, n, cv: mean size of clusters and its coefficient
of variation, R2_b, R2_w: shares of variance between and within clusters that covariates explain.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import nctdtr, ndtr, ndtri, stdtrit

from analysis.effects import EstimatorError
from analysis.messages import Message

POWER = 0.8  # chance of a significant estimate that a design is asked for


@dataclass(frozen=True, slots=True)
class Detectable:
    """A minimum detectable effect.

    effect : outcome unit; multiple : effect / std_error; std_error : outcome unit; df : degrees of freedom
    alpha : level of the two-sided test; power : chance of a significant estimate if the effect is `effect`
    """

    effect: float
    multiple: float
    std_error: float
    df: float
    alpha: float
    power: float


def power_of(effect: float, std_error: float, *, df: float = np.inf, alpha: float = 0.05) -> float:
    """Chance that the two-sided t test rejects if the effect is `effect`.

    Raises
    ------
    EstimatorError : an error that is not positive, fewer than one degree of freedom, alpha outside (0, 1).
    """
    _check(std_error, df, alpha)
    return _power(abs(effect) / std_error, df, alpha)


def minimum_detectable_effect(
    std_error: float, *, df: float = np.inf, alpha: float = 0.05, power: float = 0.8
) -> Detectable:
    """The effect that the design at hand finds with chance `power`, from its standard error.

    Raises
    ------
    EstimatorError : as `power_of`; power not between alpha and 1.
    """
    _check(std_error, df, alpha)
    if not alpha < power < 1:
        raise EstimatorError(
            Message(
                f"power {power:g} must lie between the level {alpha:g} and 1",
                f"功效 {power:g} 应介于 {alpha:g} 与 1 之间",
            )
        )
    low, high = 0.0, 1.0
    while _power(high, df, alpha) < power:
        low, high = high, 2 * high
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if _power(middle, df, alpha) < power else (low, middle)
    return Detectable(high * std_error, high, std_error, df, alpha, power)


def detectable(rows: pd.DataFrame, *, conf_level: float, power: float = POWER) -> pd.Series:
    """(r,) smallest effects, outcome unit, that the designs of rows of Estimates find with `power`.

    NaN where a row has no interval.
    """
    made = [
        minimum_detectable_effect(row.std_error_small, df=row.df, alpha=1 - conf_level, power=power).effect
        if np.isfinite(row.conf_low) and row.std_error_small > 0 and row.df >= 1
        else np.nan
        for row in rows.itertuples()
    ]
    return pd.Series(made, index=rows.index, name="detectable", dtype=float)


def planned_error(
    outcome_sd: float, n_clusters: int, cluster_size: float, share_treated: float, *, correlation: float = 0.0,
    size_variation: float = 0.0, r2_between: float = 0.0, r2_within: float = 0.0,
) -> float:  # fmt: skip
    """Standard error, outcome unit, of a difference between treated and other clusters yet to be observed.

    outcome_sd : of one observation; cluster_size : mean units per cluster; correlation : intra-cluster correlation;
    size_variation : standard deviation of cluster sizes / mean (raises the weight of the correlation by 1 + cv^2).

    Raises
    ------
    EstimatorError : fewer than two clusters, a share, correlation or R2 outside its range.
    """
    shares = 0 < share_treated < 1 and 0 <= correlation <= 1 and 0 <= r2_between < 1 and 0 <= r2_within < 1
    if not (shares and outcome_sd > 0 and n_clusters >= 2 and cluster_size >= 1 and size_variation >= 0):
        raise EstimatorError(
            Message(
                f"{n_clusters} clusters of {cluster_size:g}, {share_treated:g} treated, correlation {correlation:g}: at least "
                "two clusters of one, a share strictly between 0 and 1 and R2 and correlations between 0 and 1 are needed",
                f"聚类数 {n_clusters}、规模 {cluster_size:g}、处理比例 {share_treated:g}、组内相关 {correlation:g}："
                "至少两个聚类，比例应在 0 与 1 之间，相关与 R² 应在 [0, 1) 内",
            )
        )
    between = correlation * (1 - r2_between) * (1 + size_variation**2)
    within = (1 - correlation) * (1 - r2_within) / cluster_size
    return float(
        outcome_sd * np.sqrt((between + within) / (n_clusters * share_treated * (1 - share_treated)))
    )


def planned_effect(
    outcome_sd: float, n_clusters: int, cluster_size: float, share_treated: float, *, correlation: float = 0.0,
    size_variation: float = 0.0, r2_between: float = 0.0, r2_within: float = 0.0, n_covariates: int = 0,
    alpha: float = 0.05, power: float = 0.8,
) -> Detectable:  # fmt: skip
    """Minimum detectable effect of a design with clusters; df = clusters less two less cluster-level covariates.

    Raises
    ------
    EstimatorError : as `planned_error` and `minimum_detectable_effect`.
    """
    error = planned_error(
        outcome_sd, n_clusters, cluster_size, share_treated, correlation=correlation, size_variation=size_variation,
        r2_between=r2_between, r2_within=r2_within,
    )  # fmt: skip
    return minimum_detectable_effect(error, df=n_clusters - 2 - n_covariates, alpha=alpha, power=power)


def rounds_factor(n_before: int, n_after: int, autocorrelation: float) -> float:
    """Variance of a difference-in-differences relative to one round after: what rounds before and after are worth.

        (1 + (r - 1) a) / r + (1 + (m - 1) a) / m - 2 a       m before, r after, a: correlation between any two rounds

    Multiply `planned_error` by its square root.

    Raises
    ------
    EstimatorError : no round before or after, a correlation outside [0, 1].
    """
    if not (n_before >= 1 and n_after >= 1 and 0 <= autocorrelation <= 1):
        raise EstimatorError(
            Message(
                f"{n_before} rounds before, {n_after} after, correlation {autocorrelation:g}: at least one round each and a "
                "correlation between 0 and 1 are needed",
                f"处理前 {n_before} 轮、处理后 {n_after} 轮、相关 {autocorrelation:g}：前后至少各一轮，相关应在 0 与 1 之间",
            )
        )
    a, m, r = autocorrelation, n_before, n_after
    return (1 + (r - 1) * a) / r + (1 + (m - 1) * a) / m - 2 * a


def _power(multiple: float, df: float, alpha: float) -> float:
    if np.isinf(df):
        critical = float(ndtri(1 - alpha / 2))
        return float(ndtr(multiple - critical) + ndtr(-multiple - critical))
    critical = float(stdtrit(df, 1 - alpha / 2))
    return float(1 - nctdtr(df, multiple, critical) + nctdtr(df, multiple, -critical))


def _check(std_error: float, df: float, alpha: float) -> None:
    if not (std_error > 0 and df >= 1 and 0 < alpha < 1):
        raise EstimatorError(
            Message(
                f"standard error {std_error:g}, {df:g} degrees of freedom, level {alpha:g}: a positive error, at least one "
                "degree of freedom and a level between 0 and 1 are needed",
                f"标准误 {std_error:g}、自由度 {df:g}、水平 {alpha:g}：标准误须为正，自由度至少为 1，水平介于 0 与 1 之间",
            )
        )
