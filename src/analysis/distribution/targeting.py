"""Who joins: rates by income fifth, concentration of membership, low-income penetration, marginal effects of a logit.

Concentration index: Wagstaff, Paci, van Doorslaer (1991), Social Science and Medicine 33, section 4,
C = 2 cov(m, F(x)) / mean(m); for a yes/no outcome its range depends on the mean, so Erreygers (2009), Journal of Health
Economics 28, equation 14, E = 8 cov(m, F(x)), is given too. Positive: the better-off join more. Average marginal effects:
Bartus (2005), Stata Journal 5, section 2, errors by the delta method with clustered influence.
"""

from __future__ import annotations

import numpy as np

from analysis.distribution.decomposition import ranked_spread
from analysis.distribution.measured import Distribution, DistributionError, Measured, checked, measured
from analysis.estimators import _logit
from analysis.messages import Message


def rates_by_fifth(
    member: np.ndarray, income: np.ndarray, weight: np.ndarray, cluster: np.ndarray, *, parts: int = 5
) -> Measured:
    """Membership rate of every income group, poorest first, and richest minus poorest ("gap").

    member : (n,) bool; income : (n,) before anybody joined; groups hold equal weight, ties stay together. Errors take
    the cut-points as given. A group that ties leave empty is not defined.
    """
    member = _members(member, income, weight, cluster)
    group = part_of(income, weight, parts)
    share = np.asarray(weight, dtype=float) / np.sum(weight)
    estimate, influence = np.full(parts + 1, np.nan), np.zeros((len(member), parts + 1))
    for k in range(parts):
        inside = group == k
        if inside.any():
            size = share[inside].sum()
            estimate[k] = share[inside] @ member[inside] / size
            influence[inside, k] = (member[inside] - estimate[k]) / size
    estimate[parts] = estimate[parts - 1] - estimate[0]
    influence[:, parts] = influence[:, parts - 1] - influence[:, 0]
    status = tuple("ok" if np.isfinite(e) else "not defined: ties leave the group empty" for e in estimate)
    return measured(
        (*(f"part_{k + 1}" for k in range(parts)), "gap"), estimate, influence, share, cluster, status
    )


def part_of(income: np.ndarray, weight: np.ndarray, parts: int = 5) -> np.ndarray:
    """(n,) place of every household among `parts` groups of equal weight, 0 the poorest; ties stay together."""
    rank = Distribution(income, weight).rank(np.asarray(income, dtype=float))
    return np.minimum((rank * parts).astype(int), parts - 1)


def concentration_index(
    member: np.ndarray, income: np.ndarray, weight: np.ndarray, cluster: np.ndarray
) -> Measured:
    """`concentration` (-1 to 1) and `erreygers` (-1 to 1) of membership over income ranks."""
    member = _members(member, income, weight, cluster)
    share = np.asarray(weight, dtype=float) / np.sum(weight)
    value, moved = ranked_spread(member, np.asarray(income, dtype=float), share)
    mean = float(share @ member)
    index = value / mean
    influence = moved / mean - index * (member - mean) / mean
    return measured(
        ("concentration", "erreygers"),
        np.array([index, 4 * value]),
        np.stack([influence, 4 * moved], axis=1),
        share,
        cluster,
    )


def penetration(
    member: np.ndarray, low_income: np.ndarray, weight: np.ndarray, cluster: np.ndarray
) -> Measured:
    """Membership among low-income households, among others, and their ratio (1 = reached alike).

    Raises
    ------
    DistributionError : no low-income household, nobody else, or no member among the others.
    """
    low = np.asarray(low_income, dtype=bool)
    member = _members(member, low.astype(float), weight, cluster)
    share = np.asarray(weight, dtype=float) / np.sum(weight)
    if not low.any() or low.all():
        raise DistributionError(
            Message(
                f"{int(low.sum())} of {len(low)} households are low-income: there is nobody to compare",
                f"{len(low)} 户中有 {int(low.sum())} 户为低收入，无从比较",
            )
        )
    rates, influence = [], []
    for inside in (low, ~low):
        size = share[inside].sum()
        rates.append(float(share[inside] @ member[inside] / size))
        influence.append(np.where(inside, member - rates[-1], 0) / size)
    if rates[1] <= 0:
        raise DistributionError(Message("no member among the other households", "其他农户中没有社员"))
    ratio = rates[0] / rates[1]
    moved = (influence[0] - ratio * influence[1]) / rates[1]
    return measured(
        ("low_income", "others", "penetration_ratio"),
        np.array([*rates, ratio]),
        np.stack([*influence, moved], axis=1),
        share,
        cluster,
    )


