"""Variances of small arms, moderated by those of all arms.

Smyth (2004), Statistical Applications in Genetics and Molecular Biology 3, article 3. With s_j^2 the variance among the
units of arm j on d_j degrees of freedom, sigma_j^2 itself is taken as drawn from a scaled inverse chi-square with prior
variance s0^2 on d0 degrees of freedom:

    s~_j^2 = (d0 s0^2 + d_j s_j^2) / (d0 + d_j),   t ratios on d0 + d_j degrees of freedom
    e_j = log s_j^2 - digamma(d_j / 2) + log(d_j / 2)
    trigamma(d0 / 2) = var(e) - mean trigamma(d_j / 2),   d0 infinite where the right side is not positive
    log s0^2 = mean(e) + digamma(d0 / 2) - log(d0 / 2)

An arm of five that happens to have five alike units is no longer taken for a precise one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, polygamma

from analysis.comparison.errors import ComparisonError
from analysis.messages import Message


@dataclass(frozen=True, slots=True)
class Moderated:
    """Variances of J arms after moderation.

    variance : (J,) s~^2, squared outcome unit
    df : (J,) d0 + d_j, infinite where the arms' variances differ no more than chance would have it
    prior_variance, prior_df : s0^2 and d0
    """

    variance: np.ndarray
    df: np.ndarray
    prior_variance: float
    prior_df: float


@dataclass(frozen=True, slots=True)
class ModeratedCovariance:
    """Joint covariance of J estimates with moderated variances of the arms' own units.

    covariance : (J, J), squared outcome unit
    df : (J,) degrees of freedom for t quantiles of each arm
    moderated : the variances it was made with
    """

    covariance: np.ndarray
    df: np.ndarray
    moderated: Moderated


@dataclass(frozen=True, slots=True)
class WithoutEach:
    """How much the common prior rests on single arms; position j is what is found without arm j.

    prior_variance, prior_df : (J,)
    ratio : (J,) prior variance without the arm over prior variance with all
    """

    prior_variance: np.ndarray
    prior_df: np.ndarray
    ratio: np.ndarray


def moderate_variances(variance: np.ndarray, df: np.ndarray) -> Moderated:
    """Each arm's variance drawn towards that of all arms, the more the fewer degrees of freedom it has.

    Parameters
    ----------
    variance : (J,) variance among an arm's own units (denominator n - 1), squared outcome unit.
    df : (J,) its degrees of freedom, n - 1.

    Raises
    ------
    ComparisonError : fewer than two arms, variances or degrees of freedom that are missing or not positive.
    """
    variance, df = _checked(variance, df)
    log_excess = np.log(variance) - digamma(df / 2) + np.log(df / 2)
    spread = log_excess.var(ddof=1) - polygamma(1, df / 2).mean()
    if spread <= 0:
        prior_df, prior_variance = np.inf, float(np.exp(log_excess.mean()))
        return Moderated(
            np.full_like(variance, prior_variance), np.full_like(df, np.inf), prior_variance, prior_df
        )
    prior_df = 2 * _inverse_trigamma(float(spread))
    prior_variance = float(np.exp(log_excess.mean() + digamma(prior_df / 2) - np.log(prior_df / 2)))
    moderated = (prior_df * prior_variance + df * variance) / (prior_df + df)
    return Moderated(moderated, prior_df + df, prior_variance, prior_df)


def moderate_covariance(
    covariance: np.ndarray, *, own_part: np.ndarray, variance: np.ndarray, n_units: np.ndarray
) -> ModeratedCovariance:
    """The joint covariance in which the part that comes from an arm's own units is replaced by s~_j^2 / n_j.

    Sigma~_jj = Sigma_jj - own_part_j + s~_j^2 / n_j; what arms share (their comparison units) stays as it is.

    Parameters
    ----------
    covariance : (J, J) of the estimates, squared outcome unit.
    own_part : (J,) what the arm's own units put into its diagonal element, sum of squares of their influence.
    variance : (J,) variance among the arm's own units (denominator n - 1); n_units : (J,) their number.

    Raises
    ------
    ComparisonError : as `moderate_variances`; shapes that do not fit; an own part larger than the whole;
        a result that is not a covariance any more.
    """
    n_units = np.asarray(n_units, dtype=float)
    covariance, own_part = np.asarray(covariance, dtype=float), np.asarray(own_part, dtype=float)
    variance = np.asarray(variance, dtype=float)
    arms = len(variance)
    if covariance.shape != (arms, arms) or own_part.shape != (arms,) or n_units.shape != (arms,):
        raise ComparisonError(
            Message(
                f"covariance {covariance.shape}, own parts {own_part.shape} and numbers of units {n_units.shape} do not fit {arms} variances; give the same arms in the same order",
                f"协方差 {covariance.shape}、自身部分 {own_part.shape} 与单位数 {n_units.shape} 和 {arms} 个方差对不上；请按同一顺序给出同样的模式",
            )
        )
    moderated = moderate_variances(variance, n_units - 1)
    diagonal = np.diag(covariance)
    wrong = np.flatnonzero(~((own_part >= 0) & (own_part <= diagonal * (1 + 1e-9))))
    if len(wrong):
        raise ComparisonError(
            Message(
                f"own part outside 0 and the whole variance for arms (by position) {_listed(wrong)}; it is the sum of squared influence of the arm's own units",
                f"以下位置的模式，其自身部分不在 0 与总方差之间：{_listed(wrong)}；自身部分应为该模式自身单位影响值的平方和",
            )
        )
    changed = covariance + np.diag(moderated.variance / n_units - own_part)
    smallest = float(np.linalg.eigvalsh(changed)[0])
    if smallest <= 0:
        raise ComparisonError(
            Message(
                f"the moderated covariance has smallest eigenvalue {smallest:.3g} and is none any more; two arms share their own units, or the own parts belong to other arms",
                f"调整后的协方差最小特征值为 {smallest:.3g}，已不是协方差；可能有两个模式共用自身单位，或自身部分与模式对不上",
            )
        )
    return ModeratedCovariance(changed, moderated.df, moderated)


def without_each(variance: np.ndarray, df: np.ndarray) -> WithoutEach:
    """The common prior found without each arm in turn: whether one arm, the largest say, makes it.

    Raises
    ------
    ComparisonError : as `moderate_variances`, and with fewer than three arms.
    """
    variance, df = _checked(variance, df)
    if len(variance) < 3:
        raise ComparisonError(
            Message(
                "leaving an arm out needs at least three arms, there are 2; print the moderation without this check",
                "逐一剔除至少需要三个模式，现有 2 个；请不做此项检查直接给出方差调整结果",
            )
        )
    rows = [moderate_variances(np.delete(variance, j), np.delete(df, j)) for j in range(len(variance))]
    prior_variance = np.array([row.prior_variance for row in rows])
    prior_df = np.array([row.prior_df for row in rows])
    return WithoutEach(
        prior_variance, prior_df, prior_variance / moderate_variances(variance, df).prior_variance
    )


def _checked(variance: np.ndarray, df: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    variance, df = np.asarray(variance, dtype=float), np.asarray(df, dtype=float)
    if variance.ndim != 1 or variance.shape != df.shape:
        raise ComparisonError(
            Message(
                f"variances {variance.shape} and degrees of freedom {df.shape} differ in shape; give one of each per arm",
                f"方差 {variance.shape} 与自由度 {df.shape} 形状不同；每个模式各给一个",
            )
        )
    if len(variance) < 2:
        raise ComparisonError(
            Message(
                f"moderation needs at least two arms, there is {len(variance)}; use the arm's own variance",
                f"方差调整至少需要两个模式，现有 {len(variance)} 个；请使用该模式自身的方差",
            )
        )
    wrong = np.flatnonzero(~(np.isfinite(variance) & (variance > 0) & np.isfinite(df) & (df > 0)))
    if len(wrong):
        raise ComparisonError(
            Message(
                f"no positive variance or no degree of freedom for arms (by position) {_listed(wrong)}; an arm needs two units that differ, leave out the others by name",
                f"以下位置的模式没有正的方差或没有自由度：{_listed(wrong)}；一个模式至少需要两个取值不同的单位，其余请逐一注明并剔除",
            )
        )
    return variance, df


def _listed(positions: np.ndarray) -> str:
    return ", ".join(map(str, positions))


def _inverse_trigamma(value: float) -> float:
    """y with trigamma(y) = value, by Newton on 1 / trigamma, which is convex and nearly linear (Smyth 2004)."""
    if value < 1e-6:
        return 1 / value
    y = 0.5 + 1 / value
    for _ in range(50):
        trigamma = float(polygamma(1, y))
        step = trigamma * (1 - trigamma / value) / float(polygamma(2, y))
        y += step
        if abs(step) < 1e-12 * y:
            break
    return y