def marginal_effects(
    member: np.ndarray,
    covariates: np.ndarray,
    names: tuple[str, ...],
    weight: np.ndarray,
    cluster: np.ndarray,
) -> Measured:
    """Average marginal effects (p,) of a logit of membership: change of the probability per unit of a covariate.

    AME_j = E[p (1 - p)] b_j; for a covariate of zeros and ones E[p(x_j = 1) - p(x_j = 0)].

    Raises
    ------
    DistributionError : a covariate that does not vary or is a combination of others, or perfect prediction.
    """
    member = _members(member, np.zeros(len(member)), weight, cluster)
    covariates = np.asarray(covariates, dtype=float).reshape(len(member), len(names))
    for name, column in zip(names, covariates.T, strict=True):
        checked(column, weight)
        if np.ptp(column) == 0:
            raise DistributionError(Message(f"covariate {name!r} does not vary", f"协变量 {name!r} 没有变化"))
    share = np.asarray(weight, dtype=float) / np.sum(weight)
    middle, scale = covariates.mean(axis=0), covariates.std(axis=0)
    design = np.vstack([np.ones(len(member)), ((covariates - middle) / scale).T])
    if np.linalg.matrix_rank(design) < len(design):
        raise DistributionError(
            Message(f"covariates {', '.join(names)} are collinear", f"协变量 {'、'.join(names)} 共线")
        )
    try:
        fitted = _logit.fit(design, member, share * len(member))
    except _logit.SeparationError as error:
        raise DistributionError(
            Message(
                f"{', '.join(names)} predict membership perfectly; drop the covariate that does",
                f"{'、'.join(names)} 完全预测入社；请去掉造成完全预测的协变量",
            )
        ) from error
    score = design * (member - fitted.probability)
    moved = np.linalg.solve(fitted.information / len(member), score).T  # influence of rows on coefficients
    estimate, influence = np.empty(len(names)), np.empty((len(member), len(names)))
    for j in range(len(names)):
        effect, gradient = _marginal(design, fitted.coefficients, j + 1, middle[j], scale[j])
        estimate[j] = share @ effect
        influence[:, j] = effect - estimate[j] + moved @ (gradient @ share)
    return measured(names, estimate, influence, share, cluster)


def _marginal(
    design: np.ndarray, coefficients: np.ndarray, j: int, middle: float, scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """(n,) marginal effects of standardised covariate j and their gradient (q, n) in the coefficients."""
    chance = _chance(coefficients @ design)
    levels = np.unique(np.rint((design[j] * scale + middle) * 1e9) / 1e9)
    if np.array_equal(levels, [0.0, 1.0]):
        one, zero = design.copy(), design.copy()
        one[j], zero[j] = (1 - middle) / scale, -middle / scale
        high, low = _chance(coefficients @ one), _chance(coefficients @ zero)
        return high - low, one * (high * (1 - high)) - zero * (low * (1 - low))
    slope = chance * (1 - chance)
    gradient = design * (slope * (1 - 2 * chance)) * coefficients[j]
    gradient[j] += slope
    return slope * coefficients[j] / scale, gradient / scale


def _chance(index: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-index))


def _members(member: np.ndarray, income: np.ndarray, weight: np.ndarray, cluster: np.ndarray) -> np.ndarray:
    checked(income, weight, cluster=cluster, member=member)
    member = np.asarray(member, dtype=float)
    if not np.isin(member, (0.0, 1.0)).all():
        raise DistributionError(Message("membership must be yes or no (1, 0)", "入社须为是或否（1、0）"))
    if not 0 < member.sum() < len(member):
        raise DistributionError(
            Message(
                f"{int(member.sum())} of {len(member)} households are members: joining does not vary",
                f"{len(member)} 户中有 {int(member.sum())} 户入社，入社没有变化",
            )
        )
    return member
